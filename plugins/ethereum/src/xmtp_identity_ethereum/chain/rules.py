"""What a chain is asked about a smart wallet's signature, and what its answers
mean. Nothing here asks anybody.

The verdict depends on the account, the hash, the signature and the state of
the chain at the pinned block, on nothing else:

- Every limit is a constant of the kind. The validator
  (plugins/ethereum/solidity) gives the wallet exactly `GAS_CAP` and a factory
  exactly `FACTORY_GAS_CAP`, or says that the node gave it too little.
- A call comes from `CALLER` at the gas price 0 and sends no value, as the
  reference client's does, so a wallet that looks at its caller tells both the
  same.
- Only the validator's own answer is believed. Anything else, an error of the
  node above all, is no verdict.

A wallet may still look at what nodes disagree about, the base fee or the time
of a call. Such a wallet's verdicts hang on the node; it harms itself.

ERC-6492 wraps a wallet's signature with the call of a factory. The factory is
called only if there is no code at the account. ERC-6492 would also call it when
a deployed wallet refuses the signature, "to prepare" the wallet; the reference
client does not, so such a signature is invalid for both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Final, Literal, NamedTuple

from ..hashing import address_of
from ..secp256k1 import recover
from ..smart_wallet import (
    Invalid,
    SmartWalletRequest,
    SmartWalletVerdict,
    Unavailable,
    Valid,
)
from .calldata import MAGIC, is_valid_signature, validation
from .unwrapping import Unwrapped, unwrap

__all__ = [
    "CALLER",
    "CALL_GAS",
    "DIRECT_CHAINS",
    "FACTORY_GAS_CAP",
    "GAS_CAP",
    "MAX_SIGNATURE_BYTES",
    "Answer",
    "Call",
    "Failed",
    "Returned",
    "Reverted",
    "calls_of",
    "static_verdict",
    "verdict_of",
]

GAS_CAP: Final = 6_000_000
"""The gas that a wallet gets to judge a signature, part of the validator.

A passkey's signature takes about 0.4 million to verify in Solidity, a proof of
zero knowledge up to about 2 million."""

FACTORY_GAS_CAP: Final = 7_000_000
"""The gas that a factory gets to deploy a wallet, part of the validator.

The largest contract that Ethereum takes (EIP-170) costs 5 million to store."""

CALL_GAS: Final = 1 << 24
"""The gas of a whole call: both caps, what the call's bytes cost, a reserve.

It is the most that one transaction may use (EIP-7825), so a node that holds
calls to the rules of transactions runs this one too; the usual limit of a node
for calls is 50 million."""

MAX_SIGNATURE_BYTES: Final = 45 * 1024
"""The most bytes of a signature, and of the two fields of a wrapped one.

