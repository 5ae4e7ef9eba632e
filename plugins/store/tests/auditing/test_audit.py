"""What an audit finds, and what it leaves alone."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NoReturn

import pytest
from sqlalchemy import Executable, delete, insert, select, update
from tests.support.leaf_kinds import leaf_a, registry_with, root_registry
from tests.support.signers import Installation, smart_wallet
from tests.support.updates import Add

from xmtp_identity_store.auditing import (
    Audited,
    Stage,
    Verdict,
    begin,
    differences,
    outcome,
    replace,
)
from xmtp_identity_store.auditing.runs import Audit
from xmtp_identity_store.errors import AuditReplaced, AuditUnfinished
from xmtp_identity_store.keys import row_key
from xmtp_identity_store.schema import (
    addresses,
    audits,
    entries,
    inboxes,
    labels,
    layers,
    snapshots,
)
from xmtp_identity_store.store import Store
from xmtp_identity_store.upgrade import upgrade

from ..support import content, execute, few, fill, grow, owned, with_leaf
from .networks import make, registry, run, shadow

COUNT = 150


def last(store: Store) -> Audit:
    with store._database.reading() as connection:
        row = connection.execute(select(audits).order_by(audits.c.id.desc())).first()
    assert row is not None
    return Audit(*row)


def found(store: Store, verdict: Verdict = Verdict.DIFFERENT) -> dict[str, set[str]]:
    rows = differences(store._database, last(store).id, verdict)
    return {one.inbox_id: set(one.what) for one in rows}


def written_over(store: Store) -> Audited:
    replace(store._database, registry(), last(store))
    return outcome(store._database, last(store))


def test_a_store_that_is_up_to_date_is_found_to_be_so(target: str) -> None:
    make(target, COUNT)
    with Store.open(target) as store:
        before = content(store)
        done = run(store)
        assert (done.inboxes, done.compared) == (COUNT, COUNT)
        assert done.entries == done.applied + done.rejected
        assert done.rejected > 0
        assert done.is_clean
        assert done.stale == done.different == 0
        assert content(store) == before


def test_an_inbox_that_was_never_replayed_is_stale_and_not_different(
    path: str,
) -> None:
    make(path, 20, upgraded=False)
    with Store.open(path) as store:
        done = run(store)
        assert (done.stale, done.different, done.inboxes) == (20, 0, 20)
        assert written_over(store).stale == 20


@pytest.mark.parametrize("seed", range(3))
def test_broken_off_anywhere_and_gone_on_with_it_comes_to_the_same(
    target: str, seed: int
) -> None:
    """Each inbox is replayed once: the counts are those of an unbroken audit."""
    make(target, COUNT)
    with Store.open(target) as store:
        execute(
            store,
            update(addresses)
            .values(associated=99)
            .where(
                addresses.c.inbox.in_(
                    select(inboxes.c.id).order_by(inboxes.c.id).limit(7)
                )
            ),
        )
        unbroken = run(store)
        expected = shadow(store)
        chance = random.Random(seed)
        breaks = 0
        while True:
            left = chance.randrange(1, 40)

            def stop(_: Stage, __: Audited) -> None:
                nonlocal left
                left -= 1
                if not left:
                    raise ConnectionError

            try:
                done = run(store, report=stop)
            except ConnectionError:
                breaks += 1
                assert last(store).id == 2
            else:
                break
        assert breaks >= 2
        assert done == unbroken._replace(audit=2)
        assert shadow(store) == expected


Damage = Callable[[int], Executable]
DAMAGES: dict[str, tuple[str, Damage]] = {
    "a snapshot's byte": (
        "snapshot",
        lambda row: (
            update(snapshots).values(data=b"\x08\x01").where(snapshots.c.inbox == row)
        ),
    ),
    "no snapshot": (
        "snapshot",
        lambda row: delete(snapshots).where(snapshots.c.inbox == row),
    ),
    "an address that has gone": (
        "addresses",
        lambda row: delete(addresses).where(addresses.c.inbox == row),
    ),
    "an address that came": (
        "addresses",
        lambda row: insert(addresses).values(
            number=1, identifier="0x" + "1" * 40, inbox=row, associated=0, revoked=None
        ),
    ),
    "an address at another place": (
        "addresses",
        lambda row: update(addresses).values(revoked=1).where(addresses.c.inbox == row),
    ),
    "a label": (
        "labels",
        lambda row: insert(labels).values(
            inbox=row, position=0, outcome="rejected", code="bad_shape"
        ),
    ),
    "a layer": ("index", lambda row: insert(layers).values(inbox=row, number=777)),
    "how far it was replayed": (
        "index",
        lambda row: update(inboxes).values(replayed=0).where(inboxes.c.id == row),
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_found_and_only_replaced_when_that_is_asked_for(
    target: str, name: str
) -> None:
    what, damage = DAMAGES[name]
    make(target, 40)
    with Store.open(target) as store:
        sound = content(store)
        victim = sorted(store.inboxes(), key=row_key)[17]
        execute(store, damage(row_key(victim)))
        damaged = content(store)
        assert damaged != sound
        done = run(store)
        assert (done.different, done.is_clean) == (1, False)
        assert found(store) == {victim: {what}}
        assert content(store) == damaged
        done = written_over(store)
        assert (done.different, done.replaced, done.is_clean) == (0, 1, True)
        assert content(store) == sound
        assert run(store).is_clean


def test_a_snapshot_of_another_state_is_found(path: str) -> None:
    """Its checksum holds; only a replay can tell."""
    one, other = owned("one"), owned("one")
    one.append(Add(Installation("a"), one.owner))
    other.append(Add(Installation("b"), other.owner))
    with Store.open(path) as store, Store.open(f"{path}.2") as second:
        for where, inbox in ((store, one), (second, other)):
            fill(where, [inbox])
            upgrade(where, registry())
        forged = second.snapshot(one.inbox_id)
        assert forged is not None
        execute(store, update(snapshots).values(data=forged.data))
        assert run(store).different == 1
        assert found(store) == {one.inbox_id: {"snapshot"}}


def test_a_log_with_a_hole_is_found_and_stays_as_it_is(path: str) -> None:
    make(path, 20)
    with Store.open(path) as store:
        victim = next(store.inboxes())
        place = (entries.c.inbox == row_key(victim)) & (entries.c.position == 0)
        execute(store, delete(entries).where(place))
        assert run(store).different == 1
        assert found(store) == {victim: {"log"}}
        done = written_over(store)
        assert (done.different, done.replaced) == (1, 0)


def test_replacing_goes_on_with_the_audit_that_found_the_differences(
    path: str,
) -> None:
    make(path, 20)
    with Store.open(path) as store:
        execute(store, delete(addresses))
        assert run(store).different == 20
        assert run(store, replace=True).audit == 1
        assert written_over(store).replaced == 20
        assert run(store, replace=True).audit == 2


def test_logs_that_grow_meanwhile_are_no_differences(target: str) -> None:
    """Some are renewed at once, as a node does, and some wait for an upgrade."""
    make(target, COUNT)
    newcomers = [owned(f"new {number}") for number in range(20)]
    steps = 0

    with Store.open(target) as store:
        ids = list(store.inboxes())

        def meanwhile(stage: Stage, _: Audited) -> None:
            nonlocal steps
            steps += 1
            if steps in {20, 64 + 20}:
                for inbox_id in ids[steps % 3 :: 3]:
                    store.append(inbox_id, store.entries(inbox_id)[:1])
                upgrade(store, registry())
                for inbox_id in ids[::10]:
                    store.append(inbox_id, store.entries(inbox_id)[:1])
                fill(store, newcomers[:10] if steps == 20 else newcomers[10:])

        done = run(store, report=meanwhile)
        assert done.is_clean
        assert 0 < done.stale <= len(ids) + 20
        assert found(store) == {}
        upgrade(store, registry())
        done = run(store)
        assert (done.inboxes, done.is_clean, done.stale) == (COUNT + 20, True, 0)


def test_a_client_with_fewer_plugins_finds_nothing_wrong(target: str) -> None:
    with Store.open(target) as store:
        fill(store, few())
        upgrade(store, registry_with("testa", "testb"))
        assert run(store, root_registry()).is_clean
        assert run(store, registry_with("testa")).is_clean
        done = run(store, registry_with("testa", "testb"))
        assert (done.is_clean, done.stale) == (True, 0)


def test_what_a_plugin_that_came_would_change_is_stale(path: str) -> None:
    with Store.open(path) as store:
        fill(store, few())
        upgrade(store, root_registry())
        done = run(store, registry_with("testa"))
        assert (done.different, done.stale) == (0, 2)


def test_an_inbox_whose_chain_can_not_be_asked_is_not_called_sound(path: str) -> None:
    safe = owned("safe")
    safe.append(Add(smart_wallet("wallet"), safe.owner))
    with Store.open(path) as store:
        fill(store, [safe, owned("plain")])
        upgrade(store, root_registry())
        done = run(store, root_registry())
        assert (done.waiting, done.different, done.is_clean) == (1, 0, False)
        assert len(found(store, Verdict.WAITING)[safe.inbox_id]) == 1


def test_an_audit_is_by_the_same_plugins_to_its_end(path: str) -> None:
    def stop(_: Stage, __: Audited) -> NoReturn:
        raise ConnectionError

    with Store.open(path) as store:
        fill(store, [with_leaf("a", leaf_a("a"))])
        with pytest.raises(ConnectionError):
            run(store, root_registry(), report=stop)
        with pytest.raises(AuditUnfinished) as caught:
            run(store, registry_with("testa"))
        assert caught.value.code == "audit_unfinished"
        assert run(store, registry_with("testa"), anew=True).audit == 2


def test_an_audit_that_another_one_took_the_place_of_says_so(path: str) -> None:
    make(path, 20)
    with Store.open(path) as store:

        def begin_another(_: Stage, __: Audited) -> None:
            store._database.write(
                lambda c: begin(c, registry(), 64, anew=True, replace=False)
            )

        with pytest.raises(AuditReplaced) as caught:
            run(store, report=begin_another)
        assert caught.value.code == "audit_replaced"
        assert run(store).is_clean


def test_parts_may_be_many(path: str) -> None:
    make(path, 20)
    with Store.open(path) as store:
        expected = run(store)
        store._database.write(
            lambda c: begin(c, registry(), 1024, anew=True, replace=False)
        )
        assert run(store) == expected._replace(audit=2)


def test_a_log_that_grew_between_finding_and_replacing_is_replaced_whole(
    path: str,
) -> None:
    inbox = owned("one")
    with Store.open(path) as store:
        fill(store, [inbox])
        upgrade(store, registry())
        execute(store, delete(addresses))
        assert run(store).different == 1
        grow(store, inbox, inbox.update(Add(Installation("a"), inbox.owner)))
        assert written_over(store).replaced == 1
        assert len(store.associations(inbox.inbox_id)) == 2
        assert run(store).stale == 0
