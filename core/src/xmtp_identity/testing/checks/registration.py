"""How a kind stands beside others: it loads, and takes what is nobody else's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from ...allotment import ALLOTMENT
from ...errors import PluginError
from ...loading import load_plugins, load_registry
from ...registry import Registry, check_kind, record_of
from ..discovery import entries_of, find_distribution
from ..results import NotChecked
from .base import Check

if TYPE_CHECKING:
    from ...kinds import Kind
    from ..bench import Bench

__all__ = ["Loads", "Names", "Numbers"]

_NAME_CODES: Final = frozenset({"kind_name", "kind_noun"})


def _fault(bench: Bench) -> PluginError | None:
    try:
        check_kind(bench.kind)
    except PluginError as error:
        return error
    return None


class Numbers(Check):
    """A number means the same kind to every client, and says how much it may do."""

    name = "numbers"
    group = "registration"
    fix = (
        "Take a number that is allotted to the kind, or one from 1000 to 1999; a leaf "
        "kind has one proof, of its own number, and no identifier kind."
    )

    def look(self, bench: Bench) -> Iterator[str]:
        """Judge the numbers, and whose they are."""
        fault = _fault(bench)
        if fault is not None and fault.code not in _NAME_CODES:
            yield fault.detail
        allotted = ALLOTMENT.get(bench.kind.number)
        provider = bench.case.distribution
        if allotted is not None and provider not in (None, allotted.distribution):
            yield (
                f"The number {allotted.number} is allotted to the package "
                f"{allotted.distribution}, not to {provider}."
            )
        for other in _installed(bench):
            if other.number == bench.kind.number or (
                other.proofs.keys() & bench.kind.proofs.keys()
            ):
                yield f"{other.name} ({other.extension}) has a number of this kind."


class Names(Check):
    """Two kinds that go by one name or noun can't be told apart by who signs."""

    name = "names"
    group = "registration"
    fix = "Choose a name and a noun that no other kind has and none is reserved for."

    def look(self, bench: Bench) -> Iterator[str]:
        """Judge name and noun, alone and beside the installed kinds."""
        fault = _fault(bench)
        if fault is not None and fault.code in _NAME_CODES:
            yield fault.detail
        for other in _installed(bench):
            if other.name == bench.kind.name:
                yield f"The name {other.name!r} is that of {other.extension}."
            if other.noun.lower() == bench.kind.noun.lower():
                yield f"The noun {other.noun!r} is that of {other.name}."


class Loads(Check):
    """What is tested is what clients load, and nothing about it is reported."""

    name = "loads"
    group = "registration"
    fix = "Let the package's entry point provide the kind that the case names."

    def look(self, bench: Bench) -> Iterator[str]:
        """Load the package's plugins as a client does."""
        if bench.case.distribution is None:
            raise NotChecked("the case names no distribution")
        found = find_distribution(bench.case.distribution)
        entries = entries_of(found)
        allowed = [one.name for one in entries]
        loaded = load_plugins(found=entries, allow=allowed, strict=False)
        for plugin in loaded.broken:
            if plugin.error is not None:
                yield plugin.error.detail
        registered = loaded.registry.by_member.get(bench.kind.number)
        if registered is None:
            yield f"{found.name} registers no kind of number {bench.kind.number}."
        elif _described(registered) != _described(bench.kind):
            yield f"{found.name} registers another {registered.name} than the case has."


def _installed(bench: Bench) -> list[Kind]:
    """The kinds that are installed, but the one that is tested."""
    try:
        registry = load_registry(strict=False)
    except PluginError:
        # XID_PLUGINS names what is not there: no fault of this kind.
        registry = Registry([])
    own = record_of(bench.kind).extension
    return [kind for kind in registry.kinds if kind.extension != own]


def _described(kind: Kind) -> tuple[object, ...]:
    return (
        kind.number,
        kind.name,
        kind.noun,
        record_of(kind),
        sorted((number, proof.name) for number, proof in kind.proofs.items()),
        kind.api_version,
    )
