"""Random logs as scripts: who does what, in a few words that can be read.

A script is data, so that Hypothesis can shrink it and print it; `Script.log`
makes the bytes. Whom the words "recovery" and "adder" mean is guessed from
what the script has done so far, so that updates build on each other.

`random_script` takes whatever picks one of several things: Hypothesis, or
`random.Random.choice` where a hundred thousand logs are wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Final, TypeVar

from hypothesis import strategies as st
from tests.support.chain import StubChain
from tests.support.mutations import mutate
from tests.support.protobuf import groups, length, uint
from tests.support.updates import (
    SECOND,
    START,
    Action,
    Add,
    Change,
    Create,
    Revoke,
    inbox_id_for,
    write,
)

from xmtp_identity.kinds import Context

from .cast import CAST, LEAVES, ODD_LEAVES, ODD_ROOTS, ROOTS

T = TypeVar("T")
Log = list[bytes | None]

# The words of a script


@dataclass(frozen=True, slots=True)
class Do:
    """One action. ``who`` may be a name or, like ``by``, "recovery" or "adder".

    what: "add", "revoke", "change" or "create".
    signed_by: who signs in the newcomer's place.
    """

    what: str
    who: str
    by: str = "recovery"
    signed_by: str = ""


@dataclass(frozen=True, slots=True)
class Root:
    """A root update.

    later: seconds after the update before it.
    twist: what is odd about its bytes, one of `TWISTS`, or "mutated 17".
    """

    actions: tuple[Do, ...]
    later: int = 1
    twist: str = ""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf update: the same in field 100."""

    actions: tuple[Do, ...]
    later: int = 1
    twist: str = ""


@dataclass(frozen=True, slots=True)
class Again:
    """An entry that the log has already, so many before this one."""

    back: int = 1
    twist: str = ""


@dataclass(frozen=True, slots=True)
class Junk:
    """An entry that is no update."""

    data: bytes | None


Entry = Root | Leaf | Again | Junk


@dataclass(frozen=True, slots=True)
class Script:
    """An inbox, what happens to it, and what its chains say.

    created: whether the log begins with the update that creates the inbox.
    away: the chains that can't be asked about smart wallets.
    verdicts: what the leaf chain says of testchain 0 and 1; None where it
        can't be asked.
    """

    owner: str = "wallet 0"
    nonce: int = 0
    entries: tuple[Entry, ...] = ()
    created: bool = True
    away: tuple[int, ...] = ()
    verdicts: tuple[bool | None, bool | None] = (True, True)

    @property
    def inbox_id(self) -> str:
        return inbox_id_for(CAST[self.owner], self.nonce)

    @property
    def context(self) -> Context:
        """The chains as the script has them."""
        return _context(self.away, self.verdicts)

    @property
    def chains_up(self) -> Context:
        """The same chains, all of which can be asked."""
        return _context((), tuple(verdict is not False for verdict in self.verdicts))

    @property
    def leaf_chain_down(self) -> Context:
        """The chains all up but the leaf kind's."""
        return _context((), (None, None))

    def log(self) -> Log:
        """The bytes."""
        return Writer(self).log


def _context(away: tuple[int, ...], verdicts: Sequence[bool | None]) -> Context:
    leaves = LEAVES["testchain"].values()
    return {
        "ethereum": StubChain(frozenset(away)),
        "testchain": {
            leaf.value: verdict
            for leaf, verdict in zip(leaves, verdicts, strict=True)
            if verdict is not None
        },
    }


# From words to bytes


