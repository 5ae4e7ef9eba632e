"""Reading the payload of a variant as strictly as the reference client does."""

from __future__ import annotations

from random import Random

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st
from tests.support.protobuf import (
    EGROUP,
    I32,
    I64,
    LEN,
    SGROUP,
    VARINT,
    fixed32,
    fixed64,
    group,
    groups,
    length,
    tag,
    uint,
    varint,
)
from tests.support.wire import seeds, well_formed

from xmtp_identity.errors import Undecodable
from xmtp_identity.v1.identity_pb2 import (
    AddAssociation,
    CreateInbox,
    IdentityUpdate,
    RecoverableEd25519Signature,
)
from xmtp_identity.wire.scan import MAX_DEPTH, fields, read_varint, strict_parse

GOOD = length(1, b"signature") + length(2, b"key")


def refused(data: bytes, *, depth: int = 4) -> tuple[str, bool]:
    with pytest.raises(Undecodable) as error:
        strict_parse(RecoverableEd25519Signature, data, depth=depth)
    return (error.value.code, error.value.deviation)


def test_a_canonical_payload_is_parsed() -> None:
    message = strict_parse(RecoverableEd25519Signature, GOOD)
    assert (message.bytes, message.public_key) == (b"signature", b"key")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(length(2, b"key") + length(1, b"signature"), id="order"),
        pytest.param(length(1, b"junk") + GOOD, id="repeated"),
        pytest.param(GOOD + uint(9, 1) + fixed64(9) + fixed32(9), id="unknown"),
        pytest.param(GOOD + group(9, group(1)), id="unknown group"),
        pytest.param(length(1, b"x", tag_size=5, size=5), id="padded"),
    ],
)
def test_what_a_lenient_decoder_takes_is_parsed_without_unknown_fields(
    data: bytes,
) -> None:
    message = strict_parse(RecoverableEd25519Signature, data)
    expected = RecoverableEd25519Signature.FromString(data)
    expected.DiscardUnknownFields()
    assert message == expected
    assert message.ByteSize() == expected.ByteSize()


@pytest.mark.parametrize(
    "bad",
    [
        uint(1, 1),
        fixed64(2),
        fixed32(1),
        group(2),
        tag(3, VARINT) + b"\xff" * 9 + b"\x02",
        tag(3, LEN) + b"\x05",
        tag(3, SGROUP),
        tag(3, EGROUP),
        tag(0, VARINT) + b"\x00",
        tag(3, 6),
        varint(1 << 33),
        b"\x80",
    ],
    ids=bytes.hex,
)
def test_what_prost_refuses_is_undecodable(bad: bytes) -> None:
    for data in (bad, GOOD + bad, bad + GOOD):
        assert refused(data) == ("undecodable", False)


def test_depth_is_counted_from_where_the_payload_stands() -> None:
    for depth in (0, 4, 31, 32):
        room = MAX_DEPTH - depth
        strict_parse(RecoverableEd25519Signature, groups(9, room), depth=depth)
        too_deep = ("nesting_too_deep", True)
        assert refused(groups(9, room + 1), depth=depth) == too_deep


def test_messages_count_as_depth_like_groups() -> None:
    nested = length(1, length(2, length(1, length(2, b"key"))))
    strict_parse(IdentityUpdate, nested, depth=0)
    strict_parse(IdentityUpdate, nested + uint(9, 1), depth=MAX_DEPTH - 3)
    with pytest.raises(Undecodable) as error:
        strict_parse(IdentityUpdate, nested + uint(9, 1), depth=MAX_DEPTH - 2)
    assert error.value.code == "nesting_too_deep"


def test_very_deep_groups_are_refused_without_a_deep_stack() -> None:
    assert refused(groups(9, 200_000)) == ("nesting_too_deep", True)


