"""Admission: what should come into a log.

Replay judges what is in a log, leniently and for ever. Admission judges what
is about to come in, strictly: when an update is built and when a node appends
it. Whatever is admitted is applied by replay; not everything that replay
applies is admitted.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from .allotment import ALLOTMENT
from .errors import IdentityError, KindFailed, NotAdmitted, SignatureUnavailable
from .outcome import OutcomeKind
from .protocol.refusals import KindNotInstalled
from .protocol.unverified import Add, ChangeRecovery, Create, Revoke
from .replay import Extension, ReplayResult

if TYPE_CHECKING:
    from .identifier import MemberIdentifier
    from .kinds import Context
    from .protocol.unverified import UnverifiedUpdate
    from .registry import Registry
    from .snapshot import Snapshot

__all__ = [
    "DEFENCE_BUDGET",
    "LEAF_BUDGET",
    "MAX_UPDATE_BYTES",
    "ROOT_BUDGET",
    "Policies",
    "admit",
]

ROOT_BUDGET: Final = 192
"""Root entries that a log may have; all entries but leaf updates count."""

DEFENCE_BUDGET: Final = 16
"""How many of them, the last ones, are kept for revocations and changes of
recovery, so that a full log can still be defended."""

LEAF_BUDGET: Final = 64
"""Leaf entries that a log may have, apart from the root's."""

MAX_UPDATE_BYTES: Final = 131_072
"""Bytes of one serialized update."""

Policies = Mapping[str, Any]
"""What callers ask of signatures on admission, by name of kind; a kind that
finds nothing under its name takes a sound default."""

_NO_POLICIES: Final[Policies] = MappingProxyType({})


def admit(
    update: bytes,
    inbox_id: str,
    snapshot: Snapshot | None,
    registry: Registry,
    *,
    context: Context | None = None,
    policies: Policies | None = None,
) -> ReplayResult:
    """Judge an update that is to be appended to a log.

    update: the serialized `IdentityUpdate`.
    snapshot: where the log stands, made by a registry that it `fits`; None
        for an inbox without a log.

    Returns the state with the update applied. Raises `NotAdmitted`, or
    `SignatureUnavailable` if a chain that it depends on can't be asked now.
    """
    if len(update) > MAX_UPDATE_BYTES:
        raise NotAdmitted(
            f"An update has at most {MAX_UPDATE_BYTES} bytes, this one {len(update)}.",
            code="update_too_large",
        )
    extension = Extension(inbox_id, snapshot, registry, context)
    try:
        unverified = extension.read(update)
        _check_budget(unverified, snapshot)
        _check_identifiers(unverified, snapshot, registry)
        for owned, item, verified in extension.verify():
            if owned.proof.admit is not None:
                policy = (policies or _NO_POLICIES).get(owned.kind.name)
                owned.proof.admit(item, verified, policy)
    except (NotAdmitted, SignatureUnavailable, KindFailed):
        raise
    except IdentityError as error:
        raise _refused(error) from None
    result = extension.apply()
    outcome = result.outcomes[-1]
    if outcome.outcome is not OutcomeKind.APPLIED:
        raise NotAdmitted(outcome.detail, code=outcome.code)
    return result


def _refused(error: IdentityError) -> NotAdmitted:
    if isinstance(error, KindNotInstalled):
        packages = sorted(
            {
                entry.distribution
                for number in error.numbers
                for entry in ALLOTMENT.values()
                if _provides(entry.number, entry.signatures, number)
            }
        )
        if packages:
            return NotAdmitted(
                f"{error.detail} Install {', '.join(packages)}.", code=error.code
            )
    return NotAdmitted(error.detail, code=error.code)


def _provides(
    member: int, signatures: Mapping[int, str], number: tuple[str, int]
) -> bool:
    space, value = number
    return value == member if space == "member" else value in signatures


def _check_budget(update: UnverifiedUpdate, snapshot: Snapshot | None) -> None:
    if snapshot is None:
        return
    if update.leaf:
        if snapshot.leaf_entries >= LEAF_BUDGET:
            raise NotAdmitted(
                f"The log holds {LEAF_BUDGET} leaf updates, which is all that it may.",
                code="log_full",
            )
        return
    roots = snapshot.position - snapshot.leaf_entries
    if roots >= ROOT_BUDGET:
        raise NotAdmitted(
            f"The log holds {ROOT_BUDGET} root entries, which is all that it may.",
            code="log_full",
        )
    defends = all(isinstance(a, Revoke | ChangeRecovery) for a in update.actions)
    if roots >= ROOT_BUDGET - DEFENCE_BUDGET and not defends:
        raise NotAdmitted(
            f"The last {DEFENCE_BUDGET} of the log's {ROOT_BUDGET} root entries are "
            "kept for revocations and changes of recovery.",
            code="log_full",
        )


def _check_identifiers(
    update: UnverifiedUpdate, snapshot: Snapshot | None, registry: Registry
) -> None:
    for action in update.actions:
        if isinstance(action, Create | ChangeRecovery):
            registry.by_name[action.identifier.kind].admit(action.identifier)
        elif isinstance(action, Add):
            registry.by_name[action.member.kind].admit(action.member)
        elif not _is_member(action.member, update.leaf, snapshot):
            # A member that should never have come in may always be revoked.
            registry.by_name[action.member.kind].admit(action.member)


def _is_member(member: MemberIdentifier, leaf: int, snapshot: Snapshot | None) -> bool:
    if snapshot is None:
        return False
    if not leaf:
        return member in snapshot.root.members
    stored = snapshot.layers.get(leaf)
    return stored is not None and member in stored[0].members
