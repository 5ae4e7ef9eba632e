"""The texts of real updates."""

from __future__ import annotations

from tests.support.updates import START, inbox_id_for, signed_text

from .wallets import ChainWallet

__all__ = ["text_for"]


def text_for(wallet: ChainWallet) -> bytes:
    """What a wallet signs that creates its inbox, named by the account."""
    lines = [f"- Create inbox\n  (Owner: {wallet.value})"]
    return signed_text(inbox_id_for(wallet), START, lines)
