"""The build of the package, on machines that have less than this one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

_PROJECT: Final = Path(__file__).parent.parent
_CONSTRAINTS: Final = _PROJECT.parent.parent / "constraints.txt"
_BACKEND: Final = """
import sys
from hatchling.build import build_editable, build_wheel
print({"editable": build_editable, "wheel": build_wheel}[sys.argv[1]](sys.argv[2]))
"""
_MODULE: Final = "_xmtp_identity_accelerate.abi3.so"

needs_compiler: Final = pytest.mark.skipif(
    not shutil.which("cc") and not shutil.which("gcc"), reason="no C compiler is here"
)


def _build(
    into: Path, target: str = "wheel", **environment: str
) -> subprocess.CompletedProcess[str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("XID_") and name != "CC"
    }
    return subprocess.run(
        [sys.executable, "-c", _BACKEND, target, into],
        check=False,
        cwd=_PROJECT,
        capture_output=True,
        text=True,
        env=inherited | environment,
    )


@pytest.mark.parametrize("target", ["editable", "wheel"])
def test_without_a_compiler_the_package_is_pure_and_a_warning_says_why(
    target: str, tmp_path: Path
) -> None:
    done = _build(tmp_path, target, CC="no-such-compiler")
    assert done.returncode == 0, done.stderr
    assert "there is no C compiler" in done.stderr
    (wheel,) = tmp_path.iterdir()
    assert wheel.name.endswith("-py3-none-any.whl")
    assert _MODULE not in ZipFile(wheel).namelist()


def test_a_release_is_not_built_without_the_extension_module(tmp_path: Path) -> None:
    done = _build(tmp_path, CC="no-such-compiler", XID_ACCELERATE_BUILD="required")
    assert done.returncode != 0
    assert "there is no C compiler" in done.stderr
    assert not list(tmp_path.iterdir())


def test_it_can_be_built_pure_on_purpose(tmp_path: Path) -> None:
    done = _build(tmp_path, XID_ACCELERATE_BUILD="no")
    assert done.returncode == 0, done.stderr
    assert "fast part" not in done.stderr
    (wheel,) = tmp_path.iterdir()
    assert wheel.name.endswith("-py3-none-any.whl")


@needs_compiler
def test_sources_with_another_hash_are_not_compiled(tmp_path: Path) -> None:
    other = tmp_path / "other.tar.gz"
    other.write_bytes(b"other sources")
    done = _build(
        tmp_path, XID_ACCELERATE_SOURCE=str(other), XID_ACCELERATE_BUILD="required"
    )
    assert done.returncode != 0
    assert "not PyNaCl" in done.stderr
    assert not list(tmp_path.glob("*.whl"))


@needs_compiler
def test_without_the_sources_the_package_is_pure(tmp_path: Path) -> None:
    done = _build(tmp_path, PIP_NO_INDEX="1")
    assert done.returncode == 0, done.stderr
    assert "did not bring the sources" in done.stderr
    (wheel,) = tmp_path.iterdir()
    assert wheel.name.endswith("-py3-none-any.whl")


def test_libsodium_comes_from_the_release_of_pynacl_that_is_pinned() -> None:
    """So that its repairs get here as well; the hash is in hatch_build.py too."""
    lines = _CONSTRAINTS.read_text("utf-8").splitlines()
    pins = {
        one.name: one
        for one in (Requirement(line) for line in lines if not line.startswith("#"))
    }
    hook = (_PROJECT / "hatch_build.py").read_text("utf-8")
    assert f'PYNACL = "{str(pins["pynacl"].specifier).removeprefix("==")}"' in hook
