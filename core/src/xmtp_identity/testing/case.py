"""What the author of a kind gives to the conformance kit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from ..kinds import Context, Kind, SignatureItem, Signer

__all__ = ["SEED_BYTES", "ConformanceCase", "RawCall", "SignerMaker", "Vector"]

SEED_BYTES: Final = 32
"""How long the seeds are from which signers are made."""

SignerMaker = Callable[[bytes], Signer]
"""Makes a signer from a seed of 32 bytes that look random; the same seed makes
the same key, in every signer of a case if they use the same sort of key."""

RawCall = Callable[[SignatureItem], Callable[[], object]]
"""Prepares the bare library call that verifies an item: whatever is not that
call is done before, and the function that comes back does the call alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """A signature that was made elsewhere, best by a real wallet.

    identifier: of the signer, as a person writes it.
    text: what was signed.
    payload: the bytes of the variant in the `Signature` union.
    source: who made it: a wallet and its version, a standard and its section.
    number: of the proof; None takes the kind's first.
    valid: false for a signature that must be refused: a known forgery, say.
    """

    identifier: str
    text: str
    payload: bytes = field(repr=False)
    source: str
    number: int | None = None
    valid: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ConformanceCase:
    """A kind of identity, with what the kit can't know of it.

    kind: as the plugin registers it.
    signer: makes the signers that are usual for the kind.
    valid: identifiers as people write them; three or more of different forms.
    invalid: texts that are close to identifiers and are none; three or more.
    vectors: signatures from real wallets, and forgeries that must be refused.
    other_signers: by name, makers of signers for every other proof of the kind
        and for every other form that a signature of it can have.
    raw_call: for the first signer, what speed is compared with.
    context: what the kind's verifier may ask, under the kind's name; a chain
        that knows the wallets of the signers.
    distribution: the package that provides the kind; without one, what only
        an installed package has is not checked.
    """

    kind: Kind
    signer: SignerMaker
    valid: Sequence[str]
    invalid: Sequence[str]
    vectors: Sequence[Vector] = ()
    other_signers: Mapping[str, SignerMaker] = field(
        default_factory=lambda: MappingProxyType({})
    )
    raw_call: RawCall | None = None
    context: Context = field(default_factory=lambda: MappingProxyType({}))
    distribution: str | None = None
