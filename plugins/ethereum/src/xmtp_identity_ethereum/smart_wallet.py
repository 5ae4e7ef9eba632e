"""The proof ``erc_6492``: a smart wallet's signature, judged by its chain.

The chain is asked by whatever the caller puts under ``"ethereum"`` into the
context: a `SmartWalletVerifier`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn, Protocol

from xmtp_identity.errors import (
    BadInput,
    InvalidSignature,
    NotAdmitted,
    SignatureError,
    SignatureUnavailable,
)
from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity.kinds import (
    Context,
    SignatureItem,
    VerifiedSignature,
    WireSignature,
)
from xmtp_identity.wire.scan import strict_parse

from .hashing import eip191_hash
from .identifier import KIND
from .identifier import admit as admit_identifier
from .signature import detached
from .v1.ethereum_pb2 import SmartContractWalletSignature

__all__ = [
    "NUMBER",
    "ChainHeads",
    "Invalid",
    "SmartWalletPolicy",
    "SmartWalletRequest",
    "SmartWalletVerdict",
    "SmartWalletVerifier",
    "Unavailable",
    "Valid",
    "admit",
    "ask",
    "newest_block",
    "read_account",
    "smart_wallet_signature",
    "verify_many",
]

NUMBER: Final = 2
"""The number of this proof in the `Signature` union."""

_U64: Final = (1 << 64) - 1

# CAIP-10, with CAIP-2's chain id. Not one of the classes holds a colon.
_ACCOUNT_ID: Final = re.compile(
    r"([-a-z0-9]{3,8}):([-_a-zA-Z0-9]{1,32}):([-.%a-zA-Z0-9]{1,128})"
)
# int() would take underscores and the digits of any script.
_DECIMAL: Final = re.compile(r"[0-9]+")
_ADDRESS: Final = re.compile(r"(?:0x)?([0-9a-fA-F]{40})")
_CANONICAL_ACCOUNT_ID: Final = re.compile(
    r"eip155:([1-9][0-9]{0,19}):0x[0-9a-fA-F]{40}"
)


@dataclass(frozen=True, slots=True)
class SmartWalletRequest:
    """What a chain is asked: whether this wallet takes this signature then.

    account_id: CAIP-10, byte for byte as in the log.
    chain_id: EIP-155, from 1 to 2^64 - 1.
    address: the wallet's, ``0x`` and 40 lower-case hex digits.
    hash: the 32 bytes that were signed, EIP-191's hash of the text.
    signature: for ERC-1271's `isValidSignature`, or ERC-6492's wrapper.
    block_number: the block at which to ask, from 1 to 2^64 - 1.
    """

    account_id: str
    chain_id: int
    address: str
    hash: bytes
    signature: bytes
    block_number: int


@dataclass(frozen=True, slots=True)
class Valid:
    """The wallet takes the signature."""


@dataclass(frozen=True, slots=True)
class Invalid:
    """The wallet does not take the signature, or must not be believed.

    detail: a sentence for people.
    deviation: whether the reference client might take the signature all the
        same: no code at the address, a reserved address, an answer over the
        caps.
    """

    detail: str
    deviation: bool = False


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The chain could not be asked; it says nothing about the signature.

    detail: a sentence for people that names the chain. No secrets: many
        addresses of nodes hold a key.
    """

    detail: str


SmartWalletVerdict = Valid | Invalid | Unavailable


class SmartWalletVerifier(Protocol):
    """Access to chains, as the caller of a replay provides it.

    It refuses, as `Invalid` with ``deviation``, the zero address and the
    precompiles, which the usual validators call valid for any signature,
    addresses without code, and answers over its caps of gas, time and size.
    """

    def verify(
        self, requests: Sequence[SmartWalletRequest]
    ) -> Sequence[SmartWalletVerdict]:
        """Judge each request, in order. The same request has one verdict for ever."""


