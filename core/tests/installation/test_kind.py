"""What the core and the registry rely on in the installation kind."""

from __future__ import annotations

import pickle
import subprocess
import sys

from xmtp_identity.installation import INSTALLATION
from xmtp_identity.kinds import SignatureItem, VerifiedSignature
from xmtp_identity.v1 import identity_pb2


def test_numbers_and_names_are_xmtps() -> None:
    member = identity_pb2.MemberIdentifier.DESCRIPTOR.fields_by_number[2]
    signature = identity_pb2.Signature.DESCRIPTOR.fields_by_number[3]
    assert INSTALLATION.number == member.number
    assert INSTALLATION.extension == member.full_name
    assert INSTALLATION.name == "installation"
    assert INSTALLATION.is_root
    assert dict(INSTALLATION.proofs).keys() == {signature.number}
    assert INSTALLATION.proofs[3].number == 3
    assert INSTALLATION.proofs[3].name == signature.name


def test_it_can_neither_create_nor_recover_an_inbox() -> None:
    assert INSTALLATION.identifier_kind is None
    assert INSTALLATION.decode_string is None


def test_its_tools_sign_what_its_proof_verifies() -> None:
    assert INSTALLATION.signing is not None
    tools = INSTALLATION.signing()
    signer = tools.load_key(tools.new_key(), str)
    number, payload = signer.sign("text")
    (result,) = INSTALLATION.proofs[number].verify_many(
        [SignatureItem(b"text", payload)], {}
    )
    assert isinstance(result, VerifiedSignature)
    assert (
        result.signer
        == signer.identifier
        == INSTALLATION.parse(signer.identifier.value)
    )
    pasted = tools.read_signature(result.remembered.hex(), signer.identifier)
    assert pasted == [(number, payload)]


def test_it_can_be_sent_to_another_process() -> None:
    copy = pickle.loads(pickle.dumps(INSTALLATION))  # noqa: S301 - our own bytes
    assert copy.decode(b"\x01") == INSTALLATION.decode(b"\x01")
    (result,) = copy.proofs[3].verify_many([SignatureItem(b"", b"")], {})
    assert result.code == "invalid_signature"


def test_importing_it_loads_no_cryptography() -> None:
    program = (
        "import sys, xmtp_identity.installation\n"
        "print(*(name for name in sys.modules if name.split('.')[0] == 'nacl'))\n"
        "print(*(name for name in sys.modules if '.installation.' in name))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [
        "xmtp_identity.installation.identifier",
        "xmtp_identity.installation.kind",
    ]
