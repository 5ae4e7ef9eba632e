"""The shape of root updates: what is no update, and what protobuf merges."""

from __future__ import annotations

import pytest
from tests.protocol.shapes import (
    BAD_SHAPE,
    DEPTHS,
    GOOD_ADD,
    INBOX,
    MEMBER,
    PLACES,
    RECORDS,
    SIGNATURE,
    UNDECODABLE,
    any_field,
    each_place,
    each_record,
    has_good_shape,
    put,
    update,
    verdict,
)
from tests.support.protobuf import (
    EGROUP,
    I32,
    I64,
    LEN,
    SGROUP,
    VARINT,
    group,
    groups,
    length,
    tag,
    uint,
    varint,
)
from tests.support.updates import ADD, CREATE, add_action, identity_update


def test_the_updates_that_the_tests_start_from_have_a_good_shape() -> None:
    for place in PLACES:
        assert has_good_shape(put(place, b"")), place


# 1. Rejected before anything else


def test_an_entry_without_an_update_is_rejected() -> None:
    assert verdict(None) == ("rejected", "no_update", False)


def test_an_update_without_actions_is_rejected_as_the_no_op_that_it_is() -> None:
    no_actions = ("rejected", "no_actions", False)
    assert verdict(b"") == no_actions
    assert verdict(identity_update(INBOX)) == no_actions
    assert verdict(identity_update(INBOX) + length(50, b"x")) == no_actions


def test_every_cut_of_an_update_is_refused() -> None:
    data = update(GOOD_ADD)
    for size in range(len(data)):
        assert verdict(data[:size])[0] == "rejected"


@each_place
def test_a_known_field_with_the_wrong_wire_type_is_undecodable(place: str) -> None:
    for number, right in PLACES[place][1].items():
        for wire_type in (VARINT, I64, LEN, SGROUP, I32):
            if wire_type != right:
                data = put(place, any_field(number, wire_type))
                assert verdict(data) == UNDECODABLE, (number, wire_type)


@each_place
@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(tag(50, VARINT) + b"\xff" * 9 + b"\x02", id="65 bits"),
        pytest.param(tag(50, VARINT) + b"\x80" * 10 + b"\x01", id="11 bytes"),
        pytest.param(tag(50, VARINT) + b"\x80", id="cut varint"),
        pytest.param(tag(50, I64) + bytes(7), id="cut 64 bits"),
        pytest.param(tag(50, I32) + bytes(3), id="cut 32 bits"),
        pytest.param(tag(50, LEN) + b"\x01", id="cut string"),
        pytest.param(tag(50, LEN) + varint((1 << 32) - 1), id="long string"),
        pytest.param(tag(50, LEN), id="no length"),
        pytest.param(tag(0, VARINT) + b"\x00", id="number 0"),
        pytest.param(tag(50, 6), id="wire type 6"),
        pytest.param(tag(50, 7), id="wire type 7"),
        pytest.param(varint(1 << 33 | 16), id="tag over 32 bits"),
        pytest.param(tag(50, EGROUP), id="end without a group"),
        pytest.param(tag(50, SGROUP), id="group without an end"),
        pytest.param(tag(50, SGROUP) + tag(51, EGROUP), id="end of another group"),
        pytest.param(group(50, tag(0, VARINT) + b"\x00"), id="number 0 in a group"),
        pytest.param(b"\x80" * 11 + b"\x01", id="tag of 12 bytes"),
    ],
)
def test_what_no_decoder_takes_is_undecodable(place: str, bad: bytes) -> None:
    assert verdict(put(place, bad)) == UNDECODABLE


def test_a_known_varint_over_64_bits_is_undecodable() -> None:
    for place, number in (("update", 2), ("create", 2), ("create", 4), ("change", 3)):
        data = put(place, tag(number, VARINT) + b"\xff" * 9 + b"\x7f")
        assert verdict(data) == UNDECODABLE


