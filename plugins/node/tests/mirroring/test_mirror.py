"""Following a node: all is taken, verified, labelled, and contradictions not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.leaf_kinds import leaf_a
from tests.support.signers import Installation, Wallet
from tests.support.updates import Add, Inbox

from xmtp_identity.errors import BadInput, IdentityError
from xmtp_identity_node.mirroring.errors import NoFeed
from xmtp_identity_node.mirroring.mirror import Mirror
from xmtp_identity_node.mirroring.taking import Came, Label, Taken, Taker
from xmtp_identity_node.service.limits import Limits
from xmtp_identity_store.store import Entry, Store

from .support import REGISTRY, mirrored, put

FEW = Limits(follow_batch=2, follow_poll_seconds=0.05)


@pytest.fixture
def source(tmp_path: Path) -> str:
    """The store of the node that is followed."""
    return str(tmp_path / "source.db")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """The store of the mirror."""
    with Store.open(str(tmp_path / "mirror.db")) as opened:
        yield opened


def odd() -> Inbox:
    """A log of which half is not applied."""
    inbox = Inbox(Wallet("odd"))
    inbox.push(inbox.update(Add(Wallet("bob"), Wallet("stranger"))))
    inbox.push(None)
    inbox.append_leaf(Add(leaf_a("x"), inbox.owner))
    inbox.append(Add(Wallet("bob"), inbox.owner))
    return inbox


def few(count: int = 5) -> list[Inbox]:
    inboxes = [Inbox(Wallet(f"owner {number}")) for number in range(count)]
    for inbox in inboxes:
        inbox.append(Add(Installation("app"), inbox.owner))
    return inboxes


def fill(path: str, *inboxes: Inbox) -> None:
    with Store.open(path) as opened:
        put(opened, *inboxes)


def served(path: str | Store, inbox: Inbox) -> list[Entry]:
    if isinstance(path, Store):
        return path.updates([(inbox.inbox_id, 0)], max_bytes=1 << 30)[0]
    with Store.open(path) as opened:
        return served(opened, inbox)


def test_a_mirror_serves_the_same_with_the_same_numbers(
    source: str, store: Store
) -> None:
    inboxes = [odd(), *few()]
    fill(source, *inboxes)
    told = mirrored(source, store, limits=FEW)
    for inbox in inboxes:
        assert store.log(inbox.inbox_id) == inbox.log
        assert served(store, inbox) == served(source, inbox)
    assert told.all.entries == sum(len(one.log) for one in inboxes)
    assert told.troubles == []
    assert store.count_stale(REGISTRY) == 0


def test_what_is_not_applied_is_labelled_in_its_place(
    source: str, store: Store
) -> None:
    inbox = odd()
    fill(source, inbox)
    told = mirrored(source, store)
    labels = {
        1: ("rejected", "not_a_member"),
        2: ("rejected", "no_update"),
        3: ("discarded", "kind_not_installed"),
    }
    assert store.labels(inbox.inbox_id) == labels
    assert told.all.labels == [
        Label(inbox.inbox_id, position, *label) for position, label in labels.items()
    ]
    assert store.inbox_ids([(1, Wallet("bob").value)]) == [inbox.inbox_id]


def test_a_mirror_goes_on_where_it_stopped(source: str, store: Store) -> None:
    first, *rest = few()
    fill(source, first)
    mirrored(source, store)
    cursor = store.note("mirror test")
    fill(source, *rest)
    told = mirrored(source, store)
    assert told.all.entries == sum(len(one.log) for one in rest)
    assert store.note("mirror test") != cursor
    assert mirrored(source, store).all == Taken()


def test_a_mirror_that_was_killed_takes_nothing_twice(
    source: str, store: Store
) -> None:
    inboxes = few()
    fill(source, *inboxes)
    mirrored(source, store)
    # As if it had ended before it could keep the cursor.
    store.set_note("mirror test", "")
    told = mirrored(source, store, limits=FEW)
    assert told.all.entries == 0
    assert told.troubles == []
    assert [store.log(one.inbox_id) for one in inboxes] == [one.log for one in inboxes]


def test_entries_that_were_stored_and_not_judged_are_judged(
    source: str, store: Store
) -> None:
    inbox = odd()
    fill(source, inbox)
    store.append(inbox.inbox_id, served(source, inbox))
    mirrored(source, store)
    assert len(store.labels(inbox.inbox_id)) == 3
    assert store.count_stale(REGISTRY) == 0


def test_a_log_that_was_rewritten_is_reported_and_not_taken(
    source: str, store: Store
) -> None:
    victim, other = few(2)
    before = Inbox(victim.owner)
    before.append(Add(Installation("another app"), before.owner))
    put(store, before)
    victim.append(Add(Installation("third app"), victim.owner))
    fill(source, victim, other)
    told = mirrored(source, store)
    assert told.troubles == [(victim.inbox_id, "log_rewritten")]
    assert store.log(victim.inbox_id) == before.log
    assert store.log(other.inbox_id) == other.log


def test_a_log_that_was_shortened_is_found_by_a_check(
    source: str, store: Store
) -> None:
    inbox, other = few(2)
    fill(source, inbox, other)
    inbox.append(Add(Installation("lost app"), inbox.owner))
    put(store, inbox)
    told = mirrored(source, store, lambda mirror: mirror.check())
    assert told.troubles == [(inbox.inbox_id, "log_shortened")]
    assert store.log(inbox.inbox_id) == inbox.log


def test_a_feed_that_began_anew_is_compared_from_its_beginning(
    source: str, tmp_path: Path, store: Store
) -> None:
    inboxes = few()
    fill(source, *inboxes)
    mirrored(source, store)
    again = str(tmp_path / "again.db")
    new = Inbox(Wallet("new"))
    fill(again, inboxes[0], new)
    told = mirrored(again, store)
    assert told.failures == ["node_error"]
    assert store.log(new.inbox_id) == new.log
    assert told.troubles == []


def test_a_node_without_a_stream_is_polled_for_inboxes(
    source: str, store: Store
) -> None:
    inboxes = [odd(), *few()]
    fill(source, *inboxes)
    ids = [one.inbox_id for one in inboxes]
    told = mirrored(source, store, lambda mirror: mirror.poll(ids, once=True))
    assert told.all.entries == sum(len(one.log) for one in inboxes)
    assert len(told.all.labels) == len(store.labels(ids[0])) == 3
    for inbox in inboxes:
        assert store.log(inbox.inbox_id) == inbox.log
        assert served(store, inbox) == served(source, inbox)
    again = mirrored(source, store, lambda mirror: mirror.poll(ids, once=True))
    assert again.all == Taken()


def test_polling_reports_what_contradicts(source: str, store: Store) -> None:
    victim, other = few(2)
    before = Inbox(victim.owner)
    before.append(Add(Installation("another app"), before.owner))
    put(store, before)
    fill(source, victim, other)
    ids = [victim.inbox_id, other.inbox_id]
    told = mirrored(source, store, lambda mirror: mirror.poll(ids, once=True))
    assert told.troubles == [(victim.inbox_id, "log_rewritten")]
    assert store.log(victim.inbox_id) == before.log
    assert store.log(other.inbox_id) == other.log


def test_a_node_that_is_away_is_tried_again_and_then_given_up(
    source: str, store: Store
) -> None:
    def run(mirror: Mirror) -> None:
        with pytest.raises(IdentityError) as caught:
            mirror.follow()
        assert caught.value.code == "node_unavailable"

    told = mirrored(source, store, run, port=1)
    assert told.failures == ["node_unavailable"] * 2


def test_what_is_no_inbox_id_is_not_asked_for(source: str, store: Store) -> None:
    def run(mirror: Mirror) -> None:
        with pytest.raises(BadInput):
            mirror.poll(["nonsense"], once=True)

    mirrored(source, store, run)


def test_a_gap_is_seen_and_nothing_behind_it_is_taken(store: Store) -> None:
    (inbox,) = few(1)
    taker = Taker(store, REGISTRY, {}, "http://node")
    taken = taker.take([Came(inbox.inbox_id, 1, Entry(inbox.log[1]))])
    assert taken.gaps == [inbox.inbox_id]
    assert taken.entries == 0
    assert store.count() == 0


def test_a_log_without_end_is_not_taken(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xmtp_identity_node.mirroring.taking.MAX_ENTRIES", 300)
    inbox = Inbox(Wallet("owner"))
    taker = Taker(store, REGISTRY, {}, "http://node")
    came = [
        Came(inbox.inbox_id, position, Entry(b"x", position + 1))
        for position in range(301)
    ]
    assert taker.take(came[:300]).entries == 300
    taken = taker.take(came[300:])
    assert [one.error.code for one in taken.troubles] == ["node_answer"]
    assert len(store.log(inbox.inbox_id)) == 300


def test_a_node_of_xmtp_has_no_feed(store: Store) -> None:
    from concurrent.futures import ThreadPoolExecutor

    import grpc

    server = grpc.server(ThreadPoolExecutor(1))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        from .support import Told

        told = Told()
        mirror = Mirror(store, REGISTRY, f"http://127.0.0.1:{port}", watcher=told)
        with pytest.raises(NoFeed):
            mirror.follow()
        mirror.close()
    finally:
        server.stop(None).wait()
