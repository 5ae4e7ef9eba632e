"""Verdicts that can't change any more, kept for the next replay."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from threading import Lock

from ..smart_wallet import Invalid, SmartWalletRequest, Valid

__all__ = ["VerdictCache"]


class VerdictCache:
    """A bounded memory of verdicts; threads may share it.

    Who puts a verdict in says that its block is final: a verdict of any other
    block may be another one tomorrow.
    """

    def __init__(self, entries: int) -> None:
        """entries: how many verdicts at most, about 200 bytes each; 0 keeps none."""
        self._entries = entries
        self._verdicts: OrderedDict[bytes, Valid | Invalid] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._verdicts)

    def get(self, request: SmartWalletRequest) -> Valid | Invalid | None:
        """What is known of a request."""
        if not self._verdicts:
            return None
        key = _key(request)
        with self._lock:
            verdict = self._verdicts.get(key)
            if verdict is not None:
                self._verdicts.move_to_end(key)
            return verdict

    def put(self, request: SmartWalletRequest, verdict: Valid | Invalid) -> None:
        """Remember a verdict for ever, or until there are too many others."""
        if not self._entries:
            return
        key = _key(request)
        with self._lock:
            self._verdicts[key] = verdict
            self._verdicts.move_to_end(key)
            if len(self._verdicts) > self._entries:
                self._verdicts.popitem(last=False)


def _key(request: SmartWalletRequest) -> bytes:
    """All that a verdict depends on. A hash, for signatures may be long.

    Not the account as it is written: the same wallet has several spellings.
    """
    # The signature, of any length, stands last; all before it has a fixed one.
    digest = hashlib.sha256(
        request.chain_id.to_bytes(8, "big")
        + request.block_number.to_bytes(8, "big")
        + bytes.fromhex(request.address[2:])
        + request.hash
    )
    digest.update(request.signature)
    return digest.digest()
