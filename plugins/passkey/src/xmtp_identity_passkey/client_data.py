"""Reading clientDataJSON so that no two parsers can read two things in it.

Parsers differ on duplicate keys, on lone surrogates, on numbers that JSON
does not know and on how deep they go. XMTP's reference client takes some of
these, so refusing them is a deviation, and a deliberate one: what is left is
read alike by every parser.
"""

from __future__ import annotations

import json
from typing import Any, Final

from xmtp_identity.strict_json import is_deeper

__all__ = ["MAX_DEPTH", "NotOneObject", "read_object"]

MAX_DEPTH: Final = 32
"""Objects and arrays within one another, the outermost counted."""


class NotOneObject(ValueError):
    """Bytes are not one strict JSON object; the message says what is wrong."""


def read_object(data: bytes) -> dict[str, Any]:
    """Read one JSON object (RFC 8259), as strictly as parsers can agree on.

    data: UTF-8, white space around it allowed, no byte order mark. Keys are
    unique at every level, no string holds a lone surrogate, nesting is at
    most `MAX_DEPTH`. Numbers are checked and then read as 0: nothing here
    needs one, and converting a hostile one is slow or fails.

    Raises `NotOneObject`. Takes linear time.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise NotOneObject("it is not UTF-8") from None
    if is_deeper(data, MAX_DEPTH):
        raise NotOneObject(f"it is nested more than {MAX_DEPTH} deep")
    try:
        value = _DECODER.decode(text)
    except NotOneObject:
        raise
    except ValueError:
        raise NotOneObject("it is not JSON") from None
    if not isinstance(value, dict):
        raise NotOneObject("it is not an object")
    if "\\u" in text and _has_lone_surrogate(value):
        raise NotOneObject("a string in it has half of a surrogate pair")
    return value


def _has_lone_surrogate(value: dict[str, Any]) -> bool:
    try:
        _ENCODER.encode(value).encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise NotOneObject("a key stands in it twice")
    return result


def _number(_: str) -> int:
    return 0


def _no_constant(_: str) -> int:
    # Python reads NaN and Infinity, which JSON does not know.
    raise NotOneObject("it has a number that JSON does not know")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_float=_number,
    parse_int=_number,
    parse_constant=_no_constant,
)
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, check_circular=False)
