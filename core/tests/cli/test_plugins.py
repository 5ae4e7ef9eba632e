"""Kinds and commands of plugins at the command line, broken ones too."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from .fake_plugin import COMMAND, IMPOSTOR, KIND, NAMES, install
from .support import answer, as_json, history, one_line, process, run

HERE = [
    ("ethereum", "xmtp-identity-ethereum", 1, "root"),
    ("installation", "xmtp-identity", 2, "root"),
    ("passkey", "xmtp-identity-passkey", 3, "root"),
]


def test_kinds_lists_what_is_here_and_who_has_the_rest() -> None:
    found = answer("kinds", "--json")
    assert [
        (kind["name"], kind["distribution"], kind["number"], kind["tier"])
        for kind in found["kinds"]
    ] == HERE
    assert found["kinds"][0]["proofs"] == [
        {"number": 1, "name": "erc_191"},
        {"number": 2, "name": "erc_6492"},
        {"number": 4, "name": "delegated_erc_191"},
    ]
    assert found["kinds"][0]["noun"] == "address"
    assert {"revision"} <= found["kinds"][0].keys()
    solana = {
        "number": 100,
        "name": "solana",
        "noun": "Solana address",
        "distribution": "xmtp-identity-solana",
    }
    assert found["not_installed"][0] == solana


def test_kinds_for_people_names_the_package_to_install() -> None:
    shown = run("kinds").stdout
    for name, distribution, *_ in HERE:
        assert name in shown
        assert distribution in shown
    assert "xmtp-identity-farcaster" in shown


def test_plugins_lists_what_was_loaded() -> None:
    found = answer("plugins", "--json")["plugins"]
    assert [(one["name"], one["kinds"], one["error"]) for one in found] == [
        ("ethereum", ["ethereum"], None),
        ("passkey", ["passkey"], None),
    ]
    assert found[0]["module"] == "xmtp_identity_ethereum.plugin"
    assert found[0]["distribution"] == "xmtp-identity-ethereum"
    assert found[0]["version"]
    assert run("plugins").stdout.count("loaded") == 2


def test_with_no_plugin_allowed_the_core_stands_alone() -> None:
    result = run("kinds", "--json", env={"XID_PLUGINS": ""})
    assert [kind["name"] for kind in json.loads(result.stdout)["kinds"]] == [
        "installation"
    ]


def test_a_plugin_that_is_allowed_and_missing_is_one_line() -> None:
    result = run("kinds", env={"XID_PLUGINS": "ethereum,nosuch"})
    assert result.exit_code == 2
    assert one_line(result.stderr).endswith("[plugin_missing]")


# A plugin of someone else's


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path of this process, and on that of others."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path


def test_a_leaf_kind_is_listed_and_cannot_own_an_inbox(beside: Path) -> None:
    install(beside, "fish_kind", KIND)
    env = {"XID_PLUGINS": "ethereum,fish_kind"}
    kinds = json.loads(run("kinds", "--json", env=env).stdout)["kinds"]
    fish = {kind["name"]: kind for kind in kinds}["fish"]
    assert (fish["tier"], fish["number"], fish["distribution"]) == (
        "leaf",
        1000,
        "xid-fish_kind",
    )
    for arguments in (["fish1"], ["fish1", "--kind", "fish"]):
        result = run("inbox-id", *arguments, env=env)
        assert result.exit_code == 2
        said = one_line(result.stderr)
        assert "leaf kind" in said
        assert said.endswith("[no_owner]")


def test_a_plugins_command_is_found_listed_and_run(beside: Path) -> None:
    install(beside, "fish_swim", COMMAND)
    env = {"XID_PLUGINS": "fish_swim"}
    result = run("swim", "far", env=env)
    assert (result.exit_code, result.stdout) == (0, "swims far\n")
    assert "Swim." in run("--help", env=env).stdout
    assert "Count them." in run("school", "--help", env=env).stdout


@pytest.mark.parametrize(
    ("what", "code", "said"),
    [
        ("bad", 2, "Not there\\x1b[2J. [no_water]"),
        ("refused", 1, "Too deep. [too_deep]"),
        ("broken", 2, "[internal_error]"),
        ("password", 2, "The input ended where an answer was needed. [end_of_input]"),
    ],
)
def test_what_a_plugins_command_raises_is_one_line(
    beside: Path, what: str, code: int, said: str
) -> None:
    install(beside, "fish_swim", COMMAND)
    result = process("swim", what, XID_PLUGINS="fish_swim")
    assert result.returncode == code
    assert one_line(result.stderr.decode()).endswith(said)


def test_an_error_nobody_foresaw_shows_its_traceback_when_asked(beside: Path) -> None:
    install(beside, "fish_swim", COMMAND)
    result = process("swim", "broken", XID_PLUGINS="fish_swim", XID_TRACEBACK="1")
    assert b"Traceback" in result.stderr
    assert result.returncode == 1


def test_a_plugin_cannot_take_the_place_of_a_command(beside: Path) -> None:
    install(beside, "fish_impostor", IMPOSTOR)
    result = run("--help", env={"XID_PLUGINS": "fish_impostor"})
    assert one_line(result.stderr).endswith("[plugin_commands]")
    assert "'replay'" in result.stderr
    inbox_id, updates = history("register")
    data = as_json(inbox_id, updates).encode()
    replayed = run("replay", "-", data=data, env={"XID_PLUGINS": "fish_impostor"})
    assert "impostor" not in replayed.stdout
    assert "Authoritative" in replayed.stdout


def test_a_built_in_command_asks_no_plugin_for_commands(beside: Path) -> None:
    install(
        beside,
        "fish_loud",
        """
        import sys
        from xmtp_identity.hookspecs import hookimpl

        @hookimpl
        def register_commands(group):
            sys.exit("asked")
        """,
    )
    assert run("kinds", env={"XID_PLUGINS": "fish_loud"}).exit_code == 0


def test_commands_that_cannot_be_registered_are_a_warning(beside: Path) -> None:
    install(
        beside,
        "fish_mute",
        """
        from xmtp_identity.hookspecs import hookimpl

        @hookimpl
        def register_commands(group):
            raise KeyError("mute")
        """,
    )
    result = run("--help", env={"XID_PLUGINS": "fish_mute"})
    assert result.exit_code == 0
    assert one_line(result.stderr).endswith("[plugin_commands]")


# Broken plugins


BROKEN = "raise ImportError('no water\\n in the\\x1b[2J pool')"


def test_a_broken_plugin_is_a_warning_and_the_rest_works(beside: Path) -> None:
    install(beside, "fish_broken", BROKEN)
    inbox_id, updates = history("add_passkey")
    env = {"XID_PLUGINS": "ethereum,passkey,fish_broken"}
    result = run(
        "replay", "--json", "-", data=as_json(inbox_id, updates).encode(), env=env
    )
    assert result.exit_code == 0
    assert one_line(result.stderr).startswith("Warning: fish_broken: ")
    assert json.loads(result.stdout)["authoritative"] is True


def test_strict_mode_makes_a_broken_plugin_an_error(beside: Path) -> None:
    install(beside, "fish_broken", BROKEN)
    env = {"XID_PLUGINS": "fish_broken", "XID_STRICT_PLUGINS": "1"}
    result = run("kinds", env=env)
    assert result.exit_code == 2
    assert not result.stdout
    assert one_line(result.stderr).endswith("[plugin_import]")
    assert run("--help", env=env).exit_code == 0


@pytest.mark.parametrize("strict", ["", "1"])
def test_plugins_says_which_one_is_broken_and_ends_with_1(
    beside: Path, strict: str
) -> None:
    install(beside, "fish_broken", BROKEN)
    env = {"XID_PLUGINS": "fish_broken", "XID_STRICT_PLUGINS": strict}
    result = run("plugins", "--json", env=env)
    assert result.exit_code == 1
    [plugin] = json.loads(result.stdout)["plugins"]
    assert plugin["error"]["code"] == "plugin_import"
    assert (plugin["distribution"], plugin["version"]) == ("xid-fish_broken", "1.2")
    shown = run("plugins", env=env)
    assert shown.exit_code == 1
    assert "broken" in shown.stdout
    assert "\x1b" not in shown.stdout


def test_warnings_stay_away_from_completions(beside: Path) -> None:
    install(beside, "fish_broken", BROKEN)
    result = process(
        XID_PLUGINS="fish_broken",
        _XID_COMPLETE="bash_complete",
        COMP_WORDS="xid ",
        COMP_CWORD="1",
    )
    assert b"plain,replay" in result.stdout
    assert not result.stderr


# Completion


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_the_script_of_the_shell(shell: str) -> None:
    script = run("completion", shell).stdout
    assert f"_XID_COMPLETE={shell}_complete" in script
    assert answer("completion", shell, "--json") == {
        "shell": shell,
        "script": script.removesuffix("\n"),
    }


@pytest.mark.parametrize(
    ("words", "wanted"),
    [("xid ins", "plain,inspect"), ("xid replay --without pass", "plain,passkey")],
)
def test_the_shell_is_told_commands_and_kinds(words: str, wanted: str) -> None:
    result = process(
        _XID_COMPLETE="bash_complete",
        COMP_WORDS=words,
        COMP_CWORD=str(len(words.split()) - 1),
    )
    assert wanted in result.stdout.decode().splitlines()
    assert not result.stderr


@pytest.mark.parametrize(
    ("name", "code"),
    [("broken.test", "name_service_failed"), ("nobody.test", "no_such_name")],
)
def test_a_name_is_resolved_by_the_plugin_that_owns_its_suffix(
    tmp_path: Path, name: str, code: str
) -> None:
    path = install(tmp_path, "names", NAMES)

    def ask(owner: str) -> subprocess.CompletedProcess[bytes]:
        return process("inbox-id", owner, PYTHONPATH=path, XID_PLUGINS="ethereum,names")

    named, plain = ask("owner.test"), ask("0x" + "ab" * 20)
    assert named.returncode == plain.returncode == 0
    assert named.stdout == plain.stdout
    refused = ask(name)
    assert refused.returncode == 2
    assert refused.stderr.endswith(f"[{code}]\n".encode())
    assert refused.stderr.count(b"\n") == 1
