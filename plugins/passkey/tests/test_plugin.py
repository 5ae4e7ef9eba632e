"""The hook: one kind, light to load, complete when used."""

from __future__ import annotations

import pickle
import subprocess
import sys

from xmtp_identity.kinds import Kind, SignatureItem, VerifiedSignature
from xmtp_identity.v1.identity_pb2 import MemberIdentifier, Signature
from xmtp_identity_passkey.plugin import register_kinds
from xmtp_identity_passkey.v1.passkey_pb2 import Passkey, passkey, passkey_signature

from .assertions import ALICE, TEXT, item


def only_kind() -> Kind:
    (kind,) = register_kinds()
    return kind


def test_the_numbers_are_xmtps() -> None:
    kind = only_kind()
    assert (kind.number, kind.identifier_kind, set(kind.proofs)) == (3, 2, {5})
    assert (passkey.number, passkey_signature.number) == (3, 5)
    assert kind.extension == passkey.full_name
    assert kind.is_root
    assert (kind.name, kind.noun) == ("passkey", "passkey")


def test_the_bytes_are_those_of_xmtps_own_messages() -> None:
    member = MemberIdentifier()
    member.Extensions[passkey].CopyFrom(Passkey(key=b"\x04", relying_party="a"))
    assert member.SerializeToString() == b"\x1a\x06\x0a\x01\x04\x12\x01a"
    signature = Signature()
    signature.Extensions[passkey_signature].public_key = b"\x04"
    assert signature.SerializeToString() == b"\x2a\x03\x0a\x01\x04"
    # An empty message is there all the same, as prost writes it.
    member.Extensions[passkey].Clear()
    member.Extensions[passkey].SetInParent()
    assert member.SerializeToString() == b"\x1a\x00"


def test_the_kind_signs_verifies_and_admits() -> None:
    kind = only_kind()
    assert kind.signing is not None
    tools = kind.signing()
    signer = tools.load_key(tools.new_key(), str)
    number, payload = signer.sign(TEXT)
    proof = kind.proofs[number]
    signed = SignatureItem(TEXT.encode(), payload)
    (result,) = proof.verify_many([signed], {})
    assert isinstance(result, VerifiedSignature)
    assert proof.admit is not None
    proof.admit(signed, result, None)
    kind.admit(kind.parse(result.signer.value))
    assert kind.decode(kind.encode(result.signer)) == result.signer


def test_the_kind_can_be_sent_to_another_process() -> None:
    kind = pickle.loads(pickle.dumps(only_kind()))  # noqa: S301 - our own bytes
    (result,) = kind.proofs[5].verify_many([item(ALICE.signature())], {})
    assert isinstance(result, VerifiedSignature)


def test_loading_the_plugin_loads_no_cryptography() -> None:
    program = (
        "import sys, xmtp_identity_passkey.plugin as plugin; plugin.register_kinds();"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "xmtp_identity_passkey" in loaded
    assert not loaded & {"cryptography", "_cffi_backend", "json"}
