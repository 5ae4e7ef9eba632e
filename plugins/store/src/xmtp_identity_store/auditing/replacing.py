"""Writing over what an audit found different, with what the logs come to."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Final

from xmtp_identity.replay import replay_batch

from ..renewal import save_of
from ..store import Store
from .judging import Judgement, Verdict, judge
from .runs import Audit, Difference, Finding, differences, write_findings
from .served import Subject, digest_of, subjects

if TYPE_CHECKING:
    from xmtp_identity import Registry
    from xmtp_identity.kinds import Context

    from ..database import Database

__all__ = ["replace"]

_PIECE: Final = 16
"""Inboxes that are written together."""

_TRIES: Final = 5
"""How often an inbox is tried whose log grows at the same moment."""


def replace(
    database: Database, registry: Registry, run: Audit, context: Context | None = None
) -> None:
    """Replace what is served of each inbox that was found different.

    Each is judged once more as it is now, and its whole log replayed: what was
    put right since is left as it is. A log that is not what its row says can't
    be replaced, and stays different. It can be stopped at any time, and begun
    again to go on.
    """
    rest = differences(database, run.id, Verdict.DIFFERENT)
    while piece := list(islice(rest, _PIECE)):
        _replace(database, registry, run, piece, context)


def _replace(
    database: Database,
    registry: Registry,
    run: Audit,
    piece: Sequence[Difference],
    context: Context | None,
) -> None:
    what = {one.row: one.what for one in piece}
    wanted = sorted(what)
    for _ in range(_TRIES):
        with database.reading() as connection:
            some = subjects(connection, wanted)
        judged = judge(some, registry, context)
        found: list[Finding] = []
        wrong: list[Subject] = []
        for one, judgement in zip(some, judged, strict=True):
            if judgement.verdict is Verdict.DIFFERENT and judgement.what != ("log",):
                wrong.append(one)
                continue
            now = judgement
            if judgement.verdict in {None, Verdict.STALE}:
                # If it is stale, its log has grown since it was put right.
                now = Judgement(Verdict.REPLACED, what[one.row])
            found.append(Finding(one.row, len(one.log), digest_of(one.served), now))
        database.write(partial(write_findings, audit=run.id, found=found))
        if not wrong:
            return
        _write(database, registry, wrong, context)
        wanted = [one.row for one in wrong]


def _write(
    database: Database,
    registry: Registry,
    wrong: Sequence[Subject],
    context: Context | None,
) -> None:
    results = replay_batch(
        [(one.inbox_id, one.log) for one in wrong], registry, context=context
    )
    Store(database).save(
        [
            # A version, even where there is no snapshot: old rows have to go.
            save_of(result, registry, one.version, log=one.log)
            for one, result in zip(wrong, results, strict=True)
        ]
    )
