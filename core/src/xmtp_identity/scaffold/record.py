"""What a package remembers of the template that made it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from ..errors import BadInput
from .answers import Answers
from .protoc import GENERATED

__all__ = ["RECORD", "Record", "fingerprint", "fingerprints", "read_record"]

RECORD: Final = ".xid-template.json"
"""The file in the package's folder."""

_MAX_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Which template made a package, of which answers, and what came out.

    template: its version.
    core: the range of the core's versions that it wrote.
    files: by path in the package, the SHA-256 of each file in hex, with line
        ends as LF. Generated code and the record itself are left out.
    """

    template: int
    core: str
    answers: Answers
    files: Mapping[str, str]

    def write(self, project: Path) -> None:
        """Write it into a package."""
        text = json.dumps(
            {
                "template": self.template,
                "core": self.core,
                "answers": asdict(self.answers),
                "files": dict(sorted(self.files.items())),
            },
            indent=2,
        )
        (project / RECORD).write_text(f"{text}\n", "utf-8", newline="\n")


def read_record(project: Path) -> Record:
    """The record in a package; raises `BadInput` if there is none."""
    path = project / RECORD
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ValueError
        record = json.loads(path.read_bytes())
        return Record(
            template=int(record["template"]),
            core=str(record["core"]),
            answers=_answers(record["answers"]),
            files={str(name): str(one) for name, one in record["files"].items()},
        )
    except FileNotFoundError:
        raise BadInput(
            f"{project} was not made by xid new: it has no {RECORD}.",
            code="no_template_record",
        ) from None
    except (AttributeError, KeyError, TypeError, ValueError):
        raise BadInput(
            f"{path} is damaged; take it from the package's first commit.",
            code="no_template_record",
        ) from None


def _answers(record: dict[str, Any]) -> Answers:
    texts = {name: str(record[name]) for name in ("name", "noun", "scheme", "form")}
    return Answers(number=int(record["number"]), **texts)


def fingerprint(path: Path) -> str:
    """SHA-256 of a file in hex, whatever line ends a checkout gave it."""
    return sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def fingerprints(project: Path) -> dict[str, str]:
    """The files of a package as it was just made."""
    return {
        path.relative_to(project).as_posix(): fingerprint(path)
        for path in sorted(project.rglob("*"))
        if path.is_file() and not path.name.endswith(GENERATED)
    }
