"""Words: a signer's signature over a text counts once, in whatever form."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from nacl.bindings import crypto_scalarmult_ed25519_base_noclamp
from tests.support.chain import StubChain, TakesAll
from tests.support.protobuf import length
from tests.support.results import APPLIED, brief, briefs, last, names, run
from tests.support.signers import (
    SECP256K1_ORDER,
    Installation,
    LegacyKey,
    Named,
    Passkey,
    Signer,
    SmartWallet,
    Wallet,
    WeakInstallation,
    erc_191,
    installation_key,
    smart_wallet,
)
from tests.support.updates import (
    SECOND,
    Action,
    Add,
    Change,
    Create,
    Inbox,
    Revoke,
    write,
)

from xmtp_identity import ReplayResult
from xmtp_identity.kinds import Context

OWNER = Wallet("owner")
OTHER = Wallet("other")
THIRD = Wallet("third")
APP = Installation("app")
STUB: Context = {"ethereum": StubChain()}
REPLAYED = ("rejected", "replayed")
REUSED = ("rejected", "word_reused")


@dataclass(frozen=True)
class Rewritten(Named):
    """A wallet whose signature is written in another way."""

    value: str = field(init=False)
    signer: Signer = OWNER
    v: int = 0
    high_s: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", self.signer.value)

    def sign(self, text: bytes) -> bytes:
        assert isinstance(self.signer, Wallet)
        raw = self.signer.raw(text)
        s = raw[32:64]
        if self.high_s:
            s = (SECP256K1_ORDER - int.from_bytes(s)).to_bytes(32)
        return erc_191(raw[:32] + s + bytes((raw[64] + self.v,)))


def again(inbox: Inbox, position: int, *actions: Action) -> None:
    """Append an update with the very text of the entry at ``position``."""
    now = inbox.time_ns
    inbox.time_ns = now - (len(inbox.log) - position) * SECOND
    update = inbox.update(*actions)
    inbox.time_ns = now
    inbox.push(update)


def check_refused(result: ReplayResult, expected: tuple[str, str]) -> None:
    assert set(briefs(result)[:-1]) == {APPLIED}
    assert last(result) == expected
    deviates = expected == REUSED
    assert result.outcomes[-1].deviation is deviates
    assert (result.deviates is not None) is deviates


# The very bytes


def test_the_same_update_twice_is_replayed() -> None:
    inbox = Inbox(OWNER)
    position = inbox.append(Add(OTHER, OWNER))
    inbox.push(inbox.log[position])
    check_refused(run(inbox), REPLAYED)


@pytest.mark.parametrize("kind", ["add", "revoke", "change recovery"])
def test_old_signatures_are_refused_on_every_action_but_create(kind: str) -> None:
    inbox = Inbox(OWNER)
    inbox.append(Add(OTHER, OWNER))
    actions: dict[str, Action] = {
        "add": Add(APP, OWNER),
        "revoke": Revoke(OTHER, OWNER),
        "change recovery": Change(OTHER, OWNER),
    }
    position = inbox.append(actions[kind])
    undo: dict[str, Action] = {
        "add": Revoke(APP, OWNER),
        "revoke": Add(OTHER, OWNER),
        "change recovery": Change(OWNER, OTHER),
    }
    inbox.append(undo[kind])
    inbox.push(inbox.log[position])
    check_refused(run(inbox), REPLAYED)


def test_an_update_may_carry_one_signature_many_times() -> None:
    """Signatures are remembered after the whole update."""
    inbox = Inbox(OWNER)
    inbox.append(
        Add(OTHER, OWNER), Add(THIRD, OWNER), Add(OTHER, OWNER), Revoke(APP, OWNER)
    )
    assert last(run(inbox)) == APPLIED


def test_either_signature_of_an_add_is_remembered() -> None:
    """Whoever kept the newcomer's consent can't have another add it again."""
    inbox = Inbox(OWNER)
    inbox.append(Add(THIRD, OWNER))
    position = inbox.append(Add(OTHER, OWNER))
    inbox.append(Revoke(OTHER, OWNER))
    again(inbox, position, Add(OTHER, THIRD))
    check_refused(run(inbox), REPLAYED)


def test_bytes_are_one_set_for_all_types_of_signatures() -> None:
    """Bytes that an app signed with are not taken as a smart wallet's, for
    libxmtp compares bytes and nothing else."""
    context: Context = {"ethereum": TakesAll()}
    inbox = Inbox(OWNER)
    update = inbox.update(Add(APP, OWNER))
    inbox.push(update)
    marker = update.rindex(b"\x0a\x40")
    app_signature = update[marker + 2 : marker + 66]
    safe = SmartWallet("0x" + "ab" * 20, 1, 1, app_signature)
    inbox.append(Add(safe, OWNER))
    check_refused(run(inbox, context), REPLAYED)


# The same word in other bytes


@pytest.mark.parametrize("v", [-27, 8, 10, 208])
def test_v_rewritten_is_the_same_word(v: int) -> None:
    inbox = Inbox(OWNER)
    position = inbox.append(Revoke(OTHER, OWNER))
    again(inbox, position, Revoke(OTHER, Rewritten(signer=OWNER, v=v)))
    check_refused(run(inbox), REUSED)


def test_a_high_s_with_the_same_v_is_the_same_bytes_to_libxmtp() -> None:
    inbox = Inbox(OWNER)
    position = inbox.append(Revoke(OTHER, OWNER))
    again(inbox, position, Revoke(OTHER, Rewritten(signer=OWNER, high_s=True)))
    check_refused(run(inbox), REPLAYED)


def test_the_twin_of_a_passkeys_signature_is_the_same_word() -> None:
    inbox = Inbox(Passkey("key", high_s=False))
    position = inbox.append(Revoke(OTHER, Passkey("key", high_s=False)))
    again(inbox, position, Revoke(OTHER, Passkey("key", high_s=True)))
    check_refused(run(inbox), REUSED)


def test_another_assertion_of_a_passkey_over_the_same_text_is_the_same_word() -> None:
    key = Passkey("key")
    other_page = Passkey("key", client_data='{"origin":"x","challenge":"CHALLENGE"}')
    inbox = Inbox(key)
    position = inbox.append(Revoke(OTHER, key))
    again(inbox, position, Revoke(OTHER, other_page))
    check_refused(run(inbox), REUSED)


def test_another_form_of_a_passkeys_key_is_the_same_signer() -> None:
    plain, compressed = Passkey("key"), Passkey("key", compressed=True)
    assert plain.identifier != compressed.identifier
    inbox = Inbox(OWNER)
    inbox.append(Change(plain, OWNER))
    position = inbox.append(Revoke(OTHER, plain))
    inbox.append(Change(compressed, plain))
    fresh = Passkey(
        "key", compressed=True, client_data='{"origin":"x","challenge":"CHALLENGE"}'
    )
    again(inbox, position, Revoke(OTHER, fresh))
    check_refused(run(inbox), REUSED)


def test_another_proof_of_an_address_is_the_same_signer() -> None:
    safe = SmartWallet(OWNER.value, 1)
    inbox = Inbox(THIRD)
    inbox.append(Change(OWNER, THIRD))
    position = inbox.append(Revoke(OTHER, OWNER))
    again(inbox, position, Revoke(OTHER, safe))
    check_refused(run(inbox, STUB), REUSED)


def test_another_chain_of_a_smart_wallet_is_the_same_signer() -> None:
    inbox = Inbox(THIRD)
    inbox.append(Change(smart_wallet("safe"), THIRD))
    position = inbox.append(Revoke(OTHER, smart_wallet("safe", 1)))
    again(inbox, position, Revoke(OTHER, smart_wallet("safe", 8453)))
    check_refused(run(inbox, STUB), REUSED)


def test_a_smart_wallet_without_0x_is_the_same_signer() -> None:
    with_0x = smart_wallet("safe")
    without = SmartWallet(with_0x.value.removeprefix("0x"), 1)
    inbox = Inbox(THIRD)
    inbox.append(Change(with_0x, THIRD))
    position = inbox.append(Revoke(OTHER, with_0x))
    inbox.append(Change(without, with_0x))
    again(inbox, position, Revoke(OTHER, without))
    check_refused(run(inbox, STUB), REUSED)


def test_a_legacy_key_is_its_wallet() -> None:
    inbox = Inbox(OWNER)
    position = inbox.append(Add(APP, OWNER))
    inbox.append(Revoke(APP, OWNER))
    again(inbox, position, Add(APP, LegacyKey(OWNER)))
    result = run(inbox)
    assert last(result) in (REUSED, REPLAYED)
    # The app's own signature is the very same, the wallet's word is not.
    assert last(result) == REUSED


@dataclass(frozen=True)
class _Weak(WeakInstallation):
    """Signs as the identity point with S = ``scalar``."""

    scalar: int = 1

    def sign(self, text: bytes) -> bytes:
        s = self.scalar.to_bytes(32, "little")
        r = crypto_scalarmult_ed25519_base_noclamp(s)
        return installation_key(r + s, bytes.fromhex(self.value))


_IDENTITIES = (
    "01" + "00" * 31,
    "01" + "00" * 30 + "80",
    "ee" + "ff" * 30 + "7f",
    "ee" + "ff" * 31,
)


@pytest.mark.parametrize("value", _IDENTITIES[1:])
def test_another_encoding_of_an_installations_point_is_the_same_signer(
    value: str,
) -> None:
    first, second = _Weak(_IDENTITIES[0]), _Weak(value, 2)
    inbox = Inbox(OWNER)
    inbox.append(Add(first, OWNER))
    inbox.append(Add(_Weak(value, 3), OWNER))
    position = inbox.append(Add(OTHER, _Weak(_IDENTITIES[0], 4)))
    inbox.append(Revoke(OTHER, OWNER))
    again(inbox, position, Add(OTHER, second))
    # The newcomer's signature is the same bytes; what decides is that the
    # other one is the same word in other bytes.
    check_refused(run(inbox), REUSED)


def test_a_reused_word_is_a_deviation_whatever_else_is_wrong() -> None:
    inbox = Inbox(OWNER)
    position = inbox.append(Revoke(OTHER, OWNER), Revoke(THIRD, OWNER))
    rewritten = Rewritten(signer=OWNER, v=-27)
    again(inbox, position, Revoke(OTHER, rewritten), Revoke(THIRD, _Nonsense()))
    check_refused(run(inbox), REUSED)


class _Nonsense(Named):
    def __init__(self) -> None:
        super().__init__("0x")

    def sign(self, text: bytes) -> bytes:
        return length(1, b"")


@pytest.mark.parametrize("by", [OWNER, Rewritten(signer=OWNER, v=-27)])
def test_a_signature_of_create_is_not_looked_up_as_in_libxmtp(by: Signer) -> None:
    """What is wrong with a second create is that it is the second."""
    inbox = Inbox(OWNER)
    again(inbox, 0, Create(OWNER, by=by))
    assert briefs(run(inbox)) == [APPLIED, ("rejected", "multiple_create")]
    inbox = Inbox(OWNER)
    inbox.log = [write(inbox.inbox_id, Create(OWNER), Revoke(OTHER, OWNER))]
    again(inbox, 0, Create(OWNER, by=by), Revoke(OTHER, _Nonsense()))
    result = run(inbox)
    assert briefs(result) == [APPLIED, ("rejected", "invalid_signature")]
    assert result.deviates is None


def test_the_same_signer_may_sign_another_text_in_the_same_second() -> None:
    inbox = Inbox(OWNER)
    inbox.append(Add(OTHER, OWNER))
    again(inbox, 1, Add(THIRD, OWNER))
    again(inbox, 1, Revoke(OTHER, OWNER))
    result = run(inbox)
    assert set(briefs(result)) == {APPLIED}
    assert names(result) == {OWNER.value, THIRD.value}


def test_words_survive_a_change_of_everything_else() -> None:
    """A member revoked and added anew is not brought back by its old consent."""
    inbox = Inbox(OWNER)
    position = inbox.append(Add(OTHER, OWNER))
    inbox.append(Revoke(OTHER, OWNER))
    inbox.append(Add(OTHER, OWNER))
    inbox.append(Revoke(OTHER, OWNER))
    inbox.push(inbox.log[position])
    again(inbox, position, Add(OTHER, Rewritten(signer=OWNER, v=-27)))
    result = run(inbox)
    assert [brief(o) for o in result.outcomes[-2:]] == [REPLAYED, REUSED]
    assert OTHER.value not in names(result)
