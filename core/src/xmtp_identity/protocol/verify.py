"""Verification: all signatures of many updates, one call a proof.

This is the only place that makes verified updates, the only ones that rules
take. A signature that several actions of an update carry is verified once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..errors import (
    IdentityError,
    KindFailed,
    SignatureError,
    SignatureUnavailable,
)
from ..identifier import MemberIdentifier
from ..kinds import SignatureItem, VerifiedSignature
from .unverified import Add, ChangeRecovery, Create, Revoke, UnverifiedUpdate

if TYPE_CHECKING:
    from ..kinds import Context
    from ..registry import OwnedProof, Registry
    from ..wire.records import Variant

__all__ = [
    "Batch",
    "FailedUpdate",
    "Pending",
    "VerifiedAction",
    "VerifiedAdd",
    "VerifiedChangeRecovery",
    "VerifiedCreate",
    "VerifiedRevoke",
    "VerifiedUpdate",
]


class VerifiedCreate(NamedTuple):
    """A `Create` whose signature is valid; ``proof`` is its number."""

    identifier: MemberIdentifier
    nonce: int
    by: VerifiedSignature
    proof: int


class VerifiedAdd(NamedTuple):
    """An `Add` whose two signatures are valid."""

    member: MemberIdentifier
    existing: VerifiedSignature
    new: VerifiedSignature
    existing_proof: int


class VerifiedRevoke(NamedTuple):
    """A `Revoke` whose signature is valid."""

    member: MemberIdentifier
    by: VerifiedSignature


class VerifiedChangeRecovery(NamedTuple):
    """A `ChangeRecovery` whose signature is valid."""

    identifier: MemberIdentifier
    by: VerifiedSignature


VerifiedAction = VerifiedCreate | VerifiedAdd | VerifiedRevoke | VerifiedChangeRecovery


class VerifiedUpdate(NamedTuple):
    """An update all of whose signatures are valid.

    unavailable: why one of them could not be checked; then the update is as
        if it were valid, may be tried against the rules and never applied.
    """

    update: UnverifiedUpdate
    actions: list[VerifiedAction]
    unavailable: SignatureUnavailable | KindFailed | None


class FailedUpdate(NamedTuple):
    """An update with a signature that is not valid.

    checked: its valid signatures, but those of `Create`, which may repeat.
    """

    update: UnverifiedUpdate
    error: IdentityError
    checked: list[VerifiedSignature]


class Pending(NamedTuple):
    """An update in a `Batch`: where the results of its signatures will be."""

    update: UnverifiedUpdate
    slots: list[tuple[int, int]]


_Result = VerifiedSignature | IdentityError


class Batch:
    """Signatures gathered from many updates, of one inbox or of many."""

    __slots__ = ("_context", "_items", "_registry", "_results")

    def __init__(self, registry: Registry, context: Context) -> None:
        self._registry = registry
        self._context = context
        self._items: dict[int, list[SignatureItem]] = {}
        self._results: dict[int, Sequence[_Result]] = {}

    def add(self, update: UnverifiedUpdate) -> Pending:
        """Put an update's signatures into the batch."""
        memo: dict[tuple[Variant, MemberIdentifier | None], tuple[int, int]] = {}
        # The signatures of one action are never the same.
        many = len(update.actions) > 1
        slots = []
        text = update.text
        for action in update.actions:
            if isinstance(action, Add):
                # A leaf's signature need not carry its key: the identifier does.
                member = action.member if update.leaf else None
                wanted = ((action.existing, None), (action.new, member))
            else:
                wanted = ((action.signature, None),)  # type: ignore[assignment]  # one or two
            for key in wanted:
                slot = memo.get(key) if many else None
                if slot is None:
                    number = key[0].number
                    items = self._items.setdefault(number, [])
                    slot = (number, len(items))
                    items.append(SignatureItem(text, key[0].payload, key[1]))
                    if many:
                        memo[key] = slot
                slots.append(slot)
        return Pending(update, slots)

    def run(self) -> None:
        """Verify everything, proof by proof."""
        for number, items in self._items.items():
            owned = self._registry.by_signature[number]
            self._results[number] = _verify(owned, items, self._context)

    def look(
        self, pending: Pending
    ) -> Iterator[tuple[OwnedProof, SignatureItem, _Result]]:
        """An update's signatures one by one; after `run`."""
        for number, index in dict.fromkeys(pending.slots):
            owned = self._registry.by_signature[number]
            yield owned, self._items[number][index], self._results[number][index]

    def result(self, pending: Pending) -> VerifiedUpdate | FailedUpdate:
        """What became of an update; after `run`."""
        results = [self._results[number][index] for number, index in pending.slots]
        for result in results:
            if type(result) is not VerifiedSignature:
                return _with_failures(pending.update, results)
        return VerifiedUpdate(
            pending.update,
            _attach(pending.update, results),  # type: ignore[arg-type]  # looked at above
            None,
        )


