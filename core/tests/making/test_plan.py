"""Which actions make an update, and who has to sign it."""

from __future__ import annotations

from collections.abc import Callable

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
from xmtp_identity.errors import BadInput, IdentityError, NotAdmitted, UnknownKind
from xmtp_identity.kinds import Signer
from xmtp_identity.protocol.refusals import IdentifierText
from xmtp_identity.protocol.shape import check_shape
from xmtp_identity.protocol.unverified import read_update
from xmtp_identity.wire.decode import decode_update

from .inboxes import NOW, OWNER, Inbox, inbox_id_for, values
from .keys import REGISTRY, Key, Leaf, app

FRIEND = Key("friend")
APP = app("app")
LEAF = Leaf("leaf")
LEAF_KEY = LEAF.identifier.value


def add(member: Signer, by: Signer = OWNER) -> AddMember:
    return AddMember(member.identifier, by.identifier)


def revoke(member: Signer, by: Signer = OWNER) -> RevokeMember:
    return RevokeMember(member.identifier, by.identifier)


def rotate(to: Signer, by: Signer = OWNER) -> ChangeRecoveryIdentifier:
    return ChangeRecoveryIdentifier(to.identifier, by.identifier)


CREATE = CreateInbox(OWNER.identifier)

ACTIONS: dict[str, tuple[PlannedAction, list[Signer], str]] = {
    "create": (CREATE, [OWNER], f"- Create inbox\n  (Owner: {OWNER.identifier.value})"),
    "add a wallet": (
        add(FRIEND),
        [OWNER, FRIEND],
        f"- Link address to inbox\n  (Address: {FRIEND.identifier.value})",
    ),
    "add an app": (
        add(APP),
        [OWNER, APP],
        f"- Grant messaging access to app\n  (ID: {APP.identifier.value})",
    ),
    "add a leaf": (
        add(LEAF),
        [OWNER, LEAF],
        f"- Link Test leafa key to inbox\n  (Test leafa key: {LEAF_KEY})",
    ),
    "revoke a wallet": (
        revoke(FRIEND),
        [OWNER],
        f"- Unlink address from inbox\n  (Address: {FRIEND.identifier.value})",
    ),
    "revoke an app": (
        revoke(APP),
        [OWNER],
        f"- Revoke messaging access from app\n  (ID: {APP.identifier.value})",
    ),
    "revoke a leaf": (
        revoke(LEAF),
        [OWNER],
        f"- Unlink Test leafa key from inbox\n  (Test leafa key: {LEAF_KEY})",
    ),
    "rotate recovery": (
        rotate(FRIEND),
        [OWNER],
        f"- Change inbox recovery address\n  (Address: {FRIEND.identifier.value})",
    ),
}


@pytest.mark.parametrize("name", ACTIONS)
def test_each_action_says_in_words_what_it_does_and_who_signs(name: str) -> None:
    action, signers, lines = ACTIONS[name]
    request = Inbox().request(action)
    identifiers = tuple(one.identifier for one in signers)
    assert request.signers == request.missing == identifiers
    assert request.actions == (action,)
    assert request.text == (
        "XMTP : Authenticate to inbox\n\n"
        f"Inbox ID: {request.inbox_id}\nCurrent time: 2023-11-14T22:13:20Z\n\n"
        f"{lines}\n\nFor more info: https://xmtp.org/signatures"
    )


def test_the_text_is_the_one_that_replay_makes_of_the_update() -> None:
    inbox = Inbox(FRIEND, APP).create()
    request = inbox.signed(add(FRIEND), add(APP), revoke(FRIEND), rotate(FRIEND))
    raw = decode_update(request.finish())
    leaf = check_shape(raw, inbox.inbox_id)
    assert read_update(raw, leaf, REGISTRY).text.decode() == request.text


def test_a_signer_of_several_actions_signs_once() -> None:
    request = Inbox().request(CREATE, add(FRIEND), add(APP, by=FRIEND), revoke(FRIEND))
    assert request.signers == (OWNER.identifier, FRIEND.identifier, APP.identifier)


def test_an_inbox_is_created_together_with_its_first_members() -> None:
    inbox = Inbox(FRIEND, APP)
    result = inbox.append(CREATE, add(APP), add(FRIEND))
    assert values(result.state) == {
        one.identifier.value for one in (OWNER, APP, FRIEND)
    }


def test_members_of_a_leaf_kind_come_and_go_in_one_update() -> None:
    other = Leaf("other")
    inbox = Inbox(LEAF, other).create()
    assert LEAF.identifier.value in values(inbox.append(add(LEAF)).state)
    result = inbox.append(revoke(LEAF), add(other))
    assert other.identifier.value in values(result.state)
    assert LEAF.identifier.value not in values(result.state)


def _plan(
    *actions: PlannedAction, inbox_id: str | None = None, time_ns: int = NOW
) -> Callable[[], SignatureRequest]:
    where = inbox_id_for(OWNER.identifier) if inbox_id is None else inbox_id
    return lambda: SignatureRequest(
        where, actions, REGISTRY, client_timestamp_ns=time_ns
    )


def _member(kind: str, value: str) -> RevokeMember:
    return RevokeMember(MemberIdentifier(kind, value), OWNER.identifier)


