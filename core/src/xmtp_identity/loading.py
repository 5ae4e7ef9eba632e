"""From installed packages to a registry, one entry point at a time.

A plugin that can't be loaded is reported with its cause and the rest work.
`XID_PLUGINS` names the entry points to load (``ethereum,passkey``; empty:
none), `XID_STRICT_PLUGINS=1` makes any report an error.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from .errors import IdentityError, PluginError
from .identifier import is_printable
from .installation import INSTALLATION
from .kinds import Kind
from .registry import Registry, check_kind

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint

    import pluggy

    from .hookspecs import NameService
    from .kinds import Context

__all__ = [
    "LoadedPlugin",
    "Plugins",
    "field_of",
    "find_plugins",
    "load_plugins",
    "load_registry",
]

ALLOW_LIST: Final = "XID_PLUGINS"
STRICT: Final = "XID_STRICT_PLUGINS"
_LIST: Final = "entry_points.txt"


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
    """Everything that was found: the registry and a report on each plugin.

    name_services: by suffix, such as ``.eth``.
    """

    registry: Registry
    plugins: tuple[LoadedPlugin, ...]
    manager: pluggy.PluginManager
    name_services: Mapping[str, NameService]

    @property
    def broken(self) -> tuple[LoadedPlugin, ...]:
        """The plugins that could not be used."""
        return tuple(plugin for plugin in self.plugins if plugin.error)

    def contexts(self, chains: Mapping[str, Sequence[str]]) -> Context:
        """What verifiers may ask, made anew by the plugins.

        chains: URLs by CAIP-2 chain id; see `xmtp_identity.chains.read_chains`.

        Raises `BadChains` if a plugin can't use an address, `PluginError` if
        one breaks.
        """
        contexts: dict[str, Any] = {}
        for name, plugin in self.manager.list_name_plugin():
            hook = getattr(plugin, "register_contexts", None)
            if hook is None:
                continue
            try:
                own = dict(hook(chains=chains))
            except IdentityError:
                raise
            except Exception as error:  # noqa: BLE001 - it may raise anything
                # Only the type: the message may hold a URL, and that a key.
                raise PluginError(
                    f"{name} gave no access to chains ({type(error).__name__}).",
                    code="plugin_contexts",
                ) from None
            for kind in own.keys() & contexts.keys():
                raise PluginError(
                    f"{name} claims the context of {kind}, which has an owner.",
                    code="plugin_contexts",
                )
            contexts |= own
        return contexts  # plain, for it is sent to other processes


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
    # Imported here: it costs a third of this package's import time.
    import pluggy

    from . import hookspecs

    if strict is None:
        strict = os.environ.get(STRICT, "") not in ("", "0")
    damaged: list[LoadedPlugin] = []
    if found is None:
        found, damaged = find_plugins()
    if allowed is not None:
        found = [entry for entry in found if entry.name in allowed]
        damaged = []  # which plugins those packages have can't be known
        absent = allowed - {entry.name for entry in found} - {INSTALLATION.name}
        if absent:
            raise PluginError(
                f"The plugins {', '.join(sorted(absent))} are allowed ({ALLOW_LIST}) "
                "but not installed.",
                code="plugin_missing",
            )
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    loader = _Loader(manager, [INSTALLATION], {})
    reports = (*damaged, *(loader.load(entry) for entry in found))
    for report in reports:
        if strict and report.error:
            raise report.error
    services = MappingProxyType(loader.services)
    return Plugins(Registry(loader.kinds), reports, manager, services)


def find_plugins() -> tuple[list[EntryPoint], list[LoadedPlugin]]:
    """The entry points of plugins in this environment, by name, not yet loaded.

    Beside them a report on each package that has some, in a file that can't be
    read.
    """
    from importlib.metadata import distributions, entry_points

    from .hookspecs import PROJECT

    try:
        return sorted(entry_points(group=PROJECT), key=_order), []
    except Exception:  # noqa: BLE001, S110 - the file of any package, damaged in any way
        pass  # one by one it takes longer, and finds all others
    found: list[EntryPoint] = []
    damaged: list[LoadedPlugin] = []
    seen: set[str] = set()
    for package in distributions():
        name = field_of(package, "Name")
        if name in seen:
            continue  # the first one on the path counts
        seen.add(name)
        try:
            found.extend(package.entry_points.select(group=PROJECT))
        except Exception as error:  # noqa: BLE001 - as above
            if f"[{PROJECT}]" in (package.read_text(_LIST) or ""):
                cause = PluginError(
                    f"{name}: its {_LIST} can't be read ({type(error).__name__}).",
                    code="plugin_import",
                )
                version = field_of(package, "Version")
                damaged.append(LoadedPlugin(name, _LIST, name, version, error=cause))
    return sorted(found, key=_order), damaged


def field_of(distribution: Distribution, name: str) -> str:
    """A field of a package's metadata, "" where it is damaged and lacks it."""
    # Newer Pythons warn of a missing field before they give None for it.
    metadata = distribution.metadata
    return metadata[name] if name in metadata else ""  # noqa: SIM401 - it has no get


