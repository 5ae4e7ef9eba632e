"""Signatures in an encoding that only some take: refused.

Each is built around a signature that would be right without it.
"""

from __future__ import annotations

import pytest

from xmtp_identity.errors import SignatureError
from xmtp_identity_bitcoin import secp256k1
from xmtp_identity_bitcoin.addresses import Form
from xmtp_identity_bitcoin.bip137 import message_hash
from xmtp_identity_bitcoin.signature import MAX_BYTES

from .support import (
    ALICE,
    ALL,
    ONE_KEY,
    ORDER,
    SEGWIT,
    TEXT,
    TWO_OF_THREE,
    WALLETS,
    Change,
    bip137,
    changed,
    code,
    full,
    key_member,
    p2pkh,
    p2sh_p2wpkh,
    p2tr,
    p2wpkh,
    p2wsh,
    public,
    script_member,
    simple,
    valid,
    verify,
)

NOT_SIGNED = "invalid_signature"
ENCODING = "bitcoin_signature_encoding"
FORM = "bitcoin_signature_form"


def numbers(signature: bytes) -> tuple[int, int]:
    """r and s of a signature with its hash type."""
    middle = 4 + signature[3]
    return int.from_bytes(signature[4:middle]), int.from_bytes(
        signature[middle + 2 : -1]
    )


