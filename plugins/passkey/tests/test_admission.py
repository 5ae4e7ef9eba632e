"""Admission: WebAuthn's own checks, each with a code of its own."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Any, cast

import pytest
from fido2 import cbor
from fido2.webauthn import AuthenticatorData as PeerAuthenticatorData
from hypothesis import given
from hypothesis import strategies as st

from xmtp_identity.errors import BadInput, NotAdmitted, SignatureError
from xmtp_identity.kinds import SignatureItem, VerifiedSignature
from xmtp_identity_passkey.admission import PasskeyPolicy, admit
from xmtp_identity_passkey.authenticator_data import read_authenticator_data
from xmtp_identity_passkey.origin import is_host, relying_parties_of, web_host
from xmtp_identity_passkey.signature import verify_many
from xmtp_identity_passkey.v1.passkey_pb2 import RecoverablePasskeySignature

from .assertions import (
    ALICE,
    AUTHENTICATOR_DATA,
    client_data,
    data,
    item,
    verified,
)

UP, UV, BE, BS, AT, ED = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80
APP = "android:apk-key-hash:" + "A" * 43


def authenticator_data(
    flags: int = UP | UV, party: str = "example.org", rest: bytes = b""
) -> bytes:
    return hashlib.sha256(party.encode()).digest() + bytes([flags, 0, 0, 0, 0]) + rest


def decision(
    client_data_json: bytes | None = None,
    authenticator_data: bytes = AUTHENTICATOR_DATA,
    policy: PasskeyPolicy | None = None,
) -> str | None:
    """None if admitted, else the code of the refusal."""
    message = ALICE.signature(client_data_json, authenticator_data)
    return judged(item(message), verified(message), policy)


def judged(
    signed: SignatureItem, result: VerifiedSignature, policy: PasskeyPolicy | None
) -> str | None:
    try:
        admit(signed, result, policy)
    except NotAdmitted as error:
        return error.code
    return None


def test_an_assertion_as_a_browser_makes_it_is_admitted() -> None:
    assert decision() is None
    assert decision(client_data(crossOrigin=None)) is None
    assert decision(client_data(tokenBinding={"status": "supported"})) is None


@pytest.mark.parametrize("kind", ["webauthn.create", "payment.get", "", None, 1, []])
def test_type_must_be_webauthn_get(kind: object) -> None:
    assert decision(client_data(type=kind)) == "passkey_type"


@pytest.mark.parametrize("value", [True, "false", 0, 1, "", {}, []])
def test_cross_origin_must_be_false_or_missing(value: object) -> None:
    assert decision(client_data(crossOrigin=value)) == "passkey_cross_origin"


def test_cross_origin_null_is_refused() -> None:
    raw = client_data(crossOrigin=None)[:-1] + b',"crossOrigin":null}'
    assert decision(raw) == "passkey_cross_origin"


@pytest.mark.parametrize("origin", ["https://evil.com", "https://example.org", ""])
def test_top_origin_is_refused_whatever_it_says(origin: str) -> None:
    assert decision(client_data(topOrigin=origin)) == "passkey_top_origin"


def test_white_space_around_the_client_data_is_refused() -> None:
    assert decision(client_data() + b"\n") == "passkey_client_data"
    assert decision(b" " + client_data()) == "passkey_client_data"


def test_user_presence_is_needed() -> None:
    assert decision(None, authenticator_data(UV)) == "passkey_user_presence"
    assert decision(None, authenticator_data(0)) == "passkey_user_presence"


def test_user_verification_is_needed_if_the_policy_says_so() -> None:
    policy = PasskeyPolicy(user_verification=True)
    assert decision(None, authenticator_data(UP)) is None
    touched = decision(None, authenticator_data(UP), policy)
    assert touched == "passkey_user_verification"
    assert decision(None, authenticator_data(UP | UV), policy) is None


def test_backed_up_needs_backup_eligible() -> None:
    assert decision(None, authenticator_data(UP | BS)) == "passkey_backup_state"
    assert decision(None, authenticator_data(UP | BE)) is None
    assert decision(None, authenticator_data(UP | BE | BS)) is None


def test_reserved_flags_may_be_set() -> None:
    assert decision(None, authenticator_data(UP | 0x02 | 0x20)) is None


def test_the_sign_counter_is_not_looked_at() -> None:
    for counter in (b"\0\0\0\0", b"\0\0\0\1", b"\xff\xff\xff\xff"):
        assert decision(None, authenticator_data()[:33] + counter) is None


EXTENSIONS = {
    "an empty map": (b"\xa0", True),
    "one extension": (cbor.encode({"appid": True}), True),
    "nested": (cbor.encode({"a": {"b": [1, {"c": b"d"}]}}), True),
    "a long string": (cbor.encode({"a": "b" * 300}), True),
    "numbers": (cbor.encode({"a": 2**40, "b": -1000}), True),
    "nothing": (b"", False),
    "an array": (b"\x80", False),
    "two maps": (b"\xa0\xa0", False),
    "a byte behind": (b"\xa0\x00", False),
    "cut off": (b"\xa1\x61", False),
    "a string cut off": (b"\xa1\x61a\x63bc", False),
    "a length cut off": (b"\xba\x00", False),
    "indefinite length": (b"\xbf\xff", False),
    "a reserved length": (b"\xbc", False),
    "a tag": (b"\xa1\x61a\xc1\x01", False),
    "a huge map": (b"\xbb" + b"\xff" * 8, False),
    "a huge string": (b"\xa1\x7b" + b"\xff" * 8, False),
    "nested too deep": (b"\xa1\x61a" + b"\x81" * 1000 + b"\x01", False),
}


@pytest.mark.parametrize(
    ("rest", "admitted"), EXTENSIONS.values(), ids=EXTENSIONS.keys()
)
def test_extensions_are_one_cbor_map_where_the_flag_ed_says_so(
    rest: bytes, admitted: bool
) -> None:
    code = decision(None, authenticator_data(UP | ED, rest=rest))
    assert code == (None if admitted else "passkey_authenticator_data")


def test_bytes_behind_without_the_flag_ed_are_refused() -> None:
    code = decision(None, authenticator_data(rest=b"\xa0"))
    assert code == "passkey_authenticator_data"


def test_attested_credential_data_has_no_place_in_an_assertion() -> None:
    credential = bytes(16) + b"\0\1" + b"x" + cbor.encode({1: 2})
    code = decision(None, authenticator_data(UP | AT, rest=credential))
    assert code == "passkey_authenticator_data"


@pytest.mark.parametrize("length", [0, 1, 32, 36])
def test_authenticator_data_that_is_too_short_is_refused(length: int) -> None:
    code = decision(None, authenticator_data()[:length])
    assert code == "passkey_authenticator_data"


@given(
    st.binary(max_size=60)
    | st.builds(
        lambda flags, rest: authenticator_data(flags, rest=rest),
        st.integers(0, 255),
        st.binary(max_size=8) | st.sampled_from([b"\xa0", b"\xa1\x61a\xf5"]),
    )
)
def test_authenticator_data_that_is_taken_says_the_same_to_fido2(raw: bytes) -> None:
    try:
        mine = read_authenticator_data(raw)
    except ValueError:
        return
    try:
        peer = PeerAuthenticatorData(raw)
    except (ValueError, TypeError):
        # It also wants the map's content to be what CTAP 2 would write.
        assert mine.flags & ED
        return
    assert (mine.rp_id_hash, mine.flags) == (peer.rp_id_hash, int(peer.flags))


MISFIT, NO_PAGE = "passkey_relying_party", "passkey_origin"

# origin, relying party -> decision of the default policy
DEFAULT_POLICY = {
    "its own host": ("https://example.org", "example.org", None),
    "with a port": ("https://example.org:8443", "example.org", None),
    "a parent domain": ("https://a.b.example.org", "example.org", None),
    "the domain between": ("https://a.b.example.org", "b.example.org", None),
    "localhost": ("http://localhost", "localhost", None),
    "localhost with a port": ("http://localhost:8791", "localhost", None),
    "localhost over TLS": ("https://localhost", "localhost", None),
    "a name of one label": ("https://intranet", "intranet", None),
    "an international name": ("https://xn--a.example", "xn--a.example", None),
    "another": ("https://evil.example", "example.org", MISFIT),
    "a subdomain of it": ("https://example.org", "a.example.org", MISFIT),
    "a longer name": ("https://example.org.evil.com", "example.org", MISFIT),
    "a name that ends alike": ("https://notexample.org", "example.org", MISFIT),
    "a top-level domain": ("https://example.org", "org", MISFIT),
    "the origin itself": ("https://example.org", "https://example.org", MISFIT),
    "no relying party": ("https://example.org", "", MISFIT),
    "http": ("http://example.org", "example.org", NO_PAGE),
    "a slash at the end": ("https://example.org/", "example.org", NO_PAGE),
    "upper case": ("https://Example.org", "example.org", NO_PAGE),
    "upper-case scheme": ("HTTPS://example.org", "example.org", NO_PAGE),
    "the default port": ("https://example.org:443", "example.org", NO_PAGE),
    "an impossible port": ("https://example.org:65536", "example.org", NO_PAGE),
    "an empty port": ("https://example.org:", "example.org", NO_PAGE),
    "a port with a zero": ("https://example.org:08443", "example.org", NO_PAGE),
    "a user": ("https://example.org@evil.com", "example.org", NO_PAGE),
    "a path": ("https://evil.com/example.org", "example.org", NO_PAGE),
    "a dot at the end": ("https://example.org.", "example.org", NO_PAGE),
    "a line feed at the end": ("https://example.org\n", "example.org", NO_PAGE),
    "an address": ("https://192.0.2.1", "192.0.2.1", NO_PAGE),
    "an address in hex": ("https://0xc0000201", "0xc0000201", NO_PAGE),
    "an IPv6 address": ("https://[::1]", "[::1]", NO_PAGE),
    "not ASCII": ("https://\u00fc.example", "\u00fc.example", NO_PAGE),
    "empty": ("", "example.org", NO_PAGE),
    "null": ("null", "example.org", NO_PAGE),
    "a host alone": ("example.org", "example.org", NO_PAGE),
    "an extension": ("chrome-extension://abc", "abc", NO_PAGE),
    "an Android app": (APP, "example.org", NO_PAGE),
    "http beside localhost": ("http://a.localhost", "a.localhost", NO_PAGE),
}  # fmt: skip


@pytest.mark.parametrize(
    ("origin", "party", "code"), DEFAULT_POLICY.values(), ids=DEFAULT_POLICY.keys()
)
def test_by_default_the_relying_party_must_fit_the_page(
    origin: str, party: str, code: str | None
) -> None:
    raw = client_data(origin=origin)
    assert decision(raw, authenticator_data(party=party)) == code


def test_named_origins_are_compared_exactly() -> None:
    policy = PasskeyPolicy(origins=frozenset({"https://app.example.org:8443"}))
    data = authenticator_data(party="example.org")
    right = client_data(origin="https://app.example.org:8443")
    assert decision(right, data, policy) is None
    for origin in ("https://app.example.org", "https://example.org", ""):
        wrong = client_data(origin=origin)
        assert decision(wrong, data, policy) == "passkey_origin"


def test_a_named_origin_still_needs_a_fitting_relying_party() -> None:
    policy = PasskeyPolicy(origins=frozenset({"https://example.org"}))
    data = authenticator_data(party="evil.example")
    assert decision(client_data(), data, policy) == "passkey_relying_party"


def test_named_relying_parties_still_need_a_fitting_page() -> None:
    policy = PasskeyPolicy(relying_parties=frozenset({"example.org", "example.net"}))
    app = client_data(origin="https://app.example.org")
    assert decision(app, authenticator_data(), policy) is None
    other = authenticator_data(party="app.example.org")
    assert decision(app, other, policy) == "passkey_relying_party"
    foreign = authenticator_data(party="example.net")
    assert decision(app, foreign, policy) == "passkey_relying_party"
    evil = client_data(origin="https://evil.example")
    assert decision(evil, authenticator_data(), policy) == "passkey_relying_party"


def test_an_app_is_admitted_where_the_policy_names_it_and_its_relying_party() -> None:
    raw = client_data(origin=APP)
    origins, parties = frozenset({APP}), frozenset({"example.org"})
    both = PasskeyPolicy(origins=origins, relying_parties=parties)
    assert decision(raw, AUTHENTICATOR_DATA, both) is None
    alone = PasskeyPolicy(origins=origins)
    assert decision(raw, AUTHENTICATOR_DATA, alone) == "passkey_relying_party"
    other = authenticator_data(party="evil.example")
    assert decision(raw, other, both) == "passkey_relying_party"


@pytest.mark.parametrize(
    "arguments",
    [
        {"origins": "https://example.org"},
        {"relying_parties": "example.org"},
        {"origins": {"https://example.org/"}},
        {"origins": {"example.org"}},
        {"relying_parties": {"https://example.org"}},
        {"relying_parties": {"Example.org"}},
    ],
)
def test_a_policy_of_what_is_no_origin_or_host_is_refused(
    arguments: Mapping[str, Any],
) -> None:
    with pytest.raises(BadInput):
        PasskeyPolicy(**arguments)


def test_another_policy_than_a_passkeys_is_a_mistake_of_the_caller() -> None:
    message = ALICE.signature()
    with pytest.raises(TypeError):
        admit(item(message), verified(message), {"user_verification": True})


def test_a_key_in_another_form_may_still_sign() -> None:
    # Whoever is a member already must be able to leave or to be replaced.
    message = ALICE.signature()
    message.public_key = b"\x02" + message.public_key[1:33]
    if not isinstance(result := verify_many([item(message)], {})[0], VerifiedSignature):
        message.public_key = b"\x03" + message.public_key[1:]
        result = verified(message)
    admit(item(message), result, None)


def test_relying_parties_of_a_host_end_before_the_top_level_domain() -> None:
    assert relying_parties_of("a.b.example.org") == [
        "a.b.example.org",
        "b.example.org",
        "example.org",
    ]
    assert relying_parties_of("localhost") == ["localhost"]


@given(st.text(max_size=30) | st.from_regex(r"https?://[a-z0-9.:\-]{0,20}"))
def test_any_text_is_an_origin_of_a_host_or_none(text: str) -> None:
    host = web_host(text)
    assert host is None or (is_host(host) and text.partition("://")[2].startswith(host))


# What a real browser and hand-made attacks come to, from outside this project:
# the verifier's code, then that of admission.
ATTACKS = data("tricky-assertions.json")
TRICKY: dict[str, tuple[str | None, str | None]] = {
    "normal": (None, None),
    "type webauthn.create": (None, "passkey_type"),
    "type payment.get": (None, "passkey_type"),
    "duplicate challenge key (last good)": ("client_data_json", None),
    "duplicate challenge key (first good)": ("client_data_json", None),
    "duplicate type (last get)": ("client_data_json", None),
    "origin prefix https://example.org.evil.com": (None, "passkey_relying_party"),
    "origin with trailing slash": (None, "passkey_origin"),
    "origin http": (None, "passkey_origin"),
    "crossOrigin true": (None, "passkey_cross_origin"),
    "crossOrigin true + topOrigin evil": (None, "passkey_cross_origin"),
    "challenge padded b64": ("client_data_challenge", None),
    "challenge std b64 / trailing bits": ("client_data_challenge", None),
    "UP=0 (UV only)": (None, "passkey_user_presence"),
    "UV=0": (None, None),
    "BS=1,BE=0 (invalid combo)": (None, "passkey_backup_state"),
    "other rpIdHash": (None, "passkey_relying_party"),
    "trailing bytes in authData, no ED flag": (None, "passkey_authenticator_data"),
    "reserved flag bit 1": (None, None),
    "BOM in clientDataJSON": ("client_data_json", None),
    "high-s/low-s flipped": (None, None),
    "raw r||s instead of DER": ("passkey_signature_form", None),
    "DER trailing garbage": ("passkey_signature_form", None),
    "tokenBinding present": (None, None),
}


def unpadded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def from_browser(response: Mapping[str, str], key: bytes, text: bytes) -> SignatureItem:
    message = RecoverablePasskeySignature(
        public_key=key,
        signature=unpadded(response["signature"]),
        authenticator_data=unpadded(response["authenticatorData"]),
        client_data_json=unpadded(response["clientDataJSON"]),
    )
    return SignatureItem(text, message.SerializeToString())


@pytest.mark.parametrize("test", ATTACKS["tests"], ids=lambda test: test["label"])
def test_tricky_assertions(test: dict[str, Any]) -> None:
    cose = cast("dict[int, bytes]", cbor.decode(unpadded(ATTACKS["cose"])))
    signed = from_browser(test["response"], b"\x04" + cose[-2] + cose[-3], b"c" * 32)
    (result,) = verify_many([signed], {})
    if isinstance(result, SignatureError):
        codes: tuple[str | None, str | None] = (result.code, None)
    else:
        codes = (None, judged(signed, result, None))
    assert codes == TRICKY[test["label"]]


def test_assertions_of_a_real_browser() -> None:
    recorded = data("chromium-virtual-authenticator.json")
    # The last 65 bytes of the SubjectPublicKeyInfo are the point.
    key = unpadded(recorded["registration"]["response"]["publicKey"])[-65:]
    text = recorded["text"].encode()
    raw, hashed = recorded["assertions"]
    signed = from_browser(raw["assertion"]["response"], key, text)
    (result,) = verify_many([signed], {})
    assert isinstance(result, VerifiedSignature)
    assert result.signer.relying_party == recorded["origin"]
    strict = PasskeyPolicy(
        origins=frozenset({recorded["origin"]}),
        relying_parties=frozenset({recorded["rp_id"]}),
        user_verification=True,
    )
    assert judged(signed, result, None) is None
    assert judged(signed, result, strict) is None

    # Signed over the hash of the text, which is not XMTP's way.
    signed = from_browser(hashed["assertion"]["response"], key, text)
    (result,) = verify_many([signed], {})
    assert isinstance(result, SignatureError)
    assert result.code == "client_data_challenge"
