"""Auditing a whole store: replay all, then compare all, then tell.

Parts of the store are replayed beside each other, and only when all are
replayed is what was found compared with what is served. Nothing that is
served changes, unless that is asked for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import TYPE_CHECKING, NamedTuple

from . import runs
from .judging import Verdict
from .runs import Audit, Part, Stage
from .steps import Task, step, step_elsewhere

if TYPE_CHECKING:
    from xmtp_identity import Registry
    from xmtp_identity.kinds import Context

    from ..database import Database
    from .executors import Hands

__all__ = ["Audited", "Report", "audit", "outcome"]


class Audited(NamedTuple):
    """How far an audit is, or what it came to.

    audit: its number.
    inboxes, entries: how many were replayed.
    applied, rejected, discarded, unavailable: what became of the entries.
    compared: inboxes whose results were compared with what is served.
    different, waiting, stale, replaced: inboxes by `Verdict`; at the end alone.
    """

    audit: int
    inboxes: int
    entries: int
    applied: int
    rejected: int
    discarded: int
    unavailable: int
    compared: int
    different: int = 0
    waiting: int = 0
    stale: int = 0
    replaced: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether everything was verified, and is as it should be."""
        return not self.different and not self.waiting


Report = Callable[[Stage, Audited], None]
"""Called with the counts so far, after each step."""


def audit(
    database: Database,
    registry: Registry,
    run: Audit,
    *,
    context: Context | None = None,
    hands: Hands | None = None,
    report: Report = lambda _, __: None,
) -> Audited:
    """Go on with an audit up to its end.

    run: as `runs.begin` gives it.
    hands: who takes the steps; None: they are taken here.

    Raises as the database does, `AuditReplaced`, and what ``hands`` raise.
    """
    with database.reading() as connection:
        parts = runs.parts_of(connection, run.id)
    for stage in (Stage.REPLAYING, Stage.COMPARING):

        def submit(part: Part, stage: Stage = stage) -> Future[Part]:
            task = Task(run.id, part.part, run.parts, stage)
            if hands is not None:
                return hands.submit(
                    step_elsewhere, hands.source, task, registry, context
                )
            done: Future[Part] = Future()
            done.set_result(step(database, task, registry, context))
            return done

        _stage(parts, stage, submit, 1 if hands is None else hands.ahead, report)
    database.write(lambda connection: runs.finish(connection, run.id))
    return outcome(database, run)


def outcome(database: Database, run: Audit) -> Audited:
    """What an audit came to."""
    with database.reading() as connection:
        parts = runs.parts_of(connection, run.id)
        found = runs.verdicts(connection, run.id)
    return _sum(parts)._replace(
        different=found.get(Verdict.DIFFERENT, 0),
        waiting=found.get(Verdict.WAITING, 0),
        stale=found.get(Verdict.STALE, 0),
        replaced=found.get(Verdict.REPLACED, 0),
    )


def _stage(
    parts: list[Part],
    stage: Stage,
    submit: Callable[[Part], Future[Part]],
    ahead: int,
    report: Report,
) -> None:
    """Take steps until all parts are through a stage; ``parts`` says how far."""
    queue = deque(part for part in parts if part.stage == stage)
    under_way: set[Future[Part]] = set()
    while queue or under_way:
        while queue and len(under_way) < ahead:
            under_way.add(submit(queue.popleft()))
        done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
        for future in done:
            part = future.result()
            parts[part.part] = part
            if part.stage == stage:
                # One part after the other: what it reads lies side by side.
                queue.appendleft(part)
        report(stage, _sum(parts))


def _sum(parts: list[Part]) -> Audited:
    # Sums of columns: audit, part, stage and last are no counts.
    columns = list(zip(*parts, strict=True))[4:]
    return Audited(parts[0].audit, *map(sum, columns))
