"""The rules of smart wallets' signatures, without a chain."""

from __future__ import annotations

from typing import Final

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from xmtp_identity_ethereum.chain.calldata import MAGIC
from xmtp_identity_ethereum.chain.rules import (
    CALL_GAS,
    DIRECT_CHAINS,
    FACTORY_GAS_CAP,
    GAS_CAP,
    MAX_SIGNATURE_BYTES,
    Answer,
    Call,
    Failed,
    Returned,
    Reverted,
    calls_of,
    static_verdict,
    verdict_of,
)
from xmtp_identity_ethereum.chain.unwrapping import SUFFIX, Unwrapped, unwrap
from xmtp_identity_ethereum.smart_wallet import (
    Invalid,
    SmartWalletRequest,
    Unavailable,
    Valid,
)

ADDRESS: Final = "0x" + "ab" * 20
FACTORY: Final = "0x" + "cd" * 20
WORD: Final = 32


def request(
    signature: bytes = b"s" * 65,
    *,
    address: str = ADDRESS,
    chain_id: int = 8453,
    digest: bytes = b"h" * 32,
    block: int = 7,
) -> SmartWalletRequest:
    account = f"eip155:{chain_id}:{address}"
    return SmartWalletRequest(account, chain_id, address, digest, signature, block)


def reason(asked: SmartWalletRequest, number: int) -> bytes:
    """What the validator answers: the tag that it was given, and a number."""
    (call,) = calls_of(asked)
    account = bytes.fromhex(asked.address[2:]).rjust(WORD, b"\0")
    # The arguments begin with the tag, the chain and the account.
    end = call.data.index(asked.chain_id.to_bytes(WORD, "big") + account)
    return call.data[end - WORD : end - 1] + bytes([number])


@given(factory_call=st.binary(max_size=200), inner=st.binary(max_size=200))
def test_what_abi_encoders_wrap_is_unwrapped(factory_call: bytes, inner: bytes) -> None:
    values = (FACTORY, factory_call, inner)
    wrapped = encode(("address", "bytes", "bytes"), values) + SUFFIX
    factory = bytes.fromhex(FACTORY[2:])
    assert unwrap(wrapped) == Unwrapped(True, factory, factory_call, inner)


@given(st.binary(max_size=300))
def test_any_bytes_are_unwrapped_or_refused(signature: bytes) -> None:
    plain = signature + b"\0"
    assert unwrap(plain) == Unwrapped(False, bytes(20), b"", plain)
    assert isinstance(unwrap(signature + SUFFIX), Unwrapped | Invalid)


@given(st.binary(max_size=300), st.booleans())
def test_what_has_no_static_verdict_can_be_asked(signature: bytes, end: bool) -> None:
    asked = request(signature + SUFFIX * end)
    if static_verdict(asked) is None:
        assert calls_of(asked)
    elif isinstance(unwrap(asked.signature), Invalid):
        with pytest.raises(ValueError, match="static verdict"):
            calls_of(asked)


def test_reserved_addresses_need_no_chain() -> None:
    for number in (0, 1, 4, 0x100, 0x1FF):
        verdict = static_verdict(request(address=f"0x{number:040x}"))
        assert isinstance(verdict, Invalid)
        assert verdict.deviation
    assert static_verdict(request(address=f"0x{0x200:040x}")) is None


def test_one_call_without_a_receiver_asks_everything() -> None:
    (call,) = calls_of(request())
    assert call == Call("eth_call", None, call.data, CALL_GAS, 7)


