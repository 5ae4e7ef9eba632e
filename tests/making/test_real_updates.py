"""Admission and the updates that XMTP's real client made."""

from __future__ import annotations

from functools import cache
from random import Random
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.chain import StubChain
from tests.support.leaf_kinds import root_registry
from tests.support.mutations import mutate
from tests.support.vectors import history_log, history_vectors, odd_log, odd_logs

from xmtp_identity import Snapshot, replay
from xmtp_identity.admission import admit
from xmtp_identity.errors import IdentityError, NotAdmitted
from xmtp_identity.kinds import Context
from xmtp_identity.outcome import OutcomeKind

CONTEXT: Final[Context] = {"ethereum": StubChain()}
STUB: Final = {("scw_owner", 0): "ethereum_address_reserved"}
"""The smart wallet of the vectors lives at an address of a precompile."""


def before(inbox_id: str, log: list[bytes | None]) -> Snapshot | None:
    if not log:
        return None
    return replay(inbox_id, log, root_registry(), context=CONTEXT).snapshot


@pytest.mark.parametrize("name", [vector["name"] for vector in history_vectors()])
def test_what_a_real_client_made_is_admitted(name: str) -> None:
    vector = next(one for one in history_vectors() if one["name"] == name)
    inbox_id, log = vector["inbox_id"], history_log(vector)
    for index, update in enumerate(log):
        assert update is not None
        snapshot = before(inbox_id, log[:index])
        code = ""
        try:
            result = admit(update, inbox_id, snapshot, root_registry(), context=CONTEXT)
        except NotAdmitted as error:
            code = error.code
        else:
            after = replay(inbox_id, log[: index + 1], root_registry(), context=CONTEXT)
            assert result.state == after.state
        assert code == STUB.get((name, index), "")


@pytest.mark.parametrize("name", sorted(odd_logs()))
def test_what_is_admitted_of_an_odd_log_is_applied(name: str) -> None:
    case = odd_logs()[name]
    inbox_id, log = case["inbox_id"], odd_log(case)
    outcomes = replay(inbox_id, log, root_registry(), context=CONTEXT).outcomes
    for outcome in outcomes:
        update = log[outcome.index]
        if update is None:
            continue
        snapshot = before(inbox_id, log[: outcome.index])
        try:
            admit(update, inbox_id, snapshot, root_registry(), context=CONTEXT)
        except NotAdmitted:
            continue
        assert outcome.outcome is OutcomeKind.APPLIED


@cache
def _places() -> list[tuple[str, list[bytes | None], Snapshot | None, bytes]]:
    """Each update of the histories, and what stood before it."""
    places = []
    for vector in history_vectors():
        inbox_id, log = vector["inbox_id"], history_log(vector)
        for index, update in enumerate(log):
            assert update is not None
            earlier = log[:index]
            places.append((inbox_id, earlier, before(inbox_id, earlier), update))
    return places


@given(st.integers(0, 2**32))
def test_any_mutation_of_a_real_update_gets_an_answer(seed: int) -> None:
    random = Random(seed)
    inbox_id, log, snapshot, update = random.choice(_places())
    for _ in range(random.choice((1, 1, 2, 3))):
        update = mutate(update, random, [entry for *_, entry in _places()[:5]])
    for context in (CONTEXT, None):
        try:
            result = admit(update, inbox_id, snapshot, root_registry(), context=context)
        except IdentityError:
            continue
        after = replay(inbox_id, [*log, update], root_registry(), context=CONTEXT)
        assert after.outcomes[-1].outcome is OutcomeKind.APPLIED
        assert result.state == after.state
