"""Live clients keep talking while leaf members come and go in their inboxes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, get_args

import pytest

from xmtp_identity import Registry
from xmtp_identity.v1 import identity_pb2, log_pb2

from ..faults.processes import NodeProcess
from .clients import ClientFailed
from .relay import Relay
from .talk import Kind, Talk

if TYPE_CHECKING:
    import grpc

_SENDS: Final = 3
"""By each installation in each round."""

_PATIENCE: Final = 60.0


def test_leaf_members_in_the_place_of_root_members_would_stop_every_client(
    node: NodeProcess, channel: grpc.Channel, registry: Registry, tmp_path: Path
) -> None:
    """Why leaf updates ride beside the root; and that these tests would see it."""
    with (
        Relay(node.target, _as_root_updates) as relay,
        Talk(relay, channel, registry, tmp_path, "group") as talk,
    ):
        talk.change_members()
        for app in (one.installations[0] for one in talk.people):
            app.look(next_time=True)
            sending = app.start_sending(talk.conversation, ["Are you there?"])
            with pytest.raises(ClientFailed, match="missing field signature"):
                sending.result(_PATIENCE)


def _as_root_updates(method: str, answer: bytes) -> bytes:
    """The log that a node would give if leaf actions stood in ``actions``."""
    if not method.endswith("/GetIdentityUpdates"):
        return answer
    message = log_pb2.GetIdentityUpdatesResponse.FromString(answer)
    for response in message.responses:
        for entry in response.updates:
            update = identity_pb2.IdentityUpdate.FromString(entry.update)
            update.actions.extend(update.leaf_actions)
            del update.leaf_actions[:]
            entry.update = update.SerializeToString()
    return message.SerializeToString()


@pytest.mark.parametrize("what", get_args(Kind))
def test_clients_lose_no_message_and_do_not_fork_while_leaf_members_come_and_go(
    relay: Relay,
    channel: grpc.Channel,
    registry: Registry,
    tmp_path: Path,
    what: Kind,
) -> None:
    with Talk(relay, channel, registry, tmp_path, what) as talk:
        for _ in range(3):
            talk.round(_SENDS)
        talk.check()
        alice, bob = talk.people
        phone = talk.join(alice)
        for _ in range(2):
            talk.round(_SENDS)
        bob.installations[0].restart()
        talk.round(_SENDS)
        phone.restart()
        talk.round(_SENDS)
        figures = talk.check()
        assert figures["rounds"] == 7
        assert figures["messages"] == 1 + 3 * 2 * _SENDS + 1 + 4 * 3 * _SENDS
        assert figures["failed once"] == 0
        # Clients took notice of the updates: each makes them agree anew.
        assert figures["epoch"] > figures["rounds"] // 2


@pytest.mark.parametrize(
    "kinds", [("ethereum", "passkey"), ("solana", "bitcoin")], ids="-".join
)
def test_a_send_that_is_overtaken_by_news_of_an_inbox_fails_once_whatever_the_kind(
    relay: Relay,
    channel: grpc.Channel,
    registry: Registry,
    tmp_path: Path,
    kinds: tuple[str, str],
) -> None:
    """A limit of the client, with members that it knows as with those it doesn't."""
    with Talk(relay, channel, registry, tmp_path, "group", kinds=kinds) as talk:
        alice, bob = (person.installations[0] for person in talk.people)
        talk.change_members()
        with relay.holding_back() as held:
            bob.look(next_time=True)
            sending = bob.start_sending(talk.conversation, ["slow"], again=True)
            assert held.wait(_PATIENCE)
            talk.change_members()
            alice.look(next_time=True)
            alice.start_sending(talk.conversation, ["quick"]).result(_PATIENCE)
        assert len(sending.result(_PATIENCE)) == 1
        talk.check()
