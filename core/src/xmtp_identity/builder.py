"""Making updates: which text is to be signed, by whom, and the finished bytes.

A `SignatureRequest` is made from typed actions, shows the text, takes the
signatures one by one, refuses what does not verify or would not be admitted,
and gives the serialized update.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .admission import Policies, admit
from .errors import BadInput, IdentityError, InvalidSignature, NotAdmitted
from .kinds import Context, SignatureItem, Signer, VerifiedSignature, WireSignature
from .protocol.root_rules import inbox_id_of
from .protocol.shape import check_shape
from .protocol.unverified import read_update
from .wire.decode import decode_update
from .wire.encode import encode_update
from .wire.records import (
    RawAction,
    RawAdd,
    RawChange,
    RawCreate,
    RawRevoke,
    RawUpdate,
    Variant,
)

if TYPE_CHECKING:
    from .identifier import MemberIdentifier
    from .kinds import Kind
    from .registry import Registry
    from .replay import Log, ReplayResult
    from .snapshot import Snapshot

__all__ = [
    "AddMember",
    "ChangeRecoveryIdentifier",
    "CreateInbox",
    "PlannedAction",
    "RevokeMember",
    "SignatureRequest",
    "choose_timestamp_ns",
]

_NS_PER_SECOND: Final = 1_000_000_000
_LAST_SECOND: Final = ((1 << 63) - 1) // _NS_PER_SECOND


@dataclass(frozen=True, slots=True)
class CreateInbox:
    """Create the inbox of ``owner`` and ``nonce``; the owner signs."""

    owner: MemberIdentifier
    nonce: int = 0

    @property
    def signers(self) -> tuple[MemberIdentifier, ...]:
        """Who signs, in the order of the action's signature fields."""
        return (self.owner,)


@dataclass(frozen=True, slots=True)
class AddMember:
    """Add ``member``; it and ``by``, a member or the recovery identifier, sign."""

    member: MemberIdentifier
    by: MemberIdentifier

    @property
    def signers(self) -> tuple[MemberIdentifier, ...]:
        """Who signs, in the order of the action's signature fields."""
        return (self.by, self.member)


@dataclass(frozen=True, slots=True)
class RevokeMember:
    """Revoke ``member``; ``by``, the recovery identifier, signs."""

    member: MemberIdentifier
    by: MemberIdentifier

    @property
    def signers(self) -> tuple[MemberIdentifier, ...]:
        """Who signs, in the order of the action's signature fields."""
        return (self.by,)


@dataclass(frozen=True, slots=True)
class ChangeRecoveryIdentifier:
    """Make ``recovery`` the recovery identifier; ``by``, the present one, signs."""

    recovery: MemberIdentifier
    by: MemberIdentifier

    @property
    def signers(self) -> tuple[MemberIdentifier, ...]:
        """Who signs, in the order of the action's signature fields."""
        return (self.by,)


PlannedAction = CreateInbox | AddMember | RevokeMember | ChangeRecoveryIdentifier


