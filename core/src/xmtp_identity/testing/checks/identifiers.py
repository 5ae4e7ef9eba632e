"""One identity has one identifier, in one form, that can't forge a text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from ...errors import InvalidIdentifier
from ...identifier import MAX_LEAF_IDENTIFIER, MemberIdentifier, is_printable
from ..bench import ALICE
from ..calls import attempt, describe, proves
from ..variants import payload_variants, text_variants, with_intruders
from .base import Check

if TYPE_CHECKING:
    from ..bench import Bench

__all__ = [
    "IdentifierLength",
    "IdentifierLists",
    "IdentifierPrintable",
    "IdentifierRoundTrip",
    "IdentifierStrict",
    "IdentifierUnique",
]

_FEWEST: Final = 3
_FOREVER: Final = 10_000
_HEX: Final = re.compile("(?:0[xX])?([0-9a-fA-F]+)")


def _good(bench: Bench) -> Iterator[tuple[str, MemberIdentifier]]:
    """The valid texts with what they stand for, and the signers' identifiers."""
    for text in bench.case.valid:
        parsed = attempt(bench.kind.parse, text)
        if isinstance(parsed, MemberIdentifier):
            yield text, parsed
    for name in bench.makers:
        identifier = bench.signer(name, ALICE).identifier
        yield identifier.value, identifier


class IdentifierLists(Check):
    """People reach whom they mean: what is an identifier is taken, what is none
    is refused."""

    name = "identifier-lists"
    group = "identifiers"
    fix = "Correct `parse`, or the lists of valid and invalid identifiers of the case."

    def look(self, bench: Bench) -> Iterator[str]:
        """Parse what the author says is valid and invalid."""
        case = bench.case
        for what, texts in (("valid", case.valid), ("invalid", case.invalid)):
            if len(set(texts)) < _FEWEST:
                yield f"The case has fewer than {_FEWEST} {what} identifiers."
        for text in case.valid:
            parsed = attempt(bench.kind.parse, text)
            if not isinstance(parsed, MemberIdentifier):
                yield f"{text!r} is valid, and `parse` says: {describe(parsed)}"
        for text in case.invalid:
            parsed = attempt(bench.kind.parse, text)
            if not isinstance(parsed, InvalidIdentifier):
                yield f"{text!r} is invalid, and `parse` says: {describe(parsed)}"


class IdentifierRoundTrip(Check):
    """What is shown can be typed in, and what is written can be read, without
    becoming another identity on the way."""

    name = "identifier-round-trip"
    group = "identifiers"
    fix = "Let `parse` take what it gives, and `decode` undo `encode` exactly."

    def look(self, bench: Bench) -> Iterator[str]:
        """Parse, encode, decode, and parse what came out."""
        kind = bench.kind
        for text, identifier in _good(bench):
            if identifier.kind != kind.name:
                yield f"{text!r} becomes an identifier of {identifier.kind!r}."
            payload = attempt(kind.encode, identifier)
            if not isinstance(payload, bytes):
                yield f"`encode` of {identifier.value!r} says: {describe(payload)}"
                continue
            decoded = attempt(kind.decode, payload)
            if decoded != identifier:
                yield f"{text!r}, encoded and decoded, is {describe(decoded)}"
            elif attempt(kind.encode, decoded) != payload:
                yield f"{text!r} is encoded in two ways."
            again = attempt(kind.parse, identifier.value)
            if again != identifier:
                yield f"{identifier.value!r} is shown, and `parse` says of it: " + (
                    describe(again)
                )


class IdentifierUnique(Check):
    """Two identifiers of one identity would be two members, and revoking the one
    would leave the other."""

    name = "identifier-unique"
    group = "identifiers"
    fix = (
        "Give each identity one text and one encoding: decode, encode again, and "
        "refuse what comes out otherwise."
    )

    def look(self, bench: Bench) -> Iterator[str]:
        """Write identifiers in other ways, and look whether they count twice."""
        yield from self._texts(bench)
        if bench.is_leaf:
            yield from self._payloads(bench)
            yield from self._signers(bench)

    @staticmethod
    def _texts(bench: Bench) -> Iterator[str]:
        """Hex means the same in either case and behind 0x; other alphabets may
        not, and there signatures tell."""
        for text, identifier in _good(bench):
            digits = _digits(identifier.value)
            for variant in text_variants(text):
                parsed = attempt(bench.kind.parse, variant)
                if (
                    isinstance(parsed, MemberIdentifier)
                    and parsed != identifier
                    and digits is not None
                    and _digits(parsed.value) == digits
                ):
                    yield f"{text!r} and {variant!r} become two identifiers."

    @staticmethod
    def _payloads(bench: Bench) -> Iterator[str]:
        """Whatever `decode` takes is what `encode` gives."""
        kind = bench.kind
        for text, identifier in _good(bench):
            payload = attempt(kind.encode, identifier)
            if not isinstance(payload, bytes):
                continue
            for variant in payload_variants(payload):
                decoded = attempt(kind.decode, variant)
                if not isinstance(decoded, MemberIdentifier):
                    continue
                if attempt(kind.encode, decoded) != variant or decoded == identifier:
                    yield (
                        f"The bytes of {text!r} and {variant.hex()} are taken for one "
                        f"identifier."
                    )

    @staticmethod
    def _signers(bench: Bench) -> Iterator[str]:
        """One signature proves one identifier."""
        for name, signed in bench.signed_by_all(ALICE, "identifier-unique"):
            others = [
                other
                for value in text_variants(signed.identifier.value)
                if (other := _on_the_wire(bench, value))
                not in (None, signed.identifier)
            ]
            items = [
                bench.item(signed.text, signed.wire.payload, other) for other in others
            ]
            answers = bench.verify(signed.wire.number, items)
            for other, answer in zip(others, answers, strict=True):
                if proves(answer, other):
                    yield (
                        f"A signature ({name}) proves both {signed.identifier.value!r} "
                        f"and {other.value!r}."
                    )


