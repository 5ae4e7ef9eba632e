"""What people install: the wheels, not the work tree."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from collections.abc import Callable
from email.parser import HeaderParser
from functools import cache
from pathlib import Path
from typing import Any
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
    "packaging",
    "pluggy",
    "protobuf",
    "pycparser",
    "pygments",
    "pynacl",
    "rich",
    "xmtp-identity",
}
"""All that comes with the core: it knows no chain and no plugin."""

KECCAK = "safe-pysha3" if sys.platform == "linux" else "pycryptodome"
STORE = {"alembic", "mako", "markupsafe", "sqlalchemy", "typing-extensions"}
BRINGS: dict[str, set[str]] = {
    "xmtp-identity-accelerate": set(),
    "xmtp-identity-bitcoin": {"base58", "bech32", "coincurve", "python-bitcoinlib"},
    "xmtp-identity-ethereum": {"coincurve", KECCAK},
    "xmtp-identity-passkey": {"cryptography"},
    "xmtp-identity-solana": {"base58"},
    "xmtp-identity-node": STORE
    | {
        "aiohappyeyeballs",
        "aiohttp",
        "aiosignal",
        "attrs",
        "deprecated",
        "frozenlist",
        "grpcio",
        "grpcio-health-checking",
        "grpcio-reflection",
        "idna",
        "limits",
        "multidict",
        "prometheus-client",
        "propcache",
        "structlog",
        "wrapt",
        "xmtp-identity-store",
        "yarl",
    },
    "xmtp-identity-store": STORE,
}
"""What a plugin brings beside the core and itself."""

COMPILED = {"xmtp-identity-accelerate": "_xmtp_identity_accelerate.abi3.so"}
"""The extension module of a package, in its wheel where a compiler is here."""

PLUGINS = [distribution for distribution in DISTRIBUTIONS if distribution.is_plugin]
each_plugin = pytest.mark.parametrize("plugin", PLUGINS, ids=lambda one: one.name)


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
    held = {name for name in names if ".dist-info/" not in name}
    assert held - {COMPILED.get(distribution.name)} == expected
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
    assert f"{info}/licenses/LICENSE" in wheel.namelist()
    if distribution.is_plugin:
        points = wheel.read(f"{info}/entry_points.txt").decode()
        for name, module in distribution.entry_points.items():
            assert f"{name} = {module}" in points


# Installed one by one, each into an empty environment

Install = Callable[..., Path]


@pytest.fixture(scope="session")
def house(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with our wheels and those of all that they need, got once."""
    folder = tmp_path_factory.mktemp("house")
    constraints = f"--constraint={ROOT / 'constraints.txt'}"
    _pip("wheel", constraints, f"--wheel-dir={folder}", *wheels.values())
    return folder


@pytest.fixture(scope="session")
def environment(house: Path, tmp_path_factory: pytest.TempPathFactory) -> Install:
    """Makes an environment that holds these distributions and what they ask for.

    Gives its interpreter; the same one for the same distributions.
    """

    @cache
    def install(*names: str) -> Path:
        folder = tmp_path_factory.mktemp("environment")
        venv.create(folder, with_pip=False)
        _pip(
            f"--python={folder}",
            "install",
            "--no-index",
            f"--find-links={house}",
            *names,
        )
        return folder / "bin" / "python"

    return install


def _packages(python: Path) -> set[str]:
    listed = json.loads(_pip(f"--python={python}", "list", "--format=json"))
    return {canonicalize_name(one["name"]) for one in listed}


