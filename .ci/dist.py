"""Build every distribution: wheel, sdist and SBOM, the same bytes each time.

What is built is a copy of the files that belong to the project, so nothing
else that lies in the work tree gets in. All times are that of the last commit,
or SOURCE_DATE_EPOCH where it is set. The wheel is built from the sdist.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import (
    ExternalReference,
    ExternalReferenceType,
    HashAlgorithm,
    HashType,
    XsUri,
)
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).resolve().parent.parent
_BACKEND: Final = """
import sys
from hatchling.build import build_{target}
print(build_{target}(sys.argv[1]))
"""


def main() -> None:
    """`make dist`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT, help="the workspace")
    parser.add_argument("--into", type=Path, help="a folder (default: dist)")
    parser.add_argument("names", nargs="*", help="distributions (default: all)")
    asked = parser.parse_args()
    into = (asked.into or asked.root / "dist").resolve()
    wanted = set(asked.names)
    folders = {
        _project(path)["name"]: path.parent
        for path in [
            asked.root / "core" / "pyproject.toml",
            *sorted(asked.root.glob("plugins/*/pyproject.toml")),
        ]
    }
    if unknown := wanted - set(folders):
        sys.exit(f"There is no distribution {', '.join(sorted(unknown))} here.")
    epoch = _epoch(asked.root)
    for old in _built(into):
        old.unlink()
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "workspace"
        _copy(asked.root, copy)
        for name, folder in folders.items():
            if wanted and name not in wanted:
                continue
            source = copy / folder.relative_to(asked.root)
            files = _build(source, into, Path(scratch), epoch)
            bom = into / "sbom" / f"{name}.cdx.json"
            bom.parent.mkdir(exist_ok=True)
            bom.write_text(_sbom(_project(source / "pyproject.toml"), files, epoch))
            for path in [*files, bom]:
                print(path.relative_to(into.parent))


def _project(pyproject: Path) -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads(pyproject.read_text("utf-8"))["project"]
    return project


def _epoch(root: Path) -> int:
    """Seconds since 1970, which stand for every time in what is built."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given is not None:
        return int(given)
    return int(_git(root, "log", "-1", "--format=%ct"))


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=root, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout


def _built(into: Path) -> Iterator[Path]:
    """What an earlier run left, which must not be published with the new."""
    for pattern in ("*.whl", "*.tar.gz", "sbom/*.cdx.json"):
        yield from into.glob(pattern)


def _copy(root: Path, copy: Path) -> None:
    """Copy what is in the repository, or would be at the next commit."""
    listed = _git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listed.split("\0")):
        source, target = root / name, copy / name
        if source.is_file():  # it may have been deleted since the last commit
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def _build(source: Path, into: Path, scratch: Path, epoch: int) -> list[Path]:
    """The sdist of a distribution, and the wheel that comes of it."""
    into.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch)}

    def build(folder: Path, target: str) -> Path:
        program = _BACKEND.format(target=target)
        done = subprocess.run(
            [sys.executable, "-c", program, into],
            cwd=folder,
            check=True,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        return into / done.stdout.splitlines()[-1]

    sdist = build(source, "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(scratch, filter="data")
    unpacked = scratch / sdist.name.removesuffix(".tar.gz")
    return [sdist, build(unpacked, "wheel")]


# The software bill of materials


def _sbom(project: dict[str, Any], files: list[Path], epoch: int) -> str:
    """CycloneDX: the distribution, its files, and all that it brings with it.

    The versions are those of this environment, which constraints.txt pins.
    """
    root = _component(project["name"], project["version"], project["license"])
    root.description = project["description"]
    for path in files:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        root.external_references.add(
            ExternalReference(
                type=ExternalReferenceType.DISTRIBUTION,
                url=XsUri(path.name),
                hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
            )
        )
    digests = "".join(hashlib.sha256(path.read_bytes()).hexdigest() for path in files)
    bom = Bom(serial_number=uuid.uuid5(uuid.NAMESPACE_URL, digests))
    bom.metadata.timestamp = datetime.fromtimestamp(epoch, UTC)
    bom.metadata.component = root
    known: dict[str, Component] = {canonicalize_name(project["name"]): root}
    _register(bom, root, project["dependencies"], known)
    outputter = make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6)
    return outputter.output_as_string(indent=2) + "\n"


def _register(
    bom: Bom, component: Component, requires: list[str], known: dict[str, Component]
) -> None:
    """Add what a component requires, and what that requires."""
    needed = []
    for requirement in map(Requirement, requires):
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        name = canonicalize_name(requirement.name)
        if name not in known:
            package = metadata.distribution(name)
            known[name] = _component(name, package.version, _license(package))
            bom.components.add(known[name])
            _register(bom, known[name], package.requires or [], known)
        needed.append(known[name])
    bom.register_dependency(component, needed)


def _component(name: str, version: str, said: str) -> Component:
    url = PackageURL("pypi", None, name, version)
    return Component(
        name=name,
        version=version,
        type=ComponentType.LIBRARY,
        bom_ref=url.to_string(),
        purl=url,
        licenses=[LicenseFactory().make_from_string(said)] if said else [],
    )


def _license(package: metadata.Distribution) -> str:
    """What the metadata says: an expression, a classifier, or a short text."""
    expression = package.metadata["License-Expression"]
    if expression:
        return str(expression)
    for line in package.metadata.get_all("Classifier") or []:
        if line.startswith("License :: ") and line != "License :: OSI Approved":
            return str(line.rpartition(" :: ")[2])
    text = package.metadata["License"] or ""
    return text if len(text) < 60 else ""


if __name__ == "__main__":
    main()