def integer(value: int, padding: bytes = b"") -> bytes:
    return raw_integer(padding + value.to_bytes(value.bit_length() // 8 + 1))


def raw_integer(digits: bytes) -> bytes:
    return bytes([2, len(digits)]) + digits


def sequence(*parts: bytes) -> bytes:
    body = b"".join(parts)
    return bytes([0x30, len(body)]) + body + bytes([ALL])


def high_s(signature: bytes) -> bytes:
    r, s = numbers(signature)
    return sequence(integer(r), integer(ORDER - s))


def padded_r(signature: bytes) -> bytes:
    r, s = numbers(signature)
    return sequence(integer(r, b"\x00"), integer(s))


def padded_s(signature: bytes) -> bytes:
    r, s = numbers(signature)
    return sequence(integer(r), integer(s, b"\x00"))


def negative(signature: bytes) -> bytes:
    """Without the zero in front that says that r, or n - s, is above zero."""
    r, s = numbers(signature)
    if r >> 255:
        return sequence(raw_integer(r.to_bytes(32)), integer(s))
    return sequence(integer(r), raw_integer((ORDER - s).to_bytes(32)))


def another_type(signature: bytes) -> bytes:
    r, s = numbers(signature)
    return sequence(b"\x03" + integer(r)[1:], integer(s))


def junk_inside(signature: bytes) -> bytes:
    r, s = numbers(signature)
    return sequence(integer(r), integer(s), b"\x00")


def hash_type(value: int) -> Change:
    return lambda signature: signature[:-1] + bytes([value])


LAX: dict[str, Change] = {
    "high s": high_s,
    "a padded r": padded_r,
    "a padded s": padded_s,
    "a negative number": negative,
    "another type": another_type,
    "a set and not a sequence": lambda signature: b"\x31" + signature[1:],
    "a length in two bytes": lambda signature: b"\x30\x81" + signature[1:],
    "junk inside": junk_inside,
    "junk behind": lambda signature: signature[:-1] + b"\x00" + signature[-1:],
    "no hash type": lambda signature: signature[:-1],
    "SIGHASH_NONE": hash_type(0x02),
    "SIGHASH_SINGLE": hash_type(0x03),
    "SIGHASH_ALL | ANYONECANPAY": hash_type(0x81),
    "hash type 0": hash_type(0x00),
    "hash type 0x41": hash_type(0x41),
    "empty": lambda _: b"",
    "one byte": lambda _: bytes([ALL]),
    "r and s are 0": lambda _: sequence(integer(0), integer(0)),
    "r and s are n": lambda _: sequence(integer(ORDER), integer(ORDER)),
}


@pytest.mark.parametrize("name", LAX)
def test_ecdsa_with_lax_der_high_s_or_another_hash_type_is_refused(name: str) -> None:
    for wallet, form in ((p2wpkh, Form.P2WPKH), (p2sh_p2wpkh, Form.P2SH)):
        identifier = key_member(form, "alice")
        assert valid(identifier, simple(identifier, wallet("alice")))
        lax = simple(identifier, wallet("alice", change=LAX[name]))
        assert code(identifier, lax) == NOT_SIGNED
    identifier = key_member(Form.P2PKH, "alice")
    assert valid(identifier, full(identifier, p2pkh("alice")))
    lax = full(identifier, p2pkh("alice", change=LAX[name]))
    assert code(identifier, lax) == NOT_SIGNED


@pytest.mark.parametrize("name", LAX)
def test_the_same_holds_for_signatures_for_a_script(name: str) -> None:
    for script, names in ((ONE_KEY, ["alice"]), (TWO_OF_THREE, ["alice", "bob"])):
        identifier = script_member(script)
        wallet = p2wsh(script, *names, dummy=(b"",) * (len(names) - 1))
        lax = changed(
            wallet,
            lambda script_sig, witness: (
                script_sig,
                (*witness[:-2], LAX[name](witness[-2]), witness[-1]),
            ),
        )
        assert valid(identifier, simple(identifier, wallet))
        assert code(identifier, simple(identifier, lax)) == NOT_SIGNED


@pytest.mark.parametrize("value", [0x00, 0x02, 0x03, 0x41, 0x81, 0x82, 0x83, 0xFF])
def test_taproot_with_another_hash_type_is_refused(value: int) -> None:
    identifier = key_member(Form.P2TR, "alice")
    payload = simple(identifier, p2tr("alice", hash_type=value))
    assert code(identifier, payload) == ENCODING


def test_taproot_with_the_hash_type_of_another_digest_is_refused() -> None:
    identifier = key_member(Form.P2TR, "alice")
    default = simple(identifier, p2tr("alice"))
    assert valid(identifier, default)
    assert code(identifier, b"\x01\x41" + default[2:] + bytes([ALL])) == NOT_SIGNED
    everything = simple(identifier, p2tr("alice", hash_type=ALL))
    assert valid(identifier, everything)
    assert code(identifier, b"\x01\x40" + everything[2:-1]) == NOT_SIGNED


@pytest.mark.parametrize("length", [0, 1, 63, 66, 71])
def test_a_schnorr_signature_of_another_length_is_refused(length: int) -> None:
    identifier = key_member(Form.P2TR, "alice")
    payload = simple(identifier, p2tr("alice"))
    cut = bytes([1, length]) + (payload[2:] + bytes(8))[:length]
    assert code(identifier, cut) == ENCODING


@pytest.mark.parametrize("name", SEGWIT)
def test_a_simple_signature_with_trailing_bytes_or_long_lengths_is_refused(
    name: str,
) -> None:
    identifier, wallet = WALLETS[name]
    payload = simple(identifier, wallet)
    for variant in (
        payload + b"\x00",
        payload + payload,
        payload[:-1],
        b"\xfd" + payload[:1] + b"\x00" + payload[1:],
        b"\xfe" + payload[:1] + b"\x00\x00\x00" + payload[1:],
        payload[:1] + b"\xfd" + payload[1:2] + b"\x00" + payload[2:],
        b"\xff" * 9 + payload[1:],
        b"\xff" * 9,
    ):
        assert code(identifier, variant) == FORM
    assert code(identifier, b"\x00") != FORM
    assert code(identifier, b"") == FORM


# BIP-137.


@pytest.mark.parametrize("header", [*range(27), *range(43, 256)])
def test_a_header_beyond_bip_137_is_refused(header: int) -> None:
    payload = bytes([header]) + bip137("alice", 39)[1:]
    assert code(ALICE, payload) == FORM


@pytest.mark.parametrize("form", [Form.P2PKH, Form.P2SH, Form.P2WPKH])
def test_bip_137_with_a_high_s_is_refused_with_either_parity(form: Form) -> None:
    identifier = key_member(form, "alice")
    payload = bip137("alice", 31)
    assert valid(identifier, payload)
    twin = payload[1:33] + (ORDER - int.from_bytes(payload[33:])).to_bytes(32)
    # Recovery alone would find the same key.
    digest = message_hash(TEXT.encode())
    found = [
        secp256k1.recover(twin, parity, digest, compressed=True) for parity in (0, 1)
    ]
    assert public("alice") in found
    for header in (31, 32):
        assert code(identifier, bytes([header]) + twin) == ENCODING


@pytest.mark.parametrize("group", [27, 31, 35, 39])
def test_bip_137_with_a_reduced_r_is_refused(group: int) -> None:
    """Recovery ids 2 and 3, which no wallet will ever see."""
    for form in (Form.P2PKH, Form.P2SH, Form.P2WPKH):
        identifier = key_member(form, "alice")
        for r in (bytes(31) + b"\x01", bip137("alice", group)[1:33]):
            for header in (group + 2, group + 3):
                payload = bytes([header]) + r + bip137("alice", group)[33:]
                assert code(identifier, payload) in {ENCODING, "bitcoin_proof_form"}


def test_bip_137_of_another_length_is_refused() -> None:
    payload = bip137("alice", 39)
    for length in (1, 63, 64):
        assert code(ALICE, payload[:length]) == FORM
    assert code(ALICE, payload + b"\x00") == FORM


@pytest.mark.parametrize("r", [0, 1, ORDER - 1, ORDER, 2**256 - 1])
@pytest.mark.parametrize("s", [0, 1, ORDER, 2**256 - 1])
def test_bip_137_with_numbers_out_of_range_proves_nothing(r: int, s: int) -> None:
    for header in (27, 28, 31, 32, 35, 36, 39, 40):
        payload = bytes([header]) + r.to_bytes(32) + s.to_bytes(32)
        for identifier, _ in WALLETS.values():
            assert not valid(identifier, payload)


def test_too_many_bytes_are_refused_at_once() -> None:
    for length in (MAX_BYTES + 1, 10_000_000):
        result = verify(ALICE, b"\x01" * length)
        assert isinstance(result, SignatureError)
        assert result.code == FORM
        assert str(MAX_BYTES) in result.detail
