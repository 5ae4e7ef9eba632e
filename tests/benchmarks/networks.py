"""Synthetic identity logs for benchmarks: real signatures, made from a seed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

from xmtp_identity import Registry
from xmtp_identity.builder import (
    AddMember,
    CreateInbox,
    PlannedAction,
    SignatureRequest,
)
from xmtp_identity.kinds import Signer
from xmtp_identity.protocol.root_rules import inbox_id_of

START_NS = 1_800_000_000 * 10**9
SECOND_NS = 10**9


def _no_password() -> str:
    raise AssertionError


def signer(registry: Registry, kind: str, name: str) -> Signer:
    """A signer whose key is the hash of its name."""
    secret = hashlib.sha256(f"benchmark {name}".encode()).hexdigest()
    content = {
        "ethereum": secret,
        "installation": json.dumps({"kind": "installation", "seed": secret}),
    }.get(kind)
    tools = registry.kind(kind).signing
    assert tools is not None
    loaded = tools()
    key = loaded.new_key() if content is None else content.encode()
    return loaded.load_key(key, _no_password)


@dataclass
class Inbox:
    """An inbox that grows by real updates."""

    registry: Registry
    name: str
    owner: Signer = field(init=False)
    inbox_id: str = field(init=False)
    log: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.owner = signer(self.registry, "ethereum", self.name)
        kind = self.registry.kind("ethereum")
        self.inbox_id = inbox_id_of(self.owner.identifier, 0, kind)
        self._append([CreateInbox(self.owner.identifier)], self.owner)

    def add(self, by: Signer, newcomer: Signer) -> None:
        """One update that adds one member."""
        self._append([AddMember(newcomer.identifier, by.identifier)], by, newcomer)

    def _append(self, actions: list[PlannedAction], *signers: Signer) -> None:
        # Not admitted: logs beyond the budget of 256 entries are measured too.
        request = SignatureRequest(
            self.inbox_id,
            actions,
            self.registry,
            client_timestamp_ns=START_NS + len(self.log) * SECOND_NS,
        )
        for one in signers:
            request.sign(one)
        self.log.append(request.encode())


Family = Callable[[Inbox], Iterator[tuple[Signer, Signer]]]


def wallets(inbox: Inbox) -> Iterator[tuple[Signer, Signer]]:
    """The owner adds wallet after wallet."""
    for number in count():
        yield inbox.owner, signer(inbox.registry, "ethereum", f"{inbox.name} w{number}")


def installations(inbox: Inbox) -> Iterator[tuple[Signer, Signer]]:
    """The owner adds app after app."""
    for number in count():
        name = f"{inbox.name} i{number}"
        yield inbox.owner, signer(inbox.registry, "installation", name)


def by_installation(inbox: Inbox) -> Iterator[tuple[Signer, Signer]]:
    """The first app adds wallet after wallet."""
    app = signer(inbox.registry, "installation", f"{inbox.name} app")
    yield inbox.owner, app
    for number in count():
        yield app, signer(inbox.registry, "ethereum", f"{inbox.name} w{number}")


def passkeys(inbox: Inbox) -> Iterator[tuple[Signer, Signer]]:
    """A passkey adds passkey after passkey."""
    first = signer(inbox.registry, "passkey", f"{inbox.name} pk")
    yield inbox.owner, first
    for number in count():
        yield first, signer(inbox.registry, "passkey", f"{inbox.name} p{number}")


FAMILIES: dict[str, Family] = {
    "wallet adds wallet": wallets,
    "wallet adds installation": installations,
    "installation adds wallet": by_installation,
    "passkey adds passkey": passkeys,
}


def make_log(registry: Registry, family: Family, name: str, updates: int) -> Inbox:
    """An inbox of a family with so many updates."""
    inbox = Inbox(registry, name)
    pairs = family(inbox)
    while len(inbox.log) < updates:
        inbox.add(*next(pairs))
    return inbox
