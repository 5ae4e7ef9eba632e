"""The methods of the node: a request in, an answer out, whatever the transport."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Final

from xmtp_identity.errors import BadInput
from xmtp_identity.v1 import api_pb2, log_pb2

from .calls import Method
from .key_package import installation_of
from .service.answers import WalletQuestion
from .v1 import mls_pb2, node_pb2

if TYPE_CHECKING:
    from xmtp_identity import Member, MemberIdentifier
    from xmtp_identity_store.feed import Cursor
    from xmtp_identity_store.growth import Entry

    from .room import Place
    from .service.answers import FeedPiece
    from .service.service import Service

__all__ = [
    "IDENTITY",
    "METHODS",
    "MLS",
    "NODE",
    "Api",
    "NoSuchIdentifier",
]

IDENTITY: Final = "xmtp.identity.api.v1.IdentityApi"
MLS: Final = "xmtp.mls.api.v1.MlsApi"
NODE: Final = "xmtp_identity_node.v1.NodeApi"

_AT_ONCE: Final = 500
"""Entries that are put into an answer without giving way to other calls."""

_HISTORY: Final = 1000
_MAX_POSITION: Final = (1 << 31) - 1

METHODS: Final = {
    method.name: method
    for method in (
        Method(IDENTITY, "PublishIdentityUpdate", "write"),
        Method(IDENTITY, "GetIdentityUpdates", "read"),
        Method(IDENTITY, "GetInboxIds", "read"),
        Method(IDENTITY, "VerifySmartContractWalletSignatures", "read"),
        Method(MLS, "UploadKeyPackage", "write"),
        Method(MLS, "FetchKeyPackages", "read"),
        Method(NODE, "GetMembers", "read"),
        Method(NODE, "GetIdentifiers", "read"),
        Method(NODE, "GetHistory", "read"),
        Method(NODE, "Follow", "stream", streaming=True),
    )
}
"""By name of the method, which no two services share."""


class NoSuchIdentifier(BadInput):
    """No inbox of this node has an identifier."""

    code = "no_such_identifier"
    remedy = "Correct the identifier or its kind, or ask another node."


class Api:
    """The methods, over a service, for one call.

    place: which the call has.
    """

    def __init__(self, service: Service, place: Place) -> None:
        self._service = service
        self._place = place

    async def publish(
        self, request: api_pb2.PublishIdentityUpdateRequest
    ) -> api_pb2.PublishIdentityUpdateResponse:
        """Append an update to its inbox's log."""
        if not request.HasField("identity_update"):
            raise BadInput("The request holds no update.", code="no_update")
        await self._service.publish(request.identity_update)
        return api_pb2.PublishIdentityUpdateResponse()

    async def updates(
        self, request: api_pb2.GetIdentityUpdatesRequest
    ) -> log_pb2.GetIdentityUpdatesResponse:
        """The logs of inboxes, each from an entry on."""
        asked = [(one.inbox_id, one.sequence_id) for one in request.requests]
        logs = await self._place.read(lambda most: self._service.updates(asked, most))
        if sum(map(len, logs)) <= _AT_ONCE:
            return _logs(asked, logs)
        # Other calls go on while a large answer is put together.
        return await asyncio.to_thread(_logs, asked, logs)

    async def inbox_ids(
        self, request: api_pb2.GetInboxIdsRequest
    ) -> api_pb2.GetInboxIdsResponse:
        """The inboxes that identifiers belong to."""
        asked = [(one.identifier_kind, one.identifier) for one in request.requests]
        answer = api_pb2.GetInboxIdsResponse()
        found = await self._service.inbox_ids(asked)
        for (kind, identifier), inbox_id in zip(asked, found, strict=True):
            answer.responses.add(
                identifier=identifier, identifier_kind=kind, inbox_id=inbox_id
            )
        return answer

    async def verify_smart_wallets(
        self, request: api_pb2.VerifySmartContractWalletSignaturesRequest
    ) -> api_pb2.VerifySmartContractWalletSignaturesResponse:
        """Whether smart wallets take signatures."""
        found = await self._service.verify_smart_wallets(
            [
                WalletQuestion(
                    one.account_id,
                    one.hash,
                    one.signature,
                    one.block_number if one.HasField("block_number") else None,
                )
                for one in request.signatures
            ]
        )
        answer = api_pb2.VerifySmartContractWalletSignaturesResponse()
        for one in found:
            answer.responses.add(
                is_valid=one.is_valid, block_number=one.block_number, error=one.error
            )
        return answer

    async def upload_key_package(
        self, request: mls_pb2.UploadKeyPackageRequest
    ) -> mls_pb2.UploadKeyPackageResponse:
        """Keep the key package of an installation, in place of the one before."""
        package = request.key_package.key_package_tls_serialized
        await self._service.put_key_package(installation_of(package), package)
        return mls_pb2.UploadKeyPackageResponse()

    async def fetch_key_packages(
        self, request: mls_pb2.FetchKeyPackagesRequest
    ) -> mls_pb2.FetchKeyPackagesResponse:
        """The key packages of installations."""
        answer = mls_pb2.FetchKeyPackagesResponse()
        keys = list(request.installation_keys)
        found = await self._place.read(
            lambda most: self._service.key_packages(keys, most)
        )
        for package in found:
            answer.key_packages.add(key_package_tls_serialized=package or b"")
        return answer

    async def members(
        self, request: node_pb2.GetMembersRequest
    ) -> node_pb2.GetMembersResponse:
        """The state of an inbox; raises `NoSuchInbox`."""
        found = await self._service.members(request.inbox_id)
        answer = node_pb2.GetMembersResponse(
            inbox_id=found.inbox_id,
            entries=found.entries,
            sequence_id=found.sequence_id,
            authoritative=found.authoritative,
            missing=found.missing,
            deviates=found.deviates,
            stopped_at=found.stopped_at,
            detail=found.detail,
        )
        if found.state is not None:
            answer.recovery.CopyFrom(_identity(found.state.recovery))
            answer.members.extend(_member(member) for member in found.state.members)
        return answer

    async def identifiers(
        self, request: node_pb2.GetIdentifiersRequest
    ) -> node_pb2.GetIdentifiersResponse:
        """The identifiers that an inbox has or had; raises `NoSuchInbox`."""
        found = await self._service.associations(request.inbox_id)
        answer = node_pb2.GetIdentifiersResponse(inbox_id=request.inbox_id)
        for row in found:
            answer.associations.add(
                identity=node_pb2.Identity(kind=row.kind, identifier=row.identifier),
                associated=row.associated,
                revoked=row.revoked,
            )
        return answer

    async def history(
        self, request: node_pb2.GetHistoryRequest
    ) -> node_pb2.GetHistoryResponse:
        """The log of an inbox with outcomes; raises `NoSuchInbox`."""
        place = self._place
        found = await place.read(
            lambda most: self._service.history(
                request.inbox_id,
                min(request.first, _MAX_POSITION),
                min(request.limit or _HISTORY, _HISTORY),
                page_bytes=place.limit,
                most_bytes=most,
            )
        )
        answer = node_pb2.GetHistoryResponse(inbox_id=request.inbox_id)
        for one in found:
            answer.entries.add(
                position=one.position,
                sequence_id=one.entry.sequence_id,
                server_timestamp_ns=one.entry.server_timestamp_ns,
                update=one.entry.update,
                outcome=one.outcome,
                code=one.code,
            )
        return answer

    def follow(
        self, request: node_pb2.FollowRequest
    ) -> AsyncIterator[node_pb2.FollowResponse]:
        """All entries since a cursor, and then the new ones.

        Raises `BadCursor` at once.
        """
        return _pieces(self._service.follow(_cursor(request.cursor)))

    async def page(self, cursor: str, limit: int) -> node_pb2.FollowResponse:
        """At most ``limit`` entries since a cursor, without waiting for any.

        Raises `BadCursor`.
        """
        since = _cursor(cursor)
        return _piece(
            await self._place.page(
                lambda most: self._service.feed(since, limit, most),
                self._service.limits.follow_bytes,
            )
        )

    async def inbox_of(self, kind: str, identifier: str) -> str:
        """The inbox of an identifier of a kind, by the kind's name.

        Raises `UnknownKind`, `NoSuchIdentifier`.
        """
        inbox_id = await self._service.inbox_of(kind, identifier)
        if inbox_id is None:
            raise NoSuchIdentifier("No inbox here has this identifier.")
        return inbox_id


