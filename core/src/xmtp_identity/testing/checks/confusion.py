"""A signature counts for one account, one text and one kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...errors import IdentityError
from ...kinds import Context, Kind, SignatureItem, Signer
from ...protocol.text import kind_lines, signature_text
from ..bench import ALICE, BOB, seed_of
from ..calls import Crash, attempt, proves, verify_each
from ..discovery import installed_cases
from ..root_kind import TEST_ROOT, TestRootSigner
from .base import Check

if TYPE_CHECKING:
    from ..bench import Bench, Signed

__all__ = ["OtherAccount", "OtherKind", "OtherText"]


class OtherAccount(Check):
    """Nobody can link an account that is not theirs with a signature of their own."""

    name = "other-account"
    group = "signatures"
    fix = (
        "Compare the key that verifies with the identifier; never trust a key or an "
        "address that stands in the signature."
    )

    def look(self, bench: Bench) -> Iterator[str]:
        """Let Bob sign what names Alice."""
        for name, alice in bench.signed_by_all(ALICE, "other-account"):
            for other in bench.makers:
                bob = bench.sign(other, BOB, "", alice.text.decode())
                if bob.wire.number != alice.wire.number:
                    continue
                items = [
                    alice.item,
                    bench.item(alice.text, bob.wire.payload, alice.identifier),
                    bob.item,
                    bench.item(alice.text, alice.wire.payload, bob.identifier),
                ]
                answers = bench.verify(bob.wire.number, items)
                if proves(answers[1], alice.identifier):
                    yield f"Another account's signature ({other}) passes for {name}."
                if proves(answers[3], bob.identifier):
                    yield f"A signature by {name} passes for another account."


class OtherText(Check):
    """Consent to one thing is not consent to another: not for another inbox, at
    another time, or with a word changed."""

    name = "other-text"
    group = "signatures"
    fix = "Sign the text as it is: don't strip, normalise, parse or shorten it."

    def look(self, bench: Bench) -> Iterator[str]:
        """Show a signature with texts that are close to its own."""
        for name, signed in bench.signed_by_all(ALICE, "other-text"):
            texts = list(self._texts(bench, signed))
            items = [
                bench.item(text, signed.wire.payload, signed.identifier)
                for text in texts
            ]
            answers = bench.verify(signed.wire.number, items)
            for text, answer in zip(texts, answers, strict=True):
                if proves(answer, signed.identifier):
                    yield f"{name}: it passes for the text {text[-200:]!r} too."

    @staticmethod
    def _texts(bench: Bench, signed: Signed) -> Iterator[bytes]:
        own, text = signed.identifier, signed.text
        plain = text.decode()
        for other in (
            bench.text("another inbox", own),
            bench.text("other-text", own, unlink=True),
            plain.replace("- Link", "- Unlink", 1) + "\n",
            plain.replace("Inbox ID: ", "Inbox ID: 0", 1),
            plain.replace("Z\n", "z\n", 1),
            plain.replace("\n", "\r\n"),
            plain.replace("\n", " "),
            plain.replace("\n\n", "\n"),
            plain.replace(" ", ""),
            plain.replace(" ", "\u00a0"),
            plain.casefold(),
            plain.upper(),
            plain.rstrip("s"),
            plain[: len(plain) // 2],
            plain[len(plain) // 2 :],
            plain[::-1],
            plain + plain,
            "",
        ):
            if other != plain:
                yield other.encode()
        for extra in (
            b"\n",
            b"\r\n",
            b" ",
            b"\0",
            b"\t",
            b"\xff",
            b"\xef\xbb\xbf",
            b".",
        ):
            yield text + extra
            yield extra + text
        yield text + b"\0" * 64
        yield text[:-1]
        yield text[1:]


@dataclass(frozen=True, slots=True)
class _Neighbour:
    """A signer of another kind."""

    kind: Kind
    signer: Signer
    context: Context


class OtherKind(Check):
    """One key may serve in two kinds, and what it signs in one is no signature in
    the other."""

    name = "other-kind"
    group = "signatures"
    fix = (
        "Let what is signed begin with something that no other kind signs, as the "
        "prefixes of wallets do; read only this kind's form of signatures."
    )

    def look(self, bench: Bench) -> Iterator[str]:
        """Show signatures to the verifiers of other kinds and proofs."""
        yield from self._own_proofs(bench)
        neighbours = list(_neighbours(bench))
        self.note = f"beside {', '.join(sorted({n.kind.name for n in neighbours}))}"
        for name in bench.makers:
            for neighbour in neighbours:
                yield from self._beside(bench, name, neighbour)

    @staticmethod
    def _own_proofs(bench: Bench) -> Iterator[str]:
        """A payload of one proof is none of another."""
        for name, signed in bench.signed_by_all(ALICE, "other-kind"):
            for number in bench.kind.proofs:
                if number != signed.wire.number:
                    answer = bench.verify_one(number, signed.item)
                    if proves(answer, signed.identifier):
                        yield f"A signature of {name} passes for the proof {number}."

    @staticmethod
    def _beside(bench: Bench, name: str, other: _Neighbour) -> Iterator[str]:
        """A leaf's text is signed by it and by roots; so who signs the same text
        are roots, and a leaf beside roots. Two leaves never sign one text."""
        own = bench.signer(name, ALICE)
        own_text = bench.text(f"other-kind {name}", own.identifier)
        other_text = own_text
        if not other.kind.is_root:
            other_text = _text_of(other)
            if not bench.is_leaf:
                own_text = other_text
        theirs = other.signer.sign(other_text)
        ours = bench.sign(name, ALICE, "", own_text)
        for number in bench.kind.proofs:
            item = bench.item(own_text.encode(), theirs.payload, own.identifier)
            if proves(bench.verify_one(number, item), own.identifier):
                yield f"A signature of {other.kind.name} passes for one of {name}."
        for proof in other.kind.proofs.values():
            item = SignatureItem(
                other_text.encode(),
                ours.wire.payload,
                None if other.kind.is_root else other.signer.identifier,
            )
            (answer,) = verify_each(proof, [item], other.context)
            if proves(answer, other.signer.identifier):
                yield f"A signature of {name} passes for one of {other.kind.name}."


def _neighbours(bench: Bench) -> Iterator[_Neighbour]:
    """Signers of other kinds, with Alice's seed: where two kinds use one sort of
    key, the very same key."""
    seed = seed_of(ALICE)
    if bench.kind.number != TEST_ROOT.number:
        yield _Neighbour(TEST_ROOT, TestRootSigner(seed), {})
    for case in installed_cases():
        if case.kind.extension == bench.kind.extension:
            continue
        for maker in (case.signer, *case.other_signers.values()):
            signer = attempt(maker, seed)
            if not isinstance(signer, IdentityError | Crash):
                yield _Neighbour(case.kind, signer, case.context)


def _text_of(neighbour: _Neighbour) -> str:
    lines = kind_lines(neighbour.kind.noun)
    return signature_text(
        "cd" * 32, 1, [f"{lines.link}{neighbour.signer.identifier.value})"]
    )
