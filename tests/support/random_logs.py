"""Random logs: mostly sensible, some of it not, all from one seed.

The same few keys come back all the time, so that updates build on each
other. What a log holds: root and leaf updates, old entries again, entries of
unknown kinds, nothing, and junk.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final, TypeVar

from hypothesis import strategies as st

from xmtp_identity.kinds import Context

from .chain import StubChain
from .leaf_kinds import leaf_a, leaf_b, leaf_chain
from .protobuf import length, uint
from .signers import (
    Installation,
    LegacyKey,
    Passkey,
    Signer,
    Wallet,
    WeakInstallation,
    smart_wallet,
)
from .updates import SECOND, Action, Add, Change, Create, Inbox, Revoke

T = TypeVar("T")

WALLETS: Final = [Wallet(f"random {index}") for index in range(3)]
PASSKEYS: Final = [
    Passkey("random", high_s=False),
    Passkey("random", high_s=True),
    Passkey("random", compressed=True),
]
APPS: Final = [Installation("random 0"), Installation("random 1")]
SAFES: Final = [smart_wallet("random", 1), smart_wallet("random", 10)]
ROOTS: Final[list[Signer]] = [
    *WALLETS,
    *WALLETS,
    *PASSKEYS,
    *APPS,
    SAFES[0],
    SAFES[1],
    WeakInstallation(),
    LegacyKey(WALLETS[0]),
]
LEAVES: Final[list[list[Signer]]] = [
    [leaf_a("0"), leaf_a("1")],
    [leaf_b("0"), leaf_b("1")],
    [leaf_chain("0"), leaf_chain("1")],
]

seeds: Final = st.integers(min_value=0, max_value=2**32 - 1)
"""What a random log is made from; a failing example is its seed."""


@dataclass
class RandomLog:
    """A random log, and what verifiers may ask when it is replayed.

    chains: whether smart wallets and chain leaves are to occur.
    """

    seed: int
    size: int = 12
    chains: bool = True
    inbox: Inbox = field(init=False)
    context: Context = field(init=False)

    def __post_init__(self) -> None:
        self._random = Random(self.seed)
        owners: list[Signer] = [*WALLETS, PASSKEYS[0]]
        owner = self._pick(owners)
        self.inbox = Inbox(owner, self._pick([0, 0, 0, 1]))
        self._recovery: Signer = owner
        self._members: list[Signer] = [owner]
        while len(self.inbox.log) < self.size:
            self._step()
        self.context = self._make_context()

    @property
    def inbox_id(self) -> str:
        return self.inbox.inbox_id

    @property
    def log(self) -> list[bytes | None]:
        return self.inbox.log

    def _pick(self, choices: Sequence[T]) -> T:
        return self._random.choice(choices)

    def _step(self) -> None:
        steps: list[tuple[int, Callable[[], None]]] = [
            (10, self._root_update),
            (10, self._leaf_update),
            (2, self._old_entry),
            (1, self._old_text),
            (1, self._unknown),
            (1, self._nothing),
            (1, self._several),
            (1, self._mixed_leaves),
        ]
        weights = [weight for weight, _ in steps]
        (step,) = self._random.choices([step for _, step in steps], weights)
        step()

    def _root_update(self) -> None:
        self.inbox.append(*[self._root_action() for _ in range(self._pick([1, 1, 2]))])

    def _root(self) -> Signer:
        signer = self._pick(ROOTS)
        if not self.chains and signer in SAFES:
            return WALLETS[0]
        return signer

    def _adder(self) -> Signer:
        return self._pick([self._recovery, self._pick(self._members), self._root()])

    def _revoker(self) -> Signer:
        return self._pick([self._recovery, self._recovery, self._root()])

    def _root_action(self) -> Action:
        which = self._random.random()
        if which < 0.6:
            new = self._root()
            self._members.append(new)
            return Add(new, self._adder())
        if which < 0.8:
            return Revoke(self._pick([*self._members, self._root()]), self._revoker())
        if which < 0.95:
            by, to = self._revoker(), self._root()
            if by is self._recovery and to.identifier_kind:
                self._recovery = to
            return Change(to, by)
        return Create(self.inbox.owner)

    def _leaf_update(self) -> None:
        leaves = self._pick(LEAVES if self.chains else LEAVES[:2])
        actions = [self._leaf_action(leaves) for _ in range(self._pick([1, 1, 2]))]
        self.inbox.append_leaf(*actions)

    def _leaf_action(self, leaves: list[Signer]) -> Action:
        leaf = self._pick(leaves)
        if self._random.random() < 0.7:
            signed_by = self._pick([None, None, None, None, self._pick(leaves)])
            return Add(leaf, self._adder(), signed_by)
        return Revoke(leaf, self._revoker())

    def _old_entry(self) -> None:
        self.inbox.push(self._pick(self.log))

    def _old_text(self) -> None:
        """The text of the entry before once more, as likely by another signer."""
        self.inbox.time_ns -= SECOND
        self._root_update()

    def _unknown(self) -> None:
        update = self.inbox.update(Add(WALLETS[1], self._recovery))
        unknown = length(1, length(self._pick([7, 100]), b"future"))
        self.inbox.push(unknown + update)

    def _nothing(self) -> None:
        self.inbox.push(self._pick([None, b"", b"\xff", uint(2, 1)]))

    def _several(self) -> None:
        update = self.inbox.update(Add(WALLETS[2], self._recovery))
        self.inbox.push(update + uint(100, 1))

    def _mixed_leaves(self) -> None:
        self.inbox.append_leaf(
            self._leaf_action(LEAVES[0]), self._leaf_action(LEAVES[1])
        )

    def _make_context(self) -> Context:
        """Chains that are there or away, and leaf keys that a chain says yes to,
        no to, or nothing."""
        away = self._pick([[], [], [1], [10], [1, 10]])
        verdicts = {
            leaf.value: verdict
            for leaf in LEAVES[2]
            if (verdict := self._pick([True, True, True, False, None])) is not None
        }
        return {"ethereum": StubChain(frozenset(away)), "testchain": verdicts}