def test_a_call_stays_within_what_nodes_and_transactions_allow() -> None:
    # Both caps, what 64 calls deep may keep, and the call's bytes at 64 gas each.
    assert (GAS_CAP + FACTORY_GAS_CAP) * 64 // 63 + 200_000 + 49_152 * 64 < CALL_GAS
    assert CALL_GAS <= 1 << 24
    for inner in (b"", b"s"):
        size = MAX_SIGNATURE_BYTES - 192
        wrapped = encode(
            ("address", "bytes", "bytes"),
            (FACTORY, b"f" * (size // 2), inner * (size // 2)),
        )
        asked = request(wrapped + SUFFIX)
        assert static_verdict(asked) is None
        assert len(calls_of(asked)[0].data) <= 49_152


@pytest.mark.parametrize(
    ("number", "verdict", "part", "deviation"),
    [
        (1, Valid, "", False),
        (2, Invalid, "no code", False),
        (3, Invalid, "reverted", False),
        (4, Invalid, "7000000 gas", True),
        (5, Invalid, "no smart wallet", False),
        (6, Invalid, "reverted", False),
        (7, Invalid, "6000000 gas", True),
        (8, Invalid, "refuses", False),
        (9, Invalid, "longer", True),
        (10, Unavailable, "gas", False),
        (11, Unavailable, "another chain", False),
    ],
)
def test_each_reason_of_the_validator_has_its_verdict(
    number: int, verdict: type, part: str, deviation: bool
) -> None:
    asked = request()
    judged = verdict_of(asked, [Returned(reason(asked, number))])
    assert isinstance(judged, verdict)
    assert part in getattr(judged, "detail", "")
    assert getattr(judged, "deviation", False) == deviation
    if isinstance(judged, Unavailable):
        assert "eip155:8453" in judged.detail


@given(st.one_of(st.binary(max_size=80), st.binary(min_size=32, max_size=32)))
def test_no_other_answer_is_a_verdict(data: bytes) -> None:
    for answer in (Returned(data), Reverted(data)):
        assert isinstance(verdict_of(request(), [answer]), Unavailable)


def test_no_piece_of_the_right_answer_is_a_verdict() -> None:
    asked = request()
    right = reason(asked, 1)
    for data in (
        b"",
        right[:-1],
        right + b"\0",
        b"\0" + right,
        right[-1:],
        MAGIC,
        *(right[:-1] + bytes([number]) for number in (0, 12, 255)),
        *(bytes([*right[:at], right[at] ^ 1, *right[at + 1 :]]) for at in range(31)),
    ):
        assert isinstance(verdict_of(asked, [Returned(data)]), Unavailable), data
    assert isinstance(verdict_of(asked, [Reverted(right)]), Unavailable)


def test_an_answer_to_another_question_is_no_verdict() -> None:
    asked = request()
    for other in (
        request(b"t" * 65),
        request(address=FACTORY),
        request(chain_id=1),
        request(digest=b"i" * 32),
        request(block=8),
    ):
        verdict = verdict_of(asked, [Returned(reason(other, 1))])
        assert isinstance(verdict, Unavailable)


@pytest.mark.parametrize("chain_id", [8453, *sorted(DIRECT_CHAINS)])
def test_a_failure_is_no_verdict_and_names_the_chain(chain_id: int) -> None:
    asked = request(chain_id=chain_id)
    good: list[Answer] = [Returned(MAGIC) for _ in calls_of(asked)]
    for at in range(len(good)):
        answers = [*good[:at], Failed("it slept"), *good[at + 1 :]]
        verdict = verdict_of(asked, answers)
        assert isinstance(verdict, Unavailable)
        assert f"eip155:{chain_id}" in verdict.detail
        assert "it slept" in verdict.detail


def test_a_wallet_is_asked_directly_on_chains_without_the_validator() -> None:
    asked = request(chain_id=324)
    code, call = calls_of(asked)
    assert code == Call("eth_getCode", ADDRESS, b"", None, 7)
    assert call[:2] == ("eth_call", ADDRESS)
    assert call[3:] == (CALL_GAS, 7)
    arguments = encode(("bytes32", "bytes"), (asked.hash, asked.signature))
    assert call.data == MAGIC[:4] + arguments
    some = Returned(b"code")
    assert verdict_of(asked, [some, Returned(MAGIC)]) == Valid()
    assert isinstance(verdict_of(asked, [Returned(b""), Returned(MAGIC)]), Invalid)
    assert isinstance(verdict_of(asked, [some, Returned(MAGIC[:4])]), Invalid)
    assert isinstance(verdict_of(asked, [some, Returned(b"")]), Invalid)
    assert isinstance(verdict_of(asked, [some, Reverted(MAGIC)]), Invalid)
    long = verdict_of(asked, [some, Returned(MAGIC + b"\0")])
    assert isinstance(long, Invalid)
    assert long.deviation
    reverted = verdict_of(asked, [Reverted(b""), Returned(MAGIC)])
    assert isinstance(reverted, Unavailable)
