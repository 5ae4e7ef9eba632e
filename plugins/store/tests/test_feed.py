"""The feed: everything, once, in order, whoever writes meanwhile."""

from __future__ import annotations

import string
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmtp_identity_store.committing import Committed
from xmtp_identity_store.errors import BadCursor
from xmtp_identity_store.feed import Cursor, FeedEntry
from xmtp_identity_store.keys import BUCKETS
from xmtp_identity_store.logs import Entry
from xmtp_identity_store.store import Store

from .appending import commit_all, plain


def follow(
    store: Store, cursor: Cursor, *, limit: int = 7, max_bytes: int = 10**6
) -> tuple[list[FeedEntry], Cursor]:
    """All that there is, piece by piece."""
    found: list[FeedEntry] = []
    while True:
        piece, cursor = store.feed(cursor, limit=limit, max_bytes=max_bytes)
        assert len(piece) <= limit
        if not piece:
            return found, cursor
        found += piece


def test_every_entry_comes_once_and_those_of_an_inbox_in_order(store: Store) -> None:
    logs = {f"inbox {n}": [b"%d %d" % (n, i) for i in range(n % 4)] for n in range(60)}
    store.put([(name, [Entry(one) for one in log]) for name, log in logs.items()])
    commit_all(store, [plain(f"new {n}") for n in range(20)])
    found, cursor = follow(store, Cursor())
    told: dict[str, list[bytes | None]] = {}
    for one in found:
        log = told.setdefault(one.inbox_id, [])
        assert one.position == len(log)
        log.append(one.entry.update)
    new = {f"new {n}": [b"update"] for n in range(20)}
    assert told == {name: log for name, log in logs.items() if log} | new
    assert store.feed(cursor, limit=1, max_bytes=1) == ([], cursor)
    store.append("late", [Entry(None)])
    ((inbox_id, position, entry),), cursor = store.feed(cursor, limit=9, max_bytes=0)
    assert (inbox_id, position, entry.update) == ("late", 0, None)
    whole, end = follow(store, Cursor(), limit=500)
    assert end == cursor
    assert set(whole) == {*found, FeedEntry("late", 0, entry)}


def test_the_feed_serves_what_updates_serve(store: Store) -> None:
    store.append("i", [Entry(b"a", 7, 8), Entry(b"b"), Entry(None, 3)])
    commit_all(store, [plain("j")], 5)
    found, _ = follow(store, Cursor())
    for inbox_id in ("i", "j"):
        (served,) = store.updates([(inbox_id, 0)], max_bytes=100)
        assert [one.entry for one in found if one.inbox_id == inbox_id] == served


def test_a_piece_has_as_many_bytes_as_it_may_and_at_least_one_entry(
    store: Store,
) -> None:
    store.append("i", [Entry(bytes(100)), Entry(bytes(10)), Entry(b""), Entry(b"1")])
    pieces = []
    cursor = Cursor()
    while piece := store.feed(cursor, limit=9, max_bytes=10):
        entries, cursor = piece
        if not entries:
            break
        pieces.append([len(one.entry.update or b"") for one in entries])
    assert pieces == [[100], [10, 0], [1]]


def test_a_busy_bucket_holds_up_no_other(store: Store) -> None:
    store.put(
        [("busy", [Entry(b"%d" % n) for n in range(300)]), ("quiet", [Entry(b"")])]
    )
    piece, _ = store.feed(Cursor(), limit=10, max_bytes=10**6)
    assert len(piece) == 10
    assert "quiet" in {one.inbox_id for one in piece}


def test_a_follower_misses_nothing_while_others_write(target: str) -> None:
    """Four writers to inboxes of all buckets, and one who reads all the time."""
    writers, rounds = 4, 12
    over = threading.Event()
    failures: list[BaseException] = []

    def write(number: int) -> None:
        try:
            with Store.open(target) as store:
                for turn in range(rounds):
                    names = [f"{number} {turn} {one}" for one in range(8)]
                    done = store.commit([plain(name) for name in names], now_ns=1)
                    assert all(isinstance(one, Committed) for one in done)
                    store.append("shared", [Entry(b"%d %d" % (number, turn))])
        except BaseException as error:
            failures.append(error)
            raise

    found: list[FeedEntry] = []

    def read() -> None:
        with Store.open(target) as store:
            cursor = Cursor()
            while True:
                last = over.is_set()
                piece, cursor = follow(store, cursor, limit=5)
                found.extend(piece)
                if last:
                    return

    Store.open(target).close()
    threads = [threading.Thread(target=write, args=(n,)) for n in range(writers)]
    reader = threading.Thread(target=read)
    for thread in (reader, *threads):
        thread.start()
    for thread in threads:
        thread.join()
    over.set()
    reader.join()
    assert not failures
    told = [(one.inbox_id, one.position) for one in found]
    assert len(told) == len(set(told)) == writers * rounds * 9
    shared = [position for inbox_id, position in told if inbox_id == "shared"]
    assert shared == list(range(writers * rounds))


# Cursors

_numbers = st.lists(
    st.integers(0, (1 << 63) - 1), min_size=BUCKETS, max_size=BUCKETS
).map(tuple)


@given(_numbers)
def test_a_cursor_goes_through_its_text(numbers: tuple[int, ...]) -> None:
    cursor = Cursor(numbers)
    text = cursor.encode()
    assert Cursor.decode(text) == cursor
    assert set(text) <= set(string.ascii_letters + string.digits + "-_")
    assert len(text) <= 1000


def test_the_beginning_is_an_empty_text() -> None:
    assert Cursor().encode() == ""
    assert Cursor.decode("") == Cursor()


GOOD = Cursor((1,) * BUCKETS).encode()


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "AQ",
        "é",
        GOOD + "A",
        GOOD[:-1],
        GOOD + "=",
        GOOD + "\n",
        f" {GOOD}",
        f"Ag{GOOD[2:]}",
        GOOD.replace("A", "+"),
        "A" * 2000,
        Cursor((1 << 63,) * BUCKETS).encode(),
    ],
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(BadCursor) as caught:
        Cursor.decode(text)
    assert caught.value.code == "bad_cursor"


@given(st.text(alphabet=string.ascii_letters + string.digits + "-_=", max_size=200))
def test_any_text_is_a_cursor_in_its_one_form_or_refused(text: str) -> None:
    try:
        cursor = Cursor.decode(text)
    except BadCursor:
        return
    assert cursor.encode() == text


def test_a_cursor_of_another_store_is_refused(store: Store) -> None:
    commit_all(store, [plain("i")])
    with pytest.raises(BadCursor, match="another"):
        store.feed(Cursor((2,) * BUCKETS), limit=1, max_bytes=1)
