"""Verifying on replay: what counts, what does not, and what is never raised."""

from __future__ import annotations

import hashlib
import pickle

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.serialization import PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from xmtp_identity.errors import SignatureError, Undecodable
from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity.kinds import SignatureItem, VerifiedSignature
from xmtp_identity_passkey.p256 import N, P
from xmtp_identity_passkey.signature import (
    challenge_of,
    fixed_signature,
    load_public_key,
    verify_many,
)
from xmtp_identity_passkey.v1.passkey_pb2 import RecoverablePasskeySignature

from .assertions import (
    ALICE,
    BOB,
    CHALLENGE,
    ORIGIN,
    TEXT,
    Authenticator,
    client_data,
    item,
    refused,
    verified,
    verify,
)

INTEGER_R, INTEGER_S = b"\x02\x01\x05", b"\x02\x01\x07"


def test_a_right_signature_gives_signer_word_key_and_the_bytes_to_remember() -> None:
    message = ALICE.signature()
    result = verified(message)
    r, s = decode_dss_signature(message.signature)
    assert result == VerifiedSignature(
        signer=MemberIdentifier("passkey", ALICE.public_key().hex()),
        word_key=ALICE.public_key(),
        remembered=r.to_bytes(32) + s.to_bytes(32),
        chain_id=None,
    )
    assert result.signer.relying_party == ORIGIN


def test_another_text_another_key_and_another_authenticator_data_fail() -> None:
    message = ALICE.signature()
    assert refused(message, TEXT + "!").code == "client_data_challenge"
    message.public_key = BOB.public_key()
    assert refused(message).code == "invalid_signature"
    message = ALICE.signature()
    message.authenticator_data += b"\0"
    assert refused(message).code == "invalid_signature"


@pytest.mark.parametrize(
    "challenge",
    [
        CHALLENGE + "=",
        CHALLENGE + " ",
        CHALLENGE[:-1],
        "",
        challenge_of(hashlib.sha256(TEXT.encode()).digest()),
        1,
        [CHALLENGE],
        {"challenge": CHALLENGE},
        None,
    ],
    ids=range(9),
)
def test_a_challenge_that_is_not_exactly_the_text_fails(challenge: object) -> None:
    error = refused(ALICE.signature(client_data(challenge=challenge)))
    assert error.code == "client_data_challenge"
    assert not error.deviation


def test_the_challenge_is_base64url_of_the_raw_text_unpadded() -> None:
    assert challenge_of(b"\xfb\xff\xfe\x00") == "-__-AA"
    assert challenge_of(b"") == ""


@pytest.mark.parametrize("origin", [None, 1, True, [ORIGIN], {}])
def test_an_origin_that_is_no_string_fails(origin: object) -> None:
    error = refused(ALICE.signature(client_data(origin=origin)))
    assert error.code == "client_data_origin"
    assert not error.deviation


@pytest.mark.parametrize("origin", ["", "https://evil.example", "\0", "no origin"])
def test_any_string_will_do_as_origin_on_replay(origin: str) -> None:
    result = verified(ALICE.signature(client_data(origin=origin)))
    assert result.signer.relying_party == origin


def test_type_flags_and_relying_party_do_not_count_on_replay() -> None:
    verified(ALICE.signature(client_data(type="webauthn.create", crossOrigin=True)))
    verified(ALICE.signature(client_data(type=None, topOrigin="https://evil.example")))
    for authenticator_data in (b"", bytes(37), bytes(300)):
        verified(ALICE.signature(authenticator_data=authenticator_data))


def test_bad_client_data_is_a_deviation_whatever_else_is_wrong() -> None:
    message = ALICE.signature(client_data()[:-1] + b',"a":1,"a":1}')
    message.public_key = b"\x06"
    message.signature = b""
    error = refused(message, "another text")
    assert (error.code, error.deviation) == ("client_data_json", True)


def test_client_data_of_an_array_is_a_deviation() -> None:
    # The reference client's parser fills a struct from an array as well.
    raw = f'["{ORIGIN}","{CHALLENGE}"]'.encode()
    error = refused(ALICE.signature(raw))
    assert (error.code, error.deviation) == ("client_data_json", True)


def test_high_and_low_s_both_verify_and_are_remembered_as_signed() -> None:
    message = ALICE.signature()
    r, s = decode_dss_signature(message.signature)
    low = verified(message)
    message.signature = encode_dss_signature(r, N - s)
    high = verified(message)
    assert low.remembered != high.remembered
    assert high.remembered[32:] == (N - s).to_bytes(32)
    assert low.word_key == high.word_key


