"""Updates since a sequence ID, inboxes of identifiers, labels, key packages."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support.leaf_kinds import leaf_a, registry_with, root_registry
from tests.support.signers import Installation, Wallet
from tests.support.updates import Add, Inbox

from xmtp_identity.errors import BadInput
from xmtp_identity_store.errors import AnswerTooLarge, NoSuchInbox
from xmtp_identity_store.logs import Entry
from xmtp_identity_store.store import Store
from xmtp_identity_store.upgrade import upgrade

from .appending import commit_all, plain
from .support import few, fill, with_leaf


def bytes_of(answer: list[list[Entry]]) -> list[list[bytes | None]]:
    return [[entry.update for entry in entries] for entries in answer]


# Updates


def test_updates_come_after_the_sequence_id_that_was_asked_for(store: Store) -> None:
    made = [plain("i", b"%d" % n, n) for n in range(3)]
    first, second, third = (one.sequence_id for one in commit_all(store, made))
    asked = [("i", after) for after in (0, first - 1, first, second, third, 1 << 62)]
    assert bytes_of(store.updates(asked, max_bytes=100)) == [
        [b"0", b"1", b"2"],
        [b"0", b"1", b"2"],
        [b"1", b"2"],
        [b"2"],
        [],
        [],
    ]


def test_inboxes_that_are_not_there_have_no_updates(store: Store) -> None:
    commit_all(store, [plain("i")])
    asked = [("none", 0), ("i", 0), ("\ud800", 0), ("", 0), ("i", 0), ("a\0b", 0)]
    answer = bytes_of(store.updates(asked, max_bytes=100))
    assert answer == [[], [b"update"], [], [], [b"update"], []]
    assert store.updates([], max_bytes=0) == []
    assert set(store.heads([inbox_id for inbox_id, _ in asked])) == {"i"}


def test_thousands_of_inboxes_can_be_asked_for_at_once(store: Store) -> None:
    names = [f"inbox {number}" for number in range(1100)]
    store.put([(name, [Entry(name.encode())]) for name in names])
    answer = bytes_of(store.updates([(name, 0) for name in names], max_bytes=10**6))
    assert answer == [[name.encode()] for name in names]
    assert len(store.heads(names)) == len(names)


def test_an_answer_has_at_most_as_many_bytes_as_it_may(store: Store) -> None:
    made = [plain("i", bytes(100), n) for n in range(3)]
    first, *_ = (one.sequence_id for one in commit_all(store, made))
    whole, rest = ("i", 0), ("i", first)
    assert len(store.updates([whole], max_bytes=300)[0]) == 3
    assert len(store.updates([rest], max_bytes=200)[0]) == 2
    assert len(store.updates([whole, rest, rest], max_bytes=700)) == 3
    for asked, most in (([whole], 299), ([rest], 199), ([whole, rest, rest], 699)):
        with pytest.raises(AnswerTooLarge) as caught:
            store.updates(asked, max_bytes=most)
        assert caught.value.code == "answer_too_large"


# The address log


def test_an_identifier_is_found_in_the_latest_inbox_that_it_came_into(
    store: Store,
) -> None:
    member = (2, "installation")

    def joins(inbox_id: str, position: int, *, leaves: bool = False) -> None:
        made = plain(inbox_id, expected=position)
        change = (None, position) if leaves else (position, None)
        save = replace(made.save, associations={member: change})
        # Time decides: the buckets of inboxes count each for itself.
        commit_all(store, [made._replace(save=save)], next(clock))

    clock = iter(range(100))
    for inbox_id in ("a", "b", "c", "d", "e"):
        joins(inbox_id, 0)
        assert store.inbox_ids([member]) == [inbox_id]
    joins("e", 1, leaves=True)
    assert store.inbox_ids([member]) == ["d"]
    joins("b", 1)
    assert store.inbox_ids([member]) == ["b"]
    for inbox_id, position in (("a", 1), ("b", 2), ("c", 1), ("d", 1)):
        joins(inbox_id, position, leaves=True)
    assert store.inbox_ids([member]) == [None]
    assert store.associations("b") == [(*member, 1, 2)]


def test_identifiers_are_asked_for_by_the_thousand_and_may_be_anything(
    store: Store,
) -> None:
    commit_all(store, [plain("i", owner=(1, "0xé"))])
    asked = [(1, f"0x{number}") for number in range(1000)]
    asked += [(1, "0xé"), (1, "\0"), (1, "\ud800"), (1, "x" * 257), (9, "0xé")]
    assert store.inbox_ids(asked) == [*[None] * 1000, "i", None, None, None, None]
    assert store.inbox_ids([]) == []


@pytest.mark.parametrize("identifier", ["x" * 257, "a\0b", "\ud800"])
def test_what_can_not_be_indexed_is_left_out_of_the_address_log(
    store: Store, identifier: str
) -> None:
    commit_all(store, [plain("i", owner=(1, identifier))])
    assert store.associations("i") == []
    assert store.inbox_ids([(1, identifier)]) == [None]


def test_a_layer_without_its_plugin_keeps_its_addresses(store: Store) -> None:
    """Who replays without the plugin knows nothing of who left."""
    fill(store, [with_leaf("owner", leaf_a("x"))])
    (inbox_id,) = store.inboxes()
    upgrade(store, registry_with("testa"))
    everybody = store.associations(inbox_id)
    assert [row.number for row in everybody] == [1, 1000]
    store.append(inbox_id, [Entry(None)])
    upgrade(store, root_registry())
    assert store.associations(inbox_id) == everybody
    assert store.labels(inbox_id) == {2: ("rejected", "no_update")}


def test_addresses_and_labels_are_those_of_the_plugins_that_are_here(
    store: Store,
) -> None:
    inboxes = few()
    fill(store, inboxes)
    both = inboxes[4].inbox_id
    upgrade(store, root_registry())
    assert [row.number for row in store.associations(both)] == [1]
    assert {code for _, code in store.labels(both).values()} == {"kind_not_installed"}
    upgrade(store, registry_with("testa"))
    assert [row.number for row in store.associations(both)] == [1, 1000]
    assert set(store.labels(both)) == {2}
    upgrade(store, registry_with("testa", "testb"))
    assert [row.number for row in store.associations(both)] == [1, 1000, 1001]
    assert store.labels(both) == {}


def test_what_is_not_replayed_yet_has_no_addresses(store: Store) -> None:
    inbox = Inbox(Wallet("owner"))
    inbox.append(Add(Installation("app"), inbox.owner))
    fill(store, [inbox])
    assert store.associations(inbox.inbox_id) == []
    assert store.inbox_ids([(1, inbox.owner.value)]) == [None]
    upgrade(store, root_registry())
    assert store.inbox_ids([(1, inbox.owner.value)]) == [inbox.inbox_id]


def test_an_inbox_that_is_missing_has_no_history(store: Store) -> None:
    for question in (store.associations, store.labels):
        with pytest.raises(NoSuchInbox):
            question("none")


# Key packages


def test_the_last_key_package_of_an_installation_is_kept(store: Store) -> None:
    store.put_key_package(b"one", b"\x00first")
    store.put_key_package(b"two", b"")
    store.put_key_package(b"one", b"\xffsecond")
    asked = [b"two", b"none", b"one", b"one", b""]
    answer = [b"", None, b"\xffsecond", b"\xffsecond", None]
    assert store.key_packages(asked) == answer
    assert store.key_packages([]) == []


# Notes


def test_the_last_note_under_a_key_is_kept(store: Store) -> None:
    assert store.note("mirror") is None
    store.set_note("mirror", "one")
    store.set_note("another", "")
    store.set_note("mirror", "x" * 4000)
    assert store.note("mirror") == "x" * 4000
    assert store.note("another") == ""


@pytest.mark.parametrize(
    ("key", "value"),
    [("x" * 1001, ""), ("x", "x" * 4001), ("a\0", ""), ("a", "\ud800"), ("é", "x")],
)
def test_a_note_that_can_not_be_kept_everywhere_is_refused(
    store: Store, key: str, value: str
) -> None:
    with pytest.raises(BadInput, match="printable"):
        store.set_note(key, value)
    assert store.note(key) is None
