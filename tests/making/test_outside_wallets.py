"""Updates signed by wallets that this project did not write."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any, Final

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from nacl.signing import SigningKey
from tests.support.leaf_kinds import root_registry
from tests.support.signers import Installation, secret

from xmtp_identity import MemberIdentifier, ReplayResult, replay
from xmtp_identity.builder import AddMember, CreateInbox, SignatureRequest
from xmtp_identity.errors import BadInput, IdentityError, InvalidSignature, NotAdmitted
from xmtp_identity.installation.ed25519ph import sign
from xmtp_identity.protocol.root_rules import inbox_id_of

from .browsers import Browser

NOW: Final = 1_700_000_000 * 10**9
OWNER: Final = Account.from_key(secret("outside owner"))
FRIEND: Final = Account.from_key(secret("outside friend"))
PHONE: Final = Browser("phone")
APP: Final = Installation("outside app")


def address(account: Any) -> MemberIdentifier:
    return MemberIdentifier("ethereum", account.address.lower())


def by_wallet(account: Any, text: str) -> bytes:
    """What `personal_sign` gives: 65 bytes."""
    return bytes(account.sign_message(encode_defunct(text=text)).signature)


def by_app(text: str) -> bytes:
    return sign(secret(APP.name), text.encode(), b"IDENTITY UPDATE SIGNATURE")


def created() -> tuple[str, ReplayResult]:
    """An inbox that an outside wallet created."""
    registry = root_registry()
    inbox_id = inbox_id_of(address(OWNER), 0, registry.kind("ethereum"))
    request = SignatureRequest(
        inbox_id, [CreateInbox(address(OWNER))], registry, client_timestamp_ns=NOW
    )
    request.add_pasted(by_wallet(OWNER, request.text).hex(), address(OWNER))
    update = request.finish()
    return inbox_id, replay(inbox_id, [update], registry)


def request_for(member: MemberIdentifier) -> SignatureRequest:
    """The owner, which has signed already, is to add a member."""
    inbox_id, result = created()
    request = SignatureRequest(
        inbox_id,
        [AddMember(member, address(OWNER))],
        root_registry(),
        client_timestamp_ns=NOW + 10**9,
        snapshot=result.snapshot,
    )
    request.add_pasted("0x" + by_wallet(OWNER, request.text).hex(), address(OWNER))
    return request


def _shift(signature: bytes, by: int) -> bytes:
    return signature[:64] + bytes((signature[64] + by,))


def _high_s(signature: bytes) -> bytes:
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    s = order - int.from_bytes(signature[32:64], "big")
    return signature[:32] + s.to_bytes(32, "big") + signature[64:]


def _compact(signature: bytes) -> bytes:
    """ERC-2098, 64 bytes."""
    top = (signature[64] - 27) << 7
    return signature[:32] + bytes((signature[32] | top,)) + signature[33:64]


WALLET_TAKEN: Final[dict[str, Callable[[bytes], str]]] = {
    "hex with 0x": lambda raw: "0x" + raw.hex(),
    "hex without 0x": bytes.hex,
    "hex in capitals": lambda raw: "0x" + raw.hex().upper(),
    "hex with space and a line end around": lambda raw: f"  0x{raw.hex()}\r\n",
    "v of 0 or 1": lambda raw: _shift(raw, -27).hex(),
}


@pytest.mark.parametrize("name", WALLET_TAKEN)
def test_a_wallet_s_signature_is_taken_as_wallets_give_it(name: str) -> None:
    request = request_for(address(FRIEND))
    request.add_pasted(
        WALLET_TAKEN[name](by_wallet(FRIEND, request.text)), address(FRIEND)
    )
    assert request.finish()


WALLET_REFUSED: Final[
    dict[str, tuple[Callable[[bytes], str], type[IdentityError], str]]
] = {
    "64 bytes of ERC-2098": (lambda r: _compact(r).hex(), BadInput, "bad_input"),
    "base64": (lambda r: base64.b64encode(r).decode(), BadInput, "bad_input"),
    "hex with a space inside": (
        lambda r: f"{r[:9].hex()} {r[9:].hex()}",
        BadInput,
        "bad_input",
    ),
    "0X": (lambda r: "0X" + r.hex(), BadInput, "bad_input"),
    "nothing": (lambda _: "", BadInput, "bad_input"),
    "digits of another script": (
        lambda r: r.hex().replace("1", "١"),
        BadInput,
        "bad_input",
    ),
    "v of 37 or 38": (
        lambda r: _shift(r, 10).hex(),
        NotAdmitted,
        "ethereum_signature_form",
    ),
    "v of 29": (
        lambda r: (r[:64] + b"\x1d").hex(),
        InvalidSignature,
        "invalid_signature",
    ),
    "a high s": (lambda r: _high_s(r).hex(), NotAdmitted, "ethereum_signature_form"),
    "the twin with a high s": (
        lambda r: _high_s(_shift(r, 1 if r[64] == 27 else -1)).hex(),
        InvalidSignature,
        "signer_mismatch",
    ),
    "the other v": (
        lambda r: _shift(r, 1 if r[64] == 27 else -1).hex(),
        InvalidSignature,
        "signer_mismatch",
    ),
    "zeros": (lambda _: bytes(65).hex(), InvalidSignature, "invalid_signature"),
}


@pytest.mark.parametrize("name", WALLET_REFUSED)
def test_other_signatures_of_a_wallet_are_refused_with_the_cause(name: str) -> None:
    change, error, code = WALLET_REFUSED[name]
    request = request_for(address(FRIEND))
    text = change(by_wallet(FRIEND, request.text))
    with pytest.raises(error) as caught:
        request.add_pasted(text, address(FRIEND))
    assert caught.value.code == code
    assert request.missing == (address(FRIEND),)


@pytest.mark.parametrize(
    "change",
    [lambda t: t + "\n", lambda t: t.replace("\n", "\r\n"), str.strip, str.upper],
    ids=["a line end behind", "line ends of Windows", "the text", "capitals"],
)
def test_a_wallet_must_sign_the_text_to_the_byte(change: Callable[[str], str]) -> None:
    request = request_for(address(FRIEND))
    changed = change(request.text)
    signature = by_wallet(FRIEND, changed).hex()
    if changed == request.text:
        request.add_pasted(signature, address(FRIEND))
        return
    with pytest.raises(InvalidSignature, match="exactly this text"):
        request.add_pasted(signature, address(FRIEND))


def test_the_wallet_of_another_is_refused() -> None:
    request = request_for(address(FRIEND))
    with pytest.raises(InvalidSignature) as caught:
        request.add_pasted(by_wallet(OWNER, request.text).hex(), address(FRIEND))
    assert caught.value.code == "signer_mismatch"


# A passkey in a browser


def test_a_browser_s_assertion_is_taken_as_its_json() -> None:
    request = request_for(PHONE.identifier)
    request.add_pasted(PHONE.credential(request.text.encode()) + "\n", PHONE.identifier)
    _, result = request.finish_with_state()
    assert result.state is not None
    member = result.state.get(PHONE.identifier)
    assert member is not None
    # Who proved it, and where: the origin of the assertion.
    assert member.identifier.relying_party == "https://example.org"


PAGES: Final[dict[str, tuple[Browser, str]]] = {
    "a registration": (
        Browser("phone", extra=(("type", "webauthn.create"),)),
        "passkey_type",
    ),
    "nobody there": (Browser("phone", flags=0), "passkey_user_presence"),
    "another relying party": (
        Browser("phone", rp_id="evil.org"),
        "passkey_relying_party",
    ),
    "no TLS": (
        Browser("phone", extra=(("origin", "http://example.org"),)),
        "passkey_origin",
    ),
    "a frame": (
        Browser("phone", extra=(("crossOrigin", True),)),
        "passkey_cross_origin",
    ),
}


@pytest.mark.parametrize("name", PAGES)
def test_an_assertion_that_is_not_sound_is_refused_when_it_is_pasted(name: str) -> None:
    browser, code = PAGES[name]
    request = request_for(PHONE.identifier)
    with pytest.raises(NotAdmitted) as caught:
        request.add_pasted(browser.credential(request.text.encode()), PHONE.identifier)
    assert caught.value.code == code
    assert request.missing == (PHONE.identifier,)


def test_an_assertion_of_another_challenge_or_another_key_is_invalid() -> None:
    request = request_for(PHONE.identifier)
    for credential in (
        PHONE.credential(b"another text"),
        Browser("tablet").credential(request.text.encode()),
    ):
        with pytest.raises(InvalidSignature):
            request.add_pasted(credential, PHONE.identifier)


def test_an_assertion_without_its_parts_can_t_be_read() -> None:
    request = request_for(PHONE.identifier)
    whole = json.loads(PHONE.credential(request.text.encode()))
    for name in ("signature", "authenticatorData", "clientDataJSON"):
        response = {k: v for k, v in whole["response"].items() if k != name}
        with pytest.raises(BadInput, match=name):
            request.add_pasted(json.dumps({"response": response}), PHONE.identifier)


# An app's key elsewhere


@pytest.mark.parametrize(
    "form",
    [bytes.hex, lambda raw: "0x" + raw.hex(), lambda r: base64.b64encode(r).decode()],
    ids=["hex", "hex with 0x", "base64"],
)
def test_an_app_s_signature_is_taken_in_each_encoding(
    form: Callable[[bytes], str],
) -> None:
    request = request_for(APP.identifier)
    request.add_pasted(form(by_app(request.text)), APP.identifier)
    assert request.finish()


def test_a_plain_ed25519_signature_is_no_app_s() -> None:
    request = request_for(APP.identifier)
    plain = SigningKey(secret(APP.name)).sign(request.text.encode()).signature
    with pytest.raises(InvalidSignature):
        request.add_pasted(plain.hex(), APP.identifier)


def test_a_text_that_is_no_signature_of_any_kind_is_not_repeated() -> None:
    key = secret("outside owner").hex()
    for member in (address(FRIEND), PHONE.identifier, APP.identifier):
        request = request_for(member)
        with pytest.raises(BadInput) as caught:
            request.add_pasted(key, member)
        assert key[:16] not in str(caught.value)
