"""Admission: what should come into a log.

Replay judges what is in a log, leniently and for ever. Admission judges what
is about to come in, strictly: when an update is built and when a node appends
it. Whatever is admitted is applied by replay; not everything that replay
applies is admitted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from .allotment import ALLOTMENT, Allotted
from .errors import IdentityError, KindFailed, NotAdmitted, SignatureUnavailable
from .kinds import SignatureItem, VerifiedSignature
from .outcome import OutcomeKind
from .protocol.refusals import KindNotInstalled, Number
from .protocol.unverified import Add, ChangeRecovery, Create, Revoke
from .registry import Registry
from .replay import Extension, ReplayResult
from .wire.records import Space

if TYPE_CHECKING:
    from .identifier import MemberIdentifier
    from .kinds import Context, Kind
    from .protocol.state import AssociationState
    from .protocol.unverified import UnverifiedUpdate
    from .registry import OwnedProof
    from .snapshot import Snapshot

__all__ = [
    "DEFENCE_BUDGET",
    "LEAF_BUDGET",
    "MAX_UPDATE_BYTES",
    "ROOT_BUDGET",
    "Policies",
    "admit",
    "admit_signature",
    "foresee",
    "stand_in",
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
_NO_CHAINS: Final[Mapping[MemberIdentifier, int]] = MappingProxyType({})
_OWNERS: Final = {0: 1, 1: 1, 2: 3}
"""From an `IdentifierKind` to the number in `MemberIdentifier`."""


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
    snapshot: where the log stands, after a replay of all of it by a registry
        that it `fits`; None for an inbox without a log.

    Returns the state with the update applied. Raises `NotAdmitted`;
    `SignatureUnavailable` or `KindFailed`, both to be tried again, if it all
    depends on a signature that can't be judged now; `BadInput` if the
    snapshot is of another inbox or registry. Nothing else, whatever the bytes.
    """
    extension = Extension(inbox_id, snapshot, registry, context)
    _read(extension, update, snapshot, registry)
    try:
        for owned, item, verified in extension.verify():
            admit_signature(owned, item, verified, policies or _NO_POLICIES)
        unknown = None
    except NotAdmitted:
        raise
    except (SignatureUnavailable, KindFailed) as error:
        unknown = error
    except IdentityError as error:
        raise _refused(error) from None
    result = extension.apply()
    outcome = result.outcomes[-1]
    if outcome.outcome not in {OutcomeKind.APPLIED, OutcomeKind.UNAVAILABLE}:
        # It fails whatever the chain says.
        raise NotAdmitted(outcome.detail, code=outcome.code)
    if unknown is not None:
        raise unknown
    return result


def admit_signature(
    owned: OwnedProof,
    item: SignatureItem,
    verified: VerifiedSignature,
    policies: Policies,
) -> None:
    """Judge one signature that verified.

    Raises `NotAdmitted`, or `KindFailed` if the kind's own rule broke.
    """
    rule = owned.proof.admit
    if rule is None:
        return
    try:
        rule(item, verified, policies.get(owned.kind.name))
    except IdentityError:
        raise
    except Exception as error:
        raise _broken(owned.kind, error) from error


def foresee(
    draft: bytes,
    inbox_id: str,
    snapshot: Snapshot | None,
    registry: Registry,
    signers: Sequence[MemberIdentifier],
    chains: Mapping[MemberIdentifier, int] = _NO_CHAINS,
) -> AssociationState:
    """The state that an update would make if its signatures were valid.

    draft: a serialized `IdentityUpdate` in which the payload of each signature
        is the `stand_in` of its signer's index in ``signers``.
    chains: the EIP-155 chains of those who are to sign on one; the others are
        supposed to sign as they did when they were added.

    Raises as `admit`, for what does not hang on a signature: the update's
    form and size, identifiers, budgets, and who may do what.
    """
    extension = Extension(
        inbox_id,
        snapshot,
        _supposing(registry),
        {_CLAIMS: [_claim(one, snapshot, chains.get(one)) for one in signers]},
    )
    _read(extension, draft, snapshot, registry)
    for _ in extension.verify():
        pass
    result = extension.apply()
    outcome = result.outcomes[-1]
    if outcome.outcome is not OutcomeKind.APPLIED or result.state is None:
        raise NotAdmitted(outcome.detail, code=outcome.code)
    return result.state


