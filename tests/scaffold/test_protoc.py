"""`xid protoc`: the code that everyone gets, and the schemas that nobody may have."""

from __future__ import annotations

import builtins
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from xmtp_identity.cli.root import xid
from xmtp_identity.errors import BadInput
from xmtp_identity.scaffold import generate_code, stale_code

from ..workspace import ROOT

pytest.importorskip("grpc_tools", reason="grpcio-tools is not here")

HEAD = """\
edition = "2023";
package xmtp_identity_mine.v1;
import "xmtp_identity/v1/identity.proto";
"""
MEMBER = "extend xmtp_identity.v1.MemberIdentifier { %s }\n"
SIGNATURE = "extend xmtp_identity.v1.Signature { %s }\n"
GOOD = (
    HEAD
    + MEMBER % "bytes mine_identifier = 1234;"
    + SIGNATURE % "bytes mine_signature = 1234;"
)
PLACE = "xmtp_identity_mine/v1/mine.proto"


def project(folder: Path, schema: str, place: str = PLACE) -> Path:
    path = folder / "proto" / place
    path.parent.mkdir(parents=True)
    path.write_text(schema, "utf-8")
    (folder / "src").mkdir()
    return folder


def fault(folder: Path, schema: str, place: str = PLACE) -> str:
    """The sentence that refuses a schema; nothing is written."""
    with pytest.raises(BadInput) as refused:
        generate_code(project(folder, schema, place))
    assert refused.value.code == "bad_schema"
    assert not list((folder / "src").rglob("*"))
    return refused.value.detail


@pytest.mark.parametrize("plugin", ["ethereum", "passkey", "solana", "bitcoin"])
def test_our_own_plugins_get_the_code_that_they_have(
    plugin: str, tmp_path: Path
) -> None:
    """Byte for byte: the workspace's own script and this one agree."""
    for folder in ("proto", "src"):
        shutil.copytree(ROOT / "plugins" / plugin / folder, tmp_path / folder)
    assert stale_code(tmp_path) == []
    assert generate_code(tmp_path) == []


def test_code_is_written_where_it_is_missing_or_old(tmp_path: Path) -> None:
    folder = project(tmp_path, GOOD)
    code = folder / "src/xmtp_identity_mine/v1"
    both = [code / "mine_pb2.py", code / "mine_pb2.pyi"]
    assert stale_code(folder) == both
    assert not code.exists()
    assert generate_code(folder) == both
    assert stale_code(folder) == []
    both[0].write_text("", "utf-8")
    left = code / "gone_pb2.py"
    left.write_text("", "utf-8")
    assert stale_code(folder) == [left, both[0]]
    assert generate_code(folder) == [left, both[0]]
    assert not left.exists()
    assert generate_code(folder) == []


def test_a_schema_can_import_all_of_the_core_and_of_protobuf(tmp_path: Path) -> None:
    more = (
        'import "xmtp_identity/v1/state.proto";\n'
        'import "google/protobuf/timestamp.proto";\n'
        "message Kept { xmtp_identity.v1.Member member = 1; "
        "google.protobuf.Timestamp since = 2; }\n"
    )
    schema = GOOD.replace("extend", more + "extend", 1)
    assert len(generate_code(project(tmp_path, schema))) == 2


