"""Write, replay, add a plugin, resume, remove it, raise a revision: always the
state of a fresh replay."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from xmtp_identity.stored import SnapshotMismatch

from .mutants import UPGRADE_MUTANTS
from .upgrades import Upgrades

STEPS: Final = settings(
    max_examples=300,
    stateful_step_count=30,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
MUTANT: Final = settings(
    STEPS, phases=[Phase.generate, Phase.shrink], report_multiple_bugs=False
)

TestUpgrades = Upgrades.TestCase
TestUpgrades.settings = STEPS


@pytest.mark.parametrize("rule", UPGRADE_MUTANTS)
def test_a_broken_rule_is_found(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    UPGRADE_MUTANTS[rule](monkeypatch)
    # Where going on does not notice, storing a snapshot may.
    with pytest.raises((AssertionError, SnapshotMismatch)) as found:
        run_state_machine_as_test(Upgrades, settings=MUTANT)
    steps = "\n".join(getattr(found.value, "__notes__", ()))
    print(f"{rule}\n{steps}")
    assert steps.count("state.") <= 12
