"""A small world in which each rule matters, and what breaks there.

A dozen entries are enough. The logs of up to three of them can all be tried;
`smallest_breach` looks among longer ones, and makes what it finds smaller.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product
from random import Random
from typing import Final, NamedTuple

from hypothesis import HealthCheck, find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from .clients import XMTP, client
from .scripts import Do, Entry, Leaf, Root, Script
from .theorem import Breach, View, breaches, shown

KINDS: Final = ("solana", "testa", "testchain")

ENTRIES: Final[tuple[Entry, ...]] = (
    Root((Do("add", "wallet 1"),)),
    Root((Do("add", "app 0"),)),
    Root((Do("revoke", "wallet 0"),)),
    Leaf((Do("add", "solana 0"),)),
    Leaf((Do("add", "testa 0"),)),
    Leaf((Do("add", "testchain 0"),)),
    Leaf((Do("add", "testchain 0", by="adder"),)),
    Leaf((Do("revoke", "solana 0"),)),
    Leaf((Do("revoke", "testa 0"),)),
    Leaf((Do("add", "solana 0"), Do("add", "testa 0"))),
    Root((Do("add", "solana 0"),)),
)
"""The first nine are well-shaped; the next one mixes kinds, and the last one
has a leaf number in `actions`."""

SUBSETS: Final = tuple(
    frozenset(chosen)
    for size in range(len(KINDS) + 1)
    for chosen in combinations(KINDS, size)
)
"""All sets of the leaf kinds, the small ones first."""

PAIRS: Final = tuple(
    (less, more) for more in SUBSETS for less in SUBSETS if less <= more
)
"""All pairs of sets, one within the other."""

scripts: Final = st.lists(st.sampled_from(ENTRIES), max_size=5).map(
    lambda entries: Script(entries=tuple(entries))
)


class Counterexample(NamedTuple):
    """A log and two sets of leaf kinds for which the theorem does not hold."""

    script: Script
    less: frozenset[str]
    more: frozenset[str]
    breach: Breach

    def __str__(self) -> str:
        """The log as the two views have it, entry by entry."""
        views = (self.breach.less, self.breach.more)
        lines = [("", *self._heads())]
        for index, entry in enumerate(("creates the inbox", *self.script.entries)):
            words = entry if isinstance(entry, str) else _words(entry)
            less, more = (_outcome(view, index) for view in views)
            lines.append((words, less, more))
        lines.append((f"{self.breach.what} differs", "", ""))
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "  ".join(map(str.ljust, line, widths)).rstrip() for line in lines
        )

    def _heads(self) -> tuple[str, str]:
        who = {"less": _set(self.less), "more": _set(self.more)}
        less, more = self.breach.less.who, self.breach.more.who
        return (f"with {who.get(less, less)}", f"with {who.get(more, more)}")


def _set(kinds: frozenset[str]) -> str:
    return " and ".join(sorted(kinds)) or "no leaf kind"


def _outcome(view: View, index: int) -> str:
    outcomes = view.result.outcomes
    return shown(outcomes[index]) if index < len(outcomes) else ""


def _words(entry: Entry) -> str:
    assert isinstance(entry, Root | Leaf)
    done = ", ".join(f"{do.what} {do.who} by {do.by}" for do in entry.actions)
    return f"{'leaf' if isinstance(entry, Leaf) else 'root'}: {done}"


def every_small_log(most: int) -> Iterator[Script]:
    """All logs of up to so many entries after the inbox is created."""
    for size in range(most + 1):
        for entries in product(ENTRIES, repeat=size):
            yield Script(entries=entries)


def smallest_breach(*, examples: int = 2000) -> Counterexample | None:
    """The smallest log and sets that break the theorem, in the very words that
    it has: the state and whether it is authoritative."""

    def found(drawn: tuple[Script, tuple[frozenset[str], frozenset[str]]]) -> bool:
        return _breach(drawn[0], *drawn[1]) is not None

    try:
        script, (less, more) = find(
            st.tuples(scripts, st.sampled_from(PAIRS)),
            found,
            settings=settings(
                max_examples=examples,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
            random=Random(1),
        )
    except NoSuchExample:
        return None
    breach = _breach(script, less, more)
    assert breach is not None
    return Counterexample(script, less, more, breach)


def _breach(
    script: Script, less: frozenset[str], more: frozenset[str]
) -> Breach | None:
    all_of_them = breaches(script, client(less, XMTP), client(more, XMTP))
    return next((one for one in all_of_them if one.of_state), None)