REFUSED: dict[str, tuple[Callable[[], object], type[IdentityError], str]] = {
    "no action": (_plan(), BadInput, "no_actions"),
    "a leaf and a wallet": (_plan(add(LEAF), add(FRIEND)), BadInput, "mixed_kinds"),
    "two leaf kinds": (
        _plan(add(LEAF), revoke(Leaf("leaf", "leafb"))),
        BadInput,
        "mixed_kinds",
    ),
    "a leaf and a rotation": (
        _plan(add(LEAF), rotate(FRIEND)),
        BadInput,
        "mixed_kinds",
    ),
    "a leaf that creates": (
        _plan(CreateInbox(LEAF.identifier)),
        NotAdmitted,
        "kind_has_no_rights",
    ),
    "a leaf as recovery": (_plan(rotate(LEAF)), NotAdmitted, "kind_has_no_rights"),
    "a leaf that adds": (
        _plan(add(FRIEND, by=LEAF)),
        NotAdmitted,
        "kind_has_no_rights",
    ),
    "a leaf that adds a leaf": (
        _plan(add(Leaf("other"), by=LEAF)),
        NotAdmitted,
        "kind_has_no_rights",
    ),
    "a leaf that revokes": (
        _plan(revoke(FRIEND, by=LEAF)),
        NotAdmitted,
        "kind_has_no_rights",
    ),
    "a leaf that rotates": (
        _plan(rotate(FRIEND, by=LEAF)),
        NotAdmitted,
        "kind_has_no_rights",
    ),
    "an app that creates": (
        _plan(CreateInbox(APP.identifier)),
        NotAdmitted,
        "kind_has_no_rights",
    ),
    "an app as recovery": (_plan(rotate(APP)), NotAdmitted, "kind_has_no_rights"),
    "another owner": (
        _plan(CreateInbox(FRIEND.identifier)),
        BadInput,
        "inbox_id_mismatch",
    ),
    "another nonce": (
        _plan(CreateInbox(OWNER.identifier, 1)),
        BadInput,
        "inbox_id_mismatch",
    ),
    "a nonce below 0": (
        _plan(CreateInbox(OWNER.identifier, -1)),
        BadInput,
        "bad_nonce",
    ),
    "a nonce of 65 bits": (
        _plan(CreateInbox(OWNER.identifier, 1 << 64)),
        BadInput,
        "bad_nonce",
    ),
    "a time before 1970": (_plan(CREATE, time_ns=-1), BadInput, "bad_time"),
    "a time of 65 bits": (_plan(CREATE, time_ns=1 << 64), BadInput, "bad_time"),
    "an inbox ID in capitals": (
        _plan(CREATE, inbox_id=inbox_id_for(OWNER.identifier).upper()),
        BadInput,
        "inbox_id",
    ),
    "an inbox ID with a line feed": (
        _plan(CREATE, inbox_id=inbox_id_for(OWNER.identifier) + "\n"),
        BadInput,
        "inbox_id",
    ),
    "an address that forges lines": (
        _plan(_member("ethereum", "0x)\n- Create inbox\n  (Owner: 0x")),
        IdentifierText,
        "identifier_text",
    ),
    "an address that is not Unicode": (
        _plan(_member("ethereum", "0x\udc80")),
        BadInput,
        "invalid_identifier",
    ),
    "an owner that is not Unicode": (
        _plan(
            CreateInbox(MemberIdentifier("ethereum", "0x", "\udc80")),
            inbox_id=inbox_id_for(MemberIdentifier("ethereum", "0x")),
        ),
        BadInput,
        "bad_input",
    ),
    "an app that is not hex": (
        _plan(_member("installation", "app")),
        BadInput,
        "invalid_identifier",
    ),
    "a leaf that its kind can't encode": (
        _plan(_member("leafa", "no hex")),
        BadInput,
        "invalid_identifier",
    ),
    "a leaf in capitals": (
        _plan(_member("leafa", LEAF.identifier.value.upper())),
        BadInput,
        "invalid_identifier",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_makes_no_update_is_refused_before_there_is_a_text(name: str) -> None:
    plan, error, code = REFUSED[name]
    with pytest.raises(error) as caught:
        plan()
    assert caught.value.code == code


@pytest.mark.parametrize("place", ["subject", "signer"])
def test_an_allotted_kind_that_is_missing_names_its_package(place: str) -> None:
    solana = MemberIdentifier("solana", "4fYN")
    action = (
        AddMember(solana, OWNER.identifier)
        if place == "subject"
        else RevokeMember(OWNER.identifier, solana)
    )
    with pytest.raises(UnknownKind, match="pip install xmtp-identity-solana"):
        Inbox().request(action)


def test_a_kind_that_nobody_was_allotted_names_those_that_are_here() -> None:
    with pytest.raises(UnknownKind, match=r"no kind 'fish' here; .*ethereum"):
        Inbox().request(RevokeMember(MemberIdentifier("fish", "x"), OWNER.identifier))


@pytest.mark.parametrize("time_ns", [0, 1, (1 << 63) - 1, 1 << 63, (1 << 64) - 1])
def test_any_time_of_the_wire_has_a_text(time_ns: int) -> None:
    inbox = Inbox()
    request = inbox.signed(CREATE, client_timestamp_ns=time_ns)
    assert request.client_timestamp_ns == time_ns
    assert values(inbox.replay(request.finish()).state) == {OWNER.identifier.value}
