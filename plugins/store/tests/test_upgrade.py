"""Upgrading: what has to be replayed and nothing else, and nothing forgotten."""

from __future__ import annotations

import os
import signal
import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from typing import NoReturn

import pytest
from sqlalchemy import delete, update
from tests.support.chain import StubChain
from tests.support.leaf_kinds import (
    TESTA,
    leaf_a,
    leaf_chain,
    registry_with,
    root_registry,
)
from tests.support.signers import Installation, smart_wallet
from tests.support.updates import Add

from xmtp_identity import Registry
from xmtp_identity.errors import BadInput
from xmtp_identity.stored import SnapshotOfAnotherInbox, peek
from xmtp_identity_store import upgrade as upgrade_module
from xmtp_identity_store.errors import NoSuchInbox, ProcessLost
from xmtp_identity_store.renewal import renew
from xmtp_identity_store.saving import Save
from xmtp_identity_store.schema import entries, feed, inboxes
from xmtp_identity_store.staleness import Why
from xmtp_identity_store.store import Store
from xmtp_identity_store.upgrade import Upgraded, upgrade
from xmtp_identity_store.workers import workers

from .support import (
    check_up_to_date,
    content,
    execute,
    few,
    fill,
    grow,
    owned,
    with_leaf,
)

UP = {"ethereum": StubChain(), "testchain": {leaf_chain("c").value: True}}


def waiting(store: Store, registry: Registry) -> list[Why]:
    return [reason.why for one in store.stale(registry) for reason in one.reasons]


def test_only_what_is_stale_is_replayed_and_only_as_far_as_it_is(store: Store) -> None:
    inboxes = few()
    fill(store, inboxes)
    assert upgrade(store, root_registry()) == Upgraded(replayed=5)
    assert upgrade(store, root_registry()) == Upgraded()
    assert upgrade(store, registry_with("testa")) == Upgraded(replayed=2)
    grow(store, inboxes[0], None)
    grow(store, inboxes[4], None)
    registry = registry_with("testa", "testb")
    assert upgrade(store, registry) == Upgraded(replayed=2, resumed=1)
    assert upgrade(store, registry) == Upgraded()
    check_up_to_date(store, registry)


def test_several_processes_come_to_the_same(path: str) -> None:
    registry = registry_with("testa", "testb")
    inboxes = [with_leaf(str(n), leaf_a(str(n))) for n in range(300)] + few()
    contents = []
    for processes in (1, 2):
        name = f"{path}.{processes}"
        with Store.open(name) as store:
            fill(store, inboxes)
            done = upgrade(store, registry, processes=processes)
            assert done == Upgraded(replayed=305)
            check_up_to_date(store, registry)
            contents.append(content(store))
    assert contents[0] == contents[1]


def test_the_counts_are_told_as_it_goes(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upgrade_module, "_PIECE_ENTRIES", 2)
    fill(store, few())
    told: list[int] = []
    upgrade(store, root_registry(), report=lambda done: told.append(done.inboxes))
    assert told == sorted(set(told))
    assert told[0] <= 2
    assert told[-1] == 5


def test_memory_does_not_grow_with_the_number_of_inboxes(path: str) -> None:
    def peak(count: int) -> int:
        with Store.open(f"{path}.{count}") as store:
            for start in range(0, count, 200):
                numbers = range(start, start + 200)
                fill(store, [owned(str(number)) for number in numbers])
            tracemalloc.start()
            upgrade(store, root_registry())
            used = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        return used

    peak(400)  # whatever loads on first use
    assert peak(2000) < 1.2 * peak(600)


# What needs a chain


