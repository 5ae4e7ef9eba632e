"""`make release`: versions, ranges, changelog and notes; or nothing at all."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from ..workspace import DISTRIBUTIONS, ROOT

DAY = "2026-12-01"
CHANGELOG = """# Changelog

What versions mean.

## {first} (unreleased)

### Added

- A new thing.

## 0.0.9 (2026-01-01)

- The old thing.
"""


def _git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.com"]
    done = subprocess.run(
        ["git", *who, *arguments],
        cwd=folder,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout


def _commit(folder: Path) -> None:
    _git(folder, "add", "-A")
    _git(folder, "commit", "-qm", "all")


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """The files that a release changes, in a repository of their own."""
    for distribution in DISTRIBUTIONS:
        source = distribution.folder / "pyproject.toml"
        target = tmp_path / source.relative_to(ROOT)
        target.parent.mkdir(parents=True)
        shutil.copyfile(source, target)
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG.format(first="0.1.0"), "utf-8")
    (tmp_path / ".gitignore").write_text("dist/\n", "utf-8")
    _git(tmp_path, "init", "-q")
    _commit(tmp_path)
    return tmp_path


def _release(folder: Path, version: str) -> subprocess.CompletedProcess[str]:
    program = ROOT / ".ci" / "release.py"
    return subprocess.run(
        [sys.executable, program, version, f"--root={folder}", f"--date={DAY}"],
        check=False,
        capture_output=True,
        text=True,
    )


def _projects(folder: Path) -> dict[str, dict[str, Any]]:
    paths = [folder / "core/pyproject.toml", *folder.glob("plugins/*/pyproject.toml")]
    found = [tomllib.loads(path.read_text("utf-8"))["project"] for path in paths]
    return {project["name"]: project for project in found}


def _refusal(folder: Path, version: str) -> str:
    """Why there is no release; and nothing was changed."""
    before = _git(folder, "status", "--porcelain")
    done = _release(folder, version)
    assert done.returncode == 1
    assert not done.stdout
    assert done.stderr.startswith("release: ")
    assert done.stderr.count("\n") == 1
    assert _git(folder, "status", "--porcelain") == before
    assert not (folder / "dist").exists()
    return done.stderr


@pytest.mark.parametrize(
    ("version", "cores"),
    [
        ("0.1.0", "<0.2,>=0.1"),
        ("0.1.7", "<0.2,>=0.1"),
        ("0.2.0", "<0.3,>=0.2"),
        ("0.10.0", "<0.11,>=0.10"),
        ("1.0.0", "<2,>=1.0"),
        ("2.3.4", "<3,>=2.3"),
    ],
)
def test_every_distribution_gets_the_version_and_plugins_the_range_of_cores(
    scratch: Path, version: str, cores: str
) -> None:
    before = _projects(scratch)
    done = _release(scratch, version)
    assert done.returncode == 0, done.stderr
    for name, project in _projects(scratch).items():
        assert project["version"] == version
        ranges = _ranges(project)
        assert ("xmtp-identity" in {one for one, _ in ranges}) == (
            name != "xmtp-identity"
        )
        old = _ranges(before[name])
        assert ranges == {
            (one, cores if one.startswith("xmtp-identity") else old_range)
            for one, old_range in old
        }


def _ranges(project: dict[str, Any]) -> set[tuple[str, str]]:
    """What a distribution and its extras require."""
    extras = project.get("optional-dependencies", {}).values()
    lists = [project["dependencies"], *extras]
    return {
        (one.name, str(one.specifier))
        for required in lists
        for one in map(Requirement, required)
    }


def test_the_changelog_is_dated_and_its_section_becomes_the_notes(
    scratch: Path,
) -> None:
    assert _release(scratch, "0.2.0").returncode == 0
    text = (scratch / "CHANGELOG.md").read_text("utf-8")
    old = CHANGELOG.format(first="0.1.0")
    assert text == old.replace("0.1.0 (unreleased)", f"0.2.0 ({DAY})")
    notes = (scratch / "dist" / "NOTES.md").read_text("utf-8")
    assert notes == "# xmtp-identity 0.2.0\n\n### Added\n\n- A new thing.\n"


def test_nothing_is_committed_or_tagged(scratch: Path) -> None:
    commit = _git(scratch, "rev-parse", "HEAD")
    assert _release(scratch, "0.2.0").returncode == 0
    assert _git(scratch, "rev-parse", "HEAD") == commit
    assert not _git(scratch, "tag")
    assert _git(scratch, "status", "--porcelain")


@pytest.mark.parametrize(
    "version", ["", "1", "1.2", "v1.2.3", "1.2.3rc1", "01.2.3", "1.2.3\n", "1.2.3.4"]
)
def test_what_is_no_version_is_refused(scratch: Path, version: str) -> None:
    assert "x.y.z" in _refusal(scratch, version)


def test_an_older_version_than_the_present_one_is_refused(scratch: Path) -> None:
    assert "is 0.1.0 already" in _refusal(scratch, "0.0.10")


@pytest.mark.parametrize("version", ["0.0.9", "0.0.8"])
def test_what_the_changelog_has_released_is_refused(
    scratch: Path, version: str
) -> None:
    assert "0.0.9 is released already" in _refusal(scratch, version)


@pytest.mark.parametrize("name", ["CHANGELOG.md", "new.txt"])
def test_a_work_tree_with_changes_is_refused(scratch: Path, name: str) -> None:
    with (scratch / name).open("a") as file:
        file.write("more\n")
    assert "has changes" in _refusal(scratch, "0.2.0")


def test_a_tag_that_is_there_is_refused(scratch: Path) -> None:
    _git(scratch, "tag", "v0.2.0")
    assert "the tag v0.2.0 is there" in _refusal(scratch, "0.2.0")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# Changelog\n", "must begin with a section"),
        ("# Changelog\n\n## 0.1.0 (2026-01-01)\n\n- X.\n", "must begin with a section"),
        ("# Changelog\n\n## 0.1.0 (unreleased)\n\n", "is empty"),
        (
            "# Changelog\n\n## 0.2.0 (unreleased)\n\n## 0.1.0 (2026-01-01)\n\n- X.\n",
            "is empty",
        ),
    ],
)
def test_a_changelog_that_says_nothing_is_refused(
    scratch: Path, text: str, said: str
) -> None:
    (scratch / "CHANGELOG.md").write_text(text, "utf-8")
    _commit(scratch)
    assert said in _refusal(scratch, "0.2.0")


def test_a_plugin_without_a_range_of_cores_is_refused(scratch: Path) -> None:
    path = scratch / "plugins" / "solana" / "pyproject.toml"
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(one for one in lines if "xmtp-identity>" not in one))
    _commit(scratch)
    assert "solana/pyproject.toml names no range of cores" in _refusal(scratch, "0.2.0")


def test_the_changelog_of_this_workspace_can_be_released(scratch: Path) -> None:
    shutil.copyfile(ROOT / "CHANGELOG.md", scratch / "CHANGELOG.md")
    if "(unreleased)" not in (scratch / "CHANGELOG.md").read_text("utf-8"):
        pytest.skip("there is nothing to release: the changelog ends with a release")
    _commit(scratch)
    assert _release(scratch, "0.9.0").returncode == 0
