"""What a client pays for having the package installed."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..discovery import entries_of, find_distribution
from ..results import NotChecked
from .base import Check

if TYPE_CHECKING:
    from ..bench import Bench

__all__ = ["Dependencies", "ImportLight", "Size"]

IMPORT_MS: Final = 50
"""Milliseconds that loading the plugin may take beyond those of the core."""

PACKAGE_KIB: Final = 1024
"""KiB that the package's own files may have."""

INSTALLED_MIB: Final = 64
"""MiB that it may have with all dependencies that the core does not have."""

DIRECT: Final = 8
"""Packages that it may depend on directly."""

ALL: Final = 24
"""Packages that may come with it, those of the core aside."""

_CORE: Final = "xmtp-identity"
_TRIES: Final = 5
_IMPORT: Final = """
import sys, time
import google.protobuf.message, xmtp_identity.hookspecs, xmtp_identity.kinds
import xmtp_identity.wire.scan, xmtp_identity.v1.identity_pb2
before = set(sys.modules)
start = time.perf_counter()
for name in sys.argv[1:]:
    __import__(name)
    sys.modules[name].register_kinds()
print((time.perf_counter() - start) * 1000)
for name in set(sys.modules) - before:
    module = sys.modules[name]
    print(name, getattr(module, "__file__", None) or "", sep="=")
"""
# What ends a file that a linker made, on any system.
_COMPILED: Final = (".so", ".pyd", ".dll", ".dylib")
_REQUIREMENT: Final = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]*\])?(.*)")


def _package(bench: Bench) -> Distribution:
    if bench.case.distribution is None:
        raise NotChecked("the case names no distribution")
    return find_distribution(bench.case.distribution)


