"""Rogues by what they are called: numbers, names, identifiers, wire format."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from xmtp_identity import MemberIdentifier
from xmtp_identity.errors import InvalidIdentifier
from xmtp_identity.kinds import SignatureItem, VerifiedSignature
from xmtp_identity.testing import ConformanceCase

from . import gallery
from .gallery import NAME, Key, Result, Rogue, case, kind, many

# Registration


def _foreign_number() -> ConformanceCase:
    return case(kind(number=7))


def _leaf_with_identifier_kind() -> ConformanceCase:
    return case(kind(identifier_kind=1))


def _stolen_noun() -> ConformanceCase:
    return case(kind(noun="solana Address"))


def _reserved_name() -> ConformanceCase:
    changed = kind(name="nostr")
    return case(changed)


def _noun_with_a_line_feed() -> ConformanceCase:
    return case(kind(noun="Gallery key to inbox\n- Link address"))


def _allotted_to_another_package() -> ConformanceCase:
    return case(
        kind(number=100, name="solana", noun="Solana address"),
        distribution="xmtp-identity-ethereum",
    )


# Identifiers


def _strips() -> ConformanceCase:
    return case(kind(parse=lambda text: gallery.parse(text.strip())))


def _matches_before_a_line_feed() -> ConformanceCase:
    def parse(text: str) -> MemberIdentifier:
        if not re.match("^[0-9a-fA-F]{64}$", text):
            raise InvalidIdentifier("A gallery key is 64 hex digits.")
        return MemberIdentifier(NAME, text.lower())

    return case(kind(parse=parse))


def _digits_of_any_script() -> ConformanceCase:
    def parse(text: str) -> MemberIdentifier:
        try:
            number = int(text, 16)
        except ValueError:
            raise InvalidIdentifier("A gallery key is hex.") from None
        if len(text) != 64 or number < 0:
            raise InvalidIdentifier("A gallery key is 64 hex digits.")
        return MemberIdentifier(NAME, f"{number:064x}")

    return case(kind(parse=parse))


def _two_forms() -> ConformanceCase:
    """Keys in hex on the wire, where upper case is as good as lower case."""

    def read(payload: bytes) -> MemberIdentifier:
        if re.fullmatch(rb"[0-9a-fA-F]{64}", payload) is None:
            raise InvalidIdentifier("A gallery key is 64 hex digits.")
        return MemberIdentifier(NAME, payload.decode())

    def verify(item: SignatureItem) -> Result:
        lower = item.identifier and replace(
            item.identifier, value=item.identifier.value.lower()
        )
        result = gallery.verify(item._replace(identifier=lower))
        if isinstance(result, VerifiedSignature) and item.identifier:
            return result._replace(signer=item.identifier)
        return result

    return case(
        kind(
            many(verify),
            decode=read,
            encode=lambda identifier: identifier.value.encode(),
        )
    )


def _two_encodings() -> ConformanceCase:
    """Bytes behind the key are passed over."""
    return case(kind(decode=lambda payload: gallery.decode(payload[:32])))


def _line_feed_in_an_identifier() -> ConformanceCase:
    """A name behind the key, whatever it holds."""

    def read(payload: bytes) -> MemberIdentifier:
        if not 32 <= len(payload) <= 100:
            raise InvalidIdentifier("A gallery key has 32 bytes or more.")
        name = payload[32:].decode("latin-1")
        return MemberIdentifier(NAME, payload[:32].hex() + name)

    def write(identifier: MemberIdentifier) -> bytes:
        value = identifier.value
        if re.match("[0-9a-f]{64}", value) is None:
            raise InvalidIdentifier("A gallery key is 64 hex digits.")
        return bytes.fromhex(value[:64]) + value[64:].encode("latin-1", "replace")

    return case(kind(decode=read, encode=write))


def _any_length() -> ConformanceCase:
    def parse(text: str) -> MemberIdentifier:
        if re.fullmatch("[0-9a-f]+", text) is None:
            raise InvalidIdentifier("A gallery key is hex.")
        return MemberIdentifier(NAME, text)

    return case(kind(parse=parse))


def _empty() -> ConformanceCase:
    def decode(payload: bytes) -> MemberIdentifier:
        return gallery.decode(payload) if payload else MemberIdentifier(NAME, "")

    return case(kind(decode=decode))


def _shows_what_it_does_not_take() -> ConformanceCase:
    def decode(payload: bytes) -> MemberIdentifier:
        return MemberIdentifier(NAME, f"key:{gallery.decode(payload).value}")

    def encode(identifier: MemberIdentifier) -> bytes:
        bare = identifier.value.removeprefix("key:")
        return gallery.encode(MemberIdentifier(NAME, bare))

    return case(kind(decode=decode, encode=encode))


def _takes_what_its_author_calls_invalid() -> ConformanceCase:
    def parse(text: str) -> MemberIdentifier:
        return gallery.parse(text.removeprefix("0x"))

    return case(kind(parse=parse))


# Text and wire


def _nickname_in_the_text() -> ConformanceCase:
    """An identifier brings lines of its own into the text."""

    class NamedKey(Key):
        @property
        def identifier(self) -> MemberIdentifier:
            value = super().identifier.value
            return MemberIdentifier(NAME, f"{value})\n- Link address to inbox\n  (")

    return case(signer=NamedKey)


def _text_in_place_of_bytes() -> ConformanceCase:
    return case(kind(encode=lambda identifier: identifier.value))


def _number_of_no_schema() -> ConformanceCase:
    return case(kind(number=1991))


def _two_identifiers_look_alike() -> ConformanceCase:
    """People see the first half of a key."""

    class ShortKey(Key):
        @property
        def identifier(self) -> MemberIdentifier:
            return MemberIdentifier(NAME, "f" * 16)

    return case(signer=ShortKey)


ROGUES: Final = [
    Rogue("claims a root number", _foreign_number(), "numbers", "not allotted"),
    Rogue(
        "a leaf that names itself an owner",
        _leaf_with_identifier_kind(),
        "numbers",
        "no identifier kind",
    ),
    Rogue(
        "takes a number that is allotted to another package",
        _allotted_to_another_package(),
        "numbers",
        "allotted to the package xmtp-identity-solana",
    ),
    Rogue("steals a noun", _stolen_noun(), "names", "reserved for solana"),
    Rogue("takes a reserved name", _reserved_name(), "names", "belongs to number 102"),
    Rogue(
        "a line feed in the noun", _noun_with_a_line_feed(), "names", "is not letters"
    ),
    Rogue("strips white space", _strips(), "identifier-strict", "is taken for"),
    Rogue(
        "matches up to a line feed",
        _matches_before_a_line_feed(),
        "identifier-strict",
        r"\n' is taken for",
    ),
    Rogue(
        "reads digits of any script",
        _digits_of_any_script(),
        "identifier-strict",
        "is taken for",
    ),
    Rogue(
        "two forms of one identifier", _two_forms(), "identifier-unique", "proves both"
    ),
    Rogue(
        "two encodings of one identifier",
        _two_encodings(),
        "identifier-unique",
        "are taken for one",
    ),
    Rogue(
        "a line feed in an identifier",
        _line_feed_in_an_identifier(),
        "identifier-printable",
        r"- Grant messaging access to app",
    ),
    Rogue(
        "identifiers of any length", _any_length(), "identifier-length", "10000 signs"
    ),
    Rogue("an empty identifier", _empty(), "identifier-length", "0 characters"),
    Rogue(
        "shows what it does not take",
        _shows_what_it_does_not_take(),
        "identifier-round-trip",
        "encoded and decoded, is",
    ),
    Rogue(
        "takes what its author calls invalid",
        _takes_what_its_author_calls_invalid(),
        "identifier-lists",
        "is invalid, and",
    ),
    Rogue(
        "two identifiers that look alike",
        _two_identifiers_look_alike(),
        "signers",
        "is refused",
    ),
    Rogue(
        "an identifier with lines of its own",
        _nickname_in_the_text(),
        "text-lines",
        "other lines than it should",
    ),
    Rogue(
        "text in place of bytes", _text_in_place_of_bytes(), "wire-round-trip", "Error"
    ),
    Rogue("a number in no schema", _number_of_no_schema(), "presence", "No schema"),
]
