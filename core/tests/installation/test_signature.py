"""Verifying installation signatures, as real clients made and judged them."""

from __future__ import annotations

from hashlib import sha512
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmtp_identity.errors import InvalidSignature, SignatureError, Undecodable
from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity.installation import INSTALLATION, ed25519ph
from xmtp_identity.installation.signature import (
    SIGNATURE_CONTEXT,
    encode_signature,
    verify_many,
)
from xmtp_identity.installation.signer import InstallationSigner
from xmtp_identity.kinds import SignatureItem, VerifiedSignature
from xmtp_identity.v1.identity_pb2 import IdentityUpdate

from . import curve
from .corpus import odd_encodings
from .logs import histories, installation_payloads, odd_log_signatures

_PUBLIC_CONTEXT: Final = b"PUBLIC SIGNATURE CONTEXT"
_TEXT: Final = "XMTP : Authenticate to inbox"
_SIGNER: Final = InstallationSigner(bytes(range(32)))
_GOOD: Final = _SIGNER.sign(_TEXT).payload
_BASE: Final = curve.encode(curve.BASE)
_ONE: Final = (1).to_bytes(32, "little")


def _verify(payload: bytes, text: str = _TEXT) -> VerifiedSignature | SignatureError:
    (result,) = verify_many([SignatureItem(text.encode(), payload)], {})
    return result


def _verified(payload: bytes, text: str = _TEXT) -> VerifiedSignature:
    result = _verify(payload, text)
    assert isinstance(result, VerifiedSignature)
    return result


def test_every_signature_of_the_real_histories_verifies() -> None:
    items = [
        SignatureItem(update["signature_text"].encode(), payload)
        for vector in histories()["vectors"]
        for update in vector["updates"]
        for payload in installation_payloads(
            IdentityUpdate.FromString(bytes.fromhex(update["raw"]))
        )
    ]
    assert len(items) >= 70
    for item, result in zip(items, verify_many(items, {}), strict=True):
        assert isinstance(result, VerifiedSignature)
        signature, key = item.payload[2:66], item.payload[68:]
        assert result.signer == MemberIdentifier("installation", key.hex())
        assert result.word_key == key
        assert result.remembered == signature
        assert result.chain_id is None


@pytest.mark.parametrize("signed", histories()["public_context_signatures"])
def test_what_an_app_signs_in_its_public_context_is_no_signature_here(
    signed: dict[str, Any],
) -> None:
    key, signature = map(bytes.fromhex, (signed["public_key"], signed["signature"]))
    digest = sha512(signed["text"].encode()).digest()
    ed25519ph.verify(key, signature, digest, _PUBLIC_CONTEXT)
    result = _verify(encode_signature(signature, key), signed["text"])
    assert isinstance(result, InvalidSignature)


def test_the_odd_logs_fail_exactly_where_the_real_client_says_so() -> None:
    signed = list(odd_log_signatures())
    assert len(signed) >= 250
    results = verify_many([SignatureItem(x.text, x.payload) for x in signed], {})
    failed = {
        x.case: (x.position, result.code)
        for x, result in zip(signed, results, strict=True)
        if isinstance(result, SignatureError)
    }
    assert failed == {
        "d2": (2, "invalid_signature"),  # over another text
        "d5": (2, "invalid_signature"),  # in the public context
        "m_ed_S_plus_L": (2, "invalid_signature"),
        "m_inst_sigkey31": (2, "invalid_public_key"),
    }
    cases = {x.case for x in signed}
    assert {"m_ed_noncanon_y", "m_ed_neg_zero_x"} <= cases


def test_another_encoding_of_a_key_is_another_signer_with_the_same_word_key() -> None:
    encodings = [curve.encode(curve.IDENTITY)]
    encodings += [data for _, data in odd_encodings(curve.IDENTITY)]
    results = [_verified(encode_signature(_BASE + _ONE, key)) for key in encodings]
    assert len({result.signer for result in results}) == len(encodings) == 4
    assert {result.word_key for result in results} == {encodings[0]}


def test_fields_in_another_order_twice_and_unknown_ones_are_taken() -> None:
    signature, key = _GOOD[:66], _GOOD[66:]
    unknown = b"\x1a\x03abc" + b"\x20\x01"
    for payload in (
        key + signature,
        unknown + signature + key,
        signature + key + unknown,
        b"\x0a\x01x" + signature + key,
        key.replace(key[2:], bytes(32)) + signature + key,
    ):
        assert _verified(payload) == _verified(_GOOD)


