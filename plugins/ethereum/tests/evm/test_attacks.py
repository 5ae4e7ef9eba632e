"""What wallets, factories and signatures may try, each on a real machine.

Where it says `check`, the reference client's own validator judges the same
signature on the same machine: a verdict deviates just where that one takes it.
"""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from xmtp_identity_ethereum.chain.calldata import is_valid_signature
from xmtp_identity_ethereum.chain.rules import (
    CALL_GAS,
    DIRECT_CHAINS,
    GAS_CAP,
    MAX_SIGNATURE_BYTES,
    calls_of,
)
from xmtp_identity_ethereum.chain.unwrapping import SUFFIX
from xmtp_identity_ethereum.hashing import keccak_256
from xmtp_identity_ethereum.smart_wallet import (
    Invalid,
    SmartWalletVerdict,
    Unavailable,
    Valid,
)

from .machine import (
    BURN_TO,
    ECHO,
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
    yes_if,
)


def test_a_wallet_that_says_yes_is_believed() -> None:
    assert wallet(YES).check(request()) == Valid()


def test_a_wallet_that_says_no_is_believed() -> None:
    says(wallet(NO).check(request()), "refuses", deviation=False)


# Accounts that are no wallets.


def test_the_zero_address_is_no_wallet_though_the_usual_validator_says_yes() -> None:
    garbage = request("0x" + "00" * 20, bytes(64) + b"\x1b")
    machine = Machine({})
    says(machine.check(garbage), "zero address", deviation=True)
    says(machine.asked(garbage), "no code", deviation=False)


@pytest.mark.parametrize("number", [1, 2, 4, 9, 0x100, 0x1FF])
def test_a_precompile_is_no_wallet(number: int) -> None:
    asked = request(f"0x{number:040x}")
    says(Machine({}).verdict(asked), "precompiled", deviation=True)
    says(Machine({}).asked(asked), "no code", deviation=False)


def test_the_precompile_0x04_that_echoes_the_magic_value_is_no_wallet() -> None:
    # The first four bytes of the call are the magic value. These signatures and
    # hashes also make the rest of the first word zeros.
    asked = request(f"0x{4:040x}", bytes(64), digest=bytes(32))
    says(Machine({}).verdict(asked), "precompiled", deviation=True)
    says(Machine({}).asked(asked), "no code", deviation=False)
    by_factory = request(f"0x{4:040x}", wrap(OTHER, b"", bytes(64)), digest=bytes(32))
    says(Machine({}).verdict(by_factory), "precompiled", deviation=True)
    says(Machine({}).asked(by_factory), "no smart wallet", deviation=False)


def test_an_account_without_code_is_no_wallet() -> None:
    says(Machine({}).check(request()), "no code", deviation=False)


@pytest.mark.parametrize("v", [0, 27, 28])
def test_the_key_of_an_account_without_code_does_not_sign_as_a_wallet(v: int) -> None:
    account = Account.from_key(b"\x42" * 32)
    signed = account.unsafe_sign_hash(HASH).signature
    address = account.address.lower()
    asked = request(address, signed[:64] + bytes([v]))
    says(Machine({}).check(asked), "no code", deviation=v == signed[64])
    assert Machine({address: NO}).check(asked) != Valid()


# Answers.


def test_a_selector_echo_is_not_a_yes() -> None:
    says(wallet(ECHO).check(request()), "refuses", deviation=False)
    word = code("20 00 00 CALLDATACOPY 20 00 RETURN")
    says(wallet(word).check(request()), "refuses", deviation=False)


def test_a_selector_echo_of_a_hash_of_zeros_is_not_a_yes() -> None:
    asked = request(signature=bytes(64), digest=bytes(32))
    says(wallet(ECHO).check(asked), "longer", deviation=True)


@pytest.mark.parametrize("length", [33, 64, 4096])
def test_an_answer_of_33_bytes_is_not_a_yes(length: int) -> None:
    runtime = code(MAGIC_TO_MEMORY, f"{length:04x} 00 RETURN")
    says(wallet(runtime).check(request()), "longer", deviation=True)


@pytest.mark.parametrize("length", [0, 4, 31])
def test_a_short_answer_is_not_a_yes(length: int) -> None:
    runtime = code(MAGIC_TO_MEMORY, f"{length:02x} 00 RETURN")
    says(wallet(runtime).check(request()), "refuses", deviation=False)


@pytest.mark.parametrize("last", ["01", "1626ba7e"])
def test_a_yes_with_anything_after_the_four_bytes_is_not_a_yes(last: str) -> None:
    runtime = code("1626ba7e e0 SHL", last, "ADD 00 MSTORE 20 00 RETURN")
    says(wallet(runtime).check(request()), "refuses", deviation=False)


def test_a_yes_in_the_lowest_bytes_is_not_a_yes() -> None:
    runtime = code("1626ba7e 00 MSTORE 20 00 RETURN")
    says(wallet(runtime).check(request()), "refuses", deviation=False)