def _logs(
    asked: Sequence[tuple[str, int]], logs: Sequence[Sequence[Entry]]
) -> log_pb2.GetIdentityUpdatesResponse:
    answer = log_pb2.GetIdentityUpdatesResponse()
    for (inbox_id, _), entries in zip(asked, logs, strict=True):
        response = answer.responses.add(inbox_id=inbox_id)
        for entry in entries:
            response.updates.add(
                sequence_id=entry.sequence_id,
                server_timestamp_ns=entry.server_timestamp_ns,
                update=entry.update,
            )
    return answer


async def _pieces(
    pieces: AsyncIterator[FeedPiece],
) -> AsyncIterator[node_pb2.FollowResponse]:
    async for piece in pieces:
        yield _piece(piece)


def _piece(piece: FeedPiece) -> node_pb2.FollowResponse:
    answer = node_pb2.FollowResponse(cursor=piece.cursor.encode())
    for one in piece.entries:
        answer.entries.add(
            inbox_id=one.inbox_id,
            position=one.position,
            sequence_id=one.entry.sequence_id,
            server_timestamp_ns=one.entry.server_timestamp_ns,
            update=one.entry.update,
        )
    return answer


def _cursor(text: str) -> Cursor:
    from xmtp_identity_store.feed import Cursor

    return Cursor.decode(text)


def _identity(identifier: MemberIdentifier) -> node_pb2.Identity:
    return node_pb2.Identity(kind=identifier.kind, identifier=identifier.value)


def _member(member: Member) -> node_pb2.Member:
    added_by = member.added_by
    return node_pb2.Member(
        identity=_identity(member.identifier),
        added_by=None if added_by is None else _identity(added_by),
        client_timestamp_ns=member.client_timestamp_ns,
        chain_id=member.chain_id,
    )
