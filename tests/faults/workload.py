"""Signed updates by the thousand, made from a seed before any clock runs.

Signing costs more than a node needs to take an update in, so whoever loads a
node signs first. An inbox grows by root and leaf updates of which each is
admitted if those before it were; the owner is recovery all the time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from random import Random
from typing import Final

from xmtp_identity import Kind, MemberIdentifier, Registry, load_registry
from xmtp_identity.kinds import Signer as KindSigner

from ..support.protobuf import length
from ..support.signers import Installation, Passkey, Signer, Wallet, secret
from ..support.updates import Action, Add, Inbox, Revoke

__all__ = ["Account", "Plan", "bitcoin", "contested", "mixed", "plans", "solana"]

_REVOKED: Final = 0.2
_LEAVES: Final = 0.35


@cache
def _registry() -> Registry:
    return load_registry(strict=True)


@dataclass(frozen=True)
class Account:
    """A key of an installed leaf kind, for the updates of `tests.support`."""

    kind: Kind = field(compare=False)
    signer: KindSigner

    @property
    def identifier(self) -> MemberIdentifier:
        return self.signer.identifier

    @property
    def value(self) -> str:
        return self.identifier.value

    @property
    def identifier_kind(self) -> int:
        return self.kind.number

    @cached_property
    def member(self) -> bytes:
        return length(self.kind.number, self.kind.encode(self.identifier))

    @property
    def link(self) -> str:
        return f"- Link {self.kind.noun} to inbox\n  ({self.kind.noun}: {self.value})"

    @property
    def unlink(self) -> str:
        noun = self.kind.noun
        return f"- Unlink {noun} from inbox\n  ({noun}: {self.value})"

    def sign(self, text: bytes) -> bytes:
        signature = self.signer.sign(text.decode())
        return length(signature.number, signature.payload)


def solana(name: str) -> Account:
    """A Solana account whose key is made from its name."""
    from xmtp_identity_solana.signer import KeypairSigner

    return Account(_registry().kind("solana"), KeypairSigner(secret(name)))


def bitcoin(name: str) -> Account:
    """A Bitcoin account (p2wpkh) whose key is made from its name."""
    from xmtp_identity_bitcoin.signer import KeySigner

    return Account(_registry().kind("bitcoin"), KeySigner(secret(name)))


@dataclass(frozen=True)
class Plan:
    """What is to be published to one inbox.

    updates: serialized, in an order in which all are admitted.
    people: everyone who is in the inbox at some time, as (kind number,
        canonical identifier).
    """

    inbox_id: str
    updates: tuple[bytes, ...] = field(repr=False)
    people: frozenset[tuple[int, str]] = field(repr=False)


def _plan(inbox: Inbox, people: Iterable[Signer]) -> Plan:
    registry = _registry()
    numbers = frozenset(
        (registry.kind(one.identifier.kind).number, one.identifier.value)
        for one in people
    )
    updates = tuple(update for update in inbox.log if update is not None)
    return Plan(inbox.inbox_id, updates, numbers)


def mixed(name: str, size: int) -> Plan:
    """An inbox that wallets, apps, passkeys and accounts of leaf kinds come to
    and go from; ``size`` updates, at most 150."""
    random = Random(name)
    owner = Wallet(f"owner of {name}")
    inbox = Inbox(owner)
    root: dict[Signer, Signer] = {}
    leaves: dict[Signer, Signer] = {}
    people: list[Signer] = [owner]
    while len(inbox.log) < size:
        # The budget of a log has 64 leaf entries, and 192 of the root.
        leaf = random.random() < _LEAVES and _leaves(inbox) < 60
        here = leaves if leaf else root
        action: Action
        if here and random.random() < _REVOKED:
            gone = random.choice(list(here))
            action = Revoke(gone, owner)
            _forget(here, gone)
        else:
            new = _newcomer(random, f"{len(inbox.log)} of {name}", leaf=leaf)
            adder = _adder(random, owner, root, new)
            action = Add(new, adder)
            here[new] = adder
            people.append(new)
        if leaf:
            inbox.append_leaf(action)
        else:
            inbox.append(action)
    return _plan(inbox, people)


def contested(name: str, size: int) -> Plan:
    """An inbox whose updates, but for the first, are admitted in any order."""
    owner = Wallet(f"owner of {name}")
    inbox = Inbox(owner)
    people: list[Signer] = [owner]
    for number in range(1, size):
        person = f"{number} of {name}"
        new: Signer = (
            solana(person)
            if number % 3 == 2 and _leaves(inbox) < 60
            else Installation(person)
            if number % 3
            else Wallet(person)
        )
        people.append(new)
        if isinstance(new, Account):
            inbox.append_leaf(Add(new, owner))
        else:
            inbox.append(Add(new, owner))
    return _plan(inbox, people)


def _leaves(inbox: Inbox) -> int:
    """How many leaf updates a log has: they begin with their time, field 2."""
    return sum(1 for update in inbox.log if update and update[0] != 0x0A)


def _newcomer(random: Random, name: str, *, leaf: bool) -> Signer:
    if leaf:
        return random.choice((solana, bitcoin))(name)
    if random.random() < 0.1:
        return Passkey(name, high_s=False)
    return random.choice((Wallet, Installation))(name)


def _forget(members: dict[Signer, Signer], gone: Signer) -> None:
    """Apps that a revoked member added go with it."""
    del members[gone]
    for member, adder in list(members.items()):
        if adder == gone and isinstance(member, Installation):
            del members[member]


def _adder(
    random: Random, owner: Signer, root: Iterable[Signer], new: Signer
) -> Signer:
    """The owner or another member who may; apps may not add apps."""
    others = [
        one
        for one in root
        if not (isinstance(one, Installation) and isinstance(new, Installation))
    ]
    return random.choice([owner, *others])


def plans(
    name: str, inboxes: int, size: int, *, in_any_order: bool = False
) -> list[Plan]:
    """Plans of many inboxes; a quarter of a millisecond an update."""
    make = contested if in_any_order else mixed
    return [make(f"{name} {number}", size) for number in range(inboxes)]


def interleaved(all_plans: Iterable[Plan]) -> Iterator[bytes]:
    """All updates, in turns by inbox."""
    rest = [iter(plan.updates) for plan in all_plans]
    while rest:
        for updates in list(rest):
            update = next(updates, None)
            if update is None:
                rest.remove(updates)
            else:
                yield update
