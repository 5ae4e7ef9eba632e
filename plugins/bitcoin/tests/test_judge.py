"""btclib judges what we sign and what becomes of it with one bit flipped."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity_bitcoin.addresses import Form
from xmtp_identity_bitcoin.identifier import output_of
from xmtp_identity_bitcoin.signer import KeySigner

from . import judge
from .support import (
    SEGWIT,
    TEXT,
    WALLETS,
    bip137,
    full,
    key_member,
    simple,
    valid,
    with_items,
)

RAW = TEXT.encode()
HEADERS = {
    Form.P2PKH: (31,),
    Form.P2SH: (31, 35),
    Form.P2WPKH: (31, 39),
}

# Where one bit apart lies another valid header: 32 is Electrum's for every
# address, 36 and 40 are BIP-137's for p2sh and p2wpkh. Same signer, same text.
NEIGHBOURS = {(32, 36), (36, 32), (32, 40), (40, 32)}


def flips(payload: bytes) -> Iterator[bytes]:
    for bit in range(len(payload) * 8):
        changed = bytearray(payload)
        changed[bit // 8] ^= 1 << bit % 8
        yield bytes(changed)


def payloads() -> Iterator[tuple[str, MemberIdentifier, bytes]]:
    for name, (identifier, wallet) in WALLETS.items():
        yield f"full, {name}", identifier, full(identifier, wallet)
        if name in SEGWIT:
            yield f"simple, {name}", identifier, simple(identifier, wallet)
    for form, headers in HEADERS.items():
        for header in headers:
            for name in ("alice", "bob"):
                payload = bip137(name, header)
                label = f"header {payload[0]}, {form.value}"
                yield f"{label}, {name}", key_member(form, name), payload
    uncompressed = key_member(Form.P2PKH, "alice", compressed=False)
    yield "uncompressed", uncompressed, bip137("alice", 27)


PAYLOADS = {name: (identifier, payload) for name, identifier, payload in payloads()}


def test_the_judge_knows_the_scripts_of_our_addresses() -> None:
    for identifier, _ in WALLETS.values():
        script = output_of(identifier.value).script
        assert judge.script_of(identifier.value) == script


@pytest.mark.parametrize("name", PAYLOADS)
def test_the_judge_takes_what_we_take(name: str) -> None:
    identifier, payload = PAYLOADS[name]
    assert valid(identifier, payload)
    assert judge.accepts(identifier.value, RAW, payload)
    assert not valid(identifier, payload, RAW + b" ")
    assert not judge.accepts(identifier.value, RAW + b" ", payload)


@pytest.mark.parametrize("seed", range(12))
def test_the_judge_takes_what_our_signer_signs_with_any_key(seed: int) -> None:
    random = Random(seed)
    text = "".join(chr(random.randrange(32, 0x3000)) for _ in range(seed * 30))
    secret = random.randbytes(32)
    for form in (Form.P2PKH, Form.P2SH, Form.P2WPKH, Form.P2TR):
        signer = KeySigner(secret, form)
        payload = signer.sign(text).payload
        assert valid(signer.identifier, payload, text)
        assert judge.accepts(signer.identifier.value, text.encode(), payload)
    legacy = KeySigner(secret, Form.P2PKH, compressed=False)
    payload = legacy.sign(text).payload
    assert judge.accepts(legacy.identifier.value, text.encode(), payload)


@pytest.mark.parametrize("name", PAYLOADS)
def test_with_any_bit_flipped_it_is_refused_or_same_signer_and_text(name: str) -> None:
    """The judge agrees; it is slow, so of what we refuse it sees one in five."""
    identifier, payload = PAYLOADS[name]
    for number, changed in enumerate(flips(payload)):
        taken = valid(identifier, changed)
        if taken or number % 5 == 0:
            assert taken == judge.accepts(identifier.value, RAW, changed)
        if taken:
            assert len(payload) == 65
            assert (payload[0], changed[0]) in NEIGHBOURS
            assert payload[1:] == changed[1:]


def test_some_headers_of_bip_137_are_one_bit_apart() -> None:
    found = set()
    for identifier, payload in PAYLOADS.values():
        if len(payload) == 65:
            found |= {
                (payload[0], changed[0])
                for changed in flips(payload)
                if valid(identifier, changed)
            }
    assert found
    assert found <= NEIGHBOURS


@pytest.mark.parametrize("name", WALLETS)
def test_with_any_bit_of_the_text_flipped_it_is_refused(name: str) -> None:
    identifier, wallet = WALLETS[name]
    payload = full(identifier, wallet)
    for changed in flips(RAW):
        assert not valid(identifier, payload, changed)


@pytest.mark.parametrize("name", WALLETS)
def test_what_the_judge_refuses_is_refused(name: str) -> None:
    """Bytes cut out, put in or swapped, at random but always the same."""
    identifier, wallet = WALLETS[name]
    random = Random(name)
    payload = full(identifier, wallet)
    for _ in range(200):
        place, size = random.randrange(len(payload)), random.randrange(1, 9)
        junk = random.randbytes(random.randrange(9))
        changed = payload[:place] + junk + payload[place + size :]
        if valid(identifier, changed):
            assert changed == payload


@pytest.mark.parametrize("name", SEGWIT)
def test_the_judge_takes_no_more_witness_items_either(name: str) -> None:
    identifier, wallet = WALLETS[name]
    payload = simple(identifier, with_items(wallet, b""))
    assert not valid(identifier, payload)
    assert not judge.accepts(identifier.value, RAW, payload)
