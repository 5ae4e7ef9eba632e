"""A synthetic network: identity logs with real signatures, made from a seed.

Every inbox is made from the seed and its number alone, so any part of a network
can be made apart, one inbox at a time, in constant memory. How often what
happens is an assumption (`Mix`), no measurement of XMTP's network.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from tests.support import signers
from tests.support.plugin_leaves import solana
from tests.support.signers import Installation, Passkey, Signer, Wallet
from tests.support.updates import Add, Change, Inbox, Revoke

if TYPE_CHECKING:
    from xmtp_identity_store.store import Store

__all__ = ["MIX", "Mix", "fill", "inbox_of", "network"]

_PIECE: Final = 500
"""Logs that are written in one transaction."""


class Mix(NamedTuple):
    """How often an inbox has what.

    passkey_owner: made by a passkey and not by a wallet.
    one_more: after each app, one more app.
    many: over a hundred apps.
    wallet: after the apps, one more wallet; and after that, one more.
    passkey, solana: has one as a further member.
    revoked: an app was revoked.
    recovery: the recovery identifier was changed.
    again, broken, empty: an update came twice, is no update, is missing.
    """

    passkey_owner: float = 0.03
    one_more: float = 0.5
    many: float = 0.0005
    wallet: float = 0.15
    passkey: float = 0.04
    solana: float = 0.03
    revoked: float = 0.1
    recovery: float = 0.01
    again: float = 0.02
    broken: float = 0.005
    empty: float = 0.002


MIX: Final = Mix()


def inbox_of(seed: int, number: int, mix: Mix) -> Inbox:
    """One inbox of a network; always the same."""
    chance = random.Random(f"{seed} {number}")
    name = f"{seed} {number}"

    def happens(rate: float) -> bool:
        return chance.random() < rate

    owner: Signer = Wallet(f"{name} owner")
    if happens(mix.passkey_owner):
        owner = Passkey(f"{name} owner")
    inbox = Inbox(owner)
    apps = chance.randrange(100, 180) if happens(mix.many) else 1
    while happens(mix.one_more):
        apps += 1
    for app in range(apps):
        inbox.append(Add(Installation(f"{name} app {app}"), owner))
    wallets = 0
    while happens(mix.wallet):
        inbox.append(Add(Wallet(f"{name} wallet {wallets}"), owner))
        wallets += 1
    _odds(inbox, chance, mix, name)
    return inbox


def _odds(inbox: Inbox, chance: random.Random, mix: Mix, name: str) -> None:
    """What few inboxes have."""
    owner = inbox.owner

    def happens(rate: float) -> bool:
        return chance.random() < rate

    if happens(mix.passkey):
        inbox.append(Add(Passkey(f"{name} passkey"), owner))
    if happens(mix.solana):
        inbox.append_leaf(Add(solana(f"{name} solana"), owner))
    if happens(mix.again):
        inbox.push(chance.choice(inbox.log))
    if happens(mix.revoked):
        inbox.append(Revoke(Installation(f"{name} app 0"), owner))
    if happens(mix.broken):
        inbox.push(chance.randbytes(chance.randrange(1, 300)))
    if happens(mix.empty):
        inbox.push(None)
    if happens(mix.recovery):
        inbox.append(Change(Wallet(f"{name} recovery"), owner))


def network(
    count: int, *, seed: int = 1, first: int = 0, mix: Mix = MIX
) -> Iterator[tuple[str, list[bytes | None]]]:
    """The logs of a network, one at a time, with their inbox IDs."""
    for number in range(first, first + count):
        inbox = inbox_of(seed, number, mix)
        yield inbox.inbox_id, inbox.log
        if not number % _PIECE:
            # Keys are remembered by name, and no name comes again.
            signers._wallet_key.cache_clear()
            signers._passkey_key.cache_clear()


def fill(store: Store, logs: Iterator[tuple[str, list[bytes | None]]]) -> int:
    """Write logs into a store as they come; returns how many entries they have."""
    from xmtp_identity_store.logs import plain_entries

    entries = 0
    while piece := list(islice(logs, _PIECE)):
        entries += store.put([(one, plain_entries(log)) for one, log in piece])
    return entries
