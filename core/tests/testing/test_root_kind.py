from __future__ import annotations

from importlib.metadata import entry_points

import pytest

from xmtp_identity import Registry, load_registry
from xmtp_identity.errors import InvalidIdentifier, PluginError
from xmtp_identity.hookspecs import PROJECT
from xmtp_identity.kinds import SignatureItem, VerifiedSignature
from xmtp_identity.testing import root_kind
from xmtp_identity.testing.root_kind import TEST_ROOT, TestRootSigner

ALICE = TestRootSigner(b"a" * 32)


def test_no_plugin_leads_to_the_root_kind_of_the_kit() -> None:
    assert not hasattr(root_kind, "register_kinds")
    modules = {entry.module for entry in entry_points(group=PROJECT)}
    assert not {one for one in modules if one.startswith("xmtp_identity.testing")}
    assert TEST_ROOT not in load_registry(strict=False).kinds


def test_it_does_not_stand_beside_the_real_one() -> None:
    real = load_registry(allow=["ethereum"], strict=True).kind("ethereum")
    with pytest.raises(PluginError, match="claims the name 'ethereum'"):
        Registry([TEST_ROOT, real])


def test_its_signatures_prove_signer_and_text() -> None:
    proof = TEST_ROOT.proofs[1]
    payload = ALICE.sign("text").payload
    good, other, short = proof.verify_many(
        [
            SignatureItem(b"text", payload),
            SignatureItem(b"Text", payload),
            SignatureItem(b"text", payload[:-1]),
        ],
        {},
    )
    assert isinstance(good, VerifiedSignature)
    assert good.signer == ALICE.identifier
    assert {other.code, short.code} == {"invalid_signature"}  # type: ignore[union-attr]  # both are errors


@pytest.mark.parametrize("number", [2, 4])
def test_its_other_proofs_refuse_everything(number: int) -> None:
    item = SignatureItem(b"text", ALICE.sign("text").payload)
    (answer,) = TEST_ROOT.proofs[number].verify_many([item], {})
    assert not isinstance(answer, VerifiedSignature)


def test_its_identifiers_are_keys_in_lower_case_hex() -> None:
    value = ALICE.identifier.value
    assert TEST_ROOT.parse(value) == ALICE.identifier
    assert TEST_ROOT.decode(TEST_ROOT.encode(ALICE.identifier)) == ALICE.identifier
    for text in ("", value.upper(), f"{value}\n", f"0x{value}", "é" * 64):
        with pytest.raises(InvalidIdentifier):
            TEST_ROOT.parse(text)


def test_a_signer_keeps_its_seed_to_itself() -> None:
    assert "aaaa" not in repr(ALICE)
