"""Logs with smart wallets, replayed with the chain at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from plugins.ethereum.tests.evm_wallets.anvil import CHAIN_ID, Anvil
from plugins.ethereum.tests.evm_wallets.wallets import Wallets, key, plain
from plugins.ethereum.tests.evm_wallets.zoo import NAMES, UNDEPLOYED, Kept

from xmtp_identity import Registry, replay
from xmtp_identity.kinds import Context
from xmtp_identity.replay import ReplayResult

from ..support.signers import Installation, Wallet
from ..support.updates import Add, Change, Inbox, Revoke


def outcomes(result: ReplayResult) -> list[str]:
    """Each update's outcome, or why it is rejected."""
    return [one.code or one.outcome for one in result.outcomes]


@pytest.mark.parametrize("name", NAMES)
def test_a_wallet_owns_an_inbox(
    name: str, zoo: Mapping[str, Kept], registry: Registry, context: Context
) -> None:
    wallet = zoo[name].wallet
    app, friend = Installation(f"app of {name}"), Wallet(f"friend of {name}")
    inbox = Inbox(wallet)
    inbox.append(Add(app, by=wallet), Add(friend, by=wallet))
    inbox.append(Revoke(friend, by=wallet))
    inbox.append(Change(friend, by=wallet))
    result = replay(inbox.inbox_id, inbox.log, registry, context=context)
    assert outcomes(result) == ["applied"] * 4
    assert result.authoritative
    assert result.state is not None
    root = result.state.root
    assert set(root) == {wallet.identifier, app.identifier}
    assert root[wallet.identifier].chain_id == CHAIN_ID
    assert result.state.recovery == friend.identifier


@pytest.mark.parametrize("name", NAMES)
def test_a_wallet_joins_and_acts_for_an_inbox(
    name: str, zoo: Mapping[str, Kept], registry: Registry, context: Context
) -> None:
    owner, wallet = Wallet(f"host of {name}"), zoo[name].wallet
    app = Installation(f"app of the guest {name}")
    inbox = Inbox(owner)
    inbox.append(Add(wallet, by=owner))
    inbox.append(Add(app, by=wallet))
    inbox.append(Change(wallet, by=owner))
    inbox.append(Revoke(owner, by=wallet))
    result = replay(inbox.inbox_id, inbox.log, registry, context=context)
    assert outcomes(result) == ["applied"] * 5
    assert result.state is not None
    assert set(result.state.root) == {wallet.identifier, app.identifier}


def test_without_the_chain_a_replay_stops_and_says_so(
    zoo: Mapping[str, Kept], registry: Registry
) -> None:
    owner, wallet = Wallet("host"), zoo["minimal"].wallet
    inbox = Inbox(owner)
    inbox.append(Add(wallet, by=owner))
    result = replay(inbox.inbox_id, inbox.log, registry)
    assert result.stopped_at == 1
    assert not result.authoritative
    assert result.state is not None
    assert set(result.state.root) == {owner.identifier}


@pytest.mark.parametrize("name", UNDEPLOYED)
def test_a_signature_without_its_wrapper_is_none_before_the_wallet_is_made(
    name: str, zoo: Mapping[str, Kept], registry: Registry, context: Context
) -> None:
    bare = replace(zoo[name].wallet, factory=None)
    inbox = Inbox(Wallet(f"host of bare {name}"))
    inbox.append(Add(bare, by=inbox.owner))
    result = replay(inbox.inbox_id, inbox.log, registry, context=context)
    assert outcomes(result) == ["applied", "invalid_signature"]


def test_a_log_stays_what_it_was_when_owners_change(
    wallets: Wallets, registry: Registry, context: Context
) -> None:
    old, new = key("old of a log"), key("new of a log")
    wallet = wallets.minimal(old)
    inbox = Inbox(wallet)
    inbox.append(Add(Installation("app of the old"), by=wallet))
    before = replay(inbox.inbox_id, inbox.log, registry, context=context)
    since = wallets.rotate_minimal(wallet, old, new)
    again = replay(inbox.inbox_id, inbox.log, registry, context=context)
    assert (again.outcomes, again.state) == (before.outcomes, before.state)
    gone = replace(wallet, block=since)
    inbox.append(Add(Installation("app of who was the owner"), by=gone))
    there = replace(gone, owner_signs=plain(new))
    inbox.append(Add(Installation("app of the new"), by=there))
    after = replay(inbox.inbox_id, inbox.log, registry, context=context)
    expected = ["applied", "applied", "invalid_signature", "applied"]
    assert outcomes(after) == expected


def test_a_sibling_wallet_of_the_same_owner_can_not_stand_in(
    wallets: Wallets, anvil: Anvil, registry: Registry, context: Context
) -> None:
    owner, host = key("of siblings"), Wallet("host of siblings")
    one, sibling = wallets.minimal(owner), wallets.minimal(owner)
    one = replace(one, block=sibling.block)
    inbox = Inbox(host)
    # The sibling takes the signature, for it takes whatever its owner signs.
    inbox.append(Add(one, by=host, signed_by=sibling))
    # Nor does a signature over the one's text do for an update that adds the
    # other one: the text there is another.
    used = inbox.update(Add(one, by=host))
    inbox.push(used.replace(one.value.encode(), sibling.value.encode()))
    inbox.append(Add(one, by=host))
    inbox.append(Change(one, by=host))
    inbox.append(Revoke(host, by=sibling))
    inbox.append(Revoke(host, by=one))
    result = replay(inbox.inbox_id, inbox.log, registry, context=context)
    assert outcomes(result) == [
        "applied",
        "signer_mismatch",
        "invalid_signature",
        "applied",
        "applied",
        "not_recovery",
        "applied",
    ]


def test_a_wallet_is_bound_to_its_chain(
    zoo: Mapping[str, Kept], registry: Registry, context: Context
) -> None:
    wallet = zoo["minimal"].wallet
    inbox = Inbox(wallet)
    elsewhere = replace(wallet, chain_id=1)
    inbox.append(Add(Wallet("friend of chains"), by=elsewhere))
    inbox.append(Add(Wallet("friend of chains"), by=wallet))
    result = replay(inbox.inbox_id, inbox.log, registry, context=context)
    # Chain 1 can't be asked here, and needs not be.
    assert outcomes(result) == ["applied", "chain_mismatch", "applied"]
