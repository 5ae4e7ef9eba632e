"""Row keys and buckets: what a store spreads its rows by.

An inbox has the same key in every store, made from its ID alone. So rows need
no sequence, which a database over several machines would have to agree on,
and a part of the inboxes is a range of keys.
"""

from __future__ import annotations

import hashlib
from typing import Final

__all__ = [
    "BUCKETS",
    "KEY_BITS",
    "bucket_of",
    "is_indexable",
    "owner_bucket",
    "row_key",
]

BUCKETS: Final = 64
"""How many parts of the inboxes are written independently of each other."""

KEY_BITS: Final = 63
"""A key fits a signed 64-bit column."""
_BUCKET_SHIFT: Final = KEY_BITS - 6
_MAX_IDENTIFIER: Final = 256


def row_key(text: str) -> int:
    """The first 63 bits of the SHA-256 of an inbox ID."""
    # Text that is no Unicode is the ID of no inbox; looking for it is no error.
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def bucket_of(key: int) -> int:
    """The bucket of a row key, below `BUCKETS`: a range of keys."""
    return key >> _BUCKET_SHIFT


def owner_bucket(number: int, identifier: str) -> int:
    """The bucket to be held while an identifier becomes the owner of an inbox."""
    return bucket_of(row_key(f"{number} {identifier}"))


def is_indexable(identifier: str) -> bool:
    """Whether the address log takes an identifier; PostgreSQL has no NUL in text."""
    if len(identifier) > _MAX_IDENTIFIER or "\0" in identifier:
        return False
    try:
        identifier.encode()
    except UnicodeEncodeError:
        return False
    return True
