"""Ed25519ph against RFC 8032, pycryptodome, real ed25519-dalek and a textbook."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256, sha512
from pathlib import Path
from typing import Final

import pytest
from Crypto.Hash import SHA512
from Crypto.Signature import eddsa
from hypothesis import example, given
from hypothesis import strategies as st

from xmtp_identity.errors import InvalidSignature
from xmtp_identity.installation import accelerator, ed25519ph

from . import curve
from .corpus import CONTEXT, Case, corpus, lines, many_eddsas, odd_encodings

_VERDICTS: Final = Path(__file__).with_name("dalek-verdicts.json")
_SEED: Final = bytes.fromhex(
    "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42"
)
_L: Final = curve.L


def _accepts(key: bytes, signature: bytes, message: bytes, context: bytes) -> bool:
    try:
        ed25519ph.verify(key, signature, sha512(message).digest(), context)
    except InvalidSignature:
        return False
    return True


@pytest.fixture(
    scope="module", autouse=True, params=["0", "1"], ids=["pure", "accelerated"]
)
def _way(request: pytest.FixtureRequest) -> Iterator[None]:
    """Everything here holds without the accelerator and with it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(accelerator.SWITCH, request.param)
        accelerator.accelerator.cache_clear()
        if request.param == "1" and accelerator.accelerator() is None:
            pytest.skip("xmtp-identity-accelerate is not installed or not compiled")
        yield
    accelerator.accelerator.cache_clear()


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return corpus()


def test_rfc_8032_section_7_3_signs_and_verifies() -> None:
    key = bytes.fromhex(
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf"
    )
    signature = bytes.fromhex(
        "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41"
        "31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406"
    )
    assert ed25519ph.public_key(_SEED) == key
    assert ed25519ph.sign(_SEED, b"abc", b"") == signature
    assert _accepts(key, signature, b"abc", b"")
    assert not _accepts(key, signature, b"abc", b"x")


@given(st.binary(min_size=32, max_size=32), st.binary(), st.binary(max_size=255))
def test_signatures_are_pycryptodomes_and_verify(
    seed: bytes, message: bytes, context: bytes
) -> None:
    private = eddsa.import_private_key(seed)
    theirs = eddsa.new(private, "rfc8032", context=context).sign(SHA512.new(message))
    key = private.public_key().export_key(format="raw")
    assert ed25519ph.public_key(seed) == key
    assert ed25519ph.sign(seed, message, context) == theirs
    assert _accepts(key, theirs, message, context)
    assert not _accepts(key, theirs, message + b"x", context)
    assert not _accepts(key, theirs, message, context[1:] + b"\x00\x00")


def test_a_context_of_255_bytes_signs_and_a_longer_one_is_refused() -> None:
    key, longest = ed25519ph.public_key(_SEED), b"c" * 255
    signature = ed25519ph.sign(_SEED, b"m", longest)
    assert _accepts(key, signature, b"m", longest)
    with pytest.raises(ValueError, match="range"):
        ed25519ph.sign(_SEED, b"m", longest + b"c")


def test_real_dalek_decides_every_edge_case_alike(cases: list[Case]) -> None:
    recorded = json.loads(_VERDICTS.read_text("utf-8"))
    assert sha256(lines(cases).encode()).hexdigest() == recorded["cases"], (
        "The corpus changed: record dalek's verdicts anew (dalek.mjs)."
    )
    verdicts = "".join(recorded["verdicts"])
    differences = [
        case.name
        for case, verdict in zip(cases, verdicts, strict=True)
        if _accepts(case.key, case.signature, case.message, CONTEXT) != (verdict == "1")
    ]
    assert not differences
    assert len(cases) >= 1500
    assert verdicts.count("1") >= 300


def test_the_textbook_decides_every_edge_case_alike(cases: list[Case]) -> None:
    differences = [
        case.name
        for case in cases
        if _accepts(case.key, case.signature, case.message, CONTEXT)
        != curve.accepts(case.key, case.signature, case.message, CONTEXT)
    ]
    assert not differences


@pytest.mark.parametrize(
    ("case", "valid"),
    [(case, i in {0, 1, 2, 3, 11}) for i, case in enumerate(many_eddsas())],
)
def test_the_twelve_cases_of_many_eddsas_come_out_as_dalek_has_them(
    case: Case, valid: bool
) -> None:
    assert _accepts(case.key, case.signature, case.message, CONTEXT) == valid


