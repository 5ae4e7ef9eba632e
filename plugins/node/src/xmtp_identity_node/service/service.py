"""The service of a node: everything that transports ask for."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING, Final

from xmtp_identity.errors import BadInput

from ..errors import Closing, ReadOnly, RequestTooLarge
from .answers import (
    AddressLogRow,
    FeedPiece,
    HistoryEntry,
    InboxState,
    WalletAnswer,
    WalletQuestion,
)
from .asked import check_batch, indexed, is_inbox_id, kind_of
from .cache import Cache
from .committing import Commits
from .following import Followers
from .limits import Limits
from .looking import Looking
from .pool import Pool
from .publishing import Publisher
from .states import States
from .wallets import policies_of, verify

if TYPE_CHECKING:
    from xmtp_identity import Registry
    from xmtp_identity.kinds import Context
    from xmtp_identity_store.committing import Committed
    from xmtp_identity_store.feed import Cursor
    from xmtp_identity_store.store import Entry, Store

__all__ = ["INSTALLATION_KEY_BYTES", "Service"]

INSTALLATION_KEY_BYTES: Final = 32
"""Bytes of an installation's key (Ed25519)."""

_MAX_U63: Final = (1 << 63) - 1


class Service:
    """A node without its transports. Make and use it on one event loop.

    store: closed by who opened it, after `close`.
    context: what verifiers may ask, by name of kind; for ethereum a
        `SmartWalletVerifier` that is a `ChainHeads` too.
    now_ns: the server's clock, nanoseconds since 1970.

    Every method raises subclasses of `IdentityError` on purpose: `Overloaded`,
    `Deadline` and `Closing`, what it names, and what the store raises.
    """

    def __init__(
        self,
        store: Store,
        registry: Registry,
        *,
        settings: Limits | None = None,
        context: Context | None = None,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._store = store
        self._registry = registry
        self._limits = limits = settings or Limits()
        self._context = context = context or {}
        self._loop = asyncio.get_running_loop()
        self._closing = False
        self._cache = Cache(limits.cache_entries, limits.cache_bytes)
        states = States(store, registry, context, self._cache)
        self._commits = Commits(store, limits.commit_batch, now_ns, self._written)
        self._publisher = Publisher(
            store=store,
            registry=registry,
            context=context,
            policies=policies_of(registry, context, limits),
            limits=limits,
            states=states,
            cache=self._cache,
            commits=self._commits,
        )
        self._followers = Followers(store, limits)
        self._looking = Looking(store, registry, context, states)
        self._reads = Pool("read", limits.readers, limits.reads, limits.read_seconds)
        # Chains are slow; those who wait for them must not hold up readers.
        self._chains = Pool("chain", limits.readers, limits.reads, limits.read_seconds)

    @property
    def limits(self) -> Limits:
        """The bounds that it keeps."""
        return self._limits

    @property
    def publishing(self) -> int:
        """How many updates wait or are being written; for metrics."""
        return self._publisher.waiting

    @property
    def cached(self) -> tuple[int, int]:
        """How many snapshots are in memory, and their bytes; for metrics."""
        return len(self._cache), self._cache.bytes

    async def publish(self, update: bytes) -> Committed:
        """Append a serialized `IdentityUpdate` to its inbox's log.

        When this returns, the update is written. Raises `NotAdmitted` and its
        kin `OwnerTaken` and `NotAuthoritative`; `ReadOnly`;
        `SignatureUnavailable`, `StateUnavailable` and `KindFailed`, to be
        tried again.
        """
        return await self._publisher.publish(update)

    async def updates(
        self, asked: Sequence[tuple[str, int]], most_bytes: int | None = None
    ) -> list[list[Entry]]:
        """For each inbox ID the entries after a sequence ID; none for an inbox
        that is not here.

        most_bytes: of the entries; None stands for `Limits.answer_bytes`.

        Raises `BatchTooLarge`, `AnswerTooLarge`.
        """
        check_batch(asked, self._limits.batch)
        places = [
            (inbox_id, min(after, _MAX_U63))
            for inbox_id, after in asked
            if is_inbox_id(inbox_id)
        ]
        found: list[list[Entry]] = []
        if places:
            most = self._limits.answer_bytes if most_bytes is None else most_bytes
            found = await self._reads.run(self._store.updates, places, max_bytes=most)
        rest = iter(found)
        return [next(rest) if is_inbox_id(inbox_id) else [] for inbox_id, _ in asked]

    async def inbox_ids(self, asked: Sequence[tuple[int, str]]) -> list[str | None]:
        """For each `IdentifierKind` and identifier the inbox that it was added to
        last and not revoked from, or None.

        Raises `BatchTooLarge`, `UnknownKind`.
        """
        check_batch(asked, self._limits.batch)
        return await self._reads.run(self._inbox_ids, asked)

    async def inbox_of(self, kind: str, identifier: str) -> str | None:
        """The same for one identifier of a kind by its name, installations too,
        for which XMTP has no `IdentifierKind`.

        Raises `UnknownKind`.
        """
        key = indexed(identifier, self._registry.kind(kind))
        if key is None:
            return None
        (found,) = await self._reads.run(self._store.inbox_ids, [key])
        return found

    async def members(self, inbox_id: str) -> InboxState:
        """Who is a member of an inbox; raises `NoSuchInbox`."""
        return await self._reads.run(self._looking.members, inbox_id)

    async def history(
        self,
        inbox_id: str,
        first: int = 0,
        most: int = 1000,
        *,
        page_bytes: int | None = None,
        most_bytes: int | None = None,
    ) -> list[HistoryEntry]:
        """Entries of a log with their outcomes, from position ``first``; fewer
        than there are if they are more than ``most`` or than fits an answer.

        page_bytes: what fits an answer; None stands for `Limits.answer_bytes`.
        most_bytes: of the entries, if they are to be refused when they are more.

        Raises `NoSuchInbox`, `AnswerTooLarge`.
        """
        if first < 0 or most < 1:
            raise BadInput("A history begins at 0 or later and has 1 entry or more.")
        page = self._limits.answer_bytes if page_bytes is None else page_bytes
        return await self._reads.run(
            self._looking.history, inbox_id, first, most, page, most_bytes
        )

    async def associations(self, inbox_id: str) -> list[AddressLogRow]:
        """The identifiers that an inbox has or had; raises `NoSuchInbox`."""
        return await self._reads.run(self._looking.associations, inbox_id)

    def follow(self, cursor: Cursor) -> AsyncIterator[FeedPiece]:
        """What came since a cursor, and then what comes, until `close`."""
        return self._followers.follow(cursor)

    async def feed(
        self, cursor: Cursor, limit: int, most_bytes: int | None = None
    ) -> FeedPiece:
        """At most ``limit`` of the entries that came since a cursor, without
        waiting for any.

        most_bytes: of these entries; None stands for `Limits.follow_bytes`.
        """
        most = self._limits.follow_bytes if most_bytes is None else most_bytes
        entries, after = await self._reads.run(
            self._store.feed,
            cursor,
            limit=min(limit, self._limits.follow_batch),
            max_bytes=most,
        )
        return FeedPiece(entries, after)

    async def put_key_package(self, installation: bytes, package: bytes) -> None:
        """Keep the newest MLS key package of an installation, as opaque bytes.

        Raises `BadInput`, `RequestTooLarge`, `ReadOnly`.
        """
        if self._limits.read_only:
            raise ReadOnly("This node takes no key packages: it follows another one.")
        if self._closing:
            raise Closing("The node is being stopped.")
        _check_installation(installation)
        if not package:
            raise BadInput("The key package is empty.")
        if len(package) > self._limits.key_package_bytes:
            raise RequestTooLarge(
                f"A key package has at most {self._limits.key_package_bytes} bytes."
            )
        await self._reads.run(self._store.put_key_package, installation, package)

    async def key_packages(
        self, installations: Sequence[bytes], most_bytes: int | None = None
    ) -> list[bytes | None]:
        """The newest key package of each installation, or None.

        most_bytes: of all packages; None stands for `Limits.answer_bytes`.

        Raises `BadInput`, `BatchTooLarge`, `AnswerTooLarge`.
        """
        check_batch(installations, self._limits.batch)
        for installation in installations:
            _check_installation(installation)
        most = self._limits.answer_bytes if most_bytes is None else most_bytes
        return await self._reads.run(self._looking.key_packages, installations, most)

    async def verify_smart_wallets(
        self, questions: Sequence[WalletQuestion]
    ) -> list[WalletAnswer]:
        """Ask the chains whether smart wallets take signatures.

        Raises `SignatureUnavailable` (``chain_unavailable``) if one of them
        can't be asked, `BatchTooLarge`, `UnknownKind`.
        """
        check_batch(questions, self._limits.batch)
        return await self._chains.run(verify, questions, self._registry, self._context)

    async def close(self, seconds: float = 10.0) -> None:
        """Take nothing more, finish what waits within ``seconds`` (what is being
        written in any case), and let go of the threads."""
        self._closing = True
        self._followers.close()
        await self._publisher.close(seconds)
        await asyncio.to_thread(self._commits.close, seconds)
        await asyncio.to_thread(self._chains.close, wait=False)
        # Whoever reads has a connection of the store, which is closed next.
        for close in (self._reads.close, self._followers.close_threads):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await asyncio.to_thread(close, wait=True)

    def _inbox_ids(self, asked: Sequence[tuple[int, str]]) -> list[str | None]:
        keys = [
            indexed(identifier, kind_of(number, self._registry))
            for number, identifier in asked
        ]
        found = iter(self._store.inbox_ids([key for key in keys if key is not None]))
        return [None if key is None else next(found) for key in keys]

    def _written(self) -> None:
        """Called by the commit thread."""
        # If the loop was closed meanwhile, there is nobody left to wake.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._followers.wake)


def _check_installation(key: bytes) -> None:
    if len(key) != INSTALLATION_KEY_BYTES:
        raise BadInput(
            f"An installation's key has {INSTALLATION_KEY_BYTES} bytes, this one "
            f"{len(key)}."
        )
