"""`xid plugins`: what was found, and what could not be loaded."""

from __future__ import annotations

import click

from .options import as_json
from .output import Cell, Table, emit_json, show

__all__ = ["plugins"]


@click.command()
@as_json
@click.pass_context
def plugins(ctx: click.Context, *, as_json: bool) -> None:
    """List the plugins, and what is wrong with a broken one.

    The exit code is 1 if one is broken. XID_PLUGINS names the ones to load.
    """
    from ..loading import load_plugins

    # Strict or not, this is the command that tells of broken ones.
    found = load_plugins(strict=False)
    if as_json:
        emit_json(
            {
                "plugins": [
                    {
                        "name": plugin.name,
                        "module": plugin.module,
                        "distribution": plugin.distribution or None,
                        "version": plugin.version or None,
                        "kinds": list(plugin.kinds),
                        "error": None
                        if plugin.error is None
                        else {
                            "code": plugin.error.code,
                            "detail": plugin.error.detail,
                        },
                    }
                    for plugin in found.plugins
                ]
            }
        )
    else:
        rows = [
            [
                Cell(plugin.name),
                Cell(" ".join(plugin.kinds) or "-"),
                Cell(f"{plugin.distribution} {plugin.version}".strip() or "-"),
                Cell("broken", "bad") if plugin.error else Cell("loaded", "good"),
                Cell(f"{plugin.error.detail} [{plugin.error.code}]")
                if plugin.error
                else Cell(plugin.module, "dim"),
            ]
            for plugin in found.plugins
        ]
        show([Table("Plugins", ["name", "kinds", "package", "state", "detail"], rows)])
    ctx.exit(1 if found.broken else 0)
