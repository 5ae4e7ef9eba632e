"""An inbox that a node names must prove the identifier."""

from __future__ import annotations

import grpc
import pytest
from tests.support.leaf_kinds import leaf_a, leaf_chain
from tests.support.protobuf import length, uint
from tests.support.signers import Installation, Wallet
from tests.support.updates import Add, Inbox, Revoke

from xmtp_identity import MemberIdentifier
from xmtp_identity.errors import UnknownKind
from xmtp_identity.remote import (
    InboxUnproven,
    NodeAnswer,
    NodeUnavailable,
    NoLookUp,
    RemoteLog,
)

from .node import FETCH, LOOK_UP, Node, fails, says

NOBODY = Wallet("nobody").identifier


def test_an_identifier_leads_to_its_inbox(
    client: RemoteLog, alice: Inbox, bob: Inbox
) -> None:
    owners = [bob.owner.identifier, NOBODY, alice.owner.identifier]
    assert client.inbox_ids(owners) == [bob.inbox_id, None, alice.inbox_id]


def test_leaf_kinds_are_asked_for_by_their_number(
    client: RemoteLog, node: Node, alice: Inbox
) -> None:
    leaf = leaf_a("a1")
    node.owners[1000, leaf.value] = alice.inbox_id
    assert client.inbox_ids([leaf.identifier]) == [alice.inbox_id]


def test_the_log_comes_with_the_answer(client: RemoteLog, alice: Inbox) -> None:
    [found] = client.look_up([alice.owner.identifier])
    assert found.fetched is not None
    assert found.fetched.log == alice.log
    assert found.problem is None


def test_installations_are_not_looked_up(client: RemoteLog, node: Node) -> None:
    with pytest.raises(NoLookUp) as caught:
        client.inbox_ids([Installation("app").identifier])
    assert caught.value.code == "no_look_up"
    assert not node.calls[LOOK_UP]


def test_a_kind_that_is_not_here_is_not_looked_up(client: RemoteLog) -> None:
    with pytest.raises(UnknownKind):
        client.inbox_ids([MemberIdentifier("nostr", "npub1")])


def test_a_false_inbox_is_found_out(
    client: RemoteLog, node: Node, alice: Inbox, bob: Inbox
) -> None:
    node.owners[1, NOBODY.value] = alice.inbox_id
    asked = [NOBODY, bob.owner.identifier]
    lie, truth = client.look_up(asked)
    assert lie.inbox_id is None
    assert isinstance(lie.problem, InboxUnproven)
    assert lie.problem.code == "inbox_unproven"
    assert truth.inbox_id == bob.inbox_id
    with pytest.raises(InboxUnproven):
        client.inbox_ids(asked)


def test_an_inbox_without_a_log_proves_nothing(client: RemoteLog, node: Node) -> None:
    node.owners[1, NOBODY.value] = "0" * 64
    with pytest.raises(InboxUnproven):
        client.inbox_ids([NOBODY])


def test_who_was_revoked_is_no_member(
    client: RemoteLog, node: Node, alice: Inbox
) -> None:
    friend = Wallet("friend")
    alice.append(Add(friend, alice.owner))
    alice.append(Revoke(friend, alice.owner))
    node.logs[alice.inbox_id] = alice.log
    node.owners[1, friend.value] = alice.inbox_id
    with pytest.raises(InboxUnproven):
        client.inbox_ids([friend.identifier])


def test_what_can_not_be_judged_now_is_said(
    client: RemoteLog, node: Node, alice: Inbox
) -> None:
    leaf = leaf_chain("c1")
    alice.append_leaf(Add(leaf, alice.owner))
    node.logs[alice.inbox_id] = alice.log
    node.owners[1002, leaf.value] = alice.inbox_id
    with pytest.raises(InboxUnproven, match="can't be judged now"):
        client.inbox_ids([leaf.identifier])


def test_trouble_with_a_log_is_told_with_its_identifier(
    client: RemoteLog, node: Node, alice: Inbox, bob: Inbox
) -> None:
    node.logs[alice.inbox_id] = list(bob.log)
    bad, good = client.look_up([alice.owner.identifier, bob.owner.identifier])
    assert isinstance(bad.problem, NodeAnswer)
    assert good.inbox_id == bob.inbox_id


def test_many_identifiers_are_asked_for_in_pieces(
    client: RemoteLog, node: Node
) -> None:
    asked = [Wallet(f"w{number}").identifier for number in range(51)]
    assert client.inbox_ids(asked) == [None] * 51
    assert node.calls[LOOK_UP] == 2


def test_one_identifier_may_be_asked_for_twice(client: RemoteLog, bob: Inbox) -> None:
    assert client.inbox_ids([bob.owner.identifier] * 2) == [bob.inbox_id] * 2


def test_a_node_that_leaves_an_identifier_or_the_kind_out_is_understood(
    client: RemoteLog, node: Node, bob: Inbox
) -> None:
    answer = length(1, length(1, bob.owner.value) + length(2, bob.inbox_id))
    node.does(LOOK_UP, says(answer))
    assert client.inbox_ids([NOBODY, bob.owner.identifier]) == [None, bob.inbox_id]


def test_nobody_is_asked_for_nothing(client: RemoteLog, node: Node) -> None:
    assert client.inbox_ids([]) == []
    assert not node.calls


ONE = length(1, NOBODY.value)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"\xff", id="no protobuf"),
        pytest.param(length(1, length(1, b"\xc3")), id="no UTF-8"),
        pytest.param(length(1, length(1, "0xother")), id="another identifier"),
        pytest.param(length(1, ONE + uint(3, 2)), id="another kind"),
        pytest.param(length(1, ONE + length(2, "x\x1b[2J")), id="no inbox ID"),
        pytest.param(
            length(1, ONE + length(2, "0" * 64)) + length(1, ONE + length(2, "1" * 64)),
            id="two inboxes",
        ),
        pytest.param(length(1, ONE) * 50, id="too many answers"),
    ],
)
def test_a_malformed_answer_is_an_error_of_the_node(
    client: RemoteLog, node: Node, answer: bytes
) -> None:
    node.does(LOOK_UP, says(answer))
    with pytest.raises(NodeAnswer) as caught:
        client.inbox_ids([NOBODY])
    assert caught.value.detail.isprintable()
    assert not node.calls[FETCH]


def test_a_node_that_is_away_is_unavailable(client: RemoteLog, node: Node) -> None:
    node.does(LOOK_UP, *[fails(grpc.StatusCode.UNAVAILABLE)] * 5)
    with pytest.raises(NodeUnavailable):
        client.inbox_ids([NOBODY])
