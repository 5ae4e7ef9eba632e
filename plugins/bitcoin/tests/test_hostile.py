"""Whatever the bytes, a verdict and never an exception."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from xmtp_identity.kinds import SignatureItem, VerifiedSignature
from xmtp_identity_bitcoin.hashes import compact_size
from xmtp_identity_bitcoin.signature import verify_many
from xmtp_identity_bitcoin.transactions import read_transaction, read_witness

from .support import (
    ONE_KEY,
    SEGWIT,
    TEXT,
    TWO_OF_THREE,
    WALLETS,
    bip137,
    full,
    public,
    simple,
    valid,
)

MEMBERS = [identifier for identifier, _ in WALLETS.values()]
SIGNED = [
    *(full(*WALLETS[name]) for name in WALLETS),
    *(simple(*WALLETS[name]) for name in SEGWIT),
    bip137("alice", 27),
    bip137("alice", 31),
]
RAW = TEXT.encode()

members = st.sampled_from(MEMBERS)
lengths = st.one_of(
    st.integers(0, 300).map(compact_size),
    st.sampled_from(
        [b"\xfd", b"\xfd\x00", b"\xfd\x01\x00", b"\xfe\xff\xff\xff\xff", b"\xff" * 9]
    ),
)
items = st.one_of(
    st.binary(max_size=80),
    st.sampled_from([b"", b"\x50", public("alice"), ONE_KEY, TWO_OF_THREE]),
)
pushed = st.tuples(lengths, items).map(b"".join) | items.map(
    lambda item: compact_size(len(item)) + item
)
stacks = st.builds(
    lambda count, parts: count + b"".join(parts),
    lengths,
    st.lists(pushed, max_size=6),
)
transactions = st.builds(
    b"".join,
    st.tuples(
        st.sampled_from([bytes(4), b"\x02\x00\x00\x00", b"\xff\xff\xff\xff"]),
        st.sampled_from([b"", b"\x00\x01", b"\x00\x00"]),
        lengths,
        st.binary(min_size=36, max_size=36),
        pushed,
        st.binary(min_size=4, max_size=4),
        lengths,
        st.binary(min_size=8, max_size=8),
        pushed,
        stacks,
        st.binary(max_size=4),
    ),
)


@st.composite
def spoiled(draw: st.DrawFn) -> bytes:
    """A signature with a piece cut out and another put in."""
    payload = draw(st.sampled_from(SIGNED))
    start = draw(st.integers(0, len(payload)))
    end = draw(st.integers(start, min(len(payload), start + 12)))
    return payload[:start] + draw(st.binary(max_size=12)) + payload[end:]


payloads = st.one_of(
    st.binary(max_size=200),
    st.binary(min_size=64, max_size=64).flatmap(
        lambda rest: st.integers(0, 255).map(lambda header: bytes([header]) + rest)
    ),
    stacks,
    transactions,
    spoiled(),
)


@given(st.lists(st.tuples(st.binary(max_size=20), payloads, members), max_size=4))
def test_any_bytes_get_a_verdict(
    asked: list[tuple[bytes, bytes, object]],
) -> None:
    batch = [SignatureItem(*one) for one in asked]  # type: ignore[arg-type]  # a member
    results = verify_many(batch, {})
    assert len(results) == len(batch)
    # None of these texts was ever signed.
    assert not any(isinstance(result, VerifiedSignature) for result in results)


@given(spoiled(), members)
def test_a_spoiled_signature_proves_nothing_new(payload: bytes, member: object) -> None:
    for identifier in MEMBERS:
        if identifier is member and valid(identifier, payload):
            # It is what it was, or BIP-137 with another fitting header.
            assert payload in SIGNED or payload[1:] in {one[1:] for one in SIGNED}


@given(transactions | spoiled())
def test_what_is_read_as_a_transaction_can_be_written(payload: bytes) -> None:
    transaction = read_transaction(payload)
    assert transaction is None or transaction.serialize()


@given(stacks | spoiled())
def test_a_witness_is_read_in_its_one_encoding(payload: bytes) -> None:
    witness = read_witness(payload)
    assert witness is None or (
        compact_size(len(witness))
        + b"".join(compact_size(len(item)) + item for item in witness)
        == payload
    )


def test_counts_that_promise_much_cost_nothing() -> None:
    many = b"\xff" * 9
    for payload in (
        many,
        many + bytes(4000),
        b"\xfe\xff\xff\xff\xff" + bytes(4000),
        bytes(4) + many + bytes(4000),
        bytes(4) + b"\x00\x01" + many + bytes(4000),
        bytes(4) + b"\x00\x01\x01" + bytes(36) + many + bytes(4000),
    ):
        for identifier in MEMBERS:
            assert not valid(identifier, payload)
