"""Whether what a store serves of an inbox is what its log comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from xmtp_identity.outcome import OutcomeKind
from xmtp_identity.replay import replay_batch
from xmtp_identity.stored import StoredHead, UnusableSnapshot, dump, load, peek

from ..keys import is_indexable, row_key
from ..renewal import save_of
from ..saving import Save, kind_key
from ..schema import NOT_REPLAYED
from ..staleness import root_key
from .served import Served, Subject

if TYPE_CHECKING:
    from xmtp_identity import Registry
    from xmtp_identity.kinds import Context

__all__ = ["Judgement", "Verdict", "judge", "waiting"]

_Addresses = Mapping[tuple[int, str], tuple[int | None, int | None]]
_Labels = Mapping[int, tuple[str, str]]


class Verdict(StrEnum):
    """What is to be said of an inbox that is not simply as it should be.

    DIFFERENT: the store serves something else than the log comes to.
    WAITING: the replay needs a chain that could not be asked.
    STALE: what is served is right as far as it goes, or made by other plugins;
        `xid upgrade` brings it up to date.
    REPLACED: it was different, and was written over.
    """

    DIFFERENT = "different"
    WAITING = "waiting"
    STALE = "stale"
    REPLACED = "replaced"


class Judgement(NamedTuple):
    """What an inbox was found to be.

    verdict: None if it is as it should be.
    what: of a different one the parts that differ: ``log`` (not as long as its
        row says, or under another's key), ``snapshot``, ``index`` (what is found
        by index: how far it was replayed, by which plugins), ``addresses``,
        ``labels``. Of one that waits the code of the cause.
    """

    verdict: Verdict | None
    what: tuple[str, ...] = ()


def judge(
    some: Sequence[Subject], registry: Registry, context: Context | None = None
) -> list[Judgement]:
    """Compare what is served of each inbox with its log, replayed as far as its
    snapshot has seen it; all signatures are verified together."""
    early = [_before_replay(one, registry) for one in some]
    logs = [
        (one.inbox_id, one.log[: first.position])
        for one, first in zip(some, early, strict=True)
        if isinstance(first, StoredHead)
    ]
    results = iter(replay_batch(logs, registry, context=context))
    done = []
    for one, first in zip(some, early, strict=True):
        if isinstance(first, Judgement):
            done.append(first)
            continue
        result = next(results)
        save = save_of(result, registry, None, log=one.log[: first.position])
        done.append(_compare(one, first, save, registry))
    return done


def waiting(save: Save) -> Judgement:
    """What is to be said where a replay could not be finished."""
    causes = {save.waits, *save.layers_wait.values()} - {None}
    return Judgement(Verdict.WAITING, tuple(sorted(map(str, causes))))


def _before_replay(one: Subject, registry: Registry) -> StoredHead | Judgement:
    """The head of a snapshot that a replay can be compared with."""
    served = one.served
    if len(one.log) != served.entries or row_key(one.inbox_id) != one.row:
        return Judgement(Verdict.DIFFERENT, ("log",))
    if served.data is None:
        if served.replayed == NOT_REPLAYED:
            return Judgement(Verdict.STALE)
        return Judgement(Verdict.DIFFERENT, ("snapshot",))
    try:
        head = peek(served.data)
    except UnusableSnapshot:
        return Judgement(Verdict.DIFFERENT, ("snapshot",))
    if head.inbox_id != one.inbox_id or head.position > len(one.log):
        return Judgement(Verdict.DIFFERENT, ("snapshot",))
    return head if head.fits(registry) else Judgement(Verdict.STALE)


def _compare(
    one: Subject, head: StoredHead, save: Save, registry: Registry
) -> Judgement:
    if save.data is None or not save.is_final:
        return waiting(save)
    served = one.served
    same = {
        "snapshot": _is_same_snapshot(one, save.data, registry),
        "index": _is_same_index(served, head),
        "addresses": _addresses(served.addresses, save)
        == _addresses(save.associations, save),
        "labels": _labels(served.labels, head, save, registry)
        == _labels(save.labels, head, save, registry),
    }
    what = tuple(name for name, is_same in same.items() if not is_same)
    if what:
        return Judgement(Verdict.DIFFERENT, what)
    is_behind = head.position < len(one.log)
    return Judgement(Verdict.STALE if is_behind else None)


def _is_same_snapshot(one: Subject, data: bytes, registry: Registry) -> bool:
    stored = one.served.data
    if stored is None or stored == data:
        return stored == data
    try:
        # Layers of plugins that are not here can't be judged, and are left out.
        return dump(load(stored, registry, one.inbox_id), registry) == data
    except UnusableSnapshot:
        return False


def _is_same_index(served: Served, head: StoredHead) -> bool:
    makers = {number: kind for number, (kind, _) in served.layers.items()}
    return (
        served.replayed == head.position
        and served.roots == row_key(root_key(head.roots))
        and makers
        == {
            number: kind_key(number, *head.layers[number])
            if number in head.layers
            else None
            for number in head.named
        }
    )


def _addresses(rows: _Addresses, save: Save) -> _Addresses:
    """Those of the kinds that are here; others are not known to be wrong."""
    return {
        (number, identifier): when
        for (number, identifier), when in rows.items()
        if number in save.kinds and is_indexable(identifier)
    }


def _labels(rows: _Labels, head: StoredHead, save: Save, registry: Registry) -> _Labels:
    """Without the entries that another client, with more plugins, could judge."""
    if head.layers.keys() <= registry.by_member.keys():
        return rows
    return {
        position: label
        for position, label in rows.items()
        if save.labels.get(position, ("", ""))[0] != OutcomeKind.DISCARDED
    }
