"""What factories and wrapped signatures (ERC-6492) may try, on a real machine.

`check` also asks the reference client's own validator: a verdict deviates just
where that one takes the signature.
"""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmtp_identity_ethereum.chain.calldata import is_valid_signature
from xmtp_identity_ethereum.chain.rules import CALL_GAS, FACTORY_GAS_CAP
from xmtp_identity_ethereum.chain.unwrapping import SUFFIX, Unwrapped, unwrap
from xmtp_identity_ethereum.smart_wallet import Valid

from .machine import (
    FACTORY,
    HASH,
    MAGIC_TO_MEMORY,
    NO,
    OTHER,
    REVERTS,
    SIGNATURE,
    WALLET,
    YES,
    Machine,
    code,
    created,
    creation,
    exact,
    request,
    says,
    wallet,
    words,
    wrap,
)

# Factories (ERC-6492).

COUNTERFACTUAL: Final = created(OTHER, creation(YES))


def test_a_factory_deploys_the_wallet_that_is_asked() -> None:
    asked = request(COUNTERFACTUAL, wrap(OTHER, creation(YES)))
    assert Machine({OTHER: FACTORY}).check(asked) == Valid()


def test_a_wallet_that_a_factory_deploys_may_say_no() -> None:
    asked = request(created(OTHER, creation(NO)), wrap(OTHER, creation(NO)))
    says(Machine({OTHER: FACTORY}).check(asked), "refuses", deviation=False)


@pytest.mark.parametrize("end", ["REVERT", "RETURN"])
def test_a_factory_that_fails_deploys_no_wallet(end: str) -> None:
    machine = Machine({OTHER: code(MAGIC_TO_MEMORY, "20 00", end)})
    part = "reverted" if end == "REVERT" else "no smart wallet"
    says(machine.check(request(signature=wrap(OTHER, b"x"))), part, deviation=False)


def test_a_factory_that_does_not_exist_deploys_no_wallet() -> None:
    asked = request(signature=wrap(OTHER, b"x"))
    says(Machine({}).check(asked), "no smart wallet", deviation=False)


@pytest.mark.parametrize("factory", [WALLET, "0x" + "00" * 20, f"0x{4:040x}"])
def test_the_account_itself_or_a_precompile_as_factory_deploys_no_wallet(
    factory: str,
) -> None:
    asked = request(signature=wrap(factory, is_valid_signature(HASH, SIGNATURE)))
    says(Machine({}).check(asked), "no smart wallet", deviation=False)


def test_a_factory_that_deploys_elsewhere_deploys_no_wallet() -> None:
    asked = request(WALLET, wrap(OTHER, creation(YES)))
    says(Machine({OTHER: FACTORY}).check(asked), "no smart wallet", deviation=False)
    assert COUNTERFACTUAL != WALLET


@pytest.mark.parametrize("offered", [13_600_000, 15_000_000, CALL_GAS])
def test_a_factory_sees_the_same_gas_whatever_the_node_offers(offered: int) -> None:
    picky = code(f"GAS {FACTORY_GAS_CAP - 2:06x} EQ @go JUMPI 00 00 REVERT :go")
    # FACTORY has no places to jump to, so it may stand anywhere.
    machine = Machine({OTHER: picky + FACTORY}, gas=offered)
    asked = request(COUNTERFACTUAL, wrap(OTHER, creation(YES)))
    assert machine.verdict(asked) == Valid()


def test_a_factory_that_is_a_gas_bomb_is_over_the_cap() -> None:
    asked = request(signature=wrap(OTHER, b"x"))
    for bomb in ("INVALID", ":on @on JUMP"):
        verdict = Machine({OTHER: code(bomb)}).verdict(asked)
        says(verdict, f"{FACTORY_GAS_CAP} gas", deviation=True)


def test_a_factory_that_hides_that_it_ran_out_of_gas_is_over_the_cap() -> None:
    bomb = code("INVALID")
    asked = request(created(OTHER, bomb), wrap(OTHER, bomb))
    verdict = Machine({OTHER: FACTORY}).verdict(asked)
    says(verdict, f"{FACTORY_GAS_CAP} gas", deviation=True)


@pytest.mark.parametrize("end", ["RETURN", "REVERT"])
def test_a_factorys_return_bomb_costs_only_its_maker(end: str) -> None:
    bomb = code("0aae60 00", end)
    asked = request(signature=wrap(OTHER, b"x"))
    verdict = Machine({OTHER: bomb}).verdict(asked)
    part = "no smart wallet" if end == "RETURN" else "reverted"
    says(verdict, part, deviation=False)


def test_a_factory_is_left_alone_if_the_wallet_is_deployed() -> None:
    for factory in (REVERTS, code("INVALID"), FACTORY):
        machine = Machine({WALLET: YES, OTHER: factory})
        assert machine.check(request(signature=wrap(OTHER, b"x"))) == Valid()


