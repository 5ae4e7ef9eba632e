"""Signatures: five forms, each rebuilt; anything else is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.bindings import crypto_core_ed25519_add, crypto_sign

import xmtp_identity_solana.signature as module
from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity.kinds import SignatureItem, VerifiedSignature
from xmtp_identity_solana.identifier import encode
from xmtp_identity_solana.signature import is_signature, messages, verify_many

from .support import (
    FORMS,
    IDENTITY,
    ORDER,
    SYSTEM_PROGRAM,
    code_of,
    secret_of,
    signer,
    small_order_points,
    text_for,
    verify,
    with_torsion,
    wrapped,
)

WALLET = signer("wallet")
MEMBER = WALLET.identifier
KEY = encode(MEMBER)
TEXT = text_for(MEMBER.value).encode()
SYSTEM = MemberIdentifier("solana", SYSTEM_PROGRAM)

each_form = pytest.mark.parametrize("form", FORMS)


def signed(message: bytes, name: str = "wallet") -> bytes:
    return crypto_sign(message, secret_of(signer(name)))[:64]


def flips(data: bytes, step: int = 1) -> list[bytes]:
    """The same bytes with one bit changed, each bit or each ``step``-th."""
    number = int.from_bytes(data)
    return [
        (number ^ 1 << bit).to_bytes(len(data)) for bit in range(0, len(data) * 8, step)
    ]


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The messages that were tried, as the test goes on."""
    seen: list[bytes] = []

    def watched(key: bytes, signature: bytes, message: bytes) -> bool:
        seen.append(message)
        return is_signature(key, signature, message)

    monkeypatch.setattr(module, "is_signature", watched)
    return seen


@each_form
def test_a_signature_in_each_form_proves_its_address(form: str) -> None:
    signature = signed(wrapped(form, TEXT, KEY))
    assert verify(MEMBER, TEXT, signature) == VerifiedSignature(
        signer=MEMBER, word_key=KEY, remembered=signature, chain_id=None
    )


def test_the_forms_are_tried_from_the_cheapest_on_and_are_five(
    tried: list[bytes],
) -> None:
    expected = [wrapped(form, TEXT, KEY) for form in FORMS]
    assert list(messages(TEXT, KEY)) == expected
    assert code_of(verify(MEMBER, TEXT, signed(b"x"))) == "invalid_signature"
    assert tried == expected


def test_a_sound_signature_over_the_bare_text_costs_one_verification(
    tried: list[bytes],
) -> None:
    assert isinstance(verify(MEMBER, TEXT, signed(TEXT)), VerifiedSignature)
    assert tried == [TEXT]


def test_a_signature_of_another_length_costs_none(tried: list[bytes]) -> None:
    good = signed(TEXT)
    for signature in (b"", good[:-1], good + b"\0", good * 2, good + TEXT):
        assert code_of(verify(MEMBER, TEXT, signature)) == "solana_signature_form"
    assert tried == []


@given(st.binary(max_size=200) | st.just(b"x" * 70_000), st.integers(0, 99))
def test_no_two_forms_are_the_same_bytes(text: bytes, number: int) -> None:
    key = encode(signer(f"wallet {number}").identifier)
    if text[:1] == b"\xff":  # no UTF-8 has this byte
        return
    forms = list(messages(text, key))
    assert len(set(forms)) == len(forms) <= 5


