"""`xid doctor`: what is installed, what is wrong with it, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ..errors import IdentityError
from .options import as_json, chains_of
from .output import Cell, Facts, Heading, Part, Table, Tree, emit_json, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..chains import Chains
    from ..diagnosis import Diagnosis, Problem
    from ..loading import LoadedPlugin

__all__ = ["doctor", "problem_object", "problem_tree"]


@click.command()
@as_json
@click.pass_context
def doctor(ctx: click.Context, *, as_json: bool) -> None:
    """Say what is installed, what is wrong with it, and what to do.

    The exit code is 1 if something is wrong.
    """
    from ..diagnosis import diagnose

    found = diagnose()
    chains, trouble = _look_at_chains(ctx, found)
    problems = (*found.problems, *trouble)
    absent = _absent(found)
    versions = _versions()
    if as_json:
        emit_json(
            {
                "healthy": not problems,
                "versions": versions,
                "plugins": [_plugin_object(one) for one in found.plugins.plugins],
                "kinds": [kind.name for kind in found.plugins.registry.kinds],
                "problems": [problem_object(one) for one in problems],
                "absent_kinds": absent,
                "chains": {name: _hosts(urls) for name, urls in chains.items()},
            }
        )
    else:
        show(_for_people(found, problems, versions, absent, chains))
    ctx.exit(1 if problems else 0)


def problem_object(problem: Problem) -> dict[str, Any]:
    """A problem, for JSON."""
    return {
        "plugin": problem.plugin or None,
        "distribution": problem.distribution or None,
        "code": problem.code,
        "cause": problem.cause,
        "remedy": problem.remedy,
    }


def problem_tree(problem: Problem) -> Tree:
    """A problem, for people: its cause, and under it what to do."""
    tree = Tree(Cell(f"{problem.cause} [{problem.code}]", "bad"))
    tree.add(problem.remedy)
    return tree


def _look_at_chains(
    ctx: click.Context, found: Diagnosis
) -> tuple[Chains, list[Problem]]:
    """The chains that are named, and why they can't be used; none is asked."""
    from ..diagnosis import Problem

    chains: Chains = {}
    try:
        chains = chains_of(ctx)
        found.plugins.contexts(chains)
    except IdentityError as error:
        return chains, [Problem("", "", error.code, error.detail, error.remedy)]
    return chains, []


def _hosts(urls: Sequence[str]) -> list[str]:
    """All of the URLs that may be shown."""
    from ..chains import host_of

    return [host_of(url) for url in urls]


def _versions() -> dict[str, Any]:
    from importlib.metadata import version
    from platform import python_version

    from ..diagnosis import CORE
    from ..installation.accelerator import accelerator
    from ..kinds import API_VERSION

    return {
        "core": version(CORE),
        "api": API_VERSION,
        "python": python_version(),
        "protobuf": version("protobuf"),
        "ed25519ph": "composed" if accelerator() is None else "accelerated",
    }


def _plugin_object(plugin: LoadedPlugin) -> dict[str, Any]:
    return {
        "name": plugin.name,
        "distribution": plugin.distribution or None,
        "version": plugin.version or None,
        "loaded": plugin.error is None,
    }


def _absent(found: Diagnosis) -> list[dict[str, Any]]:
    """The kinds that have a number and are not loaded, and who has them."""
    from ..directory import directory

    here = found.plugins.registry.by_member
    return [
        {
            "number": number,
            "name": name,
            "distribution": one.distribution,
            "status": one.status.value,
        }
        for one in directory()
        for number, name in zip(one.numbers, one.kinds, strict=True)
        if number not in here
    ]


def _for_people(
    found: Diagnosis,
    problems: Sequence[Problem],
    versions: dict[str, Any],
    absent: list[dict[str, Any]],
    chains: Chains,
) -> list[Part]:
    plugins = [
        [
            Cell(one.name),
            Cell(f"{one.distribution} {one.version}".strip() or "-"),
            Cell("broken", "bad") if one.error else Cell("loaded", "good"),
        ]
        for one in found.plugins.plugins
    ]
    others = [
        [
            Cell(str(one["number"])),
            Cell(one["name"]),
            Cell(one["distribution"]),
            Cell(one["status"]),
        ]
        for one in absent
    ]
    ways = [
        [Cell(name), Cell(", ".join(_hosts(urls)))] for name, urls in chains.items()
    ]
    verdict = (
        Cell(f"Something is wrong ({len(problems)}). What is loaded works.", "bad")
        if problems
        else Cell("Nothing is wrong.", "good")
    )
    return [
        Facts(
            [
                ("xmtp-identity", Cell(f"{versions['core']} (API {versions['api']})")),
                ("Python", Cell(versions["python"])),
                ("protobuf", Cell(versions["protobuf"])),
                ("Ed25519ph", Cell(versions["ed25519ph"])),
            ]
        ),
        Table("Plugins", ["name", "package", "state"], plugins),
        Table(
            "Kinds that are not loaded",
            ["number", "name", "package", "status"],
            others,
        ),
        *([Table("Chains", ["chain", "asked at"], ways)] if ways else []),
        Heading(verdict),
        *map(problem_tree, problems),
    ]
