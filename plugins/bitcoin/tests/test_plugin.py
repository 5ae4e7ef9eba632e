"""What the package gives to the core, and what it costs to load."""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import cast

import pluggy
import pytest

from xmtp_identity import hookspecs
from xmtp_identity.allotment import ALLOTMENT
from xmtp_identity.kinds import Kind, SignatureItem, SigningTools, VerifiedSignature
from xmtp_identity.registry import Registry
from xmtp_identity.v1 import identity_pb2
from xmtp_identity_bitcoin import plugin
from xmtp_identity_bitcoin.v1 import bitcoin_pb2

from .support import ALICE, TEXT, bip137

IMPORT = """
import sys
from xmtp_identity_bitcoin import plugin
(kind,) = plugin.register_kinds()
kind.decode(kind.encode(kind.parse(sys.argv[1])))
heavy = {"bitcoin", "coincurve", "_cffi_backend", "cryptography", "nacl"}
print(sorted(heavy & set(sys.modules)))
"""


@pytest.fixture
def kind() -> Kind:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin)
    manager.check_pending()
    (kinds,) = manager.hook.register_kinds()
    (only,) = kinds
    return cast("Kind", only)


def test_the_numbers_are_those_of_the_allotment(kind: Kind) -> None:
    allotted = ALLOTMENT[101]
    assert (kind.number, kind.name, kind.noun) == (101, "bitcoin", "Bitcoin address")
    assert (kind.name, kind.noun) == (allotted.name, allotted.noun)
    assert kind.extension == allotted.extension
    assert not kind.is_root
    assert kind.identifier_kind is None
    assert Registry([kind]).by_signature[101].kind is kind


def test_the_extensions_are_bytes_under_the_declared_names(kind: Kind) -> None:
    signatures = ALLOTMENT[101].signatures
    for extension, name, union in (
        (bitcoin_pb2.bitcoin_identifier, kind.extension, identity_pb2.MemberIdentifier),
        (bitcoin_pb2.bitcoin_signature, signatures[101], identity_pb2.Signature),
    ):
        assert (extension.full_name, extension.number) == (name, 101)
        assert extension.type == extension.TYPE_BYTES
        assert extension.containing_type is union.DESCRIPTOR


def test_what_is_encoded_is_the_extension_of_the_wire(kind: Kind) -> None:
    member = identity_pb2.MemberIdentifier()
    raw = kind.encode(ALICE)
    member.Extensions[bitcoin_pb2.bitcoin_identifier] = raw
    assert member.SerializeToString() == b"\xaa\x06" + bytes([len(raw)]) + raw
    assert raw == ALICE.value.encode("ascii")
    assert kind.decode(raw) == ALICE


def test_the_kind_goes_to_another_process(kind: Kind) -> None:
    copy = pickle.loads(pickle.dumps(kind))  # noqa: S301 - our own bytes
    item = SignatureItem(TEXT.encode(), bip137("alice", 39), ALICE)
    for each in (kind, copy):
        (result,) = each.proofs[101].verify_many([item], {})
        assert isinstance(result, VerifiedSignature)
        assert pickle.loads(pickle.dumps(result)) == result  # noqa: S301 - the same


def test_proof_and_signing_load_when_they_are_used(kind: Kind) -> None:
    assert kind.signing is not None
    made = kind.signing()
    assert isinstance(made, SigningTools)
    signer = made.load_key(made.new_key(), str)
    number, payload = signer.sign(TEXT)
    item = SignatureItem(TEXT.encode(), payload, signer.identifier)
    (result,) = kind.proofs[number].verify_many([item], {})
    assert isinstance(result, VerifiedSignature)


def test_loading_the_kind_and_reading_an_address_loads_no_cryptography() -> None:
    run = subprocess.run(
        [sys.executable, "-c", IMPORT, ALICE.value],
        check=True,
        capture_output=True,
        text=True,
    )
    assert run.stdout.strip() == "[]"
