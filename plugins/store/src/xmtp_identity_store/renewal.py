"""Bringing snapshots up to date: pure functions, for any process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from xmtp_identity.outcome import OutcomeKind
from xmtp_identity.protocol.shape import check_shape
from xmtp_identity.registry import record_of
from xmtp_identity.replay import ReplayResult, replay_batch, resume
from xmtp_identity.stored import (
    SnapshotMismatch,
    SnapshotTooLarge,
    StoredHead,
    UnusableSnapshot,
    dump,
    load,
    peek,
)
from xmtp_identity.wire.decode import decode_update

from .saving import Save

if TYPE_CHECKING:
    from xmtp_identity import Registry, Snapshot
    from xmtp_identity.kinds import Context

    from .store import Job

__all__ = ["Renewal", "renew", "save_of"]


class Renewal(NamedTuple):
    """What became of a job.

    save: what to write; None if the stored snapshot is up to date.
    replayed: whether the whole log was replayed, not only what was new.
    damaged: whether the stored snapshot was damaged, and so of no use.
    """

    save: Save | None
    replayed: bool = False
    damaged: bool = False


class _Known(NamedTuple):
    """What a job's stored snapshot is good for.

    head: what it says of itself; None if there is none that can be used.
    snapshot: the whole, where it fits.
    """

    head: StoredHead | None = None
    snapshot: Snapshot | None = None
    damaged: bool = False


def renew(
    jobs: Sequence[Job], registry: Registry, context: Context | None = None
) -> list[Renewal]:
    """Replay what came since each snapshot; the whole log where it does not fit.

    All whole logs are verified together. One renewal a job, in order.
    """
    known = [_known(job, registry) for job in jobs]
    whole = [
        (job.inbox_id, job.log)
        for job, one in zip(jobs, known, strict=True)
        if one.snapshot is None
    ]
    replayed = iter(replay_batch(whole, registry, context=context))
    renewals = []
    for job, one in zip(jobs, known, strict=True):
        if one.snapshot is None:
            result = next(replayed)
        elif one.snapshot.position < len(job.log):
            result = resume(one.snapshot, job.log, registry, context=context)
        else:
            renewals.append(Renewal(None))
            continue
        renewals.append(_renewal(job, one, result, registry))
    return renewals


def _known(job: Job, registry: Registry) -> _Known:
    if job.saved is None:
        return _Known()
    data = job.saved.data
    try:
        head = peek(data)
        if head.position > len(job.log):
            # It tells of a log that is not here any more.
            return _Known(damaged=True)
        return _Known(head, load(data, registry, job.inbox_id))
    except SnapshotMismatch:
        return _Known(head)
    except UnusableSnapshot:
        return _Known(damaged=True)


def _renewal(
    job: Job, known: _Known, result: ReplayResult, registry: Registry
) -> Renewal:
    version = None if job.saved is None else job.saved.version
    save = save_of(result, registry, version, log=job.log, before=known.head)
    return Renewal(save, known.snapshot is None, known.damaged)


def save_of(
    result: ReplayResult,
    registry: Registry,
    version: int | None,
    *,
    log: Sequence[bytes | None] = (),
    before: StoredHead | None = None,
) -> Save:
    """What to write of a replay, of a whole log or of its end, or of `admit`.

    version: of the stored snapshot; None if there is none.
    log: the log as far as it was replayed; it may be left out after `admit`.
    before: the head of the stored snapshot, if it can be read: it is not
        replaced by less than what it knew.
    """
    waits = None if result.cause is None else result.cause.code
    layers_wait = _left_out(log, result, registry)
    data = None
    if before is None or _is_no_less(result, before, registry):
        try:
            data = dump(_snapshot_of(result), registry)
        except SnapshotTooLarge as error:
            waits = error.code
    if data is None:
        waits = waits or next(iter(layers_wait.values()), None)
        return Save(result.inbox_id, version, None, waits)
    return Save(
        result.inbox_id,
        version,
        data,
        waits,
        layers_wait,
        _associations(result, registry),
        _labels(result),
        bool(result.outcomes) and result.outcomes[0].index == 0,
        _judged(result, registry),
    )


def _associations(
    result: ReplayResult, registry: Registry
) -> dict[tuple[int, str], tuple[int | None, int | None]]:
    return {
        (registry.by_name[identifier.kind].number, identifier.value): (
            association.associated,
            association.revoked,
        )
        for identifier, association in result.associations.items()
    }


def _labels(result: ReplayResult) -> dict[int, tuple[str, str]]:
    """What became of the entries that were not applied, without the one that
    the replay stopped before: it will be tried again."""
    return {
        outcome.index: (outcome.outcome.value, outcome.code)
        for outcome in result.outcomes
        if outcome.outcome is not OutcomeKind.APPLIED
        and outcome.index != result.stopped_at
    }


def _judged(result: ReplayResult, registry: Registry) -> frozenset[int]:
    """The numbers of all kinds but those whose layers were left out."""
    snapshot = _snapshot_of(result)
    return frozenset(
        number
        for number in registry.by_member
        if number not in snapshot.named or number in snapshot.layers
    )


def _snapshot_of(result: ReplayResult) -> Snapshot:
    """The snapshot that every result has but those of `replay_many`."""
    assert result.snapshot is not None  # noqa: S101 - for type checkers
    return result.snapshot


def _is_no_less(result: ReplayResult, head: StoredHead, registry: Registry) -> bool:
    """Whether a replay may replace a stored snapshot.

    Without its chain it may come to less: stop earlier, or leave a layer out.
    That is no reason to forget what was known.
    """
    snapshot = _snapshot_of(result)
    if snapshot.position < head.position:
        return False
    return head.roots != snapshot.roots or not any(
        number in registry.by_member
        and record == record_of(registry.by_member[number])
        and number not in snapshot.layers
        for number, record in head.layers.items()
    )


def _left_out(
    log: Sequence[bytes | None], result: ReplayResult, registry: Registry
) -> dict[int, str]:
    """The layers left out though their plugins are here, and for what: the
    code of the entry that could not be judged."""
    snapshot = _snapshot_of(result)
    if not any(
        number in registry.by_member and number not in snapshot.layers
        for number in snapshot.named
    ):
        return {}
    codes: dict[int, str] = {}
    for outcome in result.outcomes:
        update = log[outcome.index] if outcome.index < len(log) else None
        if (
            outcome.outcome is OutcomeKind.UNAVAILABLE
            and outcome.index != result.stopped_at
            and update is not None
        ):
            leaf = check_shape(decode_update(update), result.inbox_id)
            codes.setdefault(leaf, outcome.code)
    return codes