def _xid(python: Path, *arguments: str | Path) -> Any:
    """What this environment's `xid` answers with; it has nothing to complain of."""
    done = subprocess.run(
        [python.with_name("xid"), *arguments, "--json"],
        check=False,
        capture_output=True,
        text=True,
        env={},
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.fixture(scope="session")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The log of an Ethereum wallet that links a Solana and a Bitcoin account."""
    folder = tmp_path_factory.mktemp("linked")
    log = folder / "inbox.log"

    def xid(*arguments: str | Path) -> None:
        command = [sys.executable, "-m", "xmtp_identity", *arguments]
        subprocess.run(command, check=True, capture_output=True)

    def key(kind: str) -> Path:
        path = folder / f"{kind}.key"
        xid("key", "new", "--kind", kind, path)
        return path

    owner = ("--log", log, "--as", key("ethereum"))
    xid("inbox", "create", *owner)
    for kind in ("solana", "bitcoin"):
        xid("inbox", "link", *owner, "--kind", kind, key(kind))
    return log


def _outcomes(python: Path, log: Path) -> tuple[list[str], bool]:
    """The outcome of each update, and whether the state is authoritative."""
    result = _xid(python, "replay", log)
    return [one["outcome"] for one in result["outcomes"]], result["authoritative"]


def test_the_core_alone_brings_its_own_dependencies_only(environment: Install) -> None:
    assert _packages(environment("xmtp-identity")) == CORE_ALONE


def test_the_core_alone_can_be_imported(environment: Install) -> None:
    python = environment("xmtp-identity")
    subprocess.run([python, "-I", "-c", "import xmtp_identity"], check=True)


def test_the_core_alone_has_a_command_line(environment: Install) -> None:
    shown = subprocess.run(
        [environment("xmtp-identity").with_name("xid"), "--version"],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    (core,) = (one for one in DISTRIBUTIONS if not one.is_plugin)
    assert core.pyproject["project"]["version"] in shown.stdout


@each_plugin
def test_a_plugin_brings_its_own_dependencies_only(
    plugin: Distribution, environment: Install
) -> None:
    found = _packages(environment(plugin.name))
    # SQLAlchemy asks for it on some processors, aiohttp for the other in some
    # versions of Python.
    assert found - {"greenlet", "async-timeout"} == CORE_ALONE | BRINGS[plugin.name] | {
        plugin.name
    }


@each_plugin
def test_a_plugin_alone_with_the_core_is_loaded_and_healthy(
    plugin: Distribution, environment: Install
) -> None:
    python = environment(plugin.name)
    plugins = {one["distribution"]: one for one in _xid(python, "plugins")["plugins"]}
    loaded = plugins.pop(plugin.name)
    assert set(plugins) == BRINGS[plugin.name] & {one.name for one in PLUGINS}
    kinds = {one["name"] for one in _xid(python, "kinds")["kinds"]}
    assert kinds == {"installation", *loaded["kinds"]}
    found = _xid(python, "doctor")
    assert found["healthy"]
    absent = {one["name"] for one in found["absent_kinds"]}
    assert not absent & kinds


@pytest.mark.parametrize("name", ["xmtp-identity", *(one.name for one in PLUGINS)])
def test_the_updates_of_an_absent_plugin_are_discarded(
    name: str, environment: Install, linked: Path
) -> None:
    """Without a leaf the rest of the state is right; without the root kind that
    owns the inbox the client says that it can't know."""
    python = environment(name)
    if name == "xmtp-identity-ethereum":
        expected = ["applied", "discarded", "discarded"], True
    else:
        expected = ["discarded"] * 3, False
    assert _outcomes(python, linked) == expected


def test_beside_its_owners_kind_an_installed_leaf_is_seen_and_no_other(
    environment: Install, linked: Path
) -> None:
    python = environment("xmtp-identity-ethereum", "xmtp-identity-solana")
    assert _outcomes(python, linked) == (["applied", "applied", "discarded"], True)


def test_an_absent_root_kind_is_said_to_be_missing(
    environment: Install, tmp_path: Path
) -> None:
    vectors = ROOT / "tests" / "vectors" / "libxmtp" / "histories.json"
    histories = json.loads(vectors.read_text("utf-8"))["vectors"]
    (history,) = (one for one in histories if one["name"] == "add_passkey")
    log = [update["raw"] for update in history["updates"]]
    path = tmp_path / "log.json"
    path.write_text(json.dumps({"inbox_id": history["inbox_id"], "log": log}), "utf-8")
    outcomes, authoritative = _outcomes(environment("xmtp-identity-ethereum"), path)
    assert authoritative is False
    assert "discarded" in outcomes


def test_solana_alone_lists_parses_and_verifies(environment: Install) -> None:
    checked = subprocess.run(
        [environment("xmtp-identity-solana"), "-I", "-c", _SOLANA_ALONE],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert checked.stdout.split() == ["installation", "solana", "True", "False"]


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
