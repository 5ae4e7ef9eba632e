"""A signature proves its signer and its text, to the last bit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from ...identifier import MemberIdentifier
from ...kinds import SignatureItem, VerifiedSignature
from ..bench import ALICE, BOB
from ..calls import attempt, describe, proves
from ..results import NotChecked
from ..variants import bit_flips, stream
from .base import Check, numbered

if TYPE_CHECKING:
    from ..bench import Bench, Signed

__all__ = [
    "FlippedIdentifier",
    "FlippedSignature",
    "FlippedText",
    "Forgeries",
    "Signers",
    "Vectors",
]

_LOOSE: Final = 16
"""A bit in so many may be flipped without harm: v in a recoverable signature."""

_FEWEST_LOOSE: Final = 8


class Signers(Check):
    """The owner of a key can sign, and what proves one key does not prove another."""

    name = "signers"
    group = "signatures"
    fix = (
        "Give the case a signer for every proof; let `word_key` be the signer's key in "
        "one encoding, and nothing else."
    )

    def look(self, bench: Bench) -> Iterator[str]:
        """Sign and verify, with two keys and two texts each."""
        keys: dict[bytes, MemberIdentifier] = {}
        unused = set(bench.kind.proofs)
        for name in bench.makers:
            own: set[bytes] = set()
            for person, tag in ((ALICE, "1"), (ALICE, "2"), (BOB, "1")):
                signed = bench.sign(name, person, f"signers {tag}")
                if signed.wire.number not in bench.kind.proofs:
                    yield f"{name} signs with the number {signed.wire.number}."
                    continue
                unused.discard(signed.wire.number)
                answer = bench.verify_one(signed.wire.number, signed.item)
                if not isinstance(answer, VerifiedSignature):
                    yield f"A signature of {name} is refused: {describe(answer)}"
                    continue
                if answer.signer != signed.identifier:
                    yield f"{name} signed, and {answer.signer.value!r} is proven."
                if keys.setdefault(answer.word_key, signed.identifier) != (
                    signed.identifier
                ):
                    yield f"Two signers of {name} have one word key."
                if person == ALICE:
                    own.add(answer.word_key)
                yield from _admission(bench, name, signed, answer)
            if len(own) > 1:
                yield f"A signer of {name} has another word key for each text."
        for number in sorted(unused):
            yield f"No signer of the case makes signatures of the proof {number}."


def _admission(
    bench: Bench, name: str, signed: Signed, verified: VerifiedSignature
) -> Iterator[str]:
    refused = attempt(bench.kind.admit, signed.identifier)
    if refused is not None:
        yield f"The identifier of {name} is not admitted: {describe(refused)}"
    admit = bench.kind.proofs[signed.wire.number].admit
    if admit is not None:
        refused = attempt(admit, signed.item, verified, None)
        if refused is not None:
            yield f"A signature of {name} is not admitted: {describe(refused)}"


class Vectors(Check):
    """What real wallets made is taken, and what attackers made is not."""

    name = "vectors"
    group = "signatures"
    fix = "Record signatures of the wallets that people use, and let them verify."

    def look(self, bench: Bench) -> Iterator[str]:
        """Verify what was made elsewhere."""
        vectors = bench.case.vectors
        if not vectors:
            raise NotChecked("the case has no vectors of real wallets")
        for vector in vectors:
            identifier = attempt(bench.kind.parse, vector.identifier)
            if not isinstance(identifier, MemberIdentifier):
                # A forgery may well be for what is no identifier at all.
                if vector.valid:
                    yield f"{vector.source}: {describe(identifier)}"
                continue
            number = vector.number or min(bench.kind.proofs)
            item = bench.item(vector.text.encode(), vector.payload, identifier)
            answer = bench.verify_one(number, item)
            if proves(answer, identifier) != vector.valid:
                yield f"{vector.source}: {describe(answer)}"
        sources = {vector.source for vector in vectors}
        self.note = f"{len(vectors)} vectors of {len(sources)} sources"


class Forgeries(Check):
    """Nobody can sign for another with bytes that no key made."""

    name = "forgeries"
    group = "signatures"
    fix = "Verify with the library's strict function, and let nothing but it say yes."

    def look(self, bench: Bench) -> Iterator[str]:
        """Give bytes that look like signatures."""
        for name, signed in bench.signed_by_all(ALICE, "forgeries"):
            other = bench.sign(name, ALICE, "forgeries, another text")
            payload = signed.wire.payload
            # Where the halves of two signatures are alike, a splice is no forgery.
            forged = sorted({*_forged(payload, other.wire.payload)} - {payload})
            items = [bench.item(signed.text, one, signed.identifier) for one in forged]
            answers = bench.verify(signed.wire.number, items)
            for one, answer in zip(forged, answers, strict=True):
                if proves(answer, signed.identifier):
                    yield f"{name}: {one.hex()[:80]!r} is taken for a signature."


def _forged(payload: bytes, other: bytes) -> Iterator[bytes]:
    """Bytes that no signer made."""
    size, middle = len(payload), len(payload) // 2
    yield b""
    yield b"\0"
    for length in {max(size, 1), 32, 64, 65, 72, 96}:
        yield bytes(length)
        yield b"\xff" * length
        yield b"\x01" + bytes(length - 1)
        yield stream("forgery", length)
    # R is the neutral point and S is 0: valid for keys of small order.
    yield b"\x01" + bytes(63)
    yield payload[:middle]
    yield payload[middle:]
    if other != payload and len(other) == size:
        yield other
        yield payload[:middle] + other[middle:]
        yield other[:middle] + payload[middle:]
    for start in range(0, size - 31, 8):
        # Wherever r, s, R or S stand: no signature with a zero in their place.
        yield payload[:start] + bytes(32) + payload[start + 32 :]


class FlippedSignature(Check):
    """A damaged signature is refused; where a bit does not matter, it still proves
    the same signer and text, and counts as the same word."""

    name = "flipped-signature"
    group = "signatures"
    fix = (
        "Check every byte of the payload, its length too; what may differ must not "
        "come into `word_key`."
    )

    def look(self, bench: Bench) -> Iterator[str]:
        """Flip each bit of each signature."""
        known = bench.known()
        most = 0
        for name, signed in bench.signed_by_all(ALICE, "flipped-signature"):
            whole = bench.verify_one(signed.wire.number, signed.item)
            flips = list(enumerate(bit_flips(signed.wire.payload)))
            tried = bench.affordable(signed.wire.number, signed.item, flips)
            items = [
                bench.item(signed.text, payload, signed.identifier)
                for _, payload in tried
            ]
            answers = bench.verify(signed.wire.number, items)
            loose: list[int] = []
            for (bit, _), answer in zip(tried, answers, strict=True):
                if not isinstance(answer, VerifiedSignature):
                    continue
                if proves(answer, signed.identifier):
                    loose.append(bit)
                    if (
                        isinstance(whole, VerifiedSignature)
                        and answer.word_key != whole.word_key
                    ):
                        yield f"{name}: with bit {bit} flipped it is another word."
                elif bench.is_leaf or answer.signer in known:
                    yield f"{name}: with bit {bit} flipped it proves {answer.signer}."
            most = max(most, len(loose))
            if len(loose) > max(_FEWEST_LOOSE, len(tried) // _LOOSE):
                yield f"{name}: nobody looks at the bits {numbered(loose)}."
        self.note = f"at most {most} bits of a signature do not matter"


class FlippedText(Check):
    """A signature is of one text alone: each letter of it is what was agreed to."""

    name = "flipped-text"
    group = "signatures"
    fix = "Sign and verify the bytes of the text as they come, all of them."

    def look(self, bench: Bench) -> Iterator[str]:
        """Flip each bit of a text; for further signers, a bit of each byte."""
        for name, signed in bench.signed_by_all(ALICE, "flipped-text"):
            flips = list(enumerate(bit_flips(signed.text)))
            changed = [
                (bit, bench.item(text, signed.wire.payload, signed.identifier))
                for bit, text in (flips if name == "signer" else flips[::9])
            ]
            yield from _passing(bench, name, signed, changed, "of the text")


def _passing(
    bench: Bench,
    name: str,
    signed: Signed,
    changed: Sequence[tuple[int, SignatureItem]],
    of: str,
) -> Iterator[str]:
    """The items, each with the bit that is flipped in it, for which the signature
    passes and must not."""
    tried = bench.affordable(signed.wire.number, signed.item, changed)
    answers = bench.verify(signed.wire.number, [item for _, item in tried])
    passing = [
        bit
        for (bit, item), answer in zip(tried, answers, strict=True)
        if proves(answer, item.identifier or signed.identifier)
    ]
    if passing:
        yield f"{name}: it passes with bit {numbered(passing)} {of} flipped."


class FlippedIdentifier(Check):
    """A damaged key or address is refused or is another's, for whom the signature
    does not count."""

    name = "flipped-identifier"
    group = "signatures"
    fix = (
        "Verify against the key that the identifier stands for, read strictly; give "
        "identifiers a checksum or one encoding."
    )

    def look(self, bench: Bench) -> Iterator[str]:
        """Flip each bit of each identifier, as text and as bytes."""
        kind = bench.kind
        for name, signed in bench.signed_by_all(ALICE, "flipped-identifier"):
            own = signed.identifier
            decoded = [
                attempt(kind.decode, payload) for payload in bit_flips(kind.encode(own))
            ]
            # A root kind takes what the network takes, and its signatures say
            # themselves whose they are.
            if not bench.is_leaf:
                continue
            same = [bit for bit, one in enumerate(decoded) if one == own]
            if same:
                yield f"{name}: bit {numbered(same)} of the encoded key do not matter."
            values = bit_flips(own.value.encode("latin-1", "replace"))
            others = [
                MemberIdentifier(kind.name, value.decode("latin-1")) for value in values
            ]
            for what, identifiers in (("encoded key", decoded), ("identifier", others)):
                changed = [
                    (bit, bench.item(signed.text, signed.wire.payload, one))
                    for bit, one in enumerate(identifiers)
                    if isinstance(one, MemberIdentifier)
                ]
                yield from _passing(bench, name, signed, changed, f"of the {what}")
