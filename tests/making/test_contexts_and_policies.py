"""Smart wallets, which need a chain, and what callers ask of passkeys."""

from __future__ import annotations

from typing import Final

import pytest
from tests.support.chain import RefusesAll, StubChain
from tests.support.leaf_kinds import root_registry
from tests.support.signers import (
    SmartWallet,
    Wallet,
    eip191,
    smart_wallet,
    stub_signature,
)
from tests.support.updates import Add, Inbox, Revoke

from xmtp_identity import ReplayResult, replay
from xmtp_identity.admission import Policies, admit
from xmtp_identity.builder import AddMember, SignatureRequest
from xmtp_identity.errors import (
    InvalidSignature,
    KindFailed,
    NotAdmitted,
    SignatureUnavailable,
)
from xmtp_identity.kinds import Context, WireSignature
from xmtp_identity.wire.scan import fields
from xmtp_identity_ethereum.smart_wallet import smart_wallet_signature
from xmtp_identity_passkey.admission import PasskeyPolicy

from .browsers import Browser

OWNER: Final = Wallet("owner")
CONTRACT: Final = smart_wallet("contract")
PHONE: Final = Browser("phone", flags=0x01)
HERE: Final[Context] = {"ethereum": StubChain()}
AWAY: Final[Context] = {"ethereum": StubChain(away=frozenset({1}))}


def where(inbox: Inbox) -> ReplayResult:
    return replay(inbox.inbox_id, inbox.log, root_registry(), context=HERE)


def request_for(
    member: Browser | SmartWallet,
    *,
    context: Context | None = None,
    policies: Policies | None = None,
) -> SignatureRequest:
    inbox = Inbox(OWNER)
    request = SignatureRequest(
        inbox.inbox_id,
        [AddMember(member.identifier, OWNER.identifier)],
        root_registry(),
        client_timestamp_ns=inbox.time_ns,
        snapshot=where(inbox).snapshot,
        context=context,
        policies=policies,
    )
    request.add_signature(wire(OWNER.sign(request.text.encode())))
    return request


def wire(signature: bytes) -> WireSignature:
    """The content of a `Signature` union of one variant: number and payload."""
    ((number, _, start, end),) = fields(signature, 0)
    return WireSignature(number, signature[start:end])


def by_contract(request: SignatureRequest) -> WireSignature:
    digest = eip191(request.text.encode())
    account = f"eip155:1:{CONTRACT.value}"
    return smart_wallet_signature(account, 1000, stub_signature(account, digest))


# Smart wallets


@pytest.mark.parametrize("context", [None, {}, AWAY], ids=["none", "empty", "away"])
def test_without_its_chain_a_smart_wallet_is_unavailable(
    context: Context | None,
) -> None:
    request = request_for(CONTRACT, context=context)
    with pytest.raises(SignatureUnavailable, match="eip155:1") as caught:
        request.add_signature(by_contract(request), signer=CONTRACT.identifier)
    assert caught.value.retryable
    assert request.missing == (CONTRACT.identifier,)


def test_with_its_chain_a_smart_wallet_signs() -> None:
    request = request_for(CONTRACT, context=HERE)
    assert request.add_signature(by_contract(request)) == CONTRACT.identifier
    _, result = request.finish_with_state()
    assert result.state is not None
    member = result.state.get(CONTRACT.identifier)
    assert member is not None
    assert member.chain_id == 1


def test_a_smart_wallet_that_says_no_is_invalid() -> None:
    request = request_for(CONTRACT, context=HERE)
    account = f"eip155:1:{CONTRACT.value}"
    with pytest.raises(InvalidSignature):
        request.add_signature(smart_wallet_signature(account, 1000, b"no"))
    request = request_for(CONTRACT, context={"ethereum": RefusesAll()})
    with pytest.raises(InvalidSignature) as caught:
        request.add_signature(by_contract(request))
    assert caught.value.code == "smart_wallet_refused"


