"""The steps of an audit, each a transaction: replay a piece, or compare one.

A step reads how far its part is, does the next piece, and writes what it found
together with how far the part is now. So it does not matter who does it, nor
how often it is begun: it is done once.
"""

from __future__ import annotations

import atexit
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import func, select

from xmtp_identity.outcome import OutcomeKind
from xmtp_identity.replay import replay_batch

from ..keys import row_key
from ..opening import open_database
from ..renewal import save_of
from ..schema import audited, entries, inboxes
from .judging import Judgement, Verdict, judge, waiting
from .runs import Finding, Overtaken, Part, Stage, bounds, read_part, write
from .served import digest_of, expected, read_served, subjects

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from xmtp_identity import Registry
    from xmtp_identity.kinds import Context
    from xmtp_identity.result import ReplayResult

    from ..database import Database

__all__ = ["Task", "step", "step_elsewhere"]

_ENTRIES: Final = 1024
"""Entries that are replayed together."""

_BYTES: Final = 4 << 20
"""Bytes of updates that are replayed together; one inbox may have more."""

_INBOXES: Final = 512
"""Inboxes that are looked at together."""


class Task(NamedTuple):
    """A step to be taken in a part of an audit."""

    audit: int
    part: int
    parts: int
    stage: Stage


class _Size(NamedTuple):
    """An inbox, and how much there is to replay."""

    row: int
    inbox_id: str
    entries: int
    size: int


def step_elsewhere(
    source: str, task: Task, registry: Registry, context: Context | None
) -> Part:
    """`step` in another process, which opens the store once."""
    return step(_database(source), task, registry, context)


@lru_cache(1)
def _database(source: str) -> Database:
    database = open_database(source, create=False)
    atexit.register(database.close)
    return database


def step(
    database: Database, task: Task, registry: Registry, context: Context | None
) -> Part:
    """Take a step; returns how far the part is after it.

    Nothing is done if the part is at another stage already. Raises
    `AuditReplaced`, and as the database does.
    """
    with database.reading() as connection:
        part = read_part(connection, task.audit, task.part)
    if part.stage != task.stage:
        return part
    work = _replay if task.stage is Stage.REPLAYING else _compare
    after, found = work(database, part, task.parts, registry, context)
    try:
        database.write(lambda connection: write(connection, part, after, found))
    except Overtaken:
        with database.reading() as connection:
            return read_part(connection, task.audit, task.part)
    return after


def _replay(
    database: Database,
    part: Part,
    parts: int,
    registry: Registry,
    context: Context | None,
) -> tuple[Part, list[Finding]]:
    with database.reading() as connection:
        sizes, is_last = _next(connection, part, parts)
        logs = _logs(connection, sizes)
    pairs = [(one.inbox_id, log) for one, log in zip(sizes, logs, strict=True)]
    results = replay_batch(pairs, registry, context=context)
    found = [
        _finding(one, log, result, registry)
        for one, log, result in zip(sizes, logs, results, strict=True)
    ]
    outcomes = dict.fromkeys(OutcomeKind, 0)
    for result in results:
        for outcome in result.outcomes:
            outcomes[outcome.outcome] += 1
    after = part._replace(
        last=sizes[-1].row if sizes else part.last,
        inboxes=part.inboxes + len(sizes),
        entries=part.entries + sum(map(len, logs)),
        applied=part.applied + outcomes[OutcomeKind.APPLIED],
        rejected=part.rejected + outcomes[OutcomeKind.REJECTED],
        discarded=part.discarded + outcomes[OutcomeKind.DISCARDED],
        unavailable=part.unavailable + outcomes[OutcomeKind.UNAVAILABLE],
    )
    if is_last:
        after = after._replace(stage=Stage.COMPARING, last=bounds(part.part, parts)[0])
    return after, found


