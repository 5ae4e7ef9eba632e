"""The validator that is sent along is the one that the source says."""

from __future__ import annotations

import json
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Final

import pytest

from xmtp_identity_ethereum.chain.rules import FACTORY_GAS_CAP, GAS_CAP

from .machine import HERE, can_run_node

PROJECT: Final = HERE.parent.parent
SOURCES: Final = PROJECT / "solidity"
COMMITTED: Final = (
    files("xmtp_identity_ethereum.chain").joinpath("validator.json").read_text("utf-8")
)


def test_the_committed_validator_is_what_the_compiler_makes_of_the_source() -> None:
    if not can_run_node():
        pytest.skip("node is not installed, so the Solidity compiler can't run")
    command = ["node", str(SOURCES / "build.mjs"), "--print"]
    built = subprocess.run(command, check=True, capture_output=True, text=True)
    assert built.stdout == COMMITTED


def test_the_committed_validator_says_how_it_was_made() -> None:
    artefact = json.loads(COMMITTED)
    package = json.loads((HERE / "package.json").read_text("utf-8"))
    version = package["dependencies"]["solc"]
    assert artefact["compiler"].startswith(f"{version}+commit.")
    assert artefact["settings"] == json.loads(
        (SOURCES / "settings.json").read_text("utf-8")
    )
    source = PROJECT.parent.parent / Path(artefact["source"])
    assert f"pragma solidity {version};" in source.read_text("utf-8")


def test_the_caps_of_gas_in_the_source_are_those_of_the_rules() -> None:
    source = (SOURCES / "SignatureValidator.sol").read_text("utf-8")
    for name, value in (
        ("WALLET_GAS", GAS_CAP),
        ("FACTORY_GAS", FACTORY_GAS_CAP),
    ):
        assert f"uint256 private constant {name} = {value:_};" in source
