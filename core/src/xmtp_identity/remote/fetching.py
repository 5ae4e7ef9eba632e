"""Logs of a node to states: what is asked for, compared, verified and kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from ..errors import BadInput
from ..outcome import OutcomeKind
from ..replay import ReplayResult, replay_batch, resume
from .answers import INBOX_ID, read_updates, updates_request
from .errors import NodeAnswer, NodeError
from .known import Known, LogEntry, check_growth, check_known

if TYPE_CHECKING:
    from ..kinds import Context
    from ..registry import Registry
    from .channel import Channel
    from .keeping import Keep
    from .settings import Settings

__all__ = ["Fetched", "Fetcher", "Trouble"]

_METHOD: Final = "GetIdentityUpdates"
_OF_ANOTHER: Final = "wrong_inbox_id"


@dataclass(frozen=True, slots=True)
class Fetched:
    """The log of one inbox, verified.

    entries: all of it, in order; empty if the node has none.
    new: how many of them came since what was known.
    result: what the log comes to. Its outcomes are those of the entries that
        were not verified before.
    """

    inbox_id: str
    entries: tuple[LogEntry, ...]
    new: int
    result: ReplayResult

    @property
    def log(self) -> list[bytes | None]:
        """The updates alone, as `replay` takes them."""
        return [entry.update for entry in self.entries]

    @property
    def known(self) -> Known:
        """What to remember, to notice whether the log is ever taken back."""
        return Known.of(self.log)


class Trouble(NamedTuple):
    """Why there is no log of one inbox, where those of others may be sound."""

    inbox_id: str
    error: NodeError


class _Log(NamedTuple):
    """A log that was compared with what was known."""

    inbox_id: str
    entries: list[LogEntry]
    new: int


class Fetcher:
    """Asks one node for logs; trusts it for nothing."""

    __slots__ = ("_channel", "_context", "_keep", "_registry", "_settings")

    def __init__(
        self,
        channel: Channel,
        registry: Registry,
        keep: Keep,
        settings: Settings,
        context: Context | None,
    ) -> None:
        self._channel = channel
        self._registry = registry
        self._keep = keep
        self._settings = settings
        self._context = context

    def each(
        self, inbox_ids: Sequence[str], known: Mapping[str, Known], *, whole: bool
    ) -> Iterator[Fetched | Trouble]:
        """See `RemoteLog.fetch_each`."""
        rest = iter(dict.fromkeys(map(_checked, inbox_ids)))
        while batch := list(islice(rest, self._settings.batch)):
            yield from self._batch(batch, known, whole=whole)

    def _batch(
        self, inbox_ids: list[str], known: Mapping[str, Known], *, whole: bool
    ) -> Iterator[Fetched | Trouble]:
        stored = {one: self._keep.entries(one) for one in inbox_ids}
        cursors = {
            one: 0 if whole or one in known else _cursor(entries)
            for one, entries in stored.items()
        }
        logs: list[_Log] = []
        for inbox_id, answer in self._ask(cursors):
            if isinstance(answer, NodeError):
                yield Trouble(inbox_id, answer)
                continue
            try:
                log = self._compared(
                    inbox_id, cursors[inbox_id], stored[inbox_id], answer
                )
                if inbox_id in known:
                    updates = [entry.update for entry in log.entries]
                    check_known(known[inbox_id], updates, inbox_id, self._channel.url)
                    seen = max(known[inbox_id].position, len(stored[inbox_id]))
                    log = log._replace(new=len(log.entries) - seen)
                logs.append(log)
            except NodeError as error:
                yield Trouble(inbox_id, error)
        yield from self._judged(logs, stored)

    # What the node says

    def _ask(
        self, cursors: Mapping[str, int]
    ) -> Iterator[tuple[str, list[LogEntry] | NodeError]]:
        """Ask, for fewer at once where the answer would be too large."""
        try:
            answer = self._channel.ask(_METHOD, updates_request(cursors))
            logs = read_updates(
                answer,
                cursors,
                url=self._channel.url,
                max_entries=self._settings.max_entries,
            )
        except NodeAnswer as error:
            # Where one inbox spoils the answer, the others are not to blame.
            if len(cursors) == 1:
                yield next(iter(cursors)), error
                return
            asked = list(cursors.items())
            half = len(asked) // 2
            yield from self._ask(dict(asked[:half]))
            yield from self._ask(dict(asked[half:]))
            return
        yield from logs.items()

    def _compared(
        self,
        inbox_id: str,
        cursor: int,
        stored: list[LogEntry],
        answer: list[LogEntry],
    ) -> _Log:
        """The whole log, if it is what is stored, grown or not."""
        url = self._channel.url
        if cursor:
            # The answer must begin with the last entry that is stored.
            if answer and answer[0].update == stored[-1].update:
                return _Log(inbox_id, [*stored, *answer[1:]], len(answer) - 1)
            [(_, again)] = self._ask({inbox_id: 0})
            if isinstance(again, NodeError):
                raise again
            answer = again
        check_growth(stored, answer, inbox_id, url)
        return _Log(inbox_id, answer, len(answer) - len(stored))

    # What it comes to

    def _judged(
        self, logs: list[_Log], stored: Mapping[str, list[LogEntry]]
    ) -> Iterator[Fetched | Trouble]:
        whole: list[tuple[_Log, int | None]] = []
        for log in logs:
            updates = [entry.update for entry in log.entries]
            snapshot, version = self._keep.snapshot(log.inbox_id, len(updates))
            if snapshot is None:
                whole.append((log, version))
                continue
            result = resume(snapshot, updates, self._registry, context=self._context)
            self._put(log, stored, result, version, whole=False)
            yield Fetched(log.inbox_id, tuple(log.entries), log.new, result)
        results = replay_batch(
            [(log.inbox_id, [one.update for one in log.entries]) for log, _ in whole],
            self._registry,
            context=self._context,
        )
        for (log, version), result in zip(whole, results, strict=True):
            if _is_of_another(result):
                yield Trouble(
                    log.inbox_id,
                    NodeAnswer(
                        f"{self._channel.url} serves the log of another inbox under "
                        f"{log.inbox_id}."
                    ),
                )
                continue
            self._put(log, stored, result, version, whole=True)
            yield Fetched(log.inbox_id, tuple(log.entries), log.new, result)

    def _put(
        self,
        log: _Log,
        stored: Mapping[str, list[LogEntry]],
        result: ReplayResult,
        version: int | None,
        *,
        whole: bool,
    ) -> None:
        self._keep.append(
            log.inbox_id, log.entries, len(stored[log.inbox_id]), self._channel.url
        )
        if result.outcomes:
            self._keep.save(result, version, whole=whole)


def _checked(inbox_id: str) -> str:
    if not INBOX_ID.fullmatch(inbox_id):
        raise BadInput("An inbox ID is 64 lower-case hex digits.", code="inbox_id")
    return inbox_id


def _cursor(stored: Sequence[LogEntry]) -> int:
    """After the last entry but one, so that the last must come back; 0 where
    nothing is stored, or without the node's number."""
    if len(stored) < 2:
        return 0
    return stored[-2].sequence_id or 0


def _is_of_another(result: ReplayResult) -> bool:
    return bool(result.outcomes) and all(
        outcome.outcome is OutcomeKind.REJECTED and outcome.code == _OF_ANOTHER
        for outcome in result.outcomes
    )