def test_strings_must_be_utf8_in_each_occurrence() -> None:
    for bad in (b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80"):
        for data in (length(4, bad), length(4, bad) + length(4, "good")):
            with pytest.raises(Undecodable) as error:
                strict_parse(AddAssociation, data)
            assert "relying_party" in error.value.detail
    strict_parse(AddAssociation, length(4, b"\xef\xbf\xbf"))


def test_nested_messages_are_checked_too() -> None:
    for inner in (length(2, length(3, uint(1, 1))), length(1, uint(2, 1))):
        with pytest.raises(Undecodable):
            strict_parse(AddAssociation, inner)


def test_an_enum_takes_a_varint_of_any_value() -> None:
    for value in (0, 99, 2**64 - 1):
        strict_parse(CreateInbox, uint(4, value))
    for wrong in (length(4, b"\x01"), fixed32(4), fixed64(4)):
        with pytest.raises(Undecodable):
            strict_parse(CreateInbox, wrong)


@given(st.binary(max_size=60))
def test_any_bytes_are_parsed_or_undecodable(data: bytes) -> None:
    for cls in (RecoverableEd25519Signature, AddAssociation, IdentityUpdate):
        try:
            message = strict_parse(cls, data)
        except Undecodable:
            continue
        # Whatever is taken, a lenient decoder takes and reads alike.
        expected = cls.FromString(data)
        expected.DiscardUnknownFields()
        assert message.SerializeToString() == expected.SerializeToString()


@given(seeds)
def test_a_well_formed_message_is_refused_for_its_wire_types_alone(seed: int) -> None:
    data = well_formed(Random(seed))
    known = [wire for n, wire, _, _ in fields(data, 0) if n in {1, 2}]
    if all(wire_type == LEN for wire_type in known):
        strict_parse(RecoverableEd25519Signature, data)
    else:
        assert refused(data) == ("undecodable", False)


# The parts


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"\x00", 0),
        (b"\x7f", 127),
        (b"\x80\x01", 128),
        (b"\x80\x00", 0),
        (b"\xff" * 9 + b"\x01", 2**64 - 1),
        (b"\x80" * 9 + b"\x00", 0),
    ],
)
def test_a_varint_has_up_to_64_bits_in_up_to_ten_bytes(data: bytes, value: int) -> None:
    assert read_varint(data + b"rest", 0, len(data) + 4) == (value, len(data))


@pytest.mark.parametrize(
    "data",
    [b"", b"\x80", b"\xff" * 9 + b"\x02", b"\x80" * 10 + b"\x00", b"\xff" * 10],
)
def test_a_longer_varint_is_undecodable(data: bytes) -> None:
    with pytest.raises(Undecodable):
        read_varint(data, 0, len(data))


def test_a_varint_does_not_reach_beyond_the_end() -> None:
    with pytest.raises(Undecodable):
        read_varint(b"\x80\x01", 0, 1)


def test_fields_say_where_each_value_lies() -> None:
    data = uint(1, 300) + length(2, b"ab") + group(3, uint(1, 1)) + fixed32(4, 7)
    found = [(n, w, data[start:end]) for n, w, start, end in fields(data, 0)]
    assert found == [
        (1, VARINT, b"\xac\x02"),
        (2, LEN, b"ab"),
        (3, SGROUP, uint(1, 1)),
        (4, I32, b"\x07\x00\x00\x00"),
    ]
    assert [w for _, w, _, _ in fields(fixed64(5), 0)] == [I64]


@given(seeds)
def test_fields_cover_the_whole_message(seed: int) -> None:
    data = well_formed(Random(seed))
    position = 0
    for number, wire_type, start, end in fields(data, 0):
        head = tag(number, wire_type)
        if wire_type == LEN:
            head += varint(end - start)
        assert data[position:start] == head
        position = end
    assert position == len(data)


@given(st.binary(max_size=40))
def test_whatever_the_scan_takes_protobufs_runtime_takes(data: bytes) -> None:
    """The runtime is the more lenient of the two."""
    try:
        list(fields(data, 0))
    except Undecodable:
        return
    try:
        RecoverableEd25519Signature.FromString(data)
    except DecodeError:
        pytest.fail("upb refuses what the scan takes")
