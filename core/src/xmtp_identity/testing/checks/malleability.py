"""Signatures that can be changed without the key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...kinds import VerifiedSignature
from ..bench import ALICE
from ..calls import proves
from ..twins import twins_of
from .base import Check

if TYPE_CHECKING:
    from ..bench import Bench

__all__ = ["Twins"]


class Twins(Check):
    """Whoever sees a signature can't make a second one of it and use it where the
    first was used up."""

    name = "twins"
    group = "signatures"
    fix = (
        "Refuse what signers don't make (high s, S from L on, other encodings), or let "
        "`word_key` be the key alone, so that the twin counts as the same word."
    )

    def look(self, bench: Bench) -> Iterator[str]:
        """Make the twins of each signature, and see what they prove."""
        known = bench.known()
        taken = 0
        for name, signed in bench.signed_by_all(ALICE, "twins"):
            whole = bench.verify_one(signed.wire.number, signed.item)
            if not isinstance(whole, VerifiedSignature):
                continue
            twins = bench.affordable(
                signed.wire.number, signed.item, list(twins_of(signed.wire.payload))
            )
            items = [
                bench.item(signed.text, payload, signed.identifier)
                for _, payload in twins
            ]
            answers = bench.verify(signed.wire.number, items)
            for (what, _), answer in zip(twins, answers, strict=True):
                if not isinstance(answer, VerifiedSignature):
                    continue
                if proves(answer, signed.identifier):
                    taken += 1
                    if answer.word_key != whole.word_key:
                        yield f"{name}: a twin ({what}) is another word of the signer."
                elif bench.is_leaf or answer.signer in known:
                    yield f"{name}: a twin ({what}) proves {answer.signer.value!r}."
        self.note = (
            "no twin is taken"
            if not taken
            else f"{taken} twins are taken, each as the same word"
        )
