"""Identity logs in files: the two formats that are read, and the one that grows.

A local log is what XMTP's node answers, one answer behind the other: joined
`GetIdentityUpdatesResponse` messages are again one, so that a log grows by
appending to its file. The other format is JSON for people and tests:
``{"inbox_id": "...", "log": ["hex of an update", null, ...]}``.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from typing import IO, Any, Final, NamedTuple

from .errors import BadInput, Undecodable
from .wire.scan import LEN, fields, read_varint, strict_parse

__all__ = [
    "MAX_FILE_BYTES",
    "BadJson",
    "EmptyFile",
    "FileTooLarge",
    "InboxLog",
    "LogChanged",
    "NoEntry",
    "TruncatedFile",
    "UnknownFormat",
    "UnusableFile",
    "append_entry",
    "named",
    "open_bytes",
    "parse_json_log",
    "parse_logs",
    "read_bytes",
    "read_logs",
]

MAX_FILE_BYTES: Final = 256 * 1024 * 1024
"""Bytes of a file that is read as a whole; some 400,000 updates."""

STDIN: Final = "-"
"""The path that stands for standard input."""

_JSON_SPACE: Final = b" \t\r\n"
_RESPONSES: Final = 1
_KEYS: Final = {"inbox_id", "log"}
_MAX_BRACKETS: Final = 64


class UnusableFile(BadInput):
    """A file could not be opened, read or written."""

    code = "unusable_file"
    remedy = "Check the name and the rights of the file."


class EmptyFile(BadInput):
    """A file holds nothing."""

    code = "empty_file"
    remedy = "Fetch the log again."


class FileTooLarge(BadInput):
    """A file, or a line of JSON Lines, is larger than what is read at once."""

    code = "file_too_large"
    remedy = "Give many inboxes as JSON Lines (`xid replay --jsonl`)."


class TruncatedFile(BadInput):
    """A file ends in the middle of a log."""

    code = "truncated_file"
    remedy = "Fetch the log again."


class UnknownFormat(BadInput):
    """A file is none of the formats in which logs are stored."""

    code = "unknown_format"
    remedy = "Give a serialized GetIdentityUpdatesResponse, or JSON."


class BadJson(BadInput):
    """JSON is not what a log in JSON must be."""

    code = "bad_json"
    remedy = 'Give {"inbox_id": "...", "log": ["hex", null, ...]} and nothing else.'


class NoEntry(BadInput):
    """A file holds no entry of any log."""

    code = "no_entry"
    remedy = "Check the inbox ID that the log was asked for with."


class LogChanged(BadInput):
    """Someone else appended to a local log in the meantime."""

    code = "log_changed"
    remedy = "Make the update anew."


class InboxLog(NamedTuple):
    """The log of one inbox: a pair as `replay_many` takes it.

    log: serialized updates in order; None for an entry without one.
    """

    inbox_id: str
    log: list[bytes | None]


def read_logs(path: str) -> list[InboxLog]:
    """Read a file of either format; ``-`` is standard input.

    One log an inbox, in the order in which the file first names them. Each
    raised `BadInput` names the file.
    """
    data = read_bytes(path)
    with named(path):
        return parse_logs(data)


def read_bytes(path: str, limit: int = MAX_FILE_BYTES) -> bytes:
    """The bytes of a file, or of standard input for ``-``.

    Raises `UnusableFile` and `FileTooLarge` (over ``limit`` bytes).
    """
    with named(path), open_bytes(path) as file:
        try:
            if path != STDIN:
                # A sparse file can be huge and cost nothing to make.
                _check_size(os.fstat(file.fileno()).st_size, limit)
            data = file.read(limit + 1)
        except OSError as error:
            raise UnusableFile(f"{_cause(error)}.") from None
        _check_size(len(data), limit)
    return data


@contextmanager
def open_bytes(path: str) -> Iterator[IO[bytes]]:
    """Open a file to read, or standard input for ``-``, which stays open.

    Raises `UnusableFile`.
    """
    if path == STDIN:
        if sys.stdin is None:
            raise UnusableFile("it is closed.")
        yield sys.stdin.buffer
        return
    try:
        file = open(path, "rb")  # noqa: PTH123, SIM115 - closed below
    except (OSError, ValueError) as error:
        raise UnusableFile(f"{_cause(error)}.") from None
    with file:
        yield file


@contextmanager
def named(path: str) -> Iterator[None]:
    """Let every `BadInput` inside begin with the name of the file."""
    try:
        yield
    except BadInput as error:
        name = "standard input" if path == STDIN else path
        raise type(error)(f"{name}: {error.detail}", code=error.code) from None


def parse_logs(data: bytes) -> list[InboxLog]:
    """Read the content of a file of either format.

    Raises `EmptyFile`, `TruncatedFile`, `UnknownFormat`, `BadJson`, `NoEntry`.
    """
    text = data.lstrip(_JSON_SPACE)
    if not text:
        raise EmptyFile("the file is empty.")
    if data.startswith(b"{"):
        return [parse_json_log(data)]
    try:
        logs = _parse_responses(data)
        if not any(log.log for log in logs):
            raise NoEntry("no log in the file has an entry.")
    except BadInput:
        # A line feed is protobuf's first tag as well: JSON only gets its turn
        # once the bytes are no response.
        if text.startswith(b"{"):
            return [parse_json_log(data)]
        raise
    return logs


# JSON


def parse_json_log(data: bytes) -> InboxLog:
    """Read one log in JSON, strictly.

    data: UTF-8. Exactly the two keys, each once; hex of either case without
    spaces, or null; white space around the object is fine.

    Raises `BadJson`, `TruncatedFile`, `NoEntry`.
    """
    # A log has one of each. The parser's own bound is the interpreter's, which
    # programs raise, and then it breaks instead of raising.
    if data.count(b"[") + data.count(b"{") > _MAX_BRACKETS:
        raise BadJson("the JSON is nested too deep.")
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_unique)
    except UnicodeDecodeError:
        raise BadJson("the JSON is not UTF-8.") from None
    except ValueError as error:
        # A whole log begins and ends with the braces of its only object.
        text = data.strip(_JSON_SPACE)
        if text.startswith(b"{") and not text.endswith(b"}"):
            raise TruncatedFile("the JSON ends in the middle of the log.") from None
        raise BadJson(f"this is no JSON ({error}).") from None
    if not isinstance(value, dict) or value.keys() != _KEYS:
        raise BadJson('the JSON must be an object with "inbox_id" and "log" alone.')
    inbox_id, log = value["inbox_id"], value["log"]
    if not isinstance(inbox_id, str) or not inbox_id or not _is_unicode(inbox_id):
        raise BadJson('"inbox_id" must be a string that is not empty.')
    if not isinstance(log, list):
        raise BadJson('"log" must be an array.')
    if not log:
        raise NoEntry('the array "log" is empty.')
    return InboxLog(inbox_id, [_entry(index, item) for index, item in enumerate(log)])


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise BadJson("a key of the JSON stands twice.")
    return value


def _entry(index: int, item: object) -> bytes | None:
    if item is None:
        return None
    if isinstance(item, str):
        try:
            data = bytes.fromhex(item)
        except ValueError:
            data = b""
        # It would skip white space.
        if 2 * len(data) == len(item):
            return data
    raise BadJson(f'entry {index} of "log" is neither hex nor null.')


def _is_unicode(text: str) -> bool:
    """Whether there is no lone surrogate in it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


