"""`RemoteLog` and a node of `xid serve`: restarts, backups, and many at once."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.signers import Installation, Wallet
from tests.support.updates import Add, Inbox

from xmtp_identity import Registry, RemoteLog, load_registry, replay
from xmtp_identity.outcome import OutcomeKind
from xmtp_identity.remote import LogShortened, NodeRefused, NodeUnavailable, Settings

from .serving import node_in

if TYPE_CHECKING:
    from tests.faults.processes import NodeProcess


@pytest.fixture(scope="session")
def registry() -> Registry:
    return load_registry(strict=True)


def _create(inbox: Inbox) -> bytes:
    [create] = inbox.log
    assert create is not None
    return create


def test_what_was_published_is_what_is_served(
    served: NodeProcess, registry: Registry
) -> None:
    inbox = Inbox(Wallet("remote one"))
    app = Installation("remote app")
    with RemoteLog(served.grpc_url, registry) as client:
        client.publish(_create(inbox))
        update = inbox.update(Add(app, inbox.owner))
        published = client.publish(update)
        inbox.push(update)
        [found] = client.fetch([inbox.inbox_id])
        assert found.log == inbox.log
        assert published.position == 1
        # Again is not twice.
        assert client.publish(update).sequence_id == published.sequence_id
        assert len(client.fetch([inbox.inbox_id])[0].entries) == 2
        assert client.inbox_ids(
            [inbox.owner.identifier, Wallet("remote nobody").identifier]
        ) == [inbox.inbox_id, None]


def test_a_node_that_was_killed_and_came_back_has_everything(
    tmp_path: Path, registry: Registry
) -> None:
    inbox = Inbox(Wallet("killed"))
    with node_in(tmp_path) as served:
        quick = Settings(attempts=2)
        client = RemoteLog(served.grpc_url, registry, settings=quick)
        before = client.publish(_create(inbox)).fetched
        served.kill()
        with pytest.raises(NodeUnavailable):
            client.publish(inbox.update(Add(Installation("k"), inbox.owner)))
        client.close()
        served.start()
        with RemoteLog(served.grpc_url, registry) as again:
            [found] = again.fetch(
                [inbox.inbox_id], known={inbox.inbox_id: before.known}
            )
        assert found.log == inbox.log


def test_a_client_outlives_its_node(tmp_path: Path, registry: Registry) -> None:
    inbox = Inbox(Wallet("outlives"))
    with (
        node_in(tmp_path) as served,
        RemoteLog(served.grpc_url, registry) as client,
    ):
        client.publish(_create(inbox))
        served.stop()
        served.start()
        update = inbox.update(Add(Installation("o"), inbox.owner))
        assert client.publish(update).position == 1


def test_a_node_that_went_back_to_an_old_backup_is_noticed(
    tmp_path: Path, registry: Registry
) -> None:
    inbox = Inbox(Wallet("backup"))
    with node_in(tmp_path) as served:
        with RemoteLog(served.grpc_url, registry) as client:
            client.publish(_create(inbox))
            served.stop()
            shutil.copy(served.store, tmp_path / "old.db")
            served.start()
            update = inbox.update(Add(Installation("b"), inbox.owner))
            known = {inbox.inbox_id: client.publish(update).fetched.known}
        served.stop()
        for file in tmp_path.glob("node.db*"):
            file.unlink()
        shutil.copy(tmp_path / "old.db", served.store)
        served.start()
        with (
            RemoteLog(served.grpc_url, registry) as client,
            pytest.raises(LogShortened, match="serves 1 entries"),
        ):
            client.fetch([inbox.inbox_id], known=known)


def test_many_publish_to_one_inbox_at_once_and_nothing_is_lost(
    served: NodeProcess, registry: Registry
) -> None:
    inbox = Inbox(Wallet("crowd"))
    updates = []
    with RemoteLog(served.grpc_url, registry) as client:
        client.publish(_create(inbox))
        for number in range(12):
            inbox.time_ns += 10**9
            updates.append(inbox.update(Add(Installation(f"{number}"), inbox.owner)))
        with ThreadPoolExecutor(4) as pool:
            published = list(pool.map(partial(RemoteLog.publish, client), updates))
        [found] = client.fetch([inbox.inbox_id])
    assert sorted(one.position for one in published) == list(range(1, 13))
    assert {one.outcome.outcome for one in published} == {OutcomeKind.APPLIED}
    assert sorted(filter(None, found.log[1:])) == sorted(updates)
    state = replay(inbox.inbox_id, found.log, registry).state
    assert state is not None
    assert len(state.members) == 13


def test_the_nodes_own_refusal_is_typed(
    served: NodeProcess, registry: Registry
) -> None:
    owner = Wallet("two inboxes")
    with RemoteLog(served.grpc_url, registry) as client:
        client.publish(_create(Inbox(owner)))
        with pytest.raises(NodeRefused) as caught:
            client.publish(_create(Inbox(owner, nonce=1)))
    assert caught.value.status == "ALREADY_EXISTS"
    assert caught.value.node_code == "owner_taken"
