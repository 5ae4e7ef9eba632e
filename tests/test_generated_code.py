"""The committed protobuf code is what the committed schemas say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .workspace import DISTRIBUTIONS, ROOT, Distribution, each_distribution

pytest.importorskip(
    "grpc_tools", reason="grpcio-tools is not here; the `test` group installs it"
)


@pytest.fixture(scope="module")
def regenerated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated")
    subprocess.run([sys.executable, ROOT / "proto/generate.py", folder], check=True)
    return folder


def _generated(source: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(source)): path.read_bytes()
        for path in source.rglob("*_pb2.py*")
        if path.suffix in {".py", ".pyi"}
    }


@each_distribution
def test_generated_code_is_what_the_schemas_say(
    distribution: Distribution, regenerated: Path
) -> None:
    source = distribution.package.parent
    committed = _generated(source)
    fresh = _generated(regenerated / source.relative_to(ROOT))
    stale = [name for name in fresh if committed.get(name) != fresh[name]]
    assert sorted(committed) == sorted(fresh), "run `make proto`"
    assert not stale, "run `make proto`"


def test_every_schema_has_its_own_package_name() -> None:
    """Never `identity` or `xmtp`: clients of XMTP have those names at hand."""
    for distribution in DISTRIBUTIONS:
        folder = distribution.folder if distribution.is_plugin else ROOT
        for schema in (folder / "proto").rglob("*.proto"):
            place = schema.parent.relative_to(folder / "proto")
            assert place.parts[0] == distribution.module
            assert f"\npackage {'.'.join(place.parts)};\n" in schema.read_text("utf-8")
