{% set size = cookiecutter.key_bytes if cookiecutter.form == "key" else 32 %}
"""One identity, one identifier: what is read, and what is refused."""

from __future__ import annotations

import pytest
from xmtp_identity.errors import InvalidIdentifier
from xmtp_identity.identifier import MemberIdentifier

from {{ cookiecutter.module }}.identifier import (
    IDENTIFIER_BYTES,
    KIND,
    decode,
    encode,
    parse,
)
from {{ cookiecutter.module }}.signer import (
    KeySigner,
)

VALUE = KeySigner(b"\1" * 32).identifier.value

MALFORMED = {
    "empty": "",
    "a digit less": VALUE[:-1],
    "a byte less": VALUE[:-2],
    "a byte more": f"{VALUE}00",
    "0x before it": f"0x{VALUE}",
    "a letter that is no digit": f"{VALUE[:-1]}g",
    "a line end": f"{VALUE}\n",
    "a space, which fromhex takes": f"{VALUE[:2]} {VALUE[2:-1]}",
    "digits of another script": VALUE.replace("0", "\u0660").replace("1", "\u0661"),
    "a colon": f"{KIND}:{VALUE}",
}


def test_a_text_and_its_bytes_are_one_identifier() -> None:
    identifier = parse(VALUE)
    assert identifier == MemberIdentifier(KIND, VALUE)
    assert len(encode(identifier)) == IDENTIFIER_BYTES
    assert decode(encode(identifier)) == identifier


def test_upper_case_is_the_same_identifier() -> None:
    assert parse(VALUE.upper()) == parse(VALUE)
    with pytest.raises(InvalidIdentifier):
        encode(MemberIdentifier(KIND, VALUE.upper()))


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED)
def test_another_text_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(InvalidIdentifier) as refused:
        parse(text)
    assert VALUE[:8] not in refused.value.detail
    with pytest.raises(InvalidIdentifier):
        encode(MemberIdentifier(KIND, text))


@pytest.mark.parametrize(
    "size", [0, 1, IDENTIFIER_BYTES - 1, IDENTIFIER_BYTES + 1, 999]
)
def test_bytes_of_another_length_are_refused(size: int) -> None:
    with pytest.raises(InvalidIdentifier):
        decode(b"\2" * size)
{% if cookiecutter.form == "key" %}


def test_bytes_that_are_no_key_are_refused() -> None:
    no_key = "{{ cookiecutter.no_key }}"
    for refuse in (parse, lambda text: decode(bytes.fromhex(text))):
        with pytest.raises(InvalidIdentifier):
            refuse(no_key)
{% endif %}


def test_an_identifier_of_another_kind_is_refused() -> None:
    with pytest.raises(InvalidIdentifier):
        encode(MemberIdentifier(f"{KIND}2", VALUE))