def _next(connection: Connection, part: Part, parts: int) -> tuple[list[_Size], bool]:
    """The inboxes of the next piece, and whether they are the part's last."""
    rows = connection.execute(
        select(inboxes.c.id, inboxes.c.inbox_id, inboxes.c.entries, inboxes.c.size)
        .where(inboxes.c.id > part.last, inboxes.c.id <= bounds(part.part, parts)[1])
        .order_by(inboxes.c.id)
        .limit(_INBOXES)
    ).all()
    taken: list[_Size] = []
    length = size = 0
    for row in rows:
        length += row.entries
        size += row.size
        if taken and (length > _ENTRIES or size > _BYTES):
            return taken, False
        taken.append(_Size(*row))
    return taken, len(rows) < _INBOXES


def _logs(connection: Connection, sizes: Sequence[_Size]) -> list[list[bytes | None]]:
    if not sizes:
        return []
    logs: dict[int, list[bytes | None]] = {one.row: [] for one in sizes}
    for inbox, update in connection.execute(
        select(entries.c.inbox, entries.c["update"])
        .where(entries.c.inbox.between(sizes[0].row, sizes[-1].row))
        .order_by(entries.c.inbox, entries.c.position)
    ):
        logs[inbox].append(update)
    return [logs[one.row] for one in sizes]


def _finding(
    one: _Size, log: list[bytes | None], result: ReplayResult, registry: Registry
) -> Finding:
    if row_key(one.inbox_id) != one.row:
        # Nothing that it serves is right.
        return Finding(one.row, len(log), None)
    save = save_of(result, registry, None, log=log)
    should_be = expected(save, len(log))
    if should_be is None:
        return Finding(one.row, len(log), None, waiting(save))
    return Finding(one.row, len(log), digest_of(should_be))


def _compare(
    database: Database,
    part: Part,
    parts: int,
    registry: Registry,
    context: Context | None,
) -> tuple[Part, list[Finding]]:
    """What is served and has the digest is right; the rest, and what has grown
    since or is new, is looked at closely."""
    with database.reading() as connection:
        rows = connection.execute(
            select(
                inboxes.c.id,
                inboxes.c.entries,
                func.coalesce(inboxes.c.size, 0).label("size"),
                audited.c.audit,
                audited.c.digest,
                audited.c.verdict,
                audited.c.what,
            )
            .join_from(inboxes, audited, isouter=True)
            .where(
                inboxes.c.id > part.last,
                inboxes.c.id <= bounds(part.part, parts)[1],
            )
            .order_by(inboxes.c.id)
            .limit(_INBOXES)
        ).all()
        served = read_served(connection, [row.id for row in rows])
    close = [
        _Size(row.id, "", row.entries, row.size)
        for row in rows
        if row.audit != part.audit or row.digest != digest_of(served[row.id][2])
    ]
    waited = {
        row.id: Judgement(Verdict.WAITING, tuple((row.what or "").split(",")))
        for row in rows
        if row.audit == part.audit and row.verdict == Verdict.WAITING
    }
    del served
    found: list[Finding] = []
    for piece in _pieces(close):
        with database.reading() as connection:
            some = subjects(connection, [one.row for one in piece])
        for one, judgement in zip(some, judge(some, registry, context), strict=True):
            digest = digest_of(one.served) if judgement.verdict is None else None
            if judgement.verdict is Verdict.STALE:
                # What is served is right, but its end could not be verified.
                judgement = waited.get(one.row, judgement)  # noqa: PLW2901
            found.append(Finding(one.row, len(one.log), digest, judgement))
    after = part._replace(
        last=rows[-1].id if rows else part.last, compared=part.compared + len(rows)
    )
    if len(rows) < _INBOXES:
        after = after._replace(stage=Stage.DONE)
    return after, found


def _pieces(sizes: Iterable[_Size]) -> Iterable[list[_Size]]:
    piece: list[_Size] = []
    length = size = 0
    for one in sizes:
        if piece and (length + one.entries > _ENTRIES or size + one.size > _BYTES):
            yield piece
            piece, length, size = [], 0, 0
        piece.append(one)
        length += one.entries
        size += one.size
    if piece:
        yield piece
