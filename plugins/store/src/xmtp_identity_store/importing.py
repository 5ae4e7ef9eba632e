"""Logs from files into a store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from google.protobuf.message import DecodeError

from xmtp_identity.errors import BadInput
from xmtp_identity.logfile import (
    EmptyFile,
    FileTooLarge,
    named,
    open_bytes,
    parse_json_log,
    parse_logs,
    read_bytes,
)
from xmtp_identity.v1.log_pb2 import GetIdentityUpdatesResponse

from .errors import UnusableStore
from .logs import Entry, plain_entries

if TYPE_CHECKING:
    from typing import IO

    from .store import Store

__all__ = ["MAX_LINE_BYTES", "Imported", "import_all", "read_file", "read_lines"]

MAX_LINE_BYTES: Final = 16 * 1024 * 1024
"""Bytes of one line of JSON Lines, as `xid replay --jsonl` takes them."""

_STDIN: Final = "-"
_SKIPPED_BYTES: Final = 1024 * 1024
_PIECE_ENTRIES: Final = 2000
"""Entries that are written in one transaction."""

Log = tuple[str, list[Entry]]
Complain = Callable[[BadInput], None]


@dataclass(slots=True)
class Imported:
    """What an import did.

    logs: how many were read and not refused.
    entries: how many entries they brought.
    """

    logs: int = 0
    entries: int = 0


def import_all(
    store: Store, logs: Iterable[Log], complain: Complain, done: Imported
) -> None:
    """Put whole logs into a store.

    complain: told of each log that contradicts the stored one; the rest is
        imported. The same logs can be imported again.
    done: what is counted on.

    Raises as the iterable and the store do; what was imported before stays.
    """
    for piece in _pieces(logs):
        _put(store, piece, complain, done)


def _pieces(logs: Iterable[Log]) -> Iterator[list[Log]]:
    piece: list[Log] = []
    entries = 0
    for log in logs:
        piece.append(log)
        entries += max(1, len(log[1]))
        if entries >= _PIECE_ENTRIES:
            yield piece
            piece, entries = [], 0
    if piece:
        yield piece


def _put(store: Store, piece: list[Log], complain: Complain, done: Imported) -> None:
    try:
        entries = store.put(piece)
    except UnusableStore:
        raise
    except BadInput as error:
        if len(piece) == 1:
            complain(error)
            return
        # Nothing of the piece was written: find the log that it is about.
        for log in piece:
            _put(store, [log], complain, done)
        return
    done.logs += len(piece)
    done.entries += entries


def read_file(path: str) -> list[Log]:
    """The logs of a file in any format of `xmtp_identity.logfile`; ``-`` is
    standard input. Raises as `read_logs` there."""
    data = read_bytes(path)
    with named(path):
        logs = parse_logs(data)
    said = _said(data)
    return [
        (inbox_id, _with(plain_entries(log), said.get(inbox_id, [])))
        for inbox_id, log in logs
    ]


def _said(data: bytes) -> dict[str, list[tuple[int, int]]]:
    """Sequence ID and server's time of each entry, if the file is a node's answer."""
    try:
        message = GetIdentityUpdatesResponse.FromString(data)
    except DecodeError:
        return {}
    said: dict[str, list[tuple[int, int]]] = {}
    for response in message.responses:
        said.setdefault(response.inbox_id, []).extend(
            (one.sequence_id, one.server_timestamp_ns) for one in response.updates
        )
    return said


def _with(log: list[Entry], said: list[tuple[int, int]]) -> list[Entry]:
    if len(log) != len(said):
        return log
    return [
        Entry(entry.update, *numbers) for entry, numbers in zip(log, said, strict=True)
    ]


def read_lines(path: str, complain: Complain) -> Iterator[Log]:
    """The logs of JSON Lines, one at a time; ``-`` is standard input.

    complain: told of each line that can't be read; the rest goes on. Raises
    `UnusableFile`, and `EmptyFile` if there is no line.
    """
    count = 0
    with named(path), open_bytes(path) as stream:
        while line := stream.readline(MAX_LINE_BYTES + 1):
            count += 1
            try:
                if len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
                    _skip_line(stream)
                    raise FileTooLarge(f"it has over {MAX_LINE_BYTES:,} bytes.")
                if not line.strip():
                    raise EmptyFile("it is empty.")
                inbox_id, log = parse_json_log(line)
            except BadInput as error:
                place = "standard input" if path == _STDIN else path
                sentence = f"{place}, line {count}: {error.detail}"
                complain(type(error)(sentence, code=error.code))
                continue
            yield inbox_id, plain_entries(log)
        if not count:
            raise EmptyFile("the file is empty.")


def _skip_line(stream: IO[bytes]) -> None:
    while (rest := stream.readline(_SKIPPED_BYTES)) and not rest.endswith(b"\n"):
        pass
