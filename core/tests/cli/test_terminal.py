"""What a person sees: a real terminal of this system, of several widths."""

from __future__ import annotations

import json
import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from .fake_plugin import install
from .support import as_json, environment, history, response, run, write

INBOX, UPDATES = history("revoke_passkey")
PASSKEY_INBOX, PASSKEY_UPDATES = history("passkey_owner_add_wallet")
STYLE = re.compile(r"\x1b\[[0-9;]*m")

pytestmark = pytest.mark.skipif(
    os.name != "posix", reason="terminals to test with are POSIX's"
)


def _seen(*arguments: str, width: int = 100, **extra: str) -> str:
    """What `xid` writes on a terminal, line ends as they are in files."""
    import fcntl
    import pty
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    env = environment(TERM="xterm-256color", **extra)
    for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"):
        env.pop(name, None)
    env.update(extra)
    with subprocess.Popen(
        [sys.executable, "-m", "xmtp_identity", *arguments], stdout=theirs, env=env
    ) as program:
        os.close(theirs)
        chunks = []
        while True:
            try:
                chunk = os.read(ours, 65536)
            except OSError:  # the other side is closed
                break
            if not chunk:
                break
            chunks.append(chunk)
        assert program.wait() == 0
    os.close(ours)
    return b"".join(chunks).decode().replace("\r\n", "\n")


def _plain(seen: str) -> str:
    return STYLE.sub("", seen)


def _packed(seen: str) -> str:
    """Without white space: folded words are whole again."""
    return "".join(_plain(seen).split())


@pytest.fixture
def log(tmp_path: Path) -> str:
    return write(tmp_path, "log", response((INBOX, UPDATES)))


def test_a_terminal_gets_colours_and_a_file_none(log: str) -> None:
    assert "\x1b[" in _seen("replay", log)
    assert "\x1b" not in run("replay", log).stdout
    colour = re.compile(r"\x1b\[[0-9;]*3[0-9]")
    assert colour.search(_seen("replay", log))
    assert not colour.search(_seen("replay", log, NO_COLOR="1"))


def test_json_is_the_same_everywhere(log: str) -> None:
    assert _seen("replay", "--json", log) == run("replay", "--json", log).stdout


@pytest.mark.parametrize("width", [20, 40, 80, 200])
@pytest.mark.parametrize("command", ["replay", "inspect"])
def test_nothing_is_wider_than_the_terminal_and_nothing_is_lost(
    tmp_path: Path, command: str, width: int
) -> None:
    path = write(tmp_path, "log", as_json(PASSKEY_INBOX, PASSKEY_UPDATES))
    seen = _seen(command, path, width=width)
    assert max(map(len, _plain(seen).splitlines())) <= width
    assert PASSKEY_INBOX in "".join(re.findall("[0-9a-f]+", _plain(seen)))


def test_identifiers_are_whole_however_narrow_it_is(log: str) -> None:
    packed = _packed(_seen("replay", log, width=20))
    members = json.loads(run("replay", "--json", log).stdout)["state"]["members"]
    assert all(member["identifier"] in packed for member in members)


@pytest.mark.parametrize("command", [["kinds"], ["plugins"]])
@pytest.mark.parametrize("width", [20, 80])
def test_lists_fit_a_narrow_terminal(command: list[str], width: int) -> None:
    seen = _plain(_seen(*command, width=width))
    assert max(map(len, seen.splitlines())) <= width
    assert "passkey" in seen


def test_the_signed_text_ends_its_line_on_a_terminal_alone(tmp_path: Path) -> None:
    path = write(tmp_path, "update", UPDATES[0])
    exact = run("text", path).stdout
    assert not exact.endswith("\n")
    assert _seen("text", path) == exact + "\n"


HOSTILE = "\x1b]0;title\x07\x1b[2J\x9b31m\u202e[bold]red[/bold]:smile:\r"


def test_escapes_in_a_log_reach_no_terminal(tmp_path: Path) -> None:
    inbox = HOSTILE.encode()
    update = b"\x1a" + bytes([len(inbox)]) + inbox + b"\x0a\x02\x12\x00"
    path = write(tmp_path, "log", response((HOSTILE, [update])))
    for arguments in (
        ["replay", path],
        ["inspect", path],
        ["replay", "--json", path],
        ["inspect", "--json", path],
    ):
        seen = _plain(_seen(*arguments)).replace("\n", "")
        assert seen.isprintable()
        assert "[bold]red[/bold]:smile:" in seen


def test_escapes_in_an_inbox_id_do_not_reach_the_terminal_by_the_text(
    tmp_path: Path,
) -> None:
    update = UPDATES[0].replace(INBOX.encode(), (HOSTILE * 4)[:53].encode().ljust(64))
    path = write(tmp_path, "update", update)
    assert HOSTILE in run("text", path).stdout_bytes.decode()
    assert _plain(_seen("text", path)).replace("\n", "").isprintable()


def test_escapes_of_a_plugin_do_not_reach_the_terminal(tmp_path: Path) -> None:
    install(tmp_path, "fish_painted", f"raise ImportError({HOSTILE!r})")
    result = subprocess.run(
        [sys.executable, "-m", "xmtp_identity", "kinds"],
        capture_output=True,
        check=True,
        env=environment(XID_PLUGINS="fish_painted", PYTHONPATH=str(tmp_path)),
    )
    assert result.stderr.decode().removesuffix("\n").isprintable()
