"""Replay: an identity log to the state of its inbox.

The same for everyone and for ever: no settings, no clock. Nothing that a log
holds makes it raise; what can't be applied gets an `Outcome` with its reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from .allotment import layer_name
from .errors import BadInput, IdentityError, KindFailed, SignatureError
from .kinds import VerifiedSignature
from .outcome import Outcome, OutcomeKind
from .protocol.layer_rules import apply_leaf
from .protocol.refusals import LayerDiscarded, NoUpdate, Number, Refusal
from .protocol.root_rules import apply_root
from .protocol.shape import check_installed, check_shape
from .protocol.state import Association, AssociationState, LayerState, RootState
from .protocol.unverified import read_update
from .protocol.verify import Batch, FailedUpdate
from .registry import record_of
from .result import ReplayResult
from .snapshot import Snapshot
from .wire.decode import decode_update
from .wire.records import Space

if TYPE_CHECKING:
    from .identifier import MemberIdentifier
    from .kinds import Context, SignatureItem
    from .protocol.unverified import UnverifiedUpdate
    from .protocol.verify import Pending
    from .registry import OwnedProof, Registry

__all__ = ["Extension", "Log", "ReplayResult", "replay", "replay_batch", "resume"]

Log = Sequence[bytes | None]
"""A whole identity log: serialized updates in order; None for an entry
without one."""

_UNKNOWN: Final = Association(None, None)

_NO_CONTEXT: Final[Mapping[str, object]] = MappingProxyType({})


def replay(
    inbox_id: str, log: Log, registry: Registry, *, context: Context | None = None
) -> ReplayResult:
    """Replay the whole log of an inbox.

    context: what verifiers may ask, by name of kind (`xmtp_identity.kinds`).
    """
    return replay_batch([(inbox_id, log)], registry, context=context)[0]


def resume(
    snapshot: Snapshot,
    log: Log,
    registry: Registry,
    *,
    context: Context | None = None,
) -> ReplayResult:
    """Replay what came after a snapshot, or all of it if it does not fit.

    log: the whole log, the entries before the snapshot included.

    The state is always that of a fresh replay. Raises `BadInput` if the log
    is shorter than the snapshot's position.
    """
    if len(log) < snapshot.position:
        raise BadInput(
            f"The log has {len(log)} entries, the snapshot has seen "
            f"{snapshot.position}: fetch the whole log.",
            code="log_shortened",
        )
    if not snapshot.fits(registry):
        result = replay(snapshot.inbox_id, log, registry, context=context)
        if result.stopped_at is None or result.stopped_at >= snapshot.position:
            return result
        # Less than was known is no reason to forget it.
        return replace(result, snapshot=snapshot)
    run = _Run.after(snapshot, registry)
    batch = Batch(registry, context or _NO_CONTEXT)
    run.prepare(log, batch)
    batch.run()
    return run.judge(batch)


def replay_batch(
    pairs: Iterable[tuple[str, Log]],
    registry: Registry,
    *,
    context: Context | None = None,
) -> list[ReplayResult]:
    """Replay several inboxes, verifying all their signatures together."""
    batch = Batch(registry, context or _NO_CONTEXT)
    runs = []
    for inbox_id, log in pairs:
        run = _Run(inbox_id, registry)
        run.prepare(log, batch)
        runs.append(run)
    batch.run()
    return [run.judge(batch) for run in runs]


class Extension:
    """One update on top of a snapshot, step by step, so that admission can
    look at it between the steps: `read`, `verify`, `apply`."""

    __slots__ = ("_batch", "_pending", "_run")

    def __init__(
        self,
        inbox_id: str,
        snapshot: Snapshot | None,
        registry: Registry,
        context: Context | None,
    ) -> None:
        """Raises `BadInput` if the snapshot is of another inbox or registry."""
        if snapshot is None:
            self._run = _Run(inbox_id, registry)
        elif snapshot.inbox_id != inbox_id or not snapshot.fits(registry):
            raise BadInput(
                "The snapshot is of another inbox or made by other plugins: replay "
                "the log.",
                code="snapshot_mismatch",
            )
        else:
            self._run = _Run.after(snapshot, registry)
        self._batch = Batch(registry, context or _NO_CONTEXT)
        self._pending: Pending | None = None

    def read(self, update: bytes) -> UnverifiedUpdate:
        """Bytes to an unverified update; raises why it can't be one."""
        step = self._run.prepare_entry(update, self._batch)
        if isinstance(step, IdentityError):
            raise step
        self._pending = step
        return step.update

    def verify(
        self,
    ) -> Iterator[tuple[OwnedProof, SignatureItem, VerifiedSignature]]:
        """Each signature with what it proves; raises if one does not verify."""
        self._batch.run()
        if self._pending is not None:
            for owned, item, result in self._batch.look(self._pending):
                if not isinstance(result, VerifiedSignature):
                    raise result
                yield owned, item, result

    def apply(self) -> ReplayResult:
        """Try the rules; the state with the update if they allow it."""
        return self._run.judge(self._batch)