@pytest.mark.parametrize("context", [None, AWAY], ids=["none", "away"])
def test_a_node_without_the_chain_can_t_say(context: Context | None) -> None:
    inbox = Inbox(OWNER)
    update = inbox.update(Add(CONTRACT, OWNER))
    snapshot = where(inbox).snapshot
    with pytest.raises(SignatureUnavailable) as caught:
        admit(update, inbox.inbox_id, snapshot, root_registry(), context=context)
    assert caught.value.retryable
    admit(update, inbox.inbox_id, snapshot, root_registry(), context=HERE)


def test_a_node_without_the_chain_refuses_what_fails_anyway() -> None:
    inbox = Inbox(OWNER)
    snapshot = where(inbox).snapshot
    for action in (Add(Wallet("other"), CONTRACT), Revoke(OWNER, CONTRACT)):
        with pytest.raises(NotAdmitted):
            admit(inbox.update(action), inbox.inbox_id, snapshot, root_registry())


def test_a_smart_wallet_on_another_chain_than_it_was_added_with_is_refused() -> None:
    inbox = Inbox(OWNER)
    inbox.append(Add(CONTRACT, OWNER))
    snapshot = where(inbox).snapshot
    elsewhere = SmartWallet(CONTRACT.value, 10)
    update = inbox.update(Add(Wallet("other"), elsewhere))
    with pytest.raises(NotAdmitted) as caught:
        admit(update, inbox.inbox_id, snapshot, root_registry(), context=HERE)
    assert caught.value.code == "chain_mismatch"


# Policies


LENIENT: Final = PasskeyPolicy(
    origins=frozenset({"https://example.org"}),
    relying_parties=frozenset({"example.org"}),
)
POLICIES: Final[dict[str, tuple[PasskeyPolicy | None, str]]] = {
    "none": (None, ""),
    "one that fits": (LENIENT, ""),
    "a verified user": (
        PasskeyPolicy(user_verification=True),
        "passkey_user_verification",
    ),
    "another origin": (
        PasskeyPolicy(origins=frozenset({"https://app.example.org"})),
        "passkey_origin",
    ),
    "another relying party": (
        PasskeyPolicy(relying_parties=frozenset({"other.org"})),
        "passkey_relying_party",
    ),
}


@pytest.mark.parametrize("name", POLICIES)
def test_the_policy_of_the_caller_judges_passkeys_here_and_at_a_node(name: str) -> None:
    policy, code = POLICIES[name]
    policies = {} if policy is None else {"passkey": policy}
    request = request_for(PHONE, policies=policies)
    signature = wire(PHONE.sign(request.text.encode()))
    inbox = Inbox(OWNER)
    update = inbox.update(Add(PHONE, OWNER))
    codes = []
    for attempt in (
        lambda: request.add_signature(signature),
        lambda: admit(
            update,
            inbox.inbox_id,
            where(inbox).snapshot,
            root_registry(),
            policies=policies,
        ),
    ):
        try:
            attempt()
        except NotAdmitted as error:
            codes.append(error.code)
        else:
            codes.append("")
    assert codes == [code, code]


def test_a_policy_of_the_wrong_type_is_no_verdict() -> None:
    request = request_for(PHONE, policies={"passkey": {"origins": set()}})
    with pytest.raises(KindFailed) as caught:
        request.add_signature(wire(PHONE.sign(request.text.encode())))
    assert isinstance(caught.value.__cause__, TypeError)


def test_the_policy_is_asked_again_when_the_update_is_finished() -> None:
    request = request_for(PHONE)
    request.add_signature(wire(PHONE.sign(request.text.encode())))
    update = request.finish()
    inbox = Inbox(OWNER)
    with pytest.raises(NotAdmitted):
        admit(
            update,
            inbox.inbox_id,
            where(inbox).snapshot,
            root_registry(),
            policies={"passkey": PasskeyPolicy(user_verification=True)},
        )
