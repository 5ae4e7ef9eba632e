"""Admission as a node asks it: bytes in, a state or a reason out."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import pytest

from xmtp_identity import MemberIdentifier, Registry, replay
from xmtp_identity.admission import admit
from xmtp_identity.builder import (
    AddMember,
    ChangeRecoveryIdentifier,
    CreateInbox,
    RevokeMember,
    SignatureRequest,
)
from xmtp_identity.errors import (
    BadInput,
    IdentityError,
    KindFailed,
    NotAdmitted,
    SignatureUnavailable,
)
from xmtp_identity.kinds import WireSignature
from xmtp_identity.wire.encode import encode_update
from xmtp_identity.wire.records import RawAdd, RawCreate, RawRevoke, RawUpdate, Variant

from .inboxes import CHAIN as CHAIN_IS_HERE
from .inboxes import NOW, OWNER, Inbox, inbox_id_for, values
from .keys import BREAK, BROKEN, CHAIN, LEGACY, LOOSE, REFUSED, REGISTRY, Key, Leaf, app

FRIEND: Final = Key("friend")
CONTRACT: Final = Key("contract", CHAIN)
APP: Final = app("app")
LEAF: Final = Leaf("leaf")
ADD_FRIEND: Final = AddMember(FRIEND.identifier, OWNER.identifier)
REVOKE_FRIEND: Final = RevokeMember(FRIEND.identifier, OWNER.identifier)
ROTATE: Final = ChangeRecoveryIdentifier(FRIEND.identifier, OWNER.identifier)
ADD_LEAF: Final = AddMember(LEAF.identifier, OWNER.identifier)
REVOKE_LEAF: Final = RevokeMember(LEAF.identifier, OWNER.identifier)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox(FRIEND, CONTRACT, APP, LEAF).create()


def refusal(
    inbox: Inbox,
    update: bytes,
    registry: Registry = REGISTRY,
    context: object = CHAIN_IS_HERE,
) -> NotAdmitted:
    with pytest.raises(NotAdmitted) as caught:
        admit(update, inbox.inbox_id, inbox.snapshot, registry, context=context)  # type: ignore[arg-type]  # a context of the tests
    return caught.value


def test_what_is_admitted_is_what_replay_makes_of_the_log(inbox: Inbox) -> None:
    update = inbox.signed(ADD_FRIEND).encode()
    result = admit(update, inbox.inbox_id, inbox.snapshot, REGISTRY)
    assert result.state == inbox.replay(update).state
    assert result.snapshot is not None
    assert result.snapshot.position == 2


def test_the_snapshot_that_was_given_stays_as_it_was(inbox: Inbox) -> None:
    update = inbox.signed(ADD_FRIEND).encode()
    for _ in range(2):
        admit(update, inbox.inbox_id, inbox.snapshot, REGISTRY)
    assert inbox.snapshot is not None
    assert inbox.snapshot.position == 1
    assert list(inbox.snapshot.root.members) == [OWNER.identifier]


# Words


def test_a_word_is_taken_once(inbox: Inbox) -> None:
    request = inbox.signed(ADD_FRIEND)
    update = request.encode()
    inbox.push(update)
    assert refusal(inbox, update).code == "replayed"
    # The same text in other bytes, after the member has gone again.
    inbox.append(REVOKE_FRIEND)
    for key in (Key("owner", CHAIN), Key("friend", CHAIN)):
        request.sign(key)
    assert refusal(inbox, request.encode()).code == "word_reused"


def test_a_word_of_a_layer_is_taken_once(inbox: Inbox) -> None:
    update = inbox.signed(ADD_LEAF).encode()
    inbox.push(update)
    inbox.append(REVOKE_LEAF)
    assert refusal(inbox, update).code == "word_reused"


def test_a_word_of_an_update_that_failed_is_not_spent(inbox: Inbox) -> None:
    early = inbox.signed(RevokeMember(OWNER.identifier, FRIEND.identifier)).encode()
    assert refusal(inbox, early).code == "not_recovery"
    inbox.append(ROTATE)
    admit(early, inbox.inbox_id, inbox.snapshot, REGISTRY)


# Who and where


WRONG: dict[str, tuple[Callable[[Inbox], bytes], str]] = {
    "another inbox": (
        lambda inbox: (Inbox().signed(CreateInbox(OWNER.identifier)).encode()).replace(
            inbox.inbox_id.encode(), b"0" * 64
        ),
        "wrong_inbox_id",
    ),
    "nothing": (lambda _: b"", "no_actions"),
    "an empty update": (
        lambda inbox: encode_update(RawUpdate(inbox.inbox_id, NOW, [], False, None)),
        "no_actions",
    ),
    "an empty leaf update": (
        lambda inbox: encode_update(RawUpdate(inbox.inbox_id, NOW, [], True, None)),
        "no_actions",
    ),
    "garbage": (lambda _: b"\xff\xff", "undecodable"),
    "cut off": (lambda inbox: inbox.signed(ADD_FRIEND).encode()[:-1], "undecodable"),
    "a stranger that adds": (
        lambda inbox: inbox.signed(
            AddMember(FRIEND.identifier, CONTRACT.identifier)
        ).encode(),
        "not_a_member",
    ),
    "a stranger that revokes": (
        lambda inbox: inbox.signed(
            RevokeMember(OWNER.identifier, FRIEND.identifier)
        ).encode(),
        "not_recovery",
    ),
    "created twice": (
        lambda inbox: inbox.signed(CreateInbox(OWNER.identifier)).encode(),
        "multiple_create",
    ),
    "another text signed": (
        lambda inbox: (
            inbox.signed(ADD_FRIEND)
            .encode()
            .replace(FRIEND.identifier.value.encode(), b"0x" + b"12" * 20)
        ),
        "invalid_signature",
    ),
    "a legacy key for a leaf": (
        lambda inbox: _leaf_update(inbox, Key("owner", LEGACY)),
        "bad_shape",
    ),
    "a leaf in actions": (
        lambda inbox: _leaf_update(inbox, OWNER, leaf=False),
        "leaf_in_actions",
    ),
    "two leaf kinds": (lambda inbox: _mixed(inbox.inbox_id), "mixed_kinds"),
    "a loose signature": (
        lambda inbox: _loose(inbox, OWNER),
        "test_loose",
    ),
}


def _leaf_update(inbox: Inbox, by: Key, *, leaf: bool = True) -> bytes:
    request = inbox.request(ADD_LEAF)
    member = Variant(1000, bytes.fromhex(LEAF.identifier.value))
    action = RawAdd(
        member, Variant(*by.sign(request.text)), Variant(*LEAF.sign(request.text))
    )
    return encode_update(
        RawUpdate(inbox.inbox_id, request.client_timestamp_ns, [action], leaf, None)
    )


def _mixed(inbox_id: str) -> bytes:
    signature = Variant(*OWNER.sign("text"))
    actions = [
        RawRevoke(Variant(number, bytes(32)), signature) for number in (1000, 1001)
    ]
    return encode_update(RawUpdate(inbox_id, NOW, [*actions], True, None))


def _loose(inbox: Inbox, by: Key) -> bytes:
    request = inbox.signed(ADD_FRIEND)
    payload = by.sign(request.text).payload
    raw = RawAdd(
        Variant(1, FRIEND.identifier.value.encode()),
        Variant(1, payload + LOOSE),
        Variant(*FRIEND.sign(request.text)),
    )
    return encode_update(
        RawUpdate(inbox.inbox_id, request.client_timestamp_ns, [raw], False, None)
    )


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_refused_with_its_code(inbox: Inbox, name: str) -> None:
    make, code = WRONG[name]
    error = refusal(inbox, make(inbox))
    assert error.code == code
    assert error.detail


def test_an_inbox_begins_with_its_creation() -> None:
    inbox = Inbox(FRIEND, LEAF)
    for action in (ADD_FRIEND, ADD_LEAF, ROTATE):
        assert refusal(inbox, inbox.signed(action).encode()).code == "not_created"
    update = inbox.signed(CreateInbox(OWNER.identifier)).encode()
    assert values(admit(update, inbox.inbox_id, None, REGISTRY).state)


# Kinds that are not here


def _create(kind: int, signature: int) -> bytes:
    inbox_id = inbox_id_for(OWNER.identifier)
    action = RawCreate("x", 0, Variant(signature, b""), kind, None)
    return encode_update(RawUpdate(inbox_id, NOW, [action], False, None))


def _add(member: Variant, number: int, *, leaf: bool) -> bytes:
    action = RawAdd(member, Variant(1, b""), Variant(number, b""))
    inbox_id = inbox_id_for(OWNER.identifier)
    return encode_update(RawUpdate(inbox_id, NOW, [action], leaf, None))


PASSKEY = "xmtp-identity-passkey"
PACKAGES: dict[str, tuple[bytes, Registry, str]] = {
    "a leaf": (
        _add(Variant(100, b"x"), 100, leaf=True),
        REGISTRY,
        "member 100. Install xmtp-identity-solana.",
    ),
    "a leaf whose name has an underscore": (
        _add(Variant(105, b"x"), 105, leaf=True),
        REGISTRY,
        "member 105. Install xmtp-identity-world-id.",
    ),
    "an owner": (
        _create(2, 5),
        REGISTRY,
        f"kind 2, signature 5. Install {PASSKEY}.",
    ),
    "an owner that signs as another": (
        _create(2, 1),
        REGISTRY,
        f"kind 2. Install {PASSKEY}.",
    ),
    "a member": (
        _add(Variant(3, b""), 5, leaf=False),
        REGISTRY,
        f"member 3, signature 5. Install {PASSKEY}.",
    ),
    "an owner without a kind": (
        _create(0, 1),
        REGISTRY.without("ethereum"),
        "kind 0, signature 1. Install xmtp-identity-ethereum.",
    ),
    "two of them": (
        _create(2, 1),
        REGISTRY.without("ethereum"),
        f"kind 2, signature 1. Install xmtp-identity-ethereum, {PASSKEY}.",
    ),
}


@pytest.mark.parametrize("name", PACKAGES)
def test_a_kind_that_is_missing_is_named_with_its_package(name: str) -> None:
    update, registry, words = PACKAGES[name]
    error = refusal(Inbox(), update, registry)
    assert error.code == "kind_not_installed"
    assert error.detail == f"No plugin here provides {words}"


def test_an_experiment_that_is_missing_is_named_by_its_number() -> None:
    error = refusal(Inbox(), _add(Variant(1234, b"x"), 1234, leaf=True))
    assert error.code == "kind_not_installed"
    assert error.detail == "No plugin here provides member 1234."


def test_a_number_that_nobody_knows_is_named() -> None:
    error = refusal(Inbox(), _add(Variant(7, b"x"), 1, leaf=False))
    assert error.code == "unknown_number"
    assert "member 7" in error.detail


# Identifiers


def test_a_member_that_should_never_have_come_in_can_be_revoked(inbox: Inbox) -> None:
    ill = MemberIdentifier("ethereum", REFUSED)
    revocation = RevokeMember(ill, OWNER.identifier)
    assert refusal(inbox, inbox.signed(revocation).encode()).code == "test_form"
    assert inbox.snapshot is not None
    root = inbox.snapshot.root.copy()
    root.put(root.members[OWNER.identifier]._replace(identifier=ill))
    update = inbox.signed(
        revocation, snapshot=replace(inbox.snapshot, root=root)
    ).finish()
    assert inbox.replay(update).outcomes[-1].code == ""


# What can't be judged now


def test_a_chain_that_is_away_is_unavailable(inbox: Inbox) -> None:
    update = inbox.signed(AddMember(CONTRACT.identifier, OWNER.identifier)).encode()
    with pytest.raises(SignatureUnavailable) as caught:
        admit(update, inbox.inbox_id, inbox.snapshot, REGISTRY)
    assert caught.value.retryable
    admit(update, inbox.inbox_id, inbox.snapshot, REGISTRY, context=CHAIN_IS_HERE)


def test_a_leaf_s_adder_on_a_chain_that_is_away_is_unavailable(inbox: Inbox) -> None:
    inbox.append(AddMember(CONTRACT.identifier, OWNER.identifier))
    update = inbox.signed(AddMember(LEAF.identifier, CONTRACT.identifier)).encode()
    with pytest.raises(SignatureUnavailable):
        admit(update, inbox.inbox_id, inbox.snapshot, REGISTRY)


def test_what_fails_anyway_is_refused_whatever_the_chain_would_say(
    inbox: Inbox,
) -> None:
    stranger = AddMember(FRIEND.identifier, CONTRACT.identifier)
    update = inbox.signed(stranger).encode()
    assert refusal(inbox, update, context=None).code == "not_a_member"
    broken = update.replace(FRIEND.sign("x").payload[:34], bytes(34))
    assert broken != update
    assert refusal(inbox, broken, context=None).code == "invalid_signature"
    leaf = inbox.signed(AddMember(LEAF.identifier, CONTRACT.identifier)).encode()
    assert refusal(inbox, leaf, context=None).code == "not_a_member"


def test_a_rule_or_a_verifier_that_breaks_is_no_verdict(inbox: Inbox) -> None:
    update = inbox.signed(ADD_FRIEND).encode()
    with pytest.raises(KindFailed):
        admit(
            update,
            inbox.inbox_id,
            inbox.snapshot,
            REGISTRY,
            policies={"ethereum": "not what the kind wants"},
        )
    for action in (
        RawRevoke(Variant(1, b"0x"), Variant(1, BREAK)),
        RawRevoke(Variant(1, BROKEN.encode()), Variant(1, BREAK)),
    ):
        broken = encode_update(RawUpdate(inbox.inbox_id, NOW, [action], False, None))
        with pytest.raises(KindFailed) as caught:
            admit(broken, inbox.inbox_id, inbox.snapshot, REGISTRY)
        assert caught.value.retryable


def test_the_policies_of_the_caller_are_asked(inbox: Inbox) -> None:
    def refuse() -> None:
        raise NotAdmitted("Not today.", code="test_policy")

    update = inbox.signed(ADD_FRIEND).encode()
    with pytest.raises(NotAdmitted) as caught:
        admit(
            update,
            inbox.inbox_id,
            inbox.snapshot,
            REGISTRY,
            policies={"ethereum": refuse},
        )
    assert caught.value.code == "test_policy"


def test_a_snapshot_of_another_inbox_or_other_kinds_is_bad_input(inbox: Inbox) -> None:
    update = inbox.signed(ADD_FRIEND).encode()
    for inbox_id, registry in (
        ("00" * 32, REGISTRY),
        (inbox.inbox_id, REGISTRY.without("installation")),
    ):
        with pytest.raises(BadInput) as caught:
            admit(update, inbox_id, inbox.snapshot, registry)
        assert caught.value.code == "snapshot_mismatch"


def test_a_leaf_plugin_that_came_later_needs_a_new_replay(inbox: Inbox) -> None:
    inbox.append(ADD_LEAF)
    older = REGISTRY.without("leafa")
    snapshot = replay(inbox.inbox_id, inbox.log, older).snapshot
    update = inbox.signed(ADD_FRIEND).encode()
    admit(update, inbox.inbox_id, snapshot, older)
    with pytest.raises(BadInput):
        admit(update, inbox.inbox_id, snapshot, REGISTRY)


def test_an_error_crosses_processes() -> None:
    error = refusal(Inbox(), _create(2, 5))
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - made a line before
    assert isinstance(copy, IdentityError)
    assert (copy.code, copy.detail) == (error.code, error.detail)


def test_requests_of_two_registries_agree_on_the_text(inbox: Inbox) -> None:
    texts = {
        SignatureRequest(
            inbox.inbox_id, [ADD_FRIEND], registry, client_timestamp_ns=NOW
        ).text
        for registry in (REGISTRY, REGISTRY.without("leafa", "installation"))
    }
    assert len(texts) == 1
    assert isinstance(OWNER.sign(texts.pop()), WireSignature)
