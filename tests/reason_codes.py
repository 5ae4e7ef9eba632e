"""Reason codes: those that the sources name, and those that the pages explain."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from .workspace import Distribution

_CODE: Final = "code"


class Use(NamedTuple):
    """A place where a source names a code.

    raised: the error or the helper that it is given to; for the code of a
        class the class itself.
    """

    code: str
    raised: str
    is_own: bool


def uses(distribution: Distribution) -> list[Use]:
    """Every code in the sources of a distribution.

    Found are ``code = "..."`` in a class, ``code="..."`` in a call, and what
    stands in a call for a parameter ``code`` of a function of the package.
    """
    trees = [
        ast.parse(path.read_text("utf-8"))
        for path in sorted(distribution.package.rglob("*.py"))
        if not path.name.endswith("_pb2.py")
    ]
    positions = {name: at for tree in trees for name, at in _helpers(tree)}
    return [use for tree in trees for use in _uses(tree, positions)]


def _helpers(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Functions with a parameter ``code``, and where it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            names = [one.arg for one in node.args.args]
            if _CODE in names:
                yield node.name, names.index(_CODE)


def _uses(tree: ast.AST, positions: Mapping[str, int]) -> Iterator[Use]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            for line in node.body:
                if isinstance(line, ast.Assign) and _is_code(line):
                    yield from _named(line.value, node.name, is_own=True)
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func).rpartition(".")[2]
            for keyword in node.keywords:
                if keyword.arg == _CODE:
                    yield from _named(keyword.value, name)
            at = positions.get(name)
            if at is not None and at < len(node.args):
                yield from _named(node.args[at], name)


def _is_code(line: ast.Assign) -> bool:
    return [ast.unparse(target) for target in line.targets] == [_CODE]


def _named(value: ast.expr, raised: str, *, is_own: bool = False) -> Iterator[Use]:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield Use(value.value, raised, is_own)


def rows(page: Path) -> dict[str, dict[str, str]]:
    """The rows of all tables of a page whose first column is "Code", by code."""
    found: dict[str, dict[str, str]] = {}
    head: list[str] = []
    for line in page.read_text("utf-8").split("\n"):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            head = []
        elif not head:
            head = cells
        elif head[0] == "Code" and cells[0].startswith("`"):
            code = cells[0].strip("`")
            assert code not in found, f"{page.name} explains {code} twice"
            found[code] = dict(zip(head, cells, strict=True))
    return found
