"""Smart wallets that take part in an update, named by their account (CAIP-10)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from xmtp_identity.errors import BadInput, InvalidIdentifier, SignatureUnavailable
from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity.kinds import Context, WireSignature

from .hashing import eip191_hash
from .identifier import KIND, parse
from .smart_wallet import (
    ChainHeads,
    Unavailable,
    newest_block,
    smart_wallet_signature,
)

__all__ = ["SignHash", "SmartWallet", "SmartWalletSigner", "open_account"]

SignHash = Callable[[str, bytes], bytes]
"""Lets a wallet sign: the text, and its EIP-191 hash in 32 bytes, to what
ERC-1271 takes, or ERC-6492's wrapper where the wallet is not deployed."""

_U64: Final = (1 << 64) - 1
_NAMESPACE: Final = "eip155"
_ACCOUNT: Final = re.compile(
    r"([1-9][0-9]{0,19}):(0x[0-9a-fA-F]{40})(?:@([1-9][0-9]{0,19}))?"
)
_SIGNATURE: Final = re.compile(r"(?:0x)?((?:[0-9a-fA-F]{2})+)")


class SmartWallet:
    """A smart wallet that is to sign: an `xmtp_identity.kinds.Account`.

    Its signatures pin a block, at which the wallet is asked for ever. That is
    the block given, or the newest when the first signature is read; it is kept
    from then on.
    """

    __slots__ = ("_block", "_chain_id", "_heads", "_identifier")

    def __init__(
        self,
        account_id: str,
        block_number: int | None = None,
        *,
        heads: ChainHeads | None = None,
    ) -> None:
        """Name a wallet.

        account_id: CAIP-10, ``eip155:<chain id>:0x<40 hex digits>``.
        block_number: from 1 to 2^64 - 1; None asks ``heads`` for the newest.
        heads: knows the newest block of the chain.

        Raises `InvalidIdentifier`, `BadInput`.
        """
        namespace, _, rest = account_id.partition(":")
        match = _ACCOUNT.fullmatch(rest)
        if namespace != _NAMESPACE or match is None or match[3] is not None:
            raise _malformed()
        if block_number is not None and not 0 < block_number <= _U64:
            raise BadInput("A block number is from 1 to 2^64 - 1.")
        self._chain_id = int(match[1])
        if self._chain_id > _U64:
            raise _malformed()
        self._identifier = parse(match[2])
        self._block = block_number
        self._heads = heads

    @property
    def identifier(self) -> MemberIdentifier:
        """The member that it is: its address."""
        return self._identifier

    @property
    def chain_id(self) -> int:
        """Its EIP-155 chain."""
        return self._chain_id

    @property
    def account_id(self) -> str:
        """CAIP-10, the address in lower case."""
        return f"{_NAMESPACE}:{self._chain_id}:{self._identifier.value}"

    @property
    def block_number(self) -> int | None:
        """The block that its signatures pin; None before it is known."""
        return self._block

    def pin(self) -> int:
        """The block that its signatures pin, asked for if need be.

        Raises `SignatureUnavailable` if the newest block can't be asked for.
        """
        if self._block is None:
            head = newest_block(self._heads, self._chain_id)
            if isinstance(head, Unavailable):
                raise SignatureUnavailable(head.detail, claimed=None)
            self._block = head
        return self._block

    def wire(self, signature: bytes) -> WireSignature:
        """Put what the wallet gave into the form of the log; raises as `pin`."""
        return smart_wallet_signature(self.account_id, self.pin(), signature)

    def read_signature(self, pasted: str) -> list[WireSignature]:
        """Read what the wallet gave: hex of any number of bytes.

        Raises `BadInput`, and as `pin`.
        """
        match = _SIGNATURE.fullmatch(pasted.strip())
        if match is None:
            raise BadInput(
                "A smart wallet's signature is bytes in hex, with or without 0x in"
                " front."
            )
        return [self.wire(bytes.fromhex(match[1]))]

    def facts(self, text: str) -> dict[str, str]:
        """The account, the text's EIP-191 hash, and the block if it is known."""
        found = {
            "account": self.account_id,
            "hash": "0x" + eip191_hash(text.encode("utf-8")).hex(),
        }
        if self._block is not None:
            found["block_number"] = str(self._block)
        return found


@dataclass(frozen=True, slots=True)
class SmartWalletSigner:
    """A smart wallet whose keys are at hand: an `xmtp_identity.kinds.Signer`.

    sign_hash: the wallet's own way to sign, which no two makes share.
    """

    wallet: SmartWallet
    sign_hash: SignHash

    @property
    def identifier(self) -> MemberIdentifier:
        """The member that it signs for."""
        return self.wallet.identifier

    def sign(self, text: str) -> WireSignature:
        """Sign the text of an update; raises as `SmartWallet.pin`."""
        digest = eip191_hash(text.encode("utf-8"))
        return self.wallet.wire(self.sign_hash(text, digest))


def open_account(text: str, context: Context) -> SmartWallet | None:
    """A smart wallet as a person names it, or None on a chain of another kind.

    text: CAIP-10; ``@`` and a block number behind it choose the block.
    context: what knows the newest block, under the name of this kind.

    Raises `InvalidIdentifier`, which never repeats the text: it may be a secret.
    """
    namespace, _, rest = text.partition(":")
    if namespace != _NAMESPACE:
        return None
    match = _ACCOUNT.fullmatch(rest)
    if match is None:
        raise _malformed()
    block = None if match[3] is None else int(match[3])
    account_id = f"{namespace}:{match[1]}:{match[2]}"
    return SmartWallet(account_id, block, heads=context.get(KIND))


def _malformed() -> InvalidIdentifier:
    return InvalidIdentifier(
        "A smart wallet is named as eip155:<chain id>:0x<40 hex digits>, the chain id"
        " from 1 to 2^64 - 1 without leading zeros; @<block number> may follow. A key"
        " file is none: the wallet's owners sign in its own way, elsewhere."
    )
