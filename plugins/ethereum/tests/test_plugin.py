"""What the package gives to the core, and what it costs to load."""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import cast

import pluggy
import pytest

from xmtp_identity import hookspecs
from xmtp_identity.kinds import Kind, SigningTools
from xmtp_identity.v1 import identity_pb2
from xmtp_identity_ethereum import plugin
from xmtp_identity_ethereum.v1 import ethereum_pb2

from .support import one, payload_of, private_key, signer_of, wallet_signature

IMPORT = """
import sys
from xmtp_identity_ethereum import plugin
(kind,) = plugin.register_kinds()
kind.admit(kind.parse("0x" + "ab" * 20))
heavy = {"coincurve", "cryptography", "nacl", "eth_account", "sha3", "Crypto"}
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


def test_the_numbers_are_xmtps(kind: Kind) -> None:
    assert (kind.number, kind.name, kind.noun) == (1, "ethereum", "address")
    assert kind.is_root
    assert kind.identifier_kind == identity_pb2.IDENTIFIER_KIND_ETHEREUM
    assert {number: proof.name for number, proof in kind.proofs.items()} == {
        1: "erc_191",
        2: "erc_6492",
        4: "delegated_erc_191",
    }
    assert all(number == proof.number for number, proof in kind.proofs.items())


def test_the_extensions_are_those_of_the_core_schema(kind: Kind) -> None:
    address = ethereum_pb2.ethereum_address
    assert address.full_name == kind.extension
    assert address.number == kind.number
    assert address.containing_type is identity_pb2.MemberIdentifier.DESCRIPTOR
    for number, proof in kind.proofs.items():
        extension = getattr(ethereum_pb2, proof.name)
        assert extension.number == number
        assert extension.containing_type is identity_pb2.Signature.DESCRIPTOR


def test_what_is_encoded_is_the_extension_of_the_wire(kind: Kind) -> None:
    identifier = kind.parse("0x" + "ab" * 20)
    member = identity_pb2.MemberIdentifier()
    member.Extensions[ethereum_pb2.ethereum_address] = identifier.value
    raw = kind.encode(identifier)
    assert member.SerializeToString() == b"\x0a" + bytes([len(raw)]) + raw
    assert kind.decode(raw) == identifier


def test_proofs_and_signing_load_when_they_are_used(kind: Kind) -> None:
    key = private_key("plugin")
    payload = payload_of(wallet_signature(key, "text"))
    address = key.public_key.to_address()
    assert signer_of(one(kind.proofs[1].verify_many, "text", payload)) == address
    assert not isinstance(one(kind.proofs[2].verify_many, "text", b""), tuple)
    assert not isinstance(one(kind.proofs[4].verify_many, "text", b""), tuple)
    assert kind.signing is not None
    assert isinstance(kind.signing(), SigningTools)
    for proof in kind.proofs.values():
        assert proof.admit is not None


def test_the_kind_goes_to_another_process(kind: Kind) -> None:
    copy = pickle.loads(pickle.dumps(kind))  # noqa: S301 - our own bytes
    assert (copy.name, copy.parse) == (kind.name, kind.parse)
    payload = payload_of(wallet_signature(private_key("plugin"), "text"))
    for each in (kind, copy):
        assert signer_of(one(each.proofs[1].verify_many, "text", payload))


def test_loading_the_kind_and_reading_an_address_loads_no_cryptography() -> None:
    run = subprocess.run(
        [sys.executable, "-c", IMPORT], check=True, capture_output=True, text=True
    )
    assert run.stdout.strip() == "[]"
