"""`xid inbox` with wallets elsewhere: the text out, the signature back."""

from __future__ import annotations

import base64
import json
import os
import shlex
import subprocess
import sys
from typing import Any, Final

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from tests.support.signers import Installation, secret

from xmtp_identity.installation.ed25519ph import sign

from .browsers import Browser
from .desk import LOG, PLUGINS, Desk, identifier, value

WALLET: Final = Account.from_key(secret("outside wallet"))
SECOND: Final = Account.from_key(secret("second wallet"))
PHONE: Final = Browser("outside phone")
APP: Final = Installation("outside app")
NOBODY: Final = "0x" + "00" * 20


def signed(account: Any, text: str) -> str:
    """What a wallet gives for a message: hex with 0x."""
    signature = bytes(account.sign_message(encode_defunct(text=text)).signature)
    return f"0x{signature.hex()}"


def asked(desk: Desk, *command: str) -> tuple[str, str, str]:
    """The text of a command, the time in it, and what is said beside it."""
    result = desk.run(*command, "--text-only")
    assert result.exit_code == 0, result.stderr
    text = result.stdout
    ((_, time),) = (
        line.split(": ") for line in text.split("\n") if line.startswith("Current")
    )
    return text, time, result.stderr


def test_a_wallet_elsewhere_is_linked_in_two_commands(desk: Desk) -> None:
    desk.create()
    before = desk.log
    command = desk.act("link", WALLET.address)
    text, time, hint = asked(desk, *command)
    assert desk.log == before
    assert f"--time {time} --signature SIGNATURE in place of --text-only" in hint
    assert f"Let ethereum:{WALLET.address.lower()} sign exactly this text." in hint
    answer = desk.json(*command, "--time", time, "--signature", signed(WALLET, text))
    assert [one["identifier"] for one in answer["added"]] == [WALLET.address.lower()]
    assert desk.members() == {value("owner.key"), WALLET.address.lower()}
    assert text.encode() == desk.ok("text", LOG, "--entry", "1").rstrip("\n").encode()


def test_where_a_program_reads_it_the_output_is_exactly_the_text(desk: Desk) -> None:
    desk.create()
    done = desk.process(*desk.act("link", WALLET.address, "--text-only"))
    assert done.returncode == 0
    text = done.stdout.decode()
    assert text.startswith("XMTP : Authenticate to inbox\n\nInbox ID: ")
    assert text.endswith("\n\nFor more info: https://xmtp.org/signatures")
    asked_as_json = desk.json(*desk.act("link", WALLET.address, "--text-only"))
    assert asked_as_json["text"].split("\n")[5:] == text.split("\n")[5:]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pty")
def test_on_a_terminal_the_text_stands_in_lines_of_its_own(desk: Desk) -> None:
    import pty

    desk.create()
    ours, theirs = pty.openpty()
    command = desk.act("link", WALLET.address, "--text-only")
    done = subprocess.run(
        [sys.executable, "-m", "xmtp_identity", *command],
        stdout=theirs,
        stderr=subprocess.PIPE,
        cwd=desk.folder,
        env={**os.environ, **PLUGINS},
        check=True,
    )
    os.close(theirs)
    shown = os.read(ours, 4096).decode()
    os.close(ours)
    assert shown.endswith("For more info: https://xmtp.org/signatures\r\n\r\n")
    assert "\x1b" not in shown
    assert done.stderr.startswith(b"Let ethereum:0x")


def test_an_inbox_is_created_by_a_wallet_elsewhere(desk: Desk) -> None:
    command = (
        *("inbox", "create", "--log", LOG, "--as", WALLET.address),
        *("--installation", "app.key"),
    )
    text, time, _ = asked(desk, *command)
    assert not (desk.folder / LOG).exists()
    desk.ok(*command, "--time", time, "--signature", signed(WALLET, text))
    assert desk.members() == {WALLET.address.lower(), value("app.key")}


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("turned", [False, True])
def test_two_wallets_may_sign_in_any_order_named_or_not(
    desk: Desk, *, named: bool, turned: bool
) -> None:
    desk.create()
    command = desk.act("link", WALLET.address, SECOND.address)
    text, time, hint = asked(desk, *command)
    assert "(once for each of them)" in hint
    pasted = []
    for account in (SECOND, WALLET) if turned else (WALLET, SECOND):
        name = f"{account.address}=" if named else ""
        pasted += ["--signature", name + signed(account, text)]
    desk.ok(*command, "--time", time, *pasted)
    assert len(desk.members()) == 3


def test_a_passkey_in_a_browser_is_linked(desk: Desk) -> None:
    desk.create()
    command = desk.act("link", PHONE.value)
    text, time, _ = asked(desk, *command)
    credential = PHONE.credential(text.encode())
    desk.ok(*command, "--time", time, "--signature", credential)
    assert PHONE.value in desk.members()


