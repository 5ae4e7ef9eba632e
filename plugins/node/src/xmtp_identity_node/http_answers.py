"""Answers of the HTTP API: JSON, and refusals as XMTP's gateways write them."""

from __future__ import annotations

import json
from typing import Final

from aiohttp import web

from .status import CODE_KEY, Status

__all__ = ["error_body", "json_answer", "plain_refusal", "refusal"]

_RETRY_SECONDS: Final = 1


def json_answer(body: bytes, status: int = 200) -> web.Response:
    """An answer whose body is JSON already."""
    return web.Response(body=body, status=status, content_type="application/json")


def error_body(status: Status) -> bytes:
    """As XMTP's gateways answer errors (google.rpc.Status)."""
    return json.dumps(
        {
            "code": status.number,
            "message": status.detail,
            "details": [{"reason": status.code}],
        }
    ).encode()


def refusal(status: Status) -> web.Response:
    """How a call ended that did not go well."""
    response = json_answer(error_body(status), status.http)
    response.headers[CODE_KEY] = status.code
    if status.http in {429, 503}:
        response.headers["Retry-After"] = str(_RETRY_SECONDS)
    if status.http in {408, 413}:
        # The rest of the request may still be on its way.
        response.force_close()
    return response


def plain_refusal(error: web.HTTPException) -> web.Response:
    """An answer of aiohttp's own: no such path, no such method."""
    number = {404: 5, 405: 12}.get(error.status, 3)
    body = {"code": number, "message": error.reason, "details": []}
    response = json_answer(json.dumps(body).encode(), error.status)
    if "Allow" in error.headers:
        response.headers["Allow"] = error.headers["Allow"]
    return response
