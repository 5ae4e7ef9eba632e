"""How much room a client has, and what is kept for others."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmtp_identity_node.errors import Overloaded, RateLimited
from xmtp_identity_node.room import Room
from xmtp_identity_store.errors import AnswerTooLarge

MIB: Final = 1024 * 1024
CALLS: Final = {"grpc": 10, "http": 10}


def room_of(most: int = 256 * MIB) -> Room:
    return Room(most, CALLS, calls_a_client=3)


def taken(room: Room, stack: ExitStack, client: str, size: int) -> int:
    """How many answers of a size a client may have under way."""
    for count in range(100_000):
        place = stack.enter_context(room.place(client, "grpc", 20 * MIB, 2))
        try:
            place.hold(size)
        except Overloaded:
            return count
    raise AssertionError("there is no bound")


def test_a_client_has_a_part_of_the_room_and_of_that_small_answers_a_part() -> None:
    room = room_of()
    with ExitStack() as stack:
        assert taken(room, stack, "a", MIB) == 48
        assert taken(room, stack, "a", 1024) == 16 * 1024
    assert room.held == 0


def test_no_number_of_clients_leaves_others_without_room() -> None:
    room = room_of()
    with ExitStack() as stack:
        for number in range(500):
            taken(room, stack, str(number), MIB)
        assert room.held < 192 * MIB + 1
        assert taken(room, stack, "one more", 1024) > 1000


def test_what_is_given_back_is_there_for_the_next() -> None:
    room = room_of()
    for _ in range(1000):
        with room.place("a", "grpc", 20 * MIB, 2) as place:
            place.hold(40 * MIB)
            place.hold(5)
            place.send(bytes(MIB))
            assert room.held == 2 * MIB
    assert room.held == 0


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 9), st.integers(0, 2 * MIB)),
        max_size=60,
    )
)
def test_what_is_held_is_never_more_than_all_and_is_counted_rightly(
    steps: list[tuple[int, int, int]],
) -> None:
    room = room_of(4 * MIB)
    with ExitStack() as stack:
        places = {
            (client, number): stack.enter_context(
                room.place(str(client), "grpc", MIB, 2)
            )
            for client in range(4)
            for number in range(10)
        }
        for client, number, size in steps:
            place = places[client, number]
            before = place.size
            try:
                place.hold(size)
            except Overloaded:
                assert place.size == before
            assert room.held == sum(one.size for one in places.values()) <= 4 * MIB
    assert room.held == 0


def test_calls_at_once_are_counted_by_client_and_class_and_in_all() -> None:
    room = room_of()
    with ExitStack() as stack:

        def enter(client: str, kind: str, transport: str = "grpc") -> None:
            place = stack.enter_context(room.place(client, transport, MIB, 2))
            place.enter(kind)

        for _ in range(3):
            enter("a", "read")
        with pytest.raises(RateLimited):
            enter("a", "read")
        enter("a", "write")
        for number in range(6):
            enter(str(number), "read")
        with pytest.raises(Overloaded):
            enter("b", "read")
        enter("b", "read", "http")
    assert room._clients == {}
    assert set(room._count.values()) == {0}


def sizes_asked(room: Room, size: int, limit: int = 20 * MIB) -> list[int]:
    """For how many bytes something is asked that has ``size``."""
    asked = []

    async def step(most: int) -> None:
        asked.append(most)
        if size > most:
            raise AnswerTooLarge("more")

    with room.place("a", "grpc", limit, 2) as place:
        asyncio.run(place.read(step))
    return asked


def test_small_answers_are_read_without_asking_for_room() -> None:
    room = room_of()
    assert sizes_asked(room, 1000) == [64 * 1024]
    assert sizes_asked(room, MIB) == [64 * 1024, 20 * MIB]
    assert sizes_asked(room, 50, limit=100) == [100]


def test_with_less_room_smaller_answers_are_read() -> None:
    room = room_of()
    with room.place("a", "grpc", 20 * MIB, 2) as other:
        other.hold(30 * MIB)
        assert sizes_asked(room, MIB) == [64 * 1024, 5 * MIB]
        with pytest.raises(Overloaded):
            sizes_asked(room, 6 * MIB)
        other.hold(47 * MIB)
        with pytest.raises(Overloaded):
            sizes_asked(room, MIB)
        assert sizes_asked(room, 1000) == [64 * 1024]


def test_what_is_too_large_for_any_answer_is_said_to_be_so() -> None:
    with pytest.raises(AnswerTooLarge):
        sizes_asked(room_of(), 21 * MIB)
