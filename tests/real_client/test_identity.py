"""What apps do with an inbox works on our node, with leaf members or without."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, get_args

import pytest

from xmtp_identity import AssociationState, Registry
from xmtp_identity.kinds import Signer

from ..faults.processes import NodeProcess
from ..support.signers import Passkey, Wallet
from .clients import Account, Client, ClientFailed, Process
from .inbox import Inbox, as_signer, in_order, new_key, shown

if TYPE_CHECKING:
    import grpc

_LEAVES: Final = ("solana", "bitcoin")
_SOLANA, _BITCOIN = 100, 101

With = Literal["no leaf members", "solana and bitcoin members"]


class Owner:
    """Someone with an inbox on the node, seen by their apps and by us.

    Every update of theirs is followed by one that changes leaf members, if
    they have any.
    """

    def __init__(
        self,
        process: Process,
        node: NodeProcess,
        channel: grpc.Channel,
        registry: Registry,
        name: str,
        members: With,
    ) -> None:
        self.name = name
        self.wallet = Wallet(f"{name} with {members}")
        self.has_leaves = members == "solana and bitcoin members"
        self._process = process
        self._node = node
        self._registry = registry
        self._clients = 0
        self._recovery: Signer = as_signer(self.wallet)
        self._leaves: dict[str, Signer] = {}
        self.client = self.install()
        self.inbox = Inbox(channel, self.client.inbox_id, registry)
        self.change_leaves()

    def account(self, name: str) -> Wallet:
        return Wallet(f"{name} of {self.wallet.name}")

    def passkey(self, name: str) -> Passkey:
        return Passkey(f"{name} of {self.wallet.name}")

    def install(self, account: Account | None = None) -> Client:
        """One more app, registered, in the inbox that the account is in."""
        return self.reader(account).register()

    def reader(self, account: Account | None = None) -> Client:
        self._clients += 1
        return Client(
            self._process,
            f"{self._clients} of {self.wallet.name}",
            account or self.wallet,
            f"http://{self._node.target}",
            inbox_id=self.client.inbox_id if self._clients > 1 else None,
        )

    def recovers_by(self, account: Wallet | Passkey) -> None:
        self._recovery = as_signer(account)

    def change_leaves(self) -> None:
        """Link one of each kind; unlink what was there of the first kind."""
        if not self.has_leaves:
            return
        by = self._recovery
        old = self._leaves.pop(_LEAVES[0], None)
        if old is not None:
            self.inbox.unlink(old.identifier, by)
        for kind in _LEAVES:
            if kind not in self._leaves:
                self._leaves[kind] = new_key(kind, self._registry)
                self.inbox.link(self._leaves[kind], by)

    def agreed_state(self, *clients: Client) -> AssociationState:
        """Ours, after a look whether every client computes the same root from
        what the node gives it, before a change of leaf members and after it."""
        self._compare(*clients)
        self.change_leaves()
        return self._compare(*clients)

    def _compare(self, *clients: Client) -> AssociationState:
        ours = self.inbox.state()
        for client in (self.client, *clients):
            assert in_order(client.ask("state")) == shown(ours)
        members = {one for layer in ours.layers.values() for one in layer}
        assert {self.inbox.named_by(one) for one in members} <= {self.inbox.inbox_id}
        assert members == {one.identifier for one in self._leaves.values()}
        assert set(ours.layers) == ({_SOLANA, _BITCOIN} if self.has_leaves else set())
        return ours


@pytest.fixture
def make_owner(
    process: Process, node: NodeProcess, channel: grpc.Channel, registry: Registry
) -> Callable[[str, With], Owner]:
    return partial(Owner, process, node, channel, registry)


@pytest.fixture(params=get_args(With))
def owner(
    request: pytest.FixtureRequest, make_owner: Callable[[str, With], Owner]
) -> Owner:
    return make_owner(request.function.__name__, request.param)


def _installations(state: AssociationState) -> set[str]:
    return {one.value for one in state.root if one.kind == "installation"}


def test_a_registered_client_reads_the_state_that_we_replay(owner: Owner) -> None:
    state = owner.agreed_state()
    assert state.recovery == owner.wallet.identifier
    assert set(state.root) >= {owner.wallet.identifier}
    assert _installations(state) == {owner.client.installation}


def test_a_second_installation_joins_the_inbox(owner: Owner) -> None:
    second = owner.install()
    assert second.inbox_id == owner.client.inbox_id
    state = owner.agreed_state(second)
    assert _installations(state) == {owner.client.installation, second.installation}


def test_an_added_wallet_is_a_member_and_can_install_an_app(owner: Owner) -> None:
    wallet = owner.account("second wallet")
    owner.client.add(wallet)
    assert wallet.identifier in owner.agreed_state().root
    third = owner.install(wallet)
    assert third.installation in _installations(owner.agreed_state(third))


def test_an_added_passkey_is_a_member_and_can_install_an_app(owner: Owner) -> None:
    passkey = owner.passkey("phone")
    owner.client.add(passkey)
    assert passkey.identifier in owner.agreed_state().root
    third = owner.install(passkey)
    assert third.installation in _installations(owner.agreed_state(third))


def test_a_revoked_installation_is_gone_for_every_client(owner: Owner) -> None:
    second, third = owner.install(), owner.install()
    owner.client.revoke_installations([second.installation], recovery=owner.wallet)
    state = owner.agreed_state(second, third)
    assert _installations(state) == {owner.client.installation, third.installation}


def test_all_other_installations_can_be_revoked_at_once(owner: Owner) -> None:
    others = owner.install(), owner.install()
    owner.client.revoke_other_installations(recovery=owner.wallet)
    state = owner.agreed_state(*others)
    assert _installations(state) == {owner.client.installation}


def test_a_revoked_wallet_takes_the_apps_that_it_installed_along(owner: Owner) -> None:
    wallet = owner.account("second wallet")
    owner.client.add(wallet)
    third = owner.install(wallet)
    owner.client.revoke(wallet, recovery=owner.wallet)
    state = owner.agreed_state(third)
    assert wallet.identifier not in state.root
    assert _installations(state) == {owner.client.installation}


def test_a_new_recovery_can_revoke_and_the_old_one_cannot(owner: Owner) -> None:
    passkey = owner.passkey("phone")
    second = owner.install()
    owner.client.add(passkey)
    owner.client.change_recovery(passkey, recovery=owner.wallet)
    owner.recovers_by(passkey)
    assert owner.agreed_state(second).recovery == passkey.identifier
    with pytest.raises(ClientFailed, match="Unknown signer"):
        owner.client.revoke_installations([second.installation], recovery=owner.wallet)
    owner.client.revoke_installations([second.installation], recovery=passkey)
    assert second.installation not in _installations(owner.agreed_state(second))


def test_addresses_are_looked_up_until_they_are_revoked(owner: Owner) -> None:
    wallet, passkey = owner.account("second wallet"), owner.passkey("phone")
    stranger = owner.account("stranger")
    owner.client.add(wallet)
    owner.client.add(passkey)
    owner.change_leaves()
    everyone = (owner.wallet, wallet, passkey, stranger)
    reader = owner.reader()
    found = [reader.find(account) for account in everyone]
    assert found == [owner.client.inbox_id] * 3 + [None]
    assert list(reader.can_message(*everyone).values()).count(True) == 3
    owner.client.revoke(wallet, recovery=owner.wallet)
    owner.client.revoke(passkey, recovery=owner.wallet)
    later = owner.reader()
    assert [later.find(account) for account in everyone] == [
        owner.client.inbox_id,
        None,
        None,
        None,
    ]


def test_an_inbox_whose_log_is_full_can_still_be_defended(owner: Owner) -> None:
    second = owner.install()
    owner.inbox.fill(as_signer(owner.wallet))
    with pytest.raises(ClientFailed, match="kept for revocations"):
        owner.client.add(owner.passkey("phone"))
    owner.client.revoke_installations([second.installation], recovery=owner.wallet)
    owner.client.change_recovery(owner.account("safe"), recovery=owner.wallet)
    owner.recovers_by(owner.account("safe"))
    state = owner.agreed_state(second)
    assert _installations(state) == {owner.client.installation}


def test_many_inboxes_are_read_in_one_call(
    owner: Owner,
    make_owner: Callable[[str, With], Owner],
) -> None:
    others = [
        make_owner(f"{owner.wallet.name}, other", members) for members in get_args(With)
    ]
    inboxes = [owner.inbox, *(one.inbox for one in others)]
    answers = owner.client.ask("states", inboxIds=[one.inbox_id for one in inboxes])
    found = {one["inboxId"]: in_order(one) for one in answers}
    assert found == {one.inbox_id: shown(one.state()) for one in inboxes}