# Protobuf


def _parse_responses(data: bytes) -> list[InboxLog]:
    """Read joined responses. Unknown fields are refused beside responses, where
    they might be more of the log, and ignored inside of them."""
    from .v1.log_pb2 import GetIdentityUpdatesResponse

    logs: dict[str, InboxLog] = {}
    after = 0
    try:
        for number, wire_type, start, end in fields(data, 0):
            if number != _RESPONSES or wire_type != LEN:
                raise _unknown()
            response = strict_parse(
                GetIdentityUpdatesResponse.Response, data[start:end], depth=1
            )
            inbox_id = response.inbox_id
            if not inbox_id:
                raise _unknown()
            log = logs.setdefault(inbox_id, InboxLog(inbox_id, [])).log
            log.extend(
                entry.update if entry.HasField("update") else None
                for entry in response.updates
            )
            after = end
    except Undecodable:
        if _is_cut(data[after:]):
            raise TruncatedFile("the file ends in the middle of a response.") from None
        raise _unknown() from None
    return list(logs.values())


def _unknown() -> UnknownFormat:
    return UnknownFormat(
        "this is neither a serialized GetIdentityUpdatesResponse nor a log in JSON."
    )


def _is_cut(rest: bytes) -> bool:
    """Whether these bytes are the beginning of a response, not all of it."""
    if rest[:1] != b"\x0a":
        return False
    try:
        length, start = read_varint(rest, 1, len(rest))
    except Undecodable:
        return len(rest) < 5
    # An inbox ID or an entry comes first.
    return length > len(rest) - start and rest[start : start + 1] in (
        b"",
        b"\n",
        b"\x12",
    )


