"""``xid compat``: one log as clients with fewer plugins see it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from ..outcome import OutcomeKind
from .options import FILE, as_json, contexts_of, registry_of
from .output import Cell, Heading, Part, Table, emit, emit_json, show

if TYPE_CHECKING:
    from ..kinds import Context
    from ..logfile import InboxLog
    from ..registry import Registry
    from ..replay import ReplayResult

__all__ = ["compat"]


@click.command()
@click.argument("path", type=FILE, metavar="FILE")
@as_json
@click.pass_context
def compat(ctx: click.Context, path: str, *, as_json: bool) -> None:
    """Show how a log looks to older clients.

    Each log of FILE is replayed with all plugins and with each one left out.
    Who may act for the inbox is the same for all that are authoritative; a
    client that lacks a leaf kind lacks its members, and nothing else.

    With --json there is one object a line for each inbox: {"inbox_id": ...,
    "clients": [{"without": null | kind, "result": ...}]}, with the results of
    `xid replay --json`.
    """
    from ..logfile import read_logs

    registry, context = registry_of(ctx), contexts_of(ctx)
    for position, log in enumerate(read_logs(path)):
        views = _views(log, registry, context)
        if as_json:
            from .results import result_object

            clients = [
                {"without": without, "result": result_object(result)}
                for without, result in views
            ]
            emit_json({"inbox_id": log.inbox_id, "clients": clients})
            continue
        if position:
            emit("")
        show(_report(log, views))


def _views(
    log: InboxLog, registry: Registry, context: Context
) -> list[tuple[str | None, ReplayResult]]:
    from ..replay import replay

    clients: list[tuple[str | None, Registry]] = [(None, registry)]
    clients += [(kind.name, registry.without(kind.name)) for kind in registry.kinds]
    return [
        (name, replay(log.inbox_id, log.log, one, context=context))
        for name, one in clients
    ]


def _report(log: InboxLog, views: list[tuple[str | None, ReplayResult]]) -> list[Part]:
    whole = views[0][1]
    return [
        Heading(Cell(f"Inbox {log.inbox_id}")),
        Table(
            "Clients",
            [
                "without",
                "authoritative",
                "members",
                "root",
                "left out",
                *(kind.value for kind in OutcomeKind),
            ],
            [_row(without, result, whole) for without, result in views],
        ),
    ]


def _row(without: str | None, result: ReplayResult, whole: ReplayResult) -> list[Cell]:
    counts = Counter(outcome.outcome for outcome in result.outcomes)
    same = _root(result) == _root(whole)
    return [
        Cell(without or "nothing"),
        Cell("yes", "good") if result.authoritative else Cell("no", "odd"),
        Cell(str(len(result.state.members)) if result.state else "-"),
        Cell("the same", "good") if same else Cell("another", "odd"),
        Cell(", ".join(result.missing) or "-"),
        *(Cell(str(counts[kind])) for kind in OutcomeKind),
    ]


def _root(result: ReplayResult) -> object:
    state = result.state
    return None if state is None else (state.recovery, dict(state.root))
