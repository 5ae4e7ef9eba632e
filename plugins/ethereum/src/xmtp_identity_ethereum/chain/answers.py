"""What a JSON-RPC server says, read as what it is: a stranger's word.

None of its sentences goes any further: they quote addresses of servers, and
keys. What they mean is said in our own words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from xmtp_identity.strict_json import is_deeper

from .rules import Answer, Failed, Returned, Reverted

__all__ = [
    "BUSY",
    "by_id",
    "data_of",
    "is_busy",
    "number_of",
    "parse",
    "quantity_of",
]

BUSY: Final = Failed("has too much to do")

_DATA: Final = re.compile(r"0x((?:[0-9a-fA-F]{2})*)")
# Not one of the digits of other scripts, which int() would take.
_QUANTITY: Final = re.compile(r"0x([0-9a-fA-F]{1,16})")

_SHALLOW: Final = 500
"""So few brackets are no danger, however they stand."""

_MAX_DEPTH: Final = 64
_REVERTED: Final = "execution reverted"
_REVERT_CODES: Final = frozenset({3, -32000})
"""3 is what the execution API specification says; geth, erigon and besu say
-32000 where a revert carries no data."""

_PARITY_CODE: Final = -32015
_PARITY_DATA: Final = re.compile(r"Reverted (0x(?:[0-9a-fA-F]{2})*)")
"""Nethermind, as OpenEthereum before it."""

_BUSY_CODES: Final = frozenset({429, -32005, -32029, -32090, -32097})
_BUSY_WORDS: Final = ("rate limit", "too many requests", "limit exceeded", "capacity")
_NO_STATE_WORDS: Final = (
    "missing trie node",
    "header not found",
    "block not found",
    "unknown block",
    "state is not available",
    "state not available",
    "historical state",
    "pruned",
    "archive",
    "could not find block",
    "out of range",
    "outofrange",
)


def parse(body: bytes) -> Any:
    """The JSON of an answer; raises `ValueError`."""
    if body.count(b"[") + body.count(b"{") > _SHALLOW and is_deeper(body, _MAX_DEPTH):
        raise ValueError("nesting")
    return json.loads(body)


def by_id(entries: list[Any]) -> dict[int, Mapping[str, Any] | None]:
    """The entries of an answer by their ids; None for an id that came twice."""
    found: dict[int, Mapping[str, Any] | None] = {}
    for entry in entries:
        if isinstance(entry, dict) and type(entry.get("id")) is int:
            found[entry["id"]] = None if entry["id"] in found else entry
    return found


def data_of(entry: Mapping[str, Any] | None) -> Answer:
    """The bytes that a call gave, or why it gave none."""
    if entry is None:
        return Failed("gave no answer of its own to one of the calls")
    error = entry.get("error")
    if error is not None:
        if entry.get("result") is not None:
            return Failed("gave a result and an error at once")
        return _error(error)
    result = entry.get("result")
    match = _DATA.fullmatch(result) if isinstance(result, str) else None
    if match is None:
        return Failed("gave a result that is no data")
    return Returned(bytes.fromhex(match[1]))


def quantity_of(entry: Mapping[str, Any] | None) -> int | None:
    """The number that a call gave; None if it gave none."""
    result = None if entry is None else entry.get("result")
    return _quantity(result)


def number_of(entry: Mapping[str, Any] | None) -> int | None:
    """The number of the block that a call gave; None if it gave none."""
    block = None if entry is None else entry.get("result")
    return _quantity(block.get("number")) if isinstance(block, dict) else None


def is_busy(error: object) -> bool:
    """Whether an error says: later, or less."""
    if not isinstance(error, dict):
        return False
    return error.get("code") in _BUSY_CODES or _says(error, _BUSY_WORDS)


def _quantity(value: object) -> int | None:
    match = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    return None if match is None else int(match[1], 16)


def _error(error: object) -> Answer:
    if not isinstance(error, dict):
        return Failed("gave an error that is none of JSON-RPC")
    code, data = error.get("code"), error.get("data")
    if type(code) is not int:
        return Failed("gave an error that is none of JSON-RPC")
    text = error.get("message")
    reverted = isinstance(text, str) and text.lower().startswith(_REVERTED)
    if code == _PARITY_CODE and isinstance(data, str):
        match = _PARITY_DATA.fullmatch(data)
        if match is not None:
            data, reverted = match[1], True
    # Whatever else stops a call may be the server's fault.
    if reverted and (code in _REVERT_CODES or code == _PARITY_CODE):
        match = _DATA.fullmatch(data) if isinstance(data, str) else None
        return Reverted(b"" if match is None else bytes.fromhex(match[1]))
    if is_busy(error):
        return BUSY
    if _says(error, _NO_STATE_WORDS):
        return Failed("lacks that block or its state (older ones need an archive node)")
    return Failed(f"gave the error {code}"[:60])


def _says(error: Mapping[str, Any], words: tuple[str, ...]) -> bool:
    text = error.get("message")
    return isinstance(text, str) and any(word in text[:500].lower() for word in words)
