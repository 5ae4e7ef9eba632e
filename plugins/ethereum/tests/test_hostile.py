"""Any bytes get an answer, and the company that they come in changes nothing."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmtp_identity.errors import SignatureError
from xmtp_identity.kinds import SignatureItem, VerifiedSignature
from xmtp_identity_ethereum import legacy, signature, smart_wallet

from .support import (
    ABAB,
    LegacyKey,
    StubChain,
    VerifyMany,
    one,
    payload_of,
    private_key,
    wallet_signature,
)

PROOFS = pytest.mark.parametrize(
    "verify_many",
    [signature.verify_many, smart_wallet.verify_many, legacy.verify_many],
    ids=["erc_191", "erc_6492", "delegated_erc_191"],
)
TEXT = "text"
KEY = private_key("hostile")
GOOD = [
    payload_of(wallet_signature(KEY, TEXT)),
    smart_wallet.smart_wallet_signature(
        f"eip155:1:{ABAB}", 5, b"SCW-OK" + b"s" * 32
    ).payload,
    LegacyKey(KEY, private_key("hostile delegate")).payload(TEXT),
]


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def record(number: int, value: bytes | int) -> bytes:
    """One field, length-delimited or a varint."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


leaves = st.one_of(
    st.binary(max_size=70),
    st.sampled_from([64, 65]).flatmap(lambda n: st.binary(min_size=n, max_size=n)),
    st.integers(0, 2**64 - 1),
    st.sampled_from([f"eip155:1:{ABAB}".encode(), f"eip155:0:{ABAB}".encode()]),
)
messages = st.recursive(
    leaves,
    lambda inner: st.lists(st.tuples(st.integers(1, 4), inner), max_size=4).map(
        lambda fields: b"".join(record(*each) for each in fields)
    ),
    max_leaves=12,
).filter(lambda made: isinstance(made, bytes))


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A good payload with some of its bytes changed, cut out or repeated."""
    payload = bytearray(draw(st.sampled_from(GOOD)))
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, max(0, len(payload) - 1)))
        payload[place : place + draw(st.integers(0, 2))] = draw(st.binary(max_size=2))
    return bytes(payload)


payloads = st.one_of(st.binary(), messages, damaged(), st.sampled_from(GOOD))
contexts = st.sampled_from([{}, {"ethereum": StubChain()}, {"ethereum": object()}])


@PROOFS
@given(payload=payloads, text=st.binary(), context=contexts)
def test_any_bytes_give_a_signature_or_a_typed_error(
    verify_many: VerifyMany, payload: bytes, text: bytes, context: dict[str, Any]
) -> None:
    result = one(verify_many, text, payload, context)
    if isinstance(result, VerifiedSignature):
        assert result.signer.kind == "ethereum"
        assert len(result.word_key) == 20
        assert result.signer.value.removeprefix("0x") == result.word_key.hex()
    else:
        assert isinstance(result, SignatureError)
        assert result.detail.endswith(".")


def same(left: object, right: object) -> bool:
    """Whether two results say the same; errors do not compare by themselves."""
    if isinstance(left, SignatureError) and isinstance(right, SignatureError):
        return (type(left), vars(left)) == (type(right), vars(right))
    return left == right


@PROOFS
@given(
    items=st.lists(st.tuples(st.sampled_from([TEXT, "other"]), payloads), max_size=6),
    random=st.randoms(use_true_random=False),
)
def test_a_batch_is_its_items_one_at_a_time_in_any_order(
    verify_many: VerifyMany, items: list[tuple[str, bytes]], random: Random
) -> None:
    random.shuffle(items)
    context = {"ethereum": StubChain()}
    batch = verify_many(
        [SignatureItem(text.encode(), payload) for text, payload in items], context
    )
    alone = [one(verify_many, text, payload, context) for text, payload in items]
    assert len(batch) == len(alone)
    assert all(map(same, batch, alone))
