"""What the template makes, of every scheme and form: clean, typed and tested.

Names and nouns are of every length, as they make lines longer and shorter.
"""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

from xmtp_identity.scaffold import FORMS, SCHEMES, Answers, write_project
from xmtp_identity.scaffold.protoc import GENERATED

NAME_LENGTHS = [1, 2, 5, 9, 12, 16, 20, 25, 29, 32]
NOUN_LENGTHS = [40, 35, 31, 26, 22, 17, 12, 8, 3, 1]
WITHOUT_KIT = "not test_conformance"

pytest.importorskip("cookiecutter", reason="the extra xmtp-identity[new] is not here")


def answers_of(index: int, scheme: str, form: str) -> Answers:
    letter = "abcdefghij"[index]
    return Answers(
        name=letter * NAME_LENGTHS[index],
        noun=letter.upper() * NOUN_LENGTHS[index],
        number=1000 + index,
        scheme=scheme,
        form=form,
    )


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A package of every scheme and form."""
    folder = tmp_path_factory.mktemp("rendered")
    return [
        write_project(answers_of(index, *which), folder)
        for index, which in enumerate(product(SCHEMES, FORMS))
    ]


def run(*command: str | Path, folder: Path, **extra: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env={**os.environ, **extra},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_package_is_complete(rendered: list[Path]) -> None:
    for project in rendered:
        name = project.name.removeprefix("xmtp-identity-")
        module = f"xmtp_identity_{name}"
        files = {
            path.relative_to(project).as_posix()
            for path in project.rglob("*")
            if path.is_file()
        }
        assert files == {
            ".github/workflows/ci.yml",
            ".gitignore",
            ".xid-template.json",
            "CHANGELOG.md",
            "LICENSE",
            "README.md",
            f"proto/{module}/v1/{name}.proto",
            "pyproject.toml",
            f"src/{module}/__init__.py",
            f"src/{module}/conformance.py",
            f"src/{module}/identifier.py",
            f"src/{module}/keys.py",
            f"src/{module}/plugin.py",
            f"src/{module}/py.typed",
            f"src/{module}/signature.py",
            f"src/{module}/signer.py",
            *(f"src/{module}/v1/{name}{end}" for end in GENERATED),
            "tests/test_conformance.py",
            "tests/test_identifier.py",
            "tests/test_keys.py",
            "tests/test_plugin.py",
            "tests/test_signature.py",
            "tests/test_signer.py",
        }


def test_nothing_of_the_template_is_left(rendered: list[Path]) -> None:
    for project in rendered:
        for path in project.rglob("*"):
            if path.is_file():
                text = path.read_text("utf-8")
                assert "cookiecutter" not in text.replace("xid new", "")
                assert "{%" not in text
                assert "\n\n\n\n" not in text
                assert text == "" or (text.endswith("\n") and text[-2:] != "\n\n")
                assert not any(line.endswith(" ") for line in text.split("\n")), path


def test_ruff_has_nothing_to_complain_of(rendered: list[Path]) -> None:
    folder = rendered[0].parent
    run("ruff", "check", "--no-cache", ".", folder=folder)
    run("ruff", "format", "--no-cache", "--check", ".", folder=folder)


def test_the_readme_asks_the_questions_of_a_review(rendered: list[Path]) -> None:
    for project in rendered:
        readme = (project / "README.md").read_text("utf-8")
        assert readme.startswith(f"# {project.name}\n")
        assert all(f"\n{number}. **" in readme for number in range(1, 11))


@pytest.mark.slow
def test_mypy_has_nothing_to_complain_of(rendered: list[Path], tmp_path: Path) -> None:
    """The two forms of one scheme differ most; ``SCAFFOLD=all`` looks at all."""
    every = os.environ.get("SCAFFOLD") == "all"
    for project in rendered if every else rendered[2:4]:
        run("mypy", f"--cache-dir={tmp_path}", folder=project)


@pytest.mark.slow
def test_the_tests_of_every_package_pass(rendered: list[Path]) -> None:
    """Those of the kit need the package installed: see `test_schemes`."""
    folder = rendered[0].parent
    sources = os.pathsep.join(str(project / "src") for project in rendered)
    run(
        *("pytest", "-q", "-p", "no:cacheprovider", "-k", WITHOUT_KIT),
        *("--import-mode=importlib", "-W", "error", "."),
        folder=folder,
        PYTHONPATH=sources,
    )
