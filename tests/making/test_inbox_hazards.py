"""`xid inbox` and the hazards of key files, plugins and other writers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from eth_account import Account
from tests.support.signers import secret

from xmtp_identity.logfile import append_entry
from xmtp_identity.v1.log_pb2 import GetIdentityUpdatesResponse

from .desk import LOG, Desk, value

if TYPE_CHECKING:
    import pytest


def test_the_password_of_a_keystore_must_be_right(desk: Desk) -> None:
    desk.create()
    store = Account.encrypt(secret("friend.key"), "right", kdf="pbkdf2", iterations=1)
    desk.write("friend.json", json.dumps(store))
    for name, content, words in (
        ("password", "wrong", "the password is wrong"),
        ("password", b"\xff", "not UTF-8"),
        ("password", "x" * 5000, "more than 4,096 bytes"),
    ):
        desk.write(name, content)
        line = desk.refused(*desk.act("link", "friend.json", "--password-file", name))
        assert words in line
        assert "right" not in line
    line = desk.refused(*desk.act("link", "friend.json", "--password-file", "none"))
    assert line.endswith("[unusable_file]")
    # There is no terminal to ask on.
    line = desk.refused(*desk.act("link", "friend.json"))
    assert line.endswith("[password_needed]")
    assert "--password-file" in line


def test_a_damaged_keystore_says_so(desk: Desk) -> None:
    desk.create()
    desk.write("password", "right")
    store = Account.encrypt(secret("friend.key"), "right", kdf="pbkdf2", iterations=1)
    for damaged, words in (
        ({**store, "version": 2}, "version 3"),
        ({**store, "crypto": {}}, "the file damaged"),
    ):
        desk.write("bad.json", json.dumps(damaged))
        line = desk.refused(
            *desk.act("link", "ethereum:bad.json", "--password-file", "password")
        )
        assert words in line


KIND: Final = """
from xmtp_identity.errors import BadInput, InvalidIdentifier
from xmtp_identity.hookspecs import hookimpl
from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity.kinds import Kind, Proof, SigningTools

class Signer:
    def __init__(self, value):
        self.identifier = MemberIdentifier("twin", value)

def parse(text):
    if len(text) != 42:
        raise InvalidIdentifier("A twin has 42 characters.")
    return MemberIdentifier("twin", text)

def load_key(content, ask):
    return Signer("0x" + "12" * 20)

@hookimpl
def register_kinds():
    return [
        Kind(
            number=1000,
            name="twin",
            noun="Twin",
            extension="twin.v1.twin",
            parse=parse,
            decode=lambda payload: parse(payload.decode()),
            encode=lambda identifier: identifier.value.encode(),
            proofs={
                1000: Proof(number=1000, name="twin", verify_many=lambda items, _: [])
            },
            signing=lambda: SigningTools(
                new_key=lambda: b"", load_key=load_key, read_signature=lambda *_: []
            ),
        )
    ]
"""
"""A kind that reads every key file, and addresses as its own identifiers."""


def test_what_could_be_of_two_kinds_must_say_which(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "site"
    information = place / "twin-1.dist-info"
    information.mkdir(parents=True)
    (place / "plugin_twin.py").write_text(KIND, "utf-8")
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: twin\n")
    (information / "entry_points.txt").write_text("[xmtp_identity]\ntwin=plugin_twin\n")
    monkeypatch.syspath_prepend(str(place))
    env = {"XID_PLUGINS": "ethereum,passkey,twin"}
    desk.create()
    by_owner = ("inbox", "link", "--log", LOG, "--as", "ethereum:owner.key")
    line = desk.refused(*by_owner, value("friend.key"), env=env)
    assert line.endswith("[ambiguous_identifier]")
    line = desk.refused(
        *("inbox", "link", "--log", LOG, "--as", "owner.key", "ethereum:friend.key"),
        env=env,
    )
    assert line.endswith("[ambiguous_key]")
    assert "(ethereum, twin)" in line
    result = desk.run(*by_owner, "ethereum:friend.key", env=env)
    assert result.exit_code == 0
    # A leaf kind authorises nothing.
    line = desk.refused(
        *("inbox", "link", "--log", LOG, "--as", "twin:owner.key", "app.key"),
        code=1,
        env=env,
    )
    assert line.endswith("[kind_has_no_rights]")


def test_a_log_that_changed_meanwhile_is_left_as_it_is(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox_id = desk.create()

    def somebody_else() -> int:
        append_entry(LOG, inbox_id, b"\x10\x01", sequence_id=2, server_timestamp_ns=1)
        return 1_800_000_000 * 10**9

    # The clock is read once the log has been.
    monkeypatch.setattr("time.time_ns", somebody_else)
    result = desk.run(*desk.act("link", "friend.key"))
    assert result.exit_code == 2
    assert result.stderr.endswith("[log_changed]\n")
    entries = GetIdentityUpdatesResponse.FromString(desk.log).responses
    assert len(entries) > 1
    assert {len(one.updates) for one in entries} == {1}
    assert value("friend.key").encode() not in desk.log


def test_another_inbox_of_the_file_may_change_meanwhile(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.create()

    def somebody_else() -> int:
        append_entry(LOG, "ab" * 32, b"\x10\x01", sequence_id=1, server_timestamp_ns=1)
        return 1_800_000_000 * 10**9

    monkeypatch.setattr("time.time_ns", somebody_else)
    desk.ok(*desk.act("link", "friend.key", "--inbox", _only_inbox(desk)))
    assert value("friend.key").encode() in desk.log


def _only_inbox(desk: Desk) -> str:
    inbox_id: str = (
        GetIdentityUpdatesResponse.FromString(desk.log).responses[0].inbox_id
    )
    return inbox_id


def test_a_log_that_can_t_be_written_is_one_line(desk: Desk) -> None:
    line = desk.refused(
        *("inbox", "create", "--log", "no/such/my.log", "--as", "owner.key")
    )
    assert line.endswith("[unusable_file]")
    assert "there is no folder" in line
