"""An update is published once, whatever becomes of the call."""

from __future__ import annotations

from collections.abc import Callable

import grpc
import pytest
from tests.support.leaf_kinds import leaf_a, leaf_b
from tests.support.protobuf import length
from tests.support.signers import Installation, Wallet, smart_wallet
from tests.support.updates import Add, Change, Create, Inbox, Revoke, write

from xmtp_identity.errors import NotAdmitted, SignatureUnavailable
from xmtp_identity.outcome import OutcomeKind
from xmtp_identity.remote import (
    LogShortened,
    NodeAnswer,
    NodeBusy,
    NodeError,
    NodeRefused,
    NodeUnavailable,
    PublishNotSeen,
    PublishUncertain,
    RemoteLog,
)
from xmtp_identity.remote.answers import publish_request
from xmtp_identity.remote.status import is_definite

from .conftest import Connect
from .node import FETCH, PUBLISH, Conduct, Node, fails, says, takes_and_fails, truly

Status = grpc.StatusCode
UNCLEAR = [
    Status.UNAVAILABLE,
    Status.DEADLINE_EXCEEDED,
    Status.CANCELLED,
    Status.INTERNAL,
    Status.UNKNOWN,
    Status.DATA_LOSS,
]


@pytest.fixture
def update(bob: Inbox) -> bytes:
    return bob.update(Add(Installation("bob's app"), bob.owner))


def test_an_update_is_published_and_read_back(
    client: RemoteLog, node: Node, bob: Inbox, update: bytes
) -> None:
    published = client.publish(update)
    assert node.logs[bob.inbox_id] == [*bob.log, update]
    assert published.inbox_id == bob.inbox_id
    assert published.position == 1
    assert published.sequence_id == 107
    assert published.outcome.outcome is OutcomeKind.APPLIED
    assert published.fetched.result.state is not None
    assert len(published.fetched.result.state.members) == 2


def test_a_new_inbox_is_published(client: RemoteLog, node: Node) -> None:
    carol = Inbox(Wallet("carol"))
    [create] = carol.log
    assert create is not None
    assert client.publish(create).position == 0
    assert node.logs[carol.inbox_id] == [create]


def test_all_sorts_of_updates_are_published(client: RemoteLog, alice: Inbox) -> None:
    owner, friend = alice.owner, Wallet("friend")
    for actions, leaf in (
        ([Add(leaf_b("b1"), owner)], True),
        ([Revoke(leaf_b("b1"), owner)], True),
        ([Add(friend, owner)], False),
        ([Revoke(Installation("app"), owner)], False),
        ([Change(friend, owner)], False),
    ):
        update = alice.update(*actions, leaf=leaf)
        published = client.publish(update)
        assert published.position == alice.push(update)
        assert published.outcome.outcome is OutcomeKind.APPLIED


def test_what_is_in_the_log_already_is_not_sent(
    client: RemoteLog, node: Node, alice: Inbox
) -> None:
    for position, update in enumerate(alice.log):
        assert update is not None
        assert client.publish(update).position == position
    assert not node.calls[PUBLISH]


@pytest.mark.parametrize(
    ("make", "code"),
    [
        pytest.param(lambda bob: b"\xff", "undecodable", id="no update"),
        pytest.param(lambda bob: length(3, bob.inbox_id), "no_actions", id="empty"),
        pytest.param(
            lambda bob: bob.update(Add(Wallet("x"), Wallet("stranger"))),
            "not_a_member",
            id="no right",
        ),
        pytest.param(
            lambda bob: bob.update(Create(bob.owner)), "multiple_create", id="again"
        ),
        pytest.param(
            lambda bob: bob.update(Add(Wallet("x"), bob.owner, Wallet("y"))),
            "signer_mismatch",
            id="signed by another",
        ),
    ],
)
def test_what_is_not_admitted_is_not_sent(
    client: RemoteLog, node: Node, bob: Inbox, make: Callable[[Inbox], bytes], code: str
) -> None:
    with pytest.raises(NotAdmitted) as caught:
        client.publish(make(bob))
    assert caught.value.code == code
    assert not node.calls[PUBLISH]


def test_what_needs_a_chain_that_is_away_is_not_sent(
    client: RemoteLog, node: Node, bob: Inbox
) -> None:
    with pytest.raises(SignatureUnavailable):
        client.publish(bob.update(Add(smart_wallet("w"), bob.owner)))
    assert not node.calls[PUBLISH]


