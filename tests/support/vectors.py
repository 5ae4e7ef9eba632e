"""The histories and odd logs made with XMTP's real client."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

from xmtp_identity import AssociationState
from xmtp_identity.kinds import Context

VECTORS: Final = Path(__file__).resolve().parents[1] / "vectors" / "libxmtp"
_KINDS: Final = {0: "ethereum", 1: "passkey"}

State = dict[str, Any]


@cache
def histories() -> dict[str, Any]:
    return _read("histories.json")


@cache
def history_vectors() -> list[dict[str, Any]]:
    vectors: list[dict[str, Any]] = histories()["vectors"]
    return vectors


@cache
def odd_logs() -> dict[str, dict[str, Any]]:
    cases: dict[str, dict[str, Any]] = _read("odd-logs.json")["cases"]
    return cases


def _read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((VECTORS / name).read_text("utf-8"))
    return content


def history_log(vector: dict[str, Any]) -> list[bytes | None]:
    return [bytes.fromhex(update["raw"]) for update in vector["updates"]]


def odd_log(case: dict[str, Any]) -> list[bytes | None]:
    return [None if entry is None else bytes.fromhex(entry) for entry in case["log"]]


@cache
def real_logs() -> dict[str, tuple[str, list[bytes | None]]]:
    """Every log at hand by name: inbox ID and entries."""
    logs = {v["name"]: (v["inbox_id"], history_log(v)) for v in history_vectors()}
    logs |= {name: (c["inbox_id"], odd_log(c)) for name, c in odd_logs().items()}
    return logs


def stub_context() -> Context:
    """The chain that both files of vectors were made with."""
    # Not at the top: the core's tests of the wire need no plugin.
    from .chain import StubChain

    return {"ethereum": StubChain()}


def shown(state: AssociationState) -> State:
    """A state in the words of the histories."""
    members = [member for member in state.members if member.identifier.kind in _ROOT]
    return {
        "inbox_id": state.inbox_id,
        "recovery": {"kind": state.recovery.kind, "identifier": state.recovery.value},
        "identifiers": [
            {"kind": m.identifier.kind, "identifier": m.identifier.value}
            for m in members
            if m.identifier.kind != "installation"
        ],
        "installations": [
            {
                "id": m.identifier.value,
                "client_timestamp_ns": _decimal(m.client_timestamp_ns),
            }
            for m in members
            if m.identifier.kind == "installation"
        ],
    }


_ROOT: Final = ("ethereum", "passkey", "installation")


def _decimal(number: int | None) -> str | None:
    return None if number is None else str(number)


def recorded(case: dict[str, Any]) -> State:
    """The state that libxmtp gave for an odd log, in the words of the histories."""
    state = case["libxmtp"]["state"]

    def named(identifier: dict[str, Any]) -> dict[str, str]:
        return {
            "kind": _KINDS[identifier["kind"]],
            "identifier": identifier["identifier"],
        }

    return {
        "inbox_id": state["inbox_id"],
        "recovery": named(state["recovery"]),
        "identifiers": sorted(
            map(named, state["identifiers"]),
            key=lambda item: (item["kind"], item["identifier"]),
        ),
        "installations": sorted(state["installations"], key=lambda item: item["id"]),
    }
