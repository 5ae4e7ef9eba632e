"""What can be wrong with a store, each with a stable code."""

from __future__ import annotations

from xmtp_identity.errors import BadInput, IdentityError

__all__ = [
    "AnswerTooLarge",
    "AuditReplaced",
    "AuditUnfinished",
    "BadCursor",
    "ClusterUnusable",
    "InboxClash",
    "LogConflict",
    "NoStore",
    "NoSuchInbox",
    "ProcessLost",
    "StoreLocked",
    "StoreUnavailable",
    "StoreVersion",
    "UnusableStore",
]


class UnusableStore(BadInput):
    """The file or database of a store could not be opened, read or written."""

    code = "unusable_store"
    remedy = (
        "Check the name and the rights of the file or database, and the room on "
        "the disk."
    )


class NoStore(UnusableStore):
    """A file or database is not a store of this project."""

    code = "no_store"
    remedy = "Make a store with `xid import` or `xid migrate`."


class StoreVersion(UnusableStore):
    """A store has the tables of an older or newer release."""

    code = "store_version"
    remedy = "Run `xid migrate` if they are older; else upgrade xmtp-identity-store."


class StoreLocked(UnusableStore):
    """Somebody else kept the store, or a part of it, to themselves for too long."""

    code = "store_locked"
    retryable = True
    remedy = "Wait for the other process, then try again."


class StoreUnavailable(UnusableStore):
    """The database could not be reached, or the connection broke.

    Whether what was being written is there is not known.
    """

    code = "store_unavailable"
    retryable = True
    remedy = "See that the database runs and can be reached, then try again."


class LogConflict(BadInput):
    """A log is not the stored one with entries behind it."""

    code = "log_conflict"
    remedy = "Find out which of the two is the log of the inbox; a log only grows."


class InboxClash(BadInput):
    """Two inbox IDs have the same row key, and the other one came first."""

    code = "inbox_clash"
    remedy = "Make the inbox anew with another nonce."


class NoSuchInbox(BadInput):
    """The store has no log of this inbox."""

    code = "no_such_inbox"
    remedy = "Import its log."


class AnswerTooLarge(BadInput):
    """What was asked for is more than may be read at once."""

    code = "answer_too_large"
    remedy = "Ask for fewer inboxes at once."


class BadCursor(BadInput):
    """A text is no cursor of this store's feed."""

    code = "bad_cursor"
    remedy = "Follow the feed from its beginning."


class ProcessLost(IdentityError):
    """A process that replayed for this one was killed."""

    code = "process_lost"
    retryable = True
    remedy = "Try again, with fewer processes if memory was short."


class AuditUnfinished(BadInput):
    """The audit that is under way was begun by other plugins."""

    code = "audit_unfinished"
    remedy = "Finish it with the plugins that it was begun with, or give --anew."


class AuditReplaced(BadInput):
    """Somebody began another audit of the store while this one was at work."""

    code = "audit_replaced"
    remedy = "Run `xid audit` again to take part in the new one."


class ClusterUnusable(IdentityError):
    """A Dask cluster could not be reached, or its workers could not do the work."""

    code = "cluster_unusable"
    retryable = True
    remedy = (
        "See that the scheduler runs, and that each worker has the same packages "
        "and can reach the database."
    )
