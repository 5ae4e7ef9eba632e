"""XMTP's real client whose signers are smart wallets on a chain."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from plugins.ethereum.tests.evm_wallets.wallets import ChainWallet

from xmtp_identity import AssociationState

from ..support.signers import Wallet

__all__ = ["Account", "ClientFailed", "RealClient", "as_the_client_shows"]

_HERE: Final = Path(__file__).resolve().parent
_STATISTICS: Final = " ============ Api Stats"
"""From here on the client's errors tell how often it called which method."""

Account = Wallet | ChainWallet


class ClientFailed(Exception):
    """What the client said when it refused to do something."""


class RealClient:
    """One installation of an account, in a process of its own; a context
    manager.

    host: URL of a node.
    account: whose inbox it is in.
    inbox_id: another inbox to be in, which the account is a member of.
    """

    def __init__(
        self, host: str, account: Account, inbox_id: str | None = None
    ) -> None:
        self._host = host
        self._account = account
        self._inbox_id = inbox_id

    def __enter__(self) -> Self:
        self._errors = tempfile.TemporaryFile(mode="w+", encoding="utf-8")
        self._process = subprocess.Popen(
            ["node", "client.mjs"],
            cwd=_HERE,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            encoding="utf-8",
        )
        try:
            opened = self._ask(
                "open",
                host=self._host,
                identifier=_shown(self._account),
                inboxId=self._inbox_id,
            )
        except BaseException:
            self._end()
            raise
        self.inbox_id: str = opened["inboxId"]
        self.installation: str = opened["installation"]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def _end(self) -> None:
        self._process.kill()
        self._process.communicate()
        self._errors.close()

    def register(self, by: Account | None = None, *, pinned: bool = False) -> None:
        """Add the installation, and create the inbox if it is not there.

        by: who signs in the account's place.
        pinned: see `update`.
        """
        self._sign("create", None, [by or self._account], pinned=pinned)
        self._ask("register")

    def update(
        self,
        what: str,
        member: Account,
        *signers: Account,
        pinned: bool = False,
    ) -> None:
        """Publish an update about a member: "add" (which the installation signs
        as well), "revoke" or "changeRecovery".

        pinned: whether smart wallets sign at their block; else at the one that
            the node answers with.
        """
        self._sign(what, member, signers, pinned=pinned)
        self._ask("apply")

    def state(self, inbox_id: str | None = None) -> dict[str, Any]:
        """What it makes of an inbox, its own unless said, sorted."""
        if inbox_id is None:
            shown = self._ask("state")
        else:
            shown = self._ask("stateOf", inboxId=inbox_id)
        return {
            "inbox": shown["inboxId"],
            "recovery": shown["recoveryIdentifier"]["identifier"],
            "accounts": sorted(one["identifier"] for one in shown["identifiers"]),
            "installations": sorted(one["id"] for one in shown["installations"]),
        }

    def _sign(
        self,
        what: str,
        member: Account | None,
        signers: Sequence[Account],
        *,
        pinned: bool,
    ) -> None:
        identifier = None if member is None else _shown(member)
        text = self._ask("prepare", update=what, identifier=identifier).encode()
        for signer in signers:
            signature = signer.raw(text).hex()
            if isinstance(signer, ChainWallet):
                self._ask(
                    "signAsSmartWallet",
                    identifier=_shown(signer),
                    signature=signature,
                    chainId=signer.chain_id,
                    block=signer.block if pinned else None,
                )
            else:
                self._ask("signAsKey", signature=signature)

    def _ask(self, op: str, **arguments: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"op": op, **arguments}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            self._errors.seek(0)
            raise AssertionError(f"Node.js ended early:\n{self._errors.read()[-2000:]}")
        answer = json.loads(line)
        if "error" in answer:
            raise ClientFailed(answer["error"].partition(_STATISTICS)[0].strip())
        return answer["value"]


def as_the_client_shows(state: AssociationState) -> dict[str, Any]:
    """A state of ours in the form of `RealClient.state`."""
    values: dict[bool, list[str]] = {True: [], False: []}
    for member in state.root:
        values[member.kind == "installation"].append(member.value)
    return {
        "inbox": state.inbox_id,
        "recovery": state.recovery.value,
        "accounts": sorted(values[False]),
        "installations": sorted(values[True]),
    }


def _shown(account: Account) -> dict[str, Any]:
    """As the bindings name it."""
    return {"identifier": account.value, "identifierKind": 0}
