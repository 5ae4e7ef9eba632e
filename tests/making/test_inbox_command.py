"""`xid inbox` with local keys: from a new inbox to a new recovery identifier."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
import sys

import pytest
from eth_account import Account
from tests.support.signers import SmartWallet, Wallet, secret
from tests.support.updates import Add, Inbox

from xmtp_identity.logfile import append_entry

from .browsers import Browser
from .desk import LOG, Desk, identifier, value, wallet


def shown(name: str) -> dict[str, str]:
    one = identifier(name)
    return {"kind": one.kind, "identifier": one.value}


def test_an_inbox_is_created_by_its_owner(desk: Desk) -> None:
    output = desk.ok(*desk.act("create"))
    inbox_id = desk.ok("inbox-id", value("owner.key")).strip()
    assert output.split() == [
        *("inbox", inbox_id),
        *("added", f"ethereum:{value('owner.key')}"),
        *("recovery", f"ethereum:{value('owner.key')}"),
        *("entries", "1"),
    ]
    assert desk.members() == {value("owner.key")}


def test_a_new_log_can_be_read_by_its_owner_alone(desk: Desk) -> None:
    desk.create()
    mode = (desk.folder / LOG).stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_an_empty_file_is_a_new_log(desk: Desk) -> None:
    desk.write(LOG, b"")
    desk.create()
    assert desk.members() == {value("owner.key")}


def test_an_inbox_is_created_together_with_apps(desk: Desk) -> None:
    answer = desk.json(
        *desk.act("create", "--installation", "app.key", "--installation", "tablet.key")
    )
    assert answer["entries"] == 1
    assert desk.members() == {value(f"{n}.key") for n in ("owner", "app", "tablet")}


def test_a_passkey_can_own_an_inbox(desk: Desk) -> None:
    desk.ok("inbox", "create", "--log", LOG, "--as", "phone.key")
    assert desk.members() == {value("phone.key")}


def test_one_log_holds_several_inboxes_and_each_can_be_named(desk: Desk) -> None:
    first = desk.create()
    second = desk.create("--nonce", "7")
    assert first != second
    desk.ok(*desk.act("link", "--inbox", second, "friend.key"))
    results = [
        json.loads(line) for line in desk.ok("replay", LOG, "--json").splitlines()
    ]
    assert [len(one["state"]["members"]) for one in results] == [1, 2]
    assert [one["inbox_id"] for one in results] == [first, second]


def test_members_are_linked_by_anyone_who_may(desk: Desk) -> None:
    desk.create()
    desk.ok(*desk.act("link", "app.key", "phone.key"))
    # A passkey adds an app, an app adds a wallet: both may.
    desk.ok("inbox", "link", "--log", LOG, "--as", "phone.key", "tablet.key")
    output = desk.ok("inbox", "link", "--log", LOG, "--as", "app.key", "friend.key")
    assert f"added     ethereum:{value('friend.key')}" in output
    assert desk.members() == {value(name) for name in _names()}


def _names() -> list[str]:
    return [f"{name}.key" for name in ("owner", "friend", "phone", "app", "tablet")]


def test_a_member_linked_again_is_shown_as_that(desk: Desk) -> None:
    desk.create()
    desk.ok(*desk.act("link", "app.key"))
    output = desk.ok(*desk.act("link", "app.key"))
    assert f"added again  installation:{value('app.key')}" in output


def test_who_is_revoked_goes_and_takes_the_apps_along(desk: Desk) -> None:
    desk.create()
    desk.ok(*desk.act("link", "friend.key"))
    desk.ok("inbox", "link", "--log", LOG, "--as", "friend.key", "app.key")
    answer = desk.json(*desk.act("revoke", value("friend.key")))
    assert answer["added"] == []
    assert answer["removed"] == [shown("friend.key"), shown("app.key")]
    assert answer["entries"] == 4
    assert desk.members() == {value("owner.key")}


@pytest.mark.parametrize(
    "form",
    [
        pytest.param("{key}", id="a key file"),
        pytest.param("{kind}:{key}", id="a key file after its kind"),
        pytest.param("{value}", id="an identifier"),
        pytest.param("{kind}:{value}", id="an identifier after its kind"),
        pytest.param("{upper}", id="an identifier in capitals"),
    ],
)
def test_members_are_named_in_any_way(desk: Desk, form: str) -> None:
    desk.create()
    desk.ok(*desk.act("link", "friend.key", "phone.key", "app.key"))
    for name in ("friend.key", "phone.key", "app.key"):
        one = identifier(name)
        upper = one.value.upper().replace("0X", "0x")
        text = form.format(key=name, kind=one.kind, value=one.value, upper=upper)
        answer = desk.json(*desk.act("revoke", text))
        assert answer["removed"] == [shown(name)]


def test_the_option_kind_says_what_is_named(desk: Desk) -> None:
    desk.create()
    desk.ok(*desk.act("link", "--kind", "installation", "app.key"))
    for text in (value("app.key"), f"installation:{value('app.key')}"):
        desk.ok(*desk.act("revoke", "--kind", "installation", text))
        desk.ok(*desk.act("link", "app.key"))


def test_recovery_is_handed_over_and_the_old_one_has_no_say(desk: Desk) -> None:
    desk.create()
    desk.ok(*desk.act("link", "friend.key"))
    answer = desk.json(*desk.act("rotate", "phone.key"))
    assert answer["recovery"] == shown("phone.key")
    line = desk.refused(*desk.act("revoke", "friend.key"), code=1)
    assert "is not the recovery identifier. [not_recovery]" in line
    heir = ("inbox", "revoke", "--log", LOG, "--as", "phone.key")
    desk.ok(*heir, "owner.key")
    assert desk.members() == {value("friend.key")}


def test_all_in_one_second_gets_texts_of_its_own(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time_ns", lambda: 1_700_000_000 * 10**9)
    desk.create()
    for _ in range(3):
        desk.ok(*desk.act("link", "friend.key"))
        desk.ok(*desk.act("revoke", "friend.key"))
    assert desk.members() == {value("owner.key")}
    texts = {desk.ok("text", LOG, "--entry", str(entry)) for entry in range(7)}
    assert len(texts) == 7


def test_a_time_can_be_given(desk: Desk) -> None:
    desk.create("--time", "2020-02-29T23:59:59Z")
    text = json.loads(desk.ok("text", LOG, "--json"))["text"]
    assert "Current time: 2020-02-29T23:59:59Z" in text


# Members that came in by other doors


def _seeded(desk: Desk, newcomer: Browser | SmartWallet) -> None:
    """A log in which the owner added somebody that admission would refuse."""
    inbox = Inbox(wallet("owner.key"))
    inbox.append(Add(newcomer, wallet("owner.key")))
    for number, update in enumerate(inbox.log):
        assert update is not None
        append_entry(
            LOG, inbox.inbox_id, update, sequence_id=number + 1, server_timestamp_ns=1
        )


@pytest.mark.parametrize("form", ["{value}", "passkey:{value}"])
def test_a_malformed_member_can_be_revoked_as_it_is_shown(
    desk: Desk, form: str
) -> None:
    compressed = Browser("phone", compressed=True)
    _seeded(desk, compressed)
    assert compressed.value in desk.members()
    text = form.format(value=compressed.value)
    line = desk.refused(*desk.act("link", text))
    assert "compressed" in line or "neither an existing file" in line
    desk.ok(*desk.act("revoke", text))
    assert desk.members() == {value("owner.key")}


# Key files of other sorts


def _keystore(password: str) -> str:
    """As eth-account writes it, with few rounds."""
    store = Account.encrypt(secret("owner.key"), password, kdf="pbkdf2", iterations=1)
    return json.dumps(store)


def test_an_encrypted_keystore_opens_with_its_password(desk: Desk) -> None:
    desk.write("owner.json", _keystore("correct horse"))
    desk.write("password", "correct horse\n")
    command = ("inbox", "create", "--log", LOG, "--as", "owner.json")
    desk.ok(*command, "--password-file", "password")
    link = ("inbox", "link", "--log", LOG, "--as", "owner.json", "friend.key")
    desk.ok(*link, "--password-file", "-", data=b"correct horse")
    assert desk.members() == {value("owner.key"), value("friend.key")}


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not here")
def test_a_key_may_come_from_another_program(desk: Desk) -> None:
    done = subprocess.run(
        [
            "bash",
            "-c",
            '"$0" -m xmtp_identity inbox create --log my.log --as <(cat owner.key)',
            sys.executable,
        ],
        cwd=desk.folder,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert desk.members() == {value("owner.key")}


def test_it_is_the_same_as_a_process_of_its_own(desk: Desk) -> None:
    done = desk.process(*desk.act("create", "--json"))
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout) == {
        "inbox_id": desk.ok("inbox-id", value("owner.key")).strip(),
        "entries": 1,
        "added": [shown("owner.key")],
        "removed": [],
        "recovery": shown("owner.key"),
        "accounts": [],
    }
    refused = desk.process(*desk.act("link", "nobody"))
    assert (refused.returncode, refused.stdout) == (2, b"")
    assert refused.stderr.count(b"\n") == 1
    again = desk.process(*desk.act("create"))
    assert (again.returncode, again.stdout) == (1, b"")
    assert again.stderr.endswith(b"[multiple_create]\n")


def test_the_smart_wallet_of_a_log_needs_its_chain(desk: Desk) -> None:
    _seeded(desk, SmartWallet("0x" + "12" * 20))
    line = desk.refused(*desk.act("link", "friend.key"))
    assert "eip155:1" in line
    assert line.endswith("[chain_unavailable]")


def test_the_wallet_of_the_tests_is_the_one_of_the_key_file() -> None:
    assert Wallet("owner.key").identifier == identifier("owner.key")
