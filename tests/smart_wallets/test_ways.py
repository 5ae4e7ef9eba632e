"""Whichever way to a chain is named, logs come to the same; without one, they
wait."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, cast

import pytest
from plugins.ethereum.tests.evm_wallets.anvil import CHAIN_ID, Anvil
from plugins.ethereum.tests.evm_wallets.wallets import ChainWallet, Wallets, key

from xmtp_identity import Registry, replay, replay_many, resume
from xmtp_identity.kinds import Context
from xmtp_identity.logfile import InboxLog
from xmtp_identity.replay import ReplayResult
from xmtp_identity_ethereum.chain.access import ChainAccess
from xmtp_identity_ethereum.chain.context import contexts
from xmtp_identity_ethereum.chain.limits import Limits

from ..faults.processes import NodeProcess, free_port
from ..support.signers import Wallet
from ..support.updates import Add, Change, Inbox, Revoke

if TYPE_CHECKING:
    from plugins.ethereum.tests.evm_wallets.zoo import Kept

Way = Callable[[Anvil, NodeProcess], Mapping[str, list[str]]]


class Closing(Protocol):
    def close(self) -> None: ...


NAME = f"eip155:{CHAIN_ID}"


def logs_of(zoo: Mapping[str, Kept]) -> list[InboxLog]:
    """For each wallet a log that it joins, fails to rule by a signature over
    another text, and rules."""
    logs = []
    for name, kept in zoo.items():
        wallet, host = kept.wallet, Wallet(f"host, some way, of {name}")
        inbox = Inbox(host)
        inbox.append(Add(wallet, by=host), Change(wallet, by=host))
        inbox.append(Revoke(host, by=replace(wallet, owner_signs=over_another(wallet))))
        inbox.append(Revoke(host, by=wallet))
        logs.append(InboxLog(inbox.inbox_id, inbox.log))
    return logs


def over_another(wallet: ChainWallet) -> Callable[[bytes], bytes]:
    return lambda text: wallet.owner_signs(text + b".")


@pytest.mark.parametrize(
    "way",
    [
        lambda anvil, _: {NAME: [anvil.url]},
        lambda anvil, _: {NAME: [f"http://127.0.0.1:{free_port()}", anvil.url]},
        lambda _, node: {NAME: [f"grpc://{node.target}"]},
        lambda _, node: {"eip155": [f"grpc://{node.target}"]},
    ],
    ids=["a server", "a second server", "a node", "a node for all chains"],
)
def test_every_way_to_a_chain_leads_to_the_same(
    way: Way,
    zoo: Mapping[str, Kept],
    anvil: Anvil,
    node: NodeProcess,
    access: ChainAccess,
    registry: Registry,
) -> None:
    logs = logs_of(zoo)
    expected = replay_many(logs, registry, context={"ethereum": access})
    context = contexts(way(anvil, node))
    with closing(cast("Closing", context["ethereum"])):
        found = replay_many(logs, registry, context=context)
        # Nodes do not say which of their refusals are deviations.
        for ours, theirs in zip(expected, found, strict=True):
            assert kinds_of(ours) == kinds_of(theirs)
            assert kinds_of(ours) == ["applied", "applied", "rejected", "applied"]
            assert ours.state == theirs.state


def kinds_of(result: ReplayResult) -> list[str]:
    return [one.outcome for one in result.outcomes]


def test_a_log_waits_for_a_chain_that_is_gone_and_goes_on_when_it_is_back(
    registry: Registry,
) -> None:
    owner, host = key("of who is gone"), Wallet("host of who is gone")
    with Anvil() as anvil:
        wallet, url = Wallets(anvil).minimal(owner), anvil.url
    inbox = Inbox(host)
    inbox.append(Add(wallet, by=host))
    inbox.append(Change(wallet, by=host))
    with ChainAccess({CHAIN_ID: [url]}, limits=Limits(attempts=1)) as access:
        context: Context = {"ethereum": access}
        gone = replay(inbox.inbox_id, inbox.log, registry, context=context)
    assert gone.stopped_at == 1
    assert not gone.authoritative
    assert gone.snapshot is not None
    # The same chain once more, block by block.
    with Anvil() as anvil, ChainAccess({CHAIN_ID: [anvil.url]}) as access:
        assert Wallets(anvil).minimal(owner).value == wallet.value
        context = {"ethereum": access}
        back = resume(gone.snapshot, inbox.log, registry, context=context)
    assert back.authoritative
    assert back.state is not None
    assert set(back.state.root) == {host.identifier, wallet.identifier}
    assert back.state.recovery == wallet.identifier