# Appending


def append_entry(
    path: str,
    inbox_id: str,
    update: bytes,
    *,
    sequence_id: int,
    server_timestamp_ns: int,
    expected: int | None = None,
) -> None:
    """Append one entry to a local log; the file is made if it is missing.

    A new file can be read and written by its owner alone (mode 0600): who has
    which identities is nobody else's matter. Writers lock the file against
    one another, the entry is on the disk when this returns, and a write that
    fails leaves the file as it was.

    update: a serialized `IdentityUpdate`.
    sequence_id, server_timestamp_ns: as a node would give them, unsigned 64-bit.
    expected: how many entries the inbox had in the file when the update was
        made; `LogChanged` if there are others now. None does not look.

    Raises `UnusableFile`, and what `parse_logs` raises if the file holds
    anything but responses.
    """
    from .v1.log_pb2 import GetIdentityUpdatesResponse as Message

    entry = Message.IdentityUpdateLog(
        sequence_id=sequence_id, server_timestamp_ns=server_timestamp_ns, update=update
    )
    response = Message.Response(inbox_id=inbox_id, updates=[entry])
    data = Message(responses=[response]).SerializeToString()
    with named(path):
        try:
            with open(path, "a+b", buffering=0, opener=_private) as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise UnusableFile("a log must be a regular file.")
                with _locked(file):
                    _check_before(file, inbox_id, expected, len(data))
                    if _append(file, data) == 0:
                        _keep_name(path)
        except OSError as error:
            raise UnusableFile(f"{_cause(error)}.") from None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _check_before(
    file: FileIO, inbox_id: str, expected: int | None, growth: int
) -> None:
    """What stands in the file must be whole, or nothing behind it would be read."""
    _check_size(os.fstat(file.fileno()).st_size + growth, MAX_FILE_BYTES)
    file.seek(0)
    logs = {log.inbox_id: log.log for log in _parse_responses(file.readall())}
    entries = len(logs.get(inbox_id, ()))
    if expected is not None and entries != expected:
        raise LogChanged(f"the log has {entries} entries now, it had {expected}.")


def _append(file: FileIO, data: bytes) -> int:
    """Append all or nothing; returns the size before."""
    size = file.seek(0, os.SEEK_END)
    rest = memoryview(data)
    try:
        while rest:
            rest = rest[file.write(rest) :]
        os.fsync(file.fileno())
    except BaseException:
        # An interruption, too, must not leave half an entry behind.
        file.truncate(size)
        raise
    return size


def _keep_name(path: str) -> None:
    """A new file's name is on the disk once its folder is."""
    if os.name == "posix":
        folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY)  # noqa: PTH120
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


if sys.platform == "win32":
    import msvcrt

    _LOCKED_BYTE: Final = 1 << 40
    """Windows keeps others from reading what is locked, so it is far outside."""

    @contextmanager
    def _locked(file: FileIO) -> Iterator[None]:
        file.seek(_LOCKED_BYTE)
        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
        try:
            yield
        finally:
            file.seek(_LOCKED_BYTE)
            msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    @contextmanager
    def _locked(file: FileIO) -> Iterator[None]:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)


# Shared


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        raise FileTooLarge(f"more than {limit:,} bytes are not read at once.")


def _cause(error: OSError | ValueError) -> str:
    """Why, without the path, which stands before it."""
    return getattr(error, "strerror", None) or str(error)
