"""`xid audit`."""

from __future__ import annotations

import json
import time
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from xmtp_identity.cli.options import as_json, contexts_of, decimal, registry_of, warn
from xmtp_identity.cli.output import Cell, Facts, Part, Table, emit_json, show
from xmtp_identity.errors import BadInput

from .progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .auditing import Audit, Audited, Difference, Stage
    from .database import Database

__all__ = ["audit_store"]

_MAX_PROCESSES: Final = 256
_MAX_PARTS: Final = 65536
_SHOWN: Final = 100
"""Differences that are shown; a file takes all."""

_WORDS: Final = {0: "Replaying", 1: "Comparing"}


@click.command("audit")
@click.argument("source", type=click.Path(), metavar="SOURCE")
@click.option(
    "--processes",
    callback=decimal(1, _MAX_PROCESSES),
    default="1",
    metavar="N",
    help="Replay in that many processes of this machine.",
)
@click.option(
    "--dask",
    "address",
    metavar="ADDRESS",
    help="Replay on a Dask cluster: tcp://HOST:PORT of its scheduler.",
)
@click.option(
    "--parts",
    callback=decimal(64, _MAX_PARTS),
    default="64",
    metavar="N",
    help="Into how many parts a new audit divides the store; a power of two.",
)
@click.option("--anew", is_flag=True, help="Give up an unfinished audit.")
@click.option(
    "--replace", is_flag=True, help="Write over what differs from its log at the end."
)
@click.option(
    "--list",
    "listed",
    type=click.Path(),
    metavar="FILE",
    help="Write all differences to a file, as JSON, one inbox a line.",
)
@as_json
@click.pass_context
def audit_store(  # noqa: PLR0913 - one parameter an option
    ctx: click.Context,
    source: str,
    *,
    processes: int,
    address: str | None,
    parts: int,
    anew: bool,
    replace: bool,
    listed: str | None,
    as_json: bool,
) -> None:
    """Verify every inbox of a store anew.

    SOURCE is an SQLite file or postgresql://USER@HOST/DATABASE. All logs are
    replayed from their beginning, and what they come to is compared with what
    the store serves: snapshots, address log, labels. Nothing that is served is
    changed without --replace.

    It can be stopped at any time, even by a power cut: run it again to go on.
    What is appended meanwhile does no harm.

    The exit code is 1 if an inbox differs, or could not be verified for want
    of a chain. Stale ones are only counted: see `xid status`.
    """
    from . import auditing
    from .opening import open_database
    from .store import Store

    if parts & (parts - 1):
        raise click.BadParameter("give a power of two.", ctx, param_hint="--parts")
    if address is not None and "postgres" not in source.partition("://")[0]:
        raise BadInput(
            "Workers of a cluster read the store themselves: it has to be in "
            "PostgreSQL.",
            code="not_shared",
        )
    registry = registry_of(ctx)
    context = contexts_of(ctx)
    database = open_database(source, create=False)
    try:
        run = database.write(
            lambda connection: auditing.begin(
                connection, registry, parts, anew=anew, replace=replace
            )
        )
        try:
            with (
                _hands(source, processes, address) as hands,
                Progress(_WORDS[0], Store(database).count()) as progress,
            ):
                shown = _Shown(progress, auditing.outcome(database, run))
                auditing.audit(
                    database,
                    registry,
                    run,
                    context=context,
                    hands=hands,
                    report=shown.report,
                )
                if replace:
                    auditing.replace(database, registry, run, context)
        except KeyboardInterrupt:
            sentence = "The audit is kept as far as it is; run the same again to go on."
            warn(ctx, sentence, code="audit_stopped")
            raise
        done = auditing.outcome(database, run)
        if listed is not None:
            _list(database, run, listed)
        some = list(islice(_differences(database, run), _SHOWN))
    finally:
        database.close()
    if as_json:
        emit_json({**done._asdict(), "differences": [_as_dict(one) for one in some]})
    else:
        show(_said(done, some, shown.rate))
    ctx.exit(0 if done.is_clean else 1)


def _hands(
    source: str, processes: int, address: str | None
) -> AbstractContextManager[Any]:
    from .auditing import executors

    if address is not None:
        return executors.cluster(source, address)
    return executors.processes(source, processes) if processes > 1 else nullcontext()


class _Shown:
    """A bar that says how far an audit is, and how many entries a second."""

    __slots__ = ("_before", "_begun", "_progress", "_stage", "rate")

    def __init__(self, progress: Progress, before: Audited) -> None:
        """before: what was done by others, or before a stop."""
        self._progress = progress
        self._before = before
        self._stage = 0
        self._begun = time.monotonic()
        self.rate = 0.0

    def report(self, stage: Stage, done: Audited) -> None:
        if stage != self._stage:
            self._stage = int(stage)
            self._progress.begin(_WORDS[stage])
        if stage:
            self._progress.at(done.compared)
            return
        seconds = time.monotonic() - self._begun
        self.rate = (done.entries - self._before.entries) / max(seconds, 1e-6)
        self._progress.at(done.inboxes, f"{self.rate:,.0f} updates/s")


def _differences(database: Database, run: Audit) -> Iterator[Difference]:
    from .auditing import Verdict, differences

    for verdict in (Verdict.DIFFERENT, Verdict.WAITING, Verdict.REPLACED):
        yield from differences(database, run.id, verdict)


def _as_dict(one: Difference) -> dict[str, Any]:
    return {
        "inbox_id": one.inbox_id,
        "verdict": one.verdict.value,
        "what": list(one.what),
    }


def _list(database: Database, run: Audit, path: str) -> None:
    from xmtp_identity.logfile import UnusableFile

    try:
        with Path(path).open("w", encoding="utf-8") as file:
            file.writelines(
                json.dumps(_as_dict(one)) + "\n" for one in _differences(database, run)
            )
    except OSError as error:
        raise UnusableFile(f"{path}: {error.strerror}.") from None


def _said(done: Audited, some: list[Difference], rate: float) -> list[Part]:
    speed = f", {rate:,.0f} a second" if rate else ""
    outcomes = ", ".join(
        f"{count:,} {name}"
        for name in ("applied", "rejected", "discarded", "unavailable")
        if (count := getattr(done, name))
    )
    facts = [
        ("Audit", Cell(f"{done.audit}")),
        ("Inboxes", Cell(f"{done.inboxes:,}, {done.entries:,} entries{speed}")),
        ("Entries", Cell(outcomes or "none")),
        ("Different", Cell(f"{done.different:,}", "odd" if done.different else "good")),
    ]
    if done.waiting:
        facts.append(("Waiting", Cell(f"{done.waiting:,} that need a chain", "odd")))
    if done.stale:
        facts.append(("Stale", Cell(f"{done.stale:,}; `xid upgrade` renews them")))
    if done.replaced:
        facts.append(("Replaced", Cell(f"{done.replaced:,}")))
    parts: list[Part] = [Facts(facts)]
    if some:
        parts.append(
            Table(
                "Differences",
                ["inbox", "verdict", "what"],
                [
                    [
                        Cell(one.inbox_id),
                        Cell(one.verdict.value),
                        Cell(", ".join(one.what) or "-"),
                    ]
                    for one in some
                ],
            )
        )
    return parts