@pytest.mark.parametrize(
    ("length", "forms"),
    [
        (1147, ["raw", "v0_1", "v0_2", "legacy_1", "v1"]),  # 1,232 bytes with header
        (1148, ["raw", "v0_2", "legacy_1", "v1"]),
        (1212, ["raw", "v0_2", "legacy_1", "v1"]),  # 1,232 with the older header
        (1213, ["raw", "v0_2", "legacy_2", "v1"]),
        (65_450, ["raw", "v0_2", "legacy_2", "v1"]),  # 65,535 with header
        (65_451, ["raw", "legacy_2", "v1"]),
        (65_515, ["raw", "legacy_2", "v1"]),
        (65_516, ["raw", "v1"]),
        (200_000, ["raw", "v1"]),
    ],
)
def test_a_form_ends_where_its_format_does(length: int, forms: list[str]) -> None:
    text = (TEXT * (length // len(TEXT) + 1))[:length]
    assert list(messages(text, KEY)) == [wrapped(form, text, KEY) for form in forms]


def test_length_is_in_bytes_and_not_in_characters() -> None:
    text = ("é" * 573 + "\n").encode()
    assert len(text) == 1147
    assert wrapped("v0_1", text, KEY) in messages(text, KEY)
    assert wrapped("v0_1", text + b"\n", KEY) not in messages(text + b"\n", KEY)


def test_a_format_too_small_for_the_text_is_refused() -> None:
    text = TEXT * 5
    for form in ("v0_1", "legacy_1"):
        signature = signed(wrapped(form, text, KEY))
        assert code_of(verify(MEMBER, text, signature)) == "invalid_signature"


def test_format_0_which_allows_no_line_feeds_is_refused() -> None:
    assert b"\n" in TEXT
    for form in ("v0_0", "legacy_0"):
        signature = signed(wrapped(form, TEXT, KEY))
        assert code_of(verify(MEMBER, TEXT, signature)) == "invalid_signature"


@pytest.mark.parametrize(
    "message",
    [
        wrapped("v0_3", TEXT, KEY),
        wrapped("legacy_2", TEXT, KEY),
        wrapped("v0_1", TEXT, KEY).replace(
            bytes(32), b"application domain" + bytes(14)
        ),
        wrapped("v0_1", TEXT, KEY).replace(KEY, encode(signer("other").identifier)),
        wrapped("v1", TEXT, KEY).replace(KEY, encode(signer("other").identifier)),
        wrapped("v1", TEXT, KEY).replace(b"\x01\x01" + KEY, b"\x01\x02" + KEY * 2),
        KEY + TEXT,
        wrapped("v1", TEXT, KEY).replace(TEXT, len(TEXT).to_bytes(2, "little") + TEXT),
        wrapped("v0_1", TEXT, KEY)[1:],
        wrapped("legacy_1", TEXT, KEY) + b"\n",
        b"\xffsolana offchain" + TEXT,
        b"\x19Ethereum Signed Message:\n%d%b" % (len(TEXT), TEXT),
        TEXT + b"\n",
        TEXT[:-1],
        TEXT.replace(b"\n", b"\r\n"),
        TEXT.replace(b"ab", b"AB", 1),
        TEXT.hex().encode(),
        b"",
    ],
    ids=range(18),
)
def test_a_signature_over_anything_else_is_refused(message: bytes) -> None:
    assert code_of(verify(MEMBER, TEXT, signed(message))) == "invalid_signature"


@each_form
def test_any_bit_of_a_signature_counts(form: str) -> None:
    signature = signed(wrapped(form, TEXT, KEY))
    for flipped in flips(signature, step=1 if form == "raw" else 5):
        assert code_of(verify(MEMBER, TEXT, flipped)) == "invalid_signature"


@each_form
def test_any_bit_of_the_text_counts(form: str) -> None:
    signature = signed(wrapped(form, TEXT, KEY))
    for text in flips(TEXT, step=23):
        assert code_of(verify(MEMBER, text, signature)) == "invalid_signature"


@each_form
def test_another_wallet_did_not_sign_it(form: str) -> None:
    signature = signed(wrapped(form, TEXT, KEY))
    other = signer("other").identifier
    assert code_of(verify(other, TEXT, signature)) == "invalid_signature"


def test_the_system_programs_forged_signature_is_refused() -> None:
    # R is the point of order 2, S is 0: sound for every text to lax verifiers.
    for commitment in small_order_points():
        forged = commitment + bytes(32)
        assert code_of(verify(SYSTEM, TEXT, forged)) == "solana_signer"
        for key in small_order_points():
            assert not is_signature(key, forged, TEXT)


def test_a_point_r_of_small_order_is_refused() -> None:
    good = signed(TEXT)
    for commitment in small_order_points():
        assert not is_signature(KEY, commitment + good[32:], TEXT)
        assert not is_signature(KEY, commitment + bytes(32), TEXT)


def test_a_point_r_with_a_part_of_small_order_is_refused() -> None:
    for torsion in small_order_points():
        signature = with_torsion(WALLET, TEXT, torsion)
        result = verify(MEMBER, TEXT, signature)
        if torsion == IDENTITY:
            assert isinstance(result, VerifiedSignature)
        else:
            assert code_of(result) == "invalid_signature"


def test_s_from_the_order_on_is_refused() -> None:
    good = signed(TEXT)
    number = int.from_bytes(good[32:], "little")
    for times in range(1, 16):
        raised = (number + times * ORDER).to_bytes(32, "little")
        assert code_of(verify(MEMBER, TEXT, good[:32] + raised)) == "invalid_signature"


def test_a_key_of_mixed_order_can_not_sign() -> None:
    for torsion in small_order_points()[1:]:
        mixed = crypto_core_ed25519_add(KEY, torsion)
        signature = with_torsion(WALLET, TEXT, IDENTITY)
        assert not is_signature(mixed, signature, TEXT)


def test_one_signer_has_one_word_whatever_the_form() -> None:
    results = [verify(MEMBER, TEXT, signed(wrapped(form, TEXT, KEY))) for form in FORMS]
    valid = [result for result in results if isinstance(result, VerifiedSignature)]
    assert len(valid) == len(FORMS)
    assert {result.word_key for result in valid} == {KEY}
    assert len({result.remembered for result in valid}) == len(FORMS)


@pytest.mark.parametrize(
    "member",
    [
        None,
        SYSTEM,
        MemberIdentifier("solana", ""),
        MemberIdentifier("solana", MEMBER.value + "\n"),
        MemberIdentifier("solana", KEY.hex()),
        MemberIdentifier("bitcoin", MEMBER.value),
    ],
)
def test_without_an_address_nothing_is_verified(
    member: MemberIdentifier | None, tried: list[bytes]
) -> None:
    assert code_of(verify(member, TEXT, signed(TEXT))) == "solana_signer"
    assert tried == []


identifiers = st.none() | st.builds(
    MemberIdentifier,
    st.sampled_from(["solana", "bitcoin"]),
    st.text(max_size=50) | st.sampled_from([MEMBER.value, SYSTEM_PROGRAM]),
)
payloads = st.binary(max_size=70) | st.binary(min_size=64, max_size=64)


@given(st.binary(max_size=100), payloads, identifiers)
def test_any_bytes_have_an_answer(
    text: bytes, payload: bytes, identifier: MemberIdentifier | None
) -> None:
    assert code_of(verify(identifier, text, payload)).isidentifier()


items = st.builds(
    lambda name, form, text, claimed, bit: SignatureItem(
        text,
        flips(signed(wrapped(form, text, _key(name)), name), step=99)[bit]
        if bit
        else signed(wrapped(form, text, _key(name)), name),
        signer(claimed).identifier,
    ),
    st.sampled_from(["alice", "bob"]),
    st.sampled_from([*FORMS, "v0_0"]),
    st.sampled_from([TEXT, b"other text\n", b""]),
    st.sampled_from(["alice", "alice", "bob"]),
    st.sampled_from([0, 0, 0, 3]),
)


def _key(name: str) -> bytes:
    return encode(signer(name).identifier)


@given(st.lists(items, max_size=6))
def test_many_at_once_are_decided_as_one_by_one(batch: list[SignatureItem]) -> None:
    together = verify_many(batch, {})
    assert len(together) == len(batch)
    for item, result in zip(batch, together, strict=True):
        (alone,) = verify_many([item], {})
        if isinstance(alone, VerifiedSignature):
            assert result == alone
        else:
            assert code_of(result) == alone.code


def test_no_signatures_have_no_results() -> None:
    assert verify_many([], {}) == []


@pytest.mark.parametrize(
    ("member", "payload"),
    [(MEMBER, bytes(64)), (MEMBER, b""), (SYSTEM, bytes(64)), (None, bytes(64))],
)
def test_an_error_holds_no_frames_and_so_no_other_items(
    member: MemberIdentifier | None, payload: bytes
) -> None:
    result = verify(member, TEXT, payload)
    assert code_of(result)
    assert isinstance(result, Exception)
    assert result.__traceback__ is None
    assert result.__context__ is None
    assert result.__cause__ is None
