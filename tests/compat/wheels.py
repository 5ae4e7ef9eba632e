"""Wheels of this project, and environments that hold some of them.

What the wheels depend on is fetched once, at the versions of constraints.txt,
and kept between runs; with that an environment is made without a network.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

ROOT: Final = Path(__file__).resolve().parents[2]
CONSTRAINTS: Final = ROOT / "constraints.txt"
EXPERIMENT: Final = Path(__file__).resolve().parent / "experiment"


class NoNetwork(Exception):
    """What the wheels depend on is not here and can't be fetched."""


def cache_name() -> str:
    """Names the folder in which fetched wheels are kept: with other pins or
    another Python it is another one."""
    pins = CONSTRAINTS.read_bytes() + sys.version.encode()
    return f"wheels-{hashlib.sha256(pins).hexdigest()[:16]}"


def _pip(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pip", *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )


def _must_pip(*arguments: str | Path) -> None:
    done = _pip(*arguments)
    assert done.returncode == 0, done.stderr


def build(projects: Iterable[Path], into: Path) -> dict[str, Path]:
    """The wheel of each project, by the name of its distribution."""
    into.mkdir(exist_ok=True)
    _must_pip(
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        f"--wheel-dir={into}",
        *projects,
    )
    return {parse_wheel_filename(path.name)[0]: path for path in into.glob("*.whl")}


def fetch(ours: Sequence[Path], cache: Path, scratch: Path) -> None:
    """Put what wheels depend on into the cache; raises `NoNetwork`."""
    arguments: tuple[str | Path, ...] = (
        "download",
        "--quiet",
        f"--dest={scratch}",
        f"--constraint={CONSTRAINTS}",
        f"--find-links={cache}",
        "--only-binary=:all:",
        *ours,
    )
    if _pip(*arguments, "--no-index").returncode == 0:
        return
    done = _pip(*arguments)
    if done.returncode:
        raise NoNetwork(done.stderr[-1000:])
    names = {path.name for path in ours}
    for path in scratch.glob("*.whl"):
        if path.name not in names:
            # Another process may be doing the same.
            part = cache / f"{path.name}.{os.getpid()}"
            shutil.copyfile(path, part)
            part.replace(cache / path.name)


def install(ours: Sequence[Path], cache: Path, folder: Path) -> Path:
    """An environment of its own with these wheels; gives its `xid`."""
    venv.create(folder, with_pip=False)
    _must_pip(
        f"--python={folder}",
        "install",
        "--quiet",
        "--no-index",
        "--no-compile",
        f"--constraint={CONSTRAINTS}",
        f"--find-links={cache}",
        *ours,
    )
    return folder / "bin" / "xid"


def replay_lines(xid: Path, lines: Iterable[str]) -> list[dict[str, Any]]:
    """What `xid replay --jsonl` of an environment prints for each line."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("XID_", "PYTHON"))
    }
    done = subprocess.run(
        [xid, "replay", "--jsonl"],
        input="".join(f"{line}\n" for line in lines),
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def distribution(plugin: str) -> str:
    """The distribution that provides a plugin."""
    return canonicalize_name(f"xmtp-identity-{plugin}")


# Released versions


def last_release(repository: Path, before: Version) -> str | None:
    """The newest tag ``v<version>`` of a version older than ``before``."""
    listed = subprocess.run(
        ["git", "tag", "--list", "v*"],
        cwd=repository,
        check=False,
        capture_output=True,
        text=True,
    )
    versions = {Version(tag[1:]): tag for tag in listed.stdout.split()}
    older = [version for version in versions if version < before]
    return versions[max(older)] if older else None


def check_out(repository: Path, tag: str, into: Path) -> None:
    """The files of a tag, in a folder of their own."""
    into.mkdir()
    archive = into / "archive.tar"
    subprocess.run(
        ["git", "archive", f"--output={archive}", tag], cwd=repository, check=True
    )
    shutil.unpack_archive(archive, into, filter="data")
