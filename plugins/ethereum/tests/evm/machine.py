"""A real Ethereum machine in this process (revm), and contracts for it.

It runs what `calls_of` asks as a node would, `eth_call` without a receiver
included: a message that creates a contract, whose code is the answer.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from eth_abi.abi import encode
from pyrevm import EVM, AccountInfo, BlockEnv, CfgEnv, Env

from xmtp_identity_ethereum.chain.calldata import is_valid_signature
from xmtp_identity_ethereum.chain.rules import (
    CALLER,
    Answer,
    Call,
    Failed,
    Returned,
    Reverted,
    calls_of,
    static_verdict,
    verdict_of,
)
from xmtp_identity_ethereum.chain.unwrapping import SUFFIX
from xmtp_identity_ethereum.hashing import keccak_256
from xmtp_identity_ethereum.smart_wallet import (
    Invalid,
    SmartWalletRequest,
    SmartWalletVerdict,
    Valid,
)

HERE: Final = Path(__file__).resolve().parent
WALLET: Final = "0x" + "ab" * 20
OTHER: Final = "0x" + "cd" * 20
HASH: Final = bytes(range(100, 132))
SIGNATURE: Final = b"signature" * 8
CHAIN_ID: Final = 8453

# Of the bytes in crates/xmtp_id/src/scw_verifier/signature_validation.hex.
_REFERENCE_SHA256: Final = (
    "ee4f10dc27735f5f8fd686ddf765fe4f124a45dd339581347f53a1b0c8dfe24c"
)

_OPCODES: Final = {
    "ADD": 0x01,
    "SUB": 0x03,
    "LT": 0x10,
    "EQ": 0x14,
    "ISZERO": 0x15,
    "SHL": 0x1B,
    "KECCAK256": 0x20,
    "ADDRESS": 0x30,
    "ORIGIN": 0x32,
    "CALLER": 0x33,
    "CALLVALUE": 0x34,
    "CALLDATALOAD": 0x35,
    "CALLDATASIZE": 0x36,
    "CALLDATACOPY": 0x37,
    "CODESIZE": 0x38,
    "CODECOPY": 0x39,
    "GASPRICE": 0x3A,
    "POP": 0x50,
    "MLOAD": 0x51,
    "MSTORE": 0x52,
    "SLOAD": 0x54,
    "SSTORE": 0x55,
    "JUMP": 0x56,
    "JUMPI": 0x57,
    "PC": 0x58,
    "GAS": 0x5A,
    "JUMPDEST": 0x5B,
    "LOG0": 0xA0,
    "CREATE2": 0xF5,
    "CALL": 0xF1,
    "RETURN": 0xF3,
    "STATICCALL": 0xFA,
    "REVERT": 0xFD,
    "INVALID": 0xFE,
    "SELFDESTRUCT": 0xFF,
}


def code(*parts: str) -> bytes:
    """Assemble words: names of instructions, and hex numbers, which are pushed.

    ``:name`` marks a place that can be jumped to, ``@name`` pushes it.
    """
    out = bytearray()
    places: dict[str, int] = {}
    jumps: dict[int, str] = {}
    for word in " ".join(parts).split():
        if word in _OPCODES:
            out.append(_OPCODES[word])
        elif word[0] == ":":
            places[word[1:]] = len(out)
            out.append(_OPCODES["JUMPDEST"])
        elif word[0] == "@":
            out.append(0x61)
            jumps[len(out)] = word[1:]
            out += bytes(2)
        else:
            digits = bytes.fromhex(word)
            out.append(0x5F + len(digits))
            out += digits
    for at, name in jumps.items():
        out[at : at + 2] = places[name].to_bytes(2, "big")
    return bytes(out)


MAGIC_TO_MEMORY: Final = "1626ba7e e0 SHL 00 MSTORE"
YES: Final = code(MAGIC_TO_MEMORY, "20 00 RETURN")
NO: Final = code("ffffffff e0 SHL 00 MSTORE 20 00 RETURN")
REVERTS: Final = code("00 00 REVERT")
ECHO: Final = code("CALLDATASIZE 00 00 CALLDATACOPY CALLDATASIZE 00 RETURN")


def yes_if(*condition: str) -> bytes:
    """A wallet that says yes if what is put on the stack is not 0, else no."""
    return code(
        *condition, "@yes JUMPI 00 00 REVERT :yes", MAGIC_TO_MEMORY, "20 00 RETURN"
    )


# Burns gas until less than this much is left, then goes on.
BURN_TO: Final = ":burn {} GAS LT @burnt JUMPI @burn JUMP :burnt"

# Creates what the call data is the creation code of (CREATE2, salt 0), and
# does not care whether that worked.
FACTORY: Final = code(
    "CALLDATASIZE 00 00 CALLDATACOPY 00 CALLDATASIZE 00 00 CREATE2 POP 00 00 RETURN"
)


def creation(runtime: bytes) -> bytes:
    """The creation code of a contract; it has 14 bytes before the contract's own."""
    size = f"{len(runtime):04x}"
    return code(f"{size} 0e 00 CODECOPY {size} 00 RETURN") + runtime


def created(factory: str, creation_code: bytes) -> str:
    """Where `FACTORY` at an address creates a contract (EIP-1014)."""
    seed = b"\xff" + bytes.fromhex(factory[2:]) + bytes(32) + keccak_256(creation_code)
    return "0x" + keccak_256(seed)[12:].hex()


