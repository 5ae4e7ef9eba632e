"""What admission refuses and replay takes, each rule from both sides.

A log is what everyone has to agree on, so replay takes what XMTP's reference
client takes. What comes in anew is held to more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pytest
from nacl.bindings import crypto_scalarmult_ed25519_base_noclamp
from tests.support.chain import StubChain
from tests.support.leaf_kinds import root_registry
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
)
from tests.support.updates import Action, Add, Change, Create, Inbox, Revoke, write

from xmtp_identity import replay
from xmtp_identity.admission import admit
from xmtp_identity.builder import AddMember, SignatureRequest
from xmtp_identity.errors import NotAdmitted
from xmtp_identity.kinds import WireSignature
from xmtp_identity.wire.scan import fields

from .browsers import Browser

OWNER: Final = Wallet("owner")
OTHER: Final = Wallet("other")


@dataclass(frozen=True)
class Shifted(Wallet):
    """A wallet that writes v another way.

    by: what is added to 27 or 28.
    high_s: whether s is n - s, v staying as it is, as libxmtp takes it.
    """

    by: int = 0
    high_s: bool = False

    def sign(self, text: bytes) -> bytes:
        raw = self.raw(text)
        s = int.from_bytes(raw[32:64], "big")
        if self.high_s:
            s = SECP256K1_ORDER - s
        return erc_191(raw[:32] + s.to_bytes(32, "big") + bytes((raw[64] + self.by,)))


class WeakAgain(WeakInstallation):
    """The same key with another signature of anything: R = 2 B, S = 2."""

    def sign(self, text: bytes) -> bytes:
        two = (2).to_bytes(32, "little")
        point = crypto_scalarmult_ed25519_base_noclamp(two)
        return installation_key(point + two, bytes.fromhex(self.value))


Make = Callable[[Inbox], Action]


def added(newcomer: Signer) -> Make:
    return lambda _: Add(newcomer, OWNER)


def recovery(value: str) -> Make:
    return lambda _: Change(Named(value), OWNER)


def _by_weak(inbox: Inbox) -> Action:
    inbox.append(Add(WeakInstallation(), OWNER))
    return Add(OTHER, WeakAgain())


def _page(**oddities: object) -> Make:
    return added(Browser("phone", **oddities))  # type: ignore[arg-type]  # fields of it


def _said(name: str, value: object) -> Make:
    return _page(extra=((name, value),))


REFUSED: Final[dict[str, tuple[Make, str]]] = {
    # Signatures of wallets
    "a high s": (added(Shifted("other", high_s=True)), "ethereum_signature_form"),
    "v of 35 or 36": (added(Shifted("other", by=8)), "ethereum_signature_form"),
    "v of mainnet, 37 or 38": (
        added(Shifted("other", by=10)),
        "ethereum_signature_form",
    ),
    "v of 253 or 254": (added(Shifted("other", by=226)), "ethereum_signature_form"),
    "a high s of the owner": (
        lambda _: Revoke(OTHER, Shifted("owner", high_s=True)),
        "ethereum_signature_form",
    ),
    # Names of wallets
    "an upper-case recovery": (recovery("0x" + "AB" * 20), "ethereum_address_form"),
    "a recovery with capitals": (recovery("0x" + "aB" * 20), "ethereum_address_form"),
    "a short recovery": (recovery("0x12"), "ethereum_address_form"),
    "an empty recovery": (recovery(""), "ethereum_address_form"),
    "a name as recovery": (recovery("vitalik.eth"), "ethereum_address_form"),
    "the zero address as recovery": (
        recovery("0x" + "00" * 20),
        "ethereum_address_reserved",
    ),
    "a precompile as recovery": (
        recovery("0x" + "00" * 19 + "04"),
        "ethereum_address_reserved",
    ),
    "the last precompile as recovery": (
        recovery("0x" + "00" * 18 + "01ff"),
        "ethereum_address_reserved",
    ),
    "an upper-case address revoked, which is nobody": (
        lambda _: Revoke(Named(OTHER.value.upper().replace("X", "x")), OWNER),
        "ethereum_address_form",
    ),
    "a smart wallet at a precompile": (
        added(SmartWallet("0x" + "00" * 19 + "04")),
        "ethereum_address_reserved",
    ),
    # Keys of apps
    "a key that anyone can sign for": (
        added(WeakInstallation()),
        "installation_key_unsafe",
    ),
    "a signature that anyone can make": (_by_weak, "installation_key_unsafe"),
    # Passkeys
    "a registration": (_said("type", "webauthn.create"), "passkey_type"),
    "a payment": (_said("type", "payment.get"), "passkey_type"),
    "an assertion without a type": (
        added(
            Passkey(
                "phone",
                client_data='{"challenge":"CHALLENGE","origin":"https://example.org"}',
            )
        ),
        "passkey_type",
    ),
    "nobody there": (_page(flags=0x04), "passkey_user_presence"),
    "no flags at all": (_page(flags=0x00), "passkey_user_presence"),
    "another relying party": (_page(rp_id="evil.org"), "passkey_relying_party"),
    "another origin": (
        _said("origin", "https://evil.org"),
        "passkey_relying_party",
    ),
    "an origin without TLS": (_said("origin", "http://example.org"), "passkey_origin"),
    "an origin that is none": (_said("origin", "evil"), "passkey_origin"),
    "a frame of another site": (
        _said("crossOrigin", value=True),
        "passkey_cross_origin",
    ),
    "a page under another": (
        _said("topOrigin", "https://evil.org"),
        "passkey_top_origin",
    ),
    "a backup that can't be": (_page(flags=0x15), "passkey_backup_state"),
    "bytes behind": (_page(tail=b"\x00"), "passkey_authenticator_data"),
    "a credential inside": (_page(flags=0x45), "passkey_authenticator_data"),
    "space around": (_page(around=" "), "passkey_client_data"),
    "a compressed key": (added(Browser("phone", compressed=True)), "passkey_key"),
    "a relying party that is none": (
        added(Browser("phone", relying_party="Example Org")),
        "passkey_relying_party",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_replay_takes_it_and_admission_refuses_it(name: str) -> None:
    make, code = REFUSED[name]
    registry, context = root_registry(), {"ethereum": StubChain()}
    inbox = Inbox(OWNER)
    action = make(inbox)
    before = replay(inbox.inbox_id, inbox.log, registry, context=context)
    update = inbox.update(action)
    inbox.push(update)
    after = replay(inbox.inbox_id, inbox.log, registry, context=context)
    assert after.outcomes[-1].code == ""
    assert after.deviates is None
    with pytest.raises(NotAdmitted) as caught:
        admit(update, inbox.inbox_id, before.snapshot, registry, context=context)
    assert caught.value.code == code
    assert not caught.value.retryable


SIGNATURES: Final[dict[str, Signer]] = {
    "a high s": Shifted("other", high_s=True),
    "v of 35 or 36": Shifted("other", by=8),
    "a registration": Browser("phone", extra=(("type", "webauthn.create"),)),
    "nobody there": Browser("phone", flags=0x04),
    "another origin": Browser("phone", extra=(("origin", "https://evil.org"),)),
    "a key that anyone can sign for": WeakInstallation(),
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_the_builder_refuses_such_a_signature_as_soon_as_it_gets_it(name: str) -> None:
    signer = SIGNATURES[name]
    inbox = Inbox(OWNER)
    request = SignatureRequest(
        inbox.inbox_id,
        [AddMember(signer.identifier, OWNER.identifier)],
        root_registry(),
        client_timestamp_ns=inbox.time_ns,
        snapshot=replay(inbox.inbox_id, inbox.log, root_registry()).snapshot,
    )
    with pytest.raises(NotAdmitted) as caught:
        request.add_signature(wire(signer.sign(request.text.encode())))
    assert caught.value.code == REFUSED[name][1]
    assert signer.identifier in request.missing


def wire(signature: bytes) -> WireSignature:
    """The content of a `Signature` union of one variant: number and payload."""
    ((number, _, start, end),) = fields(signature, 0)
    return WireSignature(number, signature[start:end])


ADMITTED: Final[dict[str, Make]] = {
    "v of 0 or 1": added(Shifted("other", by=-27)),
    "the first address that is nobody's precompile": recovery(
        "0x" + "00" * 18 + "0200"
    ),
    "a passkey with a high s": added(Browser("phone", high_s=True)),
    "a passkey without its user verified": _page(flags=0x01),
    "a passkey that is backed up": _page(flags=0x1D),
    "a passkey of a subdomain": _said("origin", "https://app.example.org"),
    "a passkey on localhost": _page(
        rp_id="localhost", extra=(("origin", "http://localhost:3000"),)
    ),
    "a passkey with extensions": _page(flags=0x85, tail=b"\xa0"),
    "a passkey that names its relying party": added(
        Browser("phone", relying_party="example.org")
    ),
    "an app": added(Installation("app")),
    "a smart wallet": added(SmartWallet("0x" + "12" * 20)),
    "a wallet by a legacy key of its own": lambda _: Add(
        Installation("app"), LegacyKey(OWNER)
    ),
    "a revocation of nobody": lambda _: Revoke(OTHER, OWNER),
}


@pytest.mark.parametrize("name", ADMITTED)
def test_what_is_sound_is_taken_on_both_sides(name: str) -> None:
    registry, context = root_registry(), {"ethereum": StubChain()}
    inbox = Inbox(OWNER)
    update = inbox.update(ADMITTED[name](inbox))
    before = replay(inbox.inbox_id, inbox.log, registry, context=context)
    result = admit(update, inbox.inbox_id, before.snapshot, registry, context=context)
    inbox.push(update)
    after = replay(inbox.inbox_id, inbox.log, registry, context=context)
    assert after.outcomes[-1].code == ""
    assert after.state == result.state


def test_a_legacy_key_may_create_its_own_wallet_s_first_inbox() -> None:
    inbox = Inbox(OWNER)
    update = write(inbox.inbox_id, Create(OWNER, by=LegacyKey(OWNER)))
    result = admit(update, inbox.inbox_id, None, root_registry())
    assert result.state is not None
    assert result.state.recovery == OWNER.identifier


ILL_FORMED: Final[dict[str, Signer]] = {
    "an unsafe key": WeakInstallation(),
    "a compressed passkey": Browser("phone", compressed=True),
    "a smart wallet at a precompile": SmartWallet("0x" + "00" * 19 + "04"),
}


@pytest.mark.parametrize("name", ILL_FORMED)
def test_a_member_that_should_never_have_come_in_can_be_revoked(name: str) -> None:
    registry, context = root_registry(), {"ethereum": StubChain()}
    member = ILL_FORMED[name]
    inbox = Inbox(OWNER)
    snapshot = replay(inbox.inbox_id, inbox.log, registry).snapshot
    with pytest.raises(NotAdmitted):
        # Not yet a member, it is only a malformed name.
        admit(inbox.update(Revoke(member, OWNER)), inbox.inbox_id, snapshot, registry)
    inbox.append(Add(member, OWNER))
    snapshot = replay(inbox.inbox_id, inbox.log, registry, context=context).snapshot
    update = inbox.update(Revoke(member, OWNER))
    result = admit(update, inbox.inbox_id, snapshot, registry)
    assert result.state is not None
    assert [one.identifier for one in result.state.members] == [OWNER.identifier]
