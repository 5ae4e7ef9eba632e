"""`xid key`: files for keys, never over another file, never shown."""

from __future__ import annotations

import json
import stat

import pytest
from eth_account import Account
from tests.support.signers import secret

from .desk import KEYS, Desk, identifier, value


@pytest.mark.parametrize("kind", ["ethereum", "passkey", "installation"])
def test_a_new_key_is_its_owner_s_alone_and_another_each_time(
    desk: Desk, kind: str
) -> None:
    found = set()
    for name in ("a.key", "b.key"):
        shown = desk.ok("key", "new", "--kind", kind, name).strip()
        assert shown.startswith(f"{kind}:")
        assert desk.ok("key", "show", name).strip() == shown
        assert stat.S_IMODE((desk.folder / name).stat().st_mode) == 0o600
        found.add(shown)
    assert len(found) == 2


def test_a_new_key_can_create_an_inbox(desk: Desk) -> None:
    desk.ok("key", "new", "--kind", "ethereum", "new.key")
    desk.ok("inbox", "create", "--log", "new.log", "--as", "new.key")


@pytest.mark.parametrize("name", KEYS)
def test_whose_key_it_is_is_found_out(desk: Desk, name: str) -> None:
    one = identifier(name)
    assert desk.ok("key", "show", name) == f"{one}\n"
    assert desk.ok("key", "show", "--kind", one.kind, name) == f"{one}\n"
    assert desk.json("key", "show", name) == {
        "kind": one.kind,
        "identifier": one.value,
    }


def test_a_new_key_is_shown_as_json(desk: Desk) -> None:
    answer = desk.json("key", "new", "--kind", "installation", "new.key")
    assert answer == desk.json("key", "show", "new.key")


def test_a_key_is_never_written_over_anything(desk: Desk) -> None:
    before = (desk.folder / "owner.key").read_bytes()
    (desk.folder / "link.key").symlink_to("nowhere.key")
    (desk.folder / "folder.key").mkdir()
    for name in ("owner.key", "link.key", "folder.key"):
        line = desk.refused("key", "new", "--kind", "ethereum", name)
        assert line.endswith("[file_exists]")
    assert (desk.folder / "owner.key").read_bytes() == before
    assert not (desk.folder / "nowhere.key").exists()


def test_a_name_with_a_kind_and_a_colon_is_only_a_name_here(desk: Desk) -> None:
    shown = desk.ok("key", "new", "--kind", "ethereum", "ethereum:new.key")
    assert desk.ok("key", "show", "ethereum:new.key") == shown
    assert not (desk.folder / "new.key").exists()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("new", "--kind", "fish", "x.key"), "unknown_kind"),
        (("new", "--kind", "solana", "x.key"), "unknown_kind"),
        (("new", "--kind", "ethereum", "no/such/x.key"), "unusable_file"),
        (("new", "x.key"), "usage"),
        (("new", "--kind", "ethereum"), "usage"),
        (("show",), "usage"),
        (("show", "nothing.key"), "unusable_file"),
        (("show", "."), "unusable_file"),
        (("show", value("owner.key")), "unusable_file"),
        (("show", "--kind", "fish", "owner.key"), "unknown_kind"),
        (("show", "--kind", "bitcoin", "owner.key"), "unknown_kind"),
        (("show", "--kind", "passkey", "owner.key"), "not_a_key"),
        (("show", "--kind", "installation", "phone.key"), "not_a_key"),
        (("show", "garbage.key"), "not_a_key"),
        (("show", "--kind", "ethereum", "garbage.key"), "not_a_key"),
        (("show", "deep.key"), "not_a_key"),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(
    desk: Desk, arguments: tuple[str, ...], code: str
) -> None:
    desk.write("garbage.key", bytes(range(256)))
    desk.write("deep.key", "[" * 60_000)
    line = desk.refused("key", *arguments)
    assert line.endswith(f"[{code}]")
    assert not (desk.folder / "x.key").exists()


def test_a_keystore_is_shown_with_its_password_alone(desk: Desk) -> None:
    store = Account.encrypt(secret("owner.key"), "pass", kdf="pbkdf2", iterations=1)
    desk.write("owner.json", json.dumps(store))
    assert desk.refused("key", "show", "owner.json").endswith("[password_needed]")
    shown = desk.ok("key", "show", "owner.json", "--password-file", "-", data=b"pass\n")
    assert shown.strip() == str(identifier("owner.key"))


def test_nothing_is_left_of_a_key_that_could_not_be_written(desk: Desk) -> None:
    """On a disk that is full: a limit on the size of files stands for it."""
    script = (
        "import resource, signal, sys; from xmtp_identity.cli import main;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10)); sys.exit(main())"
    )
    done = desk.python(script, "key", "new", "--kind", "ethereum", "x.key")
    assert done.returncode == 2
    assert done.stderr.startswith(b"xid: x.key can't be written: ")
    assert done.stderr.count(b"\n") == 1
    assert not (desk.folder / "x.key").exists()
