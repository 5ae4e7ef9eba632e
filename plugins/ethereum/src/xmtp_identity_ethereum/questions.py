"""What clients ask nodes of smart wallets before they sign or believe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from xmtp_identity.errors import InvalidSignature, SignatureUnavailable

from .smart_wallet import (
    Invalid,
    SmartWalletRequest,
    SmartWalletVerdict,
    Unavailable,
    Valid,
    ask,
    newest_block,
    read_account,
)

__all__ = ["SmartWalletAnswer", "SmartWalletQuestion", "judge"]


class SmartWalletQuestion(NamedTuple):
    """Whether a wallet takes a signature of a hash, as clients ask nodes.

    account_id: CAIP-10.
    hash: the 32 bytes that were signed.
    block_number: the block at which to ask; None for the newest.
    """

    account_id: str
    hash: bytes
    signature: bytes
    block_number: int | None


class SmartWalletAnswer(NamedTuple):
    """Whether it does.

    block_number: the block at which the chain was asked, None if it was not.
    error: why it does not, a sentence; None if it does.
    """

    is_valid: bool
    block_number: int | None
    error: str | None


def judge(
    questions: Sequence[SmartWalletQuestion], chain: Any
) -> list[SmartWalletAnswer]:
    """Answer what clients ask before they sign.

    chain: a `SmartWalletVerifier` that is a `ChainHeads` too, or None.

    Raises `SignatureUnavailable` if one of the chains could not be asked:
    clients read an answer without a verdict as "invalid".
    """
    heads: dict[int, int | Unavailable] = {}
    places: dict[SmartWalletRequest, int] = {}
    asked = [_request(question, chain, heads) for question in questions]
    for one in asked:
        if isinstance(one, SmartWalletRequest):
            places.setdefault(one, len(places))
    verdicts = ask(chain, list(places)) if places else ()
    return [
        _answer(verdicts[places[one]], one.block_number)
        if isinstance(one, SmartWalletRequest)
        else _answer(one, None)
        for one in asked
    ]


def _answer(verdict: object, block: int | None) -> SmartWalletAnswer:
    if isinstance(verdict, Valid):
        return SmartWalletAnswer(True, block, None)  # noqa: FBT003 - a record
    if isinstance(verdict, Invalid):
        return SmartWalletAnswer(False, block, verdict.detail)  # noqa: FBT003
    detail = "The answer of the chain is no verdict."
    if isinstance(verdict, Unavailable):
        detail = verdict.detail
    raise SignatureUnavailable(detail, claimed=None)


def _request(
    question: SmartWalletQuestion, chain: Any, heads: dict[int, int | Unavailable]
) -> SmartWalletRequest | SmartWalletVerdict:
    """What to ask the chain, or the answer that needs none."""
    try:
        chain_id, address = read_account(question.account_id)
    except InvalidSignature as error:
        return Invalid(error.detail, deviation=error.deviation)
    if len(question.hash) != 32:
        return Invalid("The hash does not have 32 bytes.")
    block = question.block_number
    if block is None:
        if chain_id not in heads:
            heads[chain_id] = newest_block(chain, chain_id)
        head = heads[chain_id]
        if isinstance(head, Unavailable):
            return head
        block = head
    elif block == 0:
        return Invalid("The block number of a smart wallet is 0.", deviation=True)
    return SmartWalletRequest(
        account_id=question.account_id,
        chain_id=chain_id,
        address="0x" + address.removeprefix("0x"),
        hash=question.hash,
        signature=question.signature,
        block_number=block,
    )