class IdentifierStrict(Check):
    """What looks like an identifier and is none, with white space or a letter of
    another script in it, is pointed out and not guessed at."""

    name = "identifier-strict"
    group = "identifiers"
    fix = (
        "Match the whole text (`re.fullmatch`) against printable ASCII; don't strip, "
        "and mind that `bytes.fromhex`, `int` and base58 take more than they should."
    )

    def look(self, bench: Bench) -> Iterator[str]:
        """Put in what does not belong there."""
        for text, _ in _good(bench):
            for variant in with_intruders(text):
                parsed = attempt(bench.kind.parse, variant)
                if isinstance(parsed, MemberIdentifier):
                    yield f"{variant!r} is taken for {parsed.value!r}."


class IdentifierPrintable(Check):
    """An identifier with a line feed in it could add lines to the text that others
    sign."""

    name = "identifier-printable"
    group = "identifiers"
    fix = "Let `decode` and `parse` give printable ASCII without spaces alone."

    def look(self, bench: Bench) -> Iterator[str]:
        """Look at what comes in by hand and by wire."""
        for text, identifier in _good(bench):
            if not is_printable(identifier.value):
                yield f"{text!r} becomes {identifier.value!r}."
        # A root kind is as lenient as the network; there the core refuses.
        if bench.is_leaf:
            yield from self._decoded(bench)

    @staticmethod
    def _decoded(bench: Bench) -> Iterator[str]:
        for _, identifier in _good(bench):
            payload = attempt(bench.kind.encode, identifier)
            if not isinstance(payload, bytes):
                continue
            for variant in payload_variants(payload):
                decoded = attempt(bench.kind.decode, variant)
                if isinstance(decoded, MemberIdentifier) and not is_printable(
                    decoded.value
                ):
                    yield f"The bytes {variant.hex()} become {decoded.value!r}."


class IdentifierLength(Check):
    """Identifiers stand in texts that people read and in states that clients keep,
    so they are short and never empty."""

    name = "identifier-length"
    group = "identifiers"
    fix = f"Refuse identifiers that are empty or have over {MAX_LEAF_IDENTIFIER} signs."

    def look(self, bench: Bench) -> Iterator[str]:
        """Look at what is given, and try what is too long."""
        kind = bench.kind
        longest = 0
        for text, identifier in _good(bench):
            longest = max(longest, len(identifier.value))
            for long in (
                (text * _FOREVER)[:_FOREVER],
                text[:1] * _FOREVER,
                text[-1:] * _FOREVER,
            ):
                if isinstance(attempt(kind.parse, long), MemberIdentifier):
                    yield f"A text of {len(long)} signs, {long[:9]!r}..., is taken."
        self.note = f"the longest has {longest} characters"
        if isinstance(attempt(kind.parse, ""), MemberIdentifier):
            yield "The empty text is taken for an identifier."
        if bench.is_leaf:
            yield from self._of_a_leaf(bench, longest)

    @staticmethod
    def _of_a_leaf(bench: Bench, longest: int) -> Iterator[str]:
        if longest > MAX_LEAF_IDENTIFIER:
            yield f"An identifier has {longest} characters."
        payloads = [
            payload
            for _, identifier in _good(bench)
            if isinstance(payload := attempt(bench.kind.encode, identifier), bytes)
        ]
        tried = [b"", *(payload * times for payload in payloads for times in (2, 9))]
        for payload in tried:
            decoded = attempt(bench.kind.decode, payload)
            if isinstance(decoded, MemberIdentifier) and not (
                0 < len(decoded.value) <= MAX_LEAF_IDENTIFIER
            ):
                yield (
                    f"{len(payload)} bytes become an identifier of "
                    f"{len(decoded.value)} characters."
                )


def _on_the_wire(bench: Bench, value: str) -> MemberIdentifier | None:
    """The identifier with this value, if a log can hold it."""
    identifier = MemberIdentifier(bench.kind.name, value)
    payload = attempt(bench.kind.encode, identifier)
    if isinstance(payload, bytes) and attempt(bench.kind.decode, payload) == identifier:
        return identifier
    return None


def _digits(value: str) -> str | None:
    """The digits of a value in hex, or None if it is not in hex."""
    match = _HEX.fullmatch(value)
    return match[1].lower() if match else None
