"""A client whose plugins come, go and change, as a machine of random steps.

Whatever it has been through, going on from its snapshot gives what a replay
of the whole log gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
)
from tests.support.leaf_kinds import CHAIN, TESTA
from tests.support.results import everything

from xmtp_identity import (
    Kind,
    MemberIdentifier,
    Registry,
    ReplayResult,
    Snapshot,
    replay,
    resume,
)
from xmtp_identity.errors import InvalidIdentifier
from xmtp_identity.stored import dump, load

from .cast import CAST
from .clients import every_kind
from .scripts import Do, Entry, Leaf, Root, Script, Writer, entries
from .theorem import content


def _revised(kind: Kind, refused: str) -> Kind:
    """The next revision, which mends that a key was taken."""
    value = CAST[refused].value

    def decode(payload: bytes) -> MemberIdentifier:
        identifier = kind.decode(payload)
        if identifier.value == value:
            raise InvalidIdentifier("This key was never one.")
        return identifier

    return replace(kind, revision=kind.revision + 1, decode=decode)


def _renamed(kind: Kind) -> Kind:
    """Another plugin's kind of the same number, whose texts are others."""

    def decode(payload: bytes) -> MemberIdentifier:
        return MemberIdentifier("somebody", kind.decode(payload).value)

    return replace(
        kind,
        name="somebody",
        noun="Somebody key",
        extension="somebody.else.v1.identifier",
        decode=decode,
    )


def _kinds() -> Mapping[str, Kind]:
    kinds = every_kind()
    return {
        "solana": kinds["solana"],
        "solana, revised": _revised(kinds["solana"], "solana 1"),
        "bitcoin": kinds["bitcoin"],
        "testa": TESTA,
        "testa, revised": _revised(TESTA, "testa 1"),
        "testa of somebody else": _renamed(TESTA),
        "testchain": CHAIN,
        "passkey": kinds["passkey"],
    }


KINDS: Final = _kinds()
"""What can be installed; of kinds with one number, one at a time."""

COMMON: Final = tuple(
    [Leaf((Do("add", name),)) for name in ("solana 1", "testa 1", "testa 0")]
    + [Leaf((Do("add", "testchain 0"),)), Leaf((Do("revoke", "testa 1"),))]
    + [Root((Do("add", "passkey"),)), Root((Do("add", "wallet 1"),))]
)
"""Entries that the plugins see differently, so that they come often."""


class Upgrades(RuleBasedStateMachine):
    """One inbox, and the client that follows it."""

    def __init__(self) -> None:
        super().__init__()
        always = every_kind()
        self.always = [always["ethereum"], always["installation"]]
        self.installed: dict[int, str] = {}
        self.script = Script()
        self.writer = Writer(self.script)
        self.snapshot: Snapshot | None = None

    @property
    def registry(self) -> Registry:
        kinds = [KINDS[name] for name in self.installed.values()]
        return Registry([*self.always, *kinds])

    @initialize(
        away=st.sampled_from([(), (1,)]), first=st.sampled_from([True, False, None])
    )
    def chains(self, away: tuple[int, ...], first: bool | None) -> None:
        self.script = Script(away=away, verdicts=(first, True))

    @rule(entry=st.sampled_from(COMMON))
    def write(self, entry: Entry) -> None:
        self.writer.push(entry)

    @rule(entry=entries())
    def write_anything(self, entry: Entry) -> None:
        self.writer.push(entry)

    @rule(name=st.sampled_from(sorted(KINDS)))
    def install(self, name: str) -> None:
        self.installed[KINDS[name].number] = name

    @rule(name=st.sampled_from(sorted(KINDS)))
    def remove(self, name: str) -> None:
        self.installed.pop(KINDS[name].number, None)

    @precondition(
        lambda self: self.snapshot is not None and self.snapshot.fits(self.registry)
    )
    @rule()
    def store(self) -> None:
        """Keep the snapshot as bytes and read it again."""
        assert self.snapshot is not None
        data = dump(self.snapshot, self.registry)
        self.snapshot = load(data, self.registry, self.writer.inbox_id)

    @rule()
    def go_on(self) -> None:
        """Go on, and compare with a client that has never seen the inbox."""
        log, registry = self.writer.log, self.registry
        arguments: Any = {"context": self.script.context}
        fresh = replay(self.writer.inbox_id, log, registry, **arguments)
        before = self.snapshot
        if before is None:
            self.snapshot = fresh.snapshot
            return
        result = resume(before, log, registry, **arguments)
        if fresh.stopped_at is not None and fresh.stopped_at < before.position:
            # Less than was known is no reason to forget it.
            assert everything(result, ()) == everything(fresh, ())
            assert result.snapshot is before
            return
        assert everything(result) == everything(fresh, _tail(fresh, before, registry))
        assert result.snapshot is not None
        assert fresh.snapshot is not None
        assert content(result.snapshot) == content(fresh.snapshot)
        self.snapshot = result.snapshot

    def teardown(self) -> None:
        self.go_on()


def _tail(fresh: ReplayResult, before: Snapshot, registry: Registry) -> Any:
    """The outcomes that going on must give: of what came since, if it fits."""
    if not before.fits(registry):
        return fresh.outcomes
    return [one for one in fresh.outcomes if one.index >= before.position]
