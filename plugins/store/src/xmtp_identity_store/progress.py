"""A bar on standard error that says how far it is, where a person looks."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

__all__ = ["Progress"]

T = TypeVar("T")


class Progress:
    """Shown while the ``with`` block runs, on a terminal alone; then it goes."""

    __slots__ = ("_bar", "_task", "_total", "_what")

    def __init__(self, what: str, total: int | None = None) -> None:
        """``total``: how many inboxes there are to come; None if not known."""
        self._what = what
        self._total = total
        self._bar: Bar | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import (
                BarColumn,
                MofNCompleteColumn,
                TextColumn,
                TimeRemainingColumn,
            )
            from rich.progress import Progress as Bar

            self._bar = Bar(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("inboxes"),
                TextColumn("{task.fields[note]}"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
                # Answers go to standard output only when the bar is gone.
                redirect_stdout=False,
            )
            self._task = self._bar.add_task(self._what, total=self._total, note="")
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def at(self, inboxes: int, note: str = "") -> None:
        """So many are done; ``note`` is what else is to be said, a rate."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=inboxes, note=note)

    def begin(self, what: str) -> None:
        """The same inboxes once more, for something else."""
        if self._bar is not None and self._task is not None:
            self._bar.reset(self._task, description=what)

    def over(self, things: Iterable[T]) -> Iterator[T]:
        """The same things, counted as they are taken."""
        for count, thing in enumerate(things, 1):
            yield thing
            self.at(count)
