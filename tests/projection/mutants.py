"""The code with one rule broken at a time.

Each function breaks one sentence of the design, the way in which somebody
might break it who did not know why it is there. Where the code has no seam at
which that is one line, the function that holds the rule is replaced.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

from pytest import MonkeyPatch  # noqa: PT013 - the type of an argument

from xmtp_identity import Registry
from xmtp_identity.errors import IdentityError
from xmtp_identity.protocol import shape
from xmtp_identity.protocol.refusals import LeafInActions, MixedKinds, NoUpdate, Refusal
from xmtp_identity.protocol.state import LayerState
from xmtp_identity.protocol.verify import VerifiedAdd, VerifiedRevoke
from xmtp_identity.snapshot import Snapshot
from xmtp_identity.wire.records import RawUpdate

# The package has a function of that name, which hides its module.
replay: Final[Any] = sys.modules["xmtp_identity.replay"]

Mutant = Callable[[MonkeyPatch], None]


class BrokenRule(Refusal):
    """What a mutant refuses."""

    code = "broken_rule"


def several_kinds_an_update(patch: MonkeyPatch) -> None:
    """A leaf update of several kinds goes, all of it, to the layer of one."""
    right = shape._leaf_shape

    def leaf_shape(raw: RawUpdate) -> int:
        try:
            return right(raw)
        except MixedKinds:
            return min(action.member.number for action in raw.actions)  # type: ignore[union-attr]  # adds and revokes alone

    patch.setattr(shape, "_leaf_shape", leaf_shape)


def root_reads_layers(patch: MonkeyPatch) -> None:
    """Who linked a leaf that is still there can't be revoked."""
    layers: dict[int, LayerState] = {}
    right, judge = replay.apply_root, replay._Run._judge_root

    def apply_root(state: Any, verified: Any, inbox_id: str, registry: Any) -> None:
        linked_by = {
            member.added_by
            for layer in layers.values()
            for member in layer.members.values()
        }
        for action in getattr(verified, "actions", ()):
            if isinstance(action, VerifiedRevoke) and action.member in linked_by:
                raise BrokenRule("Unlink first what this member linked.")
        right(state, verified, inbox_id, registry)

    def judge_root(run: Any, index: int, step: Any, batch: Any) -> None:
        layers.clear()
        layers.update(run._layers)
        judge(run, index, step, batch)

    patch.setattr(replay, "apply_root", apply_root)
    patch.setattr(replay._Run, "_judge_root", judge_root)


def layers_read_each_other(patch: MonkeyPatch) -> None:
    """What is linked as one kind can't be linked as another as well."""
    layers: dict[int, LayerState] = {}
    right, judge = replay.apply_leaf, replay._Run._judge_leaf

    def apply_leaf(root: Any, layer: LayerState, verified: Any) -> Any:
        linked = {
            identifier.value
            for other in layers.values()
            if other is not layer
            for identifier in other.members
        }
        for action in getattr(verified, "actions", ()):
            if isinstance(action, VerifiedAdd) and action.member.value in linked:
                raise BrokenRule("This key is linked already.")
        return right(root, layer, verified)

    def judge_leaf(run: Any, index: int, leaf: int, step: Any, batch: Any) -> None:
        layers.clear()
        layers.update(run._layers)
        judge(run, index, leaf, step, batch)

    patch.setattr(replay, "apply_leaf", apply_leaf)
    patch.setattr(replay._Run, "_judge_leaf", judge_leaf)


def registry_before_shape(patch: MonkeyPatch) -> None:
    """Whether the kinds are installed is asked before the shape is judged.

    The order is that of two lines in `_Run.prepare_entry`, which is replaced.
    """

    def prepare_entry(run: Any, data: bytes | None, batch: Any) -> object:
        leaf, step = 0, None
        try:
            if data is None:
                raise NoUpdate("The log entry holds no update.")
            raw = replay.decode_update(data)
            first = raw.actions[0]
            leaf = (
                first.member.number if raw.is_leaf and hasattr(first, "member") else 0
            )
            replay.check_installed(raw, leaf, run._registry)
            leaf = replay.check_shape(raw, run._inbox_id)
            step = batch.add(replay.read_update(raw, leaf, run._registry))
        except IdentityError as error:
            step = error
        run._entries.append(replay._Prepared(leaf, step))
        return step

    patch.setattr(replay._Run, "prepare_entry", prepare_entry)


