"""Streams that end when the node stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from typing import Any, TypeVar

__all__ = ["until"]

T = TypeVar("T")


async def until(
    pieces: AsyncIterator[T], stopping: asyncio.Event
) -> AsyncGenerator[T, None]:
    """What ``pieces`` gives, until it ends or ``stopping`` is set."""
    stop = asyncio.ensure_future(stopping.wait())
    step: asyncio.Future[T | None] | None = None
    try:
        while not stopping.is_set():
            step = asyncio.ensure_future(anext(pieces, None))
            both: set[asyncio.Future[Any]] = {step, stop}
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if not step.done() or (piece := step.result()) is None:
                return
            yield piece
    finally:
        stop.cancel()
        if step is not None and not step.done():
            step.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await step
        if isinstance(pieces, AsyncGenerator):
            await pieces.aclose()