class ImportLight(Check):
    """A command starts in an instant however many kinds are installed; what a kind
    needs loads when it is used."""

    name = "import-light"
    group = "package"
    shut_in = False  # it starts an interpreter
    fix = (
        "Import libraries where they are used, and hand over functions as "
        "`lazy('module:function')`."
    )

    def look(self, bench: Bench) -> Iterator[str]:
        """Load the plugin in an interpreter of its own."""
        modules = [entry.module for entry in entries_of(_package(bench))]
        if not modules:
            raise NotChecked("the kind is part of the core")
        fastest = float("inf")
        loaded: list[str] = []
        for _ in range(_TRIES):
            taken, loaded = self._load(modules)
            fastest = min(fastest, taken)
            if fastest <= IMPORT_MS:
                break
        if fastest > IMPORT_MS:
            yield f"Loading the plugin takes {fastest:.0f} ms, over {IMPORT_MS}."
        else:
            self.note = f"loads within {IMPORT_MS} ms of the core"
        own = tuple(f"{module.partition('.')[0]}." for module in modules)
        for line in loaded:
            name, _, file = line.partition("=")
            if file.endswith(_COMPILED) and not name.startswith(own) and _foreign(file):
                yield f"Loading the plugin loads the compiled library {name}."

    @staticmethod
    def _load(modules: list[str]) -> tuple[float, list[str]]:
        made = subprocess.run(  # noqa: S603 - this interpreter, with names of modules
            [sys.executable, "-c", _IMPORT, *modules],
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode != 0:
            last = made.stderr.strip().rpartition("\n")[2]
            raise RuntimeError(f"The plugin does not load by itself: {last}")
        first, *rest = made.stdout.splitlines()
        return float(first), rest


def _foreign(file: str) -> bool:
    """Whether a file is of an installed package, not of Python itself."""
    return "site-packages" in file or "dist-packages" in file


class Size(Check):
    """A package is no burden on a phone's build or a server's image."""

    name = "size"
    group = "package"
    fix = "Leave test data, keys and tables out of the wheel; depend on less."

    def look(self, bench: Bench) -> Iterator[str]:
        """Add up the files of the package and of what comes with it."""
        found = _package(bench)
        own = sum(map(_folder_bytes, _folders(found)))
        closure = _closure(found) - _closure(find_distribution(_CORE)) - {_CORE}
        others = sum(
            _files_bytes(distribution(name))
            for name in closure
            if name != _normal(found.name)
        )
        self.note = f"{_human(own)}, {_human(own + others)} with dependencies"
        if own > PACKAGE_KIB * 1024:
            yield f"The package has {own // 1024} KiB, over {PACKAGE_KIB}."
        if own + others > INSTALLED_MIB * 2**20:
            yield (
                f"With its dependencies it has {(own + others) // 2**20} MiB, over "
                f"{INSTALLED_MIB}."
            )


class Dependencies(Check):
    """An upgrade somewhere else does not break or change a kind unasked."""

    name = "dependencies"
    group = "package"
    fix = (
        "Give every dependency a lower and an upper bound, the core too; depend on no "
        "more than the kind's cryptography and encoding."
    )

    def look(self, bench: Bench) -> Iterator[str]:
        """Read what the package requires."""
        found = _package(bench)
        direct = list(_requirements(found))
        for name, bounds in direct:
            if ">=" not in bounds and "==" not in bounds and "~=" not in bounds:
                yield f"{name} has no lower bound."
            if "<" not in bounds and "==" not in bounds and "~=" not in bounds:
                yield f"{name} has no upper bound."
            if "@" in bounds:
                yield f"{name} is required from an address."
        names = {_normal(name) for name, _ in direct}
        if found.name != _CORE and _CORE not in names:
            yield f"The package does not say which versions of {_CORE} it is made for."
        core = _closure(find_distribution(_CORE))
        more = _closure(found) - core - {_normal(found.name)}
        self.note = f"{len(names)} direct, {len(more)} beyond the core's"
        if len(names) > DIRECT:
            yield f"It depends on {len(names)} packages, over {DIRECT}."
        if len(more) > ALL:
            yield f"With it come {len(more)} packages, over {ALL}."


def _requirements(found: Distribution) -> Iterator[tuple[str, str]]:
    """Names and bounds of what a distribution requires, extras aside."""
    for line in found.requires or ():
        requirement, _, marker = line.partition(";")
        match = _REQUIREMENT.fullmatch(requirement)
        if match is not None and "extra" not in marker:
            yield match[1], match[3]


def _closure(found: Distribution) -> set[str]:
    """A distribution and all that come with it, as far as they are installed."""
    seen: set[str] = set()
    waiting = [found.name]
    while waiting:
        name = _normal(waiting.pop())
        if name in seen:
            continue
        try:
            one = distribution(name)
        except PackageNotFoundError:
            continue  # for another system
        seen.add(name)
        waiting += [requirement for requirement, _ in _requirements(one)]
    return seen


def _normal(name: str) -> str:
    return re.sub("[-_.]+", "-", name).lower()


def _human(size: int) -> str:
    return f"{size / 2**20:.1f} MiB" if size >= 2**20 else f"{size / 1024:.0f} KiB"


def _folders(found: Distribution) -> set[Path]:
    """Where the packages of a distribution's plugins lie; it may be editable, so
    its list of files does not say."""
    folders: set[Path] = set()
    tops = {entry.module.partition(".")[0] for entry in entries_of(found)}
    for top in tops or {found.name.replace("-", "_")}:
        spec = importlib.util.find_spec(top)
        if spec is None:
            continue
        places = spec.submodule_search_locations or [spec.origin or ""]
        folders.update(Path(place) for place in places)
    return folders


def _folder_bytes(folder: Path) -> int:
    if folder.is_file():
        return folder.stat().st_size
    return sum(
        path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )


def _files_bytes(found: Distribution) -> int:
    total = 0
    for file in found.files or ():
        path = Path(str(file.locate()))
        if "__pycache__" not in path.parts and path.is_file():
            total += path.stat().st_size
    return total
