"""Finding the conformance cases of installed packages.

By convention they are ``CASES``, a sequence of `ConformanceCase`, in a module
``conformance`` beside the plugin's module: ``xmtp_identity_solana.conformance``
for the entry point ``xmtp_identity_solana.plugin``. Nothing but this kit
imports it, so it costs a client nothing.
"""

from __future__ import annotations

import importlib
import importlib.util
from importlib.metadata import (
    Distribution,
    EntryPoint,
    PackageNotFoundError,
    distribution,
    entry_points,
)
from typing import Final

from ..errors import BadInput
from ..hookspecs import PROJECT
from .case import ConformanceCase

__all__ = ["cases_of", "entries_of", "find_distribution", "installed_cases"]

_CORE: Final = "xmtp-identity"
_CORE_MODULE: Final = "xmtp_identity.installation"
_MODULE: Final = "conformance"
_ATTRIBUTE: Final = "CASES"


def find_distribution(name: str) -> Distribution:
    """The installed distribution of this name; raises `BadInput`."""
    try:
        return distribution(name)
    except (PackageNotFoundError, ValueError):
        raise BadInput(
            f"There is no package {name!r} installed here.", code="no_such_package"
        ) from None


def entries_of(found: Distribution) -> list[EntryPoint]:
    """The plugins that a distribution provides."""
    return sorted(found.entry_points.select(group=PROJECT), key=lambda one: one.value)


def cases_of(name: str) -> list[ConformanceCase]:
    """The cases of a distribution, one a kind.

    name: such as ``xmtp-identity-solana``; ``xmtp-identity`` has the kind in
        the core.

    Raises `BadInput` if it is not installed, provides no plugin or has no cases.
    """
    found = find_distribution(name)
    if found.name == _CORE:
        return _load(_CORE_MODULE)
    cases: list[ConformanceCase] = []
    for entry in entries_of(found):
        cases += _load(entry.module)
    if not cases:
        raise BadInput(
            f"The package {name!r} provides no plugin of {_CORE}.",
            code="no_conformance_cases",
        )
    return cases


def installed_cases() -> list[ConformanceCase]:
    """The cases of all installed plugins that have some and load."""
    modules = {_CORE_MODULE, *(one.module for one in entry_points(group=PROJECT))}
    cases: list[ConformanceCase] = []
    for module in sorted(modules):
        try:
            cases += _load(module)
        except Exception:  # noqa: BLE001, S112 - another plugin's fault is not looked into here
            continue
    return cases


def _load(plugin: str) -> list[ConformanceCase]:
    """The cases beside a plugin's module; raises `BadInput`."""
    name = _beside(plugin)
    if name is None or importlib.util.find_spec(name) is None:
        raise BadInput(
            f"There is no module {_MODULE!r} beside {plugin}: the package brings no "
            f"conformance cases.",
            code="no_conformance_cases",
        )
    cases = getattr(importlib.import_module(name), _ATTRIBUTE, None)
    if not isinstance(cases, list | tuple) or not all(
        isinstance(case, ConformanceCase) for case in cases
    ):
        raise BadInput(
            f"{name}.{_ATTRIBUTE} must be a list or tuple of ConformanceCase.",
            code="no_conformance_cases",
        )
    return list(cases)


def _beside(plugin: str) -> str | None:
    spec = importlib.util.find_spec(plugin)
    if spec is not None and spec.submodule_search_locations is not None:
        return f"{plugin}.{_MODULE}"
    parent = plugin.rpartition(".")[0]
    return f"{parent}.{_MODULE}" if parent else None