class ChainHeads(Protocol):
    """Which block is the newest, for those who ask about now: a node that admits
    updates, and a wallet that is about to sign. Replay never asks."""

    def head(self, chain_id: int) -> int | Unavailable:
        """The number of the newest block of an EIP-155 chain, as lately known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmartWalletPolicy:
    """How old the block may be that a signature pins.

    An owner of a smart wallet that was rotated out long ago could otherwise
    still sign at a block of the time when it was one.

    heads: which blocks are the newest.
    blocks: how many blocks behind the newest the pinned one may be.
    by_chain: the same for single chains, by EIP-155 chain id.
    """

    heads: ChainHeads
    blocks: int
    by_chain: Mapping[int, int] = field(default_factory=dict)


def verify_many(
    items: Sequence[SignatureItem], context: Context
) -> list[VerifiedSignature | SignatureError]:
    """Verify smart wallets' signatures; see `xmtp_identity.kinds.Proof`.

    A payload is a serialized `SmartContractWalletSignature`. Whatever can be
    refused without a chain is; for the rest the context is asked once for
    all items, each different request once.
    """
    digests: dict[bytes, bytes] = {}
    places: dict[SmartWalletRequest, int] = {}
    read: list[tuple[SmartWalletRequest, VerifiedSignature] | SignatureError] = []
    for text, payload, _ in items:
        digest = digests.get(text)
        if digest is None:
            digest = digests[text] = eip191_hash(text)
        try:
            request, claimed = _read(digest, payload)
        except SignatureError as error:
            read.append(detached(error))
        else:
            places.setdefault(request, len(places))
            read.append((request, claimed))
    verdicts = ask(context.get(KIND), list(places)) if places else ()
    return [
        one
        if isinstance(one, SignatureError)
        else _result(verdicts[places[one[0]]], one[1])
        for one in read
    ]


def admit(item: SignatureItem, verified: VerifiedSignature, policy: Any) -> None:
    """Admit wallets at well-formed addresses that are not reserved, by a block
    that is not too old.

    policy: a `SmartWalletPolicy`; None lets any block pass, for who builds an
        update may know no chain.

    Raises `NotAdmitted`, with the code ``smart_wallet_block_old`` for the
    block; `SignatureUnavailable` if the chain's newest block is not known.
    """
    admit_identifier(verified.signer)
    if policy is None:
        return
    if not isinstance(policy, SmartWalletPolicy):
        raise TypeError("the policy for ethereum is a SmartWalletPolicy or None")
    chain_id = verified.chain_id or 0
    head = newest_block(policy.heads, chain_id)
    if isinstance(head, Unavailable):
        raise SignatureUnavailable(head.detail, claimed=verified)
    block = strict_parse(SmartContractWalletSignature, item.payload).block_number
    most = policy.by_chain.get(chain_id, policy.blocks)
    # A block newer than the head was verified: the head is only known late.
    if head - block > most:
        raise NotAdmitted(
            f"The smart wallet signed at block {block} of eip155:{chain_id}, which "
            f"is {head - block} blocks old; {most} are allowed. Sign again.",
            code="smart_wallet_block_old",
        )


def smart_wallet_signature(
    account_id: str, block_number: int, signature: bytes
) -> WireSignature:
    """Put a smart wallet's signature into the form of the log.

    account_id: CAIP-10, ``eip155:<chain id>:0x<40 hex digits>``, the chain id
        without leading zeros.
    block_number: the block at which the wallet takes the signature, not 0;
        replay asks at this block for ever.
    signature: what the wallet gave.

    Raises `BadInput`.
    """
    match = _CANONICAL_ACCOUNT_ID.fullmatch(account_id)
    if match is None or int(match[1]) > _U64:
        raise BadInput(
            "A smart wallet is named as eip155:<chain id>:0x<40 hex digits>, the"
            " chain id from 1 to 2^64 - 1 without leading zeros."
        )
    if not 0 < block_number <= _U64:
        raise BadInput("A block number is from 1 to 2^64 - 1.")
    message = SmartContractWalletSignature(
        account_id=account_id, block_number=block_number, signature=signature
    )
    return WireSignature(NUMBER, message.SerializeToString())


def _read(
    digest: bytes, payload: bytes
) -> tuple[SmartWalletRequest, VerifiedSignature]:
    """What to ask the chain, and what it proves if the answer is yes."""
    message = strict_parse(SmartContractWalletSignature, payload)
    chain_id, address = read_account(message.account_id)
    if message.block_number == 0:
        _deviate("smart_wallet_block", "The block number of a smart wallet is 0.")
    digits = address.removeprefix("0x")
    request = SmartWalletRequest(
        account_id=message.account_id,
        chain_id=chain_id,
        address="0x" + digits,
        hash=digest,
        signature=message.signature,
        block_number=message.block_number,
    )
    # The signer is the string that the reference client would compare with
    # the members', so an address without 0x stays without it.
    return request, VerifiedSignature(
        signer=MemberIdentifier(KIND, address),
        word_key=bytes.fromhex(digits),
        remembered=message.signature,
        chain_id=chain_id,
    )


def newest_block(heads: Any, chain_id: int) -> int | Unavailable:
    """The newest block; whatever goes wrong means that it is not known."""
    if heads is None:
        return _no_access(chain_id)
    try:
        head = heads.head(chain_id)
    except Exception as error:  # noqa: BLE001 - foreign code, and no verdict
        # Only the type: the message may hold the address of a node with a key.
        return Unavailable(
            f"The newest block of eip155:{chain_id} could not be asked for "
            f"({type(error).__name__})."
        )
    if isinstance(head, Unavailable):
        return head
    if type(head) is int and 0 < head <= _U64:
        return head
    return Unavailable(f"The newest block of eip155:{chain_id} is not known.")


def read_account(account_id: str) -> tuple[int, str]:
    """The EIP-155 chain id of a CAIP-10 account id, and the address in lower
    case, with 0x or without; raises `InvalidSignature`."""
    match = _ACCOUNT_ID.fullmatch(account_id)
    if match is None:
        raise InvalidSignature(
            "The account of a smart wallet is no CAIP-10 account id."
        )
    namespace, reference, address = match.groups()
    if namespace != "eip155" or _DECIMAL.fullmatch(reference) is None:
        raise InvalidSignature(
            "The account of a smart wallet is not on a chain of EIP-155."
        )
    chain_id = int(reference)
    if chain_id > _U64:
        raise InvalidSignature("The chain id of a smart wallet has more than 64 bits.")
    if _ADDRESS.fullmatch(address) is None:
        raise InvalidSignature("The account of a smart wallet holds no address.")
    if reference.startswith("0"):
        _deviate(
            "smart_wallet_chain_id",
            "The chain id of a smart wallet is 0 or has leading zeros.",
        )
    return chain_id, address.lower()


def _deviate(code: str, detail: str) -> NoReturn:
    raise InvalidSignature(detail, code=code, deviation=True)


def ask(
    verifier: SmartWalletVerifier | None, requests: Sequence[SmartWalletRequest]
) -> Sequence[SmartWalletVerdict]:
    """One verdict a request; whatever goes wrong means unavailable."""
    if verifier is None:
        return [_no_access(request.chain_id) for request in requests]
    try:
        verdicts = list(verifier.verify(requests))
    except Exception as error:  # noqa: BLE001 - foreign code, and no verdict
        # Only the type: the message may hold the address of a node with a key.
        return _unasked(requests, f"the request raised {type(error).__name__}")
    if len(verdicts) != len(requests):
        return _unasked(
            requests, f"{len(requests)} questions got {len(verdicts)} answers"
        )
    return verdicts


def _no_access(chain_id: int) -> Unavailable:
    return Unavailable(
        f"There is no access to the chain eip155:{chain_id}: name it in the file of "
        f'chains, or pass a context that holds a SmartWalletVerifier under "{KIND}".'
    )


def _unasked(
    requests: Sequence[SmartWalletRequest], reason: str
) -> list[SmartWalletVerdict]:
    return [
        Unavailable(
            f"The chain eip155:{request.chain_id} could not be asked: {reason}."
        )
        for request in requests
    ]


def _result(
    verdict: object, claimed: VerifiedSignature
) -> VerifiedSignature | SignatureError:
    """The result of an answer, which may be anything: foreign code gave it."""
    if isinstance(verdict, Valid):
        return claimed
    if isinstance(verdict, Invalid):
        if verdict.deviation:
            return InvalidSignature(
                verdict.detail, code="smart_wallet_refused", deviation=True
            )
        return InvalidSignature(verdict.detail)
    if isinstance(verdict, Unavailable):
        return SignatureUnavailable(verdict.detail, claimed=claimed)
    return SignatureUnavailable(
        f"The answer of the chain eip155:{claimed.chain_id} is no verdict.",
        claimed=claimed,
    )
