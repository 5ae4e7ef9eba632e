"""The logs in a store: they only grow."""

from __future__ import annotations

from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmtp_identity.errors import BadInput
from xmtp_identity_store.errors import LogConflict, NoSuchInbox
from xmtp_identity_store.keys import row_key
from xmtp_identity_store.logs import Entry, plain_entries
from xmtp_identity_store.store import Store

LARGEST = (1 << 64) - 1


def test_a_log_comes_back_entry_by_entry(store: Store) -> None:
    entries = [
        Entry(b"\x00\xff", 1, 2),
        Entry(None, LARGEST, LARGEST),
        Entry(b"", 1 << 63, 0),
        Entry(b"x"),
    ]
    assert store.append("inbox", entries[:2]) == 2
    assert store.append("inbox", entries[2:], expected=2) == 4
    assert store.entries("inbox") == entries
    assert store.log("inbox") == [b"\x00\xff", None, b"", b"x"]


def test_an_append_to_a_log_that_has_grown_meanwhile_is_refused(store: Store) -> None:
    store.append("inbox", [Entry(b"1")])
    with pytest.raises(LogConflict, match="has 1 entries now, it had 0"):
        store.append("inbox", [Entry(b"2")], expected=0)
    assert store.log("inbox") == [b"1"]


def test_an_inbox_without_entries_is_not_made(store: Store) -> None:
    assert store.append("inbox", []) == 0
    assert store.put([("inbox", [])]) == 0
    assert store.count() == 0
    with pytest.raises(NoSuchInbox):
        store.log("inbox")


def test_a_whole_log_can_be_put_again_and_adds_what_is_new(store: Store) -> None:
    log = plain_entries([b"1", None, b"3"])
    assert store.put([("inbox", log[:2])]) == 2
    assert store.put([("inbox", log)]) == 1
    assert store.put([("inbox", log)]) == 0
    assert store.put([("inbox", log[:1])]) == 0
    assert store.entries("inbox") == log


@pytest.mark.parametrize("other", [b"x", b"", None])
def test_a_log_that_contradicts_the_stored_one_changes_nothing(
    store: Store, other: bytes | None
) -> None:
    store.put([("inbox", plain_entries([b"1", b"2"]))])
    new = ("new", plain_entries([b"1"]))
    with pytest.raises(LogConflict, match="Entry 1 of inbox differs"):
        store.put([new, ("inbox", plain_entries([b"1", other, b"3"]))])
    assert list(store.inboxes()) == ["inbox"]
    assert store.log("inbox") == [b"1", b"2"]


def test_the_same_inbox_twice_at_once_is_one_log(store: Store) -> None:
    log = plain_entries([b"1", b"2", b"3"])
    assert store.put([("i", log[:1]), ("i", log), ("j", log), ("i", log[:2])]) == 6
    assert store.entries("i") == store.entries("j") == log
    with pytest.raises(LogConflict):
        store.put([("k", log), ("k", log[1:])])
    assert set(store.inboxes()) == {"i", "j"}


def test_inboxes_come_in_the_order_of_their_row_keys(store: Store) -> None:
    names = [f"inbox {index}" for index in range(1203)]
    store.put([(name, plain_entries([b"1"])) for name in names])
    assert list(store.inboxes()) == sorted(names, key=row_key)
    assert store.count() == len(names)


@pytest.mark.parametrize("inbox_id", ["", "\ud800"])
def test_an_inbox_id_that_is_none_is_refused(store: Store, inbox_id: str) -> None:
    with pytest.raises(BadInput):
        store.append(inbox_id, [Entry(b"1")])
    with pytest.raises(BadInput):
        store.put([(inbox_id, [Entry(b"1")])])


def test_a_nul_is_kept_by_sqlite_and_refused_by_postgresql(
    path: str, store_dsn: str
) -> None:
    with Store.open(path) as store:
        store.append("a\x00b", [Entry(b"1")])
        assert list(store.inboxes()) == ["a\x00b"]
    with Store.open(store_dsn) as store:
        assert store.heads(["a\x00b"]) == {}
        with pytest.raises(BadInput, match="NUL"):
            store.append("a\x00b", [Entry(b"1")])


@pytest.mark.parametrize("inbox_id", ["'; DROP TABLE inboxes; --", "%", "%(x)s", "é"])
def test_an_inbox_id_may_be_any_text(store: Store, inbox_id: str) -> None:
    store.append("a", [Entry(b"other")])
    store.append(inbox_id, [Entry(b"1")])
    assert store.log(inbox_id) == [b"1"]
    assert set(store.inboxes()) == {"a", inbox_id}


_logs = st.lists(
    st.tuples(
        st.sampled_from("ij"), st.lists(st.sampled_from([b"1", b"2", None]), max_size=3)
    ),
    max_size=6,
)


@given(st.lists(_logs, max_size=4))
def test_putting_is_all_or_nothing_and_logs_only_grow(
    batches: list[list[tuple[str, list[bytes | None]]]],
) -> None:
    model: dict[str, list[bytes | None]] = {}
    with TemporaryDirectory() as folder, Store.open(f"{folder}/store.db") as store:
        for batch in batches:
            after = _put(model, batch)
            whole = [(inbox_id, plain_entries(log)) for inbox_id, log in batch]
            if after is None:
                with pytest.raises(LogConflict):
                    store.put(whole)
            else:
                store.put(whole)
                model = after
            assert {one: store.log(one) for one in store.inboxes()} == model


def _put(
    model: dict[str, list[bytes | None]], batch: list[tuple[str, list[bytes | None]]]
) -> dict[str, list[bytes | None]] | None:
    """What the logs are after a batch, or None if it is refused."""
    model = dict(model)
    for inbox_id, log in batch:
        before = model.get(inbox_id, [])
        shared = min(len(before), len(log))
        if before[:shared] != log[:shared]:
            return None
        if len(log) > len(before):
            model[inbox_id] = log
    return model
