"""Make the work tree that of a release: `make release VERSION=x.y.z`.

Sets the version of every distribution and the ranges of cores and of each other
that the plugins take, dates the changelog's section, and writes the release notes to
``dist/NOTES.md``. It changes nothing if it refuses, and neither commits, tags
nor pushes: that is done by whoever has read the difference.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.version import Version

ROOT: Final = Path(__file__).resolve().parent.parent
CORE: Final = "xmtp-identity"

_VERSION: Final = re.compile(r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)")
_HEADING: Final = re.compile(r"^## (\S+) \((.+)\)\n", re.MULTILINE)
_SET: Final = re.compile(r'^version = "([^"]*)"$', re.MULTILINE)
_RANGE: Final = re.compile(rf'"({CORE}(?:-[a-z]+)?(?:\[[a-z,]+\])?)>=[^"]*"')
"""A range of the core, or of a plugin that another one builds on."""


class Refused(Exception):
    """Why no release is made."""


def main() -> None:
    """`make release`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("version", help="x.y.z")
    parser.add_argument("--root", type=Path, default=ROOT, help="the workspace")
    parser.add_argument(
        "--date", type=date.fromisoformat, default=datetime.now(UTC).date()
    )
    asked = parser.parse_args()
    try:
        files, notes = prepare(asked.root, asked.version, asked.date)
    except Refused as error:
        sys.exit(f"release: {error}")
    for path, text in files.items():
        path.write_text(text, "utf-8")
    target = asked.root / "dist" / "NOTES.md"
    target.parent.mkdir(exist_ok=True)
    target.write_text(notes, "utf-8")
    print(f"release: {asked.version} in {len(files)} files; the notes: dist/NOTES.md")
    print(f"Next: run .ci/run, commit, and push the tag v{asked.version}.")


def prepare(root: Path, version: str, day: date) -> tuple[dict[Path, str], str]:
    """The new texts of the files that change, and the release notes.

    Raises `Refused`.
    """
    if not _VERSION.fullmatch(version):
        raise Refused(f"{version!r} is no version: give VERSION=x.y.z, three numbers.")
    if _git(root, "status", "--porcelain"):
        raise Refused("the work tree has changes: commit them or put them away first.")
    if _git(root, "tag", "--list", f"v{version}"):
        raise Refused(f"the tag v{version} is there already: take a higher version.")
    changelog = root / "CHANGELOG.md"
    text, notes = _changelog(changelog.read_text("utf-8"), version, day)
    files = {changelog: text}
    for path in [
        root / "core" / "pyproject.toml",
        *sorted(root.glob("plugins/*/pyproject.toml")),
    ]:
        files[path] = _project(path, version)
    return files, notes


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=root, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout


def _changelog(text: str, version: str, day: date) -> tuple[str, str]:
    """The changelog with its first section dated, and what that section says."""
    sections = list(_HEADING.finditer(text))
    if not sections or sections[0][2] != "unreleased":
        raise Refused(
            "CHANGELOG.md must begin with a section '## x.y.z (unreleased)' that says "
            "what changed."
        )
    for older in sections[1:]:
        if Version(older[1]) >= Version(version):
            raise Refused(f"{older[1]} is released already: take a higher version.")
    first = sections[0]
    end = sections[1].start() if len(sections) > 1 else len(text)
    said = text[first.end() : end].strip()
    if not said:
        raise Refused("the unreleased section of CHANGELOG.md is empty.")
    heading = f"## {version} ({day.isoformat()})\n"
    dated = text[: first.start()] + heading + text[first.end() :]
    return dated, f"# {CORE} {version}\n\n{said}\n"


def _project(path: Path, version: str) -> str:
    text = path.read_text("utf-8")
    project = tomllib.loads(text)["project"]
    if Version(project["version"]) > Version(version):
        raise Refused(
            f"{project['name']} is {project['version']} already: take a higher version."
        )
    text = _replace(path, _SET, f'version = "{version}"', text)
    if project["name"] == CORE:
        return text
    if not any(
        one.name == CORE and one.specifier
        for one in map(Requirement, project["dependencies"])
    ):
        raise Refused(f"{path.parent.name}/{path.name} names no range of cores.")
    return _RANGE.sub(rf'"\1{_cores(version)}"', text)


def _replace(path: Path, pattern: re.Pattern[str], line: str, text: str) -> str:
    text, count = pattern.subn(line, text)
    if count != 1:
        raise Refused(f"{path.parent.name}/{path.name} has {count} lines for {line!r}.")
    return text


def _cores(version: str) -> str:
    """The cores that a plugin of this version takes: semantic versioning."""
    major, minor, _ = Version(version).release
    if major == 0:
        return f">=0.{minor},<0.{minor + 1}"
    return f">={major}.{minor},<{major + 1}"


if __name__ == "__main__":
    main()
