"""``make demo``: real histories to states, then an inbox of our own.

Every line that begins with "$" is a command that is really run, and what
follows is what it printed.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

HISTORIES = Path(__file__).parent / "vectors" / "libxmtp" / "histories.json"
SHOWN = ("register", "revoke_wallet_cascades_installation", "change_recovery_passkey")


def say(sentence: str) -> None:
    """A line of comment between commands."""
    print(f"\n# {sentence}", flush=True)


def xid(*arguments: str, cwd: Path) -> str:
    """Run one command, show it and what it printed; stop if it fails."""
    print(f"\n$ {shlex.join(('xid', *arguments))}", flush=True)
    done = subprocess.run(
        [sys.executable, "-m", "xmtp_identity", *arguments],
        cwd=cwd,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    print(done.stdout, end="", flush=True)
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout


def histories(folder: Path) -> None:
    """What XMTP's own client wrote, read here."""
    recorded = {
        history["name"]: history
        for history in json.loads(HISTORIES.read_text("utf-8"))["vectors"]
    }
    say(f"{len(recorded)} histories recorded from XMTP's own client; three of them:")
    for name in SHOWN:
        history = recorded[name]
        log = [update["raw"] for update in history["updates"]]
        content = {"inbox_id": history["inbox_id"], "log": log}
        (folder / f"{name}.json").write_text(json.dumps(content), "utf-8")
        xid("replay", f"{name}.json", cwd=folder)


def own_inbox(folder: Path) -> None:
    """An inbox from its creation to a new recovery identifier."""
    say("An inbox of our own: four keys,")
    for name, kind in (
        ("wallet", "ethereum"),
        ("friend", "ethereum"),
        ("phone", "passkey"),
        ("app", "installation"),
    ):
        xid("key", "new", "--kind", kind, f"{name}.key", cwd=folder)
    say("created by a wallet together with an app;")
    create = ("inbox", "create", "--log", "inbox.log", "--as", "wallet.key")
    xid(*create, "--installation", "app.key", cwd=folder)
    say("the app links a passkey, the passkey links a second wallet;")
    link = ("inbox", "link", "--log", "inbox.log", "--as")
    xid(*link, "app.key", "phone.key", cwd=folder)
    xid(*link, "phone.key", "friend.key", cwd=folder)
    say("the first wallet, which is the recovery identifier, revokes the second,")
    recover = ("--log", "inbox.log", "--as", "wallet.key")
    xid("inbox", "revoke", *recover, "friend.key", cwd=folder)
    say("and hands recovery over to the passkey.")
    xid("inbox", "rotate", *recover, "phone.key", cwd=folder)
    say("What everyone reads from the log:")
    xid("replay", "inbox.log", cwd=folder)
    say("What a client without the passkey plugin reads: it knows that it is too old.")
    xid("replay", "inbox.log", "--without", "passkey", cwd=folder)


def leaves(folder: Path) -> None:
    """Identities that XMTP's own clients have never heard of."""
    say("A Solana and a Bitcoin address join the inbox,")
    for kind in ("solana", "bitcoin"):
        xid("key", "new", "--kind", kind, f"{kind}.key", cwd=folder)
        link = ("inbox", "link", "--log", "inbox.log", "--as", "app.key")
        xid(*link, "--kind", kind, f"{kind}.key", cwd=folder)
    say("which four clients see in four ways; who may act is the same for all:")
    for left_out in ((), ("solana",), ("bitcoin",), ("solana", "bitcoin")):
        without = (part for kind in left_out for part in ("--without", kind))
        xid("replay", "inbox.log", *without, cwd=folder)


def main() -> None:
    """Run the demo in a folder of its own, which is removed afterwards."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        histories(folder)
        own_inbox(folder)
        leaves(folder)


if __name__ == "__main__":
    main()