# Updates whose signatures are supposed to be valid

_CLAIMS: Final = "claims"
_STAND_IN: Final = b"\x0a"  # field 1, a string


def stand_in(index: int) -> bytes:
    """What stands in a draft for a signature: its signer's index, in the form of
    a message, for readers look at that before they look at signatures."""
    digits = b"%d" % index
    return _STAND_IN + bytes((len(digits),)) + digits


def _supposing(registry: Registry) -> Registry:
    """The kinds of a registry, with verifiers that take the caller's word. What
    they let through must never be stored."""
    return Registry(
        replace(
            kind,
            proofs={
                number: replace(proof, verify_many=_suppose, admit=None)
                for number, proof in kind.proofs.items()
            },
        )
        for kind in registry.kinds
    )


def _suppose(
    items: Sequence[SignatureItem], context: Context
) -> list[VerifiedSignature]:
    claims: list[VerifiedSignature] = context[_CLAIMS]
    return [claims[int(item.payload[2:])] for item in items]


def _claim(
    signer: MemberIdentifier, snapshot: Snapshot | None, chain_id: int | None
) -> VerifiedSignature:
    """Words that no log holds, and the chain that is named or that the signer was
    added with."""
    if chain_id is None and snapshot is not None:
        member = snapshot.root.members.get(signer)
        chain_id = None if member is None else member.chain_id
    word = b"supposed " + str(signer).encode()
    return VerifiedSignature(signer, word, word, chain_id)


# Steps


def _read(
    extension: Extension,
    update: bytes,
    snapshot: Snapshot | None,
    registry: Registry,
) -> None:
    """All that can be judged without a signature."""
    if len(update) > MAX_UPDATE_BYTES:
        raise NotAdmitted(
            f"An update has at most {MAX_UPDATE_BYTES} bytes, this one {len(update)}.",
            code="update_too_large",
        )
    try:
        unverified = extension.read(update)
        _check_budget(unverified, snapshot)
        _check_identifiers(unverified, snapshot, registry)
    except (NotAdmitted, KindFailed):
        raise
    except IdentityError as error:
        raise _refused(error) from None


def _refused(error: IdentityError) -> NotAdmitted:
    if isinstance(error, KindNotInstalled):
        packages = sorted(
            {
                entry.distribution
                for number in error.numbers
                for entry in ALLOTMENT.values()
                if _provides(entry, number)
            }
        )
        if packages:
            return NotAdmitted(
                f"{error.detail} Install {', '.join(packages)}.", code=error.code
            )
    return NotAdmitted(error.detail, code=error.code)


def _provides(entry: Allotted, number: Number) -> bool:
    if number.space == Space.MEMBER:
        return number.number == entry.number
    if number.space == Space.SIGNATURE:
        return number.number in entry.signatures
    return _OWNERS.get(number.number) == entry.number


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
            _admit_identifier(action.identifier, registry)
        elif isinstance(action, Add) or not _is_member(
            # A member that should never have come in may always be revoked.
            action.member,
            update.leaf,
            snapshot,
        ):
            _admit_identifier(action.member, registry)


def _admit_identifier(identifier: MemberIdentifier, registry: Registry) -> None:
    kind = registry.by_name[identifier.kind]
    try:
        kind.admit(identifier)
    except IdentityError:
        raise
    except Exception as error:
        raise _broken(kind, error) from error


def _broken(kind: Kind, error: Exception) -> KindFailed:
    return KindFailed(
        f"An admission rule of {kind.name} broke ({type(error).__name__})."
    )


def _is_member(member: MemberIdentifier, leaf: int, snapshot: Snapshot | None) -> bool:
    if snapshot is None:
        return False
    if not leaf:
        return member in snapshot.root.members
    stored = snapshot.layers.get(leaf)
    return stored is not None and member in stored[0].members
