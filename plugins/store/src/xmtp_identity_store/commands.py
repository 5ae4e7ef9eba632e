"""`xid import`, `xid status`, `xid upgrade` and `xid migrate`.

SQLAlchemy loads when one of them runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from xmtp_identity.allotment import ALLOTMENT, layer_name
from xmtp_identity.cli.options import (
    FILE,
    as_json,
    contexts_of,
    decimal,
    registry_of,
    warn,
)
from xmtp_identity.cli.output import Cell, Facts, Part, Table, emit_json, show
from xmtp_identity.errors import BadInput

from .progress import Progress

if TYPE_CHECKING:
    from xmtp_identity import Registry

    from .staleness import Reason
    from .store import Store
    from .upgrade import Upgraded

__all__ = ["import_logs", "migrate_store", "status", "upgrade_store"]

_MAX_PROCESSES: Final = 256
_EXAMPLES: Final = 3
_NOTHING: Final = Cell("-", "dim")

_WORDS: Final = {
    "no_snapshot": "was never replayed",
    "new_entries": "the log has grown",
    "kind_added": "a plugin came",
    "kind_changed": "a plugin changed",
    "root_kinds": "plugins of root kinds changed",
    "damaged": "the snapshot is damaged",
    "waiting": "the last replay could not be finished",
}

_store_option: Final = click.option(
    "--store",
    "path",
    type=click.Path(),
    required=True,
    metavar="STORE",
    help="The store: an SQLite file, or postgresql://USER@HOST/DATABASE.",
)
_check_option: Final = click.option(
    "--check",
    is_flag=True,
    help="Read all snapshots as well, to find damaged ones.",
)


@click.command("import")
@_store_option
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILE...")
@click.option("--jsonl", is_flag=True, help="Read JSON logs, one a line.")
@as_json
@click.pass_context
def import_logs(
    ctx: click.Context, path: str, files: tuple[str, ...], *, jsonl: bool, as_json: bool
) -> None:
    """Put identity logs into a store.

    The store is made if it is missing. FILE is what `xid replay` reads: a
    serialized GetIdentityUpdatesResponse, of one inbox or of many, or JSON; "-"
    is standard input. Each log is the whole log of its inbox. What is stored
    already is left as it is, so the same FILE can be imported again, and a
    longer log adds its new entries.

    A log that contradicts the stored one is refused, and so is a line that
    can't be read; the rest goes on, and the exit code is 2. Nothing is
    replayed: that is what `xid upgrade` does.
    """
    from .importing import Imported, import_all, read_file, read_lines
    from .store import Store

    if files.count("-") > 1:
        raise click.UsageError("Standard input can be read once only.", ctx)
    refused = 0

    def complain(error: BadInput) -> None:
        nonlocal refused
        refused += 1
        warn(ctx, error.detail, error.code)

    done = Imported()
    with Store.open(path) as store, Progress("Importing") as progress:
        for file in files:
            logs = read_lines(file, complain) if jsonl else read_file(file)
            import_all(store, progress.over(logs), complain, done)
    _tell(
        {"logs": done.logs, "entries": done.entries, "refused": refused},
        [("Logs", f"{done.logs:,}"), ("New entries", f"{done.entries:,}")],
        as_json=as_json,
    )
    if refused:
        raise BadInput(
            f"{refused:,} logs or lines were refused; the rest is in the store.",
            code="logs_refused",
        )


@click.command()
@_store_option
@_check_option
@as_json
@click.pass_context
def status(ctx: click.Context, path: str, *, check: bool, as_json: bool) -> None:
    """Say which snapshots of a store are stale, and why.

    A snapshot is stale if it has not seen the whole log, or if a plugin came
    or changed on which its state depends. Plugins that went make nothing
    stale: the table of leaf kinds without a plugin says what is not seen.

    The exit code is 1 if something is stale; `xid upgrade` brings it up to date.
    """
    from .store import Store

    registry = registry_of(ctx)
    with Store.open(path, create=False) as store:
        total = store.count()
        stale, reasons = _reasons(store, registry, check=check)
        unseen = {
            number: count
            for number, count in store.named().items()
            if number not in registry.by_member
        }
    if as_json:
        emit_json(
            {
                "inboxes": total,
                "stale": stale,
                "reasons": [
                    {
                        "reason": reason.why.value,
                        "kind": reason.kind,
                        "cause": reason.cause,
                        "inboxes": found.count,
                        "examples": found.examples,
                    }
                    for reason, found in reasons.items()
                ],
                "unseen": [
                    {
                        "number": number,
                        "kind": layer_name(number),
                        "package": _package(number),
                        "inboxes": count,
                    }
                    for number, count in unseen.items()
                ],
            }
        )
    else:
        show(_status_parts(total, stale, reasons, unseen))
    ctx.exit(1 if stale else 0)


class _Found:
    """How many inboxes have a reason, and the first of them."""

    __slots__ = ("count", "examples")

    def __init__(self) -> None:
        self.count = 0
        self.examples: list[str] = []

    def add(self, inbox_id: str) -> None:
        self.count += 1
        if len(self.examples) < _EXAMPLES:
            self.examples.append(inbox_id)


def _reasons(
    store: Store, registry: Registry, *, check: bool
) -> tuple[int, dict[Reason, _Found]]:
    """How many inboxes are stale, and for each reason how many and which."""
    found: dict[Reason, _Found] = {}
    stale = 0
    with Progress("Looking") as progress:
        for one in progress.over(store.stale(registry, check=check)):
            stale += 1
            for reason in one.reasons:
                found.setdefault(reason, _Found()).add(one.inbox_id)
    return stale, dict(sorted(found.items(), key=lambda item: -item[1].count))


def _status_parts(
    total: int, stale: int, reasons: dict[Reason, _Found], unseen: dict[int, int]
) -> list[Part]:
    parts: list[Part] = [
        Facts(
            [
                ("Inboxes", Cell(f"{total:,}")),
                ("Stale", Cell(f"{stale:,}", "odd" if stale else "good")),
            ]
        )
    ]
    if reasons:
        parts.append(
            Table(
                "Why",
                ["reason", "kind", "cause", "inboxes", "for example"],
                [
                    [
                        Cell(_WORDS[reason.why.value]),
                        Cell(reason.kind) if reason.kind else _NOTHING,
                        Cell(reason.cause) if reason.cause else _NOTHING,
                        Cell(f"{found.count:,}"),
                        Cell(found.examples[0]),
                    ]
                    for reason, found in reasons.items()
                ],
            )
        )
    if unseen:
        parts.append(
            Table(
                "Leaf kinds without a plugin here",
                ["number", "kind", "package", "inboxes"],
                [
                    [
                        Cell(str(number)),
                        Cell(layer_name(number)),
                        Cell(_package(number) or "-"),
                        Cell(f"{count:,}"),
                    ]
                    for number, count in unseen.items()
                ],
            )
        )
    return parts


def _package(number: int) -> str | None:
    allotted = ALLOTMENT.get(number)
    return None if allotted is None else allotted.distribution


@click.command("upgrade")
@_store_option
@click.option(
    "--processes",
    callback=decimal(1, _MAX_PROCESSES),
    default="1",
    metavar="N",
    help="Replay in that many processes.",
)
@_check_option
@as_json
@click.pass_context
def upgrade_store(
    ctx: click.Context, path: str, *, processes: int, check: bool, as_json: bool
) -> None:
    """Bring the snapshots of a store up to date.

    Exactly the inboxes that `xid status` counts are replayed: the whole log
    where a plugin came or changed, else what is new. It can be stopped at any
    time, and started again to go on; two at once do no harm.

    An inbox whose replay needs a chain that can't be asked keeps what was known
    of it, and waits: give the chain with `xid --chains`, and run it again.
    """
    from .store import Store
    from .upgrade import upgrade

    registry = registry_of(ctx)
    context = contexts_of(ctx)
    so_far = 0

    def report(done: Upgraded) -> None:
        nonlocal so_far
        so_far = done.inboxes
        progress.at(so_far)

    with Store.open(path, create=False) as store:
        total, stale = store.count(), store.count_stale(registry)
        try:
            with Progress("Upgrading", None if check else stale) as progress:
                done = upgrade(
                    store,
                    registry,
                    context=context,
                    processes=processes,
                    check=check,
                    report=report,
                )
        except KeyboardInterrupt:
            warn(
                ctx,
                f"{so_far:,} of {stale:,} inboxes are done, and stay so; run the "
                "same again to go on.",
                code="upgrade_stopped",
            )
            raise
    counts = {
        "inboxes": total,
        "stale": stale,
        "replayed": done.replayed,
        "resumed": done.resumed,
        "damaged": done.damaged,
        "waiting": done.waiting,
        "skipped": done.skipped,
    }
    _tell(
        counts,
        [
            ("Inboxes", f"{total:,}, of which {stale:,} were stale"),
            ("Replayed", f"{done.replayed:,} whole, {done.resumed:,} from a snapshot"),
            *_only(done.damaged, "Damaged", "snapshots, made anew"),
            *_only(done.waiting, "Waiting", "inboxes that need a chain"),
            *_only(done.skipped, "Skipped", "that another process upgraded first"),
        ],
        as_json=as_json,
    )


@click.command("migrate")
@_store_option
@as_json
def migrate_store(path: str, *, as_json: bool) -> None:
    """Make the tables of a store, or bring them to this release.

    A file or database without tables gets them. Where another release made
    them they are changed in one transaction; all else that uses the store has
    to be of this release from then on. If there is nothing to do, nothing is
    done.
    """
    from .opening import migrate

    before, after = migrate(path)
    if as_json:
        emit_json({"before": before, "after": after})
    else:
        facts = [("Before", Cell(before or "no tables")), ("After", Cell(after))]
        show([Facts(facts)])


def _only(count: int, name: str, what: str) -> list[tuple[str, str]]:
    return [(name, f"{count:,} {what}")] if count else []


def _tell(
    counts: dict[str, int], facts: list[tuple[str, str]], *, as_json: bool
) -> None:
    if as_json:
        emit_json(counts)
    else:
        show([Facts([(name, Cell(value)) for name, value in facts])])
