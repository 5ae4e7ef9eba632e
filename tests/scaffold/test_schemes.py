"""From nothing to a link, by the command line, as a stranger does it.

Each takes an environment of its own and well over half a minute, so the usual
run has one of them here, and one more in the tutorial, which is run too.
``SCAFFOLD=all`` has all.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from xmtp_identity.scaffold import FORMS, SCHEMES

from .environments import Shell

pytestmark = pytest.mark.slow

ALL = [(scheme, form) for scheme in SCHEMES for form in FORMS]
USUAL = [("secp256k1-ecdsa", "address")]


@pytest.mark.parametrize(
    ("scheme", "form"), ALL if os.environ.get("SCAFFOLD") == "all" else USUAL
)
def test_a_new_kind_works_at_once(
    scheme: str, form: str, wheels: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    shell = Shell(empty, wheels)
    shell.run("pip", "install", "xmtp-identity[new]", "xmtp-identity-ethereum")
    shell.run(
        *("xid", "new", "my_chain", "--no-input", "--number", "1234"),
        *("--scheme", scheme, "--form", form, "--noun", "My Chain account"),
    )
    project = empty / "xmtp-identity-my-chain"
    assert [path.name for path in empty.iterdir()] == [project.name]

    shell.run("pip", "install", "-e", ".", folder=project)
    shell.run("pytest", "-q", folder=project)
    shell.run("xid", "protoc", "--check", folder=project)
    shell.run("xid", "new", "--check", folder=project)
    [own] = [
        kind
        for kind in json.loads(shell.run("xid", "kinds", "--json"))["kinds"]
        if kind["number"] == 1234
    ]
    assert (own["name"], own["noun"], own["tier"], own["distribution"]) == (
        "my_chain",
        "My Chain account",
        "leaf",
        "xmtp-identity-my-chain",
    )

    shell.run("xid", "key", "new", "--kind", "ethereum", "wallet.key")
    newcomer = shell.run("xid", "key", "new", "--kind", "my_chain", "mine.key").strip()
    shell.run("xid", "inbox", "create", "--log", "log", "--as", "wallet.key")
    shell.run("xid", "inbox", "link", "--log", "log", "--as", "wallet.key", "mine.key")
    assert "- Link My Chain account to inbox\n" in shell.run(
        "xid", "text", "log", "--entry", "1"
    )
    newer = replayed(shell)
    assert [one["outcome"] for one in newer["outcomes"]] == ["applied", "applied"]
    assert newcomer in members(newer)

    shell.run("pip", "uninstall", "-y", "xmtp-identity-my-chain")
    older = replayed(shell)
    assert [one["outcome"] for one in older["outcomes"]] == ["applied", "discarded"]
    assert older["authoritative"]
    assert older["missing"] == ["1234"]
    assert members(older) == members(newer) - {newcomer}


def replayed(shell: Shell) -> dict[str, Any]:
    """What a client in this environment makes of the log."""
    found: dict[str, Any] = json.loads(shell.run("xid", "replay", "log", "--json"))
    return found


def members(result: dict[str, Any]) -> set[str]:
    return {f"{one['kind']}:{one['identifier']}" for one in result["state"]["members"]}
