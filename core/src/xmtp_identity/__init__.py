"""Read, verify and write XMTP identity logs; kinds of identity are plugins.

An inbox's identity log is a sequence of signed updates. `replay` verifies
them and gives the inbox's state: who may be reached there, who may act for
it. What a client has no plugin for it discards, and stays right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .builder import SignatureRequest
from .bulk import replay_many
from .identifier import MemberIdentifier
from .kinds import Kind
from .loading import load_registry
from .outcome import Outcome, OutcomeKind
from .protocol.state import AssociationState, Member
from .registry import Registry
from .replay import ReplayResult, replay, resume
from .snapshot import Snapshot

if TYPE_CHECKING:
    from .remote import RemoteLog

__all__ = [
    "AssociationState",
    "Kind",
    "Member",
    "MemberIdentifier",
    "Outcome",
    "OutcomeKind",
    "Registry",
    "RemoteLog",
    "ReplayResult",
    "SignatureRequest",
    "Snapshot",
    "load_registry",
    "replay",
    "replay_many",
    "resume",
]


def __getattr__(name: str) -> Any:
    # Not everyone who replays logs talks to a node.
    if name == "RemoteLog":
        from .remote import RemoteLog

        return RemoteLog
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