class Writer:
    """Writes a script, or entry by entry as they come."""

    def __init__(self, script: Script) -> None:
        self.inbox_id = script.inbox_id
        self.log: Log = []
        self._time_ns = START
        self._recovery = script.owner
        self._adder = script.owner
        if script.created:
            owner = CAST[script.owner]
            self.log.append(write(self.inbox_id, Create(owner, script.nonce)))
        for entry in script.entries:
            self.push(entry)

    def push(self, entry: Entry) -> None:
        """Write one entry more."""
        if isinstance(entry, Junk):
            self.log.append(entry.data)
        elif isinstance(entry, Again):
            if self.log:
                data = self.log[max(0, len(self.log) - entry.back)]
                self.log.append(None if data is None else self._twist(data, entry))
        else:
            self._time_ns += entry.later * SECOND
            data = write(
                self.inbox_id,
                *map(self._action, entry.actions),
                time_ns=self._time_ns,
                leaf=isinstance(entry, Leaf),
            )
            self.log.append(self._twist(data, entry))
            if isinstance(entry, Root):
                self._guess(entry)

    def _action(self, do: Do) -> Action:
        who, by = CAST[self._name(do.who)], CAST[self._name(do.by, do.who)]
        if do.what == "create":
            return Create(who, 0, by)
        if do.what == "add":
            signed_by = CAST[self._name(do.signed_by)] if do.signed_by else None
            return Add(who, by, signed_by)
        return Change(who, by) if do.what == "change" else Revoke(who, by)

    def _guess(self, update: Root) -> None:
        """Who can act from now on, if the update is a plain good one."""
        if update.twist or len(update.actions) > 1 or update.later < 1:
            return
        (do,) = update.actions
        if do.who not in ROOTS or do.signed_by:
            return
        if do.what == "add" and do.by in ("recovery", "adder"):
            self._adder = do.who
        elif do.what == "change" and do.by == "recovery" and "app" not in do.who:
            self._recovery = do.who

    def _name(self, word: str, who: str = "") -> str:
        """Whom a word means; who is added does not add itself."""
        if word == "adder" and self._adder != who:
            return self._adder
        return self._recovery if word in ("recovery", "adder") else word

    def _twist(self, data: bytes, entry: Root | Leaf | Again) -> bytes:
        if entry.twist.startswith("mutated"):
            return mutate(data, Random(entry.twist), self.log)
        field = 100 if isinstance(entry, Leaf) else 1
        return TWISTS[entry.twist](data, field, self.inbox_id)


Twist = Callable[[bytes, int, str], bytes]

TWISTS: Final[Mapping[str, Twist]] = {
    "": lambda data, _field, _inbox: data,
    # Odd and of no effect.
    "unknown field": lambda data, _field, _inbox: data + length(50, b"new"),
    "inbox ID twice": lambda data, _field, inbox: length(3, inbox) + data,
    # A root update and a leaf update in one.
    "field 100 too": lambda data, _field, _inbox: data + uint(100, 1),
    "actions too": lambda data, _field, _inbox: data + length(1, length(7, b"new")),
    # Numbers in the union of an action.
    "unknown action": lambda data, field, _inbox: data + length(field, length(7, b"x")),
    "no action": lambda data, field, _inbox: data + length(field, b""),
    # What decoders read differently or not at all.
    "deep": lambda data, _field, _inbox: data + groups(50, 33),
    "deep action": lambda data, field, _inbox: data + length(field, groups(50, 33)),
    "long tag": lambda data, _field, _inbox: data + length(50, b"", tag_size=6),
    "cut": lambda data, _field, _inbox: data[:-1],
    "wrong wire type": lambda data, _field, _inbox: data + uint(3, 1),
    "other inbox": lambda data, _field, _inbox: data + length(3, "00" * 32),
    "no inbox": lambda data, _field, _inbox: data + length(3, ""),
}
"""What can be odd about the bytes of an update, by name; the functions get the
bytes, the field of the actions (1 or 100) and the inbox ID."""


# Random scripts

Pick = Callable[[Sequence[T]], T]
"""Takes one of several things; the first is the simplest."""

