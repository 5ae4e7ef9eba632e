"""Signatures on their way into an update: taken, refused, pasted, finished."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from xmtp_identity.builder import AddMember, RevokeMember, SignatureRequest
from xmtp_identity.errors import (
    BadInput,
    IdentityError,
    InvalidSignature,
    KindFailed,
    NotAdmitted,
    SignatureUnavailable,
    UnknownKind,
)
from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity.kinds import WireSignature
from xmtp_identity.wire.decode import decode_update
from xmtp_identity.wire.records import RawAdd

from .inboxes import OWNER, Inbox, values
from .keys import BREAK, CHAIN, LEAF_A, LEGACY, LOOSE, Key, Leaf, app, pasted

FRIEND = Key("friend")
STRANGER = Key("stranger")
LEAF = Leaf("leaf")
APP = app("app")


def add(member: MemberIdentifier) -> AddMember:
    return AddMember(member, OWNER.identifier)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox(FRIEND, LEAF, APP).create()


@pytest.fixture
def request_(inbox: Inbox) -> SignatureRequest:
    """The owner is to add a friend."""
    return inbox.request(add(FRIEND.identifier))


# Who is missing


def test_who_has_signed_is_no_longer_missing(request_: SignatureRequest) -> None:
    seen = [request_.missing]
    for key in (FRIEND, OWNER):
        request_.sign(key)
        seen.append(request_.missing)
    both = (OWNER.identifier, FRIEND.identifier)
    assert seen == [both, (OWNER.identifier,), ()]
    assert request_.signers == both


def test_an_update_with_a_signature_missing_can_t_be_finished(
    request_: SignatureRequest,
) -> None:
    request_.sign(OWNER)
    for finish in (request_.finish, request_.encode):
        with pytest.raises(BadInput, match=str(FRIEND.identifier)) as caught:
            finish()
        assert caught.value.code == "signatures_missing"


def test_the_order_of_signing_does_not_matter(inbox: Inbox) -> None:
    first = inbox.request(add(FRIEND.identifier))
    second = inbox.request(add(FRIEND.identifier))
    for request, order in ((first, (OWNER, FRIEND)), (second, (FRIEND, OWNER))):
        for signer in order:
            request.sign(signer)
    assert first.finish() == second.finish()


def test_a_signature_says_whose_it_is(request_: SignatureRequest) -> None:
    owner = request_.add_signature(FRIEND.sign(request_.text))
    assert owner == FRIEND.identifier


def test_a_second_signature_of_a_signer_takes_the_place_of_the_first(
    request_: SignatureRequest,
) -> None:
    by_chain = Key("friend", CHAIN)
    for key in (OWNER, FRIEND, by_chain):
        request_.sign(key)
    payload = by_chain.sign(request_.text).payload
    friend = decode_update(request_.encode()).actions[0]
    assert isinstance(friend, RawAdd)
    assert friend.new == (CHAIN, payload)


def test_a_leaf_s_signature_needs_no_name_if_one_leaf_is_missing(inbox: Inbox) -> None:
    request = inbox.request(add(LEAF.identifier))
    assert request.add_signature(LEAF.sign(request.text)) == LEAF.identifier
    # Nobody of that kind is missing now, so nobody can be meant.
    with pytest.raises(BadInput) as caught:
        request.add_signature(LEAF.sign(request.text))
    assert caught.value.code == "signer_unnamed"


def test_a_leaf_s_signature_needs_a_name_if_two_leaves_are_missing(
    inbox: Inbox,
) -> None:
    other = Leaf("other")
    request = inbox.request(add(LEAF.identifier), add(other.identifier))
    with pytest.raises(BadInput, match="Test leafa key") as caught:
        request.add_signature(other.sign(request.text))
    assert caught.value.code == "signer_unnamed"
    request.add_signature(other.sign(request.text), signer=other.identifier)
    assert other.identifier not in request.missing


# What is refused

Sign = Callable[[str], WireSignature]
WHO_REFUSED: dict[str, tuple[Sign, MemberIdentifier | None, type[Exception], str]] = {
    "garbage": (
        lambda _: WireSignature(1, b"garbage"),
        None,
        InvalidSignature,
        "invalid_signature",
    ),
    "another text": (
        lambda text: OWNER.sign(text + "\n"),
        OWNER.identifier,
        InvalidSignature,
        "invalid_signature",
    ),
    "somebody who need not sign": (
        STRANGER.sign,
        None,
        InvalidSignature,
        "signer_mismatch",
    ),
    "somebody in place of another": (
        OWNER.sign,
        FRIEND.identifier,
        InvalidSignature,
        "signer_mismatch",
    ),
    "somebody named who need not sign": (
        STRANGER.sign,
        STRANGER.identifier,
        InvalidSignature,
        "signer_mismatch",
    ),
    "a leaf in place of a wallet": (
        LEAF.sign,
        FRIEND.identifier,
        InvalidSignature,
        "signer_mismatch",
    ),
    "an app in place of a wallet": (
        APP.sign,
        FRIEND.identifier,
        InvalidSignature,
        "signer_mismatch",
    ),
    "a number that no kind here has": (
        lambda _: WireSignature(5, b""),
        None,
        BadInput,
        "unknown_signature",
    ),
    "a number below zero": (
        lambda _: WireSignature(-1, b""),
        None,
        BadInput,
        "unknown_signature",
    ),
    "what admission refuses": (
        lambda text: WireSignature(1, OWNER.sign(text).payload + LOOSE),
        None,
        NotAdmitted,
        "test_loose",
    ),
    "what its verifier breaks on": (
        lambda _: WireSignature(1, BREAK),
        None,
        KindFailed,
        "kind_failed",
    ),
}


@pytest.mark.parametrize("name", WHO_REFUSED)
def test_a_signature_that_is_refused_changes_nothing(
    request_: SignatureRequest, name: str
) -> None:
    sign, signer, error, code = WHO_REFUSED[name]
    for before in ((), (OWNER, FRIEND)):
        for key in before:
            request_.sign(key)
        missing = request_.missing
        with pytest.raises(error) as caught:
            request_.add_signature(sign(request_.text), signer=signer)
        assert isinstance(caught.value, IdentityError)
        assert caught.value.code == code
        assert request_.missing == missing
    assert request_.finish()


def test_a_local_key_that_need_not_sign_is_refused(request_: SignatureRequest) -> None:
    with pytest.raises(InvalidSignature, match=str(STRANGER.identifier)):
        request_.sign(STRANGER)


def test_the_cause_reminds_of_the_text_and_its_time(request_: SignatureRequest) -> None:
    with pytest.raises(InvalidSignature, match="exactly this text signed, its time"):
        request_.add_signature(STRANGER.sign(request_.text), signer=FRIEND.identifier)


def test_a_leaf_is_not_signed_for_by_a_legacy_key(inbox: Inbox) -> None:
    request = inbox.request(add(LEAF.identifier))
    with pytest.raises(NotAdmitted) as caught:
        request.sign(Key("owner", LEGACY))
    assert caught.value.code == "legacy_key"


def test_a_chain_that_is_away_is_unavailable_and_may_come_back(inbox: Inbox) -> None:
    request = inbox.request(add(Key("contract").identifier), context=None)
    contract = Key("contract", CHAIN)
    with pytest.raises(SignatureUnavailable) as caught:
        request.sign(contract)
    assert caught.value.retryable
    assert contract.identifier in request.missing
    again = inbox.request(add(contract.identifier))
    again.sign(contract)
    assert contract.identifier not in again.missing


def test_the_caller_s_policy_is_asked_for_each_signature(inbox: Inbox) -> None:
    asked: list[int] = []
    request = inbox.request(
        add(FRIEND.identifier), policies={"ethereum": lambda: asked.append(1)}
    )
    request.sign(OWNER)
    request.sign(FRIEND)
    assert len(asked) == 2
    request.finish()
    assert len(asked) == 4


def test_the_policy_of_another_kind_is_not_asked(inbox: Inbox) -> None:
    def fail() -> None:
        raise AssertionError

    request = inbox.request(add(FRIEND.identifier), policies={"passkey": fail})
    request.sign(OWNER)


def test_a_policy_that_breaks_is_no_verdict(inbox: Inbox) -> None:
    request = inbox.request(
        add(FRIEND.identifier), policies={"ethereum": "not what the kind wants"}
    )
    with pytest.raises(KindFailed) as caught:
        request.sign(OWNER)
    assert isinstance(caught.value.__cause__, TypeError)


# Pasted signatures


def test_a_pasted_signature_counts(request_: SignatureRequest) -> None:
    request_.sign(OWNER)
    request_.add_pasted(pasted(FRIEND.sign(request_.text)), FRIEND.identifier)
    assert request_.finish()


def test_of_several_readings_the_one_that_verifies_counts(
    request_: SignatureRequest,
) -> None:
    good = FRIEND.sign(request_.text)
    wrong = FRIEND.sign("another text")
    for readings in ((wrong, good), (good, wrong), (good, good, wrong)):
        request_.add_pasted(pasted(*readings), FRIEND.identifier)
    request_.sign(OWNER)
    assert good.payload in request_.encode()


def test_two_readings_that_verify_are_refused(request_: SignatureRequest) -> None:
    readings = pasted(
        FRIEND.sign(request_.text), Key("friend", CHAIN).sign(request_.text)
    )
    for already in (False, True):
        if already:
            request_.sign(FRIEND)
        with pytest.raises(BadInput) as caught:
            request_.add_pasted(readings, FRIEND.identifier)
        assert caught.value.code == "ambiguous_signature"
        assert (FRIEND.identifier in request_.missing) is not already


PASTED_REFUSED: dict[str, tuple[Callable[[str], str], type[Exception], str]] = {
    "no reading": (lambda _: "", BadInput, "unreadable_signature"),
    "unreadable": (lambda _: "hello", BadInput, "unreadable_signature"),
    "wrong": (
        lambda text: pasted(FRIEND.sign(text + "x")),
        InvalidSignature,
        "invalid_signature",
    ),
    "the first cause": (
        lambda text: pasted(FRIEND.sign("x"), OWNER.sign(text)),
        InvalidSignature,
        "invalid_signature",
    ),
    "what verified and is not admitted": (
        lambda text: pasted(
            FRIEND.sign("x"), WireSignature(1, FRIEND.sign(text).payload + LOOSE)
        ),
        NotAdmitted,
        "test_loose",
    ),
    "what can't be judged now": (
        lambda text: pasted(FRIEND.sign("x"), Key("friend", CHAIN).sign(text)),
        SignatureUnavailable,
        "chain_unavailable",
    ),
}


@pytest.mark.parametrize("name", PASTED_REFUSED)
def test_of_several_causes_the_most_telling_is_given_and_nothing_changes(
    inbox: Inbox, name: str
) -> None:
    paste, error, code = PASTED_REFUSED[name]
    request = inbox.request(add(FRIEND.identifier), context=None)
    request.sign(FRIEND)
    with pytest.raises(error) as caught:
        request.add_pasted(paste(request.text), FRIEND.identifier)
    assert isinstance(caught.value, IdentityError)
    assert caught.value.code == code
    request.sign(OWNER)
    assert request.finish()


def test_a_kind_without_signing_tools_takes_nothing_pasted(inbox: Inbox) -> None:
    request = inbox.request(add(LEAF.identifier))
    with pytest.raises(BadInput) as caught:
        request.add_pasted("x", LEAF.identifier)
    assert caught.value.code == "no_signer"


def test_nothing_is_pasted_for_a_kind_that_is_not_installed(inbox: Inbox) -> None:
    request = inbox.request(add(LEAF.identifier))
    with pytest.raises(UnknownKind, match="xmtp-identity-bitcoin"):
        request.add_pasted("x", MemberIdentifier("bitcoin", "bc1q"))


# What is finished


def test_what_is_finished_is_applied_by_replay(inbox: Inbox) -> None:
    update, result = inbox.signed(add(FRIEND.identifier)).finish_with_state()
    replayed = inbox.replay(update)
    assert replayed.state == result.state
    assert values(replayed.state) == {
        OWNER.identifier.value,
        FRIEND.identifier.value,
    }
    assert result.snapshot is not None
    assert result.snapshot.position == 2


def test_finishing_twice_gives_the_same_and_leaves_the_snapshot_alone(
    inbox: Inbox,
) -> None:
    request = inbox.signed(add(FRIEND.identifier))
    first, result = request.finish_with_state()
    second, again = request.finish_with_state()
    assert first == second
    assert result.state == again.state


def test_what_admission_refuses_can_still_be_encoded_for_tests(inbox: Inbox) -> None:
    revocation = RevokeMember(FRIEND.identifier, FRIEND.identifier)
    request = inbox.signed(revocation)
    with pytest.raises(NotAdmitted) as caught:
        request.finish()
    assert caught.value.code == "not_recovery"
    assert inbox.replay(request.encode()).outcomes[-1].code == "not_recovery"


def test_leaf_signatures_stand_under_their_own_number(inbox: Inbox) -> None:
    request = inbox.signed(add(LEAF.identifier))
    assert request.finish()
    assert LEAF.sign(request.text).number == LEAF_A
