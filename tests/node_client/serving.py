"""`xid serve` as a process, and `xid ... --node` in this one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any, Final, Self

from click.testing import CliRunner, Result

from xmtp_identity.cli.root import xid

ENVIRONMENT: Final = {"XID_NODE": "", "XID_STRICT_PLUGINS": ""}


class Served:
    """A node of its own process on a free port; a context manager.

    Started again it serves the same store on the same port.
    """

    def __init__(self, store: Path) -> None:
        self.store = store
        self.port = 0
        self.url = ""
        self._process: subprocess.Popen[str] | None = None
        self._reader = Thread()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop(signal.SIGTERM)

    def start(self) -> None:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "xmtp_identity", "serve"),
                *("--store", str(self.store), "--host", "127.0.0.1"),
                *("--grpc-port", str(self.port), "--http-port", "0"),
            ],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **ENVIRONMENT},
        )
        self._process = process
        assert process.stderr is not None
        said: list[str] = []
        for line in process.stderr:
            said.append(line)
            if '"serving"' in line:
                self.port = json.loads(line)["grpc_port"]
                self.url = f"http://127.0.0.1:{self.port}"
                # It must not wait for somebody to read what it says.
                self._reader = Thread(target=process.stderr.read, daemon=True)
                self._reader.start()
                return
        raise AssertionError("".join(said))

    def stop(self, how: signal.Signals) -> None:
        """End the process with a signal."""
        process = self._process
        if process is not None:
            process.send_signal(how)
            process.wait(timeout=60)
            assert process.stderr is not None
            self._reader.join(timeout=60)
            process.stderr.close()
            self._process = None


class Desk:
    """A folder with key files, and `xid` to work on the inboxes of a node."""

    def __init__(self, folder: Path, served: Served) -> None:
        self.folder = folder
        self.served = served

    def key(self, kind: str) -> str:
        """A new key file, and whose key it is."""
        path = self.folder / f"{kind}-{len(list(self.folder.iterdir()))}.key"
        self._good("key", "new", "--kind", kind, str(path))
        return str(path)

    def identifier(self, path: str) -> str:
        """Of a key file, without its kind."""
        return self._good("key", "show", path).strip().partition(":")[2]

    def run(self, *arguments: str) -> Result:
        return CliRunner(env=ENVIRONMENT).invoke(
            xid, [*arguments, "--node", self.served.url]
        )

    def json(self, *arguments: str) -> Any:
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def refused(self, *arguments: str, code: int) -> str:
        result = self.run(*arguments)
        assert result.exit_code == code, result.output
        return result.stderr

    def members(self, who: str) -> set[tuple[str, str]]:
        """The members of somebody's inbox."""
        answer = self.json("whois", who)
        assert answer["authoritative"]
        return {(one["kind"], one["identifier"]) for one in answer["state"]["members"]}

    def _good(self, *arguments: str) -> str:
        result = CliRunner(env=ENVIRONMENT).invoke(xid, arguments)
        assert result.exit_code == 0, result.output
        return result.stdout


def values(answers: Sequence[dict[str, str]]) -> set[str]:
    return {one["identifier"] for one in answers}
