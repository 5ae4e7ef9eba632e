"""Rogues by how they behave: in batches, with bad input, in the world around."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from xmtp_identity import MemberIdentifier
from xmtp_identity.errors import (
    BadInput,
    InvalidIdentifier,
    InvalidSignature,
    SignatureUnavailable,
)
from xmtp_identity.kinds import (
    Context,
    SignatureItem,
    SigningTools,
    VerifiedSignature,
)
from xmtp_identity.testing import ConformanceCase
from xmtp_identity.testing.root_kind import TEST_ROOT, TestRootSigner

from . import gallery
from .gallery import NAME, Key, Result, Rogue, case, kind, many, refusal

# Batches


def _hash_of_the_first_text() -> ConformanceCase:
    """A cache of the text's hash that forgets to look at the text."""

    def verify_many(items: Sequence[SignatureItem], _: Context) -> list[Result]:
        first = items[0].text if items else b""
        return [gallery.verify(item._replace(text=first)) for item in items]

    return case(kind(verify_many))


def _drops_repeated_items() -> ConformanceCase:
    def verify_many(items: Sequence[SignatureItem], _: Context) -> list[Result]:
        return [gallery.verify(item) for item in dict.fromkeys(items)]

    return case(kind(verify_many))


def _answers_to_nothing() -> ConformanceCase:
    def verify_many(items: Sequence[SignatureItem], _: Context) -> list[Result]:
        return [gallery.verify(item) for item in items] or [refusal()]

    return case(kind(verify_many))


def _shares_a_buffer() -> ConformanceCase:
    """What a call works on is kept in the module."""
    shared: dict[str, SignatureItem] = {}

    def verify(item: SignatureItem) -> Result:
        shared["item"] = item
        return gallery.verify(shared["item"])

    return case(kind(many(verify)))


# Errors


def _raises_value_error() -> ConformanceCase:
    def verify(item: SignatureItem) -> Result:
        if len(item.payload) != 64:
            raise ValueError("bad length")
        return gallery.verify(item)

    return case(kind(many(verify)))


def _raises_what_it_should_return() -> ConformanceCase:
    def verify(item: SignatureItem) -> Result:
        result = gallery.verify(item)
        if isinstance(result, InvalidSignature):
            raise result
        return result

    return case(kind(many(verify)))


def _answers_with_true() -> ConformanceCase:
    def verify(item: SignatureItem) -> Any:
        return isinstance(gallery.verify(item), VerifiedSignature)

    return case(kind(many(verify)))


def _breaks_on_odd_bytes() -> ConformanceCase:
    """Only Hypothesis finds what it breaks on."""

    def decode(payload: bytes) -> MemberIdentifier:
        identifier = gallery.decode(payload)
        if 0 in payload[1:9] and payload[-1]:
            raise KeyError(payload)
        return identifier

    return case(kind(decode=decode))


def _refuses_what_it_can_not_ask() -> ConformanceCase:
    """Without a chain, it says that the signature is invalid."""

    def verify_many(items: Sequence[SignatureItem], context: Context) -> list[Result]:
        if NAME not in context:
            return [refusal("There is no chain.") for _ in items]
        return [gallery.verify(item) for item in items]

    return case(kind(verify_many), context={NAME: "a chain"})


def _claims_another() -> ConformanceCase:
    """Without a chain, it says that somebody else would have signed."""

    def verify_many(items: Sequence[SignatureItem], context: Context) -> list[Result]:
        results = [gallery.verify(item) for item in items]
        if NAME in context:
            return results
        nobody = MemberIdentifier(NAME, "00" * 32)
        return [
            SignatureUnavailable("Away.", claimed=result._replace(signer=nobody))
            if isinstance(result, VerifiedSignature)
            else result
            for result in results
        ]

    return case(kind(verify_many), context={NAME: "a chain"})


def _quotes_the_key() -> ConformanceCase:
    def load_key(content: bytes, _: Any) -> Key:
        try:
            return gallery.load_key(content, _)
        except BadInput:
            raise BadInput(f"This is no key: {content!r}.") from None

    tools = SigningTools(
        new_key=gallery.new_key,
        load_key=load_key,
        read_signature=gallery.read_signature,
    )
    return case(kind(signing=lambda: tools))