def _allowed(allow: Iterable[str] | None) -> set[str] | None:
    if allow is not None:
        return set(allow)
    named = os.environ.get(ALLOW_LIST)
    if named is None:
        return None
    return {name.strip() for name in named.split(",") if name.strip()}


def _order(entry: EntryPoint) -> tuple[str, str]:
    return (entry.name, entry.value)


@dataclass(slots=True)
class _Loader:
    """What the plugins loaded so far have brought together."""

    manager: pluggy.PluginManager
    kinds: list[Kind]
    services: dict[str, NameService]

    def load(self, entry: EntryPoint) -> LoadedPlugin:
        """Load one plugin; it is used as a whole or not at all."""
        distribution = entry.dist
        report: dict[str, Any] = {
            "name": entry.name,
            "module": entry.value,
            # A damaged package may have no name, or no version.
            "distribution": field_of(distribution, "Name") if distribution else "",
            "version": field_of(distribution, "Version") if distribution else "",
        }
        name = f"{entry.name} ({entry.value})"
        try:
            plugin = entry.load()
            if self.manager.is_registered(plugin):
                raise PluginError(
                    f"{entry.value} is registered twice.", code="plugin_twice"
                )
            self.manager.register(plugin, name=name)
            _check_hooks(self.manager, plugin)
            kinds = _kinds_of(plugin)
            # The clash that a kind would make with the others is found here.
            Registry([*self.kinds, *kinds])
            services = self._services_of(plugin)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - it may raise anything
            if self.manager.has_plugin(name):
                self.manager.unregister(name=name)
            return LoadedPlugin(**report, error=_as_plugin_error(entry, error))
        self.kinds.extend(kinds)
        self.services.update(services)
        return LoadedPlugin(**report, kinds=tuple(kind.name for kind in kinds))

    def _services_of(self, plugin: object) -> dict[str, NameService]:
        hook = getattr(plugin, "register_name_services", None)
        own = dict(hook()) if hook is not None else {}
        for suffix in own:
            if not (suffix.startswith(".") and is_printable(suffix)):
                raise PluginError(
                    f"{suffix!r} is no suffix: it must begin with a dot.",
                    code="name_service",
                )
            if suffix in self.services:
                raise PluginError(
                    f"Names that end in {suffix} have an owner already.",
                    code="name_service",
                )
        return own


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


def _as_plugin_error(entry: EntryPoint, error: BaseException) -> PluginError:
    if isinstance(error, IdentityError):
        return PluginError(f"{entry.name}: {error.detail}", code=error.code)
    cause = f"{type(error).__name__}: {error}".replace("\n", " ")[:300]
    return PluginError(
        f"{entry.name}: {entry.value} could not be loaded ({cause}).",
        code="plugin_import",
    )
