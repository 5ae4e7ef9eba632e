"""The rules of leaf updates: they read the root and their own layer, and
change that layer alone (DESIGN, "Layers")."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from .refusals import NotCreated, SignerMismatch, WordReused
from .root_rules import check_adder, check_recovery, text_digest
from .state import LayerState, Member, RootState, Word
from .verify import FailedUpdate, VerifiedAdd, VerifiedRevoke

if TYPE_CHECKING:
    from ..identifier import MemberIdentifier
    from ..kinds import VerifiedSignature
    from .verify import VerifiedUpdate

__all__ = ["apply_leaf"]


def apply_leaf(
    root: RootState, layer: LayerState, verified: VerifiedUpdate | FailedUpdate
) -> Collection[MemberIdentifier]:
    """Apply a leaf update to its layer; returns whom it added or removed.

    Raises a `Refusal`, or the error of the signature that failed, and leaves
    the layer as it was; with an unavailable signature the update is tried
    and not applied.
    """
    if isinstance(verified, FailedUpdate):
        raise verified.error
    digest = text_digest(verified.update.text)
    words = {_word(signature, digest) for signature in _signatures(verified)}
    if not words.isdisjoint(layer.words):
        raise WordReused("A signer of the update signed this very text before.")
    changes: dict[MemberIdentifier, Member | None] = {}
    for action in verified.actions:
        if isinstance(action, VerifiedAdd):
            changes[action.member] = _added(
                root, action, verified.update.client_timestamp_ns
            )
        elif isinstance(action, VerifiedRevoke):
            check_recovery(root, action.by)
            changes[action.member] = None
    if verified.unavailable is not None:
        return ()
    touched = [
        identifier
        for identifier, member in changes.items()
        if member is not None or identifier in layer.members
    ]
    for identifier, member in changes.items():
        layer.members.pop(identifier, None)
        if member is not None:
            layer.members[identifier] = member
    layer.words |= words
    return touched


def _added(root: RootState, action: VerifiedAdd, client_timestamp_ns: int) -> Member:
    if root.recovery is None:
        raise NotCreated("The inbox has not been created.")
    if action.new.signer != action.member:
        raise SignerMismatch(
            f"{action.new.signer} signed for the new member {action.member}."
        )
    check_adder(root, action.existing)
    return Member(
        action.member, action.existing.signer, client_timestamp_ns, action.new.chain_id
    )


def _signatures(verified: VerifiedUpdate) -> Iterator[VerifiedSignature]:
    for action in verified.actions:
        if isinstance(action, VerifiedAdd):
            yield action.existing
            yield action.new
        elif isinstance(action, VerifiedRevoke):
            yield action.by


def _word(signature: VerifiedSignature, digest: bytes) -> Word:
    return Word(signature.signer.kind, signature.word_key, digest)
