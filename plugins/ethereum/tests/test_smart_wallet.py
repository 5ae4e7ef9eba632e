"""The proof erc_6492: what is refused without a chain, and what a chain says."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from eth_utils.crypto import keccak

from xmtp_identity.errors import (
    BadInput,
    InvalidSignature,
    NotAdmitted,
    SignatureUnavailable,
    Undecodable,
)
from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity.kinds import SignatureItem, VerifiedSignature
from xmtp_identity_ethereum.smart_wallet import (
    Invalid,
    SmartWalletRequest,
    SmartWalletVerdict,
    Unavailable,
    Valid,
    admit,
    smart_wallet_signature,
    verify_many,
)
from xmtp_identity_ethereum.v1.ethereum_pb2 import SmartContractWalletSignature

from .support import ABAB, StubChain, eip191, one, signer_of

TEXT = "XMTP : Authenticate to inbox"
ACCOUNT = f"eip155:8453:{ABAB}"


def payload(account_id: str = ACCOUNT, block: int = 7, text: str = TEXT) -> bytes:
    """What the stub chain calls valid."""
    signature = StubChain.sign(account_id, keccak(eip191(text.encode())))
    return SmartContractWalletSignature(
        account_id=account_id, block_number=block, signature=signature
    ).SerializeToString()


def claimed(chain_id: int = 8453) -> VerifiedSignature:
    """What `payload` proves."""
    return VerifiedSignature(
        signer=MemberIdentifier("ethereum", ABAB),
        word_key=b"\xab" * 20,
        remembered=StubChain.sign(ACCOUNT, keccak(eip191(TEXT.encode()))),
        chain_id=chain_id,
    )


@dataclass
class Answers:
    """A chain that gives fixed answers, whatever they are, and keeps the questions."""

    answers: Any
    asked: Sequence[SmartWalletRequest] = ()

    def verify(
        self, requests: Sequence[SmartWalletRequest]
    ) -> Sequence[SmartWalletVerdict]:
        self.asked = requests
        if isinstance(self.answers, BaseException):
            raise self.answers
        answers: Sequence[SmartWalletVerdict] = self.answers
        return answers


def ask(account_id: str = ACCOUNT, block: int = 7) -> object:
    """The result with the stub chain at hand."""
    context = {"ethereum": StubChain()}
    return one(verify_many, TEXT, payload(account_id, block), context)


def test_a_signature_that_the_wallet_takes_proves_wallet_and_chain() -> None:
    assert ask() == claimed()


def test_a_signature_that_the_wallet_refuses_is_invalid() -> None:
    context = {"ethereum": StubChain()}
    result = one(verify_many, "another text", payload(), context)
    assert isinstance(result, InvalidSignature)
    assert not result.deviation


def test_the_chain_is_told_everything_that_it_needs() -> None:
    chain = Answers([Valid()])
    upper = "eip155:1:0x" + "AB" * 20
    one(verify_many, TEXT, payload(upper, 2**64 - 1), {"ethereum": chain})
    assert list(chain.asked) == [
        SmartWalletRequest(
            account_id=upper,
            chain_id=1,
            address=ABAB,
            hash=keccak(eip191(TEXT.encode())),
            signature=StubChain.sign(upper, keccak(eip191(TEXT.encode()))),
            block_number=2**64 - 1,
        )
    ]


@pytest.mark.parametrize(
    ("written", "signer"),
    [
        ("0x" + "AB" * 20, ABAB),
        ("ab" * 20, "ab" * 20),
        ("AB" * 20, "ab" * 20),
    ],
)
def test_the_signer_is_the_string_that_the_reference_client_compares(
    written: str, signer: str
) -> None:
    result = ask(f"eip155:1:{written}")
    assert isinstance(result, VerifiedSignature)
    assert result.signer.value == signer
    assert result.word_key == b"\xab" * 20


@pytest.mark.parametrize(
    "account_id",
    [
        "",
        ABAB,
        f"eip155:{ABAB}",
        f"eip155:1:{ABAB}:x",
        f"eip155::{ABAB}",
        f" {ACCOUNT}",
        f"{ACCOUNT}\n",  # a `$` would match before it
        f"eip155:1\n:{ABAB}",
        f"EIP155:1:{ABAB}",
        f"eip1559:1:{ABAB}",
        f"ei:1:{ABAB}",
        f"solana:1:{ABAB}",
        f"eip155:1_0:{ABAB}",  # int() takes an underscore
        f"eip155:+1:{ABAB}",
        f"eip155:-1:{ABAB}",
        f"eip155:-0:{ABAB}",
        f"eip155:0x1:{ABAB}",
        f"eip155:\u0661:{ABAB}",  # int() takes an Arabic digit
        f"eip155:main:{ABAB}",
        f"eip155:{2**64}:{ABAB}",
        f"eip155:{2**64:032d}:{ABAB}",
        f"eip155:{1:033d}:{ABAB}",
        f"eip155:1:0X{ABAB[2:]}",
        f"eip155:1:{ABAB}a",
        f"eip155:1:{ABAB[:-1]}",
        f"eip155:1:{ABAB[:-1]}g",
        f"eip155:1:{ABAB[:-1]}.",
        f"eip155:1:{'a' * 129}",
    ],
)
def test_an_account_that_the_reference_client_refuses_is_invalid_without_a_chain(
    account_id: str,
) -> None:
    result = one(verify_many, TEXT, payload(account_id, block=0))
    assert isinstance(result, InvalidSignature)
    assert not result.deviation


@pytest.mark.parametrize("chain_id", ["0", "00", "01", "08453", f"{1:032d}"])
def test_a_chain_id_of_0_or_with_leading_zeros_deviates(chain_id: str) -> None:
    result = ask(f"eip155:{chain_id}:{ABAB}")
    assert isinstance(result, InvalidSignature)
    assert (result.code, result.deviation) == ("smart_wallet_chain_id", True)


def test_block_0_deviates() -> None:
    result = ask(block=0)
    assert isinstance(result, InvalidSignature)
    assert (result.code, result.deviation) == ("smart_wallet_block", True)


def test_the_largest_chain_id_is_taken() -> None:
    result = ask(f"eip155:{2**64 - 1}:{ABAB}")
    assert isinstance(result, VerifiedSignature)
    assert result.chain_id == 2**64 - 1


def test_an_account_that_is_not_utf_8_is_undecodable() -> None:
    assert isinstance(one(verify_many, TEXT, b"\x0a\x01\xff"), Undecodable)


@pytest.mark.parametrize("context", [{}, {"solana": StubChain()}, {"ethereum": None}])
def test_without_access_to_a_chain_it_is_unavailable_and_says_how_to_give_it(
    context: dict[str, Any],
) -> None:
    result = one(verify_many, TEXT, payload(), context)
    assert isinstance(result, SignatureUnavailable)
    assert result.claimed == claimed()
    assert result.retryable
    assert "eip155:8453" in result.detail
    assert 'SmartWalletVerifier under "ethereum"' in result.detail


@pytest.mark.parametrize(
    "answers",
    [
        OSError("https://node.example/v3/secret-key timed out"),
        RecursionError(),
        [],
        [Valid(), Valid()],
        None,
        True,
        [None],
        [True],
        ["valid"],
        [Valid],
        5,
    ],
    ids=repr,
)
def test_a_chain_that_breaks_or_babbles_is_unavailable_never_invalid(
    answers: object,
) -> None:
    result = one(verify_many, TEXT, payload(), {"ethereum": Answers(answers)})
    assert isinstance(result, SignatureUnavailable)
    assert result.claimed == claimed()
    assert "eip155:8453" in result.detail
    assert "secret-key" not in repr(vars(result)) + str(result)


def test_something_that_is_no_verifier_is_unavailable() -> None:
    result = one(verify_many, TEXT, payload(), {"ethereum": object()})
    assert isinstance(result, SignatureUnavailable)


def test_the_verdicts_of_the_chain_become_results() -> None:
    def told(verdict: SmartWalletVerdict) -> object:
        return one(verify_many, TEXT, payload(), {"ethereum": Answers([verdict])})

    assert told(Valid()) == claimed()
    invalid = told(Invalid("No."))
    assert isinstance(invalid, InvalidSignature)
    assert (invalid.detail, invalid.deviation) == ("No.", False)
    refused = told(Invalid("There is no code.", deviation=True))
    assert isinstance(refused, InvalidSignature)
    assert (refused.code, refused.deviation) == ("smart_wallet_refused", True)
    unavailable = told(Unavailable("The node of Base is down."))
    assert isinstance(unavailable, SignatureUnavailable)
    assert unavailable.detail == "The node of Base is down."
    assert unavailable.claimed == claimed()


def test_all_items_are_asked_in_one_call_and_the_same_one_once() -> None:
    chain = StubChain()
    items = [
        SignatureItem(text.encode(), payload(account_id, text=text))
        for text in ("one", "two", "one")
        for account_id in (ACCOUNT, f"eip155:1:{ABAB}", "solana:1:x")
    ]
    results = verify_many(items, {"ethereum": chain})
    assert chain.calls == [4]
    for result, item in zip(results, items, strict=True):
        if b"solana" in item.payload:
            assert isinstance(result, InvalidSignature)
        else:
            assert signer_of(result) == ABAB


def test_a_chain_is_not_asked_for_nothing() -> None:
    chain = StubChain()
    assert verify_many([], {"ethereum": chain}) == []
    verify_many([SignatureItem(b"", b"")], {"ethereum": chain})
    assert chain.calls == []


def test_a_request_and_an_unavailable_result_go_to_another_process() -> None:
    result = one(verify_many, TEXT, payload())
    copy = pickle.loads(pickle.dumps(result))  # noqa: S301 - our own bytes
    assert copy.claimed == claimed()


def test_the_builder_makes_what_the_verifier_reads() -> None:
    signature = StubChain.sign(ACCOUNT, keccak(eip191(TEXT.encode())))
    made = smart_wallet_signature(ACCOUNT, 7, signature)
    assert made == (2, payload())


@pytest.mark.parametrize(
    "account_id",
    [
        "",
        ABAB,
        f"eip155:0:{ABAB}",
        f"eip155:01:{ABAB}",
        f"eip155:{2**64}:{ABAB}",
        f"eip155:1:{ABAB[2:]}",
        f"eip155:1:{ABAB}\n",
        f"solana:1:{ABAB}",
    ],
)
def test_the_builder_refuses_an_account_that_is_not_canonical(account_id: str) -> None:
    with pytest.raises(BadInput, match="eip155"):
        smart_wallet_signature(account_id, 1, b"")


@pytest.mark.parametrize("block", [-1, 0, 2**64])
def test_the_builder_refuses_a_block_out_of_range(block: int) -> None:
    with pytest.raises(BadInput, match="block"):
        smart_wallet_signature(ACCOUNT, block, b"")


@pytest.mark.parametrize("address", ["0x" + "00" * 20, f"0x{4:040x}", "ab" * 20])
def test_reserved_and_odd_addresses_are_verified_but_not_admitted(address: str) -> None:
    account_id = f"eip155:1:{address}"
    result = ask(account_id)
    assert isinstance(result, VerifiedSignature)
    with pytest.raises(NotAdmitted):
        admit(SignatureItem(TEXT.encode(), payload(account_id)), result, None)


def test_a_plain_smart_wallet_is_admitted() -> None:
    result = ask()
    assert isinstance(result, VerifiedSignature)
    admit(SignatureItem(TEXT.encode(), payload()), result, None)
