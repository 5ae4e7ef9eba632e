"""`make dist`: the same bytes each time, and a bill of what is in them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any, Final
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ..workspace import DISTRIBUTIONS, ROOT, project_files

pytestmark = pytest.mark.slow

BUILT: Final = ("xmtp-identity", "xmtp-identity-solana")
EPOCH: Final = 1_700_000_000


def _dist(
    into: Path, *names: str, root: Path = ROOT, epoch: int | None = EPOCH, **extra: str
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **extra}
    environment.pop("SOURCE_DATE_EPOCH", None)
    if epoch is not None:
        environment["SOURCE_DATE_EPOCH"] = str(epoch)
    return subprocess.run(
        [
            sys.executable,
            ROOT / ".ci" / "dist.py",
            f"--root={root}",
            f"--into={into}",
            *names,
        ],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
    )


def _contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def _copy(folder: Path) -> Path:
    """The workspace elsewhere: a repository with one commit."""
    for path in project_files():
        target = folder / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    git = ["git", "-c", "user.name=nobody", "-c", "user.email=nobody@example.com"]
    environment = {**os.environ, "GIT_COMMITTER_DATE": f"{EPOCH} +0000"}
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "all"]):
        subprocess.run([*git, *arguments], cwd=folder, check=True, env=environment)
    return folder


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two distributions, built from this work tree."""
    folder = tmp_path_factory.mktemp("built")
    done = _dist(folder, *BUILT)
    assert done.returncode == 0, done.stderr
    return folder


def test_each_distribution_gives_a_wheel_an_sdist_and_a_bill(built: Path) -> None:
    version = DISTRIBUTIONS[0].pyproject["project"]["version"]
    modules = [name.replace("-", "_") for name in BUILT]
    assert set(_contents(built)) == {
        *(f"{module}-{version}.tar.gz" for module in modules),
        *(f"{module}-{version}-py3-none-any.whl" for module in modules),
        *(f"sbom/{name}.cdx.json" for name in BUILT),
    }


def test_another_folder_day_time_zone_and_umask_give_the_same_bytes(
    built: Path, tmp_path: Path
) -> None:
    copy = _copy(tmp_path / "elsewhere")
    junk = copy / "plugins" / "solana" / "src" / "xmtp_identity_solana" / "__pycache__"
    junk.mkdir()
    (junk / "plugin.pyc").write_bytes(b"junk")
    again = tmp_path / "again"
    before = os.umask(0o077)
    try:
        # The date is that of the commit: nothing is said of it here.
        done = _dist(again, *BUILT, root=copy, epoch=None, TZ="Asia/Tokyo", LC_ALL="C")
    finally:
        os.umask(before)
    assert done.returncode == 0, done.stderr
    assert _contents(again) == _contents(built)


def test_all_that_is_built_has_the_time_of_the_commit(built: Path) -> None:
    for path in built.glob("*.tar.gz"):
        with tarfile.open(path) as archive:
            assert {one.mtime for one in archive.getmembers()} == {EPOCH}
    for path in built.glob("*.whl"):
        times = {one.date_time for one in ZipFile(path).infolist()}
        assert times == {(2023, 11, 14, 22, 13, 20)}


def test_what_an_earlier_run_left_is_not_published_with_the_new(tmp_path: Path) -> None:
    (tmp_path / "xmtp_identity_solana-0.0.1-py3-none-any.whl").write_bytes(b"old")
    (tmp_path / "NOTES.md").write_text("notes", "utf-8")
    assert _dist(tmp_path, "xmtp-identity-solana").returncode == 0
    assert not list(tmp_path.glob("*-0.0.1-*"))
    assert (tmp_path / "NOTES.md").exists()


def test_an_unknown_distribution_is_refused(tmp_path: Path) -> None:
    done = _dist(tmp_path, "xmtp-identity-nosuch")
    assert done.returncode == 1
    assert done.stderr == "There is no distribution xmtp-identity-nosuch here.\n"


def test_an_sdist_holds_licence_sources_and_tests(built: Path) -> None:
    (path,) = built.glob("xmtp_identity_solana-*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {
        "LICENSE",
        "PKG-INFO",
        "README.md",
        "pyproject.toml",
        "src/xmtp_identity_solana/py.typed",
        "tests/test_signature.py",
    } <= names
    assert not any("__pycache__" in name or "node_modules" in name for name in names)


# The bill of materials


def _bill(built: Path, name: str) -> dict[str, Any]:
    text = (built / "sbom" / f"{name}.cdx.json").read_text("utf-8")
    bill: dict[str, Any] = json.loads(text)
    return bill


@pytest.mark.parametrize("name", BUILT)
def test_a_bill_names_the_distribution_and_the_digests_of_its_files(
    built: Path, name: str
) -> None:
    bill = _bill(built, name)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    root = bill["metadata"]["component"]
    assert root["name"] == name
    assert root["licenses"] == [{"license": {"id": "MIT"}}]
    assert root["purl"] == f"pkg:pypi/{name}@{root['version']}"
    module = name.replace("-", "_")
    assert {one["url"]: one["hashes"] for one in root["externalReferences"]} == {
        path.name: [
            {"alg": "SHA-256", "content": hashlib.sha256(path.read_bytes()).hexdigest()}
        ]
        for path in built.glob(f"{module}-*")
    }


def test_a_bill_holds_all_that_is_required_and_nothing_else(built: Path) -> None:
    core = {one["name"] for one in _bill(built, "xmtp-identity")["components"]}
    assert {"click", "packaging", "pluggy", "protobuf", "pynacl", "rich"} <= core
    assert not core & {"base58", "coincurve", "hypothesis", "pytest", "xmtp-identity"}
    solana = {one["name"] for one in _bill(built, "xmtp-identity-solana")["components"]}
    assert solana == core | {"base58", "xmtp-identity"}


def test_the_versions_of_a_bill_are_those_of_the_constraints(built: Path) -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pins = {
        canonicalize_name(pin.name): str(pin.specifier).removeprefix("==")
        for pin in (Requirement(line) for line in lines if line[0] != "#")
    }
    for one in _bill(built, "xmtp-identity")["components"]:
        assert one["version"] == pins[one["name"]], one["name"]


def test_a_bill_says_what_requires_what(built: Path) -> None:
    bill = _bill(built, "xmtp-identity-solana")
    tree = {one["ref"]: one.get("dependsOn", []) for one in bill["dependencies"]}
    (root,) = (ref for ref in tree if "xmtp-identity-solana" in ref)
    direct = {ref.removeprefix("pkg:pypi/").partition("@")[0] for ref in tree[root]}
    assert direct == {"base58", "pynacl", "xmtp-identity"}
    everything = {one["bom-ref"] for one in bill["components"]} | {root}
    assert set(tree) == everything
