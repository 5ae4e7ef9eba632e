"""Audits in the database: how far one is, and what it found."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import delete, func, insert, select, update

from ..errors import AuditReplaced, AuditUnfinished
from ..keys import KEY_BITS
from ..saving import upsert
from ..schema import audit_parts, audited, audits, buckets, inboxes
from .judging import Judgement, Verdict

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from xmtp_identity import Registry

    from ..database import Database

__all__ = [
    "Audit",
    "Difference",
    "Finding",
    "Overtaken",
    "Part",
    "Stage",
    "State",
    "begin",
    "bounds",
    "differences",
    "finish",
    "parts_of",
    "read_part",
    "verdicts",
    "write",
    "write_findings",
]

_PIECE = 500
"""Differences that are read at once."""


class State(StrEnum):
    """RUNNING: not at its end; DONE: all is compared."""

    RUNNING = "running"
    DONE = "done"


class Stage(IntEnum):
    """What is being done with a part: replay it, compare it, or nothing more."""

    REPLAYING = 0
    COMPARING = 1
    DONE = 2


class Audit(NamedTuple):
    """One audit; see `schema.audits`."""

    id: int
    plugins: str
    parts: int
    state: str


class Part(NamedTuple):
    """How far an audit is with a range of keys; see `schema.audit_parts`."""

    audit: int
    part: int
    stage: int
    last: int
    inboxes: int = 0
    entries: int = 0
    applied: int = 0
    rejected: int = 0
    discarded: int = 0
    unavailable: int = 0
    compared: int = 0


class Finding(NamedTuple):
    """What an audit found of one inbox; see `schema.audited`."""

    row: int
    position: int
    digest: bytes | None
    judgement: Judgement = Judgement(None)


class Difference(NamedTuple):
    """An inbox of which there is something to be said."""

    row: int
    inbox_id: str
    verdict: Verdict
    what: tuple[str, ...]


class Overtaken(Exception):
    """Somebody else did the same piece of work first."""


def begin(
    connection: Connection,
    registry: Registry,
    parts: int,
    *,
    anew: bool,
    replace: bool,
) -> Audit:
    """The audit to go on with, or a new one.

    anew: whether an unfinished one is given up.
    replace: whether one that is at its end is gone on with, if it found
        differences.
    """
    # Of two that begin at once the second finds what the first one made.
    connection.execute(
        select(buckets).where(buckets.c.bucket == 0).with_for_update()
    ).all()
    row = connection.execute(
        select(audits).order_by(audits.c.id.desc()).limit(1)
    ).first()
    last = None if row is None else Audit(*row)
    plugins = _plugins(registry)
    if last is not None and not anew:
        if last.state == State.RUNNING:
            if last.plugins != plugins:
                raise AuditUnfinished(
                    "An audit by other plugins is unfinished; an audit is by the "
                    "same plugins from its beginning to its end."
                )
            return last
        if replace and last.plugins == plugins and _has_differences(connection, last):
            return last
    new = Audit(1 if last is None else last.id + 1, plugins, parts, State.RUNNING)
    connection.execute(delete(audit_parts))
    connection.execute(insert(audits), new._asdict())
    connection.execute(
        insert(audit_parts),
        [
            Part(new.id, part, Stage.REPLAYING, bounds(part, parts)[0])._asdict()
            for part in range(parts)
        ],
    )
    return new


def _plugins(registry: Registry) -> str:
    """The kinds that decide, as a text."""
    return json.dumps(
        sorted([kind.number, kind.extension, kind.revision] for kind in registry.kinds)
    )


def _has_differences(connection: Connection, audit: Audit) -> bool:
    return bool(verdicts(connection, audit.id).get(Verdict.DIFFERENT))


def bounds(part: int, parts: int) -> tuple[int, int]:
    """The keys of a part: above the first number, up to the second."""
    span = (1 << KEY_BITS) // parts
    return part * span - 1, (part + 1) * span - 1


def parts_of(connection: Connection, audit: int) -> list[Part]:
    """How far an audit is with each part."""
    found = connection.execute(
        select(audit_parts)
        .where(audit_parts.c.audit == audit)
        .order_by(audit_parts.c.part)
    )
    return [Part(*row) for row in found]


def read_part(connection: Connection, audit: int, part: int) -> Part:
    """How far an audit is with one part; raises `AuditReplaced`."""
    row = connection.execute(
        select(audit_parts).where(
            audit_parts.c.audit == audit, audit_parts.c.part == part
        )
    ).first()
    if row is None:
        raise AuditReplaced("Another audit was begun; this one can't go on.")
    return Part(*row)


def write(
    connection: Connection, before: Part, after: Part, found: Sequence[Finding]
) -> None:
    """Write what was found, and how far the part is now: both or neither.

    Raises `Overtaken` if the part is not where it was.
    """
    changed = connection.execute(
        update(audit_parts)
        .where(
            audit_parts.c.audit == before.audit,
            audit_parts.c.part == before.part,
            audit_parts.c.stage == before.stage,
            audit_parts.c.last == before.last,
        )
        .values(after._asdict())
    )
    if changed.rowcount != 1:
        raise Overtaken
    write_findings(connection, before.audit, found)


def write_findings(
    connection: Connection, audit: int, found: Sequence[Finding]
) -> None:
    """Write what was found in place of what was found before."""
    if not found:
        return
    put = upsert(connection, audited)
    connection.execute(
        put.on_conflict_do_update(
            index_elements=[audited.c.inbox],
            set_={
                name: put.excluded[name]
                for name in ("audit", "position", "digest", "verdict", "what")
            },
        ),
        [
            {
                "inbox": one.row,
                "audit": audit,
                "position": one.position,
                "digest": one.digest,
                "verdict": one.judgement.verdict,
                "what": ",".join(one.judgement.what) or None,
            }
            for one in found
        ],
    )


def finish(connection: Connection, audit: int) -> None:
    """An audit is at its end."""
    connection.execute(
        update(audits).where(audits.c.id == audit).values(state=State.DONE)
    )


def verdicts(connection: Connection, audit: int) -> dict[Verdict, int]:
    """How many inboxes have each verdict."""
    found = connection.execute(
        select(audited.c.verdict, func.count())
        .where(audited.c.audit == audit, audited.c.verdict.is_not(None))
        .group_by(audited.c.verdict)
    )
    return {Verdict(verdict): count for verdict, count in found}


def differences(
    database: Database, audit: int, verdict: Verdict
) -> Iterator[Difference]:
    """The inboxes with a verdict, in the order of their keys."""
    last = -1
    while True:
        with database.reading() as connection:
            piece = connection.execute(
                select(audited.c.inbox, inboxes.c.inbox_id, audited.c.what)
                .join_from(audited, inboxes)
                .where(
                    audited.c.audit == audit,
                    audited.c.verdict == verdict,
                    audited.c.inbox > last,
                )
                .order_by(audited.c.inbox)
                .limit(_PIECE)
            ).all()
        if not piece:
            return
        for last, inbox_id, what in piece:
            parts = tuple(what.split(",")) if what else ()
            yield Difference(last, inbox_id, verdict, parts)