def test_a_passkey_and_a_wallet_elsewhere_are_told_apart(desk: Desk) -> None:
    desk.create()
    command = desk.act("link", PHONE.value, WALLET.address)
    text, time, _ = asked(desk, *command)
    desk.ok(
        *(*command, "--time", time),
        *("--signature", signed(WALLET, text)),
        *("--signature", f"passkey:{PHONE.value}={PHONE.credential(text.encode())}"),
    )
    assert {PHONE.value, WALLET.address.lower()} <= desk.members()


def test_an_equals_sign_of_base64_is_part_of_the_signature(desk: Desk) -> None:
    desk.create()
    command = desk.act("link", APP.value)
    text, time, _ = asked(desk, *command)
    raw = sign(secret(APP.name), text.encode(), b"IDENTITY UPDATE SIGNATURE")
    pasted = base64.b64encode(raw).decode()
    assert pasted.endswith("==")
    desk.ok(*command, "--time", time, "--signature", pasted)
    assert APP.value in desk.members()


def test_a_pasted_signature_takes_the_place_of_a_local_key_s(desk: Desk) -> None:
    desk.create()
    command = desk.act("link", "friend.key")
    text, time, hint = asked(desk, *command)
    assert hint.startswith("All keys that must sign are here")
    friend = Account.from_key(secret("friend.key"))
    pasted = f"{value('friend.key')}={signed(friend, text)}"
    desk.ok(*command, "--time", time, "--signature", pasted)
    assert value("friend.key") in desk.members()


def test_the_text_as_json_says_who_must_sign_and_what_will_change(desk: Desk) -> None:
    inbox_id = desk.create()
    answer = desk.json(
        *desk.act("link", WALLET.address, "--text-only"),
        *("--time", "2026-11-20T12:00:00Z"),
    )
    wallet = {"kind": "ethereum", "identifier": WALLET.address.lower()}
    owner = {"kind": "ethereum", "identifier": value("owner.key")}
    text = answer.pop("text")
    assert f"(Address: {wallet['identifier']})" in text
    assert answer == {
        "inbox_id": inbox_id,
        "time": "2026-11-20T12:00:00Z",
        "signers": [owner, wallet],
        "missing": [wallet],
        "added": [wallet],
        "removed": [],
        "recovery": owner,
        "accounts": [],
    }


def test_what_goes_along_without_standing_in_the_text_is_said(desk: Desk) -> None:
    desk.create()
    desk.ok(*desk.act("link", "friend.key"))
    desk.ok("inbox", "link", "--log", LOG, "--as", "friend.key", "app.key")
    text, _, hint = asked(desk, *desk.act("revoke", "friend.key"))
    assert value("app.key") not in text
    assert hint.startswith(f"It also removes installation:{value('app.key')}.\n")


@pytest.mark.parametrize("command", ["revoke", "rotate"])
def test_a_recovery_wallet_elsewhere_revokes_and_rotates(
    desk: Desk, command: str
) -> None:
    desk.create()
    desk.ok(*desk.act("link", "friend.key"))
    owner = Account.from_key(secret("owner.key"))
    arguments = (
        *("inbox", command, "--log", LOG, "--as", value("owner.key")),
        value("friend.key"),
    )
    text, time, _ = asked(desk, *arguments)
    desk.ok(*arguments, "--time", time, "--signature", signed(owner, text))
    assert (value("friend.key") in desk.members()) is (command == "rotate")


def test_the_hint_is_a_command_that_works(desk: Desk) -> None:
    desk.create()
    command = desk.act("link", WALLET.address)
    text, _, hint = asked(desk, *command)
    words = shlex.split(hint)
    options = words[words.index("--time") : words.index("in")]
    options[options.index("SIGNATURE")] = signed(WALLET, text)
    desk.ok(*command, *options)


# What goes wrong


def refused(desk: Desk, *options: str, code: int = 2) -> str:
    return desk.refused(*desk.act("link", WALLET.address, *options), code=code)


def test_without_a_signature_it_says_how_to_get_one(desk: Desk) -> None:
    desk.create()
    line = refused(desk)
    assert WALLET.address.lower() in line
    assert "--text-only" in line
    assert line.endswith("[signatures_missing]")


def test_a_signature_without_its_time_is_refused(desk: Desk) -> None:
    desk.create()
    line = refused(desk, "--signature", "0x00")
    assert "needs --time" in line


def test_text_and_signature_at_once_are_refused(desk: Desk) -> None:
    desk.create()
    options = ("--text-only", "--time", "2026-11-20T12:00:00Z", "--signature", "x")
    assert refused(desk, *options).endswith("[options_clash]")


