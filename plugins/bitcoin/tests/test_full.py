"""Full signatures of BIP-322 whose transaction is not as it must be: refused."""

from __future__ import annotations

from typing import Any

import pytest

from xmtp_identity_bitcoin.templates import push

from .support import (
    ALICE,
    SEGWIT,
    WALLETS,
    Change,
    changed,
    code,
    full,
    p2wpkh,
    spent_by,
    transaction,
    valid,
    with_items,
)

NOT_SIGNED = "invalid_signature"
ENCODING = "bitcoin_signature_encoding"
FORM = "bitcoin_signature_form"
TIME_LOCK = "bitcoin_time_lock"

# All of them signed as they are.
SHAPES: dict[str, tuple[dict[str, Any], str]] = {
    "nLockTime 1": ({"lock_time": 1}, TIME_LOCK),
    "nLockTime 2016, nSequence 2016": (
        {"lock_time": 2016, "sequence": 2016, "version": 2},
        TIME_LOCK,
    ),
    "nSequence 1": ({"sequence": 1}, TIME_LOCK),
    "nSequence final": ({"sequence": 0xFFFFFFFF}, TIME_LOCK),
    "another input": ({"more_inputs": 1}, "bitcoin_proof_of_funds"),
    "version 1": ({"version": 1}, FORM),
    "version 3": ({"version": 3}, FORM),
    "no output": ({"outputs": ()}, NOT_SIGNED),
    "two outputs": ({"outputs": ((0, b"\x6a"), (0, b"\x6a"))}, NOT_SIGNED),
    "an output of 1 satoshi": ({"outputs": ((1, b"\x6a"),)}, NOT_SIGNED),
    "an output below zero": ({"outputs": ((-1, b"\x6a"),)}, NOT_SIGNED),
    "more in the output": ({"outputs": ((0, b"\x6a\x00"),)}, NOT_SIGNED),
    "another output spent": ({"index": 1}, NOT_SIGNED),
    "another transaction spent": ({"spent": bytes(range(32))}, NOT_SIGNED),
}

SCRIPT_SIGNATURES: dict[str, Change] = {
    "OP_0 before": lambda pushes: b"\x00" + pushes,
    "OP_1 behind": lambda pushes: pushes + b"\x51",
    "OP_NOP behind": lambda pushes: pushes + b"\x61",
    "OP_PUSHDATA1": lambda pushes: b"\x4c" + pushes,
    "OP_PUSHDATA2": lambda pushes: b"\x4d" + pushes[:1] + b"\x00" + pushes[1:],
    "cut off": lambda pushes: pushes[:-1],
    "no key": lambda pushes: pushes[: 1 + pushes[0]],
    "empty": lambda _: b"",
    "much": lambda _: b"\xff" * 3000,
}


@pytest.mark.parametrize("name", WALLETS)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_transaction_of_another_shape_is_refused(name: str, shape: str) -> None:
    identifier, wallet = WALLETS[name]
    fields, why = SHAPES[shape]
    assert code(identifier, full(identifier, wallet, **fields)) == why


def test_a_lock_time_that_python_bitcoinlib_cannot_hash_is_refused_before() -> None:
    identifier, wallet = WALLETS["p2wpkh"]
    payload = full(identifier, wallet)
    for lock_time in (b"\x00\x00\x00\x80", b"\xff\xff\xff\xff"):
        assert code(identifier, payload[:-4] + lock_time) == TIME_LOCK


def test_a_version_below_zero_or_beyond_two_bytes_is_refused() -> None:
    identifier, wallet = WALLETS["p2wpkh"]
    payload = full(identifier, wallet)
    for version in (b"\xff\xff\xff\xff", b"\x00\x00\x00\x80", b"\x02\x00\x00\x01"):
        assert code(identifier, version + payload[4:]) == FORM


@pytest.mark.parametrize("name", WALLETS)
def test_another_encoding_or_trailing_bytes_are_refused(name: str) -> None:
    identifier, wallet = WALLETS[name]
    payload = full(identifier, wallet)
    flagged = name in SEGWIT
    count = 6 if flagged else 4
    assert payload[count] == 1
    without_flag = payload[:4] + payload[6:] if flagged else b""
    for variant in (
        payload + b"\x00",
        payload + payload,
        payload[:-1],
        payload[:count],
        payload[:count] + b"\xfd\x01\x00" + payload[count + 1 :],
        payload[:count] + b"\xfe\x01\x00\x00\x00" + payload[count + 1 :],
        payload[:count] + b"\xff" * 9 + payload[count + 1 :],
        without_flag,
        payload[:4] + b"\x00\x02" + payload[count:],
        payload[:4] + b"\x00\x01\x00\x01" + payload[count:],
    ):
        assert code(identifier, variant) == FORM


def test_a_witness_flag_without_a_witness_is_refused() -> None:
    identifier, wallet = WALLETS["p2pkh"]
    payload = full(identifier, wallet)
    flagged = payload[:4] + b"\x00\x01" + payload[4:-4] + b"\x00" + payload[-4:]
    assert code(identifier, flagged) == FORM


@pytest.mark.parametrize("name", SEGWIT)
@pytest.mark.parametrize("extra", [b"\x00", b"\x51", push(b"x")])
def test_a_script_signature_that_segwit_does_not_have_is_refused(
    name: str, extra: bytes
) -> None:
    identifier, wallet = WALLETS[name]
    longer = changed(wallet, lambda has, witness: (has + extra, witness))
    assert not valid(identifier, full(identifier, longer))


def test_a_nested_redeem_script_must_be_pushed_and_by_its_own_opcode() -> None:
    identifier, wallet = WALLETS["p2sh-p2wpkh"]
    longer = changed(wallet, lambda has, witness: (b"\x4c" + has, witness))
    assert code(identifier, full(identifier, longer)) == NOT_SIGNED
    assert code(identifier, full(identifier, p2wpkh("alice"))) == NOT_SIGNED


@pytest.mark.parametrize("name", SCRIPT_SIGNATURES)
def test_a_p2pkh_script_signature_is_two_minimal_pushes(name: str) -> None:
    identifier, wallet = WALLETS["p2pkh"]
    change = SCRIPT_SIGNATURES[name]
    other = changed(wallet, lambda has, witness: (change(has), witness))
    assert code(identifier, full(identifier, other)) == ENCODING


def test_a_p2pkh_spend_with_a_witness_is_refused() -> None:
    identifier, wallet = WALLETS["p2pkh"]
    for witness in ((b"",), (b"x", b"y")):
        payload = full(identifier, with_items(wallet, *witness))
        assert code(identifier, payload) == ENCODING


def test_a_transaction_without_inputs_is_refused() -> None:
    for head in (b"\x00\x00\x00\x00", b"\x02\x00\x00\x00"):
        for rest in (b"\x00", b"\x00\x00", b"\x00\x01\x00\x00"):
            assert code(ALICE, head + rest + bytes(4)) in {FORM, NOT_SIGNED}


def test_a_proof_of_funds_is_refused_by_its_name() -> None:
    assert code(ALICE, b"psbt\xff\x01\x00") == "bitcoin_proof_of_funds"
    assert code(ALICE, b"psbt\xff") == "bitcoin_proof_of_funds"


@pytest.mark.parametrize("name", WALLETS)
def test_an_unsigned_transaction_is_refused(name: str) -> None:
    identifier, _ = WALLETS[name]
    bare = bytes(transaction(spent_by(identifier)).serialize())
    assert not valid(identifier, bare)
