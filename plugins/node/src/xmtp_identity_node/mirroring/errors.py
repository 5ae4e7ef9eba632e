"""What can be wrong with a node that is followed, each with a stable code."""

from __future__ import annotations

from xmtp_identity.errors import BadInput

__all__ = ["NoFeed", "NotAllTaken"]


class NoFeed(BadInput):
    """The node has no stream of new updates; XMTP's own have none."""

    code = "no_feed"
    remedy = "Name the inboxes to follow: --inbox or --inboxes."


class NotAllTaken(BadInput):
    """A node that is followed contradicts what it served before."""

    code = "not_all_taken"
    remedy = "Compare the inboxes that were named with another node."
