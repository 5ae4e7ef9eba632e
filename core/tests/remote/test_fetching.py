"""Logs are fetched, compared with what was seen, and verified."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.protobuf import length, uint
from tests.support.signers import Wallet
from tests.support.updates import Inbox

from xmtp_identity import Registry, replay
from xmtp_identity.errors import BadInput, IdentityError
from xmtp_identity.remote import (
    Known,
    LogEntry,
    LogRewritten,
    LogShortened,
    NodeAnswer,
    RemoteLog,
    Settings,
    Trouble,
)
from xmtp_identity.remote.answers import read_inbox_ids, read_updates

from .conftest import Connect
from .node import FETCH, Node, fails, response, says


def test_a_log_is_fetched_whole_and_verified(
    client: RemoteLog, alice: Inbox, registry: Registry
) -> None:
    [found] = client.fetch([alice.inbox_id])
    expected = replay(alice.inbox_id, alice.log, registry)
    assert found.log == alice.log
    assert found.new == 3
    assert found.result.state is not None
    assert expected.state is not None
    assert found.result.state.members == expected.state.members
    assert [entry.sequence_id for entry in found.entries] == [100, 107, 114]


def test_an_inbox_without_a_log_is_empty(client: RemoteLog) -> None:
    [found] = client.fetch(["0" * 64])
    assert found.entries == ()
    assert found.result.state is None


def test_logs_come_in_the_order_in_which_they_were_asked_for(
    client: RemoteLog, alice: Inbox, bob: Inbox
) -> None:
    asked = [bob.inbox_id, alice.inbox_id, bob.inbox_id]
    assert [one.inbox_id for one in client.fetch(asked)] == asked[:2]


def test_what_is_no_inbox_id_is_not_asked_for(client: RemoteLog, node: Node) -> None:
    for text in ("", "0" * 63, "A" * 64, "0" * 64 + "\n", "\ud800"):
        with pytest.raises(BadInput) as caught:
            client.fetch([text])
        assert caught.value.code == "inbox_id"
    assert not node.calls[FETCH]


def test_fifty_inboxes_are_asked_for_at_once(client: RemoteLog, node: Node) -> None:
    asked = [f"{number:064x}" for number in range(101)]
    assert len(client.fetch(asked)) == 101
    assert [len(cursors) for cursors in node.cursors] == [50, 50, 1]


def test_an_answer_that_is_too_large_is_asked_for_in_pieces(
    connect: Connect, alice: Inbox, bob: Inbox
) -> None:
    both = len(response((alice.inbox_id, alice.log, 0), (bob.inbox_id, bob.log, 0)))
    client = connect(settings=Settings(max_answer_bytes=both - 1))
    assert len(client.fetch([alice.inbox_id, bob.inbox_id])) == 2


@pytest.mark.parametrize("code", ["answer_too_large", "batch_too_large"])
def test_a_node_may_ask_for_smaller_questions(
    client: RemoteLog, node: Node, alice: Inbox, bob: Inbox, code: str
) -> None:
    node.does(FETCH, fails(grpc.StatusCode.RESOURCE_EXHAUSTED, "much", code))
    assert len(client.fetch([alice.inbox_id, bob.inbox_id])) == 2
    assert node.calls[FETCH] == 3


def test_one_log_that_is_too_large_is_an_error(connect: Connect, alice: Inbox) -> None:
    client = connect(settings=Settings(max_answer_bytes=100))
    with pytest.raises(NodeAnswer, match="too large") as caught:
        client.fetch([alice.inbox_id])
    assert caught.value.code == "node_answer"


def test_a_log_of_too_many_entries_is_not_even_parsed(
    connect: Connect, node: Node, alice: Inbox
) -> None:
    client = connect(settings=Settings(max_entries=100))
    log = b"".join(length(2, uint(1, number)) for number in range(1, 200))
    node.does(FETCH, says(length(1, length(1, alice.inbox_id) + log)))
    with pytest.raises(NodeAnswer, match="more than 116 fields"):
        client.fetch([alice.inbox_id])


# What a node must not answer


def _two_numbers(inbox_id: str, *numbers: int) -> bytes:
    entries = b"".join(length(2, uint(1, number)) for number in numbers)
    return length(1, length(1, inbox_id) + entries)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda one: b"\xff", id="no protobuf"),
        pytest.param(lambda one: length(1, b"\xff\xff"), id="a broken response"),
        pytest.param(lambda one: length(1, uint(1, 7)), id="a wrong wire type"),
        pytest.param(lambda one: length(1, length(1, b"\xc3")), id="no UTF-8"),
        pytest.param(lambda one: length(1, length(1, "0" * 64)), id="another inbox"),
        pytest.param(lambda one: length(1, length(1, "\x1b[2J")), id="no inbox ID"),
        pytest.param(lambda one: length(1, b""), id="no label"),
        pytest.param(lambda one: 2 * length(1, length(1, one)), id="twice"),
        pytest.param(lambda one: _two_numbers(one, 5, 5), id="a number twice"),
        pytest.param(lambda one: _two_numbers(one, 5, 4), id="numbers that fall"),
        pytest.param(lambda one: _two_numbers(one, 0), id="the number 0"),
        pytest.param(lambda one: length(9, b"") * 100, id="many unknown fields"),
    ],
)
def test_a_malformed_answer_is_an_error_of_the_node(
    client: RemoteLog, node: Node, alice: Inbox, answer: Callable[[str], bytes]
) -> None:
    node.does(FETCH, says(answer(alice.inbox_id)))
    with pytest.raises(NodeAnswer) as caught:
        client.fetch([alice.inbox_id])
    assert caught.value.code == "node_answer"
    assert caught.value.detail.isprintable()
    assert node.calls[FETCH] == 1


def test_the_log_of_another_inbox_under_a_label_is_noticed(
    client: RemoteLog, node: Node, alice: Inbox, bob: Inbox
) -> None:
    node.logs[bob.inbox_id] = list(alice.log)
    with pytest.raises(NodeAnswer, match="log of another inbox"):
        client.fetch([bob.inbox_id])


def test_an_entry_of_another_inbox_changes_nothing(
    client: RemoteLog, node: Node, alice: Inbox, bob: Inbox
) -> None:
    node.logs[bob.inbox_id].append(alice.log[1])
    [found] = client.fetch([bob.inbox_id])
    assert [one.code for one in found.result.outcomes] == ["", "wrong_inbox_id"]


def test_a_compressed_answer_is_not_unpacked(
    client: RemoteLog, node: Node, alice: Inbox
) -> None:
    def bomb(node: Node, request: bytes, context: grpc.ServicerContext) -> bytes:
        context.set_compression(grpc.Compression.Gzip)
        return length(9, bytes(30_000_000))

    node.does(FETCH, bomb)
    with pytest.raises(IdentityError) as caught:
        client.fetch([alice.inbox_id])
    assert caught.value.code in {"node_answer", "node_error"}


def test_one_inboxs_trouble_does_not_keep_the_others_back(
    client: RemoteLog, node: Node, alice: Inbox, bob: Inbox
) -> None:
    both = [alice.inbox_id, bob.inbox_id]
    before = client.fetch(both)
    known = {one.inbox_id: one.known for one in before}
    node.logs[alice.inbox_id].pop()
    found = {one.inbox_id: one for one in client.fetch_each(both, known=known)}
    assert isinstance(found[alice.inbox_id], Trouble)
    assert not isinstance(found[bob.inbox_id], Trouble)


def test_one_spoilt_response_does_not_spoil_the_others(
    client: RemoteLog, node: Node, alice: Inbox, bob: Inbox
) -> None:
    spoilt = _two_numbers(alice.inbox_id, 5, 5)
    good = response((bob.inbox_id, bob.log, 0))
    node.does(FETCH, says(spoilt + good), says(spoilt), says(good))
    found = list(client.fetch_each([alice.inbox_id, bob.inbox_id]))
    assert {one.inbox_id: isinstance(one, Trouble) for one in found} == {
        alice.inbox_id: True,
        bob.inbox_id: False,
    }


# What was seen before


def test_a_log_that_grew_is_no_trouble(
    client: RemoteLog, node: Node, alice: Inbox
) -> None:
    [before] = client.fetch([alice.inbox_id])
    node.logs[alice.inbox_id].append(None)
    [after] = client.fetch([alice.inbox_id], known={alice.inbox_id: before.known})
    assert after.new == 1
    assert after.known.position == 4


@pytest.mark.parametrize("left", [0, 1, 2])
def test_a_shortened_log_is_noticed(
    client: RemoteLog, node: Node, alice: Inbox, left: int
) -> None:
    [before] = client.fetch([alice.inbox_id])
    del node.logs[alice.inbox_id][left:]
    with pytest.raises(LogShortened) as caught:
        client.fetch([alice.inbox_id], known={alice.inbox_id: before.known})
    assert caught.value.code == "log_shortened"


@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_rewritten_log_is_noticed(
    client: RemoteLog, node: Node, alice: Inbox, index: int
) -> None:
    [before] = client.fetch([alice.inbox_id])
    node.logs[alice.inbox_id][index] = None
    with pytest.raises(LogRewritten) as caught:
        client.fetch([alice.inbox_id], known={alice.inbox_id: before.known})
    assert caught.value.code == "log_rewritten"


def test_a_log_in_another_order_is_rewritten(
    client: RemoteLog, node: Node, alice: Inbox
) -> None:
    [before] = client.fetch([alice.inbox_id])
    node.logs[alice.inbox_id][1:] = reversed(alice.log[1:])
    with pytest.raises(LogRewritten):
        client.fetch([alice.inbox_id], known={alice.inbox_id: before.known})


@given(
    st.lists(st.none() | st.binary(max_size=3), max_size=4),
    st.lists(st.none() | st.binary(max_size=3), max_size=4),
)
def test_logs_have_one_digest_only_if_they_are_one_log(
    one: list[bytes | None], other: list[bytes | None]
) -> None:
    assert (Known.of(one) == Known.of(other)) == (one == other)


# Any bytes


@given(st.binary(max_size=200))
def test_no_bytes_break_the_readers(answer: bytes) -> None:
    with suppress(NodeAnswer):
        read_updates(answer, {"0" * 64: 0}, url="here", max_entries=10)
    with suppress(NodeAnswer):
        read_inbox_ids(answer, [(1, "0xab")], url="here")


@given(st.data())
def test_no_change_of_an_honest_answer_breaks_the_reader(data: st.DataObject) -> None:
    inbox = Inbox(Wallet("alice"))
    answer = bytearray(response((inbox.inbox_id, [*inbox.log, None], 0)))
    for _ in range(data.draw(st.integers(1, 4))):
        answer[data.draw(st.integers(0, len(answer) - 1))] = data.draw(
            st.integers(0, 255)
        )
    try:
        found = read_updates(
            bytes(answer), {inbox.inbox_id: 0}, url="here", max_entries=10
        )
    except NodeAnswer:
        return
    assert set(found) == {inbox.inbox_id}
    assert all(isinstance(one, LogEntry) for one in found[inbox.inbox_id])
