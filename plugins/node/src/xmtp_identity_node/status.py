"""From this project's errors to the statuses of gRPC and HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import grpc

from xmtp_identity.errors import BadInput, IdentityError, NotAdmitted, PluginError
from xmtp_identity_store.errors import UnusableStore

__all__ = ["CODE_KEY", "INTERNAL", "Status", "status_of"]

CODE_KEY: Final = "xmtp-identity-code"
"""The trailing metadata, or the HTTP header, that holds our stable code."""

_MAX_DETAIL: Final = 1000
"""Characters of a sentence: it travels in a header."""

_G: Final = grpc.StatusCode

_BY_CODE: Final = {
    # The bytes themselves are bad: no state of an inbox would take them.
    "bad_shape": _G.INVALID_ARGUMENT,
    "identifier_kind": _G.INVALID_ARGUMENT,
    "leaf_in_actions": _G.INVALID_ARGUMENT,
    "mixed_actions": _G.INVALID_ARGUMENT,
    "mixed_kinds": _G.INVALID_ARGUMENT,
    "nesting_too_deep": _G.INVALID_ARGUMENT,
    "no_actions": _G.INVALID_ARGUMENT,
    "no_update": _G.INVALID_ARGUMENT,
    "overlong_varint": _G.INVALID_ARGUMENT,
    "several_variants": _G.INVALID_ARGUMENT,
    "undecodable": _G.INVALID_ARGUMENT,
    # What this node says of itself and of its clients.
    "answer_too_large": _G.RESOURCE_EXHAUSTED,
    "batch_too_large": _G.RESOURCE_EXHAUSTED,
    "closing": _G.UNAVAILABLE,
    "deadline": _G.DEADLINE_EXCEEDED,
    "log_full": _G.RESOURCE_EXHAUSTED,
    "no_such_identifier": _G.NOT_FOUND,
    "no_such_inbox": _G.NOT_FOUND,
    "overloaded": _G.RESOURCE_EXHAUSTED,
    "owner_taken": _G.ALREADY_EXISTS,
    "rate_limited": _G.RESOURCE_EXHAUSTED,
    "read_only": _G.PERMISSION_DENIED,
    "request_timeout": _G.DEADLINE_EXCEEDED,
    "request_too_large": _G.RESOURCE_EXHAUSTED,
    "update_too_large": _G.RESOURCE_EXHAUSTED,
}

_HTTP: Final = {
    _G.INVALID_ARGUMENT: 400,
    _G.FAILED_PRECONDITION: 400,
    _G.PERMISSION_DENIED: 403,
    _G.NOT_FOUND: 404,
    _G.ALREADY_EXISTS: 409,
    _G.RESOURCE_EXHAUSTED: 429,
    _G.INTERNAL: 500,
    _G.UNAVAILABLE: 503,
    _G.DEADLINE_EXCEEDED: 504,
}

_HTTP_BY_CODE: Final = {
    # gRPC has one word for what HTTP has several for.
    "answer_too_large": 413,
    "batch_too_large": 413,
    "log_full": 409,
    "overloaded": 503,
    "request_timeout": 408,
    "request_too_large": 413,
    "update_too_large": 413,
}


class Status(NamedTuple):
    """How a call ended, for both transports.

    code: our stable code; empty if all went well.
    detail: a sentence.
    """

    grpc: grpc.StatusCode
    http: int
    code: str
    detail: str

    @property
    def number(self) -> int:
        """The number of the gRPC status."""
        number: int = self.grpc.value[0]
        return number

    @property
    def metadata(self) -> Sequence[tuple[str, str]]:
        """The trailing metadata of a gRPC answer."""
        return ((CODE_KEY, self.code),)


INTERNAL: Final = Status(
    _G.INTERNAL, 500, "internal_error", "The node failed; its log says why."
)


def status_of(error: IdentityError) -> Status:
    """The status of an error that was raised on purpose."""
    if isinstance(error, UnusableStore):
        return _of_store(error)
    code = _BY_CODE.get(error.code)
    if code is None:
        if error.retryable:
            code = _G.UNAVAILABLE
        elif isinstance(error, NotAdmitted):
            code = _G.FAILED_PRECONDITION
        elif isinstance(error, PluginError):
            code = _G.INTERNAL
        elif isinstance(error, BadInput):
            code = _G.INVALID_ARGUMENT
        else:
            code = _G.FAILED_PRECONDITION
    http = _HTTP_BY_CODE.get(error.code, _HTTP[code])
    return Status(code, http, error.code, error.detail[:_MAX_DETAIL])


def _of_store(error: UnusableStore) -> Status:
    """In other words than the store's, which name files and hosts."""
    if error.retryable:
        detail = "The node does not reach its store now; try again."
        return Status(_G.UNAVAILABLE, 503, error.code, detail)
    detail = "The node's store does not work; its log says why."
    return Status(_G.INTERNAL, 500, error.code, detail)