def test_a_revert_with_a_yes_as_data_is_not_a_yes() -> None:
    runtime = code(MAGIC_TO_MEMORY, "20 00 REVERT")
    says(wallet(runtime).check(request()), "reverted", deviation=False)


def test_a_revert_with_the_validators_own_answer_is_not_a_yes() -> None:
    for end in ("REVERT", "RETURN"):
        runtime = code("01 00 MSTORE 20 00", end)
        assert isinstance(wallet(runtime).check(request()), Invalid)


@pytest.mark.parametrize("end", ["RETURN", "REVERT"])
def test_a_return_bomb_costs_only_its_maker(end: str) -> None:
    # 700,000 bytes, about what the wallet's gas pays for.
    runtime = code(MAGIC_TO_MEMORY, "0aae60 00", end)
    verdict = wallet(runtime).verdict(request())
    part = "longer" if end == "RETURN" else "reverted"
    says(verdict, part, deviation=end == "RETURN")
    machine = Machine({WALLET: runtime, OTHER: REVERTS}, gas=50_000_000)
    assert machine.verdict(request(signature=wrap(OTHER, b""))) == verdict


# Gas.


@pytest.mark.parametrize(
    "runtime",
    [
        code("INVALID"),
        code(":on @on JUMP"),
        code("ff ff ffffff 00 RETURN"),
        # Calls itself with all it has; 63/64 go down each time.
        code(":on 00 00 00 00 ADDRESS GAS STATICCALL POP @on JUMP"),
    ],
    ids=["invalid", "loop", "memory", "recursion"],
)
def test_a_gas_bomb_is_over_the_cap(runtime: bytes) -> None:
    says(wallet(runtime).verdict(request()), f"{GAS_CAP} gas", deviation=True)


def test_a_wallet_over_the_cap_is_refused_though_the_reference_client_takes_it() -> (
    None
):
    runtime = code(
        f"{GAS_CAP:08x} GAS LT @no JUMPI",
        MAGIC_TO_MEMORY,
        "20 00 RETURN :no INVALID",
    )
    says(wallet(runtime).check(request()), f"{GAS_CAP} gas", deviation=True)


def test_a_wallet_that_hides_that_a_call_of_it_ran_out_of_gas_is_over_the_cap() -> None:
    inner = "0x" + "12" * 20
    proxy = code(
        f"00 00 00 00 {inner[2:]} GAS STATICCALL POP",
        "ffffffff e0 SHL 00 MSTORE 20 00 RETURN",
    )
    machine = Machine({WALLET: proxy, inner: code("INVALID")})
    says(machine.verdict(request()), f"{GAS_CAP} gas", deviation=True)


def test_a_wallet_may_use_all_but_the_last_of_its_gas() -> None:
    runtime = code(BURN_TO.format("0007d0"), MAGIC_TO_MEMORY, "20 00 RETURN")
    assert wallet(runtime).check(request()) == Valid()


@pytest.mark.parametrize("offered", [13_600_000, 15_000_000, CALL_GAS])
def test_a_wallet_sees_the_same_gas_whatever_the_node_offers(offered: int) -> None:
    runtime = yes_if(f"GAS {GAS_CAP - 2:06x} EQ")
    assert Machine({WALLET: runtime}, gas=offered).verdict(request()) == Valid()


def test_a_wallet_sees_the_same_gas_after_a_factory_as_without_one() -> None:
    runtime = yes_if(f"GAS {GAS_CAP - 2:06x} EQ")
    address = created(OTHER, creation(runtime))
    machine = Machine({OTHER: FACTORY})
    asked = request(address, wrap(OTHER, creation(runtime)))
    assert machine.verdict(asked) == Valid()


def test_a_node_that_gives_too_little_gas_gets_no_verdict_out_of_it() -> None:
    burns = code(BURN_TO.format("0007d0"), MAGIC_TO_MEMORY, "20 00 RETURN")
    address = created(OTHER, creation(burns))
    asked = request(address, wrap(OTHER, creation(burns)))
    seen = set()
    for gas in range(0, 17_000_000, 250_000):
        verdict = Machine({OTHER: FACTORY}, gas=gas).verdict(asked)
        assert isinstance(verdict, Valid | Unavailable), gas
        assert isinstance(verdict, Valid) == (gas >= 13_500_000), gas
        seen.add(type(verdict))
    assert seen == {Valid, Unavailable}


# What a wallet may look at.


@pytest.mark.parametrize(
    "sees",
    [
        "ORIGIN ISZERO",
        "GASPRICE ISZERO",
        "CALLVALUE ISZERO",
        # The first contract of the zero address, as for the reference client.
        "CALLER bd770416a3345f91e4b34576cb804a576fa48eb1 EQ",
    ],
)
def test_a_wallet_sees_the_caller_that_the_reference_client_shows_it(sees: str) -> None:
    assert wallet(yes_if(sees)).check(request()) == Valid()
    other = wallet(yes_if(sees, "ISZERO"))
    says(other.check(request()), "reverted", deviation=False)


