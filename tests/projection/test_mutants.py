"""The theorem's tests have teeth: break a rule, and they find the log that shows it.

``pytest -rP`` prints the smallest counterexample of each broken rule.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from .clients import XMTP, client
from .mutants import MUTANTS
from .small_world import PAIRS, SUBSETS, every_small_log, smallest_breach
from .theorem import compare, see

MOST_ENTRIES = 3
"""What a counterexample needs at most, beside the entry that creates the inbox."""


def test_in_the_small_world_the_theorem_holds_for_every_log_of_three_entries() -> None:
    """Every log, every pair of sets: nothing is left to chance."""
    clients = {kinds: client(kinds, XMTP) for kinds in SUBSETS}
    lacking = {
        pair: frozenset(clients[pair[1]].by_member) - set(clients[pair[0]].by_member)
        for pair in PAIRS
    }
    for script in every_small_log(3):
        log = script.log()
        views = {kinds: see(str(kinds), script, clients[kinds]) for kinds in SUBSETS}
        for less, more in PAIRS:
            found = compare(views[less], views[more], lacking[less, more], log)
            assert not [*found], script


def test_unbroken_nothing_is_found() -> None:
    found = smallest_breach(examples=500)
    assert found is None, f"\n{found}"


@pytest.mark.parametrize("rule", MUTANTS)
def test_a_broken_rule_is_found(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    MUTANTS[rule](monkeypatch)
    found = smallest_breach()
    assert found is not None, f"nothing noticed that this is broken: {rule}"
    print(f"{rule}\n{found}")
    assert len(found.script.entries) <= MOST_ENTRIES


def test_the_documentation_says_what_each_rule_is_there_for() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "rolling-out.md"
    rows = page.read_text("utf-8").partition("What each rule is there for")[2]
    assert [rule for rule in MUTANTS if f"| {rule} |" not in rows] == []