# Failures


@pytest.mark.parametrize("status", UNCLEAR)
def test_a_call_that_failed_after_the_node_took_the_update_is_a_success(
    client: RemoteLog, node: Node, bob: Inbox, update: bytes, status: grpc.StatusCode
) -> None:
    node.does(PUBLISH, takes_and_fails(status))
    assert client.publish(update).position == 1
    assert node.logs[bob.inbox_id] == [*bob.log, update]
    assert node.calls[PUBLISH] == 1


@pytest.mark.parametrize("status", UNCLEAR)
def test_an_update_that_may_be_on_its_way_is_not_sent_again(
    client: RemoteLog, node: Node, update: bytes, status: grpc.StatusCode
) -> None:
    node.does(PUBLISH, fails(status))
    with pytest.raises(PublishUncertain) as caught:
        client.publish(update)
    assert caught.value.code == "publish_uncertain"
    assert not caught.value.retryable
    assert caught.value.status == status.name
    assert node.calls[PUBLISH] == 1
    assert node.calls[FETCH] == 1 + 5


def _comes_late(update: bytes) -> Conduct:
    def conduct(node: Node, request: bytes, context: grpc.ServicerContext) -> bytes:
        before = node.truth(FETCH, request)
        node.logs[next(iter(node.cursors[-1]))].append(update)
        return before

    return conduct


def test_an_update_that_lands_late_is_found(
    client: RemoteLog, node: Node, bob: Inbox, update: bytes
) -> None:
    node.does(FETCH, truly(FETCH), _comes_late(update))
    node.does(PUBLISH, fails(Status.UNAVAILABLE))
    assert client.publish(update).position == 1
    assert node.calls[PUBLISH] == 1


def test_a_node_that_stays_away_leaves_it_uncertain(
    client: RemoteLog, node: Node, update: bytes
) -> None:
    node.does(FETCH, truly(FETCH), *[fails(Status.UNAVAILABLE)] * 25)
    node.does(PUBLISH, takes_and_fails(Status.UNAVAILABLE))
    with pytest.raises(PublishUncertain):
        client.publish(update)
    assert node.calls[PUBLISH] == 1


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (Status.RESOURCE_EXHAUSTED, "overloaded"),
        (Status.RESOURCE_EXHAUSTED, None),
        (Status.UNAVAILABLE, "chain_unavailable"),
    ],
)
def test_what_the_node_surely_did_not_take_is_sent_again(
    client: RemoteLog,
    node: Node,
    bob: Inbox,
    update: bytes,
    status: grpc.StatusCode,
    code: str | None,
) -> None:
    node.does(PUBLISH, *[fails(status, "later", code)] * 3)
    assert client.publish(update).position == 1
    assert node.calls[PUBLISH] == 4
    assert node.logs[bob.inbox_id] == [*bob.log, update]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (Status.RESOURCE_EXHAUSTED, "overloaded"),
        (Status.UNAVAILABLE, "chain_unavailable"),
        (Status.UNAVAILABLE, "store_unavailable"),
    ],
)
def test_even_a_node_that_says_no_is_not_believed_before_the_log_is_read(
    client: RemoteLog,
    node: Node,
    bob: Inbox,
    update: bytes,
    status: grpc.StatusCode,
    code: str,
) -> None:
    node.does(PUBLISH, takes_and_fails(status, code))
    assert client.publish(update).position == 1
    assert node.calls[PUBLISH] == 1
    assert node.logs[bob.inbox_id] == [*bob.log, update]


def test_a_node_that_lost_its_database_does_not_know(
    client: RemoteLog, node: Node, update: bytes
) -> None:
    node.does(PUBLISH, fails(Status.UNAVAILABLE, "gone", "store_unavailable"))
    with pytest.raises(PublishUncertain, match=r"gone \[store_unavailable\]"):
        client.publish(update)
    assert node.calls[PUBLISH] == 1


