"""XMTP's real client and ours agree about inboxes with smart wallets, on a node
that asks the chain for both of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import pytest
from plugins.ethereum.tests.evm_wallets.wallets import (
    ChainWallet,
    Wallets,
    key,
    plain,
)
from plugins.ethereum.tests.evm_wallets.zoo import NAMES, Kept

from xmtp_identity import AssociationState, MemberIdentifier, Registry
from xmtp_identity.builder import (
    AddMember,
    ChangeRecoveryIdentifier,
    CreateInbox,
    PlannedAction,
    RevokeMember,
    SignatureRequest,
    choose_timestamp_ns,
)
from xmtp_identity.kinds import Context, Signer
from xmtp_identity.remote import RemoteLog
from xmtp_identity_ethereum.accounts import SmartWallet, SmartWalletSigner
from xmtp_identity_ethereum.chain.access import ChainAccess

from ..faults.processes import NodeProcess
from ..real_client.inbox import as_signer
from ..support.signers import Wallet
from ..support.updates import START, inbox_id_for
from .client import ClientFailed, RealClient, as_the_client_shows


@pytest.fixture
def url(real_client: None, node: NodeProcess) -> str:
    return f"http://{node.target}"


@pytest.fixture
def remote(url: str, registry: Registry, context: Context) -> Iterator[RemoteLog]:
    with RemoteLog(url, registry, context=context) as remote:
        yield remote


def state_of(remote: RemoteLog, inbox_id: str) -> AssociationState:
    """What we make of a log on the node, all of which must be applied."""
    (found,) = remote.fetch([inbox_id])
    assert {one.outcome for one in found.result.outcomes} == {"applied"}
    assert found.result.authoritative
    assert found.result.state is not None
    return found.result.state


@pytest.mark.parametrize("name", NAMES)
def test_we_replay_what_the_client_wrote(
    name: str, zoo: Mapping[str, Kept], url: str, wallets: Wallets, remote: RemoteLog
) -> None:
    wallet, friend = zoo[name].wallet, Wallet(f"friend of {name}")
    partner = wallets.solady(key(f"partner of {name}"))
    with RealClient(url, wallet) as client:

        def agreed() -> AssociationState:
            state = state_of(remote, client.inbox_id)
            assert as_the_client_shows(state) == client.state()
            return state

        client.register()
        assert agreed().root[wallet.identifier].chain_id == wallet.chain_id
        # Both ways: at a block that the app names, and at the node's newest.
        client.update("add", partner, partner, pinned=True)
        assert agreed().root[partner.identifier].chain_id == wallet.chain_id
        client.update("add", friend, friend)
        client.update("revoke", partner, wallet)
        client.update("changeRecovery", friend, wallet, pinned=True)
        assert set(agreed().root) >= {wallet.identifier, friend.identifier}


def write(
    remote: RemoteLog,
    registry: Registry,
    context: Context,
    inbox_id: str,
    actions: Sequence[PlannedAction],
    *signers: Signer,
) -> None:
    """Publish an update that our builder makes."""
    (found,) = remote.fetch([inbox_id])
    wallets = [one.wallet for one in signers if isinstance(one, SmartWalletSigner)]
    request = SignatureRequest(
        inbox_id,
        actions,
        registry,
        client_timestamp_ns=choose_timestamp_ns(found.log, START),
        snapshot=found.result.snapshot if found.entries else None,
        context=context,
        accounts=wallets,
    )
    request.foresee()
    for signer in signers:
        request.sign(signer)
    remote.publish(request.finish())


def signer_for(wallet: ChainWallet, access: ChainAccess) -> SmartWalletSigner:
    """As an app signs for it, at the newest block."""
    return SmartWalletSigner(
        SmartWallet(wallet.account_id, heads=access),
        lambda text, _: wallet.raw(text.encode()),
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_client_lives_in_an_inbox_that_we_wrote(
    name: str,
    zoo: Mapping[str, Kept],
    url: str,
    remote: RemoteLog,
    access: ChainAccess,
    registry: Registry,
    context: Context,
) -> None:
    wallet, key_wallet = zoo[name].wallet, Wallet(f"host of {name}")
    owner, guest = as_signer(key_wallet), signer_for(wallet, access)
    inbox_id = inbox_id_for(key_wallet)
    publish = partial(write, remote, registry, context, inbox_id)
    publish([CreateInbox(owner.identifier)], owner)
    publish([AddMember(guest.identifier, owner.identifier)], owner, guest)
    publish([ChangeRecoveryIdentifier(guest.identifier, owner.identifier)], owner)
    publish([RevokeMember(owner.identifier, guest.identifier)], guest)
    with RealClient(url, wallet, inbox_id) as client:
        client.register()
        state = state_of(remote, inbox_id)
        assert set(state.root) == {
            wallet.identifier,
            MemberIdentifier("installation", client.installation),
        }
        assert as_the_client_shows(state) == client.state()


def test_neither_takes_a_sibling_wallet_for_a_member(
    url: str, wallets: Wallets, remote: RemoteLog
) -> None:
    owner = key("of siblings on a node")
    one, sibling = wallets.minimal(owner), wallets.minimal(owner)
    with RealClient(url, one) as client:
        with pytest.raises(ClientFailed, match="Unknown signer"):
            client.register(by=sibling, pinned=True)
        client.register(pinned=True)
        assert set(state_of(remote, client.inbox_id).root) == {
            one.identifier,
            MemberIdentifier("installation", client.installation),
        }


def test_the_client_reads_an_inbox_whose_wallet_changed_hands(
    url: str, wallets: Wallets, remote: RemoteLog
) -> None:
    old, new, friend = key("old on a node"), key("new on a node"), Wallet("a friend")
    wallet = wallets.minimal(old)
    with RealClient(url, wallet) as client:
        client.register(pinned=True)
        inbox_id = client.inbox_id
        since = wallets.rotate_minimal(wallet, old, new)
        late = replace(wallet, block=since)
        with pytest.raises(ClientFailed, match="Signature validation failed"):
            client.update("changeRecovery", friend, late, pinned=True)
        client.update(
            "changeRecovery",
            friend,
            replace(late, owner_signs=plain(new)),
            pinned=True,
        )
    with RealClient(url, friend) as other:
        state = state_of(remote, inbox_id)
        assert state.recovery == friend.identifier
        assert as_the_client_shows(state) == other.state(inbox_id)