def _passes_on_what_a_library_quotes() -> ConformanceCase:
    def parse(text: str) -> MemberIdentifier:
        try:
            int(f"{text}_", 16)
        except ValueError as error:
            raise InvalidIdentifier("It is no key.") from error
        return gallery.parse(text)

    def honest(text: str) -> MemberIdentifier:
        try:
            return gallery.parse(text)
        except InvalidIdentifier:
            return parse(text)

    return case(kind(parse=honest))


def _shows_its_seed() -> ConformanceCase:
    @dataclass(frozen=True)
    class OpenKey(Key):
        seed: bytes

    return case(signer=OpenKey)


# Purity


def _keeps_state() -> ConformanceCase:
    """A signature is good once."""
    seen: set[bytes] = set()

    def verify(item: SignatureItem) -> Result:
        if item.payload in seen:
            return refusal("The signature was used before.")
        seen.add(item.payload)
        return gallery.verify(item)

    return case(kind(many(verify)))


def _reads_the_clock() -> ConformanceCase:
    def verify(item: SignatureItem) -> Result:
        return gallery.verify(item) if time.time() < 1e10 else refusal("Too late.")

    return case(kind(many(verify)))


def _asks_the_network() -> ConformanceCase:
    def verify(item: SignatureItem) -> Result:
        with suppress(OSError, RuntimeError):
            socket.getaddrinfo("gallery.invalid", 443)
        return gallery.verify(item)

    return case(kind(many(verify)))


def _reads_a_file() -> ConformanceCase:
    def verify(item: SignatureItem) -> Result:
        with open(__file__, "rb") as file:  # noqa: PTH123 - as a rogue would
            file.read(1)
        return gallery.verify(item)

    return case(kind(many(verify)))


# Rights and older clients


def _owner_that_nobody_can_read() -> ConformanceCase:
    def decode_string(_: str, __: str | None) -> MemberIdentifier:
        raise InvalidIdentifier("Not here.")

    own = replace(TEST_ROOT, decode_string=decode_string)
    return case(own, signer=TestRootSigner)


def _comes_and_goes() -> ConformanceCase:
    """Each third time it can't read its own identifiers."""
    count = iter(range(10**6))

    def decode(payload: bytes) -> MemberIdentifier:
        if next(count) % 3 == 2:
            raise InvalidIdentifier("Not now.")
        return gallery.decode(payload)

    return case(kind(decode=decode))


ROGUES: Final = [
    Rogue(
        "keeps the hash of the first text",
        _hash_of_the_first_text(),
        "batches",
        "than alone",
    ),
    Rogue("drops repeated items", _drops_repeated_items(), "batches", "answers"),
    Rogue("answers to nothing", _answers_to_nothing(), "batches", "1 answers to 0"),
    Rogue("shares a buffer", _shares_a_buffer(), "threads", "threads"),
    Rogue("raises ValueError", _raises_value_error(), "typed-errors", "ValueError"),
    Rogue(
        "raises what it should return",
        _raises_what_it_should_return(),
        "typed-errors",
        "must return it",
    ),
    Rogue(
        "answers with True",
        _answers_with_true(),
        "typed-errors",
        "answered with a bool",
    ),
    Rogue("breaks on odd bytes", _breaks_on_odd_bytes(), "typed-errors", "KeyError"),
    Rogue(
        "refuses what it can't ask",
        _refuses_what_it_can_not_ask(),
        "typed-errors",
        "is not unavailable",
    ),
    Rogue("claims another", _claims_another(), "typed-errors", "claims another"),
    Rogue("quotes the key", _quotes_the_key(), "secrets", "`load_key` holds a part"),
    Rogue(
        "passes on what a library quotes",
        _passes_on_what_a_library_quotes(),
        "secrets",
        "`parse` holds a part",
    ),
    Rogue("shows its seed", _shows_its_seed(), "secrets", "in its repr"),
    Rogue("keeps state", _keeps_state(), "no-state", "used before"),
    Rogue("reads the clock", _reads_the_clock(), "no-clock", "time.time"),
    Rogue("asks the network", _asks_the_network(), "no-network", "socket.getaddrinfo"),
    Rogue("reads a file", _reads_a_file(), "no-network", "open"),
    Rogue(
        "an owner that nobody can read",
        _owner_that_nobody_can_read(),
        "tier",
        "Not here",
    ),
    Rogue("comes and goes", _comes_and_goes(), "discarded", "Not now"),
]
