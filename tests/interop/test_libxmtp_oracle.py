"""The oracle says what XMTP's client was recorded to say.

Only then is what it says of new logs worth anything.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from .oracle import Libxmtp, OracleFailed

_VECTORS: Final = Path(__file__).resolve().parents[1] / "vectors" / "libxmtp"
_HISTORIES: Final[list[dict[str, Any]]] = json.loads(
    (_VECTORS / "histories.json").read_text("utf-8")
)["vectors"]
_ODD_LOGS: Final[dict[str, dict[str, Any]]] = json.loads(
    (_VECTORS / "odd-logs.json").read_text("utf-8")
)["cases"]
_KINDS: Final = {0: "ethereum", 1: "passkey"}


def _history(vector: dict[str, Any]) -> tuple[str, list[bytes | None]]:
    log = [bytes.fromhex(update["raw"]) for update in vector["updates"]]
    return vector["inbox_id"], [*log]


def _odd_log(case: dict[str, Any]) -> tuple[str, list[bytes | None]]:
    log = [None if entry is None else bytes.fromhex(entry) for entry in case["log"]]
    return case["inbox_id"], log


def _without_inbox_id(state: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in state.items() if key != "inbox_id"}


def _sorted_state(recorded: dict[str, Any]) -> dict[str, Any]:
    """A state of the odd logs, in the form of the histories."""

    def named(identifier: dict[str, Any]) -> dict[str, str]:
        return {**identifier, "kind": _KINDS[identifier["kind"]]}

    return {
        "recovery": named(recorded["recovery"]),
        "identifiers": sorted(
            map(named, recorded["identifiers"]),
            key=lambda item: (item["kind"], item["identifier"]),
        ),
        "installations": sorted(
            recorded["installations"], key=lambda item: str(item["id"])
        ),
    }


def test_every_recorded_history_gives_the_recorded_state(libxmtp: Libxmtp) -> None:
    answers = libxmtp.read([_history(vector) for vector in _HISTORIES])
    for vector, answer in zip(_HISTORIES, answers, strict=True):
        assert answer == {"state": _without_inbox_id(vector["state"])}, vector["name"]


def test_every_recorded_odd_log_gives_the_recorded_verdict(libxmtp: Libxmtp) -> None:
    answers = libxmtp.read([_odd_log(case) for case in _ODD_LOGS.values()])
    for (name, case), answer in zip(_ODD_LOGS.items(), answers, strict=True):
        recorded = case["libxmtp"]
        if recorded["verdict"] == "FAIL":
            assert set(answer) == {"error"}, name
        else:
            assert answer == {"state": _sorted_state(recorded["state"])}, name


def test_one_inbox_id_may_stand_for_several_logs(libxmtp: Libxmtp) -> None:
    long, short = _HISTORIES[1], _HISTORIES[0]
    assert long["inbox_id"] == short["inbox_id"]
    logs = [_history(long), _history(short), _history(long)]
    first, second, third = libxmtp.read(logs)
    assert len(first["state"]["identifiers"]) == 2
    assert len(second["state"]["identifiers"]) == 1
    assert third == first
    assert libxmtp.read(logs[1:2]) == [second]


def test_the_label_of_a_log_has_no_part_in_its_verdict(libxmtp: Libxmtp) -> None:
    logs = [
        *(_history(vector) for vector in _HISTORIES),
        *(_odd_log(case) for case in _ODD_LOGS.values()),
    ]
    labels = [f"{number:064x}" for number in range(len(logs))]
    relabelled = [(label, log) for label, (_, log) in zip(labels, logs, strict=True)]
    assert libxmtp.read(relabelled) == libxmtp.read(logs)


def test_no_logs_give_no_answers(libxmtp: Libxmtp) -> None:
    assert libxmtp.read([]) == []


def test_a_bad_log_fails_alone(libxmtp: Libxmtp) -> None:
    good, other = _HISTORIES[0], _HISTORIES[-1]
    bad: tuple[str, list[bytes | None]] = ("00" * 32, [b"\xff"])
    answers = libxmtp.read([_history(good), bad, _history(other)])
    assert [set(answer) for answer in answers] == [{"state"}, {"error"}, {"state"}]


def test_an_empty_log_has_no_state(libxmtp: Libxmtp) -> None:
    (answer,) = libxmtp.read([("11" * 32, [])])
    assert "Missing identity update" in answer["error"]


def test_missing_node_is_said_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(OracleFailed, match="node is not installed"), Libxmtp():
        pass


def test_a_broken_stub_is_not_taken_for_a_verdict(libxmtp: Libxmtp) -> None:
    broken: Any = [("22" * 32, ["not bytes"])]
    with pytest.raises(OracleFailed, match="stub node failed"):
        libxmtp.read(broken)
    assert libxmtp.read([_history(_HISTORIES[0])]) == [
        {"state": _without_inbox_id(_HISTORIES[0]["state"])}
    ]