def wrap(factory: str, factory_call: bytes, signature: bytes = SIGNATURE) -> bytes:
    """ERC-6492's wrapper."""
    values = (factory, factory_call, signature)
    return encode(("address", "bytes", "bytes"), values) + SUFFIX


def request(
    account: str = WALLET,
    signature: bytes = SIGNATURE,
    *,
    chain_id: int = CHAIN_ID,
    digest: bytes = HASH,
) -> SmartWalletRequest:
    return SmartWalletRequest(
        f"eip155:{chain_id}:{account}", chain_id, account, digest, signature, 7
    )


@dataclass
class Machine:
    """A chain with contracts on it.

    contracts: code by address.
    gas: what the node gives a call, at most.
    """

    contracts: dict[str, bytes]
    chain_id: int = CHAIN_ID
    gas: int = 50_000_000
    block: BlockEnv = field(default_factory=lambda: BlockEnv(gas_limit=1 << 50))

    def _evm(self) -> EVM:
        evm = EVM(Env(cfg=CfgEnv(chain_id=self.chain_id), block=self.block))
        for address, runtime in self.contracts.items():
            evm.insert_account_info(address, AccountInfo(code=runtime))
        return evm

    def answer(self, call: Call) -> Answer:
        """What a node answers."""
        if call.method == "eth_getCode":
            return Returned(self.contracts.get(call.to or "", b""))
        assert call.gas is not None
        gas = min(self.gas, call.gas)
        evm = self._evm()
        try:
            if call.to is not None:
                data = evm.message_call(CALLER, call.to, call.data, gas=gas)
                return Returned(bytes(data))
            return Returned(_code(evm, evm.deploy(CALLER, call.data, gas=gas)))
        except RuntimeError as error:
            return Reverted(b"") if "Revert" in str(error) else Failed(str(error))

    def verdict(self, asked: SmartWalletRequest) -> SmartWalletVerdict:
        """The verdict of the rules."""
        return static_verdict(asked) or self.asked(asked)

    def asked(self, asked: SmartWalletRequest) -> SmartWalletVerdict:
        """The verdict when the chain is asked."""
        return verdict_of(asked, [self.answer(call) for call in calls_of(asked)])

    def reference_takes(self, asked: SmartWalletRequest) -> bool:
        """Whether the reference client's validator takes the signature."""
        arguments = (asked.address, asked.hash, asked.signature)
        data = reference_validator() + encode(
            ("address", "bytes32", "bytes"), arguments
        )
        call = Call("eth_call", None, data, self.gas, asked.block_number)
        return self.answer(call) == Returned(b"\x01")

    def check(self, asked: SmartWalletRequest) -> SmartWalletVerdict:
        """The verdict, which must deviate just where the reference client differs.

        Where Node is missing the reference client's validator is too.
        """
        verdict = self.verdict(asked)
        if can_run_node():
            takes = self.reference_takes(asked)
            deviates = isinstance(verdict, Invalid) and verdict.deviation
            assert takes == (isinstance(verdict, Valid) or deviates)
        return verdict


def _code(evm: EVM, address: str) -> bytes:
    """The code at an address without the zeros that revm pads it with."""
    info = evm.basic(address)
    padded = bytes(info.code or b"")
    for length in range(len(padded), -1, -1):
        if keccak_256(padded[:length]) == bytes(info.code_hash or b""):
            return padded[:length]
    raise AssertionError("the code's hash fits no part of it")


def can_run_node() -> bool:
    """Whether Node is here; in CI it must be. Installs its packages once."""
    if shutil.which("node") is None:
        assert not os.environ.get("CI"), "node is missing, and CI must not skip"
        return False
    with (HERE / "package.json").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ready = HERE / "node_modules" / ".ready"
        if not ready.exists():
            npm = shutil.which("npm") or "npm"
            options = ["--silent", "--no-audit", "--no-fund", "--no-package-lock"]
            subprocess.run([npm, "install", *options], cwd=HERE, check=True)
            ready.touch()
    return True


@cache
def reference_validator() -> bytes:
    """The reference client's validator; the viem of its time has the same."""
    path = HERE / "node_modules" / "viem" / "_esm" / "constants" / "contracts.js"
    text = path.read_text("utf-8")
    found = re.search(r"universalSignatureValidatorByteCode = '0x([0-9a-f]+)'", text)
    assert found is not None
    bytecode = bytes.fromhex(found[1])
    assert sha256(bytecode).hexdigest() == _REFERENCE_SHA256
    return bytecode


def exact(signature: bytes) -> bytes:
    """A wallet that says yes to one signature of `HASH` alone."""
    return yes_if(
        "CALLDATASIZE 00 00 CALLDATACOPY CALLDATASIZE 00 KECCAK256",
        keccak_256(is_valid_signature(HASH, signature)).hex(),
        "EQ",
    )


def words(*values: int | bytes) -> bytes:
    return b"".join(
        value if isinstance(value, bytes) else value.to_bytes(32, "big")
        for value in values
    )


def says(verdict: SmartWalletVerdict, part: str, *, deviation: bool) -> None:
    assert isinstance(verdict, Invalid), verdict
    assert part in verdict.detail
    assert verdict.deviation is deviation


def wallet(runtime: bytes) -> Machine:
    return Machine({WALLET: runtime})