def test_a_replay_that_stops_keeps_what_it_came_to_and_goes_on_later(
    store: Store,
) -> None:
    inbox, registry = owned("owner"), root_registry()
    inbox.append(Add(smart_wallet("safe"), inbox.owner))
    inbox.append(Add(Installation("app"), inbox.owner))
    fill(store, [inbox])
    assert upgrade(store, registry) == Upgraded(replayed=1, waiting=1)
    saved = store.snapshot(inbox.inbox_id)
    assert saved is not None
    assert (peek(saved.data).position, saved.waits) == (1, "chain_unavailable")
    assert upgrade(store, registry) == Upgraded(resumed=1, waiting=1)
    assert upgrade(store, registry, context=UP) == Upgraded(resumed=1)
    check_up_to_date(store, registry, UP)


def test_a_replay_that_stops_early_does_not_replace_what_was_known(
    store: Store,
) -> None:
    """A root kind changed, so all has to be replayed, and the chain is away."""
    inbox, registry = owned("owner"), root_registry()
    inbox.append(Add(smart_wallet("safe"), inbox.owner))
    fill(store, [inbox])
    upgrade(store, registry, context=UP)
    before = store.snapshot(inbox.inbox_id)
    assert before is not None
    newer = Registry([replace(kind, revision=2) for kind in registry.kinds])
    assert upgrade(store, newer) == Upgraded(replayed=1, waiting=1)
    after = store.snapshot(inbox.inbox_id)
    assert after == before._replace(waits="chain_unavailable")
    assert waiting(store, newer) == [Why.WAITING, Why.ROOT_KINDS]
    assert upgrade(store, newer, context=UP) == Upgraded(replayed=1)
    check_up_to_date(store, newer, UP)


def test_a_layer_is_not_lost_while_its_chain_is_away(store: Store) -> None:
    inbox, registry = with_leaf("owner", leaf_chain("c")), registry_with("testchain")
    fill(store, [inbox])
    upgrade(store, registry, context=UP)
    again = inbox.update(Add(leaf_chain("c"), inbox.owner), leaf=True)
    grow(store, inbox, again)
    before = store.snapshot(inbox.inbox_id)
    assert before is not None
    assert upgrade(store, registry) == Upgraded(resumed=1, waiting=1)
    assert store.snapshot(inbox.inbox_id) == before._replace(waits="chain_unavailable")
    assert upgrade(store, registry, context=UP) == Upgraded(resumed=1)
    check_up_to_date(store, registry, UP)


def test_a_layer_is_not_lost_to_another_plugin_that_comes(store: Store) -> None:
    inbox = with_leaf("owner", leaf_chain("c"))
    inbox.append_leaf(Add(leaf_a("a"), inbox.owner))
    fill(store, [inbox])
    upgrade(store, registry_with("testchain"), context=UP)
    registry = registry_with("testchain", "testa")
    assert upgrade(store, registry) == Upgraded(replayed=1, waiting=1)
    saved = store.snapshot(inbox.inbox_id)
    assert saved is not None
    assert set(peek(saved.data).layers) == {1002}
    assert waiting(store, registry) == [Why.WAITING, Why.KIND_ADDED]
    assert upgrade(store, registry, context=UP) == Upgraded(replayed=1)
    check_up_to_date(store, registry, UP)


def test_what_no_plugin_made_gives_way_to_what_can_be_known(store: Store) -> None:
    """The layer was made by another revision: nothing is lost with it."""
    inbox = with_leaf("owner", leaf_chain("c"))
    inbox.append_leaf(Add(leaf_a("a"), inbox.owner))
    fill(store, [inbox])
    older = registry_with("testchain")
    upgrade(store, older, context=UP)
    newer = Registry(
        [
            *root_registry().kinds,
            TESTA,
            replace(older.kind("testchain"), revision=2),
        ]
    )
    assert upgrade(store, newer) == Upgraded(replayed=1, waiting=1)
    saved = store.snapshot(inbox.inbox_id)
    assert saved is not None
    assert set(peek(saved.data).layers) == {1000}
    assert waiting(store, newer) == [Why.WAITING]
    assert upgrade(store, newer, context=UP) == Upgraded(replayed=1)
    check_up_to_date(store, newer, UP)


# Others at work


