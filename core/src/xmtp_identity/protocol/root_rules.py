"""The rules of root updates (XIP-46), as XMTP's reference client has them.

An update is applied as a whole or leaves no trace. Its actions see what the
actions before them did; its signatures are remembered after the whole.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from ..errors import InvalidIdentifier
from .refusals import (
    ChainMismatch,
    InboxIdMismatch,
    InstallationAddsInstallation,
    LegacyKey,
    MultipleCreate,
    NotAMember,
    NotCreated,
    NotRecovery,
    Refusal,
    Replayed,
    SelfAdd,
    SignerMismatch,
    WordReused,
)
from .shape import LEGACY_SIGNATURE
from .state import Member, RootState, Word
from .verify import FailedUpdate, VerifiedAdd, VerifiedCreate, VerifiedRevoke

if TYPE_CHECKING:
    from ..identifier import MemberIdentifier
    from ..kinds import Kind, VerifiedSignature
    from ..registry import Registry
    from .verify import VerifiedChangeRecovery, VerifiedUpdate

__all__ = [
    "apply_root",
    "check_adder",
    "check_recovery",
    "inbox_id_of",
    "text_digest",
]

_INSTALLATION = "installation"


def inbox_id_of(identifier: MemberIdentifier, nonce: int, kind: Kind) -> str:
    """The inbox ID that an owner and a nonce give: SHA-256 of both as text, in
    lower-case hex. Raises `InvalidIdentifier` if the owner can't have one."""
    if not kind.can_own(identifier):
        raise InvalidIdentifier(
            f"{identifier.value!r} can't own an inbox: it is no {kind.noun} in the "
            "form that inbox IDs are made from."
        )
    return hashlib.sha256(f"{identifier.value}{nonce}".encode()).hexdigest()


def text_digest(text: bytes) -> bytes:
    """How a `Word` holds a text."""
    return hashlib.sha256(text).digest()


def apply_root(
    state: RootState,
    verified: VerifiedUpdate | FailedUpdate,
    inbox_id: str,
    registry: Registry,
) -> None:
    """Apply a root update to ``state``.

    Raises a `Refusal`, or the error of the signature that failed, and leaves
    the state as it was. An update with an unavailable signature is tried and
    then undone: the caller says what that means.
    """
    update = verified.update
    digest = text_digest(update.text)
    if isinstance(verified, FailedUpdate):
        _check_words(state, verified.checked, digest)
        raise verified.error
    used, repeatable = _signatures(verified)
    words = _check_words(state, used, digest)
    state.begin()
    try:
        for action in verified.actions:
            if isinstance(action, VerifiedAdd):
                _add(state, action, update.client_timestamp_ns, inbox_id, registry)
            elif isinstance(action, VerifiedRevoke):
                _revoke(state, action)
            elif isinstance(action, VerifiedCreate):
                _create(state, action, inbox_id, registry)
            else:
                _change_recovery(state, action)
    except Refusal:
        state.rollback()
        raise
    if verified.unavailable is not None:
        state.rollback()
        return
    state.words.update(words)
    state.seen.update([signature.remembered for signature in used])
    for signature in repeatable:
        state.words.add(Word(signature.signer.kind, signature.word_key, digest))
        state.seen.add(signature.remembered)


def _signatures(
    verified: VerifiedUpdate,
) -> tuple[list[VerifiedSignature], list[VerifiedSignature]]:
    """The signatures that must not have been used before, and those that may:
    of `CreateInbox`, as in the reference client."""
    used: list[VerifiedSignature] = []
    repeatable: list[VerifiedSignature] = []
    for action in verified.actions:
        if isinstance(action, VerifiedAdd):
            used += (action.existing, action.new)
        elif isinstance(action, VerifiedCreate):
            repeatable.append(action.by)
        else:
            used.append(action.by)
    return used, repeatable