def test_a_factory_does_not_prepare_a_deployed_wallet_that_refuses() -> None:
    # Anyone may set this wallet's slot 0, and it says yes if that is set.
    runtime = code(
        f"{68:02x} CALLDATASIZE LT @write JUMPI",
        "00 SLOAD @yes JUMPI 00 00 REVERT",
        ":yes",
        MAGIC_TO_MEMORY,
        "20 00 RETURN",
        ":write 01 00 SSTORE 00 00 RETURN",
    )
    asked = request(signature=wrap(WALLET, b"x"))
    says(Machine({WALLET: runtime}).check(asked), "reverted", deviation=False)


def test_what_a_factory_does_is_undone() -> None:
    machine = Machine({OTHER: FACTORY})
    asked = request(COUNTERFACTUAL, wrap(OTHER, creation(YES)))
    assert machine.verdict(asked) == Valid()
    says(machine.check(request(COUNTERFACTUAL)), "no code", deviation=False)


# Wrappers (ERC-6492).


def test_a_wrapper_is_taken_off_once() -> None:
    for inner in (SIGNATURE, wrap(OTHER, b"y"), wrap(OTHER, b"y", wrap(OTHER, b""))):
        asked = request(signature=wrap(OTHER, b"x", inner))
        assert wallet(exact(inner)).check(asked) == Valid()
        assert wallet(exact(asked.signature)).check(asked) != Valid()


def test_a_signature_that_only_holds_the_suffix_is_not_wrapped() -> None:
    for signature in (SUFFIX + b"\0", SUFFIX * 2 + SIGNATURE, SUFFIX[1:] + b"\0" * 9):
        asked = request(signature=signature)
        assert wallet(exact(signature)).check(asked) == Valid()


@pytest.mark.parametrize(
    "encoding",
    [
        b"",
        words(0),
        words(0, 0),
        words(0, 96, 96),
        words(0, 1 << 255, 96, 0),
        words(0, (1 << 256) - 1, 96, 0),
        words(0, 1 << 64, 96, 0),
        words(0, 96, 96, 1 << 255),
        words(0, 96, 96, (1 << 64) - 1),
        words(0, 96, 96, (1 << 64)),
        words(0, 96, 96, 65),
        words(0, 160, 96, 0),
        words(0, 128, 96, 0, 33),
        words(1 << 160, 96, 96, 0),
        words(1 << 255, 96, 96, 0),
    ],
    ids=lambda encoding: encoding.hex().replace("0" * 32, "_") or "nothing",
)
def test_a_broken_wrapper_is_refused(encoding: bytes) -> None:
    asked = request(signature=encoding + SUFFIX)
    says(wallet(YES).check(asked), "factory, call and signature", deviation=False)


@pytest.mark.parametrize(
    ("encoding", "inner"),
    [
        (words(0, 96, 96, 3, b"abc"), b"abc"),
        (words(0, 97, 97, b"\0", 3, b"abc"), b"abc"),
        (words(0, 64, 64, 0, 0), b"\0" * 64),
        (words(0, 96, 160, 0, 7, 1, b"a"), b"a"),
        (words(0, 96, 96, 4, b"four", b"trailing"), b"four"),
        (words(0, 0, 0, 0, b"x"), b""),
    ],
    ids=["unpadded", "unaligned", "overlaps-head", "gap", "trailing", "in-the-head"],
)
def test_a_loose_wrapper_is_read_as_the_reference_client_reads_it(
    encoding: bytes, inner: bytes
) -> None:
    asked = request(signature=encoding + SUFFIX)
    assert wallet(exact(inner)).check(asked) == Valid()


@pytest.mark.parametrize("length", [4, 35])
def test_a_field_that_runs_into_the_suffix_is_refused(length: int) -> None:
    asked = request(signature=words(0, 96, 96, length, b"abc") + SUFFIX)
    says(wallet(YES).check(asked), "runs into", deviation=True)


OFFSETS: Final = st.one_of(
    st.integers(0, 320),
    st.sampled_from([96, 128, 160]),
    st.sampled_from([(1 << n) - 1 + plus for n in (63, 64, 256) for plus in (0, 1)]),
).map(lambda value: value % (1 << 256))


@given(
    factory=st.sampled_from([0, 1 << 160, (1 << 160) - 1]),
    numbers=st.lists(OFFSETS, min_size=2, max_size=7),
    rest=st.binary(max_size=70),
)
def test_any_wrapper_is_read_as_the_reference_client_reads_it(
    factory: int, numbers: list[int], rest: bytes
) -> None:
    signature = words(factory, *numbers, rest) + SUFFIX
    asked = request(signature=signature)
    verdict = wallet(YES).check(asked)
    if verdict == Valid():
        parts = unwrap(signature)
        assert isinstance(parts, Unwrapped)
        assert wallet(exact(parts.signature)).check(asked) == Valid()


def test_a_signature_of_less_than_32_bytes_is_refused() -> None:
    for length in (0, 1, 31):
        asked = request(signature=b"s" * length)
        says(wallet(YES).check(asked), "are the least", deviation=False)
    assert wallet(YES).check(request(signature=b"s" * 32)) == Valid()


def test_a_signature_within_a_wrapper_may_be_empty() -> None:
    asked = request(signature=wrap(OTHER, b"", b""))
    assert wallet(exact(b"")).check(asked) == Valid()
