"""What stands in this workspace, for the tests of the house."""

from __future__ import annotations

import subprocess
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Distribution:
    """One folder that becomes one wheel."""

    folder: Path
    pyproject: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.pyproject["project"]["name"])

    @property
    def module(self) -> str:
        """Its one top-level package."""
        return self.name.replace("-", "_")

    @property
    def package(self) -> Path:
        return self.folder / "src" / self.module

    @property
    def is_plugin(self) -> bool:
        return self.folder.name != "core"

    @property
    def entry_points(self) -> dict[str, str]:
        """The modules that the core loads, by the name of the plugin."""
        points = self.pyproject["project"].get("entry-points", {})
        return dict(points.get("xmtp_identity", {}))


def _distribution(folder: Path) -> Distribution:
    return Distribution(
        folder, tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    )


DISTRIBUTIONS: Final = [
    _distribution(path.parent)
    for path in [
        ROOT / "core" / "pyproject.toml",
        *sorted(ROOT.glob("plugins/*/pyproject.toml")),
    ]
]

each_distribution: Final = pytest.mark.parametrize(
    "distribution", DISTRIBUTIONS, ids=lambda one: one.name
)


@cache
def project_files() -> list[Path]:
    """Every file that is in the repository or would be at the next commit."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git repository: what belongs to the project is unknown")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    paths = (ROOT / name for name in listed.stdout.decode().split("\0") if name)
    return sorted(path for path in set(paths) if path.is_file())


def python_files() -> list[Path]:
    """The Python that people write: not what protoc made, nor templates of it."""
    return [
        path
        for path in project_files()
        if path.suffix == ".py"
        and not path.name.endswith("_pb2.py")
        and path.relative_to(ROOT).parts[0] not in {"cookiecutter", "templates"}
    ]
