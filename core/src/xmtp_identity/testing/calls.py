"""Calling a kind so that whatever it does is an answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ..errors import IdentityError, SignatureError
from ..identifier import MemberIdentifier
from ..kinds import Context, Proof, SignatureItem, VerifiedSignature

__all__ = [
    "Answer",
    "Crash",
    "attempt",
    "describe",
    "proves",
    "verify_each",
    "verify_together",
]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Crash:
    """The kind's code did what it must not: it raised what is no error of this
    project, or gave something else than it should.

    cause: what it did, in words.
    """

    cause: str

    @classmethod
    def by(cls, error: BaseException) -> Crash:
        """A crash by an exception."""
        return cls(f"raised {type(error).__name__}: {error}"[:200])


Answer = VerifiedSignature | SignatureError | Crash
"""What a verifier says of one item."""


def attempt(
    function: Callable[..., _T], *arguments: object
) -> _T | IdentityError | Crash:
    """What a function gives, or the typed error that it raised, or its crash."""
    try:
        return function(*arguments)
    except IdentityError as error:
        return error
    except (Exception, SystemExit) as error:  # noqa: BLE001 - it may raise anything
        return Crash.by(error)


def verify_each(
    proof: Proof, items: Sequence[SignatureItem], context: Context
) -> list[Answer]:
    """What a verifier says of each item.

    In one call; if it breaks, one by one, so that it breaks only where it does.
    """
    answers = verify_together(proof, items, context)
    if isinstance(answers, Crash):
        answers = []
        for item in items:
            alone = verify_together(proof, [item], context)
            answers += [alone] if isinstance(alone, Crash) else alone
    return answers


def verify_together(
    proof: Proof, items: Sequence[SignatureItem], context: Context
) -> list[Answer] | Crash:
    """What a verifier says in one call, or how it breaks."""
    try:
        given = list(proof.verify_many(items, context))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - it may raise anything
        return Crash.by(error)
    if len(given) != len(items):
        return Crash(f"gave {len(given)} answers to {len(items)} items")
    return [_answer(one) for one in given]


def _answer(given: object) -> Answer:
    if type(given) is VerifiedSignature or isinstance(given, SignatureError):
        return given
    return Crash(f"answered with a {type(given).__name__}")


def proves(answer: Answer, identifier: MemberIdentifier) -> bool:
    """Whether an answer says that ``identifier`` signed."""
    return type(answer) is VerifiedSignature and answer.signer == identifier


def describe(answer: object) -> str:
    """An answer in words, the same for equal answers."""
    if isinstance(answer, Crash):
        return answer.cause
    if isinstance(answer, IdentityError):
        return f"{type(answer).__name__} [{answer.code}]: {answer.detail}"
    return repr(answer)
