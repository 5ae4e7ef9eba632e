"""The rogues' gallery: kinds that are wrong, each in one way."""

from __future__ import annotations

from typing import Final

from . import rogues_conduct, rogues_identifiers, rogues_signatures
from .gallery import Rogue

ROGUES: Final[list[Rogue]] = [
    *rogues_identifiers.ROGUES,
    *rogues_signatures.ROGUES,
    *rogues_conduct.ROGUES,
]
"""Every rogue whose kind is enough; those of packages are in test_packages.py."""
