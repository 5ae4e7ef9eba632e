"""What a gRPC status means: to typed errors."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from .errors import (
    NodeAnswer,
    NodeBusy,
    NodeError,
    NodeRefused,
    NodeTimeout,
    NodeUnavailable,
)

if TYPE_CHECKING:
    import grpc

__all__ = ["CODE_KEY", "error_of", "is_definite", "printable"]

CODE_KEY: Final = "xmtp-identity-code"
"""The trailing metadata in which nodes of this project name their code."""

_CODE: Final = re.compile("[a-z][a-z0-9_]{0,63}")
_MAX_SENTENCE: Final = 400
_REFUSALS: Final = frozenset(
    {
        "ALREADY_EXISTS",
        "FAILED_PRECONDITION",
        "INVALID_ARGUMENT",
        "NOT_FOUND",
        "OUT_OF_RANGE",
        "PERMISSION_DENIED",
        "UNAUTHENTICATED",
    }
)
_TOO_LARGE: Final = frozenset(
    {"answer_too_large", "batch_too_large", "request_too_large"}
)
_TOO_LARGE_SAID: Final = "larger than max"
"""How gRPC's implementations, in C and in Go, say it of a message."""

_NO_CONNECTION: Final = ("failed to connect to all addresses", "errors resolving ")
"""How gRPC says that nothing was sent, for want of a connection."""

_MAYBE_COMMITTED: Final = "store_unavailable"
"""A node whose database went away does not know what became of a transaction."""


def error_of(error: grpc.RpcError, url: str, *, publishing: bool) -> NodeError:
    """The typed error for a failed call.

    publishing: whether an update was sent, so that a refusal is one of it.
    """
    status = _status(error)
    sentence = _sentence(getattr(error, "details", lambda: "")())
    own = _own_code(error)
    said = f"{sentence or 'it gives no reason'} [{own or status}]"
    if status == "DEADLINE_EXCEEDED":
        return NodeTimeout(
            f"{url} did not answer in time: {said}", status=status, node_code=own
        )
    if status == "UNAVAILABLE":
        failed = "could not be reached" if own is None else "can't do it now"
        return NodeUnavailable(
            f"{url} {failed}: {said}",
            reached=own is not None or not sentence.startswith(_NO_CONNECTION),
            status=status,
            node_code=own,
        )
    if status == "RESOURCE_EXHAUSTED":
        if own in _TOO_LARGE or (own is None and _TOO_LARGE_SAID in sentence):
            return NodeAnswer(
                f"{url}: what was asked for at once is too large: {said}",
                too_large=True,
                status=status,
                node_code=own,
            )
        return NodeBusy(f"{url} is too busy: {said}", status=status, node_code=own)
    if status == "ABORTED":
        return NodeBusy(f"{url} gave up: {said}", status=status, node_code=own)
    if publishing and status in _REFUSALS:
        return NodeRefused(
            f"{url} does not take the update: {said}", status=status, node_code=own
        )
    return NodeError(f"{url} failed: {said}", status=status, node_code=own)


def is_definite(error: NodeError) -> bool:
    """Whether an update that was sent is surely not taken, and won't be.

    Not so after a lost connection or a deadline: it may be on its way yet.
    """
    if isinstance(error, NodeTimeout):
        return False
    if isinstance(error, NodeUnavailable):
        return not error.reached or error.node_code not in {None, _MAYBE_COMMITTED}
    return isinstance(error, NodeRefused | NodeAnswer | NodeBusy) or (
        error.status == "UNIMPLEMENTED"
    )


def printable(text: str) -> str:
    """Text of a stranger, with everything that could move a terminal's cursor,
    hide or reorder text as an escape, line ends too."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode()
        for char in text
    )


def _sentence(details: str | None) -> str:
    text = (details or "").strip()
    if len(text) > _MAX_SENTENCE:
        text = text[:_MAX_SENTENCE] + "..."
    return printable(text)


def _status(error: grpc.RpcError) -> str:
    code = getattr(error, "code", lambda: None)()
    return str(getattr(code, "name", "UNKNOWN"))


def _own_code(error: grpc.RpcError) -> str | None:
    metadata: Iterable[tuple[str, str | bytes]] | None = getattr(
        error, "trailing_metadata", lambda: None
    )()
    for key, value in metadata or ():
        if key == CODE_KEY and isinstance(value, str) and _CODE.fullmatch(value):
            return value
    return None
