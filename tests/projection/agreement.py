"""What libxmtp must say of a random log, if P may be libxmtp.

One update that libxmtp refuses makes it unable to read the whole inbox, and
here it fails alone. So the two are compared step by step: what is refused here
is asked for on top of what was taken so far, and then left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tests.support.vectors import shown

from xmtp_identity import AssociationState, OutcomeKind, replay

from .clients import NO_LEAVES, XMTP, client
from .scripts import Log, Script
from .wire import is_leaf

if TYPE_CHECKING:
    from tests.interop.oracle import Answer

_SHAPE: Final = {"bad_shape", "mixed_kinds"}
"""Leaf updates refused for these are well-formed messages."""

State = dict[str, Any]


class Question(NamedTuple):
    """A log for libxmtp, and what it must make of it.

    state: what it must say.
    or_refuse: whether it may as well, or must if ``state`` is None, be unable
        to read the log.
    why: what this is about.
    """

    inbox_id: str
    log: Log
    state: State | None
    or_refuse: bool
    why: str

    def agrees(self, answer: Answer) -> bool:
        """Whether the answer is as it must be."""
        if "error" in answer:
            return self.or_refuse
        return self.state is not None and answer["state"] == self.state


def questions(script: Script) -> tuple[list[Question], bool]:
    """Everything to ask about a log, up to its first deviation; and whether it
    has one."""
    log, registry = script.log(), client(NO_LEAVES, XMTP)
    arguments: Any = {"context": script.chains_up}
    result = replay(script.inbox_id, log, registry, **arguments)
    end = len(log) if result.deviates is None else result.deviates
    kept: Log = []
    asked: list[Question] = []

    def state() -> State | None:
        return _shown(replay(script.inbox_id, kept, registry, **arguments).state)

    for outcome in result.outcomes[:end]:
        entry = log[outcome.index]
        leaf = is_leaf(entry)
        if outcome.outcome is OutcomeKind.APPLIED or (leaf and _is_seen(outcome.code)):
            kept.append(entry)
            continue
        # Without actions there is nothing in it that libxmtp could refuse.
        nothing = leaf or outcome.code in ("no_actions", "no_update")
        expected = state() if nothing or outcome.code == "undecodable" else None
        why = f"{outcome.outcome} {outcome.code}"
        asked.append(Question(script.inbox_id, [*kept, entry], expected, True, why))
    final = state()
    if final is not None:
        whole = replay(script.inbox_id, log[:end], registry, **arguments)
        assert _shown(whole.state) == final, "what failed left a trace"
        asked.append(Question(script.inbox_id, kept, final, False, "the state"))
    return asked, result.deviates is not None


def _is_seen(code: str) -> bool:
    return code == "kind_not_installed" or code in _SHAPE


def _shown(state: AssociationState | None) -> State | None:
    if state is None:
        return None
    said = shown(state)
    del said["inbox_id"]
    return said


def figures(asked: Sequence[Question], answers: Sequence[Answer]) -> Iterator[str]:
    """How often what was asked, and what the answers were."""
    counted = Counter(
        (question.why, "unreadable" if "error" in answer else "a state")
        for question, answer in zip(asked, answers, strict=True)
    )
    for (why, answered), number in sorted(counted.items()):
        yield f"{number:6}  {why}: {answered}"
