"""The client of a node."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Final, Self

from ..allotment import layer_name
from ..registry import INSTALLATION_NAME
from .answers import inbox_ids_request, read_inbox_ids
from .channel import Channel
from .errors import InboxUnproven, NodeError, NoLookUp
from .fetching import Fetched, Fetcher, Trouble
from .keeping import Keep
from .publishing import Published, Publisher
from .settings import Settings

if TYPE_CHECKING:
    from ..admission import Policies
    from ..identifier import MemberIdentifier
    from ..kinds import Context
    from ..registry import Registry
    from .keeping import LogStore
    from .known import Known

__all__ = ["LookUp", "RemoteLog"]

_METHOD: Final = "GetInboxIds"
_NOTHING: Final[Mapping[str, Known]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class LookUp:
    """What came of looking an identifier up.

    inbox_id: the inbox that has it as a member, proven by the inbox's log;
        None if the node names none, or one that is not proven.
    fetched: the log that proves it, or fails to.
    problem: why what the node says is not proven; None if it is, or if it
        names no inbox.
    """

    identifier: MemberIdentifier
    inbox_id: str | None = None
    fetched: Fetched | None = None
    problem: NodeError | None = None


class RemoteLog:
    """Identity logs on a node that speaks `xmtp.identity.api.v1.IdentityApi`.

    The node is trusted for nothing: every log is verified here, compared with
    what was seen before, and an inbox that the node names for an identifier
    must prove it. Threads may share one; use it as a context manager or call
    `close`.
    """

    def __init__(  # noqa: PLR0913 - named arguments, most of them optional
        self,
        url: str,
        registry: Registry,
        *,
        store: LogStore | None = None,
        context: Context | None = None,
        settings: Settings | None = None,
        root_certificates: bytes | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Connects with the first question.

        url: ``http://HOST:PORT`` is HTTP/2 without TLS (port 5556 if none is
            given), ``https://HOST:PORT`` with it (443).
        store: where logs are kept from one visit to the next.
        context: what verifiers may ask, by name of kind.
        root_certificates: whom to trust for TLS, in PEM; None takes what gRPC
            trusts.
        sleep: waits between two attempts, in seconds.

        Raises `BadNodeUrl`, and `RemoteMissing` if grpcio is not installed.
        """
        bounds = settings or Settings()
        self._channel = Channel(
            url, bounds, root_certificates=root_certificates, sleep=sleep
        )
        self._registry = registry
        self._batch = bounds.batch
        keep = Keep(store, registry)
        self._fetcher = Fetcher(self._channel, registry, keep, bounds, context)
        self._publisher = Publisher(
            self._channel, registry, self._fetcher, bounds, context
        )

    @property
    def url(self) -> str:
        """The node's URL, with its port."""
        return self._channel.url

    def close(self) -> None:
        """Let go of the connection."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # Logs

    def fetch(
        self,
        inbox_ids: Sequence[str],
        *,
        known: Mapping[str, Known] = _NOTHING,
        whole: bool = True,
    ) -> list[Fetched]:
        """The logs of inboxes, each once, in the order of their first mention.

        Raises what `fetch_each` raises, and the first trouble that it tells of,
        once the other logs are kept.
        """
        found: dict[str, Fetched] = {}
        trouble: list[NodeError] = []
        for one in self.fetch_each(inbox_ids, known=known, whole=whole):
            if isinstance(one, Trouble):
                trouble.append(one.error)
            else:
                found[one.inbox_id] = one
        if trouble:
            raise trouble[0]
        return [found[inbox_id] for inbox_id in dict.fromkeys(inbox_ids)]

    def fetch_each(
        self,
        inbox_ids: Sequence[str],
        *,
        known: Mapping[str, Known] = _NOTHING,
        whole: bool = True,
    ) -> Iterator[Fetched | Trouble]:
        """The same, one by one as they come, in any order; what is wrong with one
        inbox does not keep the others back.

        known: what was seen of logs, by inbox ID; beside what is in the store.
        whole: ask for whole logs, and compare every entry with what was seen.
            Else the node is asked, where the store holds the log, from its
            last entry on: it is noticed if that entry is gone or another one,
            not if the node has exchanged an earlier one.

        Troubles are `LogShortened`, `LogRewritten` and `NodeAnswer`. Raises
        `NodeUnavailable`, `NodeBusy` and other `NodeError`s if the node can't
        be asked, `BadInput` for what is no inbox ID, and errors of the store.
        """
        return self._fetcher.each(inbox_ids, known, whole=whole)

    def publish(self, update: bytes, *, policies: Policies | None = None) -> Published:
        """Append an update, root or leaf, to the log of the inbox that it names.

        update: a serialized `IdentityUpdate`, as `SignatureRequest` makes it.
        policies: what admission asks of signatures, by name of kind.

        The update is judged here before it is sent, and the log is read back
        afterwards. It is sent again only if the node surely did not take it,
        and one that is in the log already is not sent at all.

        Raises `NotAdmitted`: it is refused here, or there (`NodeRefused`);
        `NodeUnavailable`, `NodeBusy`, `NodeError`: it is not in the log;
        `PublishUncertain`, `PublishNotSeen`; and what `fetch` raises.
        """
        return self._publisher.publish(update, policies)

    # Look-ups

    def inbox_ids(self, identifiers: Sequence[MemberIdentifier]) -> list[str | None]:
        """The inbox of each identifier, proven by its log; None if the node
        names none.

        Raises `InboxUnproven`, and what `look_up` raises.
        """
        found = self.look_up(identifiers)
        for one in found:
            if one.problem is not None:
                raise one.problem
        return [one.inbox_id for one in found]

    def look_up(self, identifiers: Sequence[MemberIdentifier]) -> list[LookUp]:
        """The inbox of each identifier, with the log that proves it.

        That a node names none proves nothing. Raises `NoLookUp` for
        installations, `UnknownKind`, and what `fetch_each` raises.
        """
        asked = [(self._identifier_kind(one), one.value) for one in identifiers]
        claims: list[str | None] = []
        for start in range(0, len(asked), self._batch):
            piece = asked[start : start + self._batch]
            answer = self._channel.ask(_METHOD, inbox_ids_request(piece))
            claims += read_inbox_ids(answer, piece, url=self.url)
        named = [claim for claim in dict.fromkeys(claims) if claim is not None]
        logs = {one.inbox_id: one for one in self.fetch_each(named)}
        return [
            LookUp(identifier)
            if claim is None
            else self._proven(identifier, logs[claim])
            for identifier, claim in zip(identifiers, claims, strict=True)
        ]

    def _proven(self, identifier: MemberIdentifier, log: Fetched | Trouble) -> LookUp:
        if isinstance(log, Trouble):
            return LookUp(identifier, problem=log.error)
        state = log.result.state
        if state is not None and state.get(identifier) is not None:
            return LookUp(identifier, log.inbox_id, log)
        problem = InboxUnproven(
            f"{self.url} names the inbox {log.inbox_id} for {identifier}, which by "
            f"its log is no member there{self._why_not(log, identifier)}."
        )
        return LookUp(identifier, fetched=log, problem=problem)

    def _why_not(self, log: Fetched, identifier: MemberIdentifier) -> str:
        """What this client could not judge, where that may be the reason."""
        result = log.result
        if result.cause is not None:
            return f", as far as it can be judged now ({result.cause.detail})"
        layer = layer_name(self._registry.kind(identifier.kind).number)
        if layer in result.missing:
            return f"; members of {identifier.kind} can't be judged now"
        return "" if result.authoritative else ", as far as this client can read it"

    def _identifier_kind(self, identifier: MemberIdentifier) -> int:
        kind = self._registry.kind(identifier.kind)
        if kind.name == INSTALLATION_NAME:
            raise NoLookUp(
                "Nodes don't look installations up: name the inbox by its ID."
            )
        return kind.number if kind.identifier_kind is None else kind.identifier_kind
