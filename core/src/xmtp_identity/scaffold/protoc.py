"""From a plugin's .proto files to its generated code.

protoc comes with ``grpcio-tools``. Generated code needs a protobuf at least as
new as the protoc that made it, so the extra pins one, and everyone gets the
same bytes.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from ..errors import BadInput
from .places import need, shipped

__all__ = ["GENERATED", "generate_code", "stale_code"]

GENERATED: Final = ("_pb2.py", "_pb2.pyi")
"""How the names of generated files end."""

_FROM: Final = "proto"
_TO: Final = "src"
_CORE: Final = Path("xmtp_identity/v1/identity.proto")


def generate_code(project: Path) -> list[Path]:
    """Generate the code of a plugin anew; gives the files that changed.

    project: a folder with the schemas in ``proto``; their code goes to ``src``.

    Raises `BadInput` if a schema does not compile or breaks the allotment; then
    nothing is written.
    """
    made = _compile(project)
    changed: list[Path] = []
    for name, content in made.items():
        target = project / _TO / name
        if not target.is_file() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            changed.append(target)
    for target in _left_over(project, made):
        target.unlink()
        changed.append(target)
    return sorted(changed)


def stale_code(project: Path) -> list[Path]:
    """The generated files that are not what the schemas say; see `generate_code`."""
    made = _compile(project)
    stale = [
        project / _TO / name
        for name, content in made.items()
        if not (project / _TO / name).is_file()
        or (project / _TO / name).read_bytes() != content
    ]
    return sorted([*stale, *_left_over(project, made)])


def _left_over(project: Path, made: dict[str, bytes]) -> list[Path]:
    """Generated files of schemas that are no more."""
    source = project / _TO
    return [
        path
        for path in source.rglob("*_pb2.py*")
        if path.name.endswith(GENERATED)
        and path.relative_to(source).as_posix() not in made
    ]


def _compile(project: Path) -> dict[str, bytes]:
    """What protoc makes of the schemas, by path below the sources."""
    need("grpc_tools.protoc")
    schemas = project / _FROM
    names = sorted(
        path.relative_to(schemas).as_posix() for path in schemas.rglob("*.proto")
    )
    if not names:
        raise BadInput(
            f"There is no .proto file in {schemas}: name the folder of a plugin.",
            code="bad_schema",
        )
    with TemporaryDirectory() as folder:
        _judge(schemas, names, Path(folder))
        code = Path(folder) / "code"
        code.mkdir()
        paths = dict.fromkeys((schemas, shipped("proto")))
        _protoc(
            *(f"--proto_path={path}" for path in paths),
            f"--python_out={code}",
            f"--pyi_out={code}",
            *names,
        )
        return {
            path.relative_to(code).as_posix(): path.read_bytes()
            for path in sorted(code.rglob("*_pb2.py*"))
        }


def _judge(schemas: Path, names: Sequence[str], folder: Path) -> None:
    """Refuse schemas that break the allotment; raises `BadInput`."""
    from google.protobuf.descriptor_pb2 import FileDescriptorSet

    from .schemas import faults_of, open_schema

    core, read = folder / "core.bin", folder / "read.bin"
    core.write_bytes(open_schema())
    # On disk there is all of the core but this file: what is on disk comes first.
    others = folder / "others"
    shutil.copytree(shipped("proto") / _CORE.parent, others / _CORE.parent)
    (others / _CORE).unlink()
    _protoc(
        f"--descriptor_set_in={core}",
        f"--proto_path={schemas}",
        f"--proto_path={others}",
        f"--descriptor_set_out={read}",
        *names,
    )
    found = FileDescriptorSet.FromString(read.read_bytes())
    faults = list(faults_of(found.file))
    if faults:
        raise BadInput(" ".join(faults), code="bad_schema")


def _protoc(*arguments: str) -> None:
    """Run protoc in a process of its own: it is C++ that writes to the terminal."""
    done = subprocess.run(  # noqa: S603 - this interpreter, with paths as arguments
        [sys.executable, "-P", "-m", "grpc_tools.protoc", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise BadInput(
            f"protoc says: {done.stderr.strip() or 'nothing'}", code="bad_schema"
        )
