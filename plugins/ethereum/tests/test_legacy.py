"""The proof delegated_erc_191: two signatures, and messages within messages."""

from __future__ import annotations

import pytest

from xmtp_identity.errors import (
    InvalidSignature,
    NotAdmitted,
    SignatureError,
    Undecodable,
)
from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity.kinds import SignatureItem, VerifiedSignature
from xmtp_identity_ethereum.legacy import _approval, admit, approval_text, verify_many
from xmtp_identity_ethereum.v1.ethereum_pb2 import (
    CompactEcdsaSignature,
    LegacyDelegatedSignature,
    LegacySignature,
    SignedPublicKey,
    UnsignedPublicKey,
)

from .support import (
    LegacyKey,
    group,
    high_s,
    one,
    private_key,
    signer_of,
    wallet_signature,
)

TEXT = "XMTP : Authenticate to inbox"
KEY = LegacyKey(private_key("v2 wallet"), private_key("v2 delegate"))
WALLET = KEY.wallet.public_key.to_address()
X, Y = KEY.sec1[1:33], KEY.sec1[33:]

# A SignedPublicKey of the V2 network, and the wallet that it is of, from a test
# of the reference client: crates/xmtp_id/src/associations/verified_signature.rs.
REAL_KEY = bytes.fromhex(
    "0a4f08c0c3a5aecb99e7d5171a430a4104d854aefcc6e1dba8efa63ee9ce6c359b5784082b5b24"
    "5b515dd543f145051ff9ba817790042c364cb95f3d17e74807a91246714fad520d2592c92baeb4"
    "217d2b12461244"
    "0a40078864ac9bf7e6fffdf74e32d4e2294eefb788f77a589bf5dbb7d7ca2a59a280606078831146"
    "26e7021b5b1d426e808c012ad9b902b5d0648f8fdb9fae01e9bf1001"
)
REAL_WALLET = "220ca99fb7fafa18cb623d924794dde47b4bc2e9"


def parts(**replaced: bytes) -> LegacyDelegatedSignature:
    """A good signature as a message, to take apart."""
    return LegacyDelegatedSignature.FromString(KEY.payload(TEXT, **replaced))


def invalid(payload: bytes) -> InvalidSignature:
    result = one(verify_many, TEXT, payload)
    assert isinstance(result, InvalidSignature), result
    assert not result.deviation
    return result


def test_it_proves_the_wallet_and_remembers_the_wallets_signature() -> None:
    assert one(verify_many, TEXT, KEY.payload(TEXT)) == VerifiedSignature(
        signer=MemberIdentifier("ethereum", WALLET),
        word_key=KEY.wallet.public_key.to_canonical_address(),
        remembered=KEY.approve(KEY.key_bytes()),
    )


def test_a_key_of_the_v2_network_is_of_the_wallet_that_approved_it() -> None:
    wallet, remembered = _approval(SignedPublicKey.FromString(REAL_KEY))
    assert wallet.hex() == REAL_WALLET
    assert remembered[64] == 1


def test_the_wallets_text_ends_in_a_slash_and_no_line_feed() -> None:
    assert approval_text(b"\x01\xab") == (
        b"XMTP : Create Identity\n01ab\n\nFor more info: https://xmtp.org/signatures/"
    )


@pytest.mark.parametrize("sec1", [KEY.sec1, bytes([2 + (Y[-1] & 1)]) + X])
def test_the_delegated_key_may_be_compressed_or_not(sec1: bytes) -> None:
    assert signer_of(one(verify_many, TEXT, KEY.payload(TEXT, sec1=sec1))) == WALLET


def test_the_compact_form_is_the_key_with_the_even_y() -> None:
    payload = KEY.payload(TEXT, sec1=b"\x05" + X)
    result = one(verify_many, TEXT, payload)
    assert isinstance(result, VerifiedSignature) is (Y[-1] & 1 == 0)


@pytest.mark.parametrize(
    "sec1",
    [
        b"",
        b"\x00",
        bytes([6 + (Y[-1] & 1)]) + X + Y,
        X + Y,
        bytes([3 - (Y[-1] & 1)]) + X,
        KEY.sec1[:-1] + bytes([Y[-1] ^ 1]),
    ],
    ids=["empty", "infinity", "hybrid", "untagged", "opposite", "off the curve"],
)
def test_another_delegated_key_is_invalid(sec1: bytes) -> None:
    invalid(KEY.payload(TEXT, sec1=sec1))


@pytest.mark.parametrize("added", [0, 27, 35, 256, 256 + 27, 2**32 - 256])
def test_of_recovery_only_the_low_byte_counts(added: int) -> None:
    message = parts()
    compact = message.delegated_key.signature.wallet_ecdsa_compact
    compact.recovery += added
    result = one(verify_many, TEXT, message.SerializeToString())
    assert signer_of(result) == WALLET
    assert isinstance(result, VerifiedSignature)
    assert result.remembered[64] == compact.recovery & 0xFF


def test_either_of_the_two_variants_holds_the_wallets_signature() -> None:
    message = parts()
    union = message.delegated_key.signature
    union.ecdsa_compact.CopyFrom(CompactEcdsaSignature(bytes=b"", recovery=0))
    moved = parts().delegated_key.signature.wallet_ecdsa_compact
    union.ecdsa_compact.CopyFrom(moved)
    assert union.WhichOneof("union") == "ecdsa_compact"
    result = one(verify_many, TEXT, message.SerializeToString())
    assert signer_of(result) == WALLET


def union_of(*variants: LegacySignature) -> bytes:
    """A payload whose inner union holds several occurrences, in this order."""
    whole = b"".join(each.SerializeToString() for each in variants)
    message = parts()
    message.delegated_key.ClearField("signature")
    head = message.delegated_key.SerializeToString()
    key = head + b"\x12" + bytes([len(whole)]) + whole
    tail = LegacyDelegatedSignature(signature=message.signature).SerializeToString()
    return b"\x0a" + len(key).to_bytes(1, "big") + b"\x01" + key + tail


