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

SCAFFOLD = ("cookiecutter/", "templates/", "proto/xmtp_identity/v1/")
"""What `xid new` and `xid protoc` need, from elsewhere in the work tree."""

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
    if not distribution.is_plugin:
        expected |= {
            f"{distribution.module}/_scaffold/{path.relative_to(ROOT).as_posix()}"
            for path in project_files()
            if path.relative_to(ROOT).as_posix().startswith(SCAFFOLD)
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


def _environment(folder: Path, *packages: Path) -> Path:
    """The interpreter of a new environment that holds these wheels."""
    venv.create(folder, with_pip=False)
    _pip(
        f"--python={folder}",
        "install",
        f"--constraint={ROOT / 'constraints.txt'}",
        *packages,
    )
    return folder / "bin" / "python"


def _packages(python: Path) -> set[str]:
    listed = json.loads(_pip(f"--python={python}", "list", "--format=json"))
    return {canonicalize_name(one["name"]) for one in listed}


@pytest.fixture(scope="session")
def core_alone(
    wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """An environment that holds the core's wheel alone."""
    folder = tmp_path_factory.mktemp("core-alone")
    return _environment(folder, wheels["xmtp-identity"])


@pytest.fixture(scope="session")
def with_solana(
    wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """An environment with a leaf kind and no root kind but the core's own."""
    folder = tmp_path_factory.mktemp("with-solana")
    return _environment(
        folder, wheels["xmtp-identity"], wheels["xmtp-identity-solana"]
    )


def test_the_core_alone_brings_its_own_dependencies_only(core_alone: Path) -> None:
    assert _packages(core_alone) == CORE_ALONE


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


def test_solana_alone_brings_no_other_chain(with_solana: Path) -> None:
    assert _packages(with_solana) == CORE_ALONE | {"base58", "xmtp-identity-solana"}


def test_solana_alone_lists_parses_and_verifies(with_solana: Path) -> None:
    checked = subprocess.run(
        [with_solana, "-I", "-c", _SOLANA_ALONE],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert checked.stdout.split() == ["installation", "solana", "True", "False"]


def test_solana_alone_replays_and_says_that_it_is_not_authoritative(
    with_solana: Path, tmp_path: Path
) -> None:
    vectors = ROOT / "tests" / "vectors" / "libxmtp" / "histories.json"
    history = json.loads(vectors.read_text("utf-8"))["vectors"][0]
    log = [update["raw"] for update in history["updates"]]
    path = tmp_path / "log.json"
    path.write_text(json.dumps({"inbox_id": history["inbox_id"], "log": log}), "utf-8")
    shown = subprocess.run(
        [with_solana.with_name("xid"), "replay", "--json", path],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    result = json.loads(shown.stdout)
    assert result["authoritative"] is False
    assert {one["outcome"] for one in result["outcomes"]} == {"discarded"}


_SOLANA_ALONE = """
from xmtp_identity import load_registry
from xmtp_identity.kinds import SignatureItem, VerifiedSignature
registry = load_registry(strict=True)
print(*registry.by_name)
kind = registry.kind("solana")
tools = kind.signing()
signer = tools.load_key(tools.new_key(), str)
member = kind.parse(signer.identifier.value)
signature = signer.sign("a text")
for text in (b"a text", b"another"):
    item = SignatureItem(text, signature.payload, member)
    (result,) = kind.proofs[100].verify_many([item], {})
    print(type(result) is VerifiedSignature)
"""