def _check_words(
    state: RootState, signatures: list[VerifiedSignature], digest: bytes
) -> list[Word]:
    """Refuse signatures that were used before; their words otherwise.

    Raises `WordReused` if a signer signed this very text before and the bytes
    are others (the reference client compares bytes alone), else `Replayed`.
    """
    words = []
    replayed: VerifiedSignature | None = None
    for signature in signatures:
        word = Word(signature.signer.kind, signature.word_key, digest)
        if signature.remembered in state.seen:
            replayed = signature
        elif word in state.words:
            raise WordReused(
                f"{signature.signer} signed this very text before, in other bytes."
            )
        words.append(word)
    if replayed is not None:
        raise Replayed(f"A signature of {replayed.signer} was used before.")
    return words


def _is_member(state: RootState, signature: VerifiedSignature) -> bool:
    """Whether a member signed, on the chain that it was added with."""
    member = state.members.get(signature.signer)
    if member is None:
        return False
    if member.chain_id != signature.chain_id:
        raise ChainMismatch(
            f"{signature.signer} was added {_on(member.chain_id)} and signs "
            f"{_on(signature.chain_id)}."
        )
    return True


def _on(chain_id: int | None) -> str:
    return "without a chain" if chain_id is None else f"on chain {chain_id}"


def check_adder(state: RootState, signature: VerifiedSignature) -> None:
    """Whoever adds is a member, on its chain, or the recovery identifier."""
    if not _is_member(state, signature) and signature.signer != state.recovery:
        raise NotAMember(f"{signature.signer} is no member of the inbox.")


def check_recovery(state: RootState, signature: VerifiedSignature) -> None:
    """Whoever revokes is the recovery identifier, on its chain if a member."""
    if state.recovery is None:
        raise NotCreated("The inbox has not been created.")
    _is_member(state, signature)
    if signature.signer != state.recovery:
        raise NotRecovery(f"{signature.signer} is not the recovery identifier.")


def _create(
    state: RootState, action: VerifiedCreate, inbox_id: str, registry: Registry
) -> None:
    if state.recovery is not None:
        raise MultipleCreate("The inbox has been created already.")
    owner = action.identifier
    if action.by.signer != owner:
        if action.proof == LEGACY_SIGNATURE:
            raise LegacyKey("A legacy key may only create the inbox of its own wallet.")
        raise SignerMismatch(f"{action.by.signer} signed for the owner {owner}.")
    kind = registry.by_name[owner.kind]
    try:
        given = inbox_id_of(owner, action.nonce, kind)
    except InvalidIdentifier as error:
        raise InboxIdMismatch(error.detail) from None
    if given != inbox_id:
        raise InboxIdMismatch("Owner and nonce give another inbox ID.")
    state.recovery = owner
    state.put(Member(owner, None, None, action.by.chain_id))


def _add(
    state: RootState,
    action: VerifiedAdd,
    client_timestamp_ns: int,
    inbox_id: str,
    registry: Registry,
) -> None:
    if state.recovery is None:
        raise NotCreated("The inbox has not been created.")
    adder, newcomer = action.existing.signer, action.new.signer
    if newcomer != action.member:
        raise SignerMismatch(f"{newcomer} signed for the new member {action.member}.")
    if newcomer == adder:
        raise SelfAdd(f"{adder} tried to add itself.")
    if action.existing_proof == LEGACY_SIGNATURE:
        _check_legacy(state, adder, inbox_id, registry)
    check_adder(state, action.existing)
    if adder.kind == newcomer.kind == _INSTALLATION:
        raise InstallationAddsInstallation("An installation can't add another one.")
    # The signer, not the identifier named: it carries a passkey's origin.
    state.put(Member(newcomer, adder, client_timestamp_ns, action.new.chain_id))


def _check_legacy(
    state: RootState, adder: MemberIdentifier, inbox_id: str, registry: Registry
) -> None:
    kind = registry.by_name[adder.kind]
    if adder not in state.members or inbox_id_of(adder, 0, kind) != inbox_id:
        raise LegacyKey(
            "A legacy key may only add to the inbox that its own wallet created "
            "with nonce 0, as a member."
        )


def _revoke(state: RootState, action: VerifiedRevoke) -> None:
    check_recovery(state, action.by)
    installations = [
        child for child in state.added_by(action.member) if child.kind == _INSTALLATION
    ]
    state.remove(action.member)
    for child in installations:
        state.remove(child)


def _change_recovery(state: RootState, action: VerifiedChangeRecovery) -> None:
    check_recovery(state, action.by)
    state.recovery = action.identifier
