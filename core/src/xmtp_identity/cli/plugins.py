"""`xid plugins`: what was found, what is wrong with it, and what else there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .doctor import problem_object, problem_tree
from .options import as_json
from .output import Cell, Table, emit_json, show

if TYPE_CHECKING:
    from ..diagnosis import Diagnosis
    from ..loading import LoadedPlugin

__all__ = ["plugins"]


@click.command()
@click.option(
    "--directory",
    is_flag=True,
    help="List all that there are, installed or not.",
)
@as_json
@click.pass_context
def plugins(ctx: click.Context, *, directory: bool, as_json: bool) -> None:
    """List the plugins, and what is wrong with a broken one.

    The exit code is 1 if something is wrong with one. XID_PLUGINS names the
    ones to load.
    """
    if directory:
        _show_directory(as_json=as_json)
        return

    from ..diagnosis import diagnose

    # Strict or not, this is the command that tells of broken ones.
    found = diagnose()
    if as_json:
        emit_json(
            {
                "plugins": [_as_object(one, found) for one in found.plugins.plugins],
                "problems": [problem_object(one) for one in found.problems],
            }
        )
    else:
        rows = [_row(one, found) for one in found.plugins.plugins]
        table = Table("Plugins", ["name", "kinds", "package", "state", "module"], rows)
        show([table, *map(problem_tree, found.problems)])
    ctx.exit(1 if found.problems else 0)


def _as_object(plugin: LoadedPlugin, found: Diagnosis) -> dict[str, Any]:
    return {
        "name": plugin.name,
        "module": plugin.module,
        "distribution": plugin.distribution or None,
        "version": plugin.version or None,
        "kinds": list(plugin.kinds),
        "error": None
        if plugin.error is None
        else {"code": plugin.error.code, "detail": plugin.error.detail},
        "problems": [one.code for one in found.problems_of(plugin)],
    }


def _row(plugin: LoadedPlugin, found: Diagnosis) -> list[Cell]:
    state = Cell("loaded", "good")
    if plugin.error:
        state = Cell("broken", "bad")
    elif found.problems_of(plugin):
        state = Cell("loaded, see below", "odd")
    return [
        Cell(plugin.name),
        Cell(" ".join(plugin.kinds) or "-"),
        Cell(f"{plugin.distribution} {plugin.version}".strip() or "-"),
        state,
        Cell(plugin.module, "dim"),
    ]


def _show_directory(*, as_json: bool) -> None:
    from importlib.metadata import distributions

    from packaging.utils import canonicalize_name

    from ..directory import directory
    from ..loading import field_of

    names = (field_of(one, "Name") for one in distributions())
    here = {canonicalize_name(name) for name in names if name}
    listed = directory()
    if as_json:
        emit_json(
            {
                "directory": [
                    {
                        "name": one.name,
                        "distribution": one.distribution,
                        "kinds": list(one.kinds),
                        "numbers": list(one.numbers),
                        "tier": one.tier.value if one.tier else None,
                        "status": one.status.value,
                        "installed": one.distribution in here,
                        "summary": one.summary,
                    }
                    for one in listed
                ]
            }
        )
        return
    rows = [
        [
            Cell(one.distribution),
            Cell(" ".join(one.kinds) or "-"),
            Cell(" ".join(map(str, one.numbers)) or "-"),
            Cell(one.tier.value if one.tier else "-"),
            Cell("installed", "good")
            if one.distribution in here
            else Cell(one.status.value),
            Cell(one.summary, "dim"),
        ]
        for one in listed
    ]
    columns = ["package", "kinds", "numbers", "tier", "status", "summary"]
    show([Table("Directory", columns, rows)])
