"""Running `xid`, in this process and as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from click.testing import CliRunner, Result
from tests.support.vectors import history_log, history_vectors

from xmtp_identity.cli.root import xid
from xmtp_identity.v1.log_pb2 import GetIdentityUpdatesResponse

PLUGINS: Final = {"XID_PLUGINS": "ethereum,passkey", "XID_STRICT_PLUGINS": ""}
"""The tests are about these two, whatever else is installed."""

Log = Sequence[bytes | None]


def run(*arguments: str, data: bytes = b"", env: Mapping[str, str] = PLUGINS) -> Result:
    """Run `xid` in this process."""
    return CliRunner(env={**PLUGINS, **env}).invoke(xid, arguments, input=data)


def answer(*arguments: str, data: bytes = b"") -> Any:
    """The JSON that `xid` answers with."""
    result = run(*arguments, data=data)
    assert result.exit_code == 0, result.stderr
    assert not result.stderr
    return json.loads(result.stdout)


def lines(*arguments: str, data: bytes = b"", code: int = 0) -> list[Any]:
    """The JSON that `xid` answers with, one value a line."""
    result = run(*arguments, data=data)
    assert result.exit_code == code, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def complaint(*arguments: str, data: bytes = b"") -> str:
    """What `xid` complains of: one line, nothing beside it, exit code 2."""
    result = run(*arguments, data=data)
    assert result.exit_code == 2
    assert not result.stdout_bytes
    return one_line(result.stderr)


def one_line(stderr: str) -> str:
    assert stderr.startswith("xid: ")
    assert stderr.endswith("]\n")
    assert stderr.count("\n") == 1
    return stderr.removeprefix("xid: ").removesuffix("\n")


def environment(**extra: str) -> dict[str, str]:
    return {**os.environ, **PLUGINS, "PYTHONWARNINGS": "error", **extra}


def process(
    *arguments: str | bytes, data: bytes = b"", **extra: str
) -> subprocess.CompletedProcess[bytes]:
    """Run `xid` as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "xmtp_identity", *arguments],
        input=data,
        capture_output=True,
        check=False,
        env=environment(**extra),
    )


def response(*logs: tuple[str, Log]) -> bytes:
    """Logs as the node answers with them."""
    message = GetIdentityUpdatesResponse()
    for inbox_id, log in logs:
        one = message.responses.add(inbox_id=inbox_id)
        for index, update in enumerate(log):
            entry = one.updates.add(sequence_id=index + 1, server_timestamp_ns=index)
            if update is not None:
                entry.update = update
    return message.SerializeToString()


def as_json(inbox_id: str, log: Log) -> str:
    """A log in JSON."""
    hexes = [None if update is None else update.hex() for update in log]
    return json.dumps({"inbox_id": inbox_id, "log": hexes})


def history(name: str) -> tuple[str, list[bytes]]:
    """A real history: inbox ID and updates."""
    vector = next(vector for vector in history_vectors() if vector["name"] == name)
    return vector["inbox_id"], [entry for entry in history_log(vector) if entry]


def write(folder: Path, name: str, content: bytes | str) -> str:
    """A file with this content; its path."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)
