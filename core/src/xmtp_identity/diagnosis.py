"""What is wrong with the plugins that are installed, and what to do about it.

`xmtp_identity.loading` finds out what can't be used. This module looks at the
packages as well: a plugin may load and still want another core than this one.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Final

from .errors import PluginError
from .loading import (
    ALLOW_LIST,
    LoadedPlugin,
    Plugins,
    field_of,
    find_plugins,
    load_plugins,
)

if TYPE_CHECKING:
    from packaging.requirements import Requirement
    from packaging.version import Version

    _Packages = dict[str, list[metadata.Distribution]]

__all__ = ["CORE", "Diagnosis", "Problem", "diagnose"]

CORE: Final = "xmtp-identity"
"""The distribution of this package."""

_REINSTALL: Final = (
    "Reinstall it with what it needs: pip install --force-reinstall {package}. If "
    "that does not help, remove it: pip uninstall {package}."
)
_CHOOSE: Final = (
    "Keep one of the two: pip uninstall {package}, or name in XID_PLUGINS the "
    "plugins to load."
)
_AUTHOR: Final = (
    "Only its author can mend that: upgrade it (pip install --upgrade {package}) or "
    "report it there."
)
_REMEDIES: Final[dict[str, str]] = {
    "api_version": f"Upgrade both: pip install --upgrade {CORE} {{package}}.",
    "kind_clash": _CHOOSE,
    "name_service": _CHOOSE,
    "plugin_import": _REINSTALL,
    "plugin_twice": _CHOOSE,
}
"""By code of the error; for the others there is `_AUTHOR`."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong with a plugin.

    plugin: the name of its entry point ("" for what belongs to no plugin).
    distribution: its package ("" if unknown).
    code: a reason code, as of `PluginError`.
    cause, remedy: sentences: what is wrong, and what to do.
    """

    plugin: str
    distribution: str
    code: str
    cause: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What could be loaded, and everything that is wrong."""

    plugins: Plugins
    problems: tuple[Problem, ...]

    def problems_of(self, plugin: LoadedPlugin) -> tuple[Problem, ...]:
        """The problems of one plugin."""
        return tuple(one for one in self.problems if one.plugin == plugin.name)


def diagnose() -> Diagnosis:
    """Load the plugins that are installed and allowed, and look for what is wrong.

    Never raises `PluginError`, whatever the environment asks for.
    """
    try:
        plugins, missing = load_plugins(strict=False), []
    except PluginError as error:  # the allow-list names what is not installed
        plugins = load_plugins(strict=False, allow=_allowed_and_installed())
        remedy = f"Install what is missing, or take it off {ALLOW_LIST}."
        missing = [Problem("", "", error.code, error.detail, remedy)]
    packages = _packages()
    return Diagnosis(
        plugins,
        (
            *missing,
            *_surplus(packages, "", CORE),
            *(found for one in plugins.plugins for found in _of_plugin(one, packages)),
        ),
    )


def _allowed_and_installed() -> list[str]:
    installed = {entry.name for entry in find_plugins()[0]}
    named = os.environ.get(ALLOW_LIST, "").split(",")
    return [name.strip() for name in named if name.strip() in installed]


def _packages() -> _Packages:
    """Every package on Python's path, by its name; the first of each counts."""
    from packaging.utils import canonicalize_name

    found: dict[str, list[metadata.Distribution]] = {}
    for one in metadata.distributions():
        # A damaged package may have no name.
        if name := field_of(one, "Name"):
            found.setdefault(canonicalize_name(name), []).append(one)
    return found


def _of_plugin(plugin: LoadedPlugin, packages: _Packages) -> Iterator[Problem]:
    package = plugin.distribution or f"(the package of {plugin.name})"
    if plugin.error is not None:
        remedy = _REMEDIES.get(plugin.error.code, _AUTHOR).format(package=package)
        code, cause = plugin.error.code, plugin.error.detail
        yield Problem(plugin.name, plugin.distribution, code, cause, remedy)
    if plugin.distribution:
        yield from _requirements(packages, plugin.name, plugin.distribution)
        yield from _surplus(packages, plugin.name, plugin.distribution)


# What a package requires


def _requirements(
    packages: _Packages, plugin: str, distribution: str
) -> Iterator[Problem]:
    """What the package of a plugin requires, and this environment has not."""
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.specifiers import InvalidSpecifier
    from packaging.utils import canonicalize_name
    from packaging.version import InvalidVersion

    package = packages[canonicalize_name(distribution)][0]
    try:
        requires = list(map(Requirement, package.requires or ()))
        unmet = [
            *_wrong_python(package, distribution),
            *_unmet(packages, distribution, requires),
        ]
    except (InvalidRequirement, InvalidSpecifier, InvalidVersion) as error:
        said = " ".join(str(error).split())
        cause = f"The metadata of {distribution} can't be read ({said})."
        unmet = [(cause, _AUTHOR.format(package=distribution))]
    for cause, remedy in unmet:
        found = PluginError(cause, code="plugin_requires")
        yield Problem(plugin, distribution, found.code, found.detail, remedy)


def _wrong_python(
    package: metadata.Distribution, distribution: str
) -> Iterator[tuple[str, str]]:
    from platform import python_version

    from packaging.specifiers import SpecifierSet

    wanted = field_of(package, "Requires-Python")
    here = python_version()
    if wanted and not SpecifierSet(wanted).contains(here, prereleases=True):
        yield (
            f"{distribution} requires Python {wanted}, this is {here}.",
            f"Use such a Python, or another release of {distribution}.",
        )


def _unmet(
    packages: _Packages, distribution: str, requires: Iterable[Requirement]
) -> Iterator[tuple[str, str]]:
    from packaging.utils import canonicalize_name
    from packaging.version import Version

    for one in requires:
        if one.marker is not None and not one.marker.evaluate({"extra": ""}):
            continue
        name = canonicalize_name(one.name)
        wanted = f"{one.name}{one.specifier}"
        remedy = f'Install it: pip install "{wanted}".'
        if name not in packages:
            yield f"{distribution} requires {wanted}, which is not installed.", remedy
            continue
        here = field_of(packages[name][0], "Version") or "0"  # damaged: it has none
        if one.specifier.contains(here, prereleases=True):
            continue
        if name == CORE:
            outdated = CORE if _wants_newer(one, Version(here)) else distribution
            remedy = f"Upgrade the older of the two: pip install --upgrade {outdated}."
        yield f"{distribution} requires {wanted}, and {here} is installed.", remedy


def _wants_newer(requirement: Requirement, here: Version) -> bool:
    """Whether a bound from below is what this version fails."""
    from packaging.version import Version

    return any(
        one.operator in {">=", ">", "~=", "=="}
        and here <= Version(one.version.removesuffix(".*"))
        for one in requirement.specifier
        if not one.contains(here, prereleases=True)
    )


# Packages that are there more than once


def _surplus(packages: _Packages, plugin: str, distribution: str) -> Iterator[Problem]:
    from packaging.utils import canonicalize_name

    copies = packages.get(canonicalize_name(distribution), [])
    # A folder may stand on the path twice: that is no second copy.
    places = sorted(
        {f"{field_of(one, 'Version')} in {one.locate_file('')}" for one in copies}
    )
    if len(places) > 1:
        found = PluginError(
            f"{distribution} is installed {len(places)} times ({'; '.join(places)}); "
            "the first one on Python's path counts.",
            code="plugin_copies",
        )
        remedy = (
            f"Run pip uninstall {distribution} until none is left, then install it "
            "again."
        )
        yield Problem(plugin, distribution, found.code, found.detail, remedy)
