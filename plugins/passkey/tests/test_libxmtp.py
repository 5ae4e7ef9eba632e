"""What XMTP's own client decided, decided alike here.

Logs and histories are at the root of the project, under tests/vectors.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from typing import Any, Final

import pytest

from xmtp_identity.errors import InvalidIdentifier, SignatureError
from xmtp_identity.kinds import SignatureItem, VerifiedSignature
from xmtp_identity.v1.identity_pb2 import IdentityUpdate, MemberIdentifier, Signature
from xmtp_identity_passkey.identifier import decode, decode_string
from xmtp_identity_passkey.signature import verify_many
from xmtp_identity_passkey.v1.passkey_pb2 import (
    RecoverablePasskeySignature,
    passkey,
    passkey_signature,
)

from .assertions import ROOT, data, verify

VECTORS: Final = ROOT / "tests" / "vectors" / "libxmtp"
VERDICTS: Final = data("libxmtp-verdicts.json")

# Error codes here for libxmtp's errors; it lumps together what we tell apart.
CODES: Final = {
    "client_data is invalid": {
        "client_data_json",
        "client_data_challenge",
        "client_data_origin",
    },
    "Invalid public key": {"passkey_public_key"},
    "Signature validation failed": {"passkey_signature_form"},
    "ed25519 Signature failed signature error": {"invalid_signature"},
}

# Where libxmtp says "valid" and we refuse on purpose: deviation 6 of the design.
DEVIATIONS: Final = {
    "an array instead of an object",
    "type twice",
    "an unknown key twice",
    "an unknown key twice, deeper",
    "an unknown key twice, in an array",
    "the empty key twice",
    "a lone high surrogate in an unknown value",
    "a lone low surrogate in an unknown value",
    "a lone surrogate in an array",
    "surrogates the wrong way round",
    "a surrogate in UTF-8",
    "a byte that is not UTF-8, unknown value",
    "overlong UTF-8",
    "32 arrays in the object",
    "200 arrays in the object",
    "1500 arrays in the object",
    "33 objects",
}

# The odd logs about passkeys: what their passkey signature comes to.
ODD_LOGS: Final[dict[str, str | None]] = {
    "f7": None,
    "h4": None,
    "k7": None,
    "l7": None,
    "m_pk_ad_flags0": None,
    "m_pk_ad_long": None,
    "m_pk_der_ber": "passkey_signature_form",
    "m_pk_der_trail": "passkey_signature_form",
    "m_pk_dup": "client_data_json",
    "m_pk_emptyorigin": None,
    "m_pk_extra": None,
    "m_pk_high_s": None,
    "m_pk_hybrid": "passkey_public_key",
    "m_pk_mix": None,
    "m_pk_noorigin": "client_data_origin",
    "m_pk_norp": None,
    "m_pk_notype": None,
    "m_pk_raw_sig": "passkey_signature_form",
    "m_pk_revoke_inst": None,
    "m_pk_revoke_norp": None,
    "m_pk_trail": "client_data_json",
    "m_pk_type": None,
    "m_pk_ws": None,
}


def load(name: str) -> Any:
    path = VECTORS / name
    if not path.is_file():
        pytest.skip(f"the project's vectors are not here: {name}")
    return json.loads(path.read_text(encoding="utf-8"))


def signatures(update: IdentityUpdate) -> Iterator[RecoverablePasskeySignature]:
    """The passkey signatures of an update, in order."""
    for action in update.actions:
        variant = getattr(action, action.WhichOneof("kind") or "create_inbox")
        for field, value in variant.ListFields():
            is_signature = field.message_type is Signature.DESCRIPTOR
            if is_signature and value.HasExtension(passkey_signature):
                yield value.Extensions[passkey_signature]


def members(update: IdentityUpdate) -> Iterator[MemberIdentifier]:
    for action in update.actions:
        for holder, name in (
            (action.add, "new_member_identifier"),
            (action.revoke, "member_to_revoke"),
        ):
            if holder.HasField(name) and getattr(holder, name).HasExtension(passkey):
                yield getattr(holder, name)


def text_in(message: RecoverablePasskeySignature) -> bytes:
    """The text that the signature itself says it is over."""
    match = re.search(rb'"challenge": ?"([\w-]+)"', message.client_data_json)
    assert match is not None
    return urlsafe_b64decode(match[1] + b"=" * (-len(match[1]) % 4))


def test_every_passkey_signature_of_the_real_histories_verifies() -> None:
    seen: dict[str, VerifiedSignature] = {}
    for history in load("histories.json")["vectors"]:
        for entry in history["updates"]:
            update = IdentityUpdate.FromString(bytes.fromhex(entry["raw"]))
            for message in signatures(update):
                result = verify(message, entry["signature_text"])
                assert isinstance(result, VerifiedSignature)
                seen[entry["raw"]] = result
            for action in entry["actions"]:
                for value in action.values():
                    if isinstance(value, dict) and "origin" in value:
                        signer = seen[entry["raw"]].signer
                        assert signer.value == value["signer"]
                        assert signer.relying_party == value["origin"]
    assert len(seen) >= 2


def test_every_passkey_in_the_real_histories_is_decoded() -> None:
    found = set()
    for history in load("histories.json")["vectors"]:
        for entry in history["updates"]:
            update = IdentityUpdate.FromString(bytes.fromhex(entry["raw"]))
            for member in members(update):
                payload = member.Extensions[passkey].SerializeToString()
                found.add(decode(payload).value)
    assert found
    assert all(value.startswith("04") and len(value) == 130 for value in found)


@pytest.mark.parametrize(("name", "code"), ODD_LOGS.items(), ids=ODD_LOGS.keys())
def test_odd_logs_come_to_libxmtps_verdict_on_the_signature(
    name: str, code: str | None
) -> None:
    log = load("odd-logs.json")["cases"][name]["log"]
    messages = [
        message
        for raw in log
        for message in signatures(IdentityUpdate.FromString(bytes.fromhex(raw)))
    ]
    assert messages
    results = verify_many(
        [SignatureItem(text_in(one), one.SerializeToString()) for one in messages], {}
    )
    codes = {r.code for r in results if isinstance(r, SignatureError)}
    assert codes == (set() if code is None else {code})


def test_odd_log_m_pk_mix_has_a_signer_that_is_not_the_member_named() -> None:
    log = load("odd-logs.json")["cases"]["m_pk_mix"]["log"]
    update = next(
        update
        for update in (IdentityUpdate.FromString(bytes.fromhex(raw)) for raw in log)
        if list(members(update))
    )
    (member,), (message,) = members(update), signatures(update)
    result = verify(message, text_in(message))
    assert isinstance(result, VerifiedSignature)
    payload = member.Extensions[passkey].SerializeToString()
    assert result.signer != decode(payload)
    assert result.word_key.hex() == decode(payload).value


def test_odd_log_f7_signs_one_word_twice_in_other_bytes() -> None:
    log = load("odd-logs.json")["cases"]["f7"]["log"]
    words: dict[tuple[bytes, bytes], set[bytes]] = {}
    for raw in log:
        for message in signatures(IdentityUpdate.FromString(bytes.fromhex(raw))):
            text = text_in(message)
            result = verify(message, text)
            assert isinstance(result, VerifiedSignature)
            words.setdefault((result.word_key, text), set()).add(result.remembered)
    assert max(map(len, words.values())) == 2


def test_odd_log_k7_an_upper_case_identifier_string_is_taken() -> None:
    log = load("odd-logs.json")["cases"]["k7"]["log"]
    create = IdentityUpdate.FromString(bytes.fromhex(log[0])).actions[0].create_inbox
    assert create.initial_identifier != create.initial_identifier.lower()
    assert (
        decode_string(create.initial_identifier, None).value
        == create.initial_identifier.lower()
    )


def test_odd_log_b7_an_identifier_string_that_is_no_hex_is_refused() -> None:
    refused = 0
    for raw in load("odd-logs.json")["cases"]["b7"]["log"]:
        for action in IdentityUpdate.FromString(bytes.fromhex(raw)).actions:
            change = action.change_recovery_address
            if change.new_recovery_identifier_kind == 2:
                with pytest.raises(InvalidIdentifier):
                    decode_string(change.new_recovery_identifier, None)
                refused += 1
    assert refused == 1


@pytest.mark.parametrize("case", VERDICTS["cases"], ids=lambda case: case["name"])
def test_libxmtps_verdict_on_one_signature(case: dict[str, str]) -> None:
    fields = VERDICTS["defaults"] | case
    result = verify(
        RecoverablePasskeySignature(
            public_key=bytes.fromhex(fields["public_key"]),
            signature=bytes.fromhex(fields["signature"]),
            authenticator_data=bytes.fromhex(fields["authenticator_data"]),
            client_data_json=bytes.fromhex(fields["client_data_json"]),
        ),
        VERDICTS["text"],
    )
    if case["libxmtp"] != "valid":
        assert isinstance(result, SignatureError)
        assert result.code in CODES[case["libxmtp"]]
    elif case["name"] in DEVIATIONS:
        assert isinstance(result, SignatureError)
        assert result.deviation
    else:
        assert isinstance(result, VerifiedSignature)


def test_every_deviation_named_is_one_that_libxmtp_takes() -> None:
    taken = {c["name"] for c in VERDICTS["cases"] if c["libxmtp"] == "valid"}
    assert taken >= DEVIATIONS
