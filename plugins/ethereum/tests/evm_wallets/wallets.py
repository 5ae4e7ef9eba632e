"""Wallets on a chain, deployed and not yet, whose owners sign texts by
eth-account as their wallets' applications do."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from eth_abi.abi import encode
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_typing import Hash32
from tests.support.signers import SmartWallet, eip191, secret

from .anvil import CHAIN_ID, Anvil, calldata

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

__all__ = [
    "MAGIC",
    "ChainWallet",
    "Factory",
    "Wallets",
    "is_valid",
    "key",
    "plain",
    "question",
    "wrapped",
]

MAGIC: Final = bytes.fromhex("1626ba7e") + bytes(28)
_ERC_6492: Final = bytes.fromhex("6492" * 16)
_HERE: Final = Path(__file__).resolve().parent
_ZERO: Final = "0x" + "00" * 20
_DOMAIN: Final = {"name": "Solady account", "version": "1"}


def key(name: str) -> LocalAccount:
    """An owner's key, always the same for one name."""
    account: LocalAccount = Account.from_key(secret(f"owner {name}"))
    return account


@dataclass(frozen=True)
class Factory:
    """Who makes a wallet, and by which call."""

    address: str
    data: bytes


def _no_key(_: bytes) -> bytes:
    raise AssertionError("nobody signs")


@dataclass(frozen=True)
class ChainWallet(SmartWallet):
    """A wallet on the test chain; signs as erc_6492 at its ``block``.

    owner_signs: what its application gives for a text.
    factory: None for a wallet that is there.
    """

    chain_id: int | str = CHAIN_ID
    owner_signs: Callable[[bytes], bytes] = field(default=_no_key, repr=False)
    factory: Factory | None = None

    def raw(self, text: bytes) -> bytes:
        """What it gives for a text, wrapped by ERC-6492 if it is not there."""
        signature = self.owner_signs(text)
        return signature if self.factory is None else wrapped(self.factory, signature)

    def sign(self, text: bytes) -> bytes:
        with_it = SmartWallet(self.value, self.chain_id, self.block, self.raw(text))
        return with_it.sign(text)


def wrapped(factory: Factory, signature: bytes) -> bytes:
    """ERC-6492's form for a wallet that is not there yet."""
    arguments = (factory.address, factory.data, signature)
    return bytes(encode(["address", "bytes", "bytes"], arguments)) + _ERC_6492


def question(text: bytes, signature: bytes) -> bytes:
    """The call of ERC-1271 about a text's hash by EIP-191."""
    return calldata("isValidSignature(bytes32,bytes)", eip191(text), signature)


def is_valid(
    chain: Anvil, address: str, text: bytes, signature: bytes, block: int | None = None
) -> bool:
    """What the wallet itself says, asked without any code of ours."""
    return chain.call(address, question(text, signature), block) == MAGIC


@cache
def _compiled() -> Mapping[str, str]:
    """Creation code by the name of the contract."""
    done = subprocess.run(
        ["node", "artifacts.mjs"], cwd=_HERE, check=True, capture_output=True
    )
    code: dict[str, str] = json.loads(done.stdout)
    return code


