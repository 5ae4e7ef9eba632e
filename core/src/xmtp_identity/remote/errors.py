"""What can go wrong with a node, each with a stable code.

What a node says of itself is a stranger's word: its sentence is escaped and
cut, its code is kept beside ours and never in its place.
"""

from __future__ import annotations

from ..errors import BadInput, IdentityError, NotAdmitted

__all__ = [
    "BadNodeUrl",
    "InboxUnproven",
    "LogRewritten",
    "LogShortened",
    "NoLookUp",
    "NodeAnswer",
    "NodeBusy",
    "NodeError",
    "NodeRefused",
    "NodeTimeout",
    "NodeUnavailable",
    "PublishNotSeen",
    "PublishUncertain",
    "RemoteMissing",
    "StoreMissing",
]


class RemoteMissing(BadInput):
    """The library that speaks with nodes is not installed."""

    code = "remote_missing"
    remedy = "Install it: `pip install 'xmtp-identity[remote]'`."


class StoreMissing(BadInput):
    """The package of the local store is not installed."""

    code = "store_missing"
    remedy = "Install it: `pip install xmtp-identity-store`."


class BadNodeUrl(BadInput):
    """A text is not the URL of a node."""

    code = "bad_node_url"
    remedy = "Give http://HOST:PORT, or https://HOST:PORT for TLS, and nothing more."


class NoLookUp(BadInput):
    """Nodes can't be asked for identifiers of this kind."""

    code = "no_look_up"
    remedy = "Name the inbox by its ID."


class NodeError(IdentityError):
    """A node failed at what it was asked, or does not know the question.

    status: the name of the gRPC status (``"INTERNAL"``); None if the answer
        came and was wrong.
    node_code: the node's own code for it, from the trailing metadata
        ``xmtp-identity-code``; None if it gave none.
    """

    code = "node_error"
    remedy = "Ask who runs the node; see whether the URL is that of an identity node."

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        status: str | None = None,
        node_code: str | None = None,
    ) -> None:
        super().__init__(detail, code=code)
        self.status = status
        self.node_code = node_code


class NodeUnavailable(NodeError):
    """A node could not be reached, or the connection to it was lost.

    reached: whether there may have been a connection, and so a question.
    """

    code = "node_unavailable"
    retryable = True
    remedy = "Check the URL and the network, or wait until the node is back."

    def __init__(
        self,
        detail: str,
        *,
        reached: bool = True,
        status: str | None = None,
        node_code: str | None = None,
    ) -> None:
        super().__init__(detail, status=status, node_code=node_code)
        self.reached = reached


class NodeTimeout(NodeUnavailable):
    """A node did not answer in time."""

    code = "node_timeout"
    remedy = "Try again later, or allow more time."


class NodeBusy(NodeError):
    """A node has too much to do, or this client asked too often."""

    code = "node_busy"
    retryable = True
    remedy = "Wait a little, then try again."


class NodeRefused(NodeError, NotAdmitted):
    """A node does not take an update; it is not in the log."""

    code = "node_refused"
    remedy = "Read the node's sentence; fetch the log and make the update anew."


class NodeAnswer(NodeError):
    """A node's answer is malformed, too large, or of inboxes not asked for.

    too_large: whether only its size is wrong, so that asking for fewer
        inboxes at once may help.
    """

    code = "node_answer"
    remedy = "Ask another node; tell who runs this one."

    def __init__(
        self,
        detail: str,
        *,
        too_large: bool = False,
        status: str | None = None,
        node_code: str | None = None,
    ) -> None:
        super().__init__(detail, status=status, node_code=node_code)
        self.too_large = too_large


class LogShortened(NodeError):
    """A node serves less of a log than was seen before."""

    code = "log_shortened"
    remedy = (
        "Fetch the whole log from another node: this one lags behind, lost entries, "
        "or keeps some back."
    )


class LogRewritten(NodeError):
    """A node serves another log than was seen before: a log only grows."""

    code = "log_rewritten"
    remedy = "Don't trust this node; compare with another one."


class InboxUnproven(NodeError):
    """A node names an inbox for an identifier, and its log does not prove it."""

    code = "inbox_unproven"
    remedy = "Don't take the inbox for the identifier's; ask another node."


class PublishUncertain(NodeError):
    """Whether a node took an update can't be found out now."""

    code = "publish_uncertain"
    remedy = (
        "Fetch the log later: it says whether the update is in it. Publish the same "
        "bytes again only if it is not."
    )


class PublishNotSeen(NodeError):
    """A node says that it took an update, and its log does not show it."""

    code = "publish_not_seen"
    remedy = "Fetch the log later; if the update is still missing, ask another node."
