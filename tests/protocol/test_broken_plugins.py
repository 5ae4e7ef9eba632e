"""A plugin that breaks has given no verdict, and spoils nothing but its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NoReturn

import pytest
from tests.protocol.cast import APP, OTHER, OWNER, SOL, STRANGER, rejected
from tests.support.leaf_kinds import CRASH_NUMBER, full_registry, leaf_crash
from tests.support.results import APPLIED, briefs, last, names, run
from tests.support.signers import Installation, Passkey, smart_wallet
from tests.support.updates import Action, Add, Change, Inbox, Revoke

from xmtp_identity import Registry, replay, replay_many, resume
from xmtp_identity.errors import KindFailed
from xmtp_identity.kinds import Proof

UNAVAILABLE = ("unavailable", "chain_unavailable")
LEFT_OUT = ("discarded", "layer_left_out")
BROKEN = ("unavailable", "kind_failed")
BREAKING = leaf_crash("breaking", signature=b"raise")


@pytest.mark.parametrize(
    "signature",
    [
        b"raise",
        b"recurse",
        b"too few",
        b"answer true",
        b"answer nobody",
        b"claim nothing",
        b"claim nobody",
    ],
)
def test_a_verifier_that_breaks_leaves_its_layer_out(signature: bytes) -> None:
    inbox = Inbox(OWNER)
    good = leaf_crash("good")
    inbox.append_leaf(Add(good, OWNER))
    inbox.append_leaf(Add(leaf_crash("bad", signature=signature), OWNER))
    inbox.append_leaf(Revoke(good, OWNER))
    inbox.append_leaf(Add(SOL, OWNER))
    result = run(inbox)
    assert briefs(result) == [APPLIED, LEFT_OUT, BROKEN, LEFT_OUT, APPLIED]
    assert result.missing == (str(CRASH_NUMBER),)
    assert result.authoritative


@pytest.mark.parametrize(
    "payload",
    [
        b"decode raises",
        b"decode gives nothing",
        b"decode gives another kind",
        b"decode is unavailable",
        b"encode raises",
    ],
)
def test_a_decoder_that_breaks_leaves_its_layer_out(payload: bytes) -> None:
    inbox = Inbox(OWNER)
    inbox.append_leaf(Add(leaf_crash("good"), OWNER))
    inbox.append_leaf(Add(leaf_crash("bad", payload=payload), OWNER))
    result = run(inbox)
    assert briefs(result) == [APPLIED, LEFT_OUT, BROKEN]
    assert result.missing == (str(CRASH_NUMBER),)


def test_one_item_that_breaks_a_verifier_spoils_no_other_item() -> None:
    """One call verifies many; the others are asked again one by one."""
    breaking, good = Inbox(OWNER), Inbox(OTHER)
    breaking.append_leaf(Add(leaf_crash("bad", signature=b"raise"), OWNER))
    good.append_leaf(Add(leaf_crash("good"), OTHER))
    pairs = [(i.inbox_id, i.log) for i in (good, breaking, good)]
    results = list(replay_many(pairs, full_registry()))
    assert [r.missing for r in results] == [(), (str(CRASH_NUMBER),), ()]
    assert results[0].state == results[2].state
    assert last(results[0]) == APPLIED


def test_an_invalid_signature_decides_before_a_broken_verifier() -> None:
    inbox = Inbox(OWNER)
    bad = leaf_crash("bad", signature=b"raise")
    wrong = leaf_crash("wrong", signature=b"x" * 64)
    inbox.append_leaf(Add(bad, OWNER), Add(wrong, OWNER))
    result = run(inbox)
    assert last(result) == rejected("invalid_signature")
    assert result.missing == ()


@pytest.mark.parametrize(
    ("actions", "code"),
    [
        pytest.param([Add(BREAKING, STRANGER)], "not_a_member", id="a stranger adds"),
        pytest.param(
            [Add(BREAKING, OWNER), Revoke(BREAKING, OTHER)],
            "not_recovery",
            id="another action fails",
        ),
    ],
)
def test_a_broken_verifier_decides_nothing_about_an_update_that_fails_anyway(
    actions: list[Action], code: str
) -> None:
    """Else whoever finds a bug of a plugin could take a layer away from afar."""
    inbox = Inbox(OWNER)
    inbox.append_leaf(Add(leaf_crash("good"), OWNER))
    inbox.append_leaf(*actions)
    result = run(inbox)
    assert briefs(result)[1:] == [APPLIED, rejected(code)]
    assert result.missing == ()


def _raise(*_: object) -> NoReturn:
    raise RuntimeError("a bug")


def _with_broken_passkeys(**changes: Any) -> Registry:
    """The root kinds, but passkeys whose code breaks."""
    kinds = full_registry().kinds
    return Registry(
        replace(kind, **changes) if kind.name == "passkey" else kind for kind in kinds
    )


BROKEN_PASSKEYS: dict[str, dict[str, Any]] = {
    "verify_many": {
        "proofs": {5: Proof(number=5, name="passkey", verify_many=_raise)},
    },
    "decode": {"decode": _raise},
}


@pytest.mark.parametrize("what", BROKEN_PASSKEYS)
def test_a_root_kind_that_breaks_stops_the_replay(what: str) -> None:
    """A crash is no verdict, and who may act from there on is not known."""
    registry = _with_broken_passkeys(**BROKEN_PASSKEYS[what])
    inbox = Inbox(OWNER)
    inbox.append(Add(Passkey("key"), OWNER))
    inbox.append(Add(APP, OWNER))
    result = replay(inbox.inbox_id, inbox.log, registry)
    assert briefs(result) == [APPLIED, BROKEN]
    assert result.stopped_at == 1
    assert not result.authoritative
    assert isinstance(result.cause, KindFailed)
    assert result.cause.retryable
    assert result.snapshot is not None
    again = resume(result.snapshot, inbox.log, full_registry())
    assert again.authoritative
    assert names(again) == {OWNER.value, APP.value, Passkey("key").value}


def test_a_root_kind_that_breaks_on_a_string_stops_the_replay() -> None:
    registry = _with_broken_passkeys(decode_string=_raise)
    inbox = Inbox(OWNER)
    inbox.append(Change(Passkey("key"), OWNER))
    result = replay(inbox.inbox_id, inbox.log, registry)
    assert briefs(result) == [APPLIED, BROKEN]
    assert result.stopped_at == 1


def test_a_root_kind_that_breaks_does_not_stop_before_what_fails_anyway() -> None:
    registry = _with_broken_passkeys(**BROKEN_PASSKEYS["verify_many"])
    inbox = Inbox(OWNER)
    inbox.append(Add(Passkey("key"), OWNER), Add(_BadApp("app"), OWNER))
    inbox.append(Add(APP, OWNER))
    result = replay(inbox.inbox_id, inbox.log, registry)
    assert briefs(result) == [APPLIED, rejected("invalid_signature"), APPLIED]


def test_a_root_kind_that_breaks_in_a_leaf_update_leaves_the_layer_out() -> None:
    registry = _with_broken_passkeys(**BROKEN_PASSKEYS["verify_many"])
    inbox = Inbox(OWNER)
    inbox.append_leaf(Add(SOL, OWNER))
    inbox.append_leaf(Add(SOL, Passkey("key")))
    result = replay(inbox.inbox_id, inbox.log, registry)
    assert briefs(result) == [APPLIED, LEFT_OUT, BROKEN]
    assert result.missing == ("1000",)
    assert result.authoritative


def test_a_chain_that_raises_is_away_and_its_words_are_not_repeated() -> None:
    class Raises:
        def verify(self, requests: object) -> list[object]:
            raise OSError("the address of a node with its secret key")

    inbox = _inbox_with_safe()
    result = run(inbox, {"ethereum": Raises()})
    assert last(result) == UNAVAILABLE
    assert result.stopped_at == 2
    assert "secret" not in str(result.cause)
    assert "secret" not in str(result.outcomes)


def test_the_sentence_of_a_broken_plugin_names_it_and_keeps_its_words_to_itself() -> (
    None
):
    inbox = Inbox(OWNER)
    inbox.append_leaf(Add(leaf_crash("bad", signature=b"raise"), OWNER))
    (outcome,) = run(inbox).outcomes[1:]
    assert outcome.code == KindFailed.code
    assert "testcrash" in outcome.detail
    assert "Broken" in outcome.detail


def _inbox_with_safe() -> Inbox:
    inbox = Inbox(OWNER)
    inbox.append(Add(OTHER, OWNER))
    inbox.append(Add(smart_wallet("safe"), OWNER))
    return inbox


class _BadApp(Installation):
    def sign(self, text: bytes) -> bytes:
        return super().sign(text + b"!")
