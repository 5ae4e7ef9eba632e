"""What a node answers besides what it was asked for, each with a stable code."""

from __future__ import annotations

from xmtp_identity.errors import BadInput, IdentityError, NotAdmitted

__all__ = [
    "BatchTooLarge",
    "Closing",
    "Deadline",
    "NotAuthoritative",
    "Overloaded",
    "OwnerTaken",
    "RateLimited",
    "ReadOnly",
    "RequestTooLarge",
    "StateUnavailable",
]


class Overloaded(IdentityError):
    """The node has more to do than it takes on."""

    code = "overloaded"
    retryable = True
    remedy = "Wait a moment, then try again."


class RateLimited(IdentityError):
    """A client asked more often than the node allows."""

    code = "rate_limited"
    retryable = True
    remedy = "Wait as long as the sentence says, then try again."


class RequestTooLarge(BadInput):
    """A request or a part of it has more bytes than the node takes."""

    code = "request_too_large"
    remedy = "Send less at once."


class BatchTooLarge(BadInput):
    """A request asks for more things at once than the node answers."""

    code = "batch_too_large"
    remedy = "Ask in several requests."


class OwnerTaken(NotAdmitted):
    """The owner of a new inbox belongs to another inbox already (XIP-46)."""

    code = "owner_taken"
    remedy = "Use the inbox that the sentence names, or revoke the identifier there."


class NotAuthoritative(NotAdmitted):
    """The log holds an entry that this node is too old to judge, and that may
    say who may act for the inbox."""

    code = "not_authoritative"
    remedy = "Upgrade the node or install the package of the kind; see its history."


class StateUnavailable(IdentityError):
    """The state of an inbox could not be found out now, so nothing is taken."""

    code = "state_unavailable"
    retryable = True
    remedy = "Try again when what the sentence names can be asked."


class Deadline(IdentityError):
    """The node did not finish in time; what was asked may still be done."""

    code = "deadline"
    retryable = True
    remedy = "Read the log of the inbox to see whether it was; else try again."


class ReadOnly(IdentityError):
    """The node takes no updates: it follows another one."""

    code = "read_only"
    remedy = "Publish to the node that it follows."


class Closing(IdentityError):
    """The node is being stopped."""

    code = "closing"
    retryable = True
    remedy = "Try again, or ask another node of the same network."