@given(st.data())
def test_random_edges_come_out_as_in_the_textbook(data: st.DataObject) -> None:
    scalar = data.draw(st.integers(0, _L - 1), "a")
    torsion = curve.TORSION[data.draw(st.integers(0, 7), "torsion of A")]
    key = curve.encode(curve.add(curve.multiply_base(scalar), torsion))
    nonce = data.draw(st.integers(0, _L - 1), "r")
    other = curve.TORSION[data.draw(st.integers(0, 7), "torsion of R")]
    commitment = curve.encode(curve.add(curve.multiply_base(nonce), other))
    message = data.draw(st.binary(max_size=4), "message")
    k = curve.challenge(commitment, key, message, CONTEXT)
    s = (nonce + k * scalar) % _L + data.draw(st.sampled_from([0, 0, 0, _L]), "more")
    signature = commitment + s.to_bytes(32, "little")
    expected = curve.accepts(key, signature, message, CONTEXT)
    assert _accepts(key, signature, message, CONTEXT) == expected


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=64, max_size=64))
@example(bytes(32), bytes(64))
@example(b"\xff" * 32, b"\xff" * 64)
def test_any_bytes_come_out_as_in_the_textbook(key: bytes, signature: bytes) -> None:
    assert _accepts(key, signature, b"", b"") == curve.accepts(key, signature, b"", b"")


def test_a_batch_has_one_answer_each_in_order_whatever_is_in_it(
    cases: list[Case],
) -> None:
    signed = [
        (case.key, case.signature, sha512(case.message).digest()) for case in cases
    ]
    signed[3:3] = [(bytes(31), bytes(64), bytes(64)), (bytes(32), b"", bytes(64))]
    answers = ed25519ph.verify_many(signed, CONTEXT)
    assert len(answers) == len(signed)
    for one, answer in zip(signed, answers, strict=True):
        if answer is None:
            ed25519ph.verify(*one, CONTEXT)
            continue
        with pytest.raises(InvalidSignature) as caught:
            ed25519ph.verify(*one, CONTEXT)
        refusal = caught.value
        assert (answer.code, answer.detail) == (refusal.code, refusal.detail)
    assert ed25519ph.verify_many([], CONTEXT) == []


def _keys(cases: list[Case]) -> list[bytes]:
    return list(dict.fromkeys(case.key for case in cases))


def test_multiples_of_every_odd_key_are_right_also_for_k_of_zero(
    cases: list[Case],
) -> None:
    """No hash is known that gives such a k, so they are tried directly."""
    scalars = [*range(18), 8 * 9, _L - 9, _L - 8, _L - 2, _L - 1]
    for key in _keys(cases):
        point = curve.decompress(key)
        if point is None:
            continue
        for scalar in scalars:
            expected = curve.encode(curve.multiply(scalar, point))
            assert ed25519ph._multiply(scalar, key) == expected


def test_a_key_that_is_no_point_is_named_as_the_reason(cases: list[Case]) -> None:
    for key in _keys(cases):
        if curve.decompress(key) is None:
            with pytest.raises(InvalidSignature) as caught:
                ed25519ph.verify(key, bytes(64), bytes(64), CONTEXT)
            assert caught.value.code == "invalid_public_key"


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_keys_of_another_length_are_refused(length: int) -> None:
    with pytest.raises(InvalidSignature) as caught:
        ed25519ph.verify(bytes(length), bytes(64), bytes(64), CONTEXT)
    assert caught.value.code == "invalid_public_key"
    assert not ed25519ph.is_safe_key(bytes(length))


@pytest.mark.parametrize("length", [0, 32, 63, 65, 96])
def test_signatures_of_another_length_are_refused(length: int) -> None:
    key = ed25519ph.public_key(_SEED)
    with pytest.raises(InvalidSignature) as caught:
        ed25519ph.verify(key, bytes(length), bytes(64), CONTEXT)
    assert caught.value.code == "invalid_signature"


def test_the_canonical_key_is_the_encoding_of_the_point(cases: list[Case]) -> None:
    keys = _keys(cases)
    points = [(key, curve.decompress(key)) for key in keys]
    for key, point in points:
        if point is not None:
            assert ed25519ph.canonical_key(key) == curve.encode(point)
    assert sum(ed25519ph.canonical_key(key) != key for key in keys) >= 20


@given(st.binary(min_size=32, max_size=32))
def test_canonical_keys_stay_as_they_are(data: bytes) -> None:
    canonical = ed25519ph.canonical_key(data)
    assert ed25519ph.canonical_key(canonical) == canonical
    assert curve.decompress(canonical) == curve.decompress(data)


def test_keys_of_prime_order_alone_are_safe(cases: list[Case]) -> None:
    for key in _keys(cases):
        point = curve.decompress(key)
        prime = (
            point is not None
            and not curve.equal(point, curve.IDENTITY)
            and curve.equal(curve.multiply(_L, point), curve.IDENTITY)
            and curve.encode(point) == key
        )
        assert ed25519ph.is_safe_key(key) == prime


def test_a_key_of_order_2_l_is_not_safe() -> None:
    """The mistake of libsodium before CVE-2025-69277 was mended."""
    honest = curve.decompress(ed25519ph.public_key(_SEED))
    assert honest is not None
    assert not ed25519ph.is_safe_key(curve.encode(curve.add(honest, curve.TORSION[4])))


def test_no_unreduced_encoding_is_safe() -> None:
    for torsion in curve.TORSION:
        for _, data in odd_encodings(torsion):
            assert not ed25519ph.is_safe_key(data)
