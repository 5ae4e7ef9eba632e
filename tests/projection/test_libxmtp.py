"""With P empty, P is libxmtp: XMTP's own client reads the root that we read."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Final

import pytest

from .agreement import Question, figures, questions
from .scripts import script_of

if TYPE_CHECKING:
    from tests.interop.oracle import Libxmtp

pytestmark = pytest.mark.slow

LOGS: Final = 1000
"""Logs without a deviation; those with one that come up on the way are asked
about as well, up to there."""


def test_random_logs_give_the_state_that_libxmtp_gives(libxmtp: Libxmtp) -> None:
    asked: list[Question] = []
    plain = deviating = number = 0
    while plain < LOGS:
        mine, deviates = questions(script_of(Random(f"libxmtp {number}")))
        asked += mine
        deviating += deviates
        plain += not deviates
        number += 1
    answers = libxmtp.read([(one.inbox_id, one.log) for one in asked])
    print(f"{plain} logs without deviations, {deviating} up to their first")
    print(*figures(asked, answers), sep="\n")
    for question, answer in zip(asked, answers, strict=True):
        assert question.agrees(answer), (question, answer)
