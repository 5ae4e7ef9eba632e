"""Whatever comes in, what comes out is an answer or a typed error."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ...errors import (
    IdentityError,
    InvalidIdentifier,
    NotAdmitted,
    SignatureError,
    SignatureUnavailable,
    Undecodable,
)
from ...identifier import MemberIdentifier
from ...kinds import SignatureItem, VerifiedSignature
from ..bench import ALICE
from ..calls import Crash, attempt
from ..hostile import BYTES, TEXTS, explore
from ..variants import payload_variants, text_variants, with_intruders
from .base import Check

if TYPE_CHECKING:
    from ...kinds import Proof
    from ..bench import Bench, Signed

__all__ = ["TypedErrors"]

_CODE: Final = re.compile(r"[a-z][a-z0-9_]{2,47}")
_MOST_DETAIL: Final = 1000

_READING: Final = (InvalidIdentifier, Undecodable)


class TypedErrors(Check):
    """No bytes in a log bring a client down: they are judged, or refused with a
    reason that programs and people can read."""

    name = "typed-errors"
    group = "errors"
    fix = (
        "Return a `SignatureError` from `verify_many`; raise `InvalidIdentifier` or "
        "`Undecodable` from `decode`; catch what libraries raise where they are called."
    )

    def look(self, bench: Bench) -> Iterator[str]:
        """Call everything with hostile input: a list of it, then Hypothesis's."""
        found: dict[str, None] = {}
        judges = list(_judges(bench))
        for judge in judges:
            for sample in (*judge.good, *judge.hostile):
                for sentence in judge.faults(sample):
                    found.setdefault(sentence)
        yield from found
        yield from _unavailable(bench)
        if not found:
            for judge in judges:
                yield from explore(judge.faults, judge.good, judge.examples)
        self.note = f"{bench.options.examples} examples of Hypothesis for each function"


class _Judge(NamedTuple):
    """Calls a function with an input and says what is wrong with what comes out.

    good, hostile: input to begin with.
    examples: how many inputs to make from the good ones.
    """

    faults: Callable[[Any], Iterator[str]]
    good: Sequence[Any]
    hostile: Sequence[Any]
    examples: int


def _judges(bench: Bench) -> Iterator[_Judge]:
    """What to call."""
    kind, examples = bench.kind, bench.options.examples
    own = [bench.signer(name, ALICE).identifier for name in bench.makers]
    texts = [*bench.case.valid, *(one.value for one in own)]
    odd_texts = [*bench.case.invalid, *TEXTS]
    payloads = [kind.encode(one) for one in own]
    odd_payloads = [*BYTES]
    for identifier, payload in zip(own, payloads, strict=True):
        odd_texts += text_variants(identifier.value)
        odd_texts += with_intruders(identifier.value)
        odd_payloads += payload_variants(payload)

    def parse(text: str) -> Iterator[str]:
        return _identifier("parse", kind.parse, (InvalidIdentifier,), text)

    def decode(payload: bytes) -> Iterator[str]:
        return _identifier("decode", kind.decode, _READING, payload)

    def encode(text: str) -> Iterator[str]:
        if not any("\ud800" <= char <= "\udfff" for char in text):
            identifier = MemberIdentifier(kind.name, text)
            yield from _typed("encode", kind.encode, (bytes,), _READING, identifier)
            yield from _typed(
                "admit", kind.admit, (type(None),), (NotAdmitted, *_READING), identifier
            )

    yield _Judge(parse, texts, odd_texts, examples)
    yield _Judge(encode, texts, odd_texts, examples)
    yield _Judge(decode, payloads, odd_payloads, examples)
    read = kind.decode_string
    if read is not None:

        def decode_string(text: str) -> Iterator[str]:
            for party in (None, "example.org", text):
                yield from _typed(
                    "decode_string", read, (MemberIdentifier,), _READING, text, party
                )

        yield _Judge(decode_string, texts, odd_texts, examples)
    for name, signed in bench.signed_by_all(ALICE, "typed-errors"):
        payload = signed.wire.payload
        other = bench.sign(name, ALICE, "typed-errors, another").wire.payload
        tried = partial(bench.affordable, signed.wire.number, signed.item)
        odd = [*payload_variants(payload), *BYTES]
        yield _Judge(
            _verifier(bench, signed),
            [payload, other],
            tried(odd),
            len(tried(range(examples))),
        )


