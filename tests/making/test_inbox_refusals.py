"""`xid inbox` with wrong input: one line, an exit code, the log as it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final

import pytest
from tests.support.signers import secret

from xmtp_identity.logfile import append_entry
from xmtp_identity.v1.log_pb2 import GetIdentityUpdatesResponse

from .desk import LOG, Desk, key_file

Prepare = Callable[[Desk], None]


def nothing(_: Desk) -> None:
    """Nothing but the key files."""


def created(desk: Desk) -> None:
    desk.create()


def written(name: str, content: str | bytes) -> Prepare:
    def prepare(desk: Desk) -> None:
        desk.create()
        desk.write(name, content)

    return prepare


def log_is(content: bytes) -> Prepare:
    def prepare(desk: Desk) -> None:
        desk.write(LOG, content)

    return prepare


def several(desk: Desk) -> None:
    desk.create()
    desk.create("--nonce", "1")


def cut(desk: Desk) -> None:
    desk.create()
    desk.write(LOG, desk.log[:-5])


def as_json(desk: Desk) -> None:
    desk.create()
    response = GetIdentityUpdatesResponse.FromString(desk.log).responses[0]
    log = [entry.update.hex() for entry in response.updates]
    desk.write(LOG, json.dumps({"inbox_id": response.inbox_id, "log": log}))


def folder(desk: Desk) -> None:
    (desk.folder / LOG).mkdir()


def not_authoritative(desk: Desk) -> None:
    """An entry whose action nobody here knows."""
    inbox_id = desk.create()
    update = b"\x0a\x02\x4a\x00\x1a\x40" + inbox_id.encode()
    append_entry(LOG, inbox_id, update, sequence_id=2, server_timestamp_ns=1)


def never_created(desk: Desk) -> None:
    append_entry(LOG, "ab" * 32, b"junk", sequence_id=1, server_timestamp_ns=1)


LINK: Final = ("link", "--as", "owner.key", "friend.key")

WRONG: Final[dict[str, tuple[Prepare, tuple[str, ...], str]]] = {
    # The log
    "no log": (nothing, LINK, "unusable_file"),
    "an empty log": (log_is(b""), LINK, "empty_file"),
    "a log of spaces": (log_is(b" \n"), LINK, "empty_file"),
    "a log that is none": (log_is(b"hello"), LINK, "unknown_format"),
    "a log that is cut off": (cut, LINK, "truncated_file"),
    "a log in JSON": (as_json, LINK, "unknown_format"),
    "a folder": (folder, LINK, "unusable_file"),
    "a folder that a log is created in": (
        folder,
        ("create", "--as", "owner.key"),
        "unusable_file",
    ),
    "the log of another inbox": (
        created,
        ("link", "--inbox", "ab" * 32, "--as", "owner.key", "friend.key"),
        "no_such_inbox",
    ),
    "an inbox in capitals": (
        created,
        ("link", "--inbox", "AB" * 32, "--as", "owner.key", "friend.key"),
        "no_such_inbox",
    ),
    "several inboxes": (several, LINK, "several_inboxes"),
    "another inbox than the owner's": (
        nothing,
        ("create", "--inbox", "ab" * 32, "--as", "owner.key"),
        "inbox_id_mismatch",
    ),
    "an entry that nobody here can read": (
        not_authoritative,
        LINK,
        "not_authoritative",
    ),
    # Who
    "nobody": (created, ("link", "--as", "nobody", "friend.key"), "unknown_signer"),
    "nobody to link": (
        created,
        ("link", "--as", "owner.key", "nobody"),
        "unknown_signer",
    ),
    "nobody to revoke": (
        created,
        ("revoke", "--as", "owner.key", "nobody"),
        "unknown_signer",
    ),
    "an empty name": (created, ("link", "--as", "", "friend.key"), "unknown_signer"),
    "an address with a wrong letter": (
        created,
        ("link", "--as", "owner.key", "0xdAC17F958D2ee523a2206206994597C13D831ec8"),
        "unknown_signer",
    ),
    "an address with a wrong letter, of its kind": (
        created,
        (
            *("link", "--as", "owner.key"),
            "ethereum:0xdAC17F958D2ee523a2206206994597C13D831ec8",
        ),
        "invalid_identifier",
    ),
    "a stranger to revoke": (
        created,
        ("revoke", "--as", "owner.key", "friend.key"),
        "no_such_member",
    ),
    "a stranger among those to revoke": (
        created,
        ("revoke", "--as", "owner.key", "owner.key", "friend.key"),
        "no_such_member",
    ),
    "a recovery that it is already": (
        created,
        ("rotate", "--as", "owner.key", "owner.key"),
        "nothing_to_do",
    ),
    # Kinds
    "a kind that nobody has": (
        created,
        ("link", "--kind", "fish", "--as", "owner.key", "friend.key"),
        "unknown_kind",
    ),
    "a kind that is not installed": (
        created,
        ("link", "--kind", "solana", "--as", "owner.key", "4fYN"),
        "unknown_kind",
    ),
    "a name of a kind that is not installed": (
        created,
        ("link", "--as", "owner.key", "solana:4fYN"),
        "unknown_kind",
    ),
    "an identifier of another kind": (
        created,
        ("link", "--kind", "passkey", "--as", "owner.key", "0x" + "12" * 20),
        "invalid_identifier",
    ),
    # Key files
    "a key file of another kind": (
        created,
        ("link", "--as", "passkey:owner.key", "friend.key"),
        "not_a_key",
    ),
    "a key file that is garbage": (
        written("bad.key", b"\xff\x00garbage"),
        ("link", "--as", "bad.key", "friend.key"),
        "not_a_key",
    ),
    "an empty key file": (
        written("bad.key", b""),
        ("link", "--as", "bad.key", "friend.key"),
        "not_a_key",
    ),
    "a key file that is too large": (
        written("bad.key", secret("owner.key").hex() * 2000),
        ("link", "--as", "bad.key", "friend.key"),
        "not_a_key",
    ),
    "half a key": (
        written("bad.key", secret("owner.key").hex()[:-2]),
        ("link", "--as", "bad.key", "friend.key"),
        "not_a_key",
    ),
    "a key with a letter too much": (
        written("bad.key", secret("owner.key").hex() + "0"),
        ("link", "--as", "ethereum:bad.key", "friend.key"),
        "not_a_key",
    ),
    "a key of zero": (
        written("bad.key", "0" * 64),
        ("link", "--as", "bad.key", "friend.key"),
        "not_a_key",
    ),
    "a key file of a kind that is not installed": (
        written("bad.key", '{"kind": "bitcoin", "wif": "x"}'),
        ("link", "--as", "bad.key", "friend.key"),
        "unknown_kind",
    ),
    "a passkey's file with a wrong origin": (
        written(
            "bad.key",
            key_file("phone.key", "passkey").replace("http://localhost", "ftp://x"),
        ),
        ("link", "--as", "bad.key", "friend.key"),
        "not_a_key",
    ),
    "an app's file with more in it": (
        written(
            "bad.key",
            key_file("app.key", "installation").replace("}", ', "more": 1}'),
        ),
        ("link", "--as", "bad.key", "friend.key"),
        "not_a_key",
    ),
    "a folder as key file": (
        created,
        ("link", "--as", "..", "friend.key"),
        "unknown_signer",
    ),
    # Options
    "a log on standard input": (
        nothing,
        ("link", "--log", "-", "--as", "owner.key", "friend.key"),
        "no_log_file",
    ),
    "no signer": (created, ("link", "friend.key"), "usage"),
    "nobody named": (created, ("link", "--as", "owner.key"), "usage"),
    "a nonce that is no number": (
        nothing,
        ("create", "--nonce", "1_0", "--as", "owner.key"),
        "usage",
    ),
    "a nonce of 65 bits": (
        nothing,
        ("create", "--nonce", str(2**64), "--as", "owner.key"),
        "usage",
    ),
    "an option that there is not": (created, (*LINK, "--force"), "usage"),
    "an app to create with that is a wallet": (
        nothing,
        ("create", "--as", "owner.key", "--installation", "friend.key"),
        "not_a_key",
    ),
}

ANSWERED_NO: Final[dict[str, tuple[Prepare, tuple[str, ...], str]]] = {
    "created twice": (created, ("create", "--as", "owner.key"), "multiple_create"),
    "never created": (never_created, LINK, "not_created"),
    "linked by a stranger": (
        created,
        ("link", "--as", "friend.key", "app.key"),
        "not_a_member",
    ),
    "revoked by a stranger": (
        created,
        ("revoke", "--as", "friend.key", "owner.key"),
        "not_recovery",
    ),
    "rotated by a stranger": (
        created,
        ("rotate", "--as", "friend.key", "friend.key"),
        "not_recovery",
    ),
    "owned by an app": (nothing, ("create", "--as", "app.key"), "kind_has_no_rights"),
    "linked by itself": (
        created,
        ("link", "--as", "owner.key", "owner.key"),
        "self_add",
    ),
    "handed to an app": (
        created,
        ("rotate", "--as", "owner.key", "app.key"),
        "kind_has_no_rights",
    ),
    "handed to nobody's address": (
        created,
        ("rotate", "--as", "owner.key", "0x" + "00" * 20),
        "ethereum_address_reserved",
    ),
}


def _command(arguments: tuple[str, ...]) -> tuple[str, ...]:
    return ("inbox", arguments[0], "--log", LOG, *arguments[1:])


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input_is_one_line_and_exit_code_2(desk: Desk, name: str) -> None:
    prepare, arguments, code = WRONG[name]
    prepare(desk)
    line = desk.refused(*_command(arguments))
    assert line.endswith(f"[{code}]")


@pytest.mark.parametrize("name", ANSWERED_NO)
def test_what_the_rules_refuse_is_one_line_and_exit_code_1(
    desk: Desk, name: str
) -> None:
    prepare, arguments, code = ANSWERED_NO[name]
    prepare(desk)
    line = desk.refused(*_command(arguments), code=1)
    assert line.endswith(f"[{code}]")


def test_a_missing_kind_names_its_package(desk: Desk) -> None:
    desk.create()
    desk.write("bad.key", '{"kind": "bitcoin", "wif": "x"}')
    for text, package in (("solana:4fYN", "solana"), ("bad.key", "bitcoin")):
        line = desk.refused(*desk.act("link", text))
        assert f"pip install xmtp-identity-{package}" in line


def test_a_key_pasted_in_the_wrong_place_is_not_repeated(desk: Desk) -> None:
    desk.create()
    words = "abandon ability able about above absent absorb abstract absurd abuse"
    desk.secrets.add("abandon ability able about")
    for secret_text in (
        "0x" + secret("owner.key").hex(),
        key_file("phone.key", "passkey"),
        key_file("app.key", "installation"),
        words,
    ):
        for command in (
            desk.act("link", secret_text),
            desk.act("revoke", secret_text),
            desk.act("rotate", secret_text),
            ("inbox", "link", "--log", LOG, "--as", secret_text, "friend.key"),
            ("inbox", "link", "--log", LOG, "--as", f"ethereum:{secret_text}", "x"),
        ):
            desk.refused(*command)


def test_a_missing_file_is_named(desk: Desk) -> None:
    desk.create()
    assert "'wallet.kye' is neither an existing file" in desk.refused(
        *desk.act("link", "wallet.kye")
    )
