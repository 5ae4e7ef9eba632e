"""The reference client's word on real and on odd signatures."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from xmtp_identity.errors import SignatureError
from xmtp_identity.kinds import VerifiedSignature
from xmtp_identity.v1.identity_pb2 import IdentityUpdate, Signature
from xmtp_identity_ethereum import legacy, signature, smart_wallet
from xmtp_identity_ethereum.v1 import ethereum_pb2

from .support import Result, StubChain, VerifyMany, one, signer_of, vectors

PROOFS: dict[int, VerifyMany] = {
    1: signature.verify_many,
    2: smart_wallet.verify_many,
    4: legacy.verify_many,
}
EXTENSIONS = {
    1: ethereum_pb2.erc_191,
    2: ethereum_pb2.erc_6492,
    4: ethereum_pb2.delegated_erc_191,
}
DEVIATIONS = {
    "e191_group_40": "nesting_too_deep",
    "e191_length_six_bytes": "overlong_varint",
    "e191_tag_six_bytes": "overlong_varint",
    "e6492_block_0": "smart_wallet_block",
    "e6492_block_none": "smart_wallet_block",
    "e6492_chain_0": "smart_wallet_chain_id",
    "e6492_chain_00": "smart_wallet_chain_id",
    "e6492_chain_01": "smart_wallet_chain_id",
    "e6492_chain_zeros_32": "smart_wallet_chain_id",
    "e6492_group_40": "nesting_too_deep",
    "legacy_groups_40": "nesting_too_deep",
    "legacy_key_groups_33": "nesting_too_deep",
    "legacy_key_groups_97": "nesting_too_deep",
    "legacy_key_length_six_bytes": "overlong_varint",
}
SIGNATURES: dict[str, Any] = vectors("libxmtp-signatures.json")["cases"]
ODD: dict[str, Any] = vectors("libxmtp/odd-logs.json")["cases"]


def verify(number: int, text: str, payload: bytes) -> Result:
    return one(PROOFS[number], text, payload, {"ethereum": StubChain()})


def ethereum_signatures(update: IdentityUpdate) -> Iterator[tuple[int, bytes]]:
    """Proof and payload of each of our signatures in an update, in order."""
    for action in update.actions:
        kind = getattr(action, action.WhichOneof("kind"))
        for field, value in kind.ListFields():
            if field.message_type is Signature.DESCRIPTOR:
                for number, extension in EXTENSIONS.items():
                    if value.HasExtension(extension):
                        yield number, value.Extensions[extension].SerializeToString()


def recorded(update: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The same from the JSON beside the raw update."""
    for action in update["actions"]:
        # On the wire the existing member's signature comes first.
        for name in sorted(name for name in action if name.endswith("signature")):
            if action[name]["kind"] in {"erc_191", "erc_6492"}:
                yield action[name]


def test_every_ethereum_signature_of_real_histories_is_verified() -> None:
    numbers = []
    for history in vectors("libxmtp/histories.json")["vectors"]:
        for update in history["updates"]:
            parsed = IdentityUpdate.FromString(bytes.fromhex(update["raw"]))
            ours = list(ethereum_signatures(parsed))
            theirs = list(recorded(update))
            for (number, payload), record in zip(ours, theirs, strict=True):
                result = verify(number, update["signature_text"], payload)
                assert signer_of(result) == record["signer"]
                assert isinstance(result, VerifiedSignature)
                assert result.remembered.hex() in (
                    record.get("bytes"),
                    record.get("signature"),
                )
                assert (result.chain_id is None) == (number == 1)
                numbers.append(number)
    assert set(numbers) == {1, 2}
    assert len(numbers) == 95


def add_text(update: IdentityUpdate, address: str) -> str:
    """The signed text of an update that links one address."""
    moment = datetime.fromtimestamp(update.client_timestamp_ns // 10**9, UTC)
    return (
        f"XMTP : Authenticate to inbox\n\nInbox ID: {update.inbox_id}\n"
        f"Current time: {moment:%Y-%m-%dT%H:%M:%SZ}\n\n"
        f"- Link address to inbox\n  (Address: {address})\n\n"
        "For more info: https://xmtp.org/signatures"
    )


@pytest.mark.parametrize("name", [name for name in ODD if name.startswith("j_")])
def test_an_odd_ecdsa_signature_is_decided_as_the_reference_client_does(
    name: str,
) -> None:
    case = ODD[name]
    update = IdentityUpdate.FromString(bytes.fromhex(case["log"][2]))
    (action,) = update.actions
    member = action.add.new_member_identifier
    address = member.Extensions[ethereum_pb2.ethereum_address]
    (_, payload), *_ = ethereum_signatures(update)
    result = verify(1, add_text(update, address), payload)
    proven = isinstance(result, VerifiedSignature) and result.signer.value == address
    assert proven is (case["libxmtp"]["verdict"] == "ACCEPT")
    assert not (isinstance(result, SignatureError) and result.deviation)


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_signature_proves_whom_the_reference_client_says(name: str) -> None:
    case = SIGNATURES[name]
    result = verify(case["number"], case["text"], bytes.fromhex(case["payload"]))
    accepted = case["libxmtp"]["verdict"] == "ACCEPT"
    if name in DEVIATIONS:
        assert accepted
        assert isinstance(result, SignatureError)
        assert (result.code, result.deviation) == (DEVIATIONS[name], True)
    elif accepted:
        assert signer_of(result) == case["signer"]
    else:
        assert isinstance(result, SignatureError) or signer_of(result) != case["signer"]


def test_the_named_deviations_are_all_that_there_are() -> None:
    assert SIGNATURES.keys() >= DEVIATIONS.keys()
