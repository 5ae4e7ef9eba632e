"""Writing a package for a new kind, complete and ready to be tested."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from ..errors import BadInput
from .answers import Answers
from .places import core_range, need, shipped
from .presets import preset_of
from .protoc import generate_code
from .record import Record, fingerprints

__all__ = ["TEMPLATE_VERSION", "render", "write_project"]

TEMPLATE_VERSION: Final = 1
"""Raised when the template changes; a project records which one made it."""

_PROJECT: Final = "{{cookiecutter.project}}"
_MODULE: Final = "{{cookiecutter.module}}"


def write_project(answers: Answers, parent: Path) -> Path:
    """Write the package of a new kind into a folder; gives the package's folder.

    answers: judged by `check_answers`.
    parent: is made if it is missing.

    All of it or nothing. Raises `BadInput` if it is there already, or if the
    extra is not installed.
    """
    target = parent / answers.project
    if target.exists():
        raise BadInput(
            f"{target} exists already; nothing is written over it.",
            code="file_exists",
        )
    parent.mkdir(parents=True, exist_ok=True)
    # In the same folder, so that it can be renamed.
    with TemporaryDirectory(dir=parent, prefix=".xid-new-") as folder:
        project = render(answers, Path(folder))
        record = Record(
            template=TEMPLATE_VERSION,
            core=core_range(),
            answers=answers,
            files=fingerprints(project),
        )
        record.write(project)
        project.rename(target)
    return target


def render(answers: Answers, into: Path, core: str | None = None) -> Path:
    """Fill in the template, and generate the code of its schema.

    core: the range of the core's versions that the package works with; None
        takes `core_range`.
    """
    need("cookiecutter.generate")
    from cookiecutter.generate import (  # type: ignore[import-untyped]  # has none
        generate_files,
    )

    preset = preset_of(answers.scheme)
    values: dict[str, Any] = {
        **asdict(answers),
        **{name: getattr(preset, name) for name in preset.__slots__},
        "project": answers.project,
        "module": answers.module,
        "core_range": core or core_range(),
        "_jinja2_env_vars": {"lstrip_blocks": True, "trim_blocks": True},
    }
    with TemporaryDirectory() as folder:
        template = Path(folder) / "template"
        # pip compiles what it can of an installed template; that is no part of it.
        compiled = shutil.ignore_patterns("__pycache__")
        shutil.copytree(shipped("cookiecutter"), template, ignore=compiled)
        module = template / _PROJECT / "src" / _MODULE
        shutil.copy(preset.folder / "keys.py", module)
        shutil.copy(preset.folder / "test_keys.py", template / _PROJECT / "tests")
        made = generate_files(
            repo_dir=str(template),
            context={"cookiecutter": values},
            output_dir=str(into),
            accept_hooks=False,
        )
    project = Path(made)
    generate_code(project)
    return project
