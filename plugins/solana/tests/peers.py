"""Solana's own libraries in Node.js, asked from the tests."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest

_FOLDER: Final = Path(__file__).resolve().parent / "node"


def ask_node(
    *,
    sign: Sequence[dict[str, str]] = (),
    verify: Sequence[dict[str, str]] = (),
    addresses: Sequence[str] = (),
) -> dict[str, Any]:
    """What `@solana/kit` and `tweetnacl` say; see node/peers.mjs.

    Skips where Node.js is not installed, except in CI.
    """
    node = shutil.which("node")
    if node is None and "CI" not in os.environ:
        pytest.skip("Node.js is not here, which @solana/kit and tweetnacl need")
    assert node is not None, "Node.js is needed in CI"
    _install()
    done = subprocess.run(
        [node, "peers.mjs"],
        cwd=_FOLDER,
        input=json.dumps(
            {"sign": list(sign), "verify": list(verify), "addresses": list(addresses)}
        ),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _install() -> None:
    """Install the pinned packages, once; other processes wait for the first."""
    with (_FOLDER / "package.json").open("rb") as pins:
        fcntl.flock(pins, fcntl.LOCK_EX)
        if _installed() == json.load(pins)["dependencies"]:
            return
        subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock"],
            cwd=_FOLDER,
            check=True,
            capture_output=True,
        )


def _installed() -> dict[str, str]:
    found = {}
    for name in ("@solana/kit", "tweetnacl"):
        manifest = _FOLDER / "node_modules" / name / "package.json"
        if manifest.is_file():
            found[name] = json.loads(manifest.read_text("utf-8"))["version"]
    return found
