"""`xid new --check`: what a package lacks that an older template made."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from xmtp_identity.cli.root import xid
from xmtp_identity.errors import BadInput
from xmtp_identity.scaffold import Answers, lacks_of, write_project
from xmtp_identity.scaffold.places import shipped
from xmtp_identity.scaffold.record import RECORD, fingerprint, fingerprints

pytest.importorskip("cookiecutter", reason="the extra xmtp-identity[new] is not here")

ANSWERS = Answers(name="my_chain", noun="My Chain key", number=1234)
OLD = "an older text\n"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return write_project(ANSWERS, tmp_path)


def states(package: Path) -> dict[str, str]:
    return {lack.path: lack.state for lack in lacks_of(package)}


def made_older(package: Path, name: str) -> Path:
    """Let a file be as an older template would have made it."""
    path = package / name
    path.write_text(OLD, "utf-8")
    record = json.loads((package / RECORD).read_text("utf-8"))
    record["files"][name] = fingerprint(path)
    (package / RECORD).write_text(json.dumps(record), "utf-8")
    return path


def test_a_fresh_package_lacks_nothing(package: Path) -> None:
    assert states(package) == {}


def test_what_its_author_changed_is_no_lack(package: Path) -> None:
    (package / "README.md").write_text("# Mine\n", "utf-8")
    (package / "src/xmtp_identity_my_chain/extra.py").write_text("", "utf-8")
    assert states(package) == {}


def test_line_ends_of_a_checkout_are_no_lack(package: Path) -> None:
    path = package / ".github/workflows/ci.yml"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert states(package) == {}


def test_a_file_that_is_missing_is_told(package: Path) -> None:
    (package / "tests/test_conformance.py").unlink()
    assert states(package) == {"tests/test_conformance.py": "missing"}


def test_a_file_that_only_the_template_changed_is_outdated(package: Path) -> None:
    made_older(package, ".github/workflows/ci.yml")
    assert states(package) == {".github/workflows/ci.yml": "outdated"}


def test_a_file_that_both_changed_is_told_apart(package: Path) -> None:
    made_older(package, "README.md").write_text("mine\n", "utf-8")
    assert states(package) == {"README.md": "changed"}


def test_a_file_that_was_brought_up_to_date_is_no_lack(package: Path) -> None:
    path = package / "README.md"
    fresh = path.read_bytes()
    made_older(package, "README.md").write_bytes(fresh)
    assert states(package) == {}


def test_a_file_that_the_template_has_no_more_is_told(package: Path) -> None:
    made_older(package, "setup.cfg")
    assert states(package) == {"setup.cfg": "gone"}


def test_generated_code_that_is_old_is_told(package: Path) -> None:
    schema = package / "proto/xmtp_identity_my_chain/v1/my_chain.proto"
    schema.write_text(schema.read_text("utf-8") + "message More {}\n", "utf-8")
    code = "src/xmtp_identity_my_chain/v1/my_chain_pb2.py"
    assert states(package) == {code: "stale", f"{code}i": "stale"}


def test_what_pip_compiles_of_the_template_is_no_part_of_it(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "shipped"
    for name in ("cookiecutter", "templates"):
        shutil.copytree(shipped(name), copy / name)
    for folder in [path for path in copy.rglob("*") if path.is_dir()]:
        (folder / "__pycache__").mkdir()
        (folder / "__pycache__/x.cpython-311.pyc").write_bytes(b"\xff\0")
    monkeypatch.setattr("xmtp_identity.scaffold.project.shipped", copy.joinpath)
    monkeypatch.setattr("xmtp_identity.scaffold.presets.shipped", copy.joinpath)
    other = write_project(ANSWERS, tmp_path / "other")
    assert fingerprints(other) == fingerprints(package)


@pytest.mark.parametrize("allowed", [">=0.0,<0.1", ">=7,<8", ""])
def test_a_range_that_leaves_this_core_out_is_told(package: Path, allowed: str) -> None:
    path = package / "pyproject.toml"
    text = path.read_text("utf-8")
    path.write_text(
        text.replace('"xmtp-identity>=0.1,<0.2"', f'"xmtp-identity{allowed}"')
    )
    [lack] = lacks_of(package)
    assert (lack.path, lack.state) == ("pyproject.toml", "core")
    assert '"xmtp-identity>=0.1,<0.2"' in lack.remedy


@pytest.mark.parametrize(
    "changes",
    [
        {"template": 99},
        {"template": None},
        {"answers": {}},
        {"answers": []},
        {"answers": {**asdict(ANSWERS), "number": "x"}},
        {"files": []},
    ],
)
def test_a_record_that_makes_no_sense_is_refused(
    changes: dict[str, object], package: Path
) -> None:
    record = json.loads((package / RECORD).read_text("utf-8"))
    (package / RECORD).write_text(json.dumps({**record, **changes}), "utf-8")
    with pytest.raises(BadInput) as refused:
        lacks_of(package)
    assert refused.value.code == "no_template_record"


@pytest.mark.parametrize("content", [None, "", "[]", "{}", "{", " " * (1 << 21)])
def test_a_folder_without_a_record_is_refused(
    content: str | None, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / RECORD).write_text(content, "utf-8")
    with pytest.raises(BadInput) as refused:
        lacks_of(tmp_path)
    assert refused.value.code == "no_template_record"


def test_a_record_that_was_tampered_with_is_judged_like_answers(package: Path) -> None:
    record = json.loads((package / RECORD).read_text("utf-8"))
    record["answers"]["name"] = "../../x"
    (package / RECORD).write_text(json.dumps(record), "utf-8")
    with pytest.raises(BadInput) as refused:
        lacks_of(package)
    assert refused.value.code == "kind_name"


# The command


def command(*arguments: str) -> Result:
    return CliRunner().invoke(xid, ["new", *arguments])


def test_the_command_lists_what_is_lacking(package: Path) -> None:
    assert command("--check", str(package)).exit_code == 0
    (package / "LICENSE").unlink()
    result = command("--check", str(package))
    assert result.exit_code == 1
    assert result.stdout.startswith("Lacks (1)\n")
    assert "missing  LICENSE" in result.stdout
    listed = json.loads(command("--check", str(package), "--json").stdout)
    assert [one["path"] for one in listed["lacks"]] == ["LICENSE"]


def test_the_command_looks_here_by_default(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(package)
    result = command("--check")
    assert result.exit_code == 0
    assert result.stdout == "The package has all that this template has.\n"


def test_a_name_beside_check_is_a_mistake(package: Path) -> None:
    assert command("name", "--check", str(package)).exit_code == 2
