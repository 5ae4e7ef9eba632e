"""What the commands share that talk to a node."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import click

from ..errors import BadInput
from .options import contexts_of, text_argument

if TYPE_CHECKING:
    from ..logfile import InboxLog
    from ..registry import Registry
    from ..remote import RemoteLog

__all__ = ["connect", "fetch_logs", "node_option", "node_url", "store_option"]

_NODE: Final = "XID_NODE"
"""The node where a command needs one and none is named."""

node_option: Final = click.option(
    "--node",
    metavar="URL",
    callback=text_argument,
    help="A node with the log: http://HOST:PORT, or https:// for TLS.",
)

store_option: Final = click.option(
    "--store",
    metavar="FILE",
    type=click.Path(),
    help="With --node: a local store that keeps what was seen, so that a log that was "
    "shortened or rewritten since is noticed.",
)


def node_url(given: str | None) -> str | None:
    """The node that is named, or the environment's."""
    return given or os.environ.get(_NODE) or None


def connect(url: str, registry: Registry, store: str | None) -> RemoteLog:
    """A client of the node, closed at the command's end.

    store: the path of a local store, made if it is missing.

    Raises what `RemoteLog` raises, `StoreMissing`, errors of the store, and
    `BadChains`.
    """
    # gRPC's own words would stand beside the one line that we say.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    from ..remote import RemoteLog

    ctx = click.get_current_context()
    chains = contexts_of(ctx)
    kept: Any = None
    if store is not None:
        kept = _open_store(store)
        ctx.call_on_close(kept.close)
    remote = RemoteLog(url, registry, store=kept, context=chains)
    ctx.call_on_close(remote.close)
    return remote


def fetch_logs(remote: RemoteLog, inbox_ids: Sequence[str]) -> list[InboxLog]:
    """The logs of inboxes; raises `BadInput` if the node has none of one."""
    from ..logfile import InboxLog

    logs = []
    for found in remote.fetch(inbox_ids):
        if not found.entries:
            raise BadInput(
                f"{remote.url} has no log of the inbox {found.inbox_id}.",
                code="no_such_inbox",
            )
        logs.append(InboxLog(found.inbox_id, found.log))
    return logs


def _open_store(path: str) -> Any:
    """The store is a plugin: whoever keeps nothing does not need it."""
    from ..remote import StoreMissing

    try:
        module = import_module("xmtp_identity_store.store")
    except ImportError as error:
        raise StoreMissing(
            f"--store needs a package that can't be imported ({error}): pip install "
            "xmtp-identity-store."
        ) from None
    return module.Store.open(path)
