"""The directory of plugins: which packages there are, installed or not.

Its data is ``directory.json``, from which the page of the documentation is
made too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from importlib import resources

from .allotment import Tier

__all__ = ["Listed", "Status", "directory"]


class Status(Enum):
    """Whether a package can be had.

    AVAILABLE: it is released with this project, or its author says so.
    PLANNED: its number is allotted, and no package is there yet.
    """

    AVAILABLE = "available"
    PLANNED = "planned"


@dataclass(frozen=True, slots=True)
class Listed:
    """A package in the directory.

    name: of its entry point.
    kinds, numbers: the names of its kinds of identity, and their numbers in
        `MemberIdentifier`, in the same order.
    tier: of its numbers; None without a kind.
    summary: a sentence about it.
    """

    name: str
    distribution: str
    kinds: tuple[str, ...]
    numbers: tuple[int, ...]
    tier: Tier | None
    status: Status
    summary: str


def directory() -> tuple[Listed, ...]:
    """All packages in the directory, in the order of their lowest numbers."""
    text = resources.files(__package__).joinpath("directory.json").read_text("utf-8")
    return tuple(
        Listed(
            name=one["name"],
            distribution=one["distribution"],
            kinds=tuple(one["kinds"]),
            numbers=tuple(one["numbers"]),
            tier=Tier(one["tier"]) if one["tier"] else None,
            status=Status(one["status"]),
            summary=one["summary"],
        )
        for one in json.loads(text)["plugins"]
    )