def test_of_the_inner_union_the_last_variant_counts() -> None:
    good = parts().delegated_key.signature
    other = LegacySignature(ecdsa_compact=CompactEcdsaSignature(bytes=b"other"))
    assert signer_of(one(verify_many, TEXT, union_of(other, good))) == WALLET
    invalid(union_of(good, other))


def test_two_occurrences_of_one_variant_are_merged() -> None:
    compact = parts().delegated_key.signature.wallet_ecdsa_compact
    first = LegacySignature(
        wallet_ecdsa_compact=CompactEcdsaSignature(bytes=compact.bytes)
    )
    second = LegacySignature(
        wallet_ecdsa_compact=CompactEcdsaSignature(recovery=compact.recovery + 27)
    )
    assert signer_of(one(verify_many, TEXT, union_of(first, second))) == WALLET
    between = LegacySignature(ecdsa_compact=CompactEcdsaSignature())
    invalid(union_of(first, between, second))


@pytest.mark.parametrize(
    "path",
    [
        "delegated_key",
        "signature",
        "delegated_key.signature",
        "delegated_key.key_bytes",
        "delegated_key.signature.wallet_ecdsa_compact",
        "delegated_key.signature.wallet_ecdsa_compact.bytes",
    ],
)
def test_a_missing_part_is_invalid(path: str) -> None:
    message = parts()
    *parents, last = path.split(".")
    owner = message
    for name in parents:
        owner = getattr(owner, name)
    owner.ClearField(last)
    invalid(message.SerializeToString())


def test_a_key_message_without_a_key_is_invalid() -> None:
    key_bytes = UnsignedPublicKey(created_ns=5).SerializeToString()
    assert "no key bytes" in invalid(KEY.payload(TEXT, key_bytes=key_bytes)).detail


@pytest.mark.parametrize("length", [0, 63, 65])
def test_the_wallets_signature_has_64_bytes_beside_recovery(length: int) -> None:
    message = parts()
    compact = message.delegated_key.signature.wallet_ecdsa_compact
    compact.bytes = (compact.bytes * 2)[:length]
    invalid(message.SerializeToString())


@pytest.mark.parametrize(
    "key_bytes",
    [
        KEY.key_bytes() + b"\x4a\x03abc",  # an unknown field
        b"\x1a\x02\x0a\x00" + KEY.key_bytes(),  # the key twice: the last counts
        KEY.key_bytes() + group(9, 32),
    ],
)
def test_the_key_message_may_hold_more_which_the_wallet_signed_too(
    key_bytes: bytes,
) -> None:
    payload = KEY.payload(TEXT, key_bytes=key_bytes)
    assert signer_of(one(verify_many, TEXT, payload)) == WALLET


@pytest.mark.parametrize(
    "key_bytes",
    [
        b"\xff\xff",
        KEY.key_bytes()[:-1],
        KEY.key_bytes() + b"\x18\x01",  # the key as a varint
        KEY.key_bytes() + b"\x48" + b"\xff" * 9 + b"\x02",
    ],
)
def test_a_key_message_that_prost_refuses_is_undecodable(key_bytes: bytes) -> None:
    result = one(verify_many, TEXT, KEY.payload(TEXT, key_bytes=key_bytes))
    assert isinstance(result, Undecodable)
    assert not result.deviation


def test_a_key_message_nested_too_deep_deviates() -> None:
    key_bytes = KEY.key_bytes() + group(9, 33)
    result = one(verify_many, TEXT, KEY.payload(TEXT, key_bytes=key_bytes))
    assert isinstance(result, SignatureError)
    assert (result.code, result.deviation) == ("nesting_too_deep", True)


def test_the_text_must_be_signed_by_the_delegated_key() -> None:
    by_wallet = wallet_signature(KEY.wallet, TEXT)
    refused = invalid(KEY.payload(TEXT, signature=by_wallet))
    assert "not signed by the delegated key" in refused.detail
    invalid(KEY.payload("another text"))


def test_another_wallets_approval_proves_that_wallet() -> None:
    other = LegacyKey(private_key("another wallet"), KEY.delegate)
    payload = KEY.payload(TEXT, approval=other.approve(KEY.key_bytes()))
    address = other.wallet.public_key.to_address()
    assert signer_of(one(verify_many, TEXT, payload)) == address


def test_a_high_s_is_lowered_in_both_signatures() -> None:
    approval = KEY.approve(KEY.key_bytes())
    payload = KEY.payload(
        TEXT,
        approval=high_s(approval),
        signature=high_s(wallet_signature(KEY.delegate, TEXT)),
    )
    result = one(verify_many, TEXT, payload)
    assert isinstance(result, VerifiedSignature)
    assert result.remembered == approval


def test_canonical_signatures_are_admitted_and_others_not() -> None:
    approval = KEY.approve(KEY.key_bytes())
    signature = wallet_signature(KEY.delegate, TEXT)
    refused = [
        {"approval": high_s(approval)},
        {"signature": high_s(signature)},
        {"signature": signature[:64] + bytes([signature[64] + 8])},
    ]
    for replaced in ({}, *refused):
        payload = KEY.payload(TEXT, **replaced)
        verified = one(verify_many, TEXT, payload)
        assert isinstance(verified, VerifiedSignature)
        item = SignatureItem(TEXT.encode(), payload)
        if not replaced:
            admit(item, verified, None)
            continue
        with pytest.raises(NotAdmitted) as error:
            admit(item, verified, None)
        assert error.value.code == "ethereum_signature_form"