def test_a_snapshot_is_written_only_over_the_one_it_was_made_from(
    store: Store,
) -> None:
    registry, inbox = root_registry(), owned("owner")
    fill(store, [inbox])
    jobs = store.jobs(list(store.stale(registry)))
    (late,) = renew(jobs, registry)
    assert late.save is not None
    grow(store, inbox, None)
    upgrade(store, registry)
    before = store.snapshot(inbox.inbox_id)
    assert store.save([late.save]) == [False]
    assert store.snapshot(inbox.inbox_id) == before
    (note,) = [replace(late.save, data=None, waits="late")]
    assert store.save([note]) == [False]
    assert store.snapshot(inbox.inbox_id) == before


def test_what_another_process_upgraded_first_is_skipped(
    target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = registry_with("testa")
    monkeypatch.setattr(upgrade_module, "_PIECE_ENTRIES", 2)
    with Store.open(target) as store, Store.open(target) as other:
        fill(store, [with_leaf(str(n), leaf_a(str(n))) for n in range(6)])
        others: list[Upgraded] = []

        def meanwhile(_: Upgraded) -> None:
            if not others:
                others.append(upgrade(other, registry))

        done = upgrade(store, registry, report=meanwhile)
        assert others == [Upgraded(replayed=5)]
        assert done == Upgraded(replayed=1, skipped=5)
        check_up_to_date(store, registry)


def test_a_log_that_grows_meanwhile_is_stale_again(store: Store) -> None:
    registry, inbox = root_registry(), owned("owner")
    fill(store, [inbox])
    jobs = store.jobs(list(store.stale(registry)))
    grow(store, inbox, None)
    (renewal,) = renew(jobs, registry)
    assert renewal.save is not None
    assert store.save([renewal.save]) == [True]
    assert waiting(store, registry) == [Why.NEW_ENTRIES]
    assert upgrade(store, registry) == Upgraded(resumed=1)
    check_up_to_date(store, registry)


def test_a_save_of_what_is_no_snapshot_writes_nothing(store: Store) -> None:
    registry, inboxes = root_registry(), [owned("1"), owned("2")]
    fill(store, inboxes)
    jobs = store.jobs(list(store.stale(registry)))
    good, other = (one.save for one in renew(jobs, registry))
    assert good is not None
    assert other is not None
    faults: Sequence[tuple[Save, type[BadInput]]] = [
        (replace(other, data=good.data), SnapshotOfAnotherInbox),
        (replace(other, data=b"none"), BadInput),
        (replace(other, inbox_id="nobody"), NoSuchInbox),
    ]
    for fault, error in faults:
        with pytest.raises(error):
            store.save([good, fault])
    assert [store.snapshot(inbox.inbox_id) for inbox in inboxes] == [None, None]
    assert store.save([]) == []
    assert store.save([good, other, good]) == [True, True, False]


def test_a_snapshot_of_entries_that_are_gone_is_made_anew(store: Store) -> None:
    inbox, registry = owned("owner"), root_registry()
    inbox.push(None)
    fill(store, [inbox])
    upgrade(store, registry)
    for table in (feed, entries):
        execute(store, delete(table).where(table.c.position == 1))
    execute(store, update(inboxes).values(entries=1))
    assert upgrade(store, registry) == Upgraded(replayed=1, damaged=1)
    check_up_to_date(store, registry)


# Processes that end


def test_a_process_that_is_killed_is_an_error_that_says_so(store: Store) -> None:
    fill(store, few())
    jobs = store.jobs(list(store.stale(root_registry())))
    kill = replace(TESTA, decode=_kill)
    registry = Registry([*root_registry().kinds, kill])
    with pytest.raises(ProcessLost) as caught, workers(registry, None, 2) as submit:
        submit(jobs)()
    assert caught.value.retryable
    assert all(store.snapshot(inbox_id) is None for inbox_id in store.inboxes())


def _kill(_: bytes) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError
