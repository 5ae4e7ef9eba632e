"""`xid replay --jsonl`: a log a line in, a result a line out."""

from __future__ import annotations

import signal
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import starmap
from typing import IO, TYPE_CHECKING, Final, NamedTuple

from ..bulk import replay_many
from ..errors import BadInput, IdentityError
from ..logfile import (
    EmptyFile,
    FileTooLarge,
    InboxLog,
    named,
    open_bytes,
    parse_json_log,
)
from .output import emit, json_line
from .replay import take
from .results import result_object

if TYPE_CHECKING:
    from concurrent.futures import Future

    from ..kinds import Context
    from ..registry import Registry

__all__ = ["MAX_LINE_BYTES", "replay_lines"]

MAX_LINE_BYTES: Final = 16 * 1024 * 1024
"""Bytes of one line; a log of 256 updates takes well below one million."""

_CHUNK_BYTES: Final = 256 * 1024
"""Bytes of lines that are worked on together; bounds memory."""

_CHUNKS_AHEAD: Final = 3
"""Chunks under way for each process."""

_SKIPPED_BYTES: Final = 1024 * 1024
_UNREADABLE: Final = InboxLog("", [])
"""Stands for a line that can't be read, so that each line is one pair."""


class _Chunk(NamedTuple):
    """Some lines; None for one that is too long.

    first: the number of the first line, from 1.
    """

    first: int
    lines: list[bytes | None]


class _Done(NamedTuple):
    """The output for a chunk, one text a line, and how many lines were bad."""

    output: list[str]
    unreadable: int


def replay_lines(
    path: str, registry: Registry, context: Context, at: int | None, processes: int
) -> None:
    """Replay JSON Lines and print the results as JSON Lines, in order.

    Memory does not grow with the number of lines. Raises `EmptyFile` if there
    is no line, and at the end `BadInput` if lines could not be read.
    """
    lines = unreadable = 0
    progress = _Progress()
    with named(path), open_bytes(path) as stream:
        work = ((chunk, registry, context, at) for chunk in _chunks(stream))
        results = starmap(_replay, work) if processes == 1 else _spread(work, processes)
        for done in results:
            for line in done.output:
                emit(line)
            lines += len(done.output)
            unreadable += done.unreadable
            progress.at(lines)
        progress.clear()
        if not lines:
            raise EmptyFile("the file is empty.")
        if unreadable:
            raise BadInput(
                f"{unreadable} of {lines} lines could not be read; the output says "
                "which.",
                code="unreadable_lines",
            )


def _chunks(stream: IO[bytes]) -> Iterator[_Chunk]:
    chunk = _Chunk(1, [])
    size = 0
    while line := stream.readline(MAX_LINE_BYTES + 1):
        if len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
            _skip_line(stream)
            chunk.lines.append(None)
        else:
            chunk.lines.append(line)
        # A line's own cost keeps a million empty ones from being one chunk.
        size += len(line) + 64
        if size >= _CHUNK_BYTES:
            yield chunk
            chunk = _Chunk(chunk.first + len(chunk.lines), [])
            size = 0
    if chunk.lines:
        yield chunk


def _skip_line(stream: IO[bytes]) -> None:
    while (rest := stream.readline(_SKIPPED_BYTES)) and not rest.endswith(b"\n"):
        pass


def _replay(
    chunk: _Chunk, registry: Registry, context: Context, at: int | None
) -> _Done:
    """Work on a chunk, in whichever process."""
    logs: list[InboxLog] = []
    errors: list[str | None] = []
    for line in chunk.lines:
        try:
            logs.append(take(_parse(line), at))
            errors.append(None)
        except BadInput as error:
            logs.append(_UNREADABLE)
            errors.append(error.detail)
    output = [
        json_line(
            result_object(result)
            if error is None
            else {"error": error, "line": chunk.first + offset}
        )
        for offset, (result, error) in enumerate(
            zip(replay_many(logs, registry, context=context), errors, strict=True)
        )
    ]
    return _Done(output, sum(error is not None for error in errors))


def _parse(line: bytes | None) -> InboxLog:
    if line is None:
        raise FileTooLarge(f"the line has over {MAX_LINE_BYTES:,} bytes.")
    if not line.strip():
        raise EmptyFile("the line is empty.")
    return parse_json_log(line)


def _spread(
    work: Iterable[tuple[_Chunk, Registry, Context, int | None]], processes: int
) -> Iterator[_Done]:
    """Chunks to processes, which read and write JSON too; results in order."""
    from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
    from multiprocessing import get_context

    # Forking would carry over whatever threads the libraries started.
    spawning = get_context("spawn")
    under_way: deque[Future[_Done]] = deque()
    with ProcessPoolExecutor(
        processes, mp_context=spawning, initializer=_leave_interrupts
    ) as executor:
        try:
            for arguments in work:
                with _interrupts_held():
                    # Processes start here, and keep what is held.
                    future = executor.submit(_replay, *arguments)
                under_way.append(future)
                if len(under_way) >= _CHUNKS_AHEAD * processes:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        except BrokenExecutor:
            raise IdentityError(
                "A process ended in the middle of its work; try fewer --processes.",
                code="process_lost",
            ) from None
        finally:
            for future in under_way:
                future.cancel()


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Let Ctrl-C wait, where the system can, and be no matter of new processes."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _leave_interrupts() -> None:
    """The first process answers Ctrl-C, once, for all."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class _Progress:
    """A line on standard error that counts, where a person waits for a file."""

    _EVERY: Final = 0.5

    def __init__(self) -> None:
        self._shown = False
        self._on = sys.stderr.isatty() and not sys.stdout.isatty()
        self._start = time.monotonic()
        self._next = self._start + self._EVERY

    def at(self, lines: int) -> None:
        """Say how far it is, twice a second at most."""
        now = time.monotonic()
        if self._on and now >= self._next:
            rate = lines / (now - self._start)
            sys.stderr.write(f"\r{lines:,} inboxes, {rate:,.0f} a second")
            sys.stderr.flush()
            self._shown = True
            self._next = now + self._EVERY

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
