"""Items of every sort, good and bad, for the checks that compare calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..identifier import MemberIdentifier
from ..kinds import SignatureItem
from .bench import ALICE, BOB
from .variants import stream

if TYPE_CHECKING:
    from .bench import Bench

__all__ = ["pool_of"]


def pool_of(bench: Bench, tag: str) -> dict[int, list[SignatureItem]]:
    """Items by the number of the proof they are for.

    tag: makes the texts; with another tag all signatures are new.
    """
    pool: dict[int, list[SignatureItem]] = {}
    for name in bench.makers:
        alice = bench.sign(name, ALICE, f"{tag}, {name}")
        bob = bench.sign(name, BOB, f"{tag}, {name}, Bob")
        other = bench.sign(name, ALICE, f"{tag}, {name}, another")
        payload = alice.wire.payload
        middle = len(payload) // 2
        damaged = bytes((payload[middle] ^ 1,))
        bad = [
            payload[:middle] + damaged + payload[middle + 1 :],
            payload[:-1],
            b"",
            bytes(len(payload)),
            stream(tag, len(payload)),
        ]
        items = pool.setdefault(alice.wire.number, [])
        items += [
            alice.item,
            other.item,
            bob.item,
            bench.item(bob.text, payload, alice.identifier),
            bench.item(alice.text, payload, bob.identifier),
            *(bench.item(alice.text, one, alice.identifier) for one in bad),
            alice.item,
        ]
        if bench.is_leaf:
            stranger = MemberIdentifier(bench.kind.name, "nobody")
            items += [
                SignatureItem(alice.text, payload, None),
                SignatureItem(alice.text, payload, stranger),
            ]
    return pool
