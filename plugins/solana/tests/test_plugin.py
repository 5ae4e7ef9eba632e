"""The hook: one kind, light to load, complete when used."""

from __future__ import annotations

import pickle
import subprocess
import sys

from xmtp_identity.allotment import ALLOTMENT
from xmtp_identity.kinds import Kind, SignatureItem, VerifiedSignature
from xmtp_identity.registry import Registry
from xmtp_identity.v1.identity_pb2 import MemberIdentifier, Signature
from xmtp_identity_solana.plugin import register_kinds
from xmtp_identity_solana.v1.solana_pb2 import solana_identifier, solana_signature

from .support import signer, text_for


def only_kind() -> Kind:
    (kind,) = register_kinds()
    return kind


def test_the_numbers_and_names_are_those_of_the_allotment() -> None:
    kind, allotted = only_kind(), ALLOTMENT[100]
    assert not kind.is_root
    assert (kind.number, kind.name, kind.noun) == (
        allotted.number,
        allotted.name,
        allotted.noun,
    )
    for extension, full_name in (
        (solana_identifier, allotted.extension),
        (solana_signature, allotted.signatures[100]),
    ):
        assert extension.number == 100
        assert extension.full_name == full_name
        assert extension.type == extension.TYPE_BYTES
    assert kind.extension == solana_identifier.full_name


def test_a_registry_takes_it() -> None:
    registry = Registry([only_kind()])
    assert registry.by_member[100].name == "solana"
    assert registry.by_signature[100].kind.name == "solana"
    assert not registry.by_identifier_kind


def test_payloads_are_the_bare_bytes_of_the_extensions() -> None:
    kind, wallet = only_kind(), signer("wallet")
    member = MemberIdentifier()
    member.Extensions[solana_identifier] = kind.encode(wallet.identifier)
    start = bytes([100 << 3 & 127 | 2 | 128, 100 >> 4])
    assert member.SerializeToString() == start + b"\x20" + kind.encode(
        wallet.identifier
    )
    signature = Signature()
    signature.Extensions[solana_signature] = wallet.sign("text\n").payload
    assert (
        signature.SerializeToString() == start + b"\x40" + wallet.sign("text\n").payload
    )


def test_the_kind_makes_a_key_signs_and_verifies() -> None:
    kind = only_kind()
    assert kind.signing is not None
    tools = kind.signing()
    wallet = tools.load_key(tools.new_key(), str)
    text = text_for(wallet.identifier.value)
    number, payload = wallet.sign(text)
    item = SignatureItem(text.encode(), payload, wallet.identifier)
    (result,) = kind.proofs[number].verify_many([item], {})
    assert isinstance(result, VerifiedSignature)
    assert kind.decode(kind.encode(result.signer)) == result.signer
    kind.admit(kind.parse(result.signer.value))


def test_the_kind_can_be_sent_to_another_process() -> None:
    kind = pickle.loads(pickle.dumps(only_kind()))  # noqa: S301 - our own bytes
    wallet = signer("wallet")
    item = SignatureItem(b"text\n", wallet.sign("text\n").payload, wallet.identifier)
    (result,) = kind.proofs[100].verify_many([item], {})
    assert isinstance(result, VerifiedSignature)


def test_loading_the_plugin_loads_no_cryptography_and_no_generated_code() -> None:
    program = (
        "import sys, xmtp_identity_solana.plugin as plugin; plugin.register_kinds();"
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "xmtp_identity_solana.identifier" in loaded
    heavy = {"nacl", "_cffi_backend", "json", "xmtp_identity_solana.v1.solana_pb2"}
    assert not loaded & heavy
