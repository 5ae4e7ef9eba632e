"""The time of a new update: never one whose text a log may hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from xmtp_identity.builder import (
    AddMember,
    CreateInbox,
    RevokeMember,
    choose_timestamp_ns,
)

from .inboxes import NOW, OWNER, Inbox, values
from .keys import Key

SECOND: Final = 10**9
LAST: Final = ((1 << 63) - 1) // SECOND * SECOND
"""The last whole second that a text can name as what it is."""

FRIEND = Key("friend")


def entry(time_ns: int) -> bytes:
    """An update with this time."""
    return (
        Inbox()
        .signed(CreateInbox(OWNER.identifier), client_timestamp_ns=time_ns)
        .encode()
    )


def log_of(*times: int) -> list[bytes | None]:
    return [entry(time_ns) for time_ns in times]


def test_without_a_log_it_is_now_to_the_second() -> None:
    assert choose_timestamp_ns([], NOW + 999_999_999) == NOW


def test_after_the_past_it_is_now() -> None:
    assert choose_timestamp_ns(log_of(NOW - SECOND, 0), NOW) == NOW


@pytest.mark.parametrize("ahead", [0, 1, SECOND - 1])
def test_within_the_log_s_last_second_it_is_the_next(ahead: int) -> None:
    assert choose_timestamp_ns(log_of(NOW + ahead), NOW) == NOW + SECOND


def test_after_the_future_it_is_later() -> None:
    log = log_of(NOW + 1000 * SECOND + 5, NOW + 10 * SECOND)
    assert choose_timestamp_ns(log, NOW) == NOW + 1001 * SECOND


@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param((1 << 64) - 1, id="a second before 1970"),
        pytest.param(1 << 63, id="the first time of all, in 1677"),
        pytest.param((1 << 64) - 5 * SECOND, id="five seconds before 1970"),
    ],
)
def test_a_time_with_the_highest_bit_lies_in_the_past(hostile: int) -> None:
    assert choose_timestamp_ns(log_of(hostile), NOW) == NOW


@pytest.mark.parametrize("hostile", [(1 << 63) - 1, LAST])
def test_after_the_end_of_time_it_is_now(hostile: int) -> None:
    assert choose_timestamp_ns(log_of(hostile), NOW) == NOW
    log = log_of(hostile, NOW, NOW + SECOND, NOW + 3 * SECOND)
    assert choose_timestamp_ns(log, NOW) == NOW + 2 * SECOND


def test_the_second_before_the_end_leaves_one_more() -> None:
    assert choose_timestamp_ns(log_of(LAST - SECOND), NOW) == LAST


def test_entries_that_are_no_updates_have_no_time() -> None:
    log: list[bytes | None] = [None, b"", b"\xff", entry(NOW)[:-1]]
    assert choose_timestamp_ns(log, NOW) == NOW


TIMES = st.lists(
    st.one_of(
        st.integers(0, (1 << 64) - 1),
        st.integers(NOW - 3 * SECOND, NOW + 3 * SECOND),
        st.integers(LAST - 2 * SECOND, (1 << 63) - 1),
    ),
    max_size=5,
)


@given(TIMES)
@example([(1 << 63) - 1, NOW, NOW + SECOND])
def test_no_second_is_ever_chosen_twice(times: Sequence[int]) -> None:
    chosen = choose_timestamp_ns(log_of(*times), NOW)
    assert chosen % SECOND == 0
    assert NOW <= chosen <= LAST
    assert chosen // SECOND not in {time_ns // SECOND for time_ns in times}


def test_the_same_thing_done_twice_in_one_second_gets_two_texts() -> None:
    inbox = Inbox(FRIEND).create()
    texts = set()
    for _ in range(3):
        add = AddMember(FRIEND.identifier, OWNER.identifier)
        texts.add(inbox.request(add).text)
        inbox.append(add)
        inbox.append(RevokeMember(FRIEND.identifier, OWNER.identifier))
    assert len(texts) == 3
    assert [one.code for one in inbox.replay().outcomes] == [""] * 7
    assert values(inbox.replay().state) == {OWNER.identifier.value}
