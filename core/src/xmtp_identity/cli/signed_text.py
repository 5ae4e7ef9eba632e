"""The text that the signers of an update sign."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..protocol.refusals import NoUpdate
from ..protocol.shape import check_installed, check_shape
from ..protocol.unverified import read_update
from ..wire.decode import decode_update

if TYPE_CHECKING:
    from ..registry import Registry

__all__ = ["signed_text"]


def signed_text(update: bytes | None, registry: Registry) -> bytes:
    """The signed text, UTF-8, of a serialized update.

    Whether the update is in the right log and its signatures are valid is not
    looked at. Raises a `Refusal` or another `IdentityError` if the update has
    no text, or none that this registry could make.
    """
    if update is None:
        raise NoUpdate("The log entry holds no update.")
    raw = decode_update(update)
    leaf = check_shape(raw, raw.inbox_id)
    check_installed(raw, leaf, registry)
    return read_update(raw, leaf, registry).text