def leaf_numbers_in_actions(patch: MonkeyPatch) -> None:
    """Leaf kinds are added among the root's actions, as XMTP's guide has it."""
    check, read = shape._check_numbers, replay.read_update

    def check_numbers(raw: RawUpdate) -> None:
        try:
            check(raw)
        except LeafInActions:
            return

    def read_update(raw: RawUpdate, leaf: int, registry: Registry) -> Any:
        # So that a leaf's verifier is told whose signature it must be.
        return read(raw, leaf, registry)._replace(leaf=leaf or 1)

    patch.setattr(shape, "_check_numbers", check_numbers)
    patch.setattr(replay, "read_update", read_update)


def unavailable_alone(patch: MonkeyPatch) -> None:
    """A leaf update whose chain is away is passed over; its layer goes on."""
    patch.setattr(
        replay._Run,
        "_leave_out",
        lambda run, index, _leaf, error: run._unavailable(index, error),
    )


def unavailable_stops(patch: MonkeyPatch) -> None:
    """A leaf update whose chain is away stops the replay, as a root update does."""
    patch.setattr(
        replay._Run,
        "_leave_out",
        lambda run, index, _leaf, error: run._stop(index, error),
    )


MUTANTS: Final[Mapping[str, Mutant]] = {
    "one kind an update": several_kinds_an_update,
    "no root rule reads a layer": root_reads_layers,
    "no layer reads another": layers_read_each_other,
    "shape before registry": registry_before_shape,
    "leaf numbers have no place in actions": leaf_numbers_in_actions,
    "an unavailable leaf: as if without the plugin": unavailable_alone,
    "an unavailable leaf stops nothing": unavailable_stops,
}
"""By the rule that each breaks."""


def plugins_come_unnoticed(patch: MonkeyPatch) -> None:
    """A snapshot fits whatever leaf kinds are installed."""
    patch.setattr(
        Snapshot,
        "fits",
        lambda snapshot, registry: snapshot.roots == registry.root_records(),
    )


def removed_layers_stay(patch: MonkeyPatch) -> None:
    """A layer whose plugin is gone is kept for its return, with its record."""
    after = replay._Run.after.__func__
    result = replay._Run._snapshot

    def go_on(cls: Any, snapshot: Snapshot, registry: Registry) -> Any:
        run = after(cls, snapshot, registry)
        _KEPT[run._inbox_id] = {
            number: made
            for number, made in snapshot.layers.items()
            if number not in registry.by_member
        }
        return run

    def take(run: Any) -> Snapshot:
        snapshot: Snapshot = result(run)
        kept = _KEPT.pop(run._inbox_id, {})
        layers = {**kept, **snapshot.layers}
        object.__setattr__(snapshot, "layers", layers)
        return snapshot

    patch.setattr(replay._Run, "after", classmethod(go_on))
    patch.setattr(replay._Run, "_snapshot", take)


_KEPT: Final[dict[str, dict[int, Any]]] = {}


def revisions_pass_unnoticed(patch: MonkeyPatch) -> None:
    """A stored layer fits every implementation of its number."""

    def fits(snapshot: Snapshot, registry: Registry) -> bool:
        installed = {
            number for number in snapshot.named if number in registry.by_member
        }
        return snapshot.roots == registry.root_records() and installed <= set(
            snapshot.layers
        )

    patch.setattr(Snapshot, "fits", fits)


UPGRADE_MUTANTS: Final[Mapping[str, Mutant]] = {
    "adding a plugin replays the inboxes that name it": plugins_come_unnoticed,
    "removing a plugin takes its layer away": removed_layers_stay,
    "a new revision replays": revisions_pass_unnoticed,
}
"""Rules of upgrades, which the stateful machine guards."""