_ENTRIES: Final = ("root",) * 18 + ("leaf",) * 20 + ("again",) * 3 + ("junk",)
_ACTIONS: Final = (1, 1, 1, 1, 1, 2, 3)
_BY: Final = ("recovery",) * 14 + ("adder",) * 10 + ("good",) * 3 + ("odd",)
_WHO_OF_ROOT: Final = ("good",) * 36 + ("odd",) * 5 + ("leaf",)
_WHO_OF_LEAF: Final = ("own",) * 36 + ("odd",) * 4 + ("other",)
_WHAT_OF_ROOT: Final = ("add",) * 24 + ("revoke",) * 8 + ("change",) * 5 + ("create",)
_WHAT_OF_LEAF: Final = ("add",) * 30 + ("revoke",) * 15 + ("change", "create")
_SIGNED_BY: Final = ("",) * 24 + ("somebody",)
_LATER: Final = (1,) * 8 + (0, 0, -1)
_TWISTED: Final = ("",) * 22 + ("named",) * 2 + ("mutated",)
_BACK: Final = tuple(range(1, 9))
_MUTATIONS: Final = tuple(f"mutated {seed}" for seed in range(500))
_JUNK: Final = (Junk(None), Junk(b""), Junk(b"\xff"), Junk(length(3, "00" * 32)))
_NAMED_TWISTS: Final = tuple(TWISTS)[1:]
_GOOD: Final = tuple(ROOTS)
_ODD: Final = tuple(ODD_ROOTS)
_ODD_LEAVES: Final = tuple(ODD_LEAVES)
_KINDS: Final = tuple(LEAVES)
_ALL_LEAVES: Final = tuple(name for names in LEAVES.values() for name in names)
_EVERYONE: Final = tuple(CAST)
_OWNERS: Final = (("wallet 0", 0), ("wallet 0", 1), ("passkey", 0), ("safe on 1", 0))
_AWAY: Final = ((), (), (), (1,), (10,), (1, 10))
_VERDICTS: Final = (True, True, True, False, None)
_CREATED: Final = (True,) * 15 + (False,)
_SIZES: Final = (0, 6, 12)


def random_script(pick: Pick[object], entries: tuple[Entry, ...]) -> Script:
    """A script of these entries."""
    owner, nonce = _one(pick, _OWNERS)
    return Script(
        owner,
        nonce,
        entries,
        _one(pick, _CREATED),
        _one(pick, _AWAY),
        (_one(pick, _VERDICTS), _one(pick, _VERDICTS)),
    )


def random_entry(pick: Pick[object]) -> Entry:
    """One entry."""
    which = _one(pick, _ENTRIES)
    if which == "junk":
        return _one(pick, _JUNK)
    if which == "again":
        return Again(_one(pick, _BACK), _twist(pick))
    number = _one(pick, _ACTIONS)
    if which == "root":
        actions = tuple(_root_action(pick) for _ in range(number))
        return Root(actions, _one(pick, _LATER), _twist(pick))
    kind = _one(pick, _KINDS)
    actions = tuple(_leaf_action(pick, kind) for _ in range(number))
    return Leaf(actions, _one(pick, _LATER), _twist(pick))


def _one(pick: Pick[object], options: Sequence[T]) -> T:
    picked: T = pick(options)  # type: ignore[assignment]  # one of them
    return picked


def _twist(pick: Pick[object]) -> str:
    which = _one(pick, _TWISTED)
    if which == "mutated":
        return _one(pick, _MUTATIONS)
    return _one(pick, _NAMED_TWISTS) if which else ""


def _root_action(pick: Pick[object]) -> Do:
    names = {"good": _GOOD, "odd": _ODD, "leaf": _ALL_LEAVES}
    what = _one(pick, _WHAT_OF_ROOT)
    who = _one(pick, names[_one(pick, _WHO_OF_ROOT)])
    return Do(what, who, _by(pick), _signed_by(pick))


def _leaf_action(pick: Pick[object], kind: str) -> Do:
    names = {"own": _names(kind), "odd": _ODD_LEAVES, "other": _EVERYONE}
    what = _one(pick, _WHAT_OF_LEAF)
    who = _one(pick, names[_one(pick, _WHO_OF_LEAF)])
    return Do(what, who, _by(pick), _signed_by(pick))


@cache
def _names(kind: str) -> tuple[str, ...]:
    return tuple(LEAVES[kind])


def _by(pick: Pick[object]) -> str:
    which = _one(pick, _BY)
    if which == "good":
        return _one(pick, _GOOD)
    return _one(pick, _EVERYONE) if which == "odd" else which


def _signed_by(pick: Pick[object]) -> str:
    return _one(pick, _EVERYONE) if _one(pick, _SIGNED_BY) else ""


def script_of(random: Random) -> Script:
    """A script from a source of random numbers, without Hypothesis."""
    size = random.choice((4, 8, 12, 16))
    entries = tuple(random_entry(random.choice) for _ in range(size))
    return random_script(random.choice, entries)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    """Any entry."""
    return random_entry(lambda options: draw(st.sampled_from(options)))


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    """Any script."""
    size = draw(st.sampled_from(_SIZES))
    drawn = draw(st.lists(entries(), min_size=size, max_size=size + 6))
    return random_script(lambda options: draw(st.sampled_from(options)), tuple(drawn))