@pytest.mark.parametrize(
    ("member", "signature", "said"),
    [
        ("string a = 1234;", "bytes b = 1234;", "a must be of the type bytes"),
        ("bytes a = 1234;", "repeated bytes b = 1234;", "b is repeated"),
        ("bytes a = 1234;", "bytes b = 1235;", "is missing in Signature"),
        ("bytes a = 2000;", "bytes b = 2000;", "is above 1999"),
        ("bytes a = 150;", "bytes b = 150;", "is not allotted in MemberIdentifier"),
        ("bytes a = 50;", "bytes b = 50;", "is not allotted in Signature"),
        (
            "bytes a = 102;",
            "bytes b = 102;",
            "is allotted to xmtp_identity_nostr.v1.nostr_identifier, not to",
        ),
        ("string a = 1;", "bytes b = 1234;", "is allotted to xmtp_identity_ethereum"),
    ],
)
def test_an_extension_that_the_allotment_forbids_is_refused(
    member: str, signature: str, said: str, tmp_path: Path
) -> None:
    sentence = fault(tmp_path, HEAD + MEMBER % member + SIGNATURE % signature)
    assert said in sentence
    assert PLACE in sentence


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    schema = HEAD + MEMBER % "string a = 1234; bytes c = 2500;"
    sentence = fault(tmp_path, schema)
    assert "type bytes" in sentence
    assert "above 1999" in sentence
    assert "missing in Signature" in sentence


def test_an_extension_inside_a_message_is_seen(tmp_path: Path) -> None:
    inner = MEMBER % "bytes a = 150;"
    sentence = fault(tmp_path, f"{HEAD}message Inner {{ {inner} }}")
    assert "xmtp_identity_mine.v1.Inner.a" in sentence


def test_a_schema_that_extends_nothing_is_refused(tmp_path: Path) -> None:
    assert "No file extends" in fault(tmp_path, HEAD)


@pytest.mark.parametrize("package", ["identity", "xmtp.v1", "xmtp_identity.v1"])
def test_a_package_of_somebody_else_is_refused(package: str, tmp_path: Path) -> None:
    """Two files with one symbol in protobuf's pool can't be imported together."""
    place = f"{package.replace('.', '/')}/mine.proto"
    sentence = fault(tmp_path, GOOD.replace("xmtp_identity_mine.v1", package), place)
    assert "is not the plugin's own" in sentence


def test_a_package_that_is_not_its_folder_is_refused(tmp_path: Path) -> None:
    assert "must be that of its folder" in fault(tmp_path, GOOD, "mine.proto")


def test_what_protoc_says_is_passed_on(tmp_path: Path) -> None:
    sentence = fault(tmp_path, GOOD.replace("bytes mine_s", "bites mine_s"))
    assert sentence.startswith("protoc says: ")
    assert "bites" in sentence


def test_a_folder_without_schemas_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no \.proto file"):
        generate_code(tmp_path)


def test_without_the_extra_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *arguments: Any) -> Any:
        if name.partition(".")[0] == "grpc_tools":
            raise ImportError(name)
        return real(name, *arguments)

    monkeypatch.setattr(
        "xmtp_identity.scaffold.places.importlib.import_module", without
    )
    with pytest.raises(BadInput) as refused:
        generate_code(project(tmp_path, GOOD))
    assert refused.value.code == "extra_missing"
    assert 'pip install "xmtp-identity[new]"' in refused.value.detail


# The command


def command(*arguments: str) -> Result:
    return CliRunner().invoke(xid, ["protoc", *arguments])


def test_the_command_tells_what_it_wrote(tmp_path: Path) -> None:
    folder = str(project(tmp_path, GOOD))
    checked = command(folder, "--check")
    assert checked.exit_code == 1
    assert checked.stdout.startswith("stale  src/xmtp_identity_mine/v1/mine_pb2.py\n")
    assert command(folder).stdout == checked.stdout.replace("stale", "written")
    assert command(folder).stdout == "The code is what the schemas say.\n"
    again = command(folder, "--check", "--json")
    assert again.exit_code == 0
    assert json.loads(again.stdout) == {"stale": []}


def test_the_command_complains_in_one_line(tmp_path: Path) -> None:
    schema = HEAD + MEMBER % "bytes a = 150;" + SIGNATURE % "bytes b = 150;"
    result = command(str(project(tmp_path, schema)))
    assert result.exit_code == 2
    assert result.stderr.startswith(f"xid: {PLACE}: the number 150")
    assert result.stderr.endswith("[bad_schema]\n")
    assert result.stderr.count("\n") == 1
