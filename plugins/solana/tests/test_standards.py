"""Published vectors, and those that Solana's own libraries made."""

from __future__ import annotations

import pytest

from xmtp_identity.errors import InvalidIdentifier
from xmtp_identity.kinds import VerifiedSignature
from xmtp_identity_solana.identifier import decode, encode, parse
from xmtp_identity_solana.signature import is_signature, messages

from .support import code_of, data, shared, verify, wrapped


def test_wycheproof_all_vectors_for_ed25519() -> None:
    vectors = shared("standards/solana/ed25519_test.json")
    decided = {"valid": 0, "invalid": 0}
    for group in vectors["testGroups"]:
        # Nothing is left out: the file holds pure Ed25519 alone.
        assert (group["type"], group["publicKey"]["curve"]) == (
            "EddsaVerify",
            "edwards25519",
        )
        key = bytes.fromhex(group["publicKey"]["pk"])
        for test in group["tests"]:
            good = is_signature(
                key, bytes.fromhex(test["sig"]), bytes.fromhex(test["msg"])
            )
            assert good == (test["result"] == "valid"), (test["tcId"], test["comment"])
            decided[test["result"]] += 1
    assert sum(decided.values()) == vectors["numberOfTests"]
    assert min(decided.values()) > 0


def test_wycheproofs_keys_are_keys() -> None:
    for group in shared("standards/solana/ed25519_test.json")["testGroups"]:
        key = bytes.fromhex(group["publicKey"]["pk"])
        assert encode(decode(key)) == key


def test_the_forged_signature_for_the_system_program_is_refused() -> None:
    forged = data("forged-system-program.json")
    key, signature, message = (
        bytes.fromhex(forged[name]) for name in ("pk", "sig", "msg")
    )
    assert not is_signature(key, signature, message)
    with pytest.raises(InvalidIdentifier):
        decode(key)


@pytest.mark.parametrize(
    ("vector", "form"),
    [("v0_utf8", "v0_1"), ("v0_utf8_64k", "v0_2"), ("v1", "v1")],
)
def test_messages_of_solana_kit_are_rebuilt_byte_for_byte(
    vector: str, form: str
) -> None:
    recorded = data("peer-solana-kit.json")
    member = parse(recorded["addr"])
    text = recorded["text"].encode()
    content = bytes.fromhex(recorded[vector]["content"])
    assert wrapped(form, text, encode(member)) == content
    assert content in messages(text, encode(member))
    signature = bytes.fromhex(recorded[vector]["sig"])
    assert isinstance(verify(member, text, signature), VerifiedSignature)


@pytest.mark.parametrize("vector", ["raw", "raw_tweetnacl"])
def test_the_bare_text_as_phantom_signs_it_verifies(vector: str) -> None:
    recorded = data("peer-solana-kit.json")
    member, text = parse(recorded["addr"]), recorded["text"].encode()
    signature = bytes.fromhex(recorded[vector])
    assert isinstance(verify(member, text, signature), VerifiedSignature)


def test_solana_kit_refuses_line_feeds_in_format_0_and_so_do_we() -> None:
    recorded = data("peer-solana-kit.json")
    assert "err" in recorded["v0_ascii_nl"]
    # Without line feeds it makes one; no text of an update is without.
    one_line, member = recorded["ascii1"].encode(), parse(recorded["addr"])
    assert bytes.fromhex(recorded["v0_ascii"]["content"]) == wrapped(
        "v0_0", one_line, encode(member)
    )
    signature = bytes.fromhex(recorded["v0_ascii"]["sig"])
    assert code_of(verify(member, one_line, signature)) == "invalid_signature"
