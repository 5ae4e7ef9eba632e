"""The proof erc_191: decided as the reference client does, byte for byte."""

from __future__ import annotations

import sys

import pytest
from eth_keys.datatypes import Signature
from hypothesis import given
from hypothesis import strategies as st

from xmtp_identity.errors import (
    InvalidSignature,
    NotAdmitted,
    SignatureError,
    Undecodable,
)
from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity.kinds import SignatureItem, VerifiedSignature
from xmtp_identity_ethereum.hashing import eip191_hash, keccak_256
from xmtp_identity_ethereum.signature import admit, verify_many

from .support import (
    ORDER,
    Result,
    eip191,
    group,
    high_s,
    one,
    payload_of,
    private_key,
    signer_of,
    wallet_signature,
)

TEXT = "XMTP : Authenticate to inbox\n\n… \U0001f600"
KEY = private_key("wallet")
ADDRESS = KEY.public_key.to_address()
SIGNATURE = wallet_signature(KEY, TEXT)


def with_v(v: int) -> bytes:
    return SIGNATURE[:64] + bytes([v])


def admitted(payload: bytes) -> None:
    """Verify, then ask whether it is admitted."""
    item = SignatureItem(TEXT.encode(), payload)
    result = one(verify_many, TEXT, payload)
    assert isinstance(result, VerifiedSignature), result
    admit(item, result, None)


@given(st.integers(0, 9), st.text(st.characters(codec="utf-8")))
def test_a_wallets_signature_proves_its_address(number: int, text: str) -> None:
    wallet = private_key(f"wallet {number}")
    signature = wallet_signature(wallet, text)
    assert one(verify_many, text, payload_of(signature)) == VerifiedSignature(
        signer=MemberIdentifier("ethereum", wallet.public_key.to_address()),
        word_key=wallet.public_key.to_canonical_address(),
        remembered=signature,
        chain_id=None,
    )


def test_the_length_in_the_hash_is_of_bytes_in_decimal() -> None:
    text = "é" * 60
    assert eip191_hash(text.encode()) == keccak_256(
        b"\x19Ethereum Signed Message:\n120" + text.encode()
    )
    assert eip191_hash(b"") == keccak_256(eip191(b""))


def test_keccak_is_not_the_sha_3_of_the_standard() -> None:
    # The hash of nothing, as the Yellow Paper's appendix H gives it.
    empty = "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert keccak_256(b"").hex() == empty


@given(st.binary(max_size=300))
def test_pycryptodome_gives_the_same_keccak(data: bytes) -> None:
    keccak = pytest.importorskip("Crypto.Hash.keccak", reason="pycryptodome is absent")
    assert keccak.new(digest_bits=256, data=data).digest() == keccak_256(data)


def test_without_safe_pysha3_pycryptodome_hashes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("Crypto.Hash.keccak", reason="pycryptodome is absent")
    monkeypatch.setitem(sys.modules, "sha3", None)
    from xmtp_identity_ethereum.hashing import _find_keccak_256

    assert _find_keccak_256()(b"data") == keccak_256(b"data")


def test_v_is_read_in_four_ways_and_no_other() -> None:
    parity = SIGNATURE[64] - 27
    same = {parity, 27 + parity, *range(35 + parity, 256, 2)}
    twin = {1 - parity, 28 - parity, *range(36 - parity, 256, 2)}
    for v in range(256):
        result = one(verify_many, TEXT, payload_of(with_v(v)))
        if v in same:
            assert signer_of(result) == ADDRESS
        elif v in twin:
            assert signer_of(result) != ADDRESS
        else:
            assert isinstance(result, InvalidSignature)
            assert str(v) in result.detail


def test_v_is_remembered_as_given_and_the_word_is_the_same() -> None:
    results = [
        one(verify_many, TEXT, payload_of(with_v(v)))
        for v in (SIGNATURE[64] - 27, SIGNATURE[64], SIGNATURE[64] + 8)
    ]
    assert len({each.word_key for each in map(valid, results)}) == 1
    assert len({each.remembered for each in map(valid, results)}) == 3


def valid(result: Result) -> VerifiedSignature:
    assert isinstance(result, VerifiedSignature), result
    return result


def test_a_high_s_is_lowered_and_v_kept() -> None:
    result = valid(one(verify_many, TEXT, payload_of(high_s(SIGNATURE))))
    assert result.signer.value == ADDRESS
    assert result.remembered == SIGNATURE


def test_the_sound_twin_with_high_s_and_the_other_v_is_of_another_signer() -> None:
    twin = high_s(SIGNATURE)[:64] + bytes([55 - SIGNATURE[64]])
    sound = Signature(
        vrs=(
            twin[64] - 27,
            int.from_bytes(twin[:32], "big"),
            int.from_bytes(twin[32:64], "big"),
        )
    )
    recovered = sound.recover_public_key_from_msg(eip191(TEXT.encode()))
    assert recovered == KEY.public_key
    assert signer_of(one(verify_many, TEXT, payload_of(twin))) != ADDRESS