def test_the_last_of_repeated_fields_counts() -> None:
    assert isinstance(_verify(_GOOD + b"\x0a\x40" + bytes(64)), InvalidSignature)
    assert isinstance(_verify(_GOOD + b"\x12\x20" + bytes(32)), InvalidSignature)


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", "invalid_signature"),
        (_GOOD[:66], "invalid_public_key"),
        (_GOOD[66:], "invalid_signature"),
        (_GOOD[:66] + b"\x12\x1f" + _GOOD[69:], "invalid_public_key"),
        (_GOOD[:66] + b"\x12\x21" + _GOOD[68:] + b"\x00", "invalid_public_key"),
        (b"\x0a\x41" + _GOOD[2:66] + b"\x00" + _GOOD[66:], "invalid_signature"),
        (_GOOD[:-1], "undecodable"),
        (_GOOD + b"\x0a", "undecodable"),
        (_GOOD + b"\x08\x01", "undecodable"),
        (_GOOD[:66] + b"\x13" + _GOOD[67:], "undecodable"),
    ],
)
def test_payloads_of_a_wrong_form_are_refused(payload: bytes, code: str) -> None:
    result = _verify(payload)
    assert isinstance(result, SignatureError)
    assert (result.code, result.deviation, result.retryable) == (code, False, False)


def test_groups_nested_deeper_than_32_are_refused_as_a_deviation() -> None:
    for depth in (28, 29):
        result = _verify(_GOOD + b"\x23" * depth + b"\x24" * depth)
        assert isinstance(result, Undecodable) == (depth == 29)
        if isinstance(result, Undecodable):
            assert result.deviation


def test_a_failure_keeps_no_traceback_alive() -> None:
    for payload in (b"", b"\xff", _GOOD[:-1] + b"\x00"):
        result = _verify(payload)
        assert isinstance(result, SignatureError)
        assert result.__traceback__ is None


def test_no_items_give_no_results() -> None:
    assert verify_many([], {}) == []


def test_the_proof_of_the_kind_is_this_verifier() -> None:
    item = SignatureItem(_TEXT.encode(), _GOOD)
    assert INSTALLATION.proofs[3].verify_many([item], {}) == verify_many([item], {})


@given(st.binary(min_size=32, max_size=32), st.text(max_size=50))
def test_what_is_signed_verifies_and_names_its_signer(seed: bytes, text: str) -> None:
    signer = InstallationSigner(seed)
    signature = signer.sign(text)
    assert signature.number == 3
    result = _verified(signature.payload, text)
    assert result.signer == signer.identifier
    assert result.word_key == bytes.fromhex(signer.identifier.value)
    assert result.remembered == ed25519ph.sign(seed, text.encode(), SIGNATURE_CONTEXT)
    assert isinstance(_verify(signature.payload, text + "."), InvalidSignature)


def _damaged(data: bytes) -> st.SearchStrategy[bytes]:
    """``data`` with some bytes put in the place of some others."""

    def put(start: int, length: int, new: bytes) -> bytes:
        return data[:start] + new + data[start + length :]

    position = st.integers(0, len(data))
    return st.builds(put, position, st.integers(0, 40), st.binary(max_size=40))


@given(st.binary() | _damaged(_GOOD), st.binary())
def test_any_bytes_are_answered_and_never_raise(payload: bytes, text: bytes) -> None:
    (result,) = verify_many([SignatureItem(text, payload)], {})
    assert isinstance(result, VerifiedSignature | SignatureError)


@given(
    st.lists(
        st.builds(
            SignatureItem,
            st.sampled_from([_TEXT.encode(), b"", b"other"]),
            st.sampled_from([_GOOD, InstallationSigner(bytes(32)).sign("").payload])
            | _damaged(_GOOD),
        ),
        max_size=8,
    )
)
def test_many_at_once_are_judged_as_one_by_one(items: list[SignatureItem]) -> None:
    alone = [verify_many([item], {})[0] for item in items]
    assert [_plain(x) for x in verify_many(items, {})] == [_plain(x) for x in alone]


def _plain(result: VerifiedSignature | SignatureError) -> object:
    if isinstance(result, VerifiedSignature):
        return result
    return type(result), result.code, result.detail
