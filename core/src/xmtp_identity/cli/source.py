"""The entries that `xid inspect` and `xid text` look at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import click

from ..errors import BadInput, Undecodable
from ..logfile import named, parse_logs, read_bytes
from .node import connect, fetch_logs, node_option
from .options import FILE, decimal, registry_of, text_argument

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Entry", "entry_options", "read_entries"]

_MAX_POSITION: Final = 10**9
_HEX: Final = re.compile(rb"(?:[0-9a-fA-F]{2})+")
_SPACE: Final = b" \t\r\n"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a log, or an update that came alone.

    inbox_id: of the log; None for an update that came alone.
    data: the serialized update; None for an entry without one.
    """

    inbox_id: str | None
    index: int
    data: bytes | None


def entry_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The argument FILE, and the options that choose among its entries."""
    for decorate in (
        click.option(
            "--update",
            "alone",
            is_flag=True,
            help="FILE is a single serialized IdentityUpdate, or its hex, whatever "
            "it looks like.",
        ),
        click.option(
            "--inbox",
            metavar="INBOX_ID",
            callback=text_argument,
            help="Only this inbox of the file.",
        ),
        click.option(
            "--entry",
            callback=decimal(0, _MAX_POSITION),
            metavar="N",
            help="Only entry N, counted from 0 as outcomes are.",
        ),
        node_option,
        click.argument("file", type=FILE),
    ):
        command = decorate(command)
    return command


def read_entries(
    path: str,
    entry: int | None,
    inbox: str | None,
    *,
    alone: bool,
    node: str | None,
) -> list[Entry]:
    """The entries of a file that were asked for; at least one.

    With the URL of a node the path is the ID of an inbox.

    A file is a log of either format, or a single update as it is or in hex.
    A real update never looks like a log: where a log has an entry's number,
    an update has a message.

    Raises `BadInput`, and what `RemoteLog` raises.
    """
    if node is not None:
        if alone or inbox is not None:
            raise BadInput(
                "--update and --inbox are for files: with --node there is one inbox.",
                code="options_clash",
            )
        remote = connect(node, registry_of(click.get_current_context()), None)
        [fetched] = fetch_logs(remote, [path])
        return _choose([(fetched.inbox_id, fetched.log)], entry, None)
    data = read_bytes(path)
    with named(path):
        if alone:
            logs = [_alone(_unhex(data))]
        else:
            try:
                logs = [(log.inbox_id, log.log) for log in parse_logs(data)]
            except BadInput:
                update = _unhex(data)
                if not _is_update(update):
                    raise
                logs = [_alone(update)]
        return _choose(logs, entry, inbox)


_Log = tuple[str | None, list[bytes | None]]


def _alone(update: bytes) -> _Log:
    return (None, [update])


def _unhex(data: bytes) -> bytes:
    """Bytes of hex text; other bytes as they are."""
    text = data.strip(_SPACE)
    return bytes.fromhex(text.decode()) if _HEX.fullmatch(text) else data


def _is_update(data: bytes) -> bool:
    """Whether bytes can be read as an update that names an inbox or acts."""
    from ..wire.scan import fields, strict_parse
    from ..wire.view_pb2 import IdentityUpdate

    try:
        strict_parse(IdentityUpdate, data, depth=0)
        return any(number in {1, 3, 100} for number, *_ in fields(data, 0))
    except Undecodable:
        return False


def _choose(logs: list[_Log], entry: int | None, inbox: str | None) -> list[Entry]:
    if inbox is not None:
        logs = [log for log in logs if log[0] == inbox]
        if not logs:
            raise BadInput(f"there is no log of {inbox!r} here.", code="no_such_inbox")
    if entry is None:
        return [
            Entry(inbox_id, index, data)
            for inbox_id, log in logs
            for index, data in enumerate(log)
        ]
    if len(logs) > 1:
        raise BadInput(
            f"there are {len(logs)} inboxes here: say which with --inbox.",
            code="several_inboxes",
        )
    [(inbox_id, log)] = logs
    if entry >= len(log):
        raise BadInput(
            f"there is no entry {entry}: the log has {len(log)}.", code="no_such_entry"
        )
    return [Entry(inbox_id, entry, log[entry])]
