from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.vectors import real_logs

from xmtp_identity import replay
from xmtp_identity.cli import jsonl
from xmtp_identity.cli.results import result_object
from xmtp_identity.loading import load_registry

from .support import (
    as_json,
    complaint,
    environment,
    history,
    lines,
    process,
    run,
    write,
)

INBOX, UPDATES = history("revoke_passkey")
GOOD = as_json(INBOX, UPDATES)
ALL = "".join(as_json(*log) + "\n" for log in real_logs().values()).encode()
BAD = ["", "{}", "nonsense", '{"inbox_id": "a", "log": ["zz"]}', GOOD[:-1], "{" * 99]


def test_every_log_gives_the_librarys_result_in_order() -> None:
    registry = load_registry(allow=["ethereum", "passkey"])
    wanted = [result_object(replay(*log, registry)) for log in real_logs().values()]
    assert lines("replay", "--jsonl", data=ALL) == wanted


def test_a_file_standard_input_and_a_dash_read_the_same(tmp_path: Path) -> None:
    path = write(tmp_path, "logs", ALL)
    from_file = run("replay", "--jsonl", path).stdout
    assert from_file == run("replay", "--jsonl", data=ALL).stdout
    assert from_file == run("replay", "--jsonl", "--json", "-", data=ALL).stdout


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_the_last_line_may_end_or_not(end: str) -> None:
    assert len(lines("replay", "--jsonl", data=f"{GOOD}\n{GOOD}{end}".encode())) == 2


@pytest.mark.parametrize("bad", BAD)
def test_a_line_that_cannot_be_read_is_answered_in_its_place(bad: str) -> None:
    data = f"{GOOD}\n{bad}\n{GOOD}\n".encode()
    first, error, last = lines("replay", "--jsonl", data=data, code=2)
    assert first == last
    assert first["inbox_id"] == INBOX
    assert list(error) == ["error", "line"]
    assert error["line"] == 2
    assert error["error"].endswith(".")


def test_the_complaint_counts_the_lines_that_could_not_be_read() -> None:
    data = "\n".join([*BAD, GOOD]).encode()
    result = run("replay", "--jsonl", data=data)
    assert result.exit_code == 2
    assert result.stderr == (
        f"xid: standard input: {len(BAD)} of {len(BAD) + 1} lines could not be "
        "read; the output says which. [unreadable_lines]\n"
    )


def test_lines_of_any_bytes_are_answered_one_by_one() -> None:
    data = b"\n".join([b"\xff\xfe", b"\0", b"\r", b"\x1b[2J", GOOD.encode(), b"[]"])
    results = lines("replay", "--jsonl", data=data, code=2)
    assert [one.get("line") for one in results] == [1, 2, 3, 4, None, 6]


def test_a_line_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "MAX_LINE_BYTES", len(GOOD))
    monkeypatch.setattr(jsonl, "_SKIPPED_BYTES", 16)
    long = GOOD + " "
    data = f"{GOOD}\n{long}\n{long}{'x' * 100}\n{GOOD}\n{long}".encode()
    results = lines("replay", "--jsonl", data=data, code=2)
    assert ["error" in one for one in results] == [False, True, True, False, True]
    assert "over" in results[1]["error"]


def test_results_and_errors_keep_their_order_across_chunks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jsonl, "_CHUNK_BYTES", 300)
    given = [
        "" if number % 3 == 0 else as_json(str(number), [None]) for number in range(50)
    ]
    results = lines("replay", "--jsonl", data="\n".join([*given, ""]).encode(), code=2)
    assert [one.get("inbox_id", one.get("line")) for one in results] == [
        number + 1 if number % 3 == 0 else str(number) for number in range(50)
    ]


def test_at_beyond_a_lines_log_is_that_lines_error() -> None:
    data = f"{as_json(INBOX, UPDATES[:1])}\n{GOOD}\n".encode()
    error, result = lines("replay", "--jsonl", "--at", "2", data=data, code=2)
    assert "--at 2 is beyond the log" in error["error"]
    assert len(result["outcomes"]) == 2


def test_without_holds_for_every_line() -> None:
    inbox_id, updates = history("add_passkey")
    data = f"{as_json(inbox_id, updates)}\n".encode() * 2
    results = lines("replay", "--jsonl", "--without", "passkey", data=data)
    assert [result["authoritative"] for result in results] == [False, False]


def test_no_line_at_all_is_bad_input() -> None:
    assert complaint("replay", "--jsonl").endswith("[empty_file]")


def test_a_missing_file_is_bad_input(tmp_path: Path) -> None:
    path = str(tmp_path / "missing")
    assert complaint("replay", "--jsonl", path).endswith("[unusable_file]")


def test_several_processes_answer_what_one_answers() -> None:
    data = (ALL + b"bad\n") * 5
    one = process("replay", "--jsonl", data=data)
    two = process("replay", "--jsonl", "--processes", "2", data=data)
    assert one.returncode == two.returncode == 2
    assert one.stdout == two.stdout
    assert one.stderr == two.stderr
    assert one.stderr.count(b"\n") == 1


MEASURED = """
import resource, sys
from xmtp_identity.cli import main
code = main(["replay", "--jsonl"])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""


def test_memory_does_not_grow_with_the_number_of_lines() -> None:
    """Lines that are refused are counted too: they must not pile up."""
    pytest.importorskip("resource", reason="POSIX measures processes")
    small, large = (
        int(
            subprocess.run(
                [sys.executable, "-c", MEASURED],
                input=(as_json("a", [bytes(100)]) + "\n{}\n").encode() * count,
                capture_output=True,
                check=False,
                env=environment(),
            ).stderr.split()[-1]
        )
        for count in (4_000, 40_000)
    )
    # Ten times the lines; what the allocator keeps differs from run to run.
    assert large < small * 1.25


def test_a_line_of_output_is_ascii_whatever_comes_in() -> None:
    name = "\u202e\x1b[31m\x7f\x9b é"
    data = json.dumps({"inbox_id": name, "log": [None]}, ensure_ascii=False).encode()
    result = run("replay", "--jsonl", data=data)
    assert result.exit_code == 0
    assert all(0x20 <= byte < 0x7F for byte in result.stdout_bytes.rstrip(b"\n"))
    assert json.loads(result.stdout)["inbox_id"] == name
