"""What Python's JSON parser leaves open, for readers of strangers' JSON."""

from __future__ import annotations

import re
from typing import Any, Final

__all__ = ["is_deeper", "unique"]

# A string that does not end counts as one, so that nothing is looked at twice.
_TOKEN: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{]|[\]}]', re.DOTALL)


def is_deeper(data: bytes, most: int) -> bool:
    """Whether arrays and objects stand more than ``most`` deep within one another.

    data: JSON in UTF-8, or any bytes. To be asked before parsing: the parser's
        own bound is the interpreter's, which programs raise, and then it breaks
        instead of raising. Takes linear time.
    """
    if data.count(b"{") + data.count(b"[") <= most:
        return False
    depth = 0
    for match in _TOKEN.finditer(data):
        token = match.group()
        if token in (b"{", b"["):
            depth += 1
            if depth > most:
                return True
        elif token in (b"}", b"]"):
            depth -= 1
    return False


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object without a key that stands twice (for ``object_pairs_hook``).

    Raises ValueError: Python's parser would keep the last, others the first.
    """
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found