def choose_timestamp_ns(log: Log, now_ns: int) -> int:
    """A time for a new update, in nanoseconds since 1970, on a whole second.

    The second is ``now_ns``'s or, if the log has a later one, the one after
    the latest, so that no text of the log is signed again. Where a log's time
    lies at the end of what can be said, the first second from now on that the
    log does not hold.
    """
    used = set()
    for data in log:
        if data is None:
            continue
        try:
            time_ns = decode_update(data).client_timestamp_ns
        except IdentityError:
            continue
        used.add(_signed(time_ns) // _NS_PER_SECOND)
    second = max([now_ns // _NS_PER_SECOND, *(used_second + 1 for used_second in used)])
    if second > _LAST_SECOND:
        second = now_ns // _NS_PER_SECOND
        while second in used:
            second += 1
    return second * _NS_PER_SECOND


def _signed(time_ns: int) -> int:
    return time_ns - (1 << 64) if time_ns >> 63 else time_ns


class SignatureRequest:
    """An update on its way: its text, and the signatures that it has so far."""

    __slots__ = (
        "_actions",
        "_context",
        "_is_leaf",
        "_policies",
        "_registry",
        "_signatures",
        "_snapshot",
        "_text",
        "client_timestamp_ns",
        "inbox_id",
    )

    def __init__(  # noqa: PLR0913 - named arguments, most of them optional
        self,
        inbox_id: str,
        actions: Iterable[PlannedAction],
        registry: Registry,
        *,
        client_timestamp_ns: int,
        snapshot: Snapshot | None = None,
        context: Context | None = None,
        policies: Policies | None = None,
    ) -> None:
        """Plan an update.

        client_timestamp_ns: see `choose_timestamp_ns`.
        snapshot: where the inbox's log stands; None for a new inbox.
        context, policies: for the verifiers and for admission.

        Raises `BadInput` if the actions do not make an update.
        """
        self.inbox_id = inbox_id
        self.client_timestamp_ns = client_timestamp_ns
        self._actions = tuple(actions)
        self._registry = registry
        self._snapshot = snapshot
        self._context = context
        self._policies = policies
        self._signatures: dict[MemberIdentifier, WireSignature] = {}
        self._is_leaf = self._plan()
        self._text = self._make_text()

    @property
    def text(self) -> str:
        """The text that every signer signs."""
        return self._text

    @property
    def signers(self) -> tuple[MemberIdentifier, ...]:
        """Everyone who has to sign, in the order of the actions."""
        return tuple(
            dict.fromkeys(s for action in self._actions for s in action.signers)
        )

    @property
    def missing(self) -> tuple[MemberIdentifier, ...]:
        """Those who have not signed yet."""
        return tuple(s for s in self.signers if s not in self._signatures)

    def sign(self, signer: Signer) -> None:
        """Let a local key sign; see `add_signature`."""
        self.add_signature(signer.sign(self._text), signer=signer.identifier)

    def add_signature(
        self, signature: WireSignature, *, signer: MemberIdentifier | None = None
    ) -> MemberIdentifier:
        """Take a signature and say whose it is.

        signer: whose it should be; None takes that of anyone who is missing.
            Needed where the signature does not carry its key.

        Raises `InvalidSignature` if it does not verify or is of someone else,
        `NotAdmitted` if admission would refuse it, `SignatureUnavailable` if
        a chain can't be asked now.
        """
        owned = self._registry.by_signature.get(signature.number)
        if owned is None:
            raise BadInput(
                f"There is no kind here whose signatures have number "
                f"{signature.number}.",
                code="unknown_signature",
            )
        wanted = signer if signer is not None else self._only_missing(owned.kind)
        item = SignatureItem(
            self._text.encode(),
            signature.payload,
            None if owned.kind.is_root else wanted,
        )
        (result,) = owned.proof.verify_many([item], self._context or {})
        if not isinstance(result, VerifiedSignature):
            raise result
        if result.signer not in self.signers or wanted not in (None, result.signer):
            raise InvalidSignature(
                f"The signature is of {result.signer}, which is not who should sign "
                f"({', '.join(map(str, self.missing)) or 'nobody is missing'}).",
                code="signer_mismatch",
            )
        if owned.proof.admit is not None:
            policy = (self._policies or {}).get(owned.kind.name)
            owned.proof.admit(item, result, policy)
        self._signatures[result.signer] = signature
        return result.signer

    def add_pasted(self, pasted: str, signer: MemberIdentifier) -> None:
        """Take a signature as a person pasted it from an outside wallet.

        Every way to read it is tried; the one that verifies counts. Raises
        `BadInput` if it can't be read, or if two readings verify; else as
        `add_signature`, with the cause of the first reading.
        """
        kind = self._registry.kind(signer.kind)
        if kind.signing is None:
            raise BadInput(f"Signatures of {kind.name} can't be pasted.")
        good: list[WireSignature] = []
        failures: list[IdentityError] = []
        for reading in kind.signing().read_signature(pasted, signer):
            try:
                self.add_signature(reading, signer=signer)
            except IdentityError as error:
                failures.append(error)
            else:
                good.append(reading)
        if len(set(good)) == 1:
            return
        self._signatures.pop(signer, None)
        if good:
            raise BadInput(
                "The signature can be read in two ways that both verify: give it in "
                "another encoding.",
                code="ambiguous_signature",
            )
        raise failures[0] if failures else BadInput("That is no signature.")

    def finish(self) -> bytes:
        """The serialized update, admitted; see `finish_with_state`."""
        return self.finish_with_state()[0]

    def finish_with_state(self) -> tuple[bytes, ReplayResult]:
        """The serialized update and the state with it applied.

        Raises `BadInput` if signatures are missing, `NotAdmitted` if the
        update would not be taken.
        """
        update = self.encode()
        result = admit(
            update,
            self.inbox_id,
            self._snapshot,
            self._registry,
            context=self._context,
            policies=self._policies,
        )
        return update, result

    def encode(self) -> bytes:
        """The serialized update, not admitted: for tests of what replay makes of
        it. Raises `BadInput` if signatures are missing."""
        if self.missing:
            raise BadInput(
                f"Signatures are missing of {', '.join(map(str, self.missing))}.",
                code="signatures_missing",
            )
        return encode_update(self._raw(self._signatures))

    def _plan(self) -> bool:
        """Whether it is a leaf update; refuse what can't be one update."""
        if not self._actions:
            raise BadInput("An update needs an action.", code="no_actions")
        kinds = {self._kind(action).number for action in self._actions}
        leaves = {number for number in kinds if number >= 100}
        if leaves and len(kinds) > 1:
            raise BadInput(
                "A leaf kind's updates stand alone: make one update for each leaf "
                "kind, and one for the rest.",
                code="mixed_kinds",
            )
        for action in self._actions:
            self._check(action, leaf=bool(leaves))
        return bool(leaves)

    def _kind(self, action: PlannedAction) -> Kind:
        if isinstance(action, CreateInbox):
            return self._registry.kind(action.owner.kind)
        if isinstance(action, ChangeRecoveryIdentifier):
            return self._registry.kind(action.recovery.kind)
        return self._registry.kind(action.member.kind)

    def _check(self, action: PlannedAction, *, leaf: bool) -> None:
        kind = self._kind(action)
        if isinstance(action, CreateInbox | ChangeRecoveryIdentifier):
            if kind.identifier_kind is None:
                raise NotAdmitted(
                    f"A {kind.noun} can neither create an inbox nor recover it.",
                    code="kind_has_no_rights",
                )
        elif not self._registry.kind(action.by.kind).is_root:
            raise NotAdmitted(
                f"{action.by} is of a leaf kind and can't authorise anything.",
                code="kind_has_no_rights",
            )
        if isinstance(action, CreateInbox):
            given = inbox_id_of(action.owner, action.nonce, kind)
            if given != self.inbox_id:
                raise BadInput(
                    f"Owner and nonce give the inbox {given}, not {self.inbox_id}.",
                    code="inbox_id_mismatch",
                )
        if leaf and not isinstance(action, AddMember | RevokeMember):
            raise BadInput("A leaf update can only add and revoke.", code="bad_shape")

    def _only_missing(self, kind: Kind) -> MemberIdentifier | None:
        if kind.is_root:
            return None
        missing = [signer for signer in self.missing if signer.kind == kind.name]
        if len(missing) == 1:
            return missing[0]
        raise BadInput(
            f"Say whose signature of a {kind.noun} this is.", code="signer_unnamed"
        )

    def _raw(self, signatures: dict[MemberIdentifier, WireSignature]) -> RawUpdate:
        return RawUpdate(
            self.inbox_id,
            self.client_timestamp_ns,
            [self._raw_action(action, signatures) for action in self._actions],
            self._is_leaf,
            None,
        )

    def _raw_action(
        self,
        action: PlannedAction,
        signatures: dict[MemberIdentifier, WireSignature],
    ) -> RawAction:
        kind = self._kind(action)
        by = [Variant(*signatures[signer]) for signer in action.signers]
        if isinstance(action, AddMember):
            member = Variant(kind.number, kind.encode(action.member))
            return RawAdd(member, by[0], by[1])
        if isinstance(action, RevokeMember):
            return RawRevoke(Variant(kind.number, kind.encode(action.member)), by[0])
        number = kind.identifier_kind or 0
        if isinstance(action, CreateInbox):
            owner = action.owner
            return RawCreate(
                owner.value, action.nonce, by[0], number, owner.relying_party
            )
        recovery = action.recovery
        return RawChange(recovery.value, by[0], number, recovery.relying_party)

    def _make_text(self) -> str:
        """The text as a reader will make it, from the wire's form of things."""
        raw = self._raw(
            {
                signer: WireSignature(min(self._registry.kind(signer.kind).proofs), b"")
                for signer in self.signers
            }
        )
        leaf = check_shape(raw, self.inbox_id)
        return read_update(raw, leaf, self._registry).text.decode()