def test_every_encoding_of_a_key_has_one_word_key_but_is_a_signer_of_its_own() -> None:
    message = ALICE.signature()
    expected = verified(message)
    message.public_key = ALICE.public_key(PublicFormat.CompressedPoint)
    result = verified(message)
    assert result.word_key == expected.word_key
    assert result.signer.value == message.public_key.hex() != expected.signer.value


def test_a_compact_key_is_the_point_with_the_smaller_y() -> None:
    smaller = set()
    for number in range(8):
        key = Authenticator.of(f"compact {number}")
        message = key.signature()
        y = int.from_bytes(message.public_key[33:])
        smaller.add(y < P - y)
        message.public_key = b"\x05" + message.public_key[1:33]
        if y < P - y:
            assert verified(message).word_key == key.public_key()
        else:
            assert refused(message).code == "invalid_signature"
    assert smaller == {True, False}


@pytest.mark.parametrize(
    "key",
    [
        b"",
        b"\x00",
        bytes(33),
        bytes(65),
        b"\x06" + ALICE.public_key()[1:],
        b"\x07" + ALICE.public_key()[1:],
        b"\x05" + ALICE.public_key()[1:],
        b"\x04" + ALICE.public_key()[1:33],
        b"\x02" + ALICE.public_key()[1:],
        b"\x02" + b"\xff" * 32,
        b"\x02" + (1).to_bytes(32),
        b"\x05" + (1).to_bytes(32),
        ALICE.public_key() + b"\0",
        ALICE.public_key()[1:],
        ALICE.public_key()[:-1] + bytes([ALICE.public_key()[-1] ^ 1]),
    ],
    ids=lambda key: f"{key[:1].hex()}-{len(key)}",
)
def test_hybrid_infinite_and_impossible_keys_fail(key: bytes) -> None:
    message = ALICE.signature()
    message.public_key = key
    assert refused(message).code == "passkey_public_key"


@pytest.mark.parametrize(
    "der",
    {
        "nothing": b"",
        "a long form length": b"\x30\x81\x06" + INTEGER_R + INTEGER_S,
        "an indefinite length": b"\x30\x80" + INTEGER_R + INTEGER_S + b"\0\0",
        "a byte behind": b"\x30\x06" + INTEGER_R + INTEGER_S + b"\0",
        "a byte inside": b"\x30\x07" + INTEGER_R + INTEGER_S + b"\0",
        "a set": b"\x31\x06" + INTEGER_R + INTEGER_S,
        "an octet string": b"\x30\x06\x04\x01\x05" + INTEGER_S,
        "one number": b"\x30\x03" + INTEGER_R,
        "three numbers": b"\x30\x09" + INTEGER_R * 3,
        "r padded": b"\x30\x07\x02\x02\x00\x05" + INTEGER_S,
        "s padded": b"\x30\x07" + INTEGER_R + b"\x02\x02\x00\x07",
        "r negative": b"\x30\x06\x02\x01\x85" + INTEGER_S,
        "r empty": b"\x30\x05\x02\x00" + INTEGER_S,
        "r zero": b"\x30\x06\x02\x01\x00" + INTEGER_S,
        "s zero": b"\x30\x06" + INTEGER_R + b"\x02\x01\x00",
        "s is n": b"\x30\x26" + INTEGER_R + b"\x02\x21\x00" + N.to_bytes(32),
        "r reaches beyond": b"\x30\x06\x02\x7f\x05" + INTEGER_S,
        "r and s raw": bytes(range(1, 65)),
        "huge": b"\x30\x82\xff\xff" + b"\x02\x82\xff\xfb" + b"\x01" * 0xFFFB,
    }.items(),
    ids=lambda pair: pair[0],
)
def test_what_is_not_strict_der_of_numbers_in_range_fails(
    der: tuple[str, bytes],
) -> None:
    assert fixed_signature(der[1]) is None
    message = ALICE.signature()
    message.signature = der[1]
    assert refused(message).code == "passkey_signature_form"


