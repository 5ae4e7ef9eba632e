"""Clients that differ in their plugins, and how what they see is compared.

Each distinct valid signature is verified once in a process and remembered:
the verdict is the plugin's own, and a hundred thousand logs become cheap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Final

from tests.support.leaf_kinds import CHAIN, CRASH, TESTA

from xmtp_identity import Kind, Registry, load_registry
from xmtp_identity.errors import SignatureError
from xmtp_identity.kinds import (
    Context,
    Proof,
    SignatureItem,
    VerifiedSignature,
    VerifyMany,
)

PLUGINS: Final = ("ethereum", "passkey", "solana", "bitcoin")
LEAVES: Final = ("solana", "bitcoin", "testa", "testchain", "testcrash")
"""The leaf kinds: two plugins', and of the experiments one that is plain, one
that asks a chain, and one that breaks."""

_MOST_REMEMBERED: Final = 1 << 16


class Remembered:
    """A verifier that is asked once for what it called valid.

    For verifiers that ask nobody else. Errors are made anew: raising one
    changes it.
    """

    def __init__(self, verify: VerifyMany) -> None:
        self._verify = verify
        self._known: dict[SignatureItem, VerifiedSignature] = {}

    def __call__(
        self, items: Sequence[SignatureItem], context: Context
    ) -> list[VerifiedSignature | SignatureError]:
        known = self._known
        new = [item for item in items if item not in known]
        answers: dict[SignatureItem, VerifiedSignature | SignatureError] = {}
        if new:
            answers = dict(zip(new, self._verify(new, context), strict=True))
            if len(known) > _MOST_REMEMBERED:
                kept = {item: known[item] for item in items if item in known}
                known.clear()
                known |= kept
            known |= {
                item: answer
                for item, answer in answers.items()
                if isinstance(answer, VerifiedSignature)
            }
        return [known.get(item) or answers[item] for item in items]


def remembering(kind: Kind) -> Kind:
    """The kind, whose verifiers remember."""
    proofs = {
        number: proof if _asks_others(kind, proof) else _remembered(proof)
        for number, proof in kind.proofs.items()
    }
    return replace(kind, proofs=proofs)


def _asks_others(kind: Kind, proof: Proof) -> bool:
    return kind in (CHAIN, CRASH) or proof.name == "erc_6492"


def _remembered(proof: Proof) -> Proof:
    return replace(proof, verify_many=Remembered(proof.verify_many))


@cache
def every_kind() -> dict[str, Kind]:
    """All kinds by name."""
    plugins = load_registry(allow=PLUGINS, strict=True)
    kinds = (*plugins.kinds, TESTA, CHAIN, CRASH)
    return {kind.name: remembering(kind) for kind in kinds}


@cache
def client(leaves: frozenset[str], roots: frozenset[str]) -> Registry:
    """A client with these kinds; every client has installation keys."""
    wanted = {"installation", *roots, *leaves}
    return Registry(kind for name, kind in every_kind().items() if name in wanted)


XMTP: Final = frozenset({"ethereum", "passkey"})
"""The root kinds that have plugins."""

NO_LEAVES: Final[frozenset[str]] = frozenset()
ALL_LEAVES: Final = frozenset(LEAVES)
