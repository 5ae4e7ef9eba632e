"""Appending admitted updates: all of it or nothing, and only what fits."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support.leaf_kinds import leaf_a, registry_with
from tests.support.signers import Installation, Wallet
from tests.support.updates import Add, Inbox, Revoke

from xmtp_identity import Registry
from xmtp_identity.errors import BadInput
from xmtp_identity.stored import SnapshotOfAnotherInbox, UnusableSnapshot
from xmtp_identity_store import keys
from xmtp_identity_store.committing import Clash, Committed, Moved, Owned
from xmtp_identity_store.keys import bucket_of, row_key
from xmtp_identity_store.logs import Entry
from xmtp_identity_store.store import Store
from xmtp_identity_store.upgrade import Upgraded, upgrade

from .appending import appends, commit_all, plain
from .support import check_sound, check_up_to_date, content, fill

REGISTRY = registry_with("testa")


def busy(name: str = "owner") -> Inbox:
    """An inbox with a bit of everything."""
    inbox = Inbox(Wallet(name))
    inbox.append(Add(Installation(f"app {name}"), inbox.owner))
    inbox.append_leaf(Add(leaf_a(name), inbox.owner))
    inbox.append(Revoke(Installation(f"app {name}"), inbox.owner))
    return inbox


def test_what_is_committed_is_what_an_import_and_an_upgrade_come_to(
    store: Store, path: str
) -> None:
    inboxes = [busy(str(number)) for number in range(5)]
    for inbox in inboxes:
        commit_all(store, appends(inbox, REGISTRY))
    check_up_to_date(store, REGISTRY)
    with Store.open(f"{path}.imported") as imported:
        fill(imported, inboxes)
        upgrade(imported, REGISTRY)
        committed = [row for row in content(store) if row[0] != "entries"]
        assert committed == [row for row in content(imported) if row[0] != "entries"]
    assert upgrade(store, REGISTRY) == Upgraded()
    assert [store.log(inbox.inbox_id) for inbox in inboxes] == [
        inbox.log for inbox in inboxes
    ]


def test_several_updates_of_one_inbox_are_taken_in_order(store: Store) -> None:
    first, second, third, fourth = appends(busy(), REGISTRY)
    done = commit_all(store, [first, second])
    assert [one.version for one in done] == [1, 2]
    done += commit_all(store, [third, fourth])
    assert [one.version for one in done] == [1, 2, 3, 4]
    head = store.heads([first.inbox_id])[first.inbox_id]
    assert (head.entries, head.sequence_id) == (4, done[3].sequence_id)
    assert head.saved is not None
    assert (head.saved.version, head.saved.data) == (4, fourth.save.data)


def test_sequence_ids_rise_and_times_never_fall_within_an_inbox(store: Store) -> None:
    made = appends(busy(), REGISTRY)
    times = iter([7, 9, 3, 8])
    done = [commit_all(store, [one], next(times))[0] for one in made]
    assert [one.server_timestamp_ns for one in done] == [7, 9, 9, 9]
    ids = [one.sequence_id for one in done]
    assert ids == sorted(set(ids))
    inbox_id = made[0].inbox_id
    assert {one % 64 for one in ids} == {bucket_of(row_key(inbox_id))}
    assert store.entries(inbox_id) == [
        Entry(one.update, said.sequence_id, said.server_timestamp_ns)
        for one, said in zip(made, done, strict=True)
    ]


def test_what_does_not_fit_any_more_is_left_out_and_the_rest_goes_on(
    store: Store,
) -> None:
    first, second, third, _ = appends(busy(), REGISTRY)
    other = plain("other")
    done = store.commit([second, first, first, third, other], now_ns=1)
    assert [type(one) for one in done] == [Moved, Committed, Moved, Moved, Committed]
    assert store.log(first.inbox_id) == [first.update]
    stale = second._replace(save=replace(second.save, version=7))
    assert store.commit([stale], now_ns=1) == [Moved(1)]
    assert store.commit([second], now_ns=1) != [Moved(1)]
    check_sound(store)


def test_a_new_snapshot_of_an_upgrade_moves_a_commit(store: Store) -> None:
    """What was admitted on top of another snapshot is judged again."""
    inbox = busy()
    fill(store, [inbox])
    upgrade(store, REGISTRY)
    late = plain(inbox.inbox_id, b"late", 4, 1)
    kinds = [replace(kind, revision=2) for kind in REGISTRY.kinds]
    upgrade(store, Registry(kinds))
    assert store.commit([late], now_ns=1) == [Moved(4)]
    commit_all(store, [plain(inbox.inbox_id, b"late", 4, 2)])


def test_an_owner_has_one_inbox(store: Store) -> None:
    owner = (1, "0xowner")
    first, second = plain("first", owner=owner), plain("second", owner=owner)
    assert store.commit([first, second], now_ns=1)[1] == Owned("first")
    assert store.commit([second], now_ns=1) == [Owned("first")]
    # Another kind, another identifier: nobody's matter.
    commit_all(store, [plain("third", owner=(3, "0xowner"))])
    assert set(store.inboxes()) == {"first", "third"}
    assert store.inbox_ids([owner, (3, "0xowner")]) == ["first", "third"]


def test_an_owner_that_left_may_create_another_inbox(store: Store) -> None:
    owner = (1, "0xowner")
    commit_all(store, [plain("first", owner=owner)])
    left = plain("first", b"leave", 1)
    left = left._replace(save=replace(left.save, associations={owner: (None, 1)}))
    second = plain("second", owner=owner)
    # In one transaction too.
    done = store.commit([second, left, second], now_ns=1)
    assert [type(one) for one in done] == [Owned, Committed, Committed]
    assert store.inbox_ids([owner]) == ["second"]
    assert store.associations("first") == [(1, "0xowner", 0, 1)]


def test_an_identifier_that_was_added_elsewhere_owns_no_new_inbox(
    store: Store,
) -> None:
    inbox = Inbox(Wallet("one"))
    inbox.append(Add(Wallet("two"), inbox.owner))
    created = appends(Inbox(Wallet("two")), REGISTRY)
    done = store.commit([*appends(inbox, REGISTRY), *created], now_ns=1)
    assert done[2] == Owned(inbox.inbox_id)


def test_two_inbox_ids_with_one_row_key_are_not_mixed_up(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit_all(store, [plain("first")])
    row = row_key("first")
    for module in ("growth", "logs", "lookups", "committing", "keys"):
        monkeypatch.setattr(f"xmtp_identity_store.{module}.row_key", lambda _: row)
    assert keys.row_key("second") == row
    (clash,) = store.commit([plain("second", expected=0)], now_ns=1)
    assert isinstance(clash, Clash)
    assert "'second' has the row key of another inbox, 'first'" in clash.detail
    with pytest.raises(BadInput) as caught:
        store.append("second", [Entry(b"x")])
    assert caught.value.code == "inbox_clash"
    assert store.heads(["second"]) == {}
    assert store.updates([("second", 0)], max_bytes=10) == [[]]
    with pytest.raises(BadInput, match="no log"):
        store.log("second")


def test_a_wrong_snapshot_is_refused_and_nothing_is_written(store: Store) -> None:
    good, other = plain("good"), plain("other")
    faults: list[tuple[bytes | None, type[BadInput]]] = [
        (None, BadInput),
        (b"none", UnusableSnapshot),
        (good.save.data, SnapshotOfAnotherInbox),
        (plain("other", expected=1).save.data, BadInput),
    ]
    for data, error in faults:
        fault = other._replace(save=replace(other.save, data=data))
        with pytest.raises(error):
            store.commit([good, fault], now_ns=1)
    assert store.count() == 0
    assert store.commit([], now_ns=1) == []


def test_a_log_that_came_from_elsewhere_is_gone_on_with(store: Store) -> None:
    """Its sequence IDs may be anything; those that are served rise."""
    given = [Entry(b"0", 1 << 63, 5), Entry(b"1", 900, (1 << 64) - 1), Entry(b"2", 4)]
    store.append("inbox", given)
    upgrade(store, REGISTRY)
    made = plain("inbox", b"3", 3, 1)
    (done,) = commit_all(store, [made], 3)
    (served,) = store.updates([("inbox", 0)], max_bytes=100)
    ids = [entry.sequence_id or 0 for entry in served]
    assert ids[1:3] == [900, 901]
    assert ids == sorted(set(ids))
    assert (ids[3], done.server_timestamp_ns) == (done.sequence_id, 5)
    check_sound(store)