@pytest.mark.parametrize(
    "time",
    [
        "now",
        "2026-11-20",
        "2026-11-20 12:00:00Z",
        "2026-11-20T12:00:00",
        "2026-11-20T12:00:00+00:00",
        "2026-13-20T12:00:00Z",
        "2026-11-20T25:00:00Z",
        "1969-12-31T23:59:59Z",
        "2262-04-11T23:47:17Z",
        "9999-12-31T23:59:59Z",
        "",
        "\x1b[31m",
    ],
)
def test_a_time_that_no_text_shows_is_refused(desk: Desk, time: str) -> None:
    desk.create()
    line = refused(desk, "--time", time)
    assert line.endswith("[bad_time]")
    assert line.isprintable()


def test_the_first_and_the_last_time_have_texts(desk: Desk) -> None:
    desk.create()
    for time in ("1970-01-01T00:00:00Z", "2262-04-11T23:47:16Z"):
        command = desk.act("link", WALLET.address, "--time", time)
        assert asked(desk, *command)[1] == time


def test_a_signature_over_another_time_reminds_of_the_time(desk: Desk) -> None:
    desk.create()
    text, _, _ = asked(desk, *desk.act("link", WALLET.address))
    line = refused(
        desk, "--time", "2030-01-01T00:00:00Z", "--signature", signed(WALLET, text)
    )
    assert "Was exactly this text signed, its time included?" in line
    assert line.endswith("[signer_mismatch]")


@pytest.mark.parametrize(
    ("pasted", "code"),
    [
        ("hello", "bad_input"),
        ("0x" + "00" * 65, "invalid_signature"),
        ("0x" + "00" * 64, "bad_input"),
        ("", "bad_input"),
        ("nobody=0x00", "bad_input"),
        (f"{SECOND.address}=0x00", "signer_unknown"),
        (f"ethereum:{SECOND.address}=0x00", "signer_unknown"),
        (secret("owner.key").hex(), "bad_input"),
        ("\x1b[31m", "bad_input"),
    ],
)
def test_what_is_no_signature_of_theirs_is_refused(
    desk: Desk, pasted: str, code: str
) -> None:
    desk.create()
    line = refused(desk, "--time", "2026-11-20T12:00:00Z", "--signature", pasted)
    assert line.endswith(f"[{code}]")
    assert line.isprintable()


def test_a_signature_that_nobody_waits_for_is_refused(desk: Desk) -> None:
    desk.create()
    text, time, _ = asked(desk, *desk.act("link", "friend.key"))
    options = ("--time", time, "--signature", signed(WALLET, text))
    line = desk.refused(*desk.act("link", "friend.key", *options))
    assert line.startswith("No signature is missing")


def test_a_signature_that_fits_nobody_says_how_to_learn_why(desk: Desk) -> None:
    desk.create()
    command = desk.act("link", WALLET.address, SECOND.address)
    text, time, _ = asked(desk, *command)
    stranger = Account.from_key(secret("stranger"))
    pasted = ("--time", time, "--signature", signed(stranger, text))
    line = desk.refused(*command, *pasted)
    assert "fits none of those who are missing" in line
    assert "IDENTIFIER=TEXT" in line


def test_a_signature_with_a_high_s_is_not_admitted(desk: Desk) -> None:
    desk.create()
    text, time, _ = asked(desk, *desk.act("link", WALLET.address))
    raw = bytes.fromhex(signed(WALLET, text)[2:])
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    s = order - int.from_bytes(raw[32:64], "big")
    high = (raw[:32] + s.to_bytes(32, "big") + raw[64:]).hex()
    line = refused(desk, "--time", time, "--signature", high, code=1)
    assert line.endswith("[ethereum_signature_form]")


def test_the_same_text_signed_twice_is_not_admitted(desk: Desk) -> None:
    desk.create()
    command = desk.act("link", WALLET.address)
    text, time, _ = asked(desk, *command)
    answer = ("--time", time, "--signature", signed(WALLET, text))
    desk.ok(*command, *answer)
    desk.ok(*desk.act("revoke", WALLET.address))
    line = desk.refused(*command, *answer, code=1)
    assert line.endswith("[replayed]")


def test_nobody_is_asked_to_sign_what_will_be_refused(desk: Desk) -> None:
    desk.create()
    for arguments, code in (
        (("link", "--as", WALLET.address, SECOND.address), "not_a_member"),
        (("revoke", "--as", WALLET.address, value("owner.key")), "not_recovery"),
        (
            ("rotate", "--as", "owner.key", "0x" + "00" * 20),
            "ethereum_address_reserved",
        ),
        (("create", "--as", "owner.key"), "multiple_create"),
        (("link", "--as", "owner.key", value("owner.key")), "self_add"),
    ):
        command = (*("inbox", arguments[0], "--log", LOG), *arguments[1:])
        line = desk.refused(*command, "--text-only", code=1)
        assert line.endswith(f"[{code}]")


def test_the_json_of_a_text_is_one_line(desk: Desk) -> None:
    desk.create()
    output = desk.ok(*desk.act("link", WALLET.address, "--text-only", "--json"))
    assert output.count("\n") == 1
    assert json.loads(output)["signers"][0]["kind"] == identifier("owner.key").kind
