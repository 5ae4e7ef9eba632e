"""How many files the process may open, and what of it connections may take."""

from __future__ import annotations

import dataclasses
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .settings import Settings

__all__ = ["fitted", "needed", "raise_limit"]

_OTHERS: Final = 100
"""Files for all that is no client: the store, logs, libraries, listening."""


def needed(settings: Settings) -> int:
    """Files that a node with these settings may want to open."""
    limits = settings.limits
    connections = settings.grpc_connections + settings.http_connections
    return connections + limits.readers + limits.verifiers + _OTHERS


def raise_limit(wanted: int) -> int | None:
    """Raise the bound of open files to ``wanted``, or as far as the system allows.

    Most systems start with 1,024 for the sake of programs that can't count
    further. Gives the bound, None where there is none or it can't be known.
    """
    if sys.platform == "win32":
        return None
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return None
    best = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft < best:
        # macOS calls the hard one infinite and may take less.
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (best, hard))
            soft = best
    return soft


def fitted(settings: Settings, files: int | None) -> Settings:
    """The settings with as many connections as there are files for.

    If gRPC's connections took all, neither HTTP nor the store could open one.
    """
    missing = 0 if files is None else needed(settings) - files
    if missing <= 0:
        return settings
    wanted = settings.grpc_connections + settings.http_connections
    left = max(0, wanted - missing)
    return dataclasses.replace(
        settings,
        grpc_connections=max(1, settings.grpc_connections * left // wanted),
        http_connections=max(1, settings.http_connections * left // wanted),
    )
