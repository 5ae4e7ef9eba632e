"""Who plays in the tests of the protocol, and the inbox that most begin with."""

from __future__ import annotations

from typing import Final

from tests.support.leaf_kinds import leaf_a, leaf_b
from tests.support.signers import Installation, Passkey, Wallet
from tests.support.updates import Add, Inbox

OWNER: Final = Wallet("owner")
OTHER: Final = Wallet("other")
THIRD: Final = Wallet("third")
STRANGER: Final = Wallet("stranger")
APP: Final = Installation("app")
SECOND_APP: Final = Installation("second app")
KEY: Final = Passkey("key")
SOL: Final = leaf_a("sol")
SOL_2: Final = leaf_a("sol two")
BTC: Final = leaf_b("btc")


def rejected(code: str) -> tuple[str, str]:
    return ("rejected", code)


def inbox_of_all() -> Inbox:
    """An inbox of a wallet with another wallet, a passkey and an app."""
    inbox = Inbox(OWNER)
    inbox.append(Add(OTHER, OWNER))
    inbox.append(Add(KEY, OWNER))
    inbox.append(Add(APP, OWNER))
    return inbox