class Wallets:
    """Makes wallets on a chain."""

    def __init__(self, chain: Anvil) -> None:
        self.chain = chain
        self._code = _compiled()

    # A wallet of our own: one key, nothing that binds to the wallet.

    def minimal(self, owner: LocalAccount) -> ChainWallet:
        address = self.chain.deploy(
            self._code["MinimalWallet"], encode(["address"], [owner.address])
        )
        return self._here(address, plain(owner))

    def rotate_minimal(
        self, wallet: ChainWallet, old: LocalAccount, new: LocalAccount
    ) -> int:
        """Gives the number of the block in which it has another owner."""
        data = calldata("setOwner(address)", new.address)
        return self.chain.send(wallet.value, data, old.address)

    # Safe 1.4.1.

    @cached_property
    def _safe(self) -> tuple[str, str, str]:
        """Singleton, factory and fallback handler."""
        singleton, factory, handler = (
            self.chain.deploy(self._code[name])
            for name in ("Safe", "SafeProxyFactory", "CompatibilityFallbackHandler")
        )
        return singleton, factory, handler

    def safe(
        self,
        owners: Sequence[LocalAccount],
        threshold: int,
        *,
        salt: int = 0,
        deployed: bool = True,
    ) -> ChainWallet:
        """``threshold`` of ``owners``, the first of whom sign."""
        singleton, factory, handler = self._safe
        setup = calldata(
            "setup(address[],uint256,address,bytes,address,address,uint256,address)",
            [one.address for one in owners],
            threshold,
            _ZERO,
            b"",
            handler,
            _ZERO,
            0,
            _ZERO,
        )
        creation = Factory(
            factory,
            calldata(
                "createProxyWithNonce(address,bytes,uint256)",
                singleton,
                setup,
                salt,
            ),
        )
        return self._made(
            creation,
            deployed=deployed,
            signing=lambda address: _as_safe(address, owners[:threshold]),
        )

    def safe_signed_by(
        self, wallet: ChainWallet, owners: Sequence[LocalAccount]
    ) -> ChainWallet:
        """The same Safe with other owners to sign."""
        return replace(wallet, owner_signs=_as_safe(wallet.value, owners))

    def rotate_safe(
        self, wallet: ChainWallet, old: LocalAccount, new: LocalAccount
    ) -> int:
        """Let the only owner of a Safe hand over, by a transaction of the Safe."""
        first = "0x" + (1).to_bytes(20, "big").hex()
        swap = calldata(
            "swapOwner(address,address,address)", first, old.address, new.address
        )
        types = "address,uint256,bytes,uint8,uint256,uint256,uint256,address,address"
        values = (wallet.value, 0, swap, 0, 0, 0, 0, _ZERO, _ZERO)
        hashed = self.chain.call(
            wallet.value, calldata(f"getTransactionHash({types},uint256)", *values, 0)
        )
        signature = bytes(old.unsafe_sign_hash(Hash32(hashed)).signature)
        return self.chain.send(
            wallet.value,
            calldata(f"execTransaction({types},bytes)", *values, signature),
        )

    # Solady's ERC-4337 account: ERC-7739's nested hashes.

    @cached_property
    def _solady_factory(self) -> str:
        implementation = self.chain.deploy(self._code["SoladyAccount"])
        return self.chain.deploy(
            self._code["SoladyFactory"], encode(["address"], [implementation])
        )

    def solady(
        self, owner: LocalAccount, *, salt: int = 0, deployed: bool = True
    ) -> ChainWallet:
        own_salt = bytes.fromhex(owner.address[2:]) + salt.to_bytes(12, "big")
        creation = Factory(
            self._solady_factory, calldata("createAccount(bytes32)", own_salt)
        )
        return self._made(
            creation,
            deployed=deployed,
            signing=lambda address: _as_solady(address, owner),
        )

    # An account of EIP-7702.

    @cached_property
    def delegate(self) -> str:
        """Code that accounts can delegate to."""
        return self.chain.deploy(self._code["OwnKeyDelegate"])

    def delegated(self, owner: LocalAccount) -> ChainWallet:
        """The owner's own address, with the delegate's code from now on."""
        self.delegate_to(owner, self.delegate)
        return self._here(owner.address, plain(owner))

    def delegate_to(self, owner: LocalAccount, code: str) -> int:
        """Gives the block's number; the zero address takes code away."""
        address = owner.address
        self.chain.ask("anvil_setBalance", address, hex(10**18))
        nonce = int(self.chain.ask("eth_getTransactionCount", address, "latest"), 16)
        # The transaction itself takes the first number.
        authorization = owner.sign_authorization(
            {"chainId": CHAIN_ID, "address": code, "nonce": nonce + 1}
        )
        transaction: dict[str, Any] = {
            "type": 4,
            "chainId": CHAIN_ID,
            "nonce": nonce,
            "gas": 100_000,
            "maxFeePerGas": 10**11,
            "maxPriorityFeePerGas": 1,
            "to": _ZERO,
            "value": 0,
            "data": "0x",
            "accessList": [],
            "authorizationList": [authorization],
        }
        signed = owner.sign_transaction(transaction)
        return self.chain.send_raw(bytes(signed.raw_transaction))

    def make(self, wallet: ChainWallet) -> int:
        """Deploy one that is not there; gives the number of the block with it."""
        assert wallet.factory is not None
        return self.chain.send(wallet.factory.address, wallet.factory.data)

    def _made(
        self,
        creation: Factory,
        *,
        deployed: bool,
        signing: Callable[[str], Callable[[bytes], bytes]],
    ) -> ChainWallet:
        # The factory itself says where the wallet will be.
        answer = self.chain.call(creation.address, creation.data)
        address = "0x" + answer[12:32].hex()
        if deployed:
            self.chain.send(creation.address, creation.data)
            return self._here(address, signing(address))
        assert self.chain.code(address) == b""
        return ChainWallet(
            address,
            block=self.chain.head,
            owner_signs=signing(address),
            factory=creation,
        )

    def _here(self, address: str, signs: Callable[[bytes], bytes]) -> ChainWallet:
        assert self.chain.code(address) != b""
        return ChainWallet(address.lower(), block=self.chain.head, owner_signs=signs)


def plain(owner: LocalAccount) -> Callable[[bytes], bytes]:
    """Signs a text by EIP-191, as a wallet of one key wants it."""
    return lambda text: bytes(owner.sign_message(encode_defunct(text)).signature)


def _as_safe(address: str, owners: Sequence[LocalAccount]) -> Callable[[bytes], bytes]:
    """Each owner signs the Safe's own message, whose content is the hash."""
    in_order = sorted(owners, key=lambda one: one.address.lower())
    domain = {"chainId": CHAIN_ID, "verifyingContract": address}
    types = {"SafeMessage": [{"name": "message", "type": "bytes"}]}
    return lambda text: b"".join(
        _typed(one, domain, types, {"message": eip191(text)}) for one in in_order
    )


def _as_solady(address: str, owner: LocalAccount) -> Callable[[bytes], bytes]:
    """The owner signs the text within the account's own domain (ERC-7739)."""
    domain = _DOMAIN | {"chainId": CHAIN_ID, "verifyingContract": address}
    types = {"PersonalSign": [{"name": "prefixed", "type": "bytes"}]}
    return lambda text: _typed(
        owner,
        domain,
        types,
        {"prefixed": b"\x19Ethereum Signed Message:\n%d%b" % (len(text), text)},
    )


def _typed(
    owner: LocalAccount, domain: dict[str, Any], types: Any, message: dict[str, Any]
) -> bytes:
    return bytes(owner.sign_typed_data(domain, types, message).signature)
