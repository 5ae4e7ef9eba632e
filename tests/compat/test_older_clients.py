"""Real older versions: wheels in environments of their own read the corpus."""

from __future__ import annotations

import os
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.version import Version

from ..workspace import DISTRIBUTIONS, ROOT
from . import wheels
from .clients import CLIENTS, Client, recorded, replayed, stable
from .corpus import read

pytestmark = pytest.mark.slow

Install = Callable[[dict[str, Path], tuple[str, ...], Path], Path]


@pytest.fixture(scope="session")
def install(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Install:
    """Makes an environment with the core and some plugins of a set of wheels."""
    kept = request.config.cache.mkdir(wheels.cache_name())

    def make(built: dict[str, Path], plugins: tuple[str, ...], folder: Path) -> Path:
        names = ["xmtp-identity", *map(wheels.distribution, plugins)]
        ours = [built[name] for name in names]
        try:
            wheels.fetch(ours, kept, tmp_path_factory.mktemp("download"))
        except wheels.NoNetwork as error:
            if os.environ.get("CI"):
                raise
            pytest.skip(f"what the wheels depend on can't be fetched: {error}")
        return wheels.install(ours, kept, folder)

    return make


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheels of the code as it is now, and a third party's."""
    folders = [distribution.folder for distribution in DISTRIBUTIONS]
    folders = [one for one in folders if one.name in {"core", *_PLUGINS}]
    return wheels.build(
        [*folders, wheels.EXPERIMENT], tmp_path_factory.mktemp("wheels")
    )


_PLUGINS = {plugin for client in CLIENTS.values() for plugin in client.plugins}


@pytest.mark.parametrize("client", CLIENTS.values(), ids=list(CLIENTS))
def test_an_installed_client_says_what_was_recorded(
    client: Client, built: dict[str, Path], install: Install, tmp_path: Path
) -> None:
    xid = install(built, client.plugins, tmp_path / "environment")
    logs = read()
    said = wheels.replay_lines(xid, (log.input() for log in logs))
    for log, result, now in zip(logs, recorded(client.file), said, strict=True):
        assert stable(now) == result, log.name


def test_the_last_release_reads_the_corpus_as_this_version_does(
    install: Install, tmp_path: Path
) -> None:
    """With the plugins that it had, of the kinds that it knew."""
    project = tomllib.loads((ROOT / "core" / "pyproject.toml").read_text("utf-8"))
    tag = wheels.last_release(ROOT, Version(project["project"]["version"]))
    if tag is None:
        pytest.skip("no version before this one has been released")
    check_release(ROOT, tag, install, tmp_path)


def check_release(repository: Path, tag: str, install: Install, folder: Path) -> None:
    """Build a release, install it, and compare it with this version."""
    source = folder / "source"
    wheels.check_out(repository, tag, source)
    projects = [path.parent for path in source.glob("plugins/*/pyproject.toml")]
    projects = [one for one in projects if one.name in _PLUGINS]
    release = wheels.build([source / "core", *projects], folder / "wheels")
    plugins = tuple(sorted(one.name for one in projects))
    xid = install(release, plugins, folder / "environment")
    logs = read()
    said = wheels.replay_lines(xid, (log.input() for log in logs))
    kinds = Client("release", tag, plugins).registry
    for log, then, now in zip(logs, said, replayed(logs, kinds), strict=True):
        assert stable(then) == now, log.name


def _git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=a test", "-c", "user.email=test@example.org"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True)


def test_the_last_release_is_the_newest_tag_of_an_older_version(
    tmp_path: Path,
) -> None:
    _git(tmp_path, "init", "--quiet")
    assert wheels.last_release(tmp_path, Version("1")) is None
    _git(tmp_path, "commit", "--quiet", "--allow-empty", "--message=x")
    for tag in ("v0.9.0", "v0.10.0", "v0.10.1", "other"):
        _git(tmp_path, "tag", tag)
    assert wheels.last_release(tmp_path, Version("0.10.1")) == "v0.10.0"
    assert wheels.last_release(tmp_path, Version("0.9.0")) is None
