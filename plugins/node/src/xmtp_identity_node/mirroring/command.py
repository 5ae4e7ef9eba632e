"""`xid mirror`. What it takes to follow a node loads when the command runs."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from xmtp_identity.cli.options import (
    as_json,
    contexts_of,
    decimal,
    registry_of,
    warn,
)
from xmtp_identity.cli.output import Cell, Facts, emit_json, show
from xmtp_identity.logfile import read_bytes

from .errors import NotAllTaken

if TYPE_CHECKING:
    from xmtp_identity.errors import IdentityError
    from xmtp_identity_store.store import Store

    from .mirror import Mirror
    from .taking import Taken

__all__ = ["mirror"]

_MOST_SECONDS: Final = 86_400
_ATTEMPTS_ONCE: Final = 5


@click.command()
@click.argument("url", metavar="URL")
@click.option(
    "--store",
    "target",
    required=True,
    metavar="STORE",
    help="The store, an SQLite file or postgresql://...; made if it is missing.",
)
@click.option(
    "--inbox",
    "inboxes",
    multiple=True,
    metavar="ID",
    help="Ask for this inbox again and again, and for all in the store.",
)
@click.option(
    "--inboxes",
    "file",
    type=click.Path(),
    metavar="FILE",
    help="The same for inbox IDs in a file, one a line.",
)
@click.option("--once", is_flag=True, help="Stop when there is nothing new.")
@click.option(
    "--check",
    is_flag=True,
    help="First compare every log in the store with the node's.",
)
@click.option(
    "--poll-seconds",
    callback=decimal(1, _MOST_SECONDS),
    default="30",
    metavar="N",
    help="How often to ask a node that has no stream.",
)
@click.option(
    "--ca",
    type=click.Path(),
    metavar="FILE",
    help="Whom to trust for TLS, in PEM, instead of the usual.",
)
@as_json
@click.pass_context
def mirror(  # noqa: PLR0913 - one argument an option
    ctx: click.Context,
    /,
    *,
    url: str,
    target: str,
    inboxes: tuple[str, ...],
    file: str | None,
    once: bool,
    check: bool,
    poll_seconds: int,
    ca: str | None,
    as_json: bool,
) -> None:
    """Follow another node's logs into a store.

    Every update is verified. What is not applied here is kept in its place,
    labelled with the reason, and served like the rest. A log that contradicts
    what was seen before is reported and not taken in.

    A node of this project has a stream of all that is new; where it stood is
    kept in the store, and the next run goes on from there. XMTP's own nodes
    have none: name the inboxes. Serve the store with `xid serve --read-only true`.

    With --once the exit code is 2 if something was not taken.
    """
    from xmtp_identity_store.store import Store

    from .mirror import Mirror, Patience

    named = [*inboxes, *(_ids_of(file) if file else ())]
    certificates = read_bytes(ca) if ca else None
    _end_on_sigterm()
    teller = _Teller(ctx, as_json=as_json)
    patience = Patience(
        poll=float(poll_seconds), attempts=_ATTEMPTS_ONCE if once else None
    )
    with Store.open(target) as store:
        following = Mirror(
            store,
            registry_of(ctx),
            url,
            context=contexts_of(ctx),
            watcher=teller,
            patience=patience,
            root_certificates=certificates,
        )
        try:
            _run(following, store, named, once=once, check=check)
        finally:
            following.close()
            teller.end()
    if teller.troubles:
        raise NotAllTaken(f"{teller.troubles:,} logs were not taken; see above.")


def _run(
    following: Mirror, store: Store, named: Sequence[str], *, once: bool, check: bool
) -> None:
    if check:
        following.check()
    if named:
        following.poll(_All(named, store), once=once)
        return
    following.follow(once=once)


class _All:
    """The inboxes that were named and those in the store, each once a round."""

    def __init__(self, named: Sequence[str], store: Store) -> None:
        self._named = dict.fromkeys(named)
        self._store = store

    def __iter__(self) -> Iterator[str]:
        yield from self._named
        yield from (one for one in self._store.inboxes() if one not in self._named)


class _Teller:
    """Says what a mirror does: JSON lines, or complaints and a count at the end."""

    def __init__(self, ctx: click.Context, *, as_json: bool) -> None:
        self._ctx = ctx
        self._as_json = as_json
        self.entries = 0
        self.labelled = 0
        self.troubles = 0

    def taken(self, taken: Taken) -> None:
        """Something came."""
        self.entries += taken.entries
        self.labelled += len(taken.labels)
        self.troubles += len(taken.troubles)
        for trouble in taken.troubles:
            warn(self._ctx, trouble.error.detail, trouble.error.code)
        if self._as_json:
            emit_json(
                {
                    "entries": taken.entries,
                    "labels": [one._asdict() for one in taken.labels],
                    "waiting": taken.waiting,
                    "troubles": [
                        {"inbox_id": one.inbox_id, "code": one.error.code}
                        for one in taken.troubles
                    ],
                }
            )

    def again(self, error: IdentityError, seconds: float) -> None:
        """Something is tried again."""
        warn(self._ctx, f"{error.detail} Again in {seconds:g} s.", error.code)

    def end(self) -> None:
        """Say what came in all."""
        if not self._as_json:
            show(
                [
                    Facts(
                        [
                            ("New entries", Cell(f"{self.entries:,}")),
                            ("Not applied", Cell(f"{self.labelled:,}, labelled")),
                            ("Not taken", Cell(f"{self.troubles:,} logs")),
                        ]
                    )
                ]
            )


def _ids_of(path: str) -> list[str]:
    text = read_bytes(path).decode("ascii", "replace")
    found = [line.strip() for line in text.splitlines()]
    return [line for line in found if line and not line.startswith("#")]


def _end_on_sigterm() -> None:
    """Let SIGTERM end it as Ctrl-C does: between two steps, with a line."""

    def end(*_: Any) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)