A call that names no receiver may hold 49,152 bytes (EIP-3860), validator and
arguments included."""

CALLER: Final = "0x" + "00" * 20
"""Who calls: the zero address, as by default in nodes."""

DIRECT_CHAINS: Final = frozenset({232, 324, 2741})
"""Chains on which the validator can't run, for they take no creation code of
Ethereum's in a call: Lens, ZKsync Era, Abstract. Their wallets are called
directly."""

_LAST_PRECOMPILE: Final = 0x1FF
# The reference client's validator fails on signatures that are shorter.
_MIN_SIGNATURE_BYTES: Final = 32
_ECDSA_SIGNATURE_BYTES: Final = 65
_TAG: Final = 31


class Call(NamedTuple):
    """One question for a node of the chain, by JSON-RPC.

    method: what to call.
    to: the address that is called, or whose code is asked for; None to run
        the data as the creation code of a contract.
    data: the data of an `eth_call`.
    gas: for an `eth_call`, to be sent along, with `CALLER` as the sender and
        the gas price 0, and neither value nor nonce; None for other methods.
    block: the block at which to ask.
    """

    method: Literal["eth_call", "eth_getCode"]
    to: str | None
    data: bytes
    gas: int | None
    block: int


class Returned(NamedTuple):
    """The bytes of a result."""

    data: bytes


class Reverted(NamedTuple):
    """The call was run and reverted, with these bytes."""

    data: bytes


class Failed(NamedTuple):
    """There is no answer.

    detail: why, the end of a sentence after a colon; no secrets.
    """

    detail: str


Answer = Returned | Reverted | Failed


def static_verdict(request: SmartWalletRequest) -> Invalid | None:
    """The verdict if no chain is needed for it, else None."""
    if int(request.address, 16) <= _LAST_PRECOMPILE:
        return Invalid(
            "The zero address and the addresses of precompiled contracts, up to"
            f" {_LAST_PRECOMPILE:#x}, are no wallets.",
            deviation=True,
        )
    length = len(request.signature)
    if length < _MIN_SIGNATURE_BYTES:
        return Invalid(
            f"The signature of a smart wallet has {length} bytes;"
            f" {_MIN_SIGNATURE_BYTES} are the least."
        )
    if length > MAX_SIGNATURE_BYTES:
        return _too_long(length)
    parts = unwrap(request.signature)
    if isinstance(parts, Invalid):
        return parts
    # The fields may overlap, so they may hold more than the whole.
    length = len(parts.factory_call) + len(parts.signature)
    return _too_long(length) if length > MAX_SIGNATURE_BYTES else None


def calls_of(request: SmartWalletRequest) -> list[Call]:
    """What to ask a node; `verdict_of` reads the answers, in the same order.

    request: one on which there is no `static_verdict`, else it raises
        `ValueError`.
    """
    parts = _parts(request)
    block = request.block_number
    if request.chain_id in DIRECT_CHAINS:
        data = is_valid_signature(request.hash, parts.signature)
        return [
            Call("eth_getCode", request.address, b"", None, block),
            Call("eth_call", request.address, data, CALL_GAS, block),
        ]
    account = bytes.fromhex(request.address[2:])
    tag = _tag(request) + b"\0"
    data = validation(tag, request.chain_id, account, request.hash, parts)
    return [Call("eth_call", None, data, CALL_GAS, block)]


def verdict_of(
    request: SmartWalletRequest, answers: Sequence[Answer]
) -> SmartWalletVerdict:
    """What the answers to `calls_of` say about the signature."""
    for answer in answers:
        if isinstance(answer, Failed):
            return _unavailable(request, answer.detail)
    if request.chain_id in DIRECT_CHAINS:
        return _direct(request, *answers)
    (answer,) = answers
    if isinstance(answer, Reverted):
        return _unavailable(request, "the call that asks the wallet failed")
    word = answer.data if isinstance(answer, Returned) else b""
    judge = _REASONS.get(word[_TAG]) if len(word) == _TAG + 1 else None
    if judge is None or word[:_TAG] != _tag(request):
        return _unavailable(request, "the answer is none to this question")
    return judge(request)


def _direct(
    request: SmartWalletRequest, code: Answer, answer: Answer
) -> SmartWalletVerdict:
    """The verdict where the wallet is called without the validator."""
    if not isinstance(code, Returned):
        return _unavailable(request, "the wallet's code could not be read")
    if not code.data:
        if _parts(request).wrapped:
            return Invalid(
                "The wallet is not deployed, and the chain"
                f" eip155:{request.chain_id} can't deploy one in a call (ERC-6492)."
            )
        return _no_code(request)
    if not isinstance(answer, Returned):
        return _REVERTED
    if answer.data == MAGIC:
        return Valid()
    return _LONG_ANSWER if answer.data.startswith(MAGIC) else _OTHER_ANSWER


def _no_code(request: SmartWalletRequest) -> Invalid:
    """The verdict on an account without code and without a factory.

    The reference client takes an ECDSA signature of the account's own key here.
    """
    deviation = False
    signature = request.signature
    if len(signature) == _ECDSA_SIGNATURE_BYTES and signature[64] in {27, 28}:
        try:
            key = recover(signature[:64], signature[64] - 27, request.hash)
        except ValueError:
            pass
        else:
            deviation = address_of(key).hex() == request.address[2:]
    return Invalid(
        "There is no smart wallet at the account: it has no code.",
        deviation=deviation,
    )


def _parts(request: SmartWalletRequest) -> Unwrapped:
    parts = unwrap(request.signature)
    if isinstance(parts, Invalid):
        raise ValueError("This signature has a static verdict.")  # noqa: TRY004 - a value
    return parts


def _tag(request: SmartWalletRequest) -> bytes:
    """What ties an answer to its question, whatever nodes or caches mix up.

    31 bytes. The first is fixed: no code may begin with 0xEF (EIP-3541), and
    the answer stands where a contract's code would.
    """
    question = f"{request.chain_id} {request.address} {request.block_number} "
    digest = sha256(question.encode("ascii") + request.hash + request.signature)
    return b"\x01" + digest.digest()[: _TAG - 1]


def _too_long(length: int) -> Invalid:
    return Invalid(
        f"The signature of a smart wallet has {length} bytes;"
        f" {MAX_SIGNATURE_BYTES} are the most.",
        deviation=True,
    )


def _unavailable(request: SmartWalletRequest, reason: str) -> Unavailable:
    return Unavailable(
        f"The chain eip155:{request.chain_id} gave no verdict: {reason}."
    )


_REVERTED: Final = Invalid("The smart wallet refuses the signature: it reverted.")
_OTHER_ANSWER: Final = Invalid("The smart wallet refuses the signature.")
_LONG_ANSWER: Final = Invalid(
    "The smart wallet's answer is longer than the 32 bytes of ERC-1271.",
    deviation=True,
)


def _always(verdict: SmartWalletVerdict) -> Callable[..., SmartWalletVerdict]:
    return lambda _request: verdict


# The last byte of the validator's answer, see SignatureValidator.sol.
_REASONS: Final[Mapping[int, Callable[[SmartWalletRequest], SmartWalletVerdict]]] = {
    1: _always(Valid()),
    2: _no_code,
    3: _always(
        Invalid("The factory that deploys the smart wallet (ERC-6492) reverted.")
    ),
    4: _always(
        Invalid(
            f"The factory that deploys the smart wallet (ERC-6492) used up the"
            f" {FACTORY_GAS_CAP} gas that it may use.",
            deviation=True,
        )
    ),
    5: _always(
        Invalid("The factory (ERC-6492) deployed no smart wallet at the account.")
    ),
    6: _always(_REVERTED),
    7: _always(
        Invalid(
            f"The smart wallet used up the {GAS_CAP} gas that it may use.",
            deviation=True,
        )
    ),
    8: _always(_OTHER_ANSWER),
    9: _always(_LONG_ANSWER),
    10: lambda request: _unavailable(
        request, f"its node gives a call less than {CALL_GAS} gas"
    ),
    11: lambda request: _unavailable(request, "its node is of another chain"),
}
