"""What a replay comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .errors import IdentityError
    from .identifier import MemberIdentifier
    from .outcome import Outcome
    from .protocol.state import Association, AssociationState
    from .snapshot import Snapshot

__all__ = ["ReplayResult"]


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """What a log comes to.

    state: None if the inbox was not created.
    outcomes: one an entry; after `resume`, of the entries that came since.
    authoritative: whether the root is certain. Not if an entry was discarded
        that may say who may act for the inbox, and not if the replay stopped.
    deviates: index of the first entry refused where the reference client
        might accept it; up to there the root equals that client's.
    missing: the layers left out, for want of a plugin or a chain: by allotted
        name, else by number, in the order of the numbers.
    stopped_at, cause: the entry that the replay stopped before, and why; to
        be tried again.
    snapshot: where to `resume`; None in the results of `replay_many`.
    associations: of everyone whom the entries that were replayed added or
        removed, layers left out excepted; empty in the results of
        `replay_many`.
    """

    inbox_id: str
    state: AssociationState | None
    outcomes: tuple[Outcome, ...]
    authoritative: bool
    deviates: int | None
    missing: tuple[str, ...]
    stopped_at: int | None
    cause: IdentityError | None
    snapshot: Snapshot | None
    associations: Mapping[MemberIdentifier, Association] = field(
        default_factory=dict, repr=False
    )
