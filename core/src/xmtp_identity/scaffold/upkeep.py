"""What a package lacks that an older template made."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from ..errors import BadInput
from ..registry import Registry
from .answers import check_answers
from .places import core_range, core_version
from .project import TEMPLATE_VERSION, render
from .protoc import stale_code
from .record import Record, fingerprint, fingerprints, read_record

__all__ = ["Lack", "lacks_of"]

_PYPROJECT: Final = "pyproject.toml"
_CORE: Final = re.compile(
    r"""["']xmtp-identity\s*>=\s*([0-9.]+)\s*,\s*<\s*([0-9.]+)\s*["']"""
)


@dataclass(frozen=True, slots=True)
class Lack:
    """One thing that a package lacks.

    path: of a file in the package.
    state: ``missing``, ``outdated`` (the template has a newer one, the
        package's is as it was made), ``changed`` (both were changed), ``gone``
        (the template has it no more, the package's is as it was made),
        ``stale`` (generated code) or ``core`` (the range of versions).
    remedy: what to do about it.
    """

    path: str
    state: str
    remedy: str


def lacks_of(project: Path) -> list[Lack]:
    """Compare a package with what the template of this core would make of it.

    project: the package's folder.

    Raises `BadInput` if it was not made by `write_project`, or by the template
    of a newer core.
    """
    record = read_record(project)
    if record.template > TEMPLATE_VERSION:
        raise BadInput(
            f"The package was made by version {record.template} of the template, this "
            f"core has version {TEMPLATE_VERSION}: upgrade the core.",
            code="no_template_record",
        )
    # The record is a file that anyone may have written: no kinds beside it, as
    # the package itself may be installed, but every rule for names.
    check_answers(record.answers, Registry([]), installed=True)
    with TemporaryDirectory() as folder:
        fresh = fingerprints(render(record.answers, Path(folder), record.core))
    return [
        *_files(project, record, fresh),
        *_code(project),
        *_range(project),
    ]


def _files(project: Path, record: Record, fresh: dict[str, str]) -> Iterator[Lack]:
    for name, now in sorted(fresh.items()):
        path = project / name
        was = record.files.get(name)
        if not path.is_file():
            yield Lack(name, "missing", "Take it from a fresh package (xid new).")
            continue
        here = fingerprint(path)
        if now in {was, here}:
            continue
        if here == was:
            yield Lack(
                name, "outdated", "You have not touched it: take that of a fresh one."
            )
        else:
            yield Lack(name, "changed", "Compare it with that of a fresh package.")
    for name, was in sorted(record.files.items()):
        path = project / name
        if name not in fresh and path.is_file() and fingerprint(path) == was:
            yield Lack(name, "gone", "Remove it: nothing uses it any more.")


def _code(project: Path) -> Iterator[Lack]:
    for path in stale_code(project):
        yield Lack(path.relative_to(project).as_posix(), "stale", "Run xid protoc.")


def _range(project: Path) -> Iterator[Lack]:
    """Whether pyproject.toml allows this core."""
    path = project / _PYPROJECT
    if not path.is_file():
        return
    found = _CORE.search(path.read_text("utf-8"))
    here = _version(core_version())
    if found is None or not _version(found[1]) <= here < _version(found[2]):
        yield Lack(
            _PYPROJECT,
            "core",
            f"Run the tests with this core, {core_version()}; then let the package "
            f'depend on "xmtp-identity{core_range()}".',
        )


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall("[0-9]+", text)[:3])
