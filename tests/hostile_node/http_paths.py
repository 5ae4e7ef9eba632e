"""The paths of the node's HTTP side, and bodies to be damaged."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Final

from ..faults.workload import Plan

__all__ = ["GETS", "POSTS", "valid_bodies"]

PUBLISH: Final = "/identity/v1/publish-identity-update"
UPDATES: Final = "/identity/v1/get-identity-updates"
INBOX_IDS: Final = "/identity/v1/get-inbox-ids"
VERIFY: Final = "/identity/v1/verify-smart-contract-wallet-signatures"
UPLOAD: Final = "/mls/v1/upload-key-package"
FETCH: Final = "/mls/v1/fetch-key-packages"

POSTS: Final = (PUBLISH, UPDATES, INBOX_IDS, VERIFY, UPLOAD, FETCH)
"""Those that take a body."""

GETS: Final = (
    "/v1/inboxes/{}",
    "/v1/inboxes/{}/history",
    "/v1/inboxes/{}/history?first={}&limit={}",
    "/v1/inboxes/{}/identifiers",
    "/v1/identifiers/{}/{}",
    "/v1/identifiers/ethereum/{}",
    "/v1/updates?limit={}",
    "/v1/updates?limit=5&cursor={}",
    "/{}",
)
"""The others, with places for anything."""


def valid_bodies(plan: Plan) -> Mapping[str, bytes]:
    """A body for each path."""
    account = "eip155:1:0x" + "ab" * 20
    wallet = {
        "accountId": account,
        "blockNumber": "5",
        "signature": _text(b"s" * 65),
        "hash": _text(b"h" * 32),
    }
    person = {"identifier": account[-42:], "identifierKind": "IDENTIFIER_KIND_ETHEREUM"}
    package = {"keyPackageTlsSerialized": _text(b"\0\1\0\1" * 50)}
    bodies = {
        PUBLISH: {"identityUpdate": _text(plan.updates[1])},
        UPDATES: {"requests": [{"inboxId": plan.inbox_id, "sequenceId": "1"}]},
        INBOX_IDS: {"requests": [person]},
        VERIFY: {"signatures": [wallet]},
        UPLOAD: {"keyPackage": package, "isInboxIdCredential": True},
        FETCH: {"installationKeys": [_text(b"k" * 32)]},
    }
    return {path: json.dumps(body).encode() for path, body in bodies.items()}


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
