"""Who signs with an account on a chain: its own reading, and no other proof."""

from __future__ import annotations

import pytest

from xmtp_identity.builder import AddMember
from xmtp_identity.errors import InvalidSignature, NotAdmitted
from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity.kinds import WireSignature

from .inboxes import OWNER, Inbox
from .keys import CHAIN, PLAIN, Key, app

FRIEND = Key("friend")
APP = app("app")


def add(member: MemberIdentifier) -> AddMember:
    return AddMember(member, OWNER.identifier)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox(FRIEND, APP).create()


class OnChain:
    """An account of a `Key` on chain 1, whose wallet gives its number in text."""

    def __init__(self, key: Key, chain_id: int = 1) -> None:
        self.identifier = key.identifier
        self.chain_id = chain_id

    def read_signature(self, pasted: str) -> list[WireSignature]:
        return [WireSignature(CHAIN, bytes.fromhex(pasted))]

    def facts(self, text: str) -> dict[str, str]:
        return {"account": str(self.identifier)}


def test_an_account_reads_its_own_signatures(inbox: Inbox) -> None:
    by_chain = Key("friend", CHAIN)
    request = inbox.request(add(FRIEND.identifier), accounts=[OnChain(FRIEND)])
    request.sign(OWNER)
    request.add_pasted(by_chain.sign(request.text).payload.hex(), FRIEND.identifier)
    _, result = request.finish_with_state()
    assert result.state is not None
    member = result.state.get(FRIEND.identifier)
    assert member is not None
    assert member.chain_id == 1


@pytest.mark.parametrize(
    ("chain_id", "number"), [(1, PLAIN), (2, CHAIN)], ids=["no chain", "another chain"]
)
def test_who_is_named_by_an_account_signs_with_it_alone(
    inbox: Inbox, chain_id: int, number: int
) -> None:
    accounts = [OnChain(FRIEND, chain_id)]
    request = inbox.request(add(FRIEND.identifier), accounts=accounts)
    with pytest.raises(InvalidSignature, match=f"chain {chain_id}") as caught:
        request.sign(Key("friend", number))
    assert caught.value.code == "signer_mismatch"
    assert FRIEND.identifier in request.missing


def test_an_account_on_another_chain_than_its_member_s_is_foreseen(
    inbox: Inbox,
) -> None:
    inbox.known[FRIEND.identifier] = Key("friend", CHAIN)
    inbox.append(add(FRIEND.identifier))
    action = AddMember(APP.identifier, FRIEND.identifier)
    for chain_id, refused in ((1, False), (2, True)):
        request = inbox.request(action, accounts=[OnChain(FRIEND, chain_id)])
        if refused:
            with pytest.raises(NotAdmitted) as caught:
                request.foresee()
            assert caught.value.code == "chain_mismatch"
        else:
            request.foresee()
