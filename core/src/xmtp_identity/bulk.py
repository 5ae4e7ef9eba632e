"""Replaying many inboxes: in order, in constant memory, on any executor."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from .replay import Log, ReplayResult, replay_batch

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

    from .kinds import Context
    from .registry import Registry

__all__ = ["replay_many"]

_CHUNK_ENTRIES: Final = 256
"""Entries verified together: enough that a chunk costs more than sending it
to another thread or process, few enough that memory stays small."""

_CHUNKS_AHEAD: Final = 16
"""Chunks under way at once on an executor; bounds memory."""

_Chunk = list[tuple[str, Log]]


def replay_many(
    pairs: Iterable[tuple[str, Log]],
    registry: Registry,
    executor: Executor | None = None,
    *,
    context: Context | None = None,
) -> Iterator[ReplayResult]:
    """Replay many inboxes: one result a pair, in the order of the pairs.

    pairs: inbox IDs with their whole logs; read as far ahead as is worked on.
    executor: any `concurrent.futures.Executor`; None works in this thread. An
        executor of processes needs a context that can be pickled.

    The results carry no snapshot and no associations: the former holds every
    signature seen, which would cost more to send between processes than the
    replay.
    """
    chunks = _chunks(pairs)
    if executor is None:
        for chunk in chunks:
            yield from _replay_chunk(chunk, registry, context)
        return
    under_way: deque[Future[list[ReplayResult]]] = deque()
    try:
        for chunk in chunks:
            under_way.append(executor.submit(_replay_chunk, chunk, registry, context))
            if len(under_way) >= _CHUNKS_AHEAD:
                yield from under_way.popleft().result()
        while under_way:
            yield from under_way.popleft().result()
    finally:
        for future in under_way:
            future.cancel()


def _chunks(pairs: Iterable[tuple[str, Log]]) -> Iterator[_Chunk]:
    chunk: _Chunk = []
    entries = 0
    for inbox_id, log in pairs:
        chunk.append((inbox_id, log))
        entries += max(1, len(log))
        if entries >= _CHUNK_ENTRIES:
            yield chunk
            chunk, entries = [], 0
    if chunk:
        yield chunk


def _replay_chunk(
    chunk: _Chunk, registry: Registry, context: Context | None
) -> list[ReplayResult]:
    results = replay_batch(chunk, registry, context=context)
    return [replace(result, snapshot=None, associations={}) for result in results]
