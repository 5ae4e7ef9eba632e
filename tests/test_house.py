"""The rules of the house that no linter knows."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .workspace import (
    DISTRIBUTIONS,
    ROOT,
    Distribution,
    each_distribution,
    project_files,
    python_files,
)

FOLDERS: Final = {
    "cookiecutter",
    "core",
    "docs",
    "plugins",
    "proto",
    "templates",
    "tests",
}
FILES: Final = {
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "conftest.py",
    "constraints.txt",
    "pyproject.toml",
}
LINES_OF_A_MODULE: Final = 450
HEAVY: Final = {
    "Crypto",
    "click",
    "coincurve",
    "cryptography",
    "eth_account",
    "nacl",
    "rich",
    "sha3",
}
IMPORT: Final = """
import importlib, sys
importlib.import_module(sys.argv[1])
print(*set(sys.argv[2:]) & set(sys.modules))
"""


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_the_top_level_holds_what_the_design_names_and_nothing_else() -> None:
    tops = {path.relative_to(ROOT).parts for path in project_files()}
    folders = {parts[0] for parts in tops if len(parts) > 1}
    files = {parts[0] for parts in tops if len(parts) == 1}
    assert {name for name in folders if name[0] != "."} <= FOLDERS
    assert {name for name in files if name[0] != "."} == FILES


@each_distribution
def test_a_distribution_is_complete(distribution: Distribution) -> None:
    project = distribution.pyproject["project"]
    folder = distribution.folder
    assert (folder / project["readme"]).read_text("utf-8").startswith("# ")
    assert (distribution.package / "py.typed").is_file()
    assert list((folder / "tests").rglob("test_*.py"))
    assert project["license"] == "MIT"
    assert project["requires-python"] == ">=3.11"


@each_distribution
def test_a_distribution_is_named_after_its_folder(distribution: Distribution) -> None:
    plugin = distribution.folder.name.replace("-", "_")
    sources = {path.name for path in distribution.package.parent.glob("[!.]*")}
    assert sources == {distribution.module}
    if distribution.is_plugin:
        assert distribution.module == f"xmtp_identity_{plugin}"
        assert plugin in distribution.entry_points


@each_distribution
def test_every_dependency_has_bounds_on_both_sides(distribution: Distribution) -> None:
    for line in distribution.pyproject["project"]["dependencies"]:
        operators = {one.operator for one in Requirement(line).specifier}
        assert {">=", "<"} <= operators, line


def test_every_constraint_is_one_exact_version_and_names_no_place() -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pins = [Requirement(line) for line in lines if not line.startswith("#")]
    assert all(pin.url is None for pin in pins)
    assert {one.operator for pin in pins for one in pin.specifier} == {"=="}
    assert {len(pin.specifier) for pin in pins} == {1}
    pinned = {canonicalize_name(pin.name) for pin in pins}
    ours = {distribution.name for distribution in DISTRIBUTIONS}
    for distribution in DISTRIBUTIONS:
        for line in distribution.pyproject["project"]["dependencies"]:
            assert canonicalize_name(Requirement(line).name) in pinned | ours, line


def test_no_file_names_a_package_registry_or_a_place_on_this_machine() -> None:
    # Written so that these lines do not match themselves.
    registry = r"https?://[^ /]*(?:pypi|pythonhosted|npm|debian)[^ /]*/"
    home = r"(?<![\w.~-])/(?:home|Users|root)/\w"
    places = [home, re.escape(f"{ROOT}/")]
    if ROOT.parent not in {Path("/"), Path(tempfile.gettempdir())}:
        places.append(re.escape(f"{ROOT.parent}/"))
    forbidden = re.compile("|".join([registry, *places]).encode())
    found = [
        f"{_name(path)}: {match.group().decode(errors='replace')}"
        for path in project_files()
        if (match := forbidden.search(path.read_bytes()))
    ]
    assert not found


def test_the_lock_file_of_uv_is_not_in_the_project() -> None:
    """It names registry hosts; versions belong in constraints.txt."""
    assert "uv.lock" not in {path.name for path in project_files()}


def test_a_module_is_one_room_with_one_purpose() -> None:
    lengths = {
        _name(path): len(path.read_text("utf-8").splitlines())
        for path in python_files()
    }
    assert not {name for name in lengths if lengths[name] > LINES_OF_A_MODULE}


def _public_names(package: Path) -> set[str]:
    """What ``__init__.py`` defines or brings in from its own modules."""
    names: set[str] = set()
    module = ast.parse((package / "__init__.py").read_text("utf-8"))
    for node in ast.walk(module):  # imports for type checkers stand deeper
        if isinstance(node, ast.ImportFrom) and node.level:
            names |= {alias.asname or alias.name for alias in node.names}
    for node in module.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {one.id for one in targets if isinstance(one, ast.Name)}
    return {name for name in names if not name.startswith("_")}


def _constants_first(name: str) -> tuple[int, str]:
    """The order of ruff's RUF022: constants, classes, functions."""
    return (0 if name.isupper() else 1 if name[:1].isupper() else 2, name)


@each_distribution
def test_a_package_lists_its_public_names_sorted_and_complete(
    distribution: Distribution,
) -> None:
    package = importlib.import_module(distribution.module)
    listed: list[str] = list(getattr(package, "__all__", []))
    assert listed == sorted(set(listed), key=_constants_first)
    assert _public_names(distribution.package) <= set(listed)
    for name in listed:
        assert getattr(package, name) is not None, name


@pytest.mark.parametrize(
    "module",
    [
        module
        for distribution in DISTRIBUTIONS
        for module in [distribution.module, *distribution.entry_points.values()]
    ],
)
def test_an_import_loads_no_heavy_library(module: str) -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", IMPORT, module, *sorted(HEAVY)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert loaded.stdout.split() == []