@pytest.mark.parametrize(
    ("place", "number"),
    [
        ("update", 3),
        ("create", 1),
        ("create", 5),
        ("add", 4),
        ("change", 1),
        ("change", 4),
    ],
)
def test_a_string_that_is_not_utf8_is_undecodable(place: str, number: int) -> None:
    for bad in (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"):
        # In front of it: that a good one follows changes nothing.
        assert verdict(put(place, length(number, bad))) == UNDECODABLE
        if place != "update":
            data = put(place, length(number, bad) + length(number, "good"))
            assert verdict(data) == UNDECODABLE


@each_place
def test_tags_and_lengths_of_six_to_ten_bytes_are_a_deviation(place: str) -> None:
    overlong = ("rejected", "overlong_varint", True)
    for size in range(6, 11):
        assert verdict(put(place, length(50, b"", tag_size=size))) == overlong
        assert verdict(put(place, length(50, b"", size=size))) == overlong


@each_record
def test_tags_and_lengths_of_five_bytes_are_fine(place: str) -> None:
    assert has_good_shape(put(place, length(50, b"", tag_size=5, size=5)))


@each_record
def test_a_padded_varint_of_ten_bytes_is_fine_as_a_value(place: str) -> None:
    assert has_good_shape(put(place, uint(50, 1, 10)))
    assert has_good_shape(put(place, uint(50, (1 << 64) - 1)))


@each_record
def test_nesting_of_32_is_fine_and_33_is_a_deviation(place: str) -> None:
    room = 32 - DEPTHS[place]
    assert has_good_shape(put(place, groups(50, room)))
    too_deep = ("rejected", "nesting_too_deep", True)
    assert verdict(put(place, groups(50, room + 1))) == too_deep
    assert verdict(put(place, groups(50, 10_000))) == too_deep


def test_nesting_is_counted_in_unions_too() -> None:
    # A group in a union is an unknown number; too deep a one comes before that.
    for place in ("action", "member", "signature"):
        room = 32 - DEPTHS[place]
        assert verdict(put(place, groups(50, room)))[1] == "several_variants" or (
            place == "action"
        )
        too_deep = ("rejected", "nesting_too_deep", True)
        assert verdict(put(place, groups(50, room + 1))) == too_deep


def test_an_update_that_names_another_inbox_is_rejected_before_its_numbers() -> None:
    wrong = ("rejected", "wrong_inbox_id", False)
    for inbox_id in ("", "another", INBOX.upper()):
        assert verdict(identity_update(inbox_id, [GOOD_ADD])) == wrong
        assert verdict(identity_update(inbox_id, [length(7, b"")])) == wrong
        leaf = identity_update(inbox_id, leaf_actions=[GOOD_ADD])
        assert verdict(leaf) == wrong


@pytest.mark.parametrize("wire_type", [VARINT, I64, LEN, SGROUP, I32])
def test_actions_beside_field_100_of_any_wire_type_are_a_deviation(
    wire_type: int,
) -> None:
    mixed = ("rejected", "mixed_actions", True)
    beside = any_field(100, wire_type)
    assert verdict(update(GOOD_ADD) + beside) == mixed
    assert verdict(beside + update(GOOD_ADD)) == mixed
    both = identity_update(INBOX, [GOOD_ADD], leaf_actions=[GOOD_ADD])
    assert verdict(both) == mixed
    assert verdict(identity_update("another", [GOOD_ADD]) + beside) == mixed


@pytest.mark.parametrize("wire_type", [VARINT, I64, SGROUP, I32])
def test_field_100_alone_with_the_wrong_wire_type_is_no_deviation(
    wire_type: int,
) -> None:
    # The reference client sees a no-op there.
    assert verdict(identity_update(INBOX) + any_field(100, wire_type)) == UNDECODABLE


# Merging, as protobuf does it


@each_record
def test_unknown_fields_of_records_are_ignored(place: str) -> None:
    for number in (50, 100_000):
        for wire_type in (VARINT, I64, LEN, SGROUP, I32):
            if place == "update" and number == 100:
                continue
            assert has_good_shape(put(place, any_field(number, wire_type)))


def test_known_numbers_within_an_unknown_group_are_unknown() -> None:
    inside = group(50, length(1, b"") + uint(2, 1) + length(100, b"") + group(3))
    for place in RECORDS:
        assert has_good_shape(put(place, inside))


def test_repeated_singular_messages_are_merged() -> None:
    halves = length(ADD, length(1, MEMBER)) + length(
        ADD, length(2, SIGNATURE) + length(3, SIGNATURE)
    )
    assert has_good_shape(update(halves))
    assert has_good_shape(put("add", length(1, b"") + length(2, b"") + length(3, b"")))
    assert has_good_shape(put("add", length(1, MEMBER) + length(2, SIGNATURE)))
    assert has_good_shape(put("member", length(1, "0xother")))
    assert has_good_shape(put("signature", length(1, length(1, b"x"))))


def test_actions_are_repeated_and_not_merged() -> None:
    halves = (
        length(ADD, length(1, MEMBER)),
        length(ADD, length(2, SIGNATURE) + length(3, SIGNATURE)),
    )
    assert verdict(update(*halves)) == BAD_SHAPE


@pytest.mark.parametrize("cut", [1, 2, 3, 4])
def test_each_occurrence_of_a_merged_message_is_decoded_alone(cut: int) -> None:
    """Two pieces that together are a message are not two messages."""
    whole = length(1, b"xyz")
    first, second = whole[:cut], whole[cut:]
    data = update(add_action(MEMBER, length(1, first) + length(1, second), SIGNATURE))
    assert verdict(data) == UNDECODABLE
    parts = length(2, SIGNATURE[:1]) + length(2, SIGNATURE[1:]) + length(3, SIGNATURE)
    assert verdict(update(length(ADD, length(1, MEMBER) + parts))) == UNDECODABLE
    add = GOOD_ADD[2:]
    data = update(length(ADD, add[:cut]) + length(ADD, add[cut:]))
    assert verdict(data) == UNDECODABLE


def test_the_last_of_repeated_numbers_and_strings_counts() -> None:
    action = length(
        CREATE,
        length(1, "first")
        + uint(2, 5)
        + length(3, SIGNATURE)
        + uint(4, 9)
        + uint(4, 1)
        + uint(2, 0)
        + length(1, "0x"),
    )
    data = update(action) + uint(2, 5) + length(3, "another") + length(3, INBOX)
    assert has_good_shape(data)
    assert verdict(update(action) + length(3, "another"))[1] == "wrong_inbox_id"


def test_one_update_may_have_its_fields_in_any_order() -> None:
    data = length(3, INBOX) + uint(2, 1) + length(1, GOOD_ADD)
    assert has_good_shape(data)