class _Prepared(NamedTuple):
    """An entry after shape: its leaf number, and its signatures or its error."""

    leaf: int
    step: Pending | IdentityError


class _Run:
    """The replay of one inbox."""

    __slots__ = (
        "_associations",
        "_entries",
        "_first",
        "_inbox_id",
        "_layers",
        "_leaf_entries",
        "_leaf_outcomes",
        "_left_out",
        "_named",
        "_outcomes",
        "_registry",
        "_root",
        "_unknown_root",
        "cause",
        "deviates",
        "stopped_at",
    )

    def __init__(self, inbox_id: str, registry: Registry) -> None:
        self._inbox_id = inbox_id
        self._registry = registry
        self._first = 0
        self._root = RootState()
        self._layers: dict[int, LayerState] = {}
        self._left_out: set[int] = set()
        self._named: set[int] = set()
        self._entries: list[_Prepared] = []
        self._outcomes: list[Outcome] = []
        self._associations: dict[MemberIdentifier, Association] = {}
        self._leaf_entries = 0
        self._leaf_outcomes: dict[int, list[int]] = {}
        self._unknown_root = False
        self.deviates: int | None = None
        self.stopped_at: int | None = None
        self.cause: IdentityError | None = None

    @classmethod
    def after(cls, snapshot: Snapshot, registry: Registry) -> _Run:
        """A run that goes on from a snapshot that fits the registry."""
        run = cls(snapshot.inbox_id, registry)
        run._first = snapshot.position
        run._root = snapshot.root.copy()
        run._named = set(snapshot.named)
        run._layers = {
            number: layer.copy()
            for number, (layer, _) in snapshot.layers.items()
            if number in registry.by_member
        }
        run._leaf_entries = snapshot.leaf_entries
        run._unknown_root = snapshot.unknown_root
        run.deviates = snapshot.deviates
        return run

    # First pass: bytes to signatures, which go into the batch

    def prepare(self, log: Log, batch: Batch) -> None:
        for index in range(self._first, len(log)):
            self.prepare_entry(log[index], batch)

    def prepare_entry(
        self, data: bytes | None, batch: Batch
    ) -> Pending | IdentityError:
        leaf = 0
        step: Pending | IdentityError
        try:
            if data is None:
                raise NoUpdate("The log entry holds no update.")
            raw = decode_update(data)
            leaf = check_shape(raw, self._inbox_id)
            check_installed(raw, leaf, self._registry)
            step = batch.add(read_update(raw, leaf, self._registry))
        except IdentityError as error:
            step = error
        self._entries.append(_Prepared(leaf, step))
        return step

    # Second pass: verified updates to the state, in order

    def judge(self, batch: Batch) -> ReplayResult:
        for offset, (leaf, step) in enumerate(self._entries):
            index = self._first + offset
            if leaf:
                self._named.add(leaf)
                self._leaf_entries += 1
                self._leaf_outcomes.setdefault(leaf, []).append(len(self._outcomes))
                self._judge_leaf(index, leaf, step, batch)
            else:
                self._judge_root(index, step, batch)
                if self.stopped_at is not None:
                    break
        self._entries.clear()
        return self._result()

    def _judge_root(
        self, index: int, step: Pending | IdentityError, batch: Batch
    ) -> None:
        try:
            if isinstance(step, IdentityError):
                raise step
            verified = batch.result(step)
            apply_root(self._root, verified, self._inbox_id, self._registry)
        except IdentityError as error:
            if isinstance(error, KindFailed):
                self._stop(index, error)
                return
            self._refuse(index, error, deviation=_deviates(error))
            if getattr(error, "discarded", False):
                self._unknown_root = True
            return
        if not isinstance(verified, FailedUpdate) and verified.unavailable is not None:
            self._stop(index, verified.unavailable)
        else:
            self._applied(index, self._root.touched, self._root.members)

    def _judge_leaf(
        self, index: int, leaf: int, step: Pending | IdentityError, batch: Batch
    ) -> None:
        if leaf not in self._registry.by_member:
            self._left_out.add(leaf)
        elif leaf in self._left_out:
            step = _layer_discarded(leaf)
        layer = self._layers.setdefault(leaf, LayerState())
        try:
            if isinstance(step, IdentityError):
                raise step
            verified = batch.result(step)
            touched = apply_leaf(self._root, layer, verified)
        except IdentityError as error:
            if isinstance(error, KindFailed):
                self._leave_out(index, leaf, error)
            else:
                self._refuse(index, error, deviation=False)
            return
        if not isinstance(verified, FailedUpdate) and verified.unavailable is not None:
            self._leave_out(index, leaf, verified.unavailable)
        else:
            self._applied(index, touched, layer.members)

    def _applied(
        self,
        index: int,
        touched: Iterable[MemberIdentifier],
        members: Mapping[MemberIdentifier, object],
    ) -> None:
        self._outcomes.append(Outcome(index, OutcomeKind.APPLIED))
        known = self._associations
        for identifier in touched:
            known[identifier] = known.get(identifier, _UNKNOWN).then(
                index, is_member=identifier in members
            )

    def _refuse(self, index: int, error: IdentityError, *, deviation: bool) -> None:
        discarded = isinstance(error, Refusal) and error.discarded
        self._outcomes.append(
            Outcome(
                index,
                OutcomeKind.DISCARDED if discarded else OutcomeKind.REJECTED,
                error.code,
                deviation,
                error.numbers if isinstance(error, Refusal) else (),
                error.detail,
            )
        )
        if deviation and self.deviates is None:
            self.deviates = index

    def _unavailable(self, index: int, error: IdentityError) -> None:
        self._outcomes.append(
            Outcome(index, OutcomeKind.UNAVAILABLE, error.code, detail=error.detail)
        )

    def _stop(self, index: int, error: IdentityError) -> None:
        """Who may act from here on is not known: go no further."""
        self._unavailable(index, error)
        self.stopped_at = index
        self.cause = error

    def _leave_out(self, index: int, leaf: int, error: IdentityError) -> None:
        """Be, for this kind, the client without its plugin."""
        for position in self._leaf_outcomes[leaf][:-1]:
            former = self._outcomes[position]
            refusal = _layer_discarded(leaf)
            self._outcomes[position] = Outcome(
                former.index,
                OutcomeKind.DISCARDED,
                refusal.code,
                numbers=refusal.numbers,
                detail=refusal.detail,
            )
        self._left_out.add(leaf)
        self._layers.pop(leaf, None)
        self._unavailable(index, error)

    def _result(self) -> ReplayResult:
        for number in self._left_out:
            self._layers.pop(number, None)
        state = None
        if self._root.recovery is not None:
            state = AssociationState(
                self._inbox_id,
                self._root.recovery,
                self._root.members,
                {
                    number: layer.members
                    for number, layer in sorted(self._layers.items())
                    if layer.members
                },
            )
        missing = self._left_out | {
            number for number in self._named if number not in self._registry.by_member
        }
        return ReplayResult(
            self._inbox_id,
            state,
            tuple(self._outcomes),
            self.stopped_at is None and not self._unknown_root,
            self.deviates,
            tuple(layer_name(number) for number in sorted(missing)),
            self.stopped_at,
            self.cause,
            self._snapshot(),
            self._known_associations(),
        )

    def _known_associations(self) -> Mapping[MemberIdentifier, Association]:
        if not self._left_out:
            return self._associations
        out = {
            kind.name
            for number in self._left_out
            if (kind := self._registry.by_member.get(number)) is not None
        }
        return {
            identifier: association
            for identifier, association in self._associations.items()
            if identifier.kind not in out
        }

    def _snapshot(self) -> Snapshot:
        position = self.stopped_at
        if position is None:
            position = self._first + len(self._outcomes)
        return Snapshot(
            self._inbox_id,
            position,
            self._root,
            {
                number: (layer, record_of(self._registry.by_member[number]))
                for number, layer in self._layers.items()
            },
            self._registry.root_records(),
            frozenset(self._named),
            self._leaf_entries,
            self.deviates,
            self._unknown_root,
        )


def _deviates(error: IdentityError) -> bool:
    return isinstance(error, Refusal | SignatureError) and error.deviation


def _layer_discarded(leaf: int) -> LayerDiscarded:
    return LayerDiscarded(
        f"The {layer_name(leaf)} layer is left out until its chain can be asked.",
        numbers=(Number(Space.MEMBER, leaf),),
    )