def _verify(
    owned: OwnedProof, items: list[SignatureItem], context: Context
) -> Sequence[_Result]:
    try:
        results = owned.proof.verify_many(items, context)
        if len(results) == len(items) and all(map(_is_result, results)):
            return results
    except Exception:  # noqa: BLE001, S110 - found out below which item it was
        pass
    return [_verify_alone(owned, item, context) for item in items]


def _verify_alone(owned: OwnedProof, item: SignatureItem, context: Context) -> _Result:
    """A verifier broke on a batch: let it break on the item that it broke on."""
    try:
        (result,) = owned.proof.verify_many([item], context)
        if _is_result(result):
            return result
        cause = f"answered with a {type(result).__name__}"
    except Exception as error:  # noqa: BLE001 - a plugin may raise anything
        cause = f"raised {type(error).__name__}"
    return KindFailed(f"The verifier {owned.proof.name} of {owned.kind.name} {cause}.")


def _is_result(result: object) -> bool:
    return _is_verified(result) or isinstance(result, SignatureError)


def _is_verified(result: object) -> bool:
    return type(result) is VerifiedSignature and type(result.signer) is MemberIdentifier


def _with_failures(
    update: UnverifiedUpdate, results: list[_Result]
) -> VerifiedUpdate | FailedUpdate:
    """An invalid signature decides; only without one do unavailable ones count."""
    invalid = [r for r in results if isinstance(r, SignatureError) and not _pending(r)]
    broken = [r for r in results if isinstance(r, KindFailed)]
    if not invalid:
        unavailable = [r for r in results if isinstance(r, SignatureUnavailable)]
        claims = _claims(update, results)
        if all(map(_is_verified, claims)):
            return VerifiedUpdate(
                update,
                _attach(update, claims),  # type: ignore[arg-type]  # looked at above
                broken[0] if broken else unavailable[0],
            )
        broken = broken or [KindFailed("A verifier did not say who would have signed.")]
    errors: list[IdentityError] = [*invalid, *broken]
    deviating = [error for error in invalid if error.deviation]
    return FailedUpdate(update, (deviating or errors)[0], _checked(update, results))


def _claims(update: UnverifiedUpdate, results: list[_Result]) -> list[object]:
    """The results as they would be if all signatures were valid.

    Whose the signature of a leaf would be is known even where its kind broke.
    """
    claims: list[object] = [
        r.claimed if isinstance(r, SignatureUnavailable) else r for r in results
    ]
    position = 0
    for action in update.actions:
        if not isinstance(action, Add):
            position += 1
            continue
        if update.leaf and isinstance(results[position + 1], KindFailed):
            claims[position + 1] = VerifiedSignature(action.member, b"", b"")
        position += 2
    return claims


def _pending(result: SignatureError) -> bool:
    return isinstance(result, SignatureUnavailable)


def _checked(
    update: UnverifiedUpdate, results: list[_Result]
) -> list[VerifiedSignature]:
    checked: list[VerifiedSignature] = []
    position = 0
    for action in update.actions:
        count = 2 if isinstance(action, Add) else 1
        if not isinstance(action, Create):
            own = results[position : position + count]
            checked += (r for r in own if isinstance(r, VerifiedSignature))
        position += count
    return checked


def _attach(
    update: UnverifiedUpdate, results: list[VerifiedSignature]
) -> list[VerifiedAction]:
    signatures = iter(results)
    actions: list[VerifiedAction] = []
    for action in update.actions:
        by = next(signatures)
        if isinstance(action, Add):
            new = next(signatures)
            actions.append(VerifiedAdd(action.member, by, new, action.existing.number))
        elif isinstance(action, Revoke):
            actions.append(VerifiedRevoke(action.member, by))
        elif isinstance(action, ChangeRecovery):
            actions.append(VerifiedChangeRecovery(action.identifier, by))
        else:
            actions.append(
                VerifiedCreate(
                    action.identifier, action.nonce, by, action.signature.number
                )
            )
    return actions
