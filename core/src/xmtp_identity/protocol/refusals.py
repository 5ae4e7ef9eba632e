"""Why an update is not applied: one class a reason.

A refusal is rejected (invalid for everyone) or discarded (this client is not
able to judge it). The page of reason codes is made from these classes and
those of `xmtp_identity.errors`.
"""

from __future__ import annotations

from typing import ClassVar, Final, NamedTuple

from ..errors import IdentityError

__all__ = [
    "BadShape",
    "ChainMismatch",
    "IdentifierKindRefused",
    "IdentifierText",
    "InboxIdMismatch",
    "InstallationAddsInstallation",
    "KindNotInstalled",
    "LayerDiscarded",
    "LeafIdentifierForm",
    "LeafInActions",
    "LegacyKey",
    "MixedKinds",
    "MultipleCreate",
    "NoUpdate",
    "NotAMember",
    "NotCreated",
    "NotRecovery",
    "Number",
    "Refusal",
    "Replayed",
    "SelfAdd",
    "SeveralVariants",
    "SignerMismatch",
    "UnknownNumber",
    "WordReused",
    "WrongInboxId",
]

REJECTED: Final = "rejected"
DISCARDED: Final = "discarded"


class Number(NamedTuple):
    """A number that this client does not know, and the space that it is in:
    ``member``, ``signature``, ``kind`` (`IdentifierKind`) or ``action``."""

    space: str
    number: int


class Refusal(IdentityError):
    """An update is not applied."""

    code = "refused"
    remedy = "See the reason."
    outcome: ClassVar[str] = REJECTED
    always_deviates: ClassVar[bool] = False

    def __init__(self, detail: str, *, numbers: tuple[Number, ...] = ()) -> None:
        super().__init__(detail)
        self.numbers = numbers
        self.discarded = self.outcome == DISCARDED
        self.deviation = self.always_deviates


# Shape


class NoUpdate(Refusal):
    """The log entry holds no update."""

    code = "no_update"
    remedy = "Nothing: the node stored an empty entry."


class WrongInboxId(Refusal):
    """The update names another inbox than the one whose log this is."""

    code = "wrong_inbox_id"
    remedy = "Ask for the log of the inbox that the update names."


class UnknownNumber(Refusal):
    """The update uses a number that no release known to this client gives a
    meaning to; it may say who may act for the inbox."""

    code = "unknown_number"
    remedy = "Upgrade xmtp-identity; until then the state is not authoritative."
    outcome = DISCARDED


class KindNotInstalled(Refusal):
    """The update uses a kind or a signature that this client has no plugin for."""

    code = "kind_not_installed"
    remedy = "Install the package of the kind (`xid kinds` names it)."
    outcome = DISCARDED


class SeveralVariants(Refusal):
    """A union holds more than one number; versions would read it differently."""

    code = "several_variants"
    remedy = "Make the update anew with one variant a union."
    always_deviates = True


class IdentifierKindRefused(Refusal):
    """An identifier kind is none of 0, 1 and 2."""

    code = "identifier_kind"
    remedy = "Use a root kind as owner and recovery."
    always_deviates = True


class LeafInActions(Refusal):
    """The number of a leaf kind stands in `actions`."""

    code = "leaf_in_actions"
    remedy = "Put leaf kinds into `leaf_actions` (field 100)."


class BadShape(Refusal):
    """The numbers of the update do not make an update."""

    code = "bad_shape"
    remedy = "Make the update anew with a current client."


class MixedKinds(Refusal):
    """A leaf update names more than one leaf kind."""

    code = "mixed_kinds"
    remedy = "Make one leaf update for each kind."


# Identifiers


class IdentifierText(Refusal):
    """An identifier holds something else than printable ASCII without spaces,
    and could forge lines of the signed text."""

    code = "identifier_text"
    remedy = "Make the update anew with a well-formed identifier."
    always_deviates = True


class LeafIdentifierForm(Refusal):
    """A leaf identifier is not canonical, too long or not printable."""

    code = "identifier_form"
    remedy = "Make the update anew with the canonical identifier."


# Words and rights


class WordReused(Refusal):
    """A signer's signature over this very text was used before, in other bytes."""

    code = "word_reused"
    remedy = "Make the update anew; its time makes a new text."
    always_deviates = True


class Replayed(Refusal):
    """A signature of the update was used before."""

    code = "replayed"
    remedy = "Make the update anew; its time makes a new text."


class LegacyKey(Refusal):
    """A legacy delegated key is used for more than its few legitimate uses."""

    code = "legacy_key"
    remedy = "Sign with the wallet itself."
    always_deviates = True


class NotCreated(Refusal):
    """The inbox has not been created yet."""

    code = "not_created"
    remedy = "Create the inbox first."


class MultipleCreate(Refusal):
    """The inbox has been created already."""

    code = "multiple_create"
    remedy = "Add members to the existing inbox instead."


class InboxIdMismatch(Refusal):
    """Owner and nonce do not give the inbox ID that the update names."""

    code = "inbox_id_mismatch"
    remedy = "Take the inbox ID from `xid inbox-id`."


class SignerMismatch(Refusal):
    """A signature is valid, but of another signer than the one it must be of."""

    code = "signer_mismatch"
    remedy = "Sign with the key of the identifier that the text names."


class SelfAdd(Refusal):
    """A member tried to add itself."""

    code = "self_add"
    remedy = "Let another member sign as the existing one."


class NotAMember(Refusal):
    """Whoever adds is neither a member of the inbox nor its recovery identifier."""

    code = "not_a_member"
    remedy = "Let a member sign as the existing one."


class NotRecovery(Refusal):
    """Whoever revokes or changes recovery is not the recovery identifier."""

    code = "not_recovery"
    remedy = "Sign with the recovery identifier."


class InstallationAddsInstallation(Refusal):
    """An installation tried to add an installation."""

    code = "installation_adds_installation"
    remedy = "Let a wallet or a passkey sign as the existing member."


class ChainMismatch(Refusal):
    """A smart wallet signed on another chain than the one it was added with."""

    code = "chain_mismatch"
    remedy = "Sign on the chain that the member was added with."


class LayerDiscarded(Refusal):
    """The kind's layer is left out for the moment, and this entry with it."""

    code = "layer_left_out"
    remedy = "Give access to the chain, then replay."
    outcome = DISCARDED
    retryable = True
