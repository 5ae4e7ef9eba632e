"""XMTP's real client, asked what it makes of identity logs.

`Libxmtp` serves logs from a node of our own and lets the reference client's
Node bindings read them. It is slow to start (a second) and then takes about
two milliseconds a log.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, NotRequired, Self, TypedDict

from .stub_node import Log, StubNode

__all__ = ["Answer", "Identifier", "Installation", "Libxmtp", "OracleFailed", "State"]

_HERE: Final = Path(__file__).resolve().parent
_PACKAGE: Final = "@xmtp/node-bindings"
_KINDS: Final = ("ethereum", "passkey")
"""By the number that the bindings give them, which is not the wire's."""

_LOGS_A_CLIENT: Final = 1000
"""A client that has read several thousand inboxes gets slow."""

_STATISTICS: Final = " ============ Api Stats"
"""From here on the client's errors tell how often it called which method."""


class Identifier(TypedDict):
    """kind: ``"ethereum"`` or ``"passkey"``; identifier: as the client shows it."""

    kind: str
    identifier: str


class Installation(TypedDict):
    """id: the key in lower-case hex; client_timestamp_ns: decimal."""

    id: str
    client_timestamp_ns: str


class State(TypedDict):
    """A state as in ``vectors/libxmtp/histories.json``.

    Identifiers are sorted by kind and identifier, installations by id.
    """

    recovery: Identifier
    identifiers: list[Identifier]
    installations: list[Installation]


class Answer(TypedDict):
    """What the client says of one log: its state, or why it can't be read."""

    state: NotRequired[State]
    error: NotRequired[str]


class OracleFailed(Exception):
    """The client could not be asked; this says nothing about any log."""


class Libxmtp:
    """The reference client, for as long as the context lasts.

    Installs its package on first use. Raises `OracleFailed` if Node.js or npm
    is missing or breaks.
    """

    def __init__(self) -> None:
        self._resources = ExitStack()

    def __enter__(self) -> Self:
        node = _program("node")
        _install()
        with ExitStack() as opened:
            self._node = opened.enter_context(StubNode())
            self._errors = opened.enter_context(
                tempfile.TemporaryFile(mode="w+", encoding="utf-8")
            )
            # Leaving the process's context ends its input, and so the process.
            self._reader = opened.enter_context(
                subprocess.Popen(
                    [node, "read.mjs", self._node.url],
                    cwd=_HERE,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=self._errors,
                    encoding="utf-8",
                )
            )
            self._resources = opened.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._resources.close()

    def read(self, logs: Sequence[tuple[str, Log]]) -> list[Answer]:
        """What the client makes of each log, in the same order.

        logs: pairs of an inbox id and the log that the node has under it. An
            inbox id may come more than once.
        """
        return [
            _answer(raw)
            for start in range(0, len(logs), _LOGS_A_CLIENT)
            for raw in self._ask(_labelled(logs[start : start + _LOGS_A_CLIENT]))
        ]

    def _ask(self, logs: Mapping[str, Log]) -> list[dict[str, Any]]:
        self._node.serve(logs)
        sent, received = _pipes(self._reader)
        try:
            sent.write(json.dumps(list(logs)) + "\n")
            sent.flush()
        except BrokenPipeError:
            raise OracleFailed(self._last_words()) from None
        line = received.readline()
        if not line:
            raise OracleFailed(self._last_words())
        self._check(logs)
        answers: list[dict[str, Any]] = json.loads(line)
        return answers

    def _check(self, logs: Mapping[str, Log]) -> None:
        """An error of ours must not pass for a verdict of the client's."""
        if self._node.failures:
            raise OracleFailed(f"The stub node failed: {self._node.failures}")
        if missing := logs.keys() - self._node.asked:
            raise OracleFailed(f"The client did not ask for {sorted(missing)}.")

    def _last_words(self) -> str:
        self._errors.seek(0)
        return f"Node.js ended early:\n{self._errors.read()[-2000:]}"


def _answer(raw: Mapping[str, Any]) -> Answer:
    if "error" in raw:
        return {"error": raw["error"].partition(_STATISTICS)[0].strip()}
    state = raw["state"]
    return {
        "state": {
            "recovery": _identifier(state["recoveryIdentifier"]),
            "identifiers": sorted(
                (_identifier(item) for item in state["identifiers"]),
                key=lambda item: (item["kind"], item["identifier"]),
            ),
            "installations": sorted(
                (
                    {"id": item["id"], "client_timestamp_ns": item["clientTimestampNs"]}
                    for item in state["installations"]
                ),
                key=lambda item: item["id"],
            ),
        }
    }


def _identifier(raw: Mapping[str, Any]) -> Identifier:
    return {
        "kind": _KINDS[raw["identifierKind"]],
        "identifier": raw["identifier"],
    }


def _labelled(logs: Sequence[tuple[str, Log]]) -> dict[str, Log]:
    """Each log under its inbox id or, where that is taken, a made-up one.

    The client takes a log for what its updates say, whatever it asked for; but
    it keeps what it has read, so two logs can't share a label.
    """
    labelled: dict[str, Log] = {}
    for inbox_id, log in logs:
        made_up = hashlib.sha256(f"log {len(labelled)}".encode()).hexdigest()
        labelled[made_up if inbox_id in labelled else inbox_id] = log
    return labelled


def _pipes(process: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
    if process.stdin is None or process.stdout is None:
        raise OracleFailed("Node.js was started without pipes.")
    return process.stdin, process.stdout


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise OracleFailed(
            f"{name} is not installed; the reference client needs Node.js 18 or"
            " newer, with npm."
        )
    return path


def _install() -> None:
    """Install the pinned package, once; other processes wait for the first."""
    with (_HERE / "package.json").open("rb") as pins:
        fcntl.flock(pins, fcntl.LOCK_EX)
        wanted = json.load(pins)["dependencies"][_PACKAGE]
        if _installed_version() == wanted:
            return
        command = [_program("npm"), "install"]
        command += ["--no-audit", "--no-fund", "--no-package-lock"]
        result = subprocess.run(
            command, cwd=_HERE, capture_output=True, text=True, check=False
        )
        if result.returncode or _installed_version() != wanted:
            raise OracleFailed(
                f"npm could not install {_PACKAGE} {wanted}:\n{result.stderr[-2000:]}"
            )


def _installed_version() -> str | None:
    manifest = _HERE / "node_modules" / _PACKAGE / "package.json"
    try:
        version: str = json.loads(manifest.read_text("utf-8"))["version"]
    except FileNotFoundError:
        return None
    return version
