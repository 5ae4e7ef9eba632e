"""Every rogue of the gallery is caught, by the check that is meant for it."""

from __future__ import annotations

from typing import Final

import pytest

from xmtp_identity.testing import CHECKS, Options, Status, run_conformance

from . import gallery
from .gallery import Rogue
from .rogues import ROGUES

OPTIONS: Final = Options(examples=100)

_WITHOUT_ROGUE: Final = {
    "speed": "it never fails",
}
_IN_TEST_PACKAGES: Final = {"loads", "import-light", "size", "dependencies"}
"""Checks of installed packages; their rogues are in test_packages.py."""


@pytest.fixture(autouse=True)
def schema() -> None:
    gallery.add_schema()


def test_the_honest_kind_passes_every_check() -> None:
    report = run_conformance(gallery.case(), options=OPTIONS)
    assert {one.check: one.findings for one in report.failed} == {}
    skipped = {one.check for one in report.results if one.status is Status.NOT_CHECKED}
    assert skipped == _IN_TEST_PACKAGES | {"speed"}


@pytest.mark.parametrize("rogue", ROGUES, ids=lambda rogue: rogue.name)
def test_a_rogue_is_caught_by_the_check_meant_for_it(rogue: Rogue) -> None:
    report = run_conformance(rogue.case, checks=[rogue.caught_by], options=OPTIONS)
    (result,) = report.results
    assert result.status is Status.FAILED
    assert rogue.says in "\n".join(result.findings)


def test_every_check_has_a_rogue_that_only_it_is_meant_for() -> None:
    caught_by = {rogue.caught_by for rogue in ROGUES}
    names = {check.name for check in CHECKS}
    assert names - caught_by == set(_WITHOUT_ROGUE) | _IN_TEST_PACKAGES


def test_the_rogues_have_names_of_their_own() -> None:
    names = [rogue.name for rogue in ROGUES]
    assert len(set(names)) == len(names) >= 15