def test_r_and_s_out_of_range_are_invalid() -> None:
    r, s = SIGNATURE[:32], SIGNATURE[32:64]
    for number in (0, ORDER, 2**256 - 1):
        raw = number.to_bytes(32, "big")
        for signature in (raw + s, r + raw):
            result = one(verify_many, TEXT, payload_of(signature + b"\x1b"))
            assert isinstance(result, InvalidSignature)
            assert not result.deviation


def test_the_compact_form_of_eip_2098_is_refused() -> None:
    folded = bytearray(SIGNATURE[:64])
    folded[32] |= (SIGNATURE[64] - 27) << 7
    result = one(verify_many, TEXT, payload_of(bytes(folded)))
    assert isinstance(result, InvalidSignature)
    assert "65 bytes" in result.detail


def test_der_is_refused() -> None:
    der = b"\x30\x44\x02\x20" + SIGNATURE[:32] + b"\x02\x20" + SIGNATURE[32:64]
    for signature in (der, der + SIGNATURE[64:]):
        assert isinstance(
            one(verify_many, TEXT, payload_of(signature)), InvalidSignature
        )


@pytest.mark.parametrize("length", [0, 1, 63, 64, 66, 130, 10_000])
def test_a_signature_of_another_length_is_refused(length: int) -> None:
    signature = (SIGNATURE * 200)[:length]
    assert isinstance(one(verify_many, TEXT, payload_of(signature)), InvalidSignature)


@pytest.mark.parametrize(
    "payload",
    [
        payload_of(SIGNATURE) + b"\x48\x05",
        b"\x3a\x01x" + payload_of(SIGNATURE),
        payload_of(b"x" * 65) + payload_of(SIGNATURE),
        b"\x0a\xc1\x00" + SIGNATURE,
        payload_of(SIGNATURE) + group(9, 20),
    ],
)
def test_a_message_in_an_odd_encoding_reads_the_same(payload: bytes) -> None:
    assert one(verify_many, TEXT, payload) == one(
        verify_many, TEXT, payload_of(SIGNATURE)
    )


@pytest.mark.parametrize(
    "payload",
    [
        b"\x08\x05",
        payload_of(SIGNATURE) + b"\x08\x05",
        payload_of(SIGNATURE)[:-1],
        payload_of(SIGNATURE) + b"\x48" + b"\xff" * 9 + b"\x02",
        payload_of(SIGNATURE) + b"\x4b",
        b"\xff",
    ],
)
def test_a_message_that_prost_refuses_is_undecodable(payload: bytes) -> None:
    result = one(verify_many, TEXT, payload)
    assert isinstance(result, Undecodable)
    assert not result.deviation


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"\x0a\xc1\x80\x80\x80\x80\x00" + SIGNATURE, "overlong_varint"),
        (payload_of(SIGNATURE) + group(9, 40), "nesting_too_deep"),
    ],
)
def test_a_message_that_only_this_project_refuses_deviates(
    payload: bytes, code: str
) -> None:
    result = one(verify_many, TEXT, payload)
    assert isinstance(result, Undecodable)
    assert result.code == code
    assert result.deviation


def test_signatures_of_several_texts_in_one_call_keep_their_order() -> None:
    wallets = [private_key(f"order {number}") for number in range(6)]
    texts = [b"one", b"two", b"one", b"", b"two", b"one"]
    items = [
        SignatureItem(text, payload_of(wallet_signature(wallet, text)))
        for wallet, text in zip(wallets, texts, strict=True)
    ]
    items.insert(3, SignatureItem(b"one", b""))
    results = verify_many(items, {})
    assert isinstance(results.pop(3), SignatureError)
    addresses = [wallet.public_key.to_address() for wallet in wallets]
    assert [signer_of(result) for result in results] == addresses


@pytest.mark.parametrize("payload", [b"", b"\xff", b"\x08\x05", payload_of(b"\0" * 65)])
def test_an_error_holds_no_frames_and_so_no_other_items(payload: bytes) -> None:
    result = one(verify_many, TEXT, payload)
    assert isinstance(result, SignatureError)
    assert result.__traceback__ is None
    assert result.__context__ is None
    assert result.__cause__ is None


@pytest.mark.parametrize("shift", [-27, 0])
def test_low_s_with_v_27_28_0_or_1_is_admitted(shift: int) -> None:
    admitted(payload_of(with_v(SIGNATURE[64] + shift)))


@pytest.mark.parametrize("v", [35, 36, 255])
def test_another_v_is_not_admitted(v: int) -> None:
    with pytest.raises(NotAdmitted, match=f"this one is {v}") as refused:
        admitted(payload_of(with_v(v)))
    assert refused.value.code == "ethereum_signature_form"


def test_a_high_s_is_not_admitted() -> None:
    with pytest.raises(NotAdmitted, match="upper half") as refused:
        admitted(payload_of(high_s(SIGNATURE)))
    assert refused.value.code == "ethereum_signature_form"
