"""The workflows are ones that GitHub takes, and may do no more than they need."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from ..scaffold.test_workflow import lint
from ..workspace import ROOT

FOLDER: Final = ROOT / ".github" / "workflows"
WORKFLOWS: Final = sorted(FOLDER.glob("*.yml"))
YOUNGER: Final = 'unknown permission scope "attestations"'
"""What this actionlint says of a permission that is younger than it is."""

each_workflow = pytest.mark.parametrize(
    "workflow", WORKFLOWS, ids=lambda path: path.name
)


def _jobs(workflow: Path) -> dict[str, str]:
    """The text of each job, by its name."""
    text = workflow.read_text("utf-8").partition("\njobs:\n")[2]
    parts = re.split(r"^  ([a-z]+):\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_there_is_one_for_checks_and_one_to_publish() -> None:
    assert [path.name for path in WORKFLOWS] == ["ci.yml", "publish.yml"]


@each_workflow
def test_actionlint_has_nothing_to_complain_of(workflow: Path) -> None:
    said = [str(one["message"]) for one in lint(workflow.read_text("utf-8"))]
    assert [one for one in said if not one.startswith(YOUNGER)] == []


@each_workflow
def test_actions_are_pinned_by_the_tag_of_a_version(workflow: Path) -> None:
    text = workflow.read_text("utf-8")
    used = re.findall(r"uses: (\S+)", text)
    assert used
    for action in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+\.\d+\.\d+", action), action


def test_an_action_has_the_same_version_everywhere() -> None:
    texts = "".join(path.read_text("utf-8") for path in WORKFLOWS)
    used = set(re.findall(r"uses: (\S+)@\S+", texts))
    assert len(set(re.findall(r"uses: (\S+@\S+)", texts))) == len(used)


@each_workflow
def test_every_job_ends_and_keeps_no_credentials(workflow: Path) -> None:
    for name, job in _jobs(workflow).items():
        assert "timeout-minutes:" in job, name
        checkouts = job.count("uses: actions/checkout@")
        assert job.count("persist-credentials: false") == checkouts, name


@each_workflow
def test_no_workflow_needs_a_secret_or_writes_to_the_repository(
    workflow: Path,
) -> None:
    text = workflow.read_text("utf-8")
    assert "secrets." not in text
    assert "contents: write" not in text
    assert re.search(r"^permissions:( \{\}|\n  contents: read)$", text, re.MULTILINE)


@each_workflow
def test_what_is_written_into_a_shell_is_no_text_of_a_stranger(workflow: Path) -> None:
    for job in _jobs(workflow).values():
        for line in re.findall(r"run: [^|\n].*|^ {10}\S.*", job, re.MULTILINE):
            shell = not re.match(r" {10}[\w-]+: ", line)
            assert not shell or "${{" not in line, line


def test_only_the_jobs_without_a_checkout_can_prove_who_they_are() -> None:
    jobs = _jobs(FOLDER / "publish.yml")
    trusted = {name for name, job in jobs.items() if "id-token: write" in job}
    assert trusted == {"attest", "publish"}
    assert not any("actions/checkout" in jobs[name] for name in trusted)
    assert not any("run:" in jobs[name] for name in trusted)
    assert "environment: release" in jobs["publish"]
    assert "attestations: true" in jobs["publish"]
    assert "attestations: write" in jobs["attest"]


@each_workflow
def test_what_a_workflow_runs_of_ours_is_there(workflow: Path) -> None:
    text = workflow.read_text("utf-8")
    targets = re.findall(
        r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE
    )
    named = re.findall(r"run: make (\w+)", text)
    assert set(named) <= set(targets)
    assert "dist" in named
    assert "run: .ci/run\n" in text
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