def _verifier(bench: Bench, signed: Signed) -> Callable[[bytes], Iterator[str]]:
    """Calls a proof with a payload, in all places where it can stand."""
    proof = bench.kind.proofs[signed.wire.number]
    kind, context = bench.kind, bench.case.context

    def verify(payload: bytes) -> Iterator[str]:
        strange = payload.decode("latin-1")
        items = [
            SignatureItem(signed.text, payload, signed.item.identifier),
            SignatureItem(payload, signed.wire.payload, signed.item.identifier),
            SignatureItem(payload, payload, None),
        ]
        if bench.is_leaf:
            items += [
                SignatureItem(signed.text, payload, None),
                SignatureItem(signed.text, signed.wire.payload, None),
                *(
                    SignatureItem(signed.text, one, MemberIdentifier(name, strange))
                    for one in (payload, signed.wire.payload)
                    for name in (kind.name, "ethereum")
                ),
            ]
        for item in items:
            for given in (context, {}) if context else ({},):
                yield from _verified(proof, item, given, kind.name)

    return verify


def _verified(
    proof: Proof, item: SignatureItem, context: Any, kind_name: str
) -> Iterator[str]:
    """What is wrong with the answer to an item."""
    what = f"The verifier of proof {proof.number}"
    given = attempt(proof.verify_many, [item], context)
    if isinstance(given, IdentityError):
        yield f"{what} raised a {type(given).__name__} and must return it."
        return
    if isinstance(given, Crash):
        yield f"{what} {given.cause}"
        return
    answers = list(given)
    if len(answers) != 1:
        yield f"{what} gave {len(answers)} answers to one item."
        return
    answer: object = answers[0]
    if isinstance(answer, SignatureUnavailable) and (
        type(answer.claimed) is not VerifiedSignature
    ):
        yield f"{what} says unavailable and not who would have signed."
    if isinstance(answer, SignatureError):
        yield from _sentence(what, answer)
    elif type(answer) is not VerifiedSignature:
        yield f"{what} answered with a {type(answer).__name__}."
    else:
        yield from _fields(what, answer, kind_name)


def _fields(what: str, verified: VerifiedSignature, kind_name: str) -> Iterator[str]:
    """What is wrong with a `VerifiedSignature`, whose fields may be anything."""
    fields: tuple[object, ...] = verified
    signer, *keys, chain_id = fields
    if (
        not isinstance(signer, MemberIdentifier)
        or signer.kind != kind_name
        or not all(type(key) is bytes for key in keys)
        or not isinstance(chain_id, int | None)
    ):
        yield f"{what} gave a VerifiedSignature with fields of other types."


def _identifier(
    what: str, function: Callable[[Any], object], errors: Any, value: object
) -> Iterator[str]:
    return _typed(what, function, (MemberIdentifier,), errors, value)


def _typed(
    what: str,
    function: Callable[..., object],
    results: tuple[type, ...],
    errors: tuple[type[IdentityError], ...],
    *arguments: object,
) -> Iterator[str]:
    """What is wrong with what a function gives or raises."""
    given = attempt(function, *arguments)
    if isinstance(given, Crash):
        yield f"`{what}` {given.cause}"
    elif isinstance(given, IdentityError):
        if not isinstance(given, errors):
            yield f"`{what}` raised a {type(given).__name__}, which is none of " + (
                ", ".join(error.__name__ for error in errors)
            )
        yield from _sentence(f"`{what}`", given)
    elif not isinstance(given, results):
        yield f"`{what}` gave a {type(given).__name__}."


def _sentence(what: str, error: IdentityError) -> Iterator[str]:
    """What is wrong with an error's code and sentence, which may be anything."""
    code: object = error.code
    detail: object = error.detail
    if not (isinstance(code, str) and _CODE.fullmatch(code)):
        yield f"{what}: the code {code!r} is not words in lower case."
    if not (
        isinstance(detail, str)
        and 0 < len(detail) <= _MOST_DETAIL
        and detail.isprintable()
    ):
        yield (
            f"{what}: the sentence of {code} is not 1 to {_MOST_DETAIL} "
            "printable characters."
        )


def _unavailable(bench: Bench) -> Iterator[str]:
    """Without a chain nothing becomes invalid."""
    for name, signed in bench.signed_by_all(ALICE, "typed-errors, no context"):
        proof = bench.kind.proofs[signed.wire.number]
        expected = bench.verify_one(signed.wire.number, signed.item)
        (answer,) = proof.verify_many([signed.item], {})
        if isinstance(answer, SignatureUnavailable):
            if answer.claimed != expected:
                yield f"{name}: unavailable, it claims another than when available."
        elif answer != expected:
            yield f"{name}: a valid signature without a context is not unavailable."
