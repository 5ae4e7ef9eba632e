"""Generate the protobuf code of the core and of every plugin.

``make proto`` writes it into the sources. With a folder as its argument the
script writes it there instead, at the same paths, and leaves the sources
alone: so a test sees whether what is committed is what the schemas say.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from grpc_tools import protoc

ROOT: Final = Path(__file__).resolve().parent.parent
CORE: Final = ROOT / "proto"


def schemas() -> Iterator[tuple[Path, Path]]:
    """Each folder of schemas, and the folder that their code goes to."""
    yield CORE, ROOT / "core" / "src"
    for folder in sorted(ROOT.glob("plugins/*/proto")):
        yield folder, folder.parent / "src"


def generate(schema: Path, into: Path) -> None:
    """Compile all schemas below ``schema``; those of the core can be imported."""
    names = sorted(str(path.relative_to(schema)) for path in schema.rglob("*.proto"))
    into.mkdir(parents=True, exist_ok=True)
    failed = protoc.main(
        [
            "protoc",
            *(f"--proto_path={path}" for path in dict.fromkeys((schema, CORE))),
            f"--proto_path={files('grpc_tools') / '_proto'}",
            f"--python_out={into}",
            f"--pyi_out={into}",
            *names,
        ]
    )
    if failed:
        sys.exit(f"The schemas in {schema.relative_to(ROOT)} do not compile.")


def generated(source: Path) -> dict[Path, bytes]:
    """All generated files below a folder, by their path in it."""
    return {
        path.relative_to(source): path.read_bytes()
        for path in sorted(source.rglob("*_pb2.py*"))
        if path.suffix in {".py", ".pyi"}
    }


def replace(source: Path, new: dict[Path, bytes]) -> None:
    """Make the generated files below ``source`` the new ones, touching no other."""
    old = generated(source)
    for name in old.keys() - new.keys():
        (source / name).unlink()
    for name, content in new.items():
        if old.get(name) != content:
            target = source / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)


def main() -> None:
    """Generate into the folder that is given, or into the sources."""
    if len(sys.argv) > 1:
        for schema, source in schemas():
            generate(schema, Path(sys.argv[1]) / source.relative_to(ROOT))
        return
    for schema, source in schemas():
        with TemporaryDirectory() as folder:
            generate(schema, Path(folder))
            replace(source, generated(Path(folder)))


if __name__ == "__main__":
    main()
