"""Installation keys in files, and signatures as people paste them."""

from __future__ import annotations

import base64
import json
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmtp_identity.errors import BadInput
from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity.installation import INSTALLATION, ed25519ph
from xmtp_identity.installation.signature import encode_signature
from xmtp_identity.installation.signer import (
    InstallationSigner,
    load_key,
    new_key,
    read_signature,
)

_SEED = bytes(range(100, 132))
_SIGNER = InstallationSigner(_SEED)
_KEY = bytes.fromhex(_SIGNER.identifier.value)
_TEXT = "XMTP : Authenticate to inbox"
_WIRE = _SIGNER.sign(_TEXT)
_SIGNATURE = _WIRE.payload[2:66]
_BASE64 = base64.b64encode(_SIGNATURE).decode()


def _no_password() -> str:
    raise AssertionError


def _file(**record: object) -> bytes:
    return json.dumps(record).encode()


def test_a_new_key_loads_and_is_another_each_time() -> None:
    contents = {new_key() for _ in range(4)}
    signers = [load_key(content, _no_password) for content in contents]
    assert len({signer.identifier for signer in signers}) == 4
    for signer in signers:
        INSTALLATION.admit(signer.identifier)


def test_a_key_file_names_its_kind_and_holds_the_seed() -> None:
    record = json.loads(new_key())
    assert record.keys() == {"kind", "seed"}
    assert record["kind"] == "installation"
    seed = bytes.fromhex(record["seed"])
    signer = load_key(_file(**record), _no_password)
    assert signer.identifier.value == ed25519ph.public_key(seed).hex()
    assert signer.sign(_TEXT) == InstallationSigner(seed).sign(_TEXT)


def test_spaces_and_the_order_of_the_file_do_not_matter() -> None:
    content = f'\r\n{{ "seed": "{_SEED.hex().upper()}",\n"kind":"installation" }}\n'
    assert load_key(content.encode(), _no_password).identifier == _SIGNER.identifier


_BAD_FILES = {
    "empty": b"",
    "bare hex, as an Ethereum key": _SEED.hex().encode(),
    "bare hex with 0x": b"0x" + _SEED.hex().encode(),
    "a JSON string": json.dumps(_SEED.hex()).encode(),
    "pairs in an array": json.dumps([["kind", "installation"]]).encode(),
    "another kind": _file(kind="ethereum", seed=_SEED.hex()),
    "no kind": _file(seed=_SEED.hex()),
    "no seed": _file(kind="installation"),
    "more than that": _file(kind="installation", seed=_SEED.hex(), more=1),
    "a short seed": _file(kind="installation", seed=_SEED.hex()[:-2]),
    "a long seed": _file(kind="installation", seed=_SEED.hex() + "00"),
    "a seed with a space": _file(kind="installation", seed=f"{_SEED.hex()[:-1]} "),
    "a seed with a line feed": _file(kind="installation", seed=f"{_SEED.hex()}\n"),
    "a seed with 0x": _file(kind="installation", seed=f"0x{_SEED.hex()}"),
    "a seed that is a number": _file(kind="installation", seed=12),
    "a kind that is a list": _file(kind=["installation"], seed=_SEED.hex()),
    "a key twice": (
        f'{{"kind":"installation","seed":"{bytes(32).hex()}","seed":"{_SEED.hex()}"}}'
    ).encode(),
    "UTF-16": _file(kind="installation", seed=_SEED.hex()).decode().encode("utf-16"),
    "no UTF-8": b'{"kind": "\xff"}',
    "cut off": _file(kind="installation", seed=_SEED.hex())[:-1],
    "deeply nested": b"[" * 4000,
    "huge": _file(kind="installation", seed=_SEED.hex()) + b" " * 5000,
}


@pytest.mark.parametrize("content", _BAD_FILES.values(), ids=_BAD_FILES)
def test_other_files_are_refused_and_secrets_stay_out_of_the_error(
    content: bytes,
) -> None:
    with pytest.raises(BadInput, match="no key file of an installation") as caught:
        load_key(content, _no_password)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    shown = "".join(traceback.format_exception(caught.value))
    assert _SEED.hex()[:16] not in shown.lower()


@given(st.binary(max_size=200))
def test_any_file_is_refused_or_read(content: bytes) -> None:
    with pytest.raises(BadInput):
        load_key(content, _no_password)


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_seed_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(BadInput, match="32 bytes"):
        InstallationSigner(bytes(length))


def test_a_signer_does_not_show_its_seed() -> None:
    assert _SEED.hex() not in repr(_SIGNER)
    assert _SIGNER.identifier.value in repr(_SIGNER)


@pytest.mark.parametrize(
    "text",
    [
        _SIGNATURE.hex(),
        _SIGNATURE.hex().upper(),
        f"0x{_SIGNATURE.hex()}",
        _BASE64,
        f"  {_BASE64}\n",
        f"\t{_SIGNATURE.hex()}\r\n",
    ],
)
def test_a_pasted_signature_is_read_as_hex_and_as_base64(text: str) -> None:
    assert read_signature(text, _SIGNER.identifier) == [_WIRE]


@pytest.mark.parametrize(
    "text",
    [
        "",
        _SIGNATURE.hex()[:-2],
        _SIGNATURE.hex() + "00",
        f"{_SIGNATURE.hex()[:64]} {_SIGNATURE.hex()[64:]}",
        f"0X{_SIGNATURE.hex()}",
        _BASE64.rstrip("="),
        _BASE64[:-3] + chr(ord(_BASE64[-3]) + 1) + "==",  # unused bits set
        f"{_BASE64[:40]}\n{_BASE64[40:]}",
        f"{_BASE64[:40]}!{_BASE64[40:]}",
        base64.b64encode(_SIGNATURE[:63]).decode(),
        "é" * 88,
        "\ud800" * 88,
    ],
)
def test_other_texts_are_no_signature(text: str) -> None:
    with pytest.raises(BadInput, match="64 bytes"):
        read_signature(text, _SIGNER.identifier)


@given(st.text(max_size=200))
def test_any_other_pasted_text_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        read_signature(text, _SIGNER.identifier)


@given(st.binary(min_size=64, max_size=64))
def test_any_64_bytes_are_read_in_both_ways(signature: bytes) -> None:
    pasted = [signature.hex(), base64.b64encode(signature).decode()]
    for text in pasted:
        (wire,) = read_signature(text, _SIGNER.identifier)
        assert wire.payload == encode_signature(signature, _KEY)


def test_an_installation_that_is_no_key_of_32_bytes_has_no_signatures() -> None:
    for value in ("", "00" * 31):
        with pytest.raises(BadInput, match="can't sign"):
            read_signature(_BASE64, MemberIdentifier("installation", value))
