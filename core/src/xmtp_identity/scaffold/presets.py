"""The signature schemes that a new package can begin with."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .places import shipped

__all__ = ["SCHEMES", "Preset", "preset_of"]

SCHEMES: Final = ("ed25519", "secp256k1-ecdsa", "bip340", "p256", "empty")
"""By name of their folders in ``templates``. The first is the default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A signature scheme, as far as the template has to know it.

    title: what people call it.
    depends: what the package needs for it, as in pyproject.toml.
    recoverable: whether a signature yields the key that made it.
    key_bytes, signature_bytes: the lengths of both in their one encoding.
    key, signature: what they are, as part of a sentence.
    no_key: hex of that many bytes that are no key.
    notes: lines of the README about the scheme, in Markdown.
    folder: holds ``keys.py`` and ``test_keys.py``.
    """

    title: str
    depends: tuple[str, ...]
    recoverable: bool
    key_bytes: int
    signature_bytes: int
    key: str
    signature: str
    no_key: str
    notes: str
    folder: Path


def preset_of(scheme: str) -> Preset:
    """The preset of one of `SCHEMES`."""
    folder = shipped("templates") / scheme
    record = tomllib.loads((folder / "preset.toml").read_text("utf-8"))
    depends = tuple(record.pop("depends"))
    return Preset(**record, depends=depends, folder=folder)
