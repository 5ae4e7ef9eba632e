"""A point of a replay from which another can go on.

A snapshot belongs to the registry that made it: when plugins come, go or
change, it says whether it still fits (DESIGN, "Upgrade").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .protocol.state import LayerState, RootState
from .registry import KindRecord, Registry, record_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Snapshot"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A replay up to a position, with everything that later entries depend on.

    position: how many entries of the log it has seen.
    leaf_entries: how many of the entries were well-shaped leaf updates.
    deviates: index of the first deviation, or None.
    unknown_root: whether an entry was discarded whose number may say who may
        act for the inbox.
    named: the leaf numbers of all well-shaped leaf updates, installed or not.
    roots: the root kinds that decided.
    layers: by leaf number the layer and which kind made it; without those
        that were left out.
    """

    inbox_id: str
    position: int
    root: RootState
    layers: Mapping[int, tuple[LayerState, KindRecord]]
    roots: frozenset[KindRecord]
    named: frozenset[int]
    leaf_entries: int
    deviates: int | None
    unknown_root: bool

    def fits(self, registry: Registry) -> bool:
        """Whether a replay by ``registry`` can go on from here.

        If not, a root kind changed, or a leaf kind that the log names is
        installed and did not make the layer that is stored.
        """
        if self.roots != registry.root_records():
            return False
        for number in self.named:
            kind = registry.by_member.get(number)
            if kind is None:
                continue
            stored = self.layers.get(number)
            if stored is None or stored[1] != record_of(kind):
                return False
        return True
