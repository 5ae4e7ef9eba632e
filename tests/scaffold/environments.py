"""Environments with nothing in them, and commands in them as a person types."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ..workspace import ROOT

SECONDS: Final = 300


def build_wheels(folder: Path, *distributions: str) -> None:
    """Build the wheels of some folders of the workspace."""
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"),
            *("--no-build-isolation", f"--wheel-dir={folder}"),
            *(ROOT / name for name in distributions),
        ],
        check=True,
        cwd=ROOT,
    )


def plain_environment(wheels: Path) -> dict[str, str]:
    """The variables of a shell in which pip finds our wheels before others.

    Versions are those of the workspace. What XID_ variables say does not count.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("XID_", "PYTHON", "PYTEST", "VIRTUAL_ENV", "COV"))
    }
    return {
        **kept,
        "LC_ALL": "C.UTF-8",
        "PIP_CONSTRAINT": str(ROOT / "constraints.txt"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_FIND_LINKS": str(wheels),
        # Half of the time that pip needs; and pip reads it the other way round.
        "PIP_NO_COMPILE": "0",
        "PIP_QUIET": "1",
    }


@dataclass(frozen=True, slots=True)
class Shell:
    """A folder to work in and an environment of its own.

    folder: where commands run.
    wheels: where pip finds our own packages.
    """

    folder: Path
    wheels: Path
    environment: Path = field(init=False)

    def __post_init__(self) -> None:
        """Make the environment, empty but for pip."""
        place = self.folder.parent / f"{self.folder.name}-environment"
        venv.create(place, with_pip=True)
        object.__setattr__(self, "environment", place)

    def run(
        self, *command: str, code: int = 0, folder: Path | None = None, **extra: str
    ) -> str:
        """Run a program of the environment; gives its standard output."""
        variables = {**plain_environment(self.wheels), **extra}
        bin_folder = self.environment / "bin"
        variables["PATH"] = f"{bin_folder}{os.pathsep}{variables['PATH']}"
        done = subprocess.run(
            command,
            cwd=folder or self.folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if code == 0 else subprocess.PIPE,
            encoding="utf-8",
            check=False,
            timeout=SECONDS,
        )
        assert done.returncode == code, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout
