"""`xid doctor` and `xid plugins`: each fault has its cause and its remedy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from xmtp_identity.diagnosis import diagnose

from .fake_plugin import KIND, install
from .support import answer, as_json, history, run

OTHER_KIND = KIND.replace('"fish"', '"frog"').replace('noun="Fish"', 'noun="Frog"')


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path of this process."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def _problems(*names: str) -> list[dict[str, Any]]:
    """What the doctor finds with these plugins beside the project's own.

    `xid plugins` tells the same, and whatever is broken, replay works.
    """
    env = {"XID_PLUGINS": ",".join(["ethereum", "passkey", *names])}
    result = run("doctor", "--json", env=env)
    found = json.loads(result.stdout)
    problems: list[dict[str, Any]] = found["problems"]
    assert found["healthy"] is (not problems)
    assert result.exit_code == (1 if problems else 0)

    listed = run("plugins", "--json", env=env)
    assert json.loads(listed.stdout)["problems"] == problems
    assert listed.exit_code == result.exit_code

    for command in ("doctor", "plugins"):
        shown = run(command, env=env)
        assert shown.exit_code == result.exit_code
        for problem in problems:
            assert f"{problem['cause']} [{problem['code']}]" in shown.stdout
            assert f"\n  {problem['remedy']}\n" in shown.stdout

    inbox_id, updates = history("add_passkey")
    data = as_json(inbox_id, updates).encode()
    replayed = run("replay", "--json", "-", data=data, env=env)
    assert replayed.exit_code == 0
    assert json.loads(replayed.stdout)["authoritative"] is True
    return problems


def _problem(*names: str) -> dict[str, Any]:
    (problem,) = _problems(*names)
    assert problem["plugin"] == names[-1]
    assert problem["distribution"] == f"xid-{names[-1]}"
    return problem


def test_the_doctor_says_what_is_here() -> None:
    found = answer("doctor", "--json")
    assert found["versions"].keys() == {
        "core",
        "api",
        "python",
        "protobuf",
        "ed25519ph",
    }
    assert found["versions"]["ed25519ph"] in {"accelerated", "composed"}
    assert found["versions"]["api"] == 1
    assert [(one["name"], one["loaded"]) for one in found["plugins"]] == [
        ("ethereum", True),
        ("passkey", True),
    ]
    assert found["kinds"] == ["ethereum", "installation", "passkey"]
    absent = {one["name"]: one for one in found["absent_kinds"]}
    assert absent["solana"]["distribution"] == "xmtp-identity-solana"
    assert absent["solana"]["status"] == "available"
    assert absent["nostr"]["status"] == "planned"
    assert found["problems"] == []
    assert "Nothing is wrong." in run("doctor").stdout


def test_a_sound_plugin_of_someone_else_is_no_problem(beside: Path) -> None:
    requires = [
        "Requires-Dist: xmtp-identity>=0.0.1,<99",
        'Requires-Dist: not-there>=1; extra == "more"',
        'Requires-Dist: not-there>=1; python_version < "3"',
        "Requires-Python: >=3.11",
    ]
    install(beside, "fish_sound", KIND, metadata=requires)
    assert _problems("fish_sound") == []


def test_a_plugin_that_fails_to_import_is_to_be_reinstalled(beside: Path) -> None:
    install(beside, "fish_import", "import a_module_that_is_not_there")
    problem = _problem("fish_import")
    assert problem["code"] == "plugin_import"
    assert "a_module_that_is_not_there" in problem["cause"]
    assert "pip install --force-reinstall xid-fish_import" in problem["remedy"]


def test_a_plugin_of_a_newer_api_is_told_to_upgrade(beside: Path) -> None:
    source = KIND.replace("number=1000,", "number=1000, api_version=2,", 1)
    install(beside, "fish_api", source)
    problem = _problem("fish_api")
    assert problem["code"] == "api_version"
    upgrade = "pip install --upgrade xmtp-identity xid-fish_api"
    assert upgrade in problem["remedy"]


@pytest.mark.parametrize(
    ("wanted", "outdated"),
    [
        pytest.param(">=98,<99", "xmtp-identity", id="newer core"),
        pytest.param("~=98.0", "xmtp-identity", id="compatible with a newer core"),
        pytest.param("==98.*", "xmtp-identity", id="a series of a newer core"),
        pytest.param("<0.0.1", "xid-fish_core", id="older core"),
    ],
)
def test_a_plugin_for_another_core_is_reported_though_it_loads(
    beside: Path, wanted: str, outdated: str
) -> None:
    requires = [f"Requires-Dist: XMTP.identity {wanted}"]
    install(beside, "fish_core", KIND, metadata=requires)
    problem = _problem("fish_core")
    assert problem["code"] == "plugin_requires"
    assert f"pip install --upgrade {outdated}." in problem["remedy"]


@pytest.mark.parametrize(
    ("line", "cause", "remedy"),
    [
        (
            "Requires-Dist: not-there>=1,<2",
            "which is not installed",
            'pip install "not-there<2,>=1"',
        ),
        ("Requires-Dist: click>=98", "is installed", 'pip install "click>=98"'),
        ("Requires-Python: >=98", "requires Python >=98", "Use such a Python"),
        ("Requires-Python: later", "can't be read", "Only its author"),
        ("Requires-Dist: ===?", "can't be read", "Only its author"),
    ],
)
def test_what_a_plugin_requires_and_has_not_is_reported(
    beside: Path, line: str, cause: str, remedy: str
) -> None:
    install(beside, "fish_needs", KIND, metadata=[line])
    problem = _problem("fish_needs")
    assert problem["code"] == "plugin_requires"
    assert cause in problem["cause"]
    assert remedy in problem["remedy"]


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(OTHER_KIND, id="number"),
        pytest.param(
            KIND.replace("1000", "1001").replace('noun="Fish"', 'noun="Frog"'),
            id="name",
        ),
        pytest.param(
            OTHER_KIND.replace("1000", "1001").replace('"Frog"', '"fISH"'), id="noun"
        ),
    ],
)
def test_two_plugins_that_clash_are_a_choice(beside: Path, second: str) -> None:
    install(beside, "clash_a", KIND)
    install(beside, "clash_b", second)
    problem = _problem("clash_a", "clash_b")
    assert problem["code"] == "kind_clash"
    assert "which fish (fish.v1.fish) has" in problem["cause"]
    assert "pip uninstall xid-clash_b" in problem["remedy"]


def test_a_plugin_that_claims_a_root_number_is_its_authors_fault(beside: Path) -> None:
    install(beside, "fish_root", KIND.replace("1000", "3"))
    problem = _problem("fish_root")
    assert problem["code"] == "kind_number"
    assert "Only its author" in problem["remedy"]


def test_a_module_that_two_packages_register_comes_twice(beside: Path) -> None:
    install(beside, "twin_a", KIND)
    install(beside, "twin_b", KIND, module="plugin_twin_a")
    problem = _problem("twin_a", "twin_b")
    assert problem["code"] == "plugin_twice"
    assert "pip uninstall xid-twin_b" in problem["remedy"]


def test_a_package_that_is_installed_twice_is_reported(beside: Path) -> None:
    install(beside, "fish_copies", KIND)
    install(beside, "fish_copies", KIND, version="1.3")
    problem = _problem("fish_copies")
    assert problem["code"] == "plugin_copies"
    assert f"1.2 in {beside}; 1.3 in {beside}" in problem["cause"]
    assert "pip uninstall xid-fish_copies" in problem["remedy"]


def test_a_folder_that_stands_on_the_path_twice_is_no_second_copy(
    beside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(beside, "fish_path", KIND)
    monkeypatch.syspath_prepend(f"{beside}/")
    assert _problems("fish_path") == []


def test_a_misspelt_hook_is_its_authors_fault(beside: Path) -> None:
    source = KIND.replace("def register_kinds", "def register_kind")
    install(beside, "fish_hook", source)
    problem = _problem("fish_hook")
    assert problem["code"] == "plugin_hook"
    assert "pip install --upgrade xid-fish_hook" in problem["remedy"]


def test_a_package_whose_list_of_plugins_is_damaged_is_to_be_reinstalled(
    beside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(beside, "fish_damaged", KIND)
    points = beside / "xid_fish_damaged-1.2.dist-info" / "entry_points.txt"
    points.write_text("[xmtp_identity]\nno equals sign\n", "utf-8")
    assert _problems() == []  # what is allowed by name is not concerned
    monkeypatch.delenv("XID_PLUGINS", raising=False)
    (problem,) = diagnose().problems
    assert problem.code == "plugin_import"
    assert "pip install --force-reinstall xid-fish_damaged" in problem.remedy


def test_all_problems_are_told_at_once(beside: Path) -> None:
    requires = ["Requires-Dist: xmtp-identity>=98", "Requires-Dist: not-there"]
    install(beside, "worst_a", "raise ValueError", metadata=requires)
    install(beside, "worst_b", "raise SystemExit")
    assert [
        (one["plugin"], one["code"]) for one in _problems("worst_a", "worst_b")
    ] == [
        ("worst_a", "plugin_import"),
        ("worst_a", "plugin_requires"),
        ("worst_a", "plugin_requires"),
        ("worst_b", "plugin_import"),
    ]


@pytest.mark.parametrize("strict", ["", "1"])
def test_a_plugin_that_is_allowed_and_missing_hides_no_other(
    beside: Path, strict: str
) -> None:
    install(beside, "fish_broken", "raise ValueError")
    env = {"XID_PLUGINS": "nosuch,fish_broken", "XID_STRICT_PLUGINS": strict}
    result = run("doctor", "--json", env=env)
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    codes = [(one["plugin"], one["code"]) for one in found["problems"]]
    assert codes == [(None, "plugin_missing"), ("fish_broken", "plugin_import")]


def test_what_a_broken_plugin_says_moves_no_cursor(beside: Path) -> None:
    install(beside, "fish_escape", "raise ImportError('no\\x1b[2J\\nwater')")
    env = {"XID_PLUGINS": "fish_escape"}
    for arguments in (["doctor"], ["doctor", "--json"], ["plugins"]):
        assert "\x1b" not in run(*arguments, env=env).stdout


# The directory


def test_the_directory_says_which_packages_are_installed() -> None:
    found = {
        one["name"]: one
        for one in answer("plugins", "--directory", "--json")["directory"]
    }
    assert found["ethereum"] == {
        "name": "ethereum",
        "distribution": "xmtp-identity-ethereum",
        "kinds": ["ethereum"],
        "numbers": [1],
        "tier": "root",
        "status": "available",
        "installed": True,
        "summary": found["ethereum"]["summary"],
    }
    assert found["nostr"]["installed"] is False
    assert found["nostr"]["status"] == "planned"
    shown = run("plugins", "--directory").stdout
    assert all(one["distribution"] in shown for one in found.values())


# Chains


def test_the_doctor_names_chains_by_their_hosts_alone(tmp_path: Path) -> None:
    path = tmp_path / "chains.toml"
    path.write_text(
        '[chains]\n"eip155:1" = ["https://me:pw@a.example:99/key", "https://b.example"]',
        "utf-8",
    )
    found = answer("--chains", str(path), "doctor", "--json")
    assert found["chains"] == {"eip155:1": ["a.example:99", "b.example"]}
    assert found["healthy"]
    shown = run("--chains", str(path), "doctor").stdout
    assert "eip155:1  a.example:99, b.example\n" in shown
    assert answer("doctor", "--json")["chains"] == {}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "bad_chains"),
        ('[chains]\n"eip155:1" = "ftp://host/secret"', "bad_chains"),
        (None, "unusable_file"),
    ],
)
def test_the_doctor_says_why_chains_can_t_be_used(
    tmp_path: Path, content: str | None, code: str
) -> None:
    path = tmp_path / "chains.toml"
    if content is not None:
        path.write_text(content, "utf-8")
    result = run("--chains", str(path), "doctor", "--json")
    assert result.exit_code == 1
    [problem] = json.loads(result.stdout)["problems"]
    assert problem["code"] == code
    assert "secret" not in result.output
