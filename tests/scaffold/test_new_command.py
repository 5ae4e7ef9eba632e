"""`xid new` at the keyboard: questions, flags, refusals."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from xmtp_identity.cli.root import xid

pytest.importorskip("cookiecutter", reason="the extra xmtp-identity[new] is not here")

FLAGS = ("--scheme=p256", "--form=address", "--number=1234", "--noun=My Chain account")


def new(*arguments: str, data: str = "") -> Result:
    """Run `xid new` with the core alone installed, as it were."""
    return CliRunner(env={"XID_PLUGINS": ""}).invoke(
        xid, ["new", *arguments], input=data
    )


def answers_in(folder: Path) -> dict[str, object]:
    record = json.loads((folder / ".xid-template.json").read_text("utf-8"))
    assert record["template"] == 1
    answers: dict[str, object] = record["answers"]
    return answers


def test_with_all_flags_nothing_is_asked(tmp_path: Path) -> None:
    result = new("my_chain", *FLAGS, f"--output={tmp_path}", "--json")
    assert result.exit_code == 0, result.stderr
    assert not result.stderr
    folder = tmp_path / "xmtp-identity-my-chain"
    expected = {
        "name": "my_chain",
        "noun": "My Chain account",
        "number": 1234,
        "scheme": "p256",
        "form": "address",
    }
    assert json.loads(result.stdout) == {"project": str(folder), **expected}
    assert answers_in(folder) == expected


def test_without_input_the_defaults_are_taken(tmp_path: Path) -> None:
    result = new("foo", "--no-input", f"--output={tmp_path / 'new'}")
    assert result.exit_code == 0, result.stderr
    answers = answers_in(tmp_path / "new/xmtp-identity-foo")
    number = answers.pop("number")
    assert isinstance(number, int)
    assert 1000 <= number <= 1999
    assert answers == {
        "name": "foo",
        "noun": "Foo key",
        "scheme": "ed25519",
        "form": "key",
    }


def test_every_question_is_asked_until_the_answer_is_good(tmp_path: Path) -> None:
    data = "Nostr\nnostr\nfoo\nbip341\nbip340\naddress\nPasskey\nFoo account\n2\n1500\n"
    result = new(f"--output={tmp_path}", data=data)
    assert result.exit_code == 0, result.stderr
    asked = re.findall(
        "^(?:.*: )?(Name|Scheme|Form|Noun|Number)", result.stderr, re.MULTILINE
    )
    assert list(dict.fromkeys(asked)) == ["Name", "Scheme", "Form", "Noun", "Number"]
    for reason in (
        "not made of a-z",
        "belongs to number 102",
        "is reserved for passkey",
    ):
        assert reason in result.stderr
    assert answers_in(tmp_path / "xmtp-identity-foo") == {
        "name": "foo",
        "noun": "Foo account",
        "number": 1500,
        "scheme": "bip340",
        "form": "address",
    }


def test_an_empty_answer_takes_what_is_proposed(tmp_path: Path) -> None:
    result = new("foo", f"--output={tmp_path}", data="\n\n\n\n")
    assert result.exit_code == 0, result.stderr
    assert answers_in(tmp_path / "xmtp-identity-foo")["noun"] == "Foo key"


def test_the_owner_of_an_allotted_number_needs_no_noun(tmp_path: Path) -> None:
    result = new("zcash", "--number=104", "--no-input", f"--output={tmp_path}")
    assert result.exit_code == 0, result.stderr
    assert answers_in(tmp_path / "xmtp-identity-zcash")["noun"] == "Zcash address"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["nostr"], "kind_name"),
        (["Foo"], "kind_name"),
        (["foo", "--noun", "World ID"], "kind_noun"),
        (["foo", "--noun", "a\nb"], "kind_noun"),
        (["foo", "--number", "102"], "kind_number"),
        (["foo", "--number", "500"], "kind_number"),
        (["foo", "--number", "2000"], "kind_number"),
        (["foo", "--number", "1_500"], "usage"),
        (["foo", "--scheme", "rsa"], "usage"),
        (["foo", "--form", "name"], "usage"),
        ([], "usage"),
    ],
)
def test_a_refusal_is_one_line_and_nothing_is_written(
    arguments: list[str], code: str, tmp_path: Path
) -> None:
    result = new(*arguments, "--no-input", f"--output={tmp_path}")
    assert result.exit_code == 2
    assert result.stderr.endswith(f"[{code}]\n")
    assert result.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_nothing_is_written_over(tmp_path: Path) -> None:
    folder = tmp_path / "xmtp-identity-foo"
    folder.mkdir()
    result = new("foo", "--no-input", f"--output={tmp_path}")
    assert result.exit_code == 2
    assert result.stderr.endswith("[file_exists]\n")
    assert not list(folder.iterdir())


def test_what_fails_half_way_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("xmtp_identity.scaffold.project.generate_code", fail)
    result = new("foo", "--no-input", f"--output={tmp_path}")
    assert result.exit_code == 2
    assert not list(tmp_path.iterdir())


def test_no_home_and_no_network_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """cookiecutter by itself reads settings and keeps a record of answers there."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("COOKIECUTTER_CONFIG", str(home / "none"))

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("something asks the network")

    monkeypatch.setattr("socket.socket.connect", refuse)
    result = new("foo", "--no-input", f"--output={tmp_path / 'out'}")
    assert result.exit_code == 0, result.stderr
    assert not list(home.iterdir())
