"""Commands load what they need and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .support import environment, history, response, write

PROGRAM = """
import sys
before = set(sys.modules)
from xmtp_identity.cli import main
code = 0 if sys.argv[1:] == ["import"] else main(sys.argv[1:])
tops = {name.partition(".")[0] for name in set(sys.modules) - before}
commands = {name for name in sys.modules if name.startswith("xmtp_identity.cli.")}
print(*sorted(tops | commands), file=sys.stderr)
sys.exit(code)
"""
PLUGINS = {"xmtp_identity_ethereum", "xmtp_identity_passkey"}
CRYPTOGRAPHY = {"nacl", "coincurve", "cryptography", "sha3"}


def _loaded(*arguments: str) -> set[str]:
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        capture_output=True,
        check=True,
        env=environment(),
        text=True,
    )
    return set(result.stderr.split())


def test_importing_the_command_line_loads_not_even_click() -> None:
    loaded = _loaded("import")
    assert not loaded & {"click", "rich", "pluggy", *PLUGINS, *CRYPTOGRAPHY}
    assert not any(name.startswith("xmtp_identity.cli.") for name in loaded)


def test_the_version_is_told_without_plugins_and_heavy_libraries() -> None:
    loaded = _loaded("--version")
    assert not loaded & {"rich", "pluggy", *PLUGINS, *CRYPTOGRAPHY}
    assert not loaded & {"xmtp_identity.cli.replay", "xmtp_identity.cli.inspect"}


def test_help_loads_no_cryptography() -> None:
    assert not _loaded("--help") & {"rich", *CRYPTOGRAPHY}
    assert not _loaded("replay", "--help") & {"rich", "pluggy", *CRYPTOGRAPHY}


def test_grpc_is_for_commands_with_a_node_alone(tmp_path: Path) -> None:
    path = write(tmp_path, "log", response(history("register")))
    for arguments in (["replay", path], ["inspect", path], ["inbox", "link", "--help"]):
        assert not _loaded(*arguments) & {"grpc", "xmtp_identity_store"}


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_rich_is_for_terminals_alone(tmp_path: Path, form: list[str]) -> None:
    path = write(tmp_path, "log", response(history("add_passkey")))
    for arguments in (["replay", path], ["inspect", path], ["kinds"], ["doctor"]):
        assert "rich" not in _loaded(*arguments, *form)


def test_a_command_loads_no_other_command(tmp_path: Path) -> None:
    path = write(tmp_path, "log", response(history("register")))
    loaded = _loaded("replay", "--json", path)
    assert not loaded & {
        f"xmtp_identity.cli.{name}"
        for name in ("inspect", "fields", "kinds", "plugins", "inbox_id", "jsonl")
    }


def test_verification_loads_only_what_the_log_needs(tmp_path: Path) -> None:
    path = write(tmp_path, "log", response(history("register")))
    loaded = _loaded("replay", path)
    assert "coincurve" in loaded
    assert "cryptography" not in loaded
