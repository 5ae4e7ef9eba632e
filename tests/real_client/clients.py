"""XMTP's real client, live: processes that hold clients, told what to do."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from xmtp_identity_passkey.v1 import passkey_pb2

from ..support.signers import Passkey, Wallet

__all__ = ["Account", "Client", "ClientFailed", "Process"]

_HERE: Final = Path(__file__).resolve().parent
_PATIENCE: Final = 60.0
"""Seconds. Nothing here takes as long; a client that hangs is a finding."""

_STATISTICS: Final = " ============ Api Stats"
"""From here on the client's errors tell how often it called which method."""

Account = Wallet | Passkey


class ClientFailed(Exception):
    """What the client said when it refused to do something."""


class Process:
    """A process of Node.js with XMTP's client in it; a context manager.

    environment: variables beside those of this process.
    """

    def __init__(self, **environment: str) -> None:
        self._environment = environment
        self._resources = ExitStack()
        self._waiting: dict[int, Future[Any]] = {}
        self._numbers = itertools.count(1)
        self._writing = threading.Lock()

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            self._errors = opened.enter_context(
                tempfile.TemporaryFile(mode="w+", encoding="utf-8")
            )
            self._process = opened.enter_context(
                subprocess.Popen(
                    ["node", "client.mjs"],
                    cwd=_HERE,
                    env=os.environ | self._environment,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=self._errors,
                    encoding="utf-8",
                )
            )
            reader = threading.Thread(target=self._read, daemon=True)
            reader.start()
            # In reverse: the end of its input ends the process, and its output
            # the reader.
            opened.callback(reader.join)
            opened.callback(self._end_input)
            self._resources = opened.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._resources.close()

    def start(self, op: str, **arguments: Any) -> Future[Any]:
        """Begin an operation of ``client.mjs``; several run at a time."""
        number = next(self._numbers)
        future: Future[Any] = Future()
        self._waiting[number] = future
        line = json.dumps({"id": number, "op": op, **arguments})
        assert self._process.stdin is not None
        with self._writing:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
        return future

    def ask(self, op: str, **arguments: Any) -> Any:
        """Do it and wait. Raises `ClientFailed` with what the client said."""
        return self.start(op, **arguments).result(_PATIENCE)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            answer = json.loads(line)
            future = self._waiting.pop(answer["id"])
            if "error" in answer:
                said = answer["error"].partition(_STATISTICS)[0].strip()
                future.set_exception(ClientFailed(said))
            else:
                future.set_result(answer["value"])
        for future in self._waiting.values():
            future.set_exception(ClientFailed(self._last_words()))

    def _end_input(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()

    def _last_words(self) -> str:
        self._errors.seek(0)
        return f"Node.js ended early:\n{self._errors.read()[-2000:]}"


class Client:
    """One installation of an account, in a process.

    name: what the process knows it by.
    account: who signs for it: a wallet or a passkey.
    host: URL of a node or a relay.
    inbox_id: the inbox to be in, if it is not the account's own.
    path: of its database; None keeps it in memory.
    """

    def __init__(
        self,
        process: Process,
        name: str,
        account: Account,
        host: str,
        *,
        inbox_id: str | None = None,
        path: Path | None = None,
    ) -> None:
        self._process = process
        self._name = name
        self._account = account
        opened = self.ask(
            "open",
            host=host,
            identifier=_shown(account),
            inboxId=inbox_id,
            path=None if path is None else str(path),
        )
        self.inbox_id: str = opened["inboxId"]
        self.installation: str = opened["installation"]
        self.registered: bool = opened["registered"]

    def start(self, op: str, **arguments: Any) -> Future[Any]:
        return self._process.start(op, client=self._name, **arguments)

    def ask(self, op: str, **arguments: Any) -> Any:
        return self._process.ask(op, client=self._name, **arguments)

    def register(self) -> Self:
        request = self._prepare("create", (self._account,))
        self.ask("register", request=request)
        self.registered = True
        return self

    def add(self, account: Account) -> None:
        self._update("add", (account,), identifier=_shown(account))

    def revoke(self, account: Account, *, recovery: Account) -> None:
        self._update("revoke", (recovery,), identifier=_shown(account))

    def revoke_installations(self, keys: Sequence[str], *, recovery: Account) -> None:
        self._update("revokeInstallations", (recovery,), installations=list(keys))

    def revoke_other_installations(self, *, recovery: Account) -> None:
        self._update("revokeOtherInstallations", (recovery,))

    def change_recovery(self, account: Account, *, recovery: Account) -> None:
        self._update("changeRecovery", (recovery,), identifier=_shown(account))

    def find(self, account: Account) -> str | None:
        """Whose the account is, as the node says."""
        found: str | None = self.ask("find", identifier=_shown(account))
        return found

    def can_message(self, *accounts: Account) -> dict[str, bool]:
        answer: dict[str, bool] = self.ask(
            "canMessage", identifiers=[_shown(one) for one in accounts]
        )
        return answer

    def _update(self, what: str, signers: Sequence[Account], **arguments: Any) -> None:
        self.ask("apply", request=self._prepare(what, signers, **arguments))

    def _prepare(self, what: str, signers: Sequence[Account], **arguments: Any) -> int:
        """The number of the signed request."""
        prepared = self.ask("prepare", update=what, **arguments)
        number: int = prepared["request"]
        for signer in signers:
            self._sign(number, signer, prepared["text"].encode())
        return number

    def _sign(self, request: int, signer: Account, text: bytes) -> None:
        if isinstance(signer, Wallet):
            signature = signer.raw(text).hex()
            self.ask("signAsWallet", request=request, signature=signature)
        else:
            parts = _passkey_parts(signer, text)
            self.ask("signAsPasskey", request=request, signature=parts)


def _shown(account: Account) -> dict[str, Any]:
    """As the bindings name it; their numbers of kinds are not the wire's."""
    kind = 0 if isinstance(account, Wallet) else 1
    return {"identifier": account.value, "identifierKind": kind}


def _passkey_parts(passkey: Passkey, text: bytes) -> dict[str, str]:
    """What a browser gives for a passkey's signature, in hex."""
    message = passkey_pb2.RecoverablePasskeySignature.FromString(
        passkey.assertion(passkey.client_data_json(text))
    )
    return {
        "publicKey": message.public_key.hex(),
        "signature": message.signature.hex(),
        "authenticatorData": message.authenticator_data.hex(),
        "clientDataJson": message.client_data_json.hex(),
    }
