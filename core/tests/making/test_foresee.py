"""What an update would make of an inbox, told before anybody signs."""

from __future__ import annotations

import pytest

from xmtp_identity import MemberIdentifier
from xmtp_identity.builder import (
    AddMember,
    ChangeRecoveryIdentifier,
    CreateInbox,
    PlannedAction,
    RevokeMember,
    SignatureRequest,
)
from xmtp_identity.errors import BadInput, KindFailed, NotAdmitted

from .inboxes import OWNER, Inbox, values
from .keys import BROKEN, CHAIN, REFUSED, REGISTRY, Key, Leaf, app

FRIEND = Key("friend")
CONTRACT = Key("contract", CHAIN)
APP = app("app")
LEAF = Leaf("leaf")
CREATE = CreateInbox(OWNER.identifier)


def address(value: str) -> MemberIdentifier:
    return MemberIdentifier("ethereum", value)


@pytest.fixture
def inbox() -> Inbox:
    """Owner, an app of the owner, and a smart wallet with an app of its own."""
    inbox = Inbox(FRIEND, CONTRACT, APP, app("other"), LEAF).create()
    inbox.append(
        AddMember(APP.identifier, OWNER.identifier),
        AddMember(CONTRACT.identifier, OWNER.identifier),
    )
    inbox.append(AddMember(app("other").identifier, CONTRACT.identifier))
    inbox.append(AddMember(LEAF.identifier, CONTRACT.identifier))
    return inbox


FORESEEN: dict[str, tuple[PlannedAction, ...]] = {
    "add": (AddMember(FRIEND.identifier, OWNER.identifier),),
    "add by a smart wallet": (AddMember(FRIEND.identifier, CONTRACT.identifier),),
    "add again": (AddMember(APP.identifier, CONTRACT.identifier),),
    "revoke and its apps": (RevokeMember(CONTRACT.identifier, OWNER.identifier),),
    "revoke a stranger": (RevokeMember(FRIEND.identifier, OWNER.identifier),),
    "rotate": (ChangeRecoveryIdentifier(FRIEND.identifier, OWNER.identifier),),
    "rotate, then act": (
        ChangeRecoveryIdentifier(FRIEND.identifier, OWNER.identifier),
        RevokeMember(OWNER.identifier, FRIEND.identifier),
    ),
    "revoke, then add again": (
        RevokeMember(CONTRACT.identifier, OWNER.identifier),
        AddMember(CONTRACT.identifier, OWNER.identifier),
        AddMember(FRIEND.identifier, CONTRACT.identifier),
    ),
    "add a leaf": (AddMember(Leaf("second").identifier, CONTRACT.identifier),),
    "revoke a leaf": (RevokeMember(LEAF.identifier, OWNER.identifier),),
}


@pytest.mark.parametrize("name", FORESEEN)
def test_what_is_foreseen_is_what_becomes_of_it(inbox: Inbox, name: str) -> None:
    inbox.known[Leaf("second").identifier] = Leaf("second")
    request = inbox.request(*FORESEEN[name])
    foreseen = request.foresee()
    for identifier in request.signers:
        request.sign(inbox.known[identifier])
    _, result = request.finish_with_state()
    assert result.state is not None
    assert foreseen.recovery == result.state.recovery
    assert values(foreseen) == values(result.state)
    assert {m.identifier: m.added_by for m in foreseen.members} == {
        m.identifier: m.added_by for m in result.state.members
    }


def test_a_new_inbox_is_foreseen_without_a_log() -> None:
    request = Inbox().request(CREATE, AddMember(APP.identifier, OWNER.identifier))
    assert values(request.foresee()) == {OWNER.identifier.value, APP.identifier.value}


def test_looking_ahead_leaves_no_trace(inbox: Inbox) -> None:
    action = AddMember(FRIEND.identifier, OWNER.identifier)
    request = inbox.request(action)
    assert request.foresee() == request.foresee()
    assert request.missing == request.signers
    assert FRIEND.identifier.value not in values(inbox.replay().state)
    inbox.append(action)


def test_looking_ahead_asks_no_chain(inbox: Inbox) -> None:
    request = inbox.request(
        AddMember(FRIEND.identifier, CONTRACT.identifier), context=None
    )
    assert FRIEND.identifier.value in values(request.foresee())


