"""A folder with key files and a log, and `xid` run in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from click.testing import CliRunner, Result
from coincurve import PrivateKey
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.support.signers import P256_ORDER, Wallet, address_of, secret

from xmtp_identity import MemberIdentifier
from xmtp_identity.cli.root import xid
from xmtp_identity.installation.ed25519ph import public_key

PLUGINS: Final = {"XID_PLUGINS": "ethereum,passkey", "XID_STRICT_PLUGINS": ""}
"""The tests are about these two, whatever else is installed."""

LOG: Final = "my.log"
KEYS: Final = {
    "owner.key": "ethereum",
    "friend.key": "ethereum",
    "phone.key": "passkey",
    "app.key": "installation",
    "tablet.key": "installation",
}


def _number(name: str) -> int:
    return int.from_bytes(secret(name)) % (P256_ORDER - 1) + 1


def key_file(name: str, kind: str) -> str:
    """The content of a key file with the key of this name."""
    if kind == "ethereum":
        return secret(name).hex() + "\n"
    if kind == "installation":
        return json.dumps({"kind": kind, "seed": secret(name).hex()})
    return json.dumps(
        {
            "kind": kind,
            "private_key": f"{_number(name):064x}",
            "relying_party": "localhost",
            "origin": "http://localhost",
        }
    )


def identifier(name: str) -> MemberIdentifier:
    """Whose key a file of `KEYS` holds."""
    kind = KEYS[name]
    if kind == "ethereum":
        point = PrivateKey(secret(name)).public_key.format(compressed=False)
        return MemberIdentifier(kind, address_of(point[1:]))
    if kind == "installation":
        return MemberIdentifier(kind, public_key(secret(name)).hex())
    key = ec.derive_private_key(_number(name), ec.SECP256R1()).public_key()
    point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return MemberIdentifier(kind, point.hex())


def value(name: str) -> str:
    return identifier(name).value


def wallet(name: str) -> Wallet:
    """The key of an Ethereum key file, as the tests sign with it."""
    return Wallet(name)


class Desk:
    """A folder with the key files of `KEYS`.

    Every run is looked at: no secret of the files comes out, and no traceback.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.secrets = {secret(name).hex() for name in KEYS}
        self.secrets |= {f"{_number(name):064x}" for name in KEYS}
        for name, kind in KEYS.items():
            self.write(name, key_file(name, kind))

    @property
    def log(self) -> bytes:
        return (self.folder / LOG).read_bytes()

    def write(self, name: str, content: str | bytes) -> str:
        data = content.encode() if isinstance(content, str) else content
        (self.folder / name).write_bytes(data)
        return name

    def run(
        self, *arguments: str, data: bytes = b"", env: Mapping[str, str] = PLUGINS
    ) -> Result:
        """Run `xid` in this process, which must stand in the folder."""
        assert Path.cwd() == self.folder
        runner = CliRunner(env={**PLUGINS, **env})
        result = runner.invoke(xid, arguments, input=data)
        self._check(result.stdout + result.stderr)
        return result

    def process(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """Run `xid` as a process of its own."""
        return self._start("-m", "xmtp_identity", *arguments)

    def python(
        self, script: str, *arguments: str
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a script, which runs `xid` with these arguments."""
        return self._start("-c", script, *arguments)

    def _start(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        done = subprocess.run(
            [sys.executable, *arguments],
            input=b"",
            capture_output=True,
            check=False,
            cwd=self.folder,
            env={**os.environ, **PLUGINS, "PYTHONWARNINGS": "error"},
        )
        self._check((done.stdout + done.stderr).decode())
        return done

    def ok(self, *arguments: str, data: bytes = b"") -> str:
        """What it prints."""
        result = self.run(*arguments, data=data)
        assert result.exit_code == 0, result.stderr
        assert not result.stderr
        return result.stdout

    def json(self, *arguments: str) -> Any:
        return json.loads(self.ok(*arguments, "--json"))

    def refused(
        self,
        *arguments: str,
        code: int = 2,
        data: bytes = b"",
        env: Mapping[str, str] = PLUGINS,
    ) -> str:
        """Its complaint: one line, nothing printed, and the log as it was."""
        before = self._content()
        result = self.run(*arguments, data=data, env=env)
        assert result.exit_code == code, result.output
        assert not result.stdout_bytes
        line = result.stderr
        assert line.startswith("xid: ")
        assert line.endswith("]\n")
        assert line.count("\n") == 1
        assert self._content() == before
        return line.removeprefix("xid: ").rstrip("\n")

    def members(self) -> set[str]:
        """The members that `xid replay` shows, and no entry that failed."""
        result = self.json("replay", LOG)
        assert {one["outcome"] for one in result["outcomes"]} == {"applied"}
        assert result["authoritative"]
        return {one["identifier"] for one in result["state"]["members"]}

    def create(self, *more: str) -> str:
        """An inbox of the owner; its ID."""
        created = self.json("inbox", "create", "--log", LOG, "--as", "owner.key", *more)
        inbox_id: str = created["inbox_id"]
        return inbox_id

    def act(self, command: str, *arguments: str) -> tuple[str, ...]:
        """The arguments of a command on the log, by the owner."""
        return ("inbox", command, "--log", LOG, "--as", "owner.key", *arguments)

    def _content(self) -> bytes | None:
        path = self.folder / LOG
        return path.read_bytes() if path.is_file() else None

    def _check(self, output: str) -> None:
        assert "Traceback" not in output
        assert "internal_error" not in output
        shown = output.lower()
        for one in self.secrets:
            assert one[:16] not in shown
