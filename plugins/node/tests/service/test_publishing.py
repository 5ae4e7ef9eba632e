"""Publishing: what is taken, what is refused, and in which order."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from tests.support.leaf_kinds import leaf_a
from tests.support.signers import Installation, Wallet
from tests.support.updates import SECOND, Add, Change, Create, Revoke, write

from xmtp_identity.admission import MAX_UPDATE_BYTES
from xmtp_identity_node.service.limits import Limits
from xmtp_identity_node.service.service import Service
from xmtp_identity_store.store import Entry, Store

from .support import check_consistent, creation, inbox_of, refused, serving


@pytest.fixture
def store(target: str) -> Iterator[Store]:
    """A new store on each database in turn."""
    with Store.open(target) as opened:
        yield opened


def test_a_published_update_is_in_the_log_with_rising_numbers(store: Store) -> None:
    inbox = inbox_of("alice")
    second = inbox.update(Add(Installation("app"), inbox.owner))

    async def work(service: Service) -> None:
        first_done = await service.publish(creation(inbox))
        second_done = await service.publish(second)
        assert 0 < first_done.sequence_id < second_done.sequence_id
        assert first_done.server_timestamp_ns <= second_done.server_timestamp_ns
        (log,) = await service.updates([(inbox.inbox_id, 0)])
        assert [entry.update for entry in log] == [creation(inbox), second]
        (rest,) = await service.updates([(inbox.inbox_id, first_done.sequence_id)])
        assert [entry.sequence_id for entry in rest] == [second_done.sequence_id]

    serving(store, work)
    check_consistent(store)


def test_an_update_that_comes_again_is_acknowledged_and_not_written_again(
    store: Store,
) -> None:
    """A client that lost the answer sends the same bytes once more."""
    inbox = inbox_of("alice")
    updates = [
        creation(inbox),
        inbox.update(Add(Installation("app"), inbox.owner)),
        inbox.update(Revoke(Installation("app"), inbox.owner)),
    ]

    async def work(service: Service) -> None:
        first = [await service.publish(update) for update in updates]
        again = [await service.publish(update) for update in updates]
        assert [one.sequence_id for one in again] == [one.sequence_id for one in first]

    serving(store, work)
    assert store.log(inbox.inbox_id) == updates


def test_the_same_actions_in_other_bytes_are_refused(store: Store) -> None:
    inbox = inbox_of("alice")
    unknown_field = b"\xf8\x07\x01"  # number 127, a varint

    async def work(service: Service) -> None:
        await service.publish(creation(inbox))
        again = creation(inbox) + unknown_field
        assert await refused(service.publish(again)) == "multiple_create"

    serving(store, work)
    assert store.log(inbox.inbox_id) == [creation(inbox)]


def test_concurrent_updates_of_one_inbox_are_taken_one_by_one(store: Store) -> None:
    inbox = inbox_of("alice")
    updates = [
        inbox.update(Add(Installation(f"app {number}"), inbox.owner))
        for number in range(20)
        if inbox.push(None)  # another second, so that the text is another one
    ]

    async def work(service: Service) -> None:
        await service.publish(creation(inbox))
        done = await asyncio.gather(*map(service.publish, updates))
        assert len({one.sequence_id for one in done}) == len(updates)

    serving(store, work)
    assert set(store.log(inbox.inbox_id)) == {creation(inbox), *updates}
    check_consistent(store)


def test_two_updates_of_which_one_excludes_the_other_are_not_both_taken(
    store: Store,
) -> None:
    inbox = inbox_of("alice")
    other = Wallet("bob")
    rivals = [
        inbox.update(Change(other, inbox.owner)),
        write(
            inbox.inbox_id,
            Change(Wallet("carol"), inbox.owner),
            time_ns=inbox.time_ns + SECOND,
        ),
    ]

    async def work(service: Service) -> None:
        await service.publish(creation(inbox))
        results = await asyncio.gather(
            *map(service.publish, rivals), return_exceptions=True
        )
        assert sum(isinstance(one, Exception) for one in results) == 1

    serving(store, work)
    check_consistent(store)


def test_many_inboxes_are_published_to_at_once(store: Store) -> None:
    inboxes = [inbox_of(f"owner {number}") for number in range(40)]

    async def work(service: Service) -> None:
        await asyncio.gather(*(service.publish(creation(one)) for one in inboxes))
        assert service.publishing == 0
        assert service.cached[0] == len(inboxes)

    serving(store, work)
    assert store.count() == len(inboxes)
    check_consistent(store)


def test_an_owner_of_another_inbox_can_not_create_one(store: Store) -> None:
    first, second = inbox_of("alice"), inbox_of("alice", nonce=1)

    async def work(service: Service) -> None:
        await service.publish(creation(first))
        assert await refused(service.publish(creation(second))) == "owner_taken"
        assert await service.updates([(second.inbox_id, 0)]) == [[]]

    serving(store, work)


def test_an_owner_that_was_revoked_elsewhere_can_create_an_inbox(store: Store) -> None:
    first, second = inbox_of("alice"), inbox_of("bob")
    alice, bob = first.owner, second.owner
    updates = [creation(first)]
    for action in (Add(bob, alice), Revoke(bob, alice)):
        updates.append(first.update(action))
        first.push(updates[-1])

    async def work(service: Service) -> None:
        await service.publish(updates[0])
        await service.publish(updates[1])
        assert await refused(service.publish(creation(second))) == "owner_taken"
        await service.publish(updates[2])
        await service.publish(creation(second))

    serving(store, work)


def test_the_owner_counts_where_the_log_holds_entries_and_no_inbox(
    store: Store,
) -> None:
    first, second = inbox_of("alice"), inbox_of("alice", nonce=1)
    junk = second.update(Add(Wallet("bob"), second.owner))
    store.append(second.inbox_id, [Entry(junk)])

    async def work(service: Service) -> None:
        await service.publish(creation(first))
        assert await refused(service.publish(creation(second))) == "owner_taken"

    serving(store, work)


def test_rival_creations_by_one_owner_leave_one_inbox(store: Store) -> None:
    rivals = [inbox_of("alice", nonce) for nonce in range(5)]

    async def work(service: Service) -> None:
        results = await asyncio.gather(
            *(service.publish(creation(one)) for one in rivals),
            return_exceptions=True,
        )
        codes = [getattr(one, "code", None) for one in results]
        assert sorted(map(str, codes)) == ["None"] + ["owner_taken"] * 4

    serving(store, work)
    assert store.count() == 1


@pytest.mark.parametrize(
    ("update", "code"),
    [
        (b"", "wrong_inbox_id"),
        (b"\xff", "undecodable"),
        (b"\x1a\x05hello", "wrong_inbox_id"),
        (b"\x1a\x40" + b"0" * 64, "no_actions"),
        (bytes(MAX_UPDATE_BYTES + 1), "update_too_large"),
    ],
)
def test_what_is_no_update_is_refused(store: Store, update: bytes, code: str) -> None:
    async def work(service: Service) -> None:
        assert await refused(service.publish(update)) == code

    serving(store, work)
    assert store.count() == 0


def test_an_update_of_a_kind_that_is_missing_names_the_package(store: Store) -> None:
    inbox = inbox_of("alice")
    leaf = write(
        inbox.inbox_id,
        Add(leaf_a("x"), inbox.owner),
        time_ns=inbox.time_ns,
        leaf=True,
    )

    async def work(service: Service) -> None:
        await service.publish(creation(inbox))
        assert await refused(service.publish(leaf)) == "kind_not_installed"

    serving(store, work)


def test_a_snapshot_that_lags_behind_is_renewed_before_it_is_admitted_on(
    store: Store,
) -> None:
    inbox = inbox_of("alice")
    inbox.append(Add(Wallet("bob"), inbox.owner))
    store.append(inbox.inbox_id, [Entry(one) for one in inbox.log])
    update = inbox.update(Add(Installation("app"), Wallet("bob")))

    async def work(service: Service) -> None:
        await service.publish(update)

    serving(store, work)
    check_consistent(store)


def test_what_another_node_wrote_counts(store: Store) -> None:
    inbox = inbox_of("alice")
    bob = Wallet("bob")
    added = inbox.update(Add(bob, inbox.owner))
    inbox.push(added)
    by_bob = inbox.update(Add(Installation("app"), bob))
    again = write(inbox.inbox_id, Create(inbox.owner), time_ns=inbox.time_ns)

    async def other(service: Service) -> None:
        await service.publish(added)

    async def work(service: Service) -> None:
        await service.publish(creation(inbox))
        two = Service(store, service._registry)
        try:
            await two.publish(added)
        finally:
            await two.close()
        # This service has the state before that in memory.
        await service.publish(by_bob)
        assert await refused(service.publish(again)) == "multiple_create"

    serving(store, work)
    check_consistent(store)


def test_a_mirror_takes_no_updates(store: Store) -> None:
    async def work(service: Service) -> None:
        inbox = inbox_of("alice")
        assert await refused(service.publish(creation(inbox))) == "read_only"
        assert await refused(service.put_key_package(bytes(32), b"x")) == "read_only"

    serving(store, work, limits=Limits(read_only=True))


def test_more_than_may_wait_is_refused_at_once(store: Store) -> None:
    inboxes = [inbox_of(f"owner {number}") for number in range(5)]

    async def work(service: Service) -> None:
        results = await asyncio.gather(
            *(service.publish(creation(one)) for one in inboxes),
            return_exceptions=True,
        )
        codes = [getattr(one, "code", "") for one in results]
        assert codes == ["", "", "overloaded", "overloaded", "overloaded"]
        # Room is there again.
        await service.publish(creation(inboxes[-1]))

    serving(store, work, limits=Limits(publishes=2))


def test_one_inbox_can_not_take_all_places(store: Store) -> None:
    inbox, other = inbox_of("alice"), inbox_of("bob")

    async def work(service: Service) -> None:
        results = await asyncio.gather(
            *(service.publish(creation(inbox)) for _ in range(6)),
            service.publish(creation(other)),
            return_exceptions=True,
        )
        codes = [getattr(one, "code", "") for one in results]
        assert codes.count("overloaded") == 4
        assert codes[-1] == ""

    serving(store, work, limits=Limits(publishes_an_inbox=2))


def test_close_finishes_what_waits_and_takes_no_more(store: Store) -> None:
    inboxes = [inbox_of(f"owner {number}") for number in range(10)]

    async def work(service: Service) -> None:
        tasks = [asyncio.ensure_future(service.publish(creation(o))) for o in inboxes]
        await asyncio.sleep(0)
        await service.close()
        assert {(await one).version for one in tasks} == {1}
        assert await refused(service.publish(creation(inbox_of("late")))) == "closing"
        assert await refused(service.inbox_ids([(1, "0x")])) == "closing"

    serving(store, work)
    assert store.count() == len(inboxes)
