"""Shape: what an update is, decided by its numbers alone.

Every client decides alike here, whatever is installed; only then is the
registry asked whether it has the kinds (DESIGN, "From bytes to an outcome").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..wire.records import (
    MANY,
    NONE,
    RawAction,
    RawAdd,
    RawChange,
    RawCreate,
    RawOther,
    RawRevoke,
    RawUpdate,
    Space,
)
from .refusals import (
    BadShape,
    IdentifierKindRefused,
    KindNotInstalled,
    LeafInActions,
    LegacyKey,
    MixedKinds,
    Number,
    Refusal,
    SeveralVariants,
    UnknownNumber,
    WrongInboxId,
)

if TYPE_CHECKING:
    from ..registry import Registry

__all__ = ["LEGACY_SIGNATURE", "check_installed", "check_shape"]

LEGACY_SIGNATURE: Final = 4
"""`delegated_erc_191` in the `Signature` union."""

INSTALLATION_MEMBER: Final = 2
"""`installation_public_key` in the `MemberIdentifier` union."""

_LEAF: Final = range(100, 2000)
_ROOT_SIGNATURES: Final = range(1, 100)
_KNOWN: Final = {
    Space.ACTION: frozenset(range(1, 5)),
    Space.MEMBER: frozenset((1, 2, 3)),
    Space.SIGNATURE: frozenset(range(1, 6)),
    Space.KIND: frozenset((0, 1, 2)),
}

_MAX_DESCRIBED: Final = 8
"""Numbers that a sentence names; a hostile update may hold any number of them."""

_PLAIN_MEMBERS: Final = _KNOWN[Space.MEMBER]
_PLAIN_SIGNATURES: Final = _KNOWN[Space.SIGNATURE] - {LEGACY_SIGNATURE}


def check_shape(raw: RawUpdate, inbox_id: str) -> int:
    """Judge an update by its numbers.

    Returns the leaf kind's number of a well-shaped leaf update, 0 for a
    well-shaped root update. Raises a `Refusal`.
    """
    if raw.inbox_id != inbox_id:
        raise WrongInboxId("The update names another inbox.")
    if raw.is_leaf:
        return _leaf_shape(raw)
    _root_shape(raw)
    return 0


def check_installed(raw: RawUpdate, leaf: int, registry: Registry) -> None:
    """Raise `KindNotInstalled` if the registry lacks a kind or proof."""
    if all(_is_installed(action, registry) for action in raw.actions):
        return
    missing = {
        number
        for number in _named(raw)
        if not registry.has(number.space, number.number)
    }
    if leaf:
        # The kind is one thing however often the update names it.
        missing.discard(Number(Space.SIGNATURE, leaf))
    numbers = tuple(sorted(missing))
    raise KindNotInstalled(
        f"No plugin here provides {describe(numbers)}.", numbers=numbers
    )


def _is_installed(action: RawAction, registry: Registry) -> bool:
    members, signatures = registry.by_member, registry.by_signature
    if isinstance(action, RawAdd):
        return (
            action.member.number in members
            and action.existing.number in signatures
            and action.new.number in signatures
        )
    if isinstance(action, RawRevoke):
        return action.member.number in members and action.signature.number in signatures
    return (
        isinstance(action, RawCreate | RawChange)
        and action.identifier_kind in registry.by_identifier_kind
        and action.signature.number in signatures
    )


def describe(numbers: tuple[Number, ...]) -> str:
    """Numbers as part of a sentence; of many the first few."""
    named = ", ".join(f"{n.space} {n.number}" for n in numbers[:_MAX_DESCRIBED])
    more = len(numbers) - _MAX_DESCRIBED
    return f"{named} and {more} more" if more > 0 else named


def _named(raw: RawUpdate) -> set[Number]:
    numbers = set()
    for action in raw.actions:
        if isinstance(action, RawAdd):
            numbers.add(Number(Space.MEMBER, action.member.number))
            numbers.add(Number(Space.SIGNATURE, action.existing.number))
            numbers.add(Number(Space.SIGNATURE, action.new.number))
        elif isinstance(action, RawRevoke):
            numbers.add(Number(Space.MEMBER, action.member.number))
            numbers.add(Number(Space.SIGNATURE, action.signature.number))
        elif isinstance(action, RawCreate | RawChange):
            numbers.add(Number(Space.KIND, action.identifier_kind))
            numbers.add(Number(Space.SIGNATURE, action.signature.number))
    return numbers


# Root updates


def _root_shape(raw: RawUpdate) -> None:
    if raw.unions is None and all(map(_is_plain, raw.actions)):
        return
    unions = raw.unions or []
    numbers = {Number(union.space, n) for union in unions for n in union.numbers}
    numbers.update(
        Number(Space.KIND, action.identifier_kind)
        for action in raw.actions
        if isinstance(action, RawCreate | RawChange)
    )
    odd_kind = any(
        number.space == Space.KIND and number.number not in _KNOWN[Space.KIND]
        for number in numbers
    )
    several = any(len(union.numbers) > 1 for union in unions)
    unknown = tuple(sorted(number for number in numbers if _is_unknown(number)))
    if unknown:
        raise _discard(unknown, several=several, odd_kind=odd_kind)
    if several:
        raise SeveralVariants("A union of the update holds more than one number.")
    if odd_kind:
        raise IdentifierKindRefused(
            "A leaf kind can neither create an inbox nor recover it."
        )
    _check_numbers(raw)


def _is_plain(action: RawAction) -> bool:
    """Whether an action has nothing to look into: the way of nearly all."""
    if isinstance(action, RawAdd):
        return (
            action.member.number in _PLAIN_MEMBERS
            and action.existing.number in _PLAIN_SIGNATURES
            and action.new.number in _PLAIN_SIGNATURES
        )
    if isinstance(action, RawRevoke):
        return (
            action.member.number in _PLAIN_MEMBERS
            and action.signature.number in _PLAIN_SIGNATURES
        )
    return (
        isinstance(action, RawCreate | RawChange)
        and action.identifier_kind in _KNOWN[Space.KIND]
        and action.signature.number in _PLAIN_SIGNATURES
    )


def _is_unknown(number: Number) -> bool:
    if number.number in _KNOWN[number.space]:
        return False
    return number.space == Space.ACTION or number.number not in _LEAF


def _discard(unknown: tuple[Number, ...], *, several: bool, odd_kind: bool) -> Refusal:
    """The reference client fails on an unknown number alone, as this one
    discards it. Beside a known number, or as an identifier kind, it does not
    even see it: there the discard is a deviation."""
    detail = f"This client does not know {describe(unknown)}."
    refusal: Refusal
    if several:
        refusal = SeveralVariants(detail, numbers=unknown)
    elif odd_kind:
        refusal = IdentifierKindRefused(detail, numbers=unknown)
    else:
        refusal = UnknownNumber(detail, numbers=unknown)
    refusal.discarded = True
    return refusal


def _check_numbers(raw: RawUpdate) -> None:
    """Each union exactly one number, none of a leaf kind."""
    for action in raw.actions:
        if isinstance(action, RawOther):
            raise BadShape("An action of the update is empty.")
        for value in action:
            if not isinstance(value, tuple):
                continue
            if value.number in (NONE, MANY):
                raise BadShape("The update lacks a member identifier or a signature.")
            if value.number in _LEAF:
                raise LeafInActions(
                    f"The leaf number {value.number} has no place in actions."
                )
    for action in raw.actions:
        if _misuses_legacy(action):
            raise LegacyKey(
                "A legacy delegated key may only create its wallet's inbox with "
                "nonce 0 and add installations there."
            )


def _misuses_legacy(action: RawAction) -> bool:
    """What the numbers show of deviation 5; the rest is a root rule."""
    if isinstance(action, RawAdd):
        return action.new.number == LEGACY_SIGNATURE or (
            action.existing.number == LEGACY_SIGNATURE
            and action.member.number != INSTALLATION_MEMBER
        )
    if isinstance(action, RawCreate):
        return action.signature.number == LEGACY_SIGNATURE and action.nonce != 0
    if isinstance(action, RawRevoke | RawChange):
        return action.signature.number == LEGACY_SIGNATURE
    return False


# Leaf updates


def _leaf_shape(raw: RawUpdate) -> int:
    if any(len(union.numbers) > 1 for union in raw.unions or ()):
        raise BadShape("A union of the leaf update holds more than one number.")
    kinds: set[int] = set()
    for action in raw.actions:
        if isinstance(action, RawAdd):
            newcomer, authority = action.new.number, action.existing.number
        elif isinstance(action, RawRevoke):
            newcomer, authority = action.member.number, action.signature.number
        else:
            raise BadShape("A leaf update can only add and revoke.")
        number = action.member.number
        if number not in _LEAF or newcomer not in _LEAF:
            raise BadShape("A leaf update adds and revokes members of a leaf kind.")
        if authority not in _ROOT_SIGNATURES or authority == LEGACY_SIGNATURE:
            raise BadShape("A leaf update is authorised by a root signature.")
        kinds.update((number, newcomer))
    if len(kinds) > 1:
        raise MixedKinds(f"The leaf update names the kinds {sorted(kinds)}.")
    return kinds.pop()
