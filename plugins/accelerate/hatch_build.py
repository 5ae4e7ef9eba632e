# ruff: noqa: INP001  # hatchling loads it by its path
"""Compiles ``c/ed25519ph.c`` with libsodium's curve into one extension module.

libsodium comes in PyNaCl's source distribution, which pip brings and whose
hash is checked here; nothing of it lies in this repository. The module lies
beside the package and not in it, so that an editable install writes nothing
into the work tree. Without a compiler, Python's headers or the sources the
package is installed without it, and the core goes its own, slower way.

`XID_ACCELERATE_BUILD`: ``required`` makes that an error (for releases), ``no``
does not try. `XID_ACCELERATE_SOURCE`: the source distribution, as a file that
is here already. `CC`: the compiler.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PYNACL = "1.6.2"
SHA256 = "018494d6d696ae03c7e656e5e74cdfd8ea1326962cc401bcf018f1ed8436811c"
"""PyNaCl's source distribution; with libsodium 1.0.20 and its later repairs."""

MODULE = "_xmtp_identity_accelerate.abi3.so"
SOURCES = f"pynacl-{PYNACL}/src/libsodium"
LICENSE = f"{SOURCES}/LICENSE"
LICENSE_NAME = "LICENSE.libsodium"
FLAGS = [
    "-O3",
    "-fPIC",
    "-fwrapv",  # these two as in libsodium's own configure script
    "-fno-strict-aliasing",
    "-fvisibility=hidden",
    "-ffunction-sections",  # what nobody calls is left out when linking
    "-fdata-sections",
]
LINK = ["-shared", "-Wl,--gc-sections", "-Wl,--strip-all", "-Wl,--build-id=none"]
SECONDS = 180


class Unbuildable(Exception):
    """Why there is no extension module; the reason is a sentence."""


class NativeHook(BuildHookInterface[Any]):
    """Adds the extension module to a wheel, if it can be made."""

    _scratch: str | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Tell hatchling about it; see its `BuildHookInterface`."""
        asked = os.environ.get("XID_ACCELERATE_BUILD", "")
        if asked == "no":
            return
        self._scratch = tempfile.mkdtemp()
        try:
            module = build(Path(self.root), Path(self._scratch))
        except Unbuildable as reason:
            if asked == "required":
                raise
            self.app.display_warning(f"Installed without its fast part: {reason}")
            return
        build_data["pure_python"] = False
        if version == "editable":
            build_data["force_include_editable"][str(module)] = MODULE
        else:
            build_data["force_include"][str(module)] = MODULE
            build_data["tag"] = f"cp311-abi3-{platform_tag(module.read_bytes())}"
            # libsodium's ISC license asks that its text goes where its code goes.
            build_data["extra_metadata"][f"{self._scratch}/{LICENSE}"] = LICENSE_NAME

    def finalize(
        self,
        version: str,  # noqa: ARG002 - the interface
        build_data: dict[str, Any],  # noqa: ARG002
        artifact_path: str,  # noqa: ARG002
    ) -> None:
        """Remove what was compiled: it is in the wheel now."""
        if self._scratch:
            shutil.rmtree(self._scratch, ignore_errors=True)


def build(root: Path, scratch: Path) -> Path:
    """The extension module, made in ``scratch``; raises `Unbuildable`."""
    if sys.platform != "linux":
        raise Unbuildable("it is built on Linux only.")
    compiler, headers = _compiler(), Path(sysconfig.get_path("include"))
    if not (headers / "Python.h").is_file():
        raise Unbuildable("Python's headers are not installed.")
    sodium = _sodium(scratch)
    module = scratch / MODULE
    _run(
        [
            *compiler,
            *FLAGS,
            *LINK,
            # libsodium's headers are not ours to mend: no warnings from them.
            *("-isystem", str(sodium)),
            *("-isystem", str(sodium / "include")),
            *("-isystem", str(sodium / "include/sodium")),
            *("-isystem", str(headers)),
            *("-Wall", "-Wextra", "-Werror"),
            str(root / "c/ed25519ph.c"),
            *("-o", str(module)),
        ],
        "the compiler did not take it",
    )
    return module


def platform_tag(module: bytes) -> str:
    """Where the module runs: it asks for nothing but Python and the C library.

    With GNU's C library that is PEP 600's tag for the newest version of a
    symbol in it, but no older than the one that pip knows best.
    """
    machine = platform.machine()
    if platform.libc_ver()[0] != "glibc":
        return f"linux_{machine}"
    minors = [int(minor) for minor in re.findall(rb"GLIBC_2\.(\d+)", module)]
    return f"manylinux_2_{max(17, *minors)}_{machine}"


def _compiler() -> list[str]:
    named = os.environ.get("CC")
    # Python's own was on the machine that Python was built on.
    own = (sysconfig.get_config_var("CC") or "").split()[:1]
    for candidate in [shlex.split(named)] if named else [own, ["cc"], ["gcc"]]:
        if candidate and shutil.which(candidate[0]):
            return candidate
    raise Unbuildable("there is no C compiler.")


def _sodium(scratch: Path) -> Path:
    """The folder of libsodium's C files."""
    given = os.environ.get("XID_ACCELERATE_SOURCE")
    archive = Path(given) if given else _download(scratch)
    if not archive.is_file():
        raise Unbuildable(f"there is no file {archive}.")
    if hashlib.sha256(archive.read_bytes()).hexdigest() != SHA256:
        raise Unbuildable(f"{archive.name} is not PyNaCl {PYNACL} as it was released.")
    folders = (LICENSE, f"{SOURCES}/src/libsodium/")
    with tarfile.open(archive) as source:
        wanted = [one for one in source.getmembers() if one.name.startswith(folders)]
        source.extractall(scratch, members=wanted, filter="data")
    return scratch / SOURCES / "src/libsodium"


def _download(scratch: Path) -> Path:
    """PyNaCl's source distribution, from wherever pip gets packages here."""
    asked = scratch / "requirements.txt"
    # With the hash here pip does not run a file of any other archive.
    asked.write_text(f"pynacl=={PYNACL} --hash=sha256:{SHA256}\n", "utf-8")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    _run(
        [
            *(*pip, "download", "--quiet", "--no-deps", "--no-binary=pynacl"),
            *("--retries=1", "--timeout=15"),
            *(f"--dest={scratch}", f"--requirement={asked}"),
        ],
        f"pip did not bring the sources of PyNaCl {PYNACL}",
    )
    return scratch / f"pynacl-{PYNACL}.tar.gz"


def _run(command: list[str], otherwise: str) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - a list, and nothing of it from outside
            command, check=False, capture_output=True, text=True, timeout=SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unbuildable(f"{otherwise} ({type(error).__name__}).") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise Unbuildable(f"{otherwise}: {' '.join(said)}")