def test_a_node_that_stays_busy_is_left_in_the_end(
    client: RemoteLog, node: Node, update: bytes
) -> None:
    node.does(PUBLISH, *[fails(Status.RESOURCE_EXHAUSTED, "busy", "overloaded")] * 5)
    with pytest.raises(NodeBusy):
        client.publish(update)
    assert node.calls[PUBLISH] == 5


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (Status.FAILED_PRECONDITION, "log_full"),
        (Status.INVALID_ARGUMENT, "undecodable"),
        (Status.ALREADY_EXISTS, "owner_taken"),
        (Status.PERMISSION_DENIED, "read_only"),
        (Status.FAILED_PRECONDITION, None),
    ],
)
def test_a_refusal_carries_the_nodes_sentence_and_code(
    client: RemoteLog,
    node: Node,
    update: bytes,
    status: grpc.StatusCode,
    code: str | None,
) -> None:
    node.does(PUBLISH, fails(status, "Not like this.", code))
    with pytest.raises(NodeRefused, match="Not like this") as caught:
        client.publish(update)
    assert isinstance(caught.value, NotAdmitted)
    assert caught.value.code == "node_refused"
    assert caught.value.node_code == code
    assert node.calls[PUBLISH] == 1


def test_a_node_without_the_method_is_an_error(
    client: RemoteLog, node: Node, update: bytes
) -> None:
    node.does(PUBLISH, fails(Status.UNIMPLEMENTED))
    with pytest.raises(NodeError) as caught:
        client.publish(update)
    assert caught.value.code == "node_error"


def test_a_node_that_is_gone_was_surely_not_reached(
    connect: Connect, node: Node, update: bytes
) -> None:
    channel = connect()._channel
    node.stop()
    with pytest.raises(NodeUnavailable) as caught:
        channel.send(PUBLISH, publish_request(update))
    assert not caught.value.reached
    assert is_definite(caught.value)


# Reading back


def test_a_node_that_says_it_took_what_it_did_not_is_found_out(
    client: RemoteLog, node: Node, update: bytes
) -> None:
    node.does(PUBLISH, says(b""))
    with pytest.raises(PublishNotSeen) as caught:
        client.publish(update)
    assert caught.value.code == "publish_not_seen"
    assert node.calls[PUBLISH] == 1


def test_a_replica_that_lags_is_waited_for(
    client: RemoteLog, node: Node, update: bytes
) -> None:
    def lags(node: Node, request: bytes, context: grpc.ServicerContext) -> bytes:
        [(inbox_id, log)] = [
            (one, log) for one, log in node.logs.items() if update in log
        ]
        node.logs[inbox_id] = log[:-1]
        answer = node.truth(FETCH, request)
        node.logs[inbox_id] = log
        return answer

    node.does(FETCH, truly(FETCH), lags, lags)
    assert client.publish(update).position == 1


def test_a_log_that_is_rewritten_meanwhile_is_noticed(
    client: RemoteLog, node: Node, alice: Inbox
) -> None:
    def rewrites(node: Node, request: bytes, context: grpc.ServicerContext) -> bytes:
        del node.logs[alice.inbox_id][1:]
        return b""

    node.does(PUBLISH, rewrites)
    with pytest.raises(LogShortened):
        client.publish(alice.update(Add(leaf_a("a2"), alice.owner), leaf=True))


def test_an_answer_that_is_malformed_is_noticed_when_reading_back(
    client: RemoteLog, node: Node, update: bytes
) -> None:
    node.does(FETCH, truly(FETCH), says(b"\xff"))
    with pytest.raises(NodeAnswer):
        client.publish(update)


def test_a_node_may_write_the_fields_of_an_update_anew(
    client: RemoteLog, node: Node, bob: Inbox, update: bytes
) -> None:
    def reorders(node: Node, request: bytes, context: grpc.ServicerContext) -> bytes:
        tail = length(3, bob.inbox_id)
        assert update.endswith(tail)
        node.logs[bob.inbox_id].append(tail + update.removesuffix(tail))
        return b""

    node.does(PUBLISH, reorders)
    assert client.publish(update).position == 1


def test_somebody_elses_update_may_come_first(
    client: RemoteLog, node: Node, bob: Inbox
) -> None:
    """Both were made for the same state, and replay takes the first alone."""
    first = bob.update(Change(Wallet("heir"), bob.owner))
    bob.time_ns += 10**9
    second = write(
        bob.inbox_id, Change(Wallet("other"), bob.owner), time_ns=bob.time_ns
    )

    def loses(node: Node, request: bytes, context: grpc.ServicerContext) -> bytes:
        node.logs[bob.inbox_id].append(first)
        return node.truth(PUBLISH, request)

    node.does(PUBLISH, loses)
    published = client.publish(second)
    assert published.position == 2
    assert published.outcome.outcome is OutcomeKind.REJECTED