numbers = st.integers(1, N - 1) | st.sampled_from(
    [1, 127, 128, 255, 256, 1 << 247, 1 << 255, N - 1, N // 2]
)


@given(numbers, numbers)
def test_strict_der_is_read_as_cryptography_writes_it(r: int, s: int) -> None:
    fixed = fixed_signature(encode_dss_signature(r, s))
    assert fixed == r.to_bytes(32) + s.to_bytes(32)


@given(
    numbers,
    numbers,
    st.lists(st.tuples(st.integers(0, 80), st.integers(0, 255), st.integers(0, 2))),
)
def test_damaged_der_is_taken_only_if_it_is_what_cryptography_would_write(
    r: int, s: int, damage: list[tuple[int, int, int]]
) -> None:
    der = bytearray(encode_dss_signature(r, s))
    for position, byte, length in damage[:2]:
        der[position : position + length] = bytes([byte])
    fixed = fixed_signature(bytes(der))
    try:
        numbers_read = decode_dss_signature(bytes(der))
    except ValueError:
        numbers_read = (0, 0)
    plain = all(0 < number < N for number in numbers_read)
    if plain and encode_dss_signature(*numbers_read) == bytes(der):
        assert fixed == b"".join(number.to_bytes(32) for number in numbers_read)
    else:
        assert fixed is None


def test_a_payload_that_is_no_message_is_undecodable() -> None:
    for payload in (b"\x0a", b"\x08\x01", b"\x0b"):
        (result,) = verify_many([SignatureItem(b"", payload)], {})
        assert isinstance(result, Undecodable)


def test_an_empty_payload_fails() -> None:
    (result,) = verify_many([SignatureItem(b"", b"")], {})
    assert isinstance(result, SignatureError)


def test_unknown_fields_of_the_message_do_not_count() -> None:
    signed = item(ALICE.signature())
    (result,) = verify_many([signed._replace(payload=signed.payload + b"\x30\x01")], {})
    assert isinstance(result, VerifiedSignature)


def test_a_text_of_any_bytes_can_be_signed() -> None:
    text = b"\xff\x00"
    verified(ALICE.signature(client_data(challenge=challenge_of(text))), text)


def test_an_error_does_not_hold_what_it_refused() -> None:
    mismatch = ALICE.signature(authenticator_data=b"")
    mismatch.public_key = BOB.public_key()
    for message in (ALICE.signature(client_data() + b"x"), mismatch):
        error = refused(message)
        assert (error.__traceback__, error.__context__) == (None, None)
    copied = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (copied.code, copied.detail) == (error.code, error.detail)


pool = [
    item(ALICE.signature()),
    item(BOB.signature()),
    item(ALICE.signature(), "another text"),
    item(ALICE.signature(client_data(challenge=challenge_of(b"x"))), "x"),
    item(BOB.signature(client_data()[:-1] + b',"type":1}')),
    SignatureItem(b"x", b"\xff"),
    SignatureItem(b"", b""),
]


@given(st.lists(st.sampled_from(pool), max_size=12))
def test_a_batch_gives_what_one_by_one_gives(items: list[SignatureItem]) -> None:
    alone = [verify_many([one], {})[0] for one in items]
    together = verify_many(items, {})
    assert list(map(_summary, together)) == list(map(_summary, alone))


@given(
    st.lists(st.builds(SignatureItem, st.binary(max_size=9), st.binary(max_size=99)))
)
def test_any_bytes_get_an_answer_each(items: list[SignatureItem]) -> None:
    results = verify_many(items, {})
    assert len(results) == len(items)
    assert all(isinstance(result, SignatureError) for result in results)


def pieces(*right: bytes) -> st.SearchStrategy[bytes]:
    return st.sampled_from(right) | st.binary(max_size=80)


@given(
    st.builds(
        RecoverablePasskeySignature,
        public_key=pieces(
            ALICE.public_key(), b"\x05" + ALICE.public_key()[1:33], b"\x04" * 65
        ),
        signature=pieces(ALICE.signature().signature, b"\x30\x06" + INTEGER_R * 2),
        authenticator_data=pieces(b""),
        client_data_json=pieces(client_data(), client_data(origin="")),
    )
)
def test_any_fields_get_an_answer(message: RecoverablePasskeySignature) -> None:
    assert isinstance(verify(message), VerifiedSignature | SignatureError)


def test_loading_a_key_keeps_nothing_of_a_wrong_length() -> None:
    assert load_public_key(b"\x04" * 1_000_000) is None


def _summary(result: VerifiedSignature | SignatureError) -> object:
    if isinstance(result, VerifiedSignature):
        return (*result, result.signer.relying_party)
    return (type(result), result.code, result.detail, result.deviation)
