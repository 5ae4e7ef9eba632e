"""From installed packages to a registry, one entry point at a time.

A plugin that can't be loaded is reported with its cause and the rest work.
`XID_PLUGINS` names the entry points to load (``ethereum,passkey``; empty:
none), `XID_STRICT_PLUGINS=1` makes any report an error.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from .errors import IdentityError, PluginError
from .installation import INSTALLATION
from .kinds import Kind
from .registry import Registry, check_kind

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    import pluggy

__all__ = ["LoadedPlugin", "Plugins", "load_plugins", "load_registry"]

ALLOW_LIST: Final = "XID_PLUGINS"
STRICT: Final = "XID_STRICT_PLUGINS"


@dataclass(frozen=True, slots=True)
class LoadedPlugin:
    """What became of one entry point.

    distribution, version: of the package that it comes from ("" if unknown).
    kinds: names of the kinds that it provides.
    error: why it is not used, or None.
    """

    name: str
    module: str
    distribution: str
    version: str
    kinds: tuple[str, ...] = ()
    error: PluginError | None = None


@dataclass(frozen=True, slots=True)
class Plugins:
    """Everything that was found: the registry and a report on each plugin."""

    registry: Registry
    plugins: tuple[LoadedPlugin, ...]
    manager: pluggy.PluginManager

    @property
    def broken(self) -> tuple[LoadedPlugin, ...]:
        """The plugins that could not be used."""
        return tuple(plugin for plugin in self.plugins if plugin.error)


def load_registry(
    *, allow: Iterable[str] | None = None, strict: bool | None = None
) -> Registry:
    """The registry of all installed kinds; see `load_plugins`."""
    return load_plugins(allow=allow, strict=strict).registry


def load_plugins(
    *,
    allow: Iterable[str] | None = None,
    strict: bool | None = None,
    found: Sequence[EntryPoint] | None = None,
) -> Plugins:
    """Load every plugin that is installed and allowed.

    allow: names of entry points; None takes `XID_PLUGINS`, and all without it.
    strict: raise `PluginError` for the first broken plugin; None takes
        `XID_STRICT_PLUGINS`.
    found: the entry points; None asks the environment.

    A name on the allow-list that is not installed is an error in any mode.
    """
    allowed = _allowed(allow)
    # Imported here: together they cost a third of this package's import time.
    from importlib.metadata import entry_points

    import pluggy

    from . import hookspecs

    if strict is None:
        strict = os.environ.get(STRICT, "") not in ("", "0")
    if found is None:
        found = sorted(entry_points(group=hookspecs.PROJECT), key=_order)
    if allowed is not None:
        found = [entry for entry in found if entry.name in allowed]
        absent = allowed - {entry.name for entry in found} - {INSTALLATION.name}
        if absent:
            raise PluginError(
                f"The plugins {', '.join(sorted(absent))} are allowed ({ALLOW_LIST}) "
                "but not installed.",
                code="plugin_missing",
            )
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    kinds: list[Kind] = [INSTALLATION]
    reports = [_load(entry, manager, kinds) for entry in found]
    for report in reports:
        if strict and report.error:
            raise report.error
    return Plugins(Registry(kinds), tuple(reports), manager)


def _allowed(allow: Iterable[str] | None) -> set[str] | None:
    if allow is not None:
        return set(allow)
    named = os.environ.get(ALLOW_LIST)
    if named is None:
        return None
    return {name.strip() for name in named.split(",") if name.strip()}


def _order(entry: EntryPoint) -> tuple[str, str]:
    return (entry.name, entry.value)


def _load(
    entry: EntryPoint, manager: pluggy.PluginManager, kinds: list[Kind]
) -> LoadedPlugin:
    """Load one plugin; its kinds join ``kinds`` if all of them fit."""
    distribution = entry.dist
    report: dict[str, Any] = {
        "name": entry.name,
        "module": entry.value,
        "distribution": distribution.name if distribution else "",
        "version": distribution.version if distribution else "",
    }
    plugin: object | None = None
    try:
        plugin = entry.load()
        if manager.is_registered(plugin):
            raise PluginError(
                f"{entry.value} is registered twice.", code="plugin_twice"
            )
        manager.register(plugin, name=f"{entry.name} ({entry.value})")
        _check_hooks(manager, plugin)
        own = _kinds_of(plugin)
        # All or nothing: the clash that a kind makes is found here.
        Registry([*kinds, *own])
    except Exception as error:  # noqa: BLE001 - a plugin may raise anything
        if plugin is not None and _is_ours(manager, plugin, entry):
            manager.unregister(plugin)
        return LoadedPlugin(**report, error=_as_plugin_error(entry, error))
    kinds.extend(own)
    return LoadedPlugin(**report, kinds=tuple(kind.name for kind in own))


def _is_ours(manager: pluggy.PluginManager, plugin: object, entry: EntryPoint) -> bool:
    return manager.get_name(plugin) == f"{entry.name} ({entry.value})"


def _check_hooks(manager: pluggy.PluginManager, plugin: object) -> None:
    """A misspelt hook would be passed over in silence."""
    for caller in manager.get_hookcallers(plugin) or ():
        if not caller.has_spec():
            raise PluginError(
                f"There is no hook {caller.name!r}; see xmtp_identity.hookspecs.",
                code="plugin_hook",
            )


def _kinds_of(plugin: object) -> list[Kind]:
    hook = getattr(plugin, "register_kinds", None)
    own = list(hook()) if hook is not None else []
    for kind in own:
        if not isinstance(kind, Kind):
            raise PluginError(
                f"register_kinds gave a {type(kind).__name__}, not a Kind.",
                code="plugin_kind",
            )
        check_kind(kind)
    return own


def _as_plugin_error(entry: EntryPoint, error: Exception) -> PluginError:
    if isinstance(error, IdentityError):
        return PluginError(f"{entry.name}: {error.detail}", code=error.code)
    cause = f"{type(error).__name__}: {error}".replace("\n", " ")[:300]
    return PluginError(
        f"{entry.name}: {entry.value} could not be loaded ({cause}).",
        code="plugin_import",
    )
