"""Publishing: one update after the other in an inbox, many inboxes at once."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from google.protobuf.message import DecodeError

from xmtp_identity.admission import MAX_UPDATE_BYTES, admit
from xmtp_identity.errors import IdentityError, NotAdmitted
from xmtp_identity.wire.decode import decode_update
from xmtp_identity.wire.records import RawCreate
from xmtp_identity.wire.view_pb2 import IdentityUpdate
from xmtp_identity_store.committing import Append, Clash, Committed, Owned
from xmtp_identity_store.errors import StoreLocked, StoreUnavailable
from xmtp_identity_store.renewal import save_of

from ..errors import (
    Closing,
    Deadline,
    NotAuthoritative,
    Overloaded,
    OwnerTaken,
    ReadOnly,
)
from .asked import is_inbox_id
from .cache import Cache, Known
from .pool import Pool

if TYPE_CHECKING:
    from concurrent.futures import Future

    from xmtp_identity import Registry
    from xmtp_identity.kinds import Context
    from xmtp_identity_store.store import Store

    from .committing import CommitResult, Commits
    from .limits import Limits
    from .states import States

__all__ = ["Publisher"]

_SEEN_BEFORE: Final = frozenset({"multiple_create", "replayed", "word_reused"})
"""What admission says of an update that is in the log already."""

_READ_ONLY: Final = "This node takes no updates: it follows another one."
_CLOSING: Final = "The node is being stopped."
_PAUSE_S: Final = 0.25
"""Seconds between two looks at a database that is away."""


@dataclass(eq=False, slots=True)
class _Job:
    """An update that waits for its turn.

    given_up: whether nobody waits for it any more; read by other threads.
    uncertain: its place in the log, after a transaction of which it is not
        known whether it was written.
    """

    update: bytes
    inbox_id: str
    done: asyncio.Future[Committed] = field(repr=False)
    given_up: bool = False
    uncertain: int | None = None


class _Admitted(NamedTuple):
    """An update on its way into the store, and where the inbox stands then."""

    after: Known
    result: Future[CommitResult]


class Publisher:
    """Admits updates and has them written.

    An inbox with updates has a lane: a task that takes one after the other.
    """

    def __init__(  # noqa: PLR0913 - the parts of a service, each named
        self,
        *,
        store: Store,
        registry: Registry,
        context: Context,
        policies: Mapping[str, Any],
        limits: Limits,
        states: States,
        cache: Cache,
        commits: Commits,
    ) -> None:
        self._store = store
        self._registry = registry
        self._context = context
        self._policies = policies
        self._limits = limits
        self._states = states
        self._cache = cache
        self._commits = commits
        self._pool = Pool(
            "admit", limits.verifiers, limits.publishes, limits.publish_seconds
        )
        self._lanes: dict[str, deque[_Job]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._jobs = 0
        self._bytes = 0
        self._closing = False

    @property
    def waiting(self) -> int:
        """How many updates wait or are being written."""
        return self._jobs

    async def publish(self, update: bytes) -> Committed:
        """Append an update to its inbox's log.

        When this returns, the update is written; one that was written before, the
        very same bytes, is not written again. Raises `NotAdmitted` and its
        kin, what is to be tried again, and what the store raises.
        """
        self._check(update)
        inbox_id = _inbox_id(update)
        lane = self._lanes.get(inbox_id)
        if lane is None:
            lane = self._lanes[inbox_id] = deque()
            task = asyncio.create_task(self._work(inbox_id, lane))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif len(lane) >= self._limits.publishes_an_inbox:
            raise Overloaded(f"{len(lane)} updates of this inbox are waiting already.")
        job = _Job(update, inbox_id, asyncio.get_running_loop().create_future())
        lane.append(job)
        self._jobs += 1
        self._bytes += len(update)
        seconds = self._limits.publish_seconds
        try:
            async with asyncio.timeout(seconds):
                return await job.done
        except TimeoutError:
            raise Deadline(
                f"The update was not written within {seconds:g} seconds; it may still "
                "be: read the log."
            ) from None
        finally:
            job.given_up = True

    async def close(self, seconds: float) -> None:
        """Take nothing more and finish what waits, for so long; the rest fails
        with `Closing`."""
        self._closing = True
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=seconds)
        for lane in self._lanes.values():
            for job in lane:
                if not job.done.done():
                    job.done.set_exception(Closing(_CLOSING))
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=seconds)
        self._pool.close(wait=False)

    def _check(self, update: bytes) -> None:
        if self._closing:
            raise Closing(_CLOSING)
        if self._limits.read_only:
            raise ReadOnly(_READ_ONLY)
        if len(update) > MAX_UPDATE_BYTES:
            raise NotAdmitted(
                f"An update has at most {MAX_UPDATE_BYTES} bytes, this one "
                f"{len(update)}.",
                code="update_too_large",
            )
        if (
            self._jobs >= self._limits.publishes
            or self._bytes + len(update) > self._limits.publish_bytes
        ):
            raise Overloaded(f"{self._jobs} updates are waiting already.")

    async def _work(self, inbox_id: str, lane: deque[_Job]) -> None:
        """Take the updates of an inbox one after the other."""
        while lane:
            job = lane.popleft()
            try:
                if not job.done.done():
                    committed = await self._publish(job)
                    if not job.done.done():
                        job.done.set_result(committed)
            except Exception as error:  # noqa: BLE001 - told to whoever waits
                if not job.done.done():
                    job.done.set_exception(error)
            finally:
                self._jobs -= 1
                self._bytes -= len(job.update)
        # Nothing is awaited between the look at the lane and this.
        del self._lanes[inbox_id]

    async def _publish(self, job: _Job) -> Committed:
        while True:
            try:
                admitted = await self._pool.run(self._admit, job)
                if isinstance(admitted, Committed):
                    return admitted
                result = await self._result(admitted, job)
            except (StoreUnavailable, StoreLocked):
                # It comes back within the time that the client waits, or not.
                self._cache.drop(job.inbox_id)
                if job.given_up:
                    raise
                await asyncio.sleep(_PAUSE_S)
                continue
            if isinstance(result, Committed):
                after = admitted.after._replace(
                    version=result.version, sequence_id=result.sequence_id
                )
                self._cache.put(job.inbox_id, after)
                return result
            self._cache.drop(job.inbox_id)
            if isinstance(result, Owned):
                raise OwnerTaken(
                    f"The owner belongs to the inbox {result.inbox_id} already."
                )
            if isinstance(result, Clash):
                raise NotAdmitted(result.detail, code="inbox_clash")
            # Another node was first: judge the update again by the new state.

    async def _result(self, admitted: _Admitted, job: _Job) -> CommitResult:
        try:
            return await asyncio.wrap_future(admitted.result)
        except StoreUnavailable:
            job.uncertain = admitted.after.entries - 1
            raise

    # In a thread

    def _admit(self, job: _Job) -> _Admitted | Committed:
        if job.uncertain is not None:
            written = self._written(job, job.uncertain)
            if written is not None:
                return written
            job.uncertain = None
        try:
            return self._admit_now(job)
        except NotAdmitted as error:
            if error.code in _SEEN_BEFORE:
                # The answer to it may have been lost: then it comes again.
                written = self._written(job, 0)
                if written is not None:
                    return written
            raise

    def _admit_now(self, job: _Job) -> _Admitted:
        known = self._cache.get(job.inbox_id)
        if known is None:
            return self._admit_on(self._states.current(job.inbox_id), job)
        try:
            return self._admit_on(known, job)
        except IdentityError:
            # Another node may have written what this update rests on.
            now = self._states.current(job.inbox_id)
            if now is known:
                raise
        return self._admit_on(now, job)

    def _written(self, job: _Job, first: int) -> Committed | None:
        """Where the very bytes stand in the log, from entry ``first`` on."""
        (log,) = self._store.updates(
            [(job.inbox_id, 0)], max_bytes=self._limits.answer_bytes
        )
        for entry in log[first:]:
            if entry.update == job.update:
                version = self._states.current(job.inbox_id).version or 0
                return Committed(
                    entry.sequence_id or 0, entry.server_timestamp_ns or 0, version
                )
        return None

    def _admit_on(self, known: Known, job: _Job) -> _Admitted:
        if known.snapshot is not None and known.snapshot.unknown_root:
            raise NotAuthoritative(
                "The log holds an entry of a number that this node does not know "
                "and that may say who may act for the inbox."
            )
        result = admit(
            job.update,
            job.inbox_id,
            known.snapshot,
            self._registry,
            context=self._context,
            policies=self._policies,
        )
        save = save_of(result, self._registry, known.version)
        # A log may hold entries and no inbox, if it came from elsewhere.
        exists = known.snapshot is not None and known.snapshot.root.recovery is not None
        owner = None if exists else _owner(job.update, self._registry)
        append = Append(job.update, known.entries, save, owner)
        if job.given_up:
            raise Deadline("Nobody waits for the update any more.")
        data = save.data or b""
        after = Known(known.entries + 1, None, result.snapshot, len(data))
        return _Admitted(after, self._commits.add(append))


def _inbox_id(update: bytes) -> str:
    """The inbox that an update says it is of; admission holds it to that.

    Raises `NotAdmitted`.
    """
    try:
        inbox_id: str = IdentityUpdate.FromString(update).inbox_id
    except DecodeError:
        raise NotAdmitted(
            "The bytes are no IdentityUpdate.", code="undecodable"
        ) from None
    if not is_inbox_id(inbox_id):
        raise NotAdmitted(
            "The update's inbox ID is not 64 lower-case hex digits.",
            code="wrong_inbox_id",
        )
    return inbox_id


def _owner(update: bytes, registry: Registry) -> tuple[int, str] | None:
    """Who creates an inbox: number of the kind and identifier."""
    for action in decode_update(update).actions:
        if isinstance(action, RawCreate):
            kind = registry.by_identifier_kind[action.identifier_kind]
            if kind.decode_string is not None:
                owner = kind.decode_string(action.identifier, action.relying_party)
                return kind.number, owner.value
    return None
