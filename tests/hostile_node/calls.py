"""Valid requests of every method, to be damaged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from xmtp_identity.v1.api_pb2 import (
    GetIdentityUpdatesRequest,
    GetInboxIdsRequest,
    PublishIdentityUpdateRequest,
    VerifySmartContractWalletSignaturesRequest,
)
from xmtp_identity_node.v1.mls_pb2 import (
    FetchKeyPackagesRequest,
    KeyPackageUpload,
    UploadKeyPackageRequest,
)
from xmtp_identity_node.v1.node_pb2 import (
    FollowRequest,
    GetHistoryRequest,
    GetIdentifiersRequest,
    GetMembersRequest,
)

from ..faults.workload import Plan

__all__ = ["FOLLOW", "OF_AN_INBOX", "UNARY", "batch", "valid_requests"]

IDENTITY: Final = "/xmtp.identity.api.v1.IdentityApi/"
MLS: Final = "/xmtp.mls.api.v1.MlsApi/"
NODE: Final = "/xmtp_identity_node.v1.NodeApi/"

PUBLISH: Final = f"{IDENTITY}PublishIdentityUpdate"
UPDATES: Final = f"{IDENTITY}GetIdentityUpdates"
INBOX_IDS: Final = f"{IDENTITY}GetInboxIds"
VERIFY: Final = f"{IDENTITY}VerifySmartContractWalletSignatures"
UPLOAD: Final = f"{MLS}UploadKeyPackage"
FETCH: Final = f"{MLS}FetchKeyPackages"
MEMBERS: Final = f"{NODE}GetMembers"
HISTORY: Final = f"{NODE}GetHistory"
IDENTIFIERS: Final = f"{NODE}GetIdentifiers"
FOLLOW: Final = f"{NODE}Follow"

OF_AN_INBOX: Final = (MEMBERS, HISTORY, IDENTIFIERS)
"""Those that ask for one inbox, which may not be there."""

UNARY: Final = (
    PUBLISH,
    UPDATES,
    INBOX_IDS,
    VERIFY,
    UPLOAD,
    FETCH,
    *OF_AN_INBOX,
)
"""The full paths of all methods with one answer."""


def valid_requests(plan: Plan) -> Mapping[str, bytes]:
    """A request for each method, by path."""
    inbox_id = plan.inbox_id
    account = "eip155:1:0x" + "ab" * 20
    wallet = VerifySmartContractWalletSignaturesRequest.Signature(
        account_id=account, block_number=5, signature=b"s", hash=b"h" * 32
    )
    messages = {
        PUBLISH: PublishIdentityUpdateRequest(identity_update=plan.updates[1]),
        UPDATES: GetIdentityUpdatesRequest(
            requests=[GetIdentityUpdatesRequest.Request(inbox_id=inbox_id)]
        ),
        INBOX_IDS: GetInboxIdsRequest(
            requests=[
                GetInboxIdsRequest.Request(identifier=value, identifier_kind=kind)
                for kind, value in sorted(plan.people)[:1]
            ]
        ),
        VERIFY: VerifySmartContractWalletSignaturesRequest(signatures=[wallet]),
        UPLOAD: UploadKeyPackageRequest(
            key_package=KeyPackageUpload(key_package_tls_serialized=b"\0\1\0\1" * 50)
        ),
        FETCH: FetchKeyPackagesRequest(installation_keys=[b"k" * 32]),
        MEMBERS: GetMembersRequest(inbox_id=inbox_id),
        HISTORY: GetHistoryRequest(inbox_id=inbox_id),
        IDENTIFIERS: GetIdentifiersRequest(inbox_id=inbox_id),
        FOLLOW: FollowRequest(cursor=""),
    }
    return {path: one.SerializeToString() for path, one in messages.items()}


def batch(path: str, plan: Plan, count: int) -> bytes:
    """A request that asks for the same thing so many times."""
    return valid_requests(plan)[path] * count
