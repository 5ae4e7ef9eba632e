"""129 odd logs, and what XMTP's real client made of them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.protocol.odd_logs import PAGE, page, replayed, same_state
from tests.support.leaf_kinds import full_registry, root_registry
from tests.support.results import everything
from tests.support.vectors import odd_log, odd_logs, stub_context

from xmtp_identity import OutcomeKind, replay
from xmtp_identity.deviations import DEVIATIONS

CODES = {row.code for row in DEVIATIONS}

each_odd_log = pytest.mark.parametrize(
    "case", odd_logs().values(), ids=list(odd_logs())
)


def test_there_are_129_odd_logs() -> None:
    assert len(odd_logs()) == 129


READABLE = {
    name: case for name, case in odd_logs().items() if "state" in case["libxmtp"]
}


@pytest.mark.parametrize("case", READABLE.values(), ids=list(READABLE))
def test_a_state_of_libxmtp_is_ours_or_a_deviation(case: dict[str, Any]) -> None:
    result = replayed(case)
    if result.deviates is None:
        assert same_state(case, result)
        assert result.authoritative
    else:
        assert not same_state(case, result)
        assert result.outcomes[result.deviates].code in CODES


@each_odd_log
def test_what_libxmtp_cant_read_fails_alone_and_the_rest_stands(
    case: dict[str, Any],
) -> None:
    result = replayed(case)
    refused = {o.index for o in result.outcomes if o.outcome is not OutcomeKind.APPLIED}
    if case["libxmtp"]["verdict"] == "FAIL":
        assert refused
    log = odd_log(case)
    rest = [entry for index, entry in enumerate(log) if index not in refused]
    alone = replay(case["inbox_id"], rest, root_registry(), context=stub_context())
    assert alone.state == result.state
    assert {o.outcome for o in alone.outcomes} <= {OutcomeKind.APPLIED}


@each_odd_log
def test_only_what_may_be_of_a_newer_client_makes_an_odd_log_uncertain(
    case: dict[str, Any],
) -> None:
    result = replayed(case)
    discarded = [
        o for o in result.outcomes if o.outcome is OutcomeKind.DISCARDED and o.numbers
    ]
    assert result.authoritative is not bool(discarded)
    assert result.stopped_at is None
    assert result.missing == ()


@each_odd_log
def test_leaf_plugins_change_nothing_about_an_odd_log(case: dict[str, Any]) -> None:
    full = replay(
        case["inbox_id"], odd_log(case), full_registry(), context=stub_context()
    )
    assert everything(full) == everything(replayed(case))


def test_the_page_of_odd_logs_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == page(), "run python -m tests.protocol.odd_logs"
