"""What can be wrong with a store, each with a stable code."""

from __future__ import annotations

from xmtp_identity.errors import BadInput, IdentityError

__all__ = [
    "LogConflict",
    "NoStore",
    "NoSuchInbox",
    "ProcessLost",
    "StoreLocked",
    "StoreVersion",
    "UnusableStore",
]


class UnusableStore(BadInput):
    """The file of a store could not be opened, read or written."""

    code = "unusable_store"
    remedy = "Check the name and the rights of the file, and the room on the disk."


class NoStore(UnusableStore):
    """A file is not a store of this project."""

    code = "no_store"
    remedy = "Make a store with `xid import`."


class StoreVersion(UnusableStore):
    """A store was made by a newer release."""

    code = "store_version"
    remedy = "Upgrade xmtp-identity-store."


class StoreLocked(UnusableStore):
    """Another process kept the store to itself for too long."""

    code = "store_locked"
    retryable = True
    remedy = "Wait for the other process, then try again."


class LogConflict(BadInput):
    """A log is not the stored one with entries behind it."""

    code = "log_conflict"
    remedy = "Find out which of the two is the log of the inbox; a log only grows."


class NoSuchInbox(BadInput):
    """The store has no log of this inbox."""

    code = "no_such_inbox"
    remedy = "Import its log."


class ProcessLost(IdentityError):
    """A process that replayed for this one was killed."""

    code = "process_lost"
    retryable = True
    remedy = "Try again, with fewer processes if memory was short."
