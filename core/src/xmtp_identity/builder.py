"""Making updates: which text is to be signed, by whom, and the finished bytes.

A `SignatureRequest` is made from planned actions, shows the text, takes the
signatures one by one, refuses what does not verify or would not be admitted,
and gives the serialized update.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from .admission import Policies, admit, admit_signature, foresee, stand_in
from .errors import (
    BadInput,
    IdentityError,
    InvalidIdentifier,
    InvalidSignature,
    KindFailed,
    NotAdmitted,
    SignatureError,
)
from .kinds import Context, SignatureItem, Signer, VerifiedSignature, WireSignature
from .plan import (
    AddMember,
    ChangeRecoveryIdentifier,
    CreateInbox,
    Plan,
    PlannedAction,
    RevokeMember,
)
from .protocol.shape import LEGACY_SIGNATURE, check_shape
from .protocol.text import signed_time_ns
from .protocol.unverified import Add, Revoke, read_update
from .wire.decode import decode_update
from .wire.encode import encode_update

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .identifier import MemberIdentifier
    from .kinds import Account, Kind
    from .protocol.state import AssociationState
    from .registry import OwnedProof, Registry
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


def choose_timestamp_ns(log: Log, now_ns: int) -> int:
    """A time for a new update, in nanoseconds since 1970, on a whole second.

    The second is ``now_ns``'s or, if the log has that one or a later one, the
    one after the latest, so that no text of the log is signed again. Where a
    log's time lies at the end of what can be said, the first second from now
    on that the log does not hold.
    """
    used = set()
    for data in log:
        if data is None:
            continue
        try:
            time_ns = decode_update(data).client_timestamp_ns
        except IdentityError:
            continue
        used.add(signed_time_ns(time_ns) // _NS_PER_SECOND)
    second = max([now_ns // _NS_PER_SECOND, *(used_second + 1 for used_second in used)])
    if second > _LAST_SECOND:
        second = now_ns // _NS_PER_SECOND
        while second in used:
            second += 1
    return second * _NS_PER_SECOND


class SignatureRequest:
    """An update on its way: its text, and the signatures that it has so far."""

    __slots__ = (
        "_accounts",
        "_context",
        "_draft",
        "_plan",
        "_policies",
        "_registry",
        "_signatures",
        "_snapshot",
        "_text",
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
        accounts: Iterable[Account] = (),
    ) -> None:
        """Plan an update.

        client_timestamp_ns: nanoseconds since 1970; see `choose_timestamp_ns`.
        snapshot: where the inbox's log stands, after a replay of all of it;
            None for a new inbox.
        context, policies: for the verifiers and for admission.
        accounts: those who sign with an account on a chain, such as smart
            wallets: no other signature of theirs is taken, and `add_pasted`
            reads theirs as the account says.

        Raises `BadInput` or another `IdentityError` if the actions do not make
        an update. Whether the inbox would take it is for `foresee` to say.
        """
        self._registry = registry
        self._snapshot = snapshot
        self._context: Context = context or {}
        self._policies: Policies = policies or {}
        self._accounts = {one.identifier: one for one in accounts}
        self._plan = Plan.of(inbox_id, client_timestamp_ns, tuple(actions), registry)
        self._signatures: dict[MemberIdentifier, WireSignature] = {}
        self._draft = self._encode(self._stand_ins())
        self._text = self._read_text()

    @property
    def inbox_id(self) -> str:
        """The inbox that the update is of."""
        return self._plan.inbox_id

    @property
    def client_timestamp_ns(self) -> int:
        """The update's time, in nanoseconds since 1970, unsigned 64-bit."""
        return self._plan.client_timestamp_ns

    @property
    def actions(self) -> tuple[PlannedAction, ...]:
        """What the update is to do, in order."""
        return self._plan.actions

    @property
    def text(self) -> str:
        """The text that every signer signs."""
        return self._text

    @property
    def signers(self) -> tuple[MemberIdentifier, ...]:
        """Everyone who has to sign, in the order of the actions."""
        return self._plan.signers

    @property
    def missing(self) -> tuple[MemberIdentifier, ...]:
        """Those who have not signed yet."""
        return tuple(s for s in self.signers if s not in self._signatures)

    def foresee(self) -> AssociationState:
        """The state that the update would make if all of them signed.

        To be asked before anybody signs. Raises `NotAdmitted` if the update
        would be refused, whoever signs, and `BadInput` if the snapshot is of
        another inbox or made by other plugins.
        """
        return foresee(
            self._draft,
            self.inbox_id,
            self._snapshot,
            self._registry,
            self.signers,
            {name: account.chain_id for name, account in self._accounts.items()},
        )

    def sign(self, signer: Signer) -> None:
        """Let a local key sign; see `add_signature`."""
        self.add_signature(signer.sign(self._text), signer=signer.identifier)

    def add_signature(
        self, signature: WireSignature, *, signer: MemberIdentifier | None = None
    ) -> MemberIdentifier:
        """Take a signature and say whose it is. One that is refused changes
        nothing; another one of the same signer takes the place of the first.

        signer: whose it should be; None takes that of anyone who signs this
            update. Needed for leaf kinds if several of them are missing.

        Raises `InvalidSignature` if it does not verify or is of someone else,
        `NotAdmitted` if admission would refuse it, `SignatureUnavailable` if
        a chain can't be asked now, `BadInput` if no kind here has such
        signatures.
        """
        owner = self._check_signature(signature, signer)
        self._signatures[owner] = signature
        return owner

    def add_pasted(self, pasted: str, signer: MemberIdentifier) -> None:
        """Take a signature as a person pasted it from an outside wallet.

        Every way to read it is tried; the one that verifies counts. Raises
        `BadInput` if it can't be read, or if two readings verify; else as
        `add_signature`, with the cause that says most.
        """
        good: set[WireSignature] = set()
        failures: list[IdentityError] = []
        for reading in self._readings(pasted, signer):
            try:
                self._check_signature(reading, signer)
            except IdentityError as error:
                failures.append(error)
            else:
                good.add(reading)
        if len(good) > 1:
            raise BadInput(
                "The signature can be read in two ways that both verify: give it in "
                "another encoding.",
                code="ambiguous_signature",
            )
        if good:
            self._signatures[signer] = good.pop()
        else:
            raise _most_telling(failures)

    def _readings(
        self, pasted: str, signer: MemberIdentifier
    ) -> Sequence[WireSignature]:
        account = self._accounts.get(signer)
        if account is not None:
            return account.read_signature(pasted)
        kind = self._registry.kind(signer.kind)
        if kind.signing is None:
            raise BadInput(
                f"Signatures of {kind.name} can't be pasted.", code="no_signer"
            )
        return kind.signing().read_signature(pasted, signer)

    def finish(self) -> bytes:
        """The serialized update, admitted; see `finish_with_state`."""
        return self.finish_with_state()[0]

    def finish_with_state(self) -> tuple[bytes, ReplayResult]:
        """The serialized update and the state with it applied.

        Raises `BadInput` if signatures are missing, `NotAdmitted` if the
        update would not be taken, `SignatureUnavailable` if a chain that it
        depends on can't be asked now.
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
                f"Signatures are missing of {_listed(self.missing)}.",
                code="signatures_missing",
            )
        return self._encode(self._signatures)

    def _encode(self, signatures: Mapping[MemberIdentifier, WireSignature]) -> bytes:
        raw = self._plan.raw(signatures, self._registry)
        try:
            return encode_update(raw)
        except ValueError:
            raise BadInput(
                "An identifier or a relying party of the update is not Unicode."
            ) from None

    def _stand_ins(self) -> dict[MemberIdentifier, WireSignature]:
        """For each signer the number of a proof, and what says who it is."""
        return {
            signer: WireSignature(
                min(self._registry.kind(signer.kind).proofs), stand_in(place)
            )
            for place, signer in enumerate(self.signers)
        }

    def _read_text(self) -> str:
        """The text as a reader of the update will make it."""
        raw = decode_update(self._draft)
        leaf = check_shape(raw, self.inbox_id)
        update = read_update(raw, leaf, self._registry)
        for planned, action in zip(self._plan.actions, update.actions, strict=True):
            read = (
                action.member
                if isinstance(action, Add | Revoke)
                else (action.identifier)
            )
            # Nobody could sign for it: the signer would be the canonical one.
            if read != planned.subject:
                raise InvalidIdentifier(
                    f"{planned.subject} is not in canonical form; give it as {read}."
                )
        return update.text.decode()

    def _check_signature(
        self, signature: WireSignature, signer: MemberIdentifier | None
    ) -> MemberIdentifier:
        owned = self._registry.by_signature.get(signature.number)
        if owned is None:
            raise BadInput(
                f"There is no kind here whose signatures have number "
                f"{signature.number}.",
                code="unknown_signature",
            )
        if signature.number == LEGACY_SIGNATURE and self._plan.is_leaf:
            raise NotAdmitted(
                "A legacy key can't sign for a leaf kind: sign with the wallet itself.",
                code="legacy_key",
            )
        wanted = signer if signer is not None else self._only_missing(owned.kind)
        if wanted is not None and wanted.kind != owned.kind.name:
            raise InvalidSignature(
                f"This is a signature of the kind {owned.kind.name}, not one of "
                f"{wanted}.",
                code="signer_mismatch",
            )
        item = SignatureItem(
            self._text.encode(),
            signature.payload,
            None if owned.kind.is_root else wanted,
        )
        verified = self._verify(owned, item)
        if verified.signer not in self.signers or wanted not in {None, verified.signer}:
            raise InvalidSignature(
                f"For this text the signature is one of {verified.signer}, which is "
                f"not who should sign ({wanted or _listed(self.missing)}). Was exactly "
                "this text signed, its time included?",
                code="signer_mismatch",
            )
        account = self._accounts.get(verified.signer)
        if account is not None and account.chain_id != verified.chain_id:
            raise InvalidSignature(
                f"{verified.signer} should sign with its account on chain "
                f"{account.chain_id}, and this is not a signature of that account.",
                code="signer_mismatch",
            )
        admit_signature(owned, item, verified, self._policies)
        return verified.signer

    def _verify(self, owned: OwnedProof, item: SignatureItem) -> VerifiedSignature:
        try:
            (result,) = owned.proof.verify_many([item], self._context)
        except Exception as error:
            raise KindFailed(
                f"The verifier {owned.proof.name} of {owned.kind.name} broke "
                f"({type(error).__name__})."
            ) from error
        if isinstance(result, SignatureError):
            raise result
        return result

    def _only_missing(self, kind: Kind) -> MemberIdentifier | None:
        """Whose signature of a leaf kind it must be; root signatures say it."""
        if kind.is_root:
            return None
        missing = [signer for signer in self.missing if signer.kind == kind.name]
        if len(missing) == 1:
            return missing[0]
        raise BadInput(
            f"Say whose signature of a {kind.noun} this is.", code="signer_unnamed"
        )


def _listed(identifiers: tuple[MemberIdentifier, ...]) -> str:
    return ", ".join(map(str, identifiers)) or "nobody is missing"


def _most_telling(failures: list[IdentityError]) -> IdentityError:
    """Of why no reading counts: what verified and is refused, then what could
    verify yet, then the first."""
    for failure in failures:
        if isinstance(failure, NotAdmitted):
            return failure
    for failure in failures:
        if failure.retryable:
            return failure
    if failures:
        return failures[0]
    return BadInput("That is no signature.", code="unreadable_signature")
