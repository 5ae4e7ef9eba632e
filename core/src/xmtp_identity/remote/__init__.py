"""A client for nodes that hold identity logs: `RemoteLog`.

Needs grpcio, which the extra ``xmtp-identity[remote]`` brings; it is imported
when a client is made.
"""

from __future__ import annotations

from .errors import (
    BadNodeUrl,
    InboxUnproven,
    LogRewritten,
    LogShortened,
    NodeAnswer,
    NodeBusy,
    NodeError,
    NodeRefused,
    NodeTimeout,
    NodeUnavailable,
    NoLookUp,
    PublishNotSeen,
    PublishUncertain,
    RemoteMissing,
    StoreMissing,
)
from .fetching import Fetched, Trouble
from .keeping import LogStore
from .known import Known, LogEntry
from .log import LookUp, RemoteLog
from .publishing import Published
from .settings import Settings

__all__ = [
    "BadNodeUrl",
    "Fetched",
    "InboxUnproven",
    "Known",
    "LogEntry",
    "LogRewritten",
    "LogShortened",
    "LogStore",
    "LookUp",
    "NoLookUp",
    "NodeAnswer",
    "NodeBusy",
    "NodeError",
    "NodeRefused",
    "NodeTimeout",
    "NodeUnavailable",
    "PublishNotSeen",
    "PublishUncertain",
    "Published",
    "RemoteLog",
    "RemoteMissing",
    "Settings",
    "StoreMissing",
    "Trouble",
]
