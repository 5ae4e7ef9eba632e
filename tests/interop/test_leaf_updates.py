"""XMTP's real client reads inboxes with members that it has never heard of."""

from __future__ import annotations

from typing import Final

import pytest

from xmtp_identity import AssociationState, Registry, load_registry, replay
from xmtp_identity.builder import (
    AddMember,
    ChangeRecoveryIdentifier,
    CreateInbox,
    PlannedAction,
    RevokeMember,
    SignatureRequest,
)
from xmtp_identity.kinds import Signer
from xmtp_identity.protocol.root_rules import inbox_id_of

from .oracle import Libxmtp

START_NS: Final = 1_790_000_000 * 10**9


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_registry(strict=True)


class Writer:
    """An inbox whose updates are admitted one after the other."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.owner = self.key("ethereum")
        self.inbox_id = inbox_id_of(self.owner.identifier, 0, registry.kind("ethereum"))
        self.log: list[bytes] = []

    def key(self, kind: str) -> Signer:
        signing = self.registry.kind(kind).signing
        assert signing is not None
        tools = signing()
        return tools.load_key(tools.new_key(), str)

    def write(self, actions: list[PlannedAction], *signers: Signer) -> None:
        before = replay(self.inbox_id, self.log, self.registry)
        request = SignatureRequest(
            self.inbox_id,
            actions,
            self.registry,
            client_timestamp_ns=START_NS + len(self.log) * 10**9,
            snapshot=before.snapshot if self.log else None,
        )
        for signer in signers:
            request.sign(signer)
        self.log.append(request.finish())


@pytest.fixture(scope="module")
def written(registry: Registry) -> Writer:
    """Solana and Bitcoin members linked and unlinked between root updates."""
    inbox = Writer(registry)
    owner, app, phone = inbox.owner, inbox.key("installation"), inbox.key("passkey")
    sun, moon, coin = inbox.key("solana"), inbox.key("solana"), inbox.key("bitcoin")
    me = owner.identifier
    inbox.write([CreateInbox(me), AddMember(app.identifier, me)], owner, app)
    inbox.write([AddMember(sun.identifier, app.identifier)], app, sun)
    inbox.write([AddMember(phone.identifier, me)], owner, phone)
    inbox.write([AddMember(coin.identifier, phone.identifier)], phone, coin)
    inbox.write([AddMember(moon.identifier, me)], owner, moon)
    inbox.write([RevokeMember(sun.identifier, me)], owner)
    inbox.write([ChangeRecoveryIdentifier(phone.identifier, me)], owner)
    inbox.write([RevokeMember(coin.identifier, phone.identifier)], phone)
    inbox.write([AddMember(coin.identifier, app.identifier)], app, coin)
    return inbox


def _root_as_the_client_shows_it(state: AssociationState) -> dict[str, object]:
    root = sorted(state.root, key=lambda one: (one.kind, one.value))
    return {
        "recovery": {
            "kind": state.recovery.kind,
            "identifier": state.recovery.value,
        },
        "identifiers": [
            {"kind": one.kind, "identifier": one.value}
            for one in root
            if one.kind != "installation"
        ],
        "installations": [
            {
                "id": one.value,
                "client_timestamp_ns": str(state.root[one].client_timestamp_ns),
            }
            for one in root
            if one.kind == "installation"
        ],
    }


def test_a_log_with_solana_and_bitcoin_members_is_read_with_the_same_root(
    libxmtp: Libxmtp, registry: Registry, written: Writer
) -> None:
    lengths = range(1, len(written.log) + 1)
    answers = libxmtp.read([(written.inbox_id, written.log[:n]) for n in lengths])
    for length, answer in zip(lengths, answers, strict=True):
        ours = replay(written.inbox_id, written.log[:length], registry)
        assert ours.state is not None
        assert all(outcome.outcome == "applied" for outcome in ours.outcomes)
        assert answer["state"] | {"inbox_id": None} == {
            "inbox_id": None
        } | _root_as_the_client_shows_it(ours.state), length


def test_the_log_has_members_of_both_leaf_kinds(
    registry: Registry, written: Writer
) -> None:
    state = replay(written.inbox_id, written.log, registry).state
    assert state is not None
    assert {len(layer) for layer in state.layers.values()} == {1}
    assert set(state.layers) == {100, 101}


def test_the_client_sees_the_same_without_the_leaf_updates(
    libxmtp: Libxmtp, registry: Registry, written: Writer
) -> None:
    ours = replay(written.inbox_id, written.log, registry.without("solana", "bitcoin"))
    rest = [
        update
        for update, outcome in zip(written.log, ours.outcomes, strict=True)
        if outcome.outcome == "applied"
    ]
    assert len(rest) < len(written.log)
    whole, less = libxmtp.read(
        [(written.inbox_id, written.log), (written.inbox_id, rest)]
    )
    assert whole["state"] | {"inbox_id": None} == less["state"] | {"inbox_id": None}
