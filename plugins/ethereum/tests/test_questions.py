"""Which block is the newest: what is admitted by it, and what clients ask."""

from __future__ import annotations

from typing import Any

import pytest
from eth_utils.crypto import keccak

from xmtp_identity.errors import NotAdmitted, SignatureUnavailable
from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity.kinds import SignatureItem, VerifiedSignature
from xmtp_identity_ethereum.questions import SmartWalletQuestion, judge
from xmtp_identity_ethereum.smart_wallet import (
    SmartWalletPolicy,
    Unavailable,
    admit,
)
from xmtp_identity_ethereum.v1.ethereum_pb2 import SmartContractWalletSignature

from .support import ABAB, StubChain, eip191

TEXT = b"XMTP : Authenticate to inbox"
ACCOUNT = f"eip155:8453:{ABAB}"
DIGEST = keccak(eip191(TEXT))
VERIFIED = VerifiedSignature(
    MemberIdentifier("ethereum", ABAB), b"\xab" * 20, b"x", 8453
)


class Headed(StubChain):
    """The stub chain with a newest block, which may be anything."""

    def __init__(self, head: Any) -> None:
        super().__init__()
        self._head = head
        self.asked_for: list[int] = []

    def head(self, chain_id: int) -> Any:
        self.asked_for.append(chain_id)
        if isinstance(self._head, Exception):
            raise self._head
        return self._head


def item(block: int) -> SignatureItem:
    message = SmartContractWalletSignature(account_id=ACCOUNT, block_number=block)
    return SignatureItem(TEXT, message.SerializeToString())


def question(**change: Any) -> SmartWalletQuestion:
    signature = StubChain.sign(ACCOUNT, DIGEST)
    return SmartWalletQuestion(ACCOUNT, DIGEST, signature, None)._replace(**change)


@pytest.mark.parametrize(
    ("block", "admitted"), [(100, True), (90, True), (89, False), (5000, True)]
)
def test_a_pinned_block_may_be_so_old_and_no_older(block: int, admitted: bool) -> None:
    policy = SmartWalletPolicy(heads=Headed(100), blocks=10)
    if admitted:
        admit(item(block), VERIFIED, policy)
        return
    with pytest.raises(NotAdmitted) as caught:
        admit(item(block), VERIFIED, policy)
    assert caught.value.code == "smart_wallet_block_old"


def test_a_chain_may_have_a_distance_of_its_own() -> None:
    policy = SmartWalletPolicy(heads=Headed(100), blocks=10, by_chain={8453: 50})
    admit(item(50), VERIFIED, policy)


def test_without_a_policy_any_block_is_admitted() -> None:
    admit(item(1), VERIFIED, None)


@pytest.mark.parametrize(
    "head",
    [Unavailable("away"), RuntimeError("https://secret"), None, 0, -1, True, 1 << 64],
)
def test_a_newest_block_that_is_not_known_is_no_verdict(head: Any) -> None:
    chain = Headed(head)
    with pytest.raises(SignatureUnavailable) as caught:
        admit(item(100), VERIFIED, SmartWalletPolicy(heads=chain, blocks=10))
    assert "secret" not in caught.value.detail
    with pytest.raises(SignatureUnavailable) as caught:
        judge([question()], chain)
    assert "secret" not in caught.value.detail


def test_a_policy_of_another_kind_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(TypeError, match="SmartWalletPolicy"):
        admit(item(1), VERIFIED, {"blocks": 10})


def test_a_question_is_asked_at_the_newest_block_or_the_one_named() -> None:
    chain = Headed(77)
    answers = judge(
        [question(), question(block_number=5), question(signature=b"bad")], chain
    )
    assert [(one.is_valid, one.block_number) for one in answers] == [
        (True, 77),
        (True, 5),
        (False, 77),
    ]
    assert [one.error is None for one in answers] == [True, True, False]


def test_the_newest_block_is_asked_for_once_a_call() -> None:
    chain = Headed(77)
    judge([question(), question(signature=b"bad"), question()], chain)
    assert chain.asked_for == [8453]


@pytest.mark.parametrize(
    "change",
    [
        {"account_id": ""},
        {"account_id": f"eip155:0:{ABAB}"},
        {"account_id": f"eip155:08453:{ABAB}"},
        {"account_id": "eip155:8453:0x12"},
        {"hash": b""},
        {"block_number": 0},
    ],
)
def test_a_question_that_makes_no_sense_needs_no_chain(change: dict[str, Any]) -> None:
    (answer,) = judge([question(**change)], None)
    assert not answer.is_valid
    assert answer.block_number is None
    assert answer.error


@pytest.mark.parametrize("block", [5, None])
def test_without_a_chain_no_question_is_answered(block: int | None) -> None:
    with pytest.raises(SignatureUnavailable, match="no access to the chain eip155:"):
        judge([question(block_number=block)], None)
