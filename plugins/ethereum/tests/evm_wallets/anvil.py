"""A chain of its own for a run of tests: anvil, with everything fixed that a
block could depend on."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import tempfile
import threading
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

from eth_abi.abi import encode
from eth_utils.crypto import keccak

__all__ = ["CHAIN_ID", "Anvil", "ChainError", "calldata"]

CHAIN_ID: Final = 31337
_HERE: Final = Path(__file__).resolve().parent
_GENESIS: Final = 1_700_000_000
_PATIENCE: Final = 60.0
_LISTENING: Final = "Listening on "
_SETTINGS: Final = {
    "--port": "0",
    "--host": "127.0.0.1",
    "--chain-id": str(CHAIN_ID),
    "--hardfork": "prague",
    "--mnemonic": "test test test test test test test test test test test junk",
    "--timestamp": str(_GENESIS),
    "--color": "never",
}


class ChainError(Exception):
    """The chain answered with an error; the second argument is its code."""


class Anvil:
    """A running chain; a context manager.

    Each transaction has a block of its own, a second after the one before it,
    and anybody can send: nothing has to be signed or waited for.
    """

    def __enter__(self) -> Self:
        self._home = tempfile.TemporaryDirectory(prefix="anvil")
        # Not the script that npm puts into .bin: killing it would leave anvil.
        (program,) = (_HERE / "node_modules" / "@foundry-rs").glob("anvil-*/bin/anvil*")
        homes = dict.fromkeys(
            ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "TMPDIR"),
            self._home.name,
        )
        self._process = subprocess.Popen(
            [program, *itertools.chain(*_SETTINGS.items())],
            env=os.environ | homes,
            cwd=self._home.name,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        try:
            self._start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()
        self._end()

    def _start(self) -> None:
        assert self._process.stdout is not None
        self.port = _port(self._process.stdout)
        # It would stop for good at a full pipe.
        self._reader = threading.Thread(
            target=_drain, args=(self._process.stdout,), daemon=True
        )
        self._reader.start()
        self._connection = HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE)
        self._numbers = itertools.count(1)
        self.ask("anvil_setBlockTimestampInterval", 1)
        self.ask("anvil_autoImpersonateAccount", True)
        self._payer = str(self.ask("eth_accounts")[0])

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()
        if hasattr(self, "_reader"):
            self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._home.cleanup()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, method: str, *params: Any) -> Any:
        """The result of a JSON-RPC call; raises `ChainError`."""
        body = {
            "jsonrpc": "2.0",
            "id": next(self._numbers),
            "method": method,
            "params": params,
        }
        self._connection.request(
            "POST", "/", json.dumps(body), {"Content-Type": "application/json"}
        )
        answer = json.loads(self._connection.getresponse().read())
        if "error" in answer:
            raise ChainError(answer["error"]["message"], answer["error"]["code"])
        return answer["result"]

    @property
    def head(self) -> int:
        """The number of the newest block."""
        return int(self.ask("eth_blockNumber"), 16)

    def mine(self) -> int:
        """One more block, with nothing in it; gives its number."""
        self.ask("evm_mine")
        return self.head

    def deploy(self, creation: str, arguments: bytes = b"") -> str:
        """The address, in lower case, of what creation code makes."""
        receipt = self._receipt(
            {"from": self._payer, "data": creation + arguments.hex()}
        )
        return str(receipt["contractAddress"]).lower()

    def send(self, to: str, data: bytes, sender: str | None = None) -> int:
        """Call a contract for good, as anybody; gives the block's number."""
        if sender is None:
            sender = self._payer
        elif sender != self._payer:
            self.ask("anvil_setBalance", sender, hex(10**18))
        receipt = self._receipt({"from": sender, "to": to, "data": "0x" + data.hex()})
        return int(receipt["blockNumber"], 16)

    def send_raw(self, transaction: bytes) -> int:
        """Send what somebody signed; gives the block's number."""
        answer = self.ask("eth_sendRawTransactionSync", "0x" + transaction.hex())
        return int(_done(answer)["blockNumber"], 16)

    def call(self, to: str, data: bytes, block: int | None = None) -> bytes:
        """What a contract answers, at the newest block unless said."""
        where = "latest" if block is None else hex(block)
        answer = self.ask("eth_call", {"to": to, "data": "0x" + data.hex()}, where)
        return bytes.fromhex(answer[2:])

    def code(self, address: str, block: int | None = None) -> bytes:
        where = "latest" if block is None else hex(block)
        return bytes.fromhex(self.ask("eth_getCode", address, where)[2:])

    def _receipt(self, transaction: dict[str, str]) -> Any:
        # Estimating would run each of them twice.
        return _done(
            self.ask("eth_sendTransactionSync", transaction | {"gas": hex(10_000_000)})
        )


def _done(receipt: Any) -> Any:
    assert receipt["status"] == "0x1", receipt
    return receipt


def calldata(function: str, *values: Any) -> bytes:
    """The data of a call of a function such as ``transfer(address,uint256)``."""
    selector: bytes = keccak(function.encode())[:4]
    types = function.partition("(")[2].removesuffix(")").split(",")
    return selector + encode(types, values)


def _port(output: IO[str]) -> int:
    said = []
    for line in output:
        if line.startswith(_LISTENING):
            return int(line.rpartition(":")[2])
        said.append(line)
    raise AssertionError("anvil does not start:\n" + "".join(said))


def _drain(output: IO[str]) -> None:
    for _ in output:
        pass
