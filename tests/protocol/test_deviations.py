"""The table of deviations: complete, and each row shown by a log."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest
from tests.protocol.odd_logs import replayed
from tests.support.deviating import CASES
from tests.support.leaf_kinds import full_registry
from tests.support.results import APPLIED, briefs, run, state_of
from tests.support.vectors import odd_logs

import xmtp_identity
import xmtp_identity_ethereum
import xmtp_identity_passkey
from xmtp_identity import Outcome, OutcomeKind, ReplayResult, replay
from xmtp_identity.deviations import DEVIATIONS, Deviation
from xmtp_identity.protocol import refusals
from xmtp_identity.protocol.refusals import Refusal

CODES = [row.code for row in DEVIATIONS]

each_row = pytest.mark.parametrize("row", DEVIATIONS, ids=lambda row: row.code)
each_case = pytest.mark.parametrize("name", CASES)


def result_of(name: str) -> ReplayResult:
    if name in CASES:
        inbox, context = CASES[name]()
        return run(inbox, context)
    return replayed(odd_logs()[name])


def deviating(result: ReplayResult) -> list[Outcome]:
    return [outcome for outcome in result.outcomes if outcome.deviation]


def test_the_seven_deviations_of_the_design_have_rows() -> None:
    assert {row.number for row in DEVIATIONS} == set(range(1, 8))
    assert len(set(CODES)) == len(CODES)


@each_row
def test_a_row_names_a_log_that_shows_it(row: Deviation) -> None:
    assert row.code in {outcome.code for outcome in deviating(result_of(row.case))}


@each_row
def test_a_row_that_names_a_vector_names_one_that_libxmtp_accepts(
    row: Deviation,
) -> None:
    if row.case not in CASES:
        assert odd_logs()[row.case]["libxmtp"]["verdict"] == "ACCEPT"


@each_case
def test_the_last_entry_deviates_and_changes_nothing(name: str) -> None:
    inbox, context = CASES[name]()
    result = run(inbox, context)
    assert set(briefs(result)[:-1]) == {APPLIED}
    last = result.outcomes[-1]
    assert (last.code, last.deviation) == (name, True)
    assert last.outcome is OutcomeKind.REJECTED
    assert result.deviates == len(inbox.log) - 1
    before = replay(inbox.inbox_id, inbox.log[:-1], full_registry(), context=context)
    assert state_of(result) == state_of(before)
    assert before.deviates is None


def test_every_deviating_outcome_of_the_vectors_has_a_row() -> None:
    for case in odd_logs().values():
        for outcome in deviating(replayed(case)):
            assert outcome.code in CODES


def test_every_refusal_that_always_deviates_has_a_row() -> None:
    classes = [
        cls
        for _, cls in inspect.getmembers(refusals, inspect.isclass)
        if issubclass(cls, Refusal) and cls.always_deviates
    ]
    assert classes
    assert {cls.code for cls in classes} <= set(CODES)


def test_every_code_that_the_sources_call_a_deviation_has_a_row() -> None:
    """Whoever writes ``deviation=True`` writes a code of the table beside it."""
    named = set()
    for package in (xmtp_identity, xmtp_identity_ethereum, xmtp_identity_passkey):
        (folder,) = package.__path__
        for path in Path(folder).rglob("*.py"):
            named |= _codes_with_deviation(path)
    assert named
    assert named <= set(CODES)


def _codes_with_deviation(path: Path) -> set[str]:
    codes = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        words = {word.arg: word.value for word in node.keywords}
        marked, code = words.get("deviation"), words.get("code")
        if isinstance(marked, ast.Constant) and isinstance(code, ast.Constant):
            codes.add(str(code.value))
    return codes


def test_deviates_is_the_first_of_several() -> None:
    inbox, context = CASES["mixed_actions"]()
    position = len(inbox.log)
    inbox.push(inbox.log[-1])
    result = run(inbox, context)
    assert [o.index for o in deviating(result)] == [position - 1, position]
    assert result.deviates == position - 1
