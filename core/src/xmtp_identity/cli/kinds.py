"""`xid kinds`: which kinds of identity are here, and which package has others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .options import as_json, plugins_of
from .output import Cell, Table, emit_json, show

if TYPE_CHECKING:
    from ..kinds import Kind
    from ..loading import Plugins

__all__ = ["kinds"]


@click.command()
@as_json
@click.pass_context
def kinds(ctx: click.Context, *, as_json: bool) -> None:
    """List the kinds of identity, installed and not.

    Of a number that is allotted and not installed the list names the package.
    """
    from ..allotment import ALLOTMENT

    plugins = plugins_of(ctx)
    packages = _packages(plugins)
    here = plugins.registry.by_member
    elsewhere = [entry for number, entry in ALLOTMENT.items() if number not in here]
    if as_json:
        emit_json(
            {
                "kinds": [
                    {
                        "number": kind.number,
                        "name": kind.name,
                        "tier": _tier(kind),
                        "noun": kind.noun,
                        "proofs": [
                            {"number": proof.number, "name": proof.name}
                            for proof in kind.proofs.values()
                        ],
                        "revision": kind.revision,
                        "distribution": packages.get(kind.name),
                    }
                    for kind in plugins.registry.kinds
                ],
                "not_installed": [
                    {
                        "number": entry.number,
                        "name": entry.name,
                        "noun": entry.noun,
                        "distribution": entry.distribution,
                    }
                    for entry in elsewhere
                ],
            }
        )
        return
    installed = Table(
        "Kinds",
        ["number", "name", "tier", "noun", "proofs", "revision", "package"],
        [
            [
                Cell(str(kind.number)),
                Cell(kind.name, "good"),
                Cell(_tier(kind)),
                Cell(kind.noun),
                Cell(_proofs(kind)),
                Cell(str(kind.revision)),
                Cell(packages.get(kind.name) or "-"),
            ]
            for kind in plugins.registry.kinds
        ],
    )
    others = Table(
        "Allotted, not installed",
        ["number", "name", "noun", "package"],
        [
            [
                Cell(str(entry.number)),
                Cell(entry.name),
                Cell(entry.noun),
                Cell(entry.distribution),
            ]
            for entry in elsewhere
        ],
    )
    show([installed, others])


def _tier(kind: Kind) -> str:
    return "root" if kind.is_root else "leaf"


def _proofs(kind: Kind) -> str:
    return ", ".join(f"{proof.number} {proof.name}" for proof in kind.proofs.values())


def _packages(plugins: Plugins) -> dict[str, str]:
    """The distribution of each kind; those of no plugin are the core's."""
    packages = {kind.name: "xmtp-identity" for kind in plugins.registry.kinds}
    for plugin in plugins.plugins:
        packages.update(dict.fromkeys(plugin.kinds, plugin.distribution))
    return packages
