"""What people install: the wheels, not the work tree."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from email.parser import HeaderParser
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.utils import canonicalize_name, parse_wheel_filename

from ..workspace import (
    DISTRIBUTIONS,
    ROOT,
    Distribution,
    each_distribution,
    project_files,
)

pytestmark = pytest.mark.slow

CORE_ALONE = {
    "cffi",
    "click",
    "markdown-it-py",
    "mdurl",
    "pluggy",
    "protobuf",
    "pycparser",
    "pygments",
    "pynacl",
    "rich",
    "xmtp-identity",
}
"""All that comes with the core: it knows no chain and no plugin."""


def _pip(*arguments: str | Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pip", *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheel of each distribution, by the distribution's name."""
    folder = tmp_path_factory.mktemp("wheels")
    _pip(
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        f"--wheel-dir={folder}",
        *(distribution.folder for distribution in DISTRIBUTIONS),
    )
    return {parse_wheel_filename(path.name)[0]: path for path in folder.iterdir()}


@each_distribution
def test_a_wheel_holds_its_package_whole_and_nothing_else(
    distribution: Distribution, wheels: dict[str, Path]
) -> None:
    source = distribution.package.parent
    expected = {
        path.relative_to(source).as_posix()
        for path in project_files()
        if path.is_relative_to(source)
    }
    names = ZipFile(wheels[distribution.name]).namelist()
    assert {name for name in names if ".dist-info/" not in name} == expected
    assert f"{distribution.module}/py.typed" in expected
    generated = {name for name in expected if name.endswith("_pb2.py")}
    assert {f"{name}i" for name in generated} <= expected


@each_distribution
def test_a_wheel_says_what_it_is(
    distribution: Distribution, wheels: dict[str, Path]
) -> None:
    wheel = ZipFile(wheels[distribution.name])
    (info,) = {name.split("/")[0] for name in wheel.namelist() if ".dist-info/" in name}
    metadata = HeaderParser().parsestr(wheel.read(f"{info}/METADATA").decode())
    assert metadata["Name"] == distribution.name
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Summary"]
    assert "Typing :: Typed" in (metadata.get_all("Classifier") or [])
    if distribution.is_plugin:
        points = wheel.read(f"{info}/entry_points.txt").decode()
        for name, module in distribution.entry_points.items():
            assert f"{name} = {module}" in points


@pytest.fixture(scope="session")
def core_alone(
    wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The interpreter of an environment that holds the core's wheel alone."""
    folder = tmp_path_factory.mktemp("core-alone")
    venv.create(folder, with_pip=False)
    _pip(
        f"--python={folder}",
        "install",
        f"--constraint={ROOT / 'constraints.txt'}",
        wheels["xmtp-identity"],
    )
    return folder / "bin" / "python"


def test_the_core_alone_brings_its_own_dependencies_only(core_alone: Path) -> None:
    listed = json.loads(_pip(f"--python={core_alone}", "list", "--format=json"))
    assert {canonicalize_name(one["name"]) for one in listed} == CORE_ALONE


def test_the_core_alone_can_be_imported(core_alone: Path) -> None:
    subprocess.run([core_alone, "-I", "-c", "import xmtp_identity"], check=True)


def test_the_core_alone_has_a_command_line(core_alone: Path) -> None:
    shown = subprocess.run(
        [core_alone.with_name("xid"), "--version"],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    (core,) = (one for one in DISTRIBUTIONS if not one.is_plugin)
    assert core.pyproject["project"]["version"] in shown.stdout
