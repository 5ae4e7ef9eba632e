"""The bench on which a kind is tested: its registry, signers and texts."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Final, TypeVar

from ..errors import PluginError
from ..installation import INSTALLATION
from ..kinds import Kind, SignatureItem, Signer, WireSignature
from ..protocol.text import KindLines, kind_lines, signature_text
from ..registry import INSTALLATION_NAME, Registry
from .calls import Answer, verify_each
from .results import NotChecked
from .root_kind import TEST_ROOT

if TYPE_CHECKING:
    from ..identifier import MemberIdentifier
    from .case import ConformanceCase

__all__ = ["ALICE", "BOB", "Bench", "Options", "Signed", "seed_of"]

_T = TypeVar("_T")

ALICE: Final = "alice"
BOB: Final = "bob"

_NS_PER_SECOND: Final = 1_000_000_000
_START: Final = 1_750_000_000
_SPAN: Final = 10_000_000


@dataclass(frozen=True, slots=True)
class Options:
    """How much is tried.

    examples: how many inputs Hypothesis makes for each function.
    seconds: how long a check may verify for one signer; where a proof takes so
        long that this is not enough, a part of the items, evenly spread, is all
        that is tried.
    """

    examples: int = 100
    seconds: float = 20.0


@dataclass(frozen=True, slots=True)
class Signed:
    """A text with a signature of it, and whose it is."""

    text: bytes
    wire: WireSignature
    identifier: MemberIdentifier
    item: SignatureItem


def seed_of(name: str) -> bytes:
    """The seed of the signers of one person."""
    return sha256(f"xmtp-identity conformance kit: {name}".encode()).digest()


class Bench:
    """A case, prepared. It keeps no results; each check signs texts of its own,
    so that none depends on what another one did before.

    in_part: whether the present check tried a part of its items (`affordable`).
    """

    def __init__(self, case: ConformanceCase, options: Options | None = None) -> None:
        self.case = case
        self.kind: Kind = case.kind
        self.options = options or Options()
        self.in_part = False
        self.makers = {"signer": case.signer, **case.other_signers}
        self.signer = cache(self._make_signer)

    @property
    def is_leaf(self) -> bool:
        """Whether it is a leaf kind."""
        return not self.kind.is_root

    @cached_property
    def isolated(self) -> Registry | PluginError:
        """The kind with the kit's root kind and the core's, and no other plugin;
        or why it can't be registered."""
        others = [
            other
            for other in (TEST_ROOT, INSTALLATION)
            if other.number != self.kind.number
        ]
        try:
            return Registry([*others, self.kind])
        except PluginError as error:
            return error

    @property
    def registry(self) -> Registry:
        """As `isolated`; raises `NotChecked` if there is none."""
        if isinstance(self.isolated, PluginError):
            raise NotChecked(f"the kind can't be registered ({self.isolated.code})")
        return self.isolated

    @property
    def lines(self) -> KindLines:
        """How the kind's lines in the signed text begin."""
        if self.kind.name == INSTALLATION_NAME:
            return self.registry.lines[INSTALLATION_NAME]
        return kind_lines(self.kind.noun)

    def text(
        self, tag: str, identifier: MemberIdentifier, *, unlink: bool = False
    ) -> str:
        """The text of an update that links an identifier, or unlinks it.

        tag: makes inbox and time; another tag gives another text.
        """
        digest = sha256(tag.encode()).digest()
        second = _START + int.from_bytes(digest[:4]) % _SPAN
        begin = self.lines.unlink if unlink else self.lines.link
        return signature_text(
            digest.hex(), second * _NS_PER_SECOND, [f"{begin}{identifier.value})"]
        )

    def sign(self, name: str, person: str, tag: str, text: str | None = None) -> Signed:
        """Let a person sign with the signer of this name.

        text: None signs what links the person's identifier.
        """
        signer = self.signer(name, person)
        if text is None:
            text = self.text(tag, signer.identifier)
        wire = signer.sign(text)
        item = self.item(text.encode(), wire.payload, signer.identifier)
        return Signed(text.encode(), wire, signer.identifier, item)

    def item(
        self, text: bytes, payload: bytes, identifier: MemberIdentifier
    ) -> SignatureItem:
        """An item for the kind's verifiers, which are told of a leaf who it is."""
        return SignatureItem(text, payload, identifier if self.is_leaf else None)

    def signed_by_all(self, person: str, tag: str) -> Iterator[tuple[str, Signed]]:
        """A signature of each of the person's signers, by name."""
        for name in self.makers:
            yield name, self.sign(name, person, f"{tag}, {name}")

    def verify(self, number: int, items: Sequence[SignatureItem]) -> list[Answer]:
        """What the proof of this number says of each item."""
        proof = self.kind.proofs.get(number)
        if proof is None:
            raise NotChecked(f"a signer gives signatures of number {number}")
        return verify_each(proof, items, self.case.context)

    def verify_one(self, number: int, item: SignatureItem) -> Answer:
        """What the proof of this number says of an item."""
        (answer,) = self.verify(number, [item])
        return answer

    def affordable(
        self, number: int, item: SignatureItem, items: Sequence[_T]
    ) -> Sequence[_T]:
        """Of items to verify, as many as there is time for: all of them, if verifying
        ``item``, which is one of them or like them, is not very slow."""
        taken = float("inf")
        for _ in range(2):  # the first may load a library
            start = time.perf_counter()
            self.verify_one(number, item)
            taken = min(taken, time.perf_counter() - start)
        step = 1 + int(len(items) * taken / self.options.seconds)
        self.in_part |= step > 1
        return items[::step]

    def known(self) -> set[MemberIdentifier]:
        """Everyone whose keys the kit holds."""
        return {
            self.signer(name, person).identifier
            for name in self.makers
            for person in (ALICE, BOB)
        }

    def _make_signer(self, name: str, person: str) -> Signer:
        return self.makers[name](seed_of(person))