REFUSED_AHEAD: dict[str, tuple[tuple[PlannedAction, ...], str]] = {
    "created already": ((CREATE,), "multiple_create"),
    "added by a stranger": (
        (AddMember(Key("other").identifier, FRIEND.identifier),),
        "not_a_member",
    ),
    "a leaf added by a stranger": (
        (AddMember(LEAF.identifier, FRIEND.identifier),),
        "not_a_member",
    ),
    "revoked by a member": (
        (RevokeMember(APP.identifier, CONTRACT.identifier),),
        "not_recovery",
    ),
    "a leaf revoked by a member": (
        (RevokeMember(LEAF.identifier, CONTRACT.identifier),),
        "not_recovery",
    ),
    "rotated by a member": (
        (ChangeRecoveryIdentifier(FRIEND.identifier, CONTRACT.identifier),),
        "not_recovery",
    ),
    "rotated twice by the first": (
        (
            ChangeRecoveryIdentifier(FRIEND.identifier, OWNER.identifier),
            ChangeRecoveryIdentifier(OWNER.identifier, OWNER.identifier),
        ),
        "not_recovery",
    ),
    "itself": ((AddMember(OWNER.identifier, OWNER.identifier),), "self_add"),
    "an app by an app": (
        (AddMember(app("third").identifier, APP.identifier),),
        "installation_adds_installation",
    ),
    "a form that admission refuses": (
        (AddMember(address(REFUSED), OWNER.identifier),),
        "test_form",
    ),
    "a recovery that admission refuses": (
        (ChangeRecoveryIdentifier(address(REFUSED), OWNER.identifier),),
        "test_form",
    ),
    "an app's key that anyone can sign for": (
        (
            AddMember(
                MemberIdentifier("installation", (1).to_bytes(32, "little").hex()),
                OWNER.identifier,
            ),
        ),
        "installation_key_unsafe",
    ),
    "more than fits an update": (
        tuple(
            RevokeMember(address("0x" + "a" * 40_000 + str(n)), OWNER.identifier)
            for n in range(4)
        ),
        "update_too_large",
    ),
}


@pytest.mark.parametrize("name", REFUSED_AHEAD)
def test_what_would_be_refused_is_refused_before_anybody_signs(
    inbox: Inbox, name: str
) -> None:
    actions, code = REFUSED_AHEAD[name]
    with pytest.raises(NotAdmitted) as caught:
        inbox.request(*actions).foresee()
    assert caught.value.code == code


@pytest.mark.parametrize(
    "action",
    [
        AddMember(LEAF.identifier, OWNER.identifier),
        AddMember(FRIEND.identifier, OWNER.identifier),
        RevokeMember(OWNER.identifier, OWNER.identifier),
        RevokeMember(LEAF.identifier, OWNER.identifier),
        ChangeRecoveryIdentifier(FRIEND.identifier, OWNER.identifier),
    ],
)
def test_nothing_can_be_done_in_an_inbox_that_was_not_created(
    action: PlannedAction,
) -> None:
    with pytest.raises(NotAdmitted) as caught:
        Inbox().request(action).foresee()
    assert caught.value.code == "not_created"


def test_a_full_log_is_told_before_anybody_signs(inbox: Inbox) -> None:
    add = AddMember(FRIEND.identifier, OWNER.identifier)
    with pytest.raises(NotAdmitted) as caught:
        inbox.request(add, snapshot=inbox.full_of(roots=190)).foresee()
    assert caught.value.code == "log_full"


def test_a_rule_that_breaks_is_no_verdict(inbox: Inbox) -> None:
    request = inbox.request(AddMember(address(BROKEN), OWNER.identifier))
    with pytest.raises(KindFailed) as caught:
        request.foresee()
    assert caught.value.retryable


def test_the_snapshot_must_be_of_this_inbox_and_these_kinds(inbox: Inbox) -> None:
    action = RevokeMember(FRIEND.identifier, OWNER.identifier)
    strange = SignatureRequest(
        "00" * 32, [action], REGISTRY, client_timestamp_ns=0, snapshot=inbox.snapshot
    )
    fewer = SignatureRequest(
        inbox.inbox_id,
        [action],
        REGISTRY.without("installation"),
        client_timestamp_ns=0,
        snapshot=inbox.snapshot,
    )
    for request in (strange, fewer):
        with pytest.raises(BadInput) as caught:
            request.foresee()
        assert caught.value.code == "snapshot_mismatch"
