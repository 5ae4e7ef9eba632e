"""What this package ships for others to build on, and what it takes to use it."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Final

from ..errors import BadInput

__all__ = ["EXTRA", "core_range", "core_version", "need", "shipped"]

EXTRA: Final = "xmtp-identity[new]"

_PACKAGE: Final = Path(__file__).resolve().parent.parent


def shipped(name: str) -> Path:
    """A folder of the package's data.

    name: ``cookiecutter`` (the template), ``templates`` (what it lacks, for each
        signature scheme) or ``proto`` (the core's schemas).
    """
    installed = _PACKAGE / "_scaffold" / name
    if installed.is_dir():
        return installed
    # An editable install: the work tree has these folders at its top.
    return _PACKAGE.parents[2] / name


def need(module: str) -> None:
    """See that a library of the extra is here; raises `BadInput`."""
    try:
        importlib.import_module(module)
    except ImportError:
        raise BadInput(
            f"This needs {module.partition('.')[0]}, which is not installed: "
            f'pip install "{EXTRA}".',
            code="extra_missing",
        ) from None


def core_version() -> str:
    """The version of the core that is installed."""
    # Imported here: it is half of the time that `xid new --help` would take.
    from importlib.metadata import version

    return version("xmtp-identity")


def core_range() -> str:
    """The versions of the core that a plugin made now works with."""
    major, minor = map(int, core_version().split(".")[:2])
    after = f"{major + 1}" if major else f"0.{minor + 1}"
    return f">={major}.{minor},<{after}"
