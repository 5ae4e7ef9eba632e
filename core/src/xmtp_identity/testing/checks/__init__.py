"""The checks of the kit, in the order in which a report lists them."""

from __future__ import annotations

from typing import Final

from .base import Check
from .batches import Batches
from .confusion import OtherAccount, OtherKind, OtherText
from .errors import TypedErrors
from .identifiers import (
    IdentifierLength,
    IdentifierLists,
    IdentifierPrintable,
    IdentifierRoundTrip,
    IdentifierStrict,
    IdentifierUnique,
)
from .layers import Discarded, Tier
from .malleability import Twins
from .package import Dependencies, ImportLight, Size
from .purity import NoClock, NoNetwork, NoState
from .registration import Loads, Names, Numbers
from .secrets import Secrets
from .signatures import (
    FlippedIdentifier,
    FlippedSignature,
    FlippedText,
    Forgeries,
    Signers,
    Vectors,
)
from .speed import Speed
from .threads import Threads
from .wire import Presence, TextLines, WireRoundTrip

__all__ = ["CHECKS", "Check"]

CHECKS: Final[tuple[type[Check], ...]] = (
    Loads,
    Numbers,
    Names,
    IdentifierLists,
    IdentifierRoundTrip,
    IdentifierUnique,
    IdentifierStrict,
    IdentifierPrintable,
    IdentifierLength,
    TextLines,
    WireRoundTrip,
    Presence,
    Signers,
    Vectors,
    Forgeries,
    FlippedSignature,
    FlippedText,
    FlippedIdentifier,
    Twins,
    OtherAccount,
    OtherText,
    OtherKind,
    Batches,
    Threads,
    TypedErrors,
    Secrets,
    NoState,
    NoClock,
    NoNetwork,
    Tier,
    Discarded,
    ImportLight,
    Size,
    Dependencies,
    Speed,
)
"""Every check. Names never change their meaning; new checks may come."""
