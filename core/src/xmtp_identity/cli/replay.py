"""`xid replay`: identity logs to states."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from ..errors import BadInput
from .node import connect, fetch_logs, node_option, store_option
from .options import (
    FILE,
    as_json,
    complete_kinds,
    contexts_of,
    decimal,
    registry_of,
    text_argument,
)
from .output import emit, emit_json, show

if TYPE_CHECKING:
    from ..kinds import Context
    from ..logfile import InboxLog
    from ..registry import Registry

__all__ = ["replay", "take"]

_MAX_POSITION = 10**9
_MAX_PROCESSES = 256


@click.command()
@click.argument("files", nargs=-1, type=FILE, metavar="[FILE]...")
@node_option
@store_option
@click.option(
    "--without",
    multiple=True,
    metavar="KIND",
    callback=lambda ctx, param, value: tuple(
        text_argument(ctx, param, name) for name in value
    ),
    shell_complete=complete_kinds,
    help="Replay as a client without the plugin of this kind; may be repeated.",
)
@click.option(
    "--at",
    callback=decimal(0, _MAX_POSITION),
    metavar="N",
    help="The state after the first N entries of each log; 0 is before the first.",
)
@click.option(
    "--explain",
    is_flag=True,
    help="Say what each discarded entry lacks and what can't be seen for want of it, "
    "and what the reference client makes of each deviation.",
)
@as_json
@click.option(
    "--jsonl",
    is_flag=True,
    help="Read JSON logs, one a line, from one FILE or standard input, and print "
    "one JSON result a line, in order.",
)
@click.option(
    "--processes",
    callback=decimal(1, _MAX_PROCESSES),
    metavar="N",
    help="With --jsonl: work in that many processes.",
)
@click.pass_context
def replay(  # noqa: PLR0913 - one argument an option
    ctx: click.Context,
    files: tuple[str, ...],
    node: str | None,
    store: str | None,
    without: tuple[str, ...],
    *,
    at: int | None,
    explain: bool,
    as_json: bool,
    jsonl: bool,
    processes: int | None,
) -> None:
    """Replay identity logs to the states of their inboxes.

    Shows the state, what became of each entry, and whether the result is
    authoritative.

    FILE is a serialized GetIdentityUpdatesResponse, of one inbox or of many
    (a local log is the same), or JSON:
    {"inbox_id": "...", "log": ["hex of an update", null, ...]}. "-" is standard
    input. Each FILE stands for itself; nothing is printed unless all of them
    can be read.

    With --node each FILE is the ID of an inbox, whose log is fetched. Smart
    wallets' signatures need their chain (xid --chains).

    With --json there is one result a line for each inbox, in the order of the
    files: a single inbox gives a single object. With --jsonl a line that can't
    be read gets {"error": ..., "line": N} in its place, the rest goes on, and
    the exit code is 2.

    The exit code is 0 whenever the logs could be read, whatever they hold:
    look at "authoritative" and "state".
    """
    if processes is not None and not jsonl:
        raise click.UsageError("--processes needs --jsonl.", ctx)
    if store is not None and node is None:
        raise click.UsageError("--store needs --node.", ctx)
    if jsonl:
        if node is not None:
            raise click.UsageError("--jsonl reads a file: leave --node out.", ctx)
        if len(files) > 1:
            raise click.UsageError("--jsonl reads one FILE.", ctx)
        if explain:
            raise click.UsageError("--explain is not for --jsonl.", ctx)
        from .jsonl import replay_lines

        registry = registry_of(ctx).without(*without)
        replay_lines(
            files[0] if files else "-", registry, contexts_of(ctx), at, processes or 1
        )
        return
    if not files:
        raise click.UsageError("Missing argument 'FILE...'.", ctx)
    registry = registry_of(ctx).without(*without)
    if node is not None:
        remote = connect(node, registry_of(ctx), store)
        logs = [take(log, at) for log in fetch_logs(remote, files)]
    else:
        if files.count("-") > 1:
            raise click.UsageError("Standard input can be read once only.", ctx)
        logs = _read_files(files, at)
    _replay_logs(logs, registry, contexts_of(ctx), explain=explain, as_json=as_json)


def _read_files(files: tuple[str, ...], at: int | None) -> list[InboxLog]:
    from ..logfile import named, read_logs

    logs: list[InboxLog] = []
    for path in files:
        read = read_logs(path)
        with named(path):
            logs.extend(take(log, at) for log in read)
    return logs


def _replay_logs(
    logs: list[InboxLog],
    registry: Registry,
    context: Context,
    *,
    explain: bool,
    as_json: bool,
) -> None:
    from ..bulk import replay_many

    first = True
    for result in replay_many(_consume(logs), registry, context=context):
        if as_json:
            from .results import explanation_objects, result_object

            found = result_object(result)
            if explain:
                found["explanations"] = explanation_objects(result)
            emit_json(found)
            continue
        from .report import explanations, report

        if not first:
            emit("")
        first = False
        show(report(result))
        if explain:
            show(explanations(result))


def _consume(logs: list[InboxLog]) -> Iterator[InboxLog]:
    """Each log once, let go when it is replayed."""
    logs.reverse()
    while logs:
        yield logs.pop()


def take(log: InboxLog, at: int | None) -> InboxLog:
    """The first ``at`` entries of a log, all for None; raises `BadInput`."""
    if at is None:
        return log
    if at > len(log.log):
        raise BadInput(
            f"--at {at} is beyond the log of {log.inbox_id}, which has "
            f"{len(log.log)} entries.",
            code="beyond_log",
        )
    return log._replace(log=log.log[:at])