def test_a_wallet_gets_the_call_that_abi_encoders_make() -> None:
    for signature in (SIGNATURE, bytes(32), b"\xff" * 65, b"\x01" * 1000):
        call = bytes.fromhex("1626ba7e") + encode(
            ("bytes32", "bytes"), (HASH, signature)
        )
        assert is_valid_signature(HASH, signature) == call
        runtime = yes_if(
            "CALLDATASIZE 00 00 CALLDATACOPY CALLDATASIZE 00 KECCAK256",
            keccak_256(call).hex(),
            "EQ",
        )
        asked = request(signature=signature)
        assert wallet(runtime).check(asked) == Valid()


@pytest.mark.parametrize("writes", ["01 00 SSTORE", "00 00 LOG0", "00 SELFDESTRUCT"])
def test_a_wallet_changes_nothing_while_it_judges(writes: str) -> None:
    runtime = code(writes, MAGIC_TO_MEMORY, "20 00 RETURN")
    assert isinstance(wallet(runtime).verdict(request()), Invalid)


# Sizes.


def test_a_signature_as_large_as_the_cap_is_judged() -> None:
    signature = b"s" * MAX_SIGNATURE_BYTES
    assert wallet(YES).check(request(signature=signature)) == Valid()
    too_long = request(signature=signature + b"s")
    says(wallet(YES).check(too_long), "are the most", deviation=True)


def test_fields_as_large_as_the_cap_are_judged_and_fit_into_a_call() -> None:
    # No field of a whole signature within the cap can hold more than this.
    inner = b"s" * (MAX_SIGNATURE_BYTES - 192)
    asked = request(created(OTHER, creation(YES)), wrap(OTHER, creation(YES), b"s"))
    assert Machine({OTHER: FACTORY}).check(asked) == Valid()
    asked = request(signature=wrap(OTHER, b"", inner))
    assert len(asked.signature) == MAX_SIGNATURE_BYTES
    (call,) = calls_of(asked)
    assert len(call.data) <= 49_152
    assert wallet(YES).check(asked) == Valid()


def test_fields_that_overlap_to_more_than_the_cap_are_refused() -> None:
    size = MAX_SIGNATURE_BYTES - 200
    asked = request(signature=words(0, 96, 96, size) + b"s" * size + SUFFIX)
    says(wallet(YES).check(asked), "are the most", deviation=True)


def test_overlapping_fields_as_large_as_the_cap_fit_into_a_call() -> None:
    size = MAX_SIGNATURE_BYTES // 2
    asked = request(signature=words(0, 96, 96, size) + b"s" * size + SUFFIX)
    (call,) = calls_of(asked)
    assert len(call.data) <= 49_152
    assert wallet(YES).check(asked) == Valid()


# The node.


def test_a_node_of_another_chain_gives_no_verdict() -> None:
    machine = Machine({WALLET: YES}, chain_id=1)
    verdict = machine.verdict(request())
    assert isinstance(verdict, Unavailable)
    assert "eip155:8453" in verdict.detail
    assert "another chain" in verdict.detail


@given(chain_id=st.integers(1, (1 << 64) - 1).filter(lambda n: n not in DIRECT_CHAINS))
def test_any_chain_id_is_compared_whole(chain_id: int) -> None:
    asked = request(chain_id=chain_id)
    assert Machine({WALLET: YES}, chain_id=chain_id).verdict(asked) == Valid()
    other = Machine({WALLET: YES}, chain_id=chain_id ^ 1 << 63)
    assert isinstance(other.verdict(asked), Unavailable)


@pytest.mark.parametrize("chain_id", sorted(DIRECT_CHAINS))
def test_wallets_are_called_directly_where_the_validator_cannot_run(
    chain_id: int,
) -> None:
    def verdict(runtime: bytes, signature: bytes = SIGNATURE) -> SmartWalletVerdict:
        machine = Machine({WALLET: runtime} if runtime else {}, chain_id=chain_id)
        return machine.verdict(request(signature=signature, chain_id=chain_id))

    long = code(MAGIC_TO_MEMORY, "21 00 RETURN")
    assert verdict(YES) == Valid()
    assert verdict(exact(b"inner"), wrap(OTHER, b"x", b"inner")) == Valid()
    says(verdict(NO), "refuses", deviation=False)
    says(verdict(ECHO), "refuses", deviation=False)
    says(verdict(REVERTS), "reverted", deviation=False)
    says(verdict(long), "longer", deviation=True)
    says(verdict(b""), "no code", deviation=False)
    says(verdict(b"", wrap(OTHER, b"x")), "can't deploy", deviation=False)
    assert isinstance(verdict(code("INVALID")), Unavailable)
