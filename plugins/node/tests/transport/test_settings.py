"""Settings: where they come from, and that they keep secrets."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from xmtp_identity.cli.root import xid
from xmtp_identity_node.service.limits import Limits
from xmtp_identity_node.settings import NAMES, BadSetting, Settings, collect, redacted

DSN = "postgresql://node:hunter2@db.example:5432/identity?password=hunter2"


def test_flags_go_before_the_environment_and_that_before_the_file(
    tmp_path: Path,
) -> None:
    file = tmp_path / "node.toml"
    file.write_text("grpc_port = 1\nhttp_port = 1\nbatch = 1\nhost = 'file'\n")
    environment = {"XID_NODE_HTTP_PORT": "2", "XID_NODE_GRPC_PORT": "2"}
    settings = collect({"grpc_port": 3, "batch": None}, environment, str(file))
    found = (settings.grpc_port, settings.http_port, settings.limits.batch)
    assert found == (3, 2, 1)
    assert settings.host == "file"
    assert settings.log_level == Settings().log_level


def test_the_environment_can_name_the_file(tmp_path: Path) -> None:
    file = tmp_path / "node.toml"
    file.write_text("http_port = 7")
    assert collect({}, {"XID_NODE_CONFIG": str(file)}).http_port == 7


def test_every_type_of_setting_can_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "node.toml"
    file.write_text(
        "stop_seconds = 3\nreflection = false\ntrusted_proxies = ['10.0.0.0/8']\n"
        "read_only = true\n[wallet_blocks_by_chain]\n8453 = 43200\n"
    )
    settings = collect({}, {}, str(file))
    assert (settings.stop_seconds, settings.reflection) == (3.0, False)
    assert settings.trusted_proxies == ("10.0.0.0/8",)
    assert settings.limits.read_only
    assert settings.limits.wallet_blocks_by_chain == {8453: 43200}


def test_every_type_of_setting_can_stand_in_the_environment() -> None:
    environment = {
        "XID_NODE_STOP_SECONDS": "2.5",
        "XID_NODE_REFLECTION": "false",
        "XID_NODE_TRUSTED_PROXIES": "10.0.0.0/8, ::1",
        "XID_NODE_WALLET_BLOCKS_BY_CHAIN": "1=10,8453=20",
        "OTHER": "left alone",
    }
    settings = collect({}, environment)
    assert (settings.stop_seconds, settings.reflection) == (2.5, False)
    assert settings.trusted_proxies == ("10.0.0.0/8", "::1")
    assert settings.limits.wallet_blocks_by_chain == {1: 10, 8453: 20}


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"XID_NODE_GRPC_PROT": "1"}, "Is it grpc_port?"),
        ({"XID_NODE_GRPC_port": "1"}, "in capitals"),
        ({"XID_NODE_GRPC_PORT": "1_0"}, "a whole number"),
        ({"XID_NODE_GRPC_PORT": "\u0661"}, "a whole number"),
        ({"XID_NODE_GRPC_PORT": "-1"}, "a whole number"),
        ({"XID_NODE_GRPC_PORT": "65536"}, "not a port"),
        ({"XID_NODE_STOP_SECONDS": "1e3"}, "a number"),
        ({"XID_NODE_STOP_SECONDS": "0"}, "positive"),
        ({"XID_NODE_REFLECTION": "perhaps"}, "true or false"),
        ({"XID_NODE_BATCH": "0"}, "positive"),
        ({"XID_NODE_LOG_LEVEL": "loud"}, "debug"),
        ({"XID_NODE_TLS_KEY": "key.pem"}, "together"),
        ({"XID_NODE_WALLET_BLOCKS_BY_CHAIN": "1"}, "a list"),
    ],
)
def test_a_wrong_setting_is_named(environment: dict[str, str], said: str) -> None:
    with pytest.raises(BadSetting) as caught:
        collect({}, environment)
    assert said in caught.value.detail


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("nothing = 1", "nothing is no setting"),
        ("grpc_port = '1'", "wrong type"),
        ("grpc_port = true", "wrong type"),
        ("read_rate = 5", "wrong type"),
        ("trusted_proxies = [1]", "wrong type"),
        ("grpc_port = ", "no TOML"),
    ],
)
def test_a_wrong_line_of_the_file_is_named(
    tmp_path: Path, content: str, said: str
) -> None:
    file = tmp_path / "node.toml"
    file.write_text(content)
    with pytest.raises(BadSetting) as caught:
        collect({}, {}, str(file))
    assert said in caught.value.detail
    assert str(file) in caught.value.detail


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="can't be read"):
        collect({}, {}, str(tmp_path / "none.toml"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (DSN, "postgresql://node:***@db.example:5432/identity?***"),
        ("postgresql://node@db/identity", "postgresql://node@db/identity"),
        ("redis://:hunter2@cache/0", "redis://:***@cache/0"),
        ("postgresql://a:hun@ter2@db/x", "postgresql://a:***@db/x"),
        ("postgresql://[hunter2", "***"),
        ("node.sqlite", "node.sqlite"),
    ],
)
def test_addresses_are_shown_without_passwords(text: str, shown: str) -> None:
    assert redacted(text) == shown


def test_what_is_shown_holds_no_password() -> None:
    settings = Settings(store=DSN, rate_store="redis://:hunter2@cache/0")
    assert "hunter2" not in json.dumps(settings.shown())


def test_no_two_settings_have_one_name() -> None:
    own = {one.name for one in dataclasses.fields(Settings)} - {"limits"}
    bounds = {one.name for one in dataclasses.fields(Limits)}
    assert not own & bounds
    assert set(NAMES) == own | bounds


def show(*arguments: str, **environment: str) -> Any:
    result = CliRunner().invoke(xid, ["serve", "--show", *arguments], env=environment)
    return json.loads(result.stdout) if result.exit_code == 0 else result.output


def test_the_command_shows_what_it_would_serve_with() -> None:
    shown = show("--store", DSN, "--set", "batch=7", "--grpc-port", "1")
    assert (shown["batch"], shown["grpc_port"]) == (7, 1)
    assert "hunter2" not in json.dumps(shown)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--grpc-port", "hunter2"],
        ["--set", "batch=hunter2"],
        ["--set", "hunter2"],
        ["--store", "postgresql://a:hunter2@db/x", "--http-port", "x"],
    ],
)
def test_the_command_names_a_wrong_flag_and_not_what_stands_in_it(
    arguments: list[str],
) -> None:
    output = show(*arguments)
    assert isinstance(output, str)
    assert output.startswith("xid: ")
    assert output.count("\n") == 1
    if arguments[1] != "hunter2" or arguments[0] != "--set":
        assert "hunter2" not in output
