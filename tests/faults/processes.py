"""A node in a process of its own, which can be killed and started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import grpc

__all__ = ["NodeProcess", "cpu_seconds", "free_port"]

_RATES: Final = ("read_rate", "write_rate", "stream_rate")
_START_S: Final = 60
_STOP_S: Final = 30


def free_port() -> int:
    """A port of the loopback interface that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cpu_seconds(pid: int) -> float:
    """Processor time that a process took so far (proc(5), stat, 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class NodeProcess:
    """`xid serve` on ports of its own; after `kill` or `stop`, `start` starts it
    again on the same ports and the same store.

    store: as ``--store`` takes it.
    log: where its standard error is appended to.
    settings: further ones, by name; unless said here, no rates are limited,
        for all clients of a test have one address.
    """

    def __init__(self, store: str, log: Path, **settings: str) -> None:
        self.store = store
        self.log = log
        self._settings = dict.fromkeys(_RATES, "") | settings
        self._process: subprocess.Popen[bytes] | None = None
        self.grpc_port = free_port()
        self.http_port = free_port()

    @property
    def target(self) -> str:
        """Where its gRPC port is."""
        return f"127.0.0.1:{self.grpc_port}"

    @property
    def grpc_url(self) -> str:
        """The same, as ``--node`` takes it."""
        return f"http://{self.target}"

    @property
    def url(self) -> str:
        """Where its HTTP port is."""
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None
        return self._process.pid

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    def launch(self) -> None:
        """Start the process, and don't wait."""
        assert self._process is None
        settings = {
            "store": self.store,
            "grpc_port": str(self.grpc_port),
            "http_port": str(self.http_port),
            **self._settings,
        }
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "xmtp_identity", "serve"],
                env=os.environ
                | {f"XID_NODE_{name.upper()}": text for name, text in settings.items()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def start(self) -> None:
        """Start the process and wait until it serves."""
        self.launch()
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Raises `AssertionError` if the process ends instead."""
        options = [
            ("grpc.initial_reconnect_backoff_ms", 50),
            ("grpc.min_reconnect_backoff_ms", 50),
            ("grpc.max_reconnect_backoff_ms", 100),
            ("grpc.use_local_subchannel_pool", 1),
        ]
        with grpc.insecure_channel(self.target, options=options) as channel:
            ready = grpc.channel_ready_future(channel)
            for _ in range(_START_S):
                try:
                    ready.result(timeout=1)
                except grpc.FutureTimeoutError:
                    assert self.alive, self.tail()
                else:
                    return
        raise AssertionError(f"The node does not serve.\n{self.tail()}")

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def tail(self) -> str:
        """The end of what it wrote."""
        return self.log.read_text("utf-8", "replace")[-4000:]

    def kill(self) -> None:
        """SIGKILL: the process has no chance to do anything any more."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> int:
        """SIGTERM; gives the exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(_STOP_S)
        self._process = None
        return code

    @property
    def memory(self) -> int:
        """Resident bytes of the process."""
        return self._status("VmRSS")

    @property
    def peak(self) -> int:
        """The most that they ever were since `forget_peak`."""
        return self._status("VmHWM")

    def forget_peak(self) -> None:
        """Let `peak` begin anew (proc(5), clear_refs)."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def _status(self, name: str) -> int:
        text = Path(f"/proc/{self.pid}/status").read_text("ascii")
        lines = dict(line.split(":", 1) for line in text.splitlines())
        return int(lines[name].split()[0]) * 1024

    @property
    def cpu_seconds(self) -> float:
        """Processor time that it took so far, all threads together."""
        return cpu_seconds(self.pid)

    @property
    def files(self) -> int:
        """File descriptors that it holds."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))
