"""The shape of root updates: what numbers alone decide, for every client alike.

Most updates here hold nonsense where identifiers and signatures stand: shape
is judged before anyone looks at them. A client without any kind discards
what has a good shape, which shows that shape was judged first.
"""

from __future__ import annotations

import pytest
from tests.support.leaf_kinds import full_registry, root_registry
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
from tests.support.updates import (
    ADD,
    CHANGE,
    CREATE,
    REVOKE,
    add_action,
    change_action,
    create_action,
    identity_update,
    revoke_action,
)

from xmtp_identity import Outcome, Registry, ReplayResult, replay

INBOX = "an inbox"
MEMBER = length(1, "0x")
SIGNATURE = length(1, b"")
GOOD_ADD = add_action(MEMBER, SIGNATURE, SIGNATURE)
NOBODY = Registry([])

CLIENTS = {
    "no kinds": NOBODY,
    "without passkeys": root_registry().without("passkey"),
    "root kinds": root_registry(),
    "all kinds": full_registry(),
}


def update(*actions: bytes) -> bytes:
    return identity_update(INBOX, actions)


def result_of(data: bytes | None, registry: Registry = NOBODY) -> ReplayResult:
    return replay(INBOX, [data], registry)


def judged(data: bytes | None) -> Outcome:
    """What every client makes of an update that shape decides."""
    results = [result_of(data, registry) for registry in CLIENTS.values()]
    assert len({str(result.outcomes) for result in results}) == 1, results
    assert all(result.state is None for result in results)
    return results[0].outcomes[0]


def verdict(data: bytes | None) -> tuple[str, str, bool]:
    outcome = judged(data)
    return (outcome.outcome.value, outcome.code, outcome.deviation)


def has_good_shape(data: bytes) -> bool:
    return result_of(data).outcomes[0].code == "kind_not_installed"


UNDECODABLE = ("rejected", "undecodable", False)
BAD_SHAPE = ("rejected", "bad_shape", False)
SEVERAL = ("rejected", "several_variants", True)
UNKNOWN = ("discarded", "unknown_number", False)


# Where bytes can be put into an update that is good without them


def _in_update(extra: bytes) -> bytes:
    return update(GOOD_ADD) + extra


def _in_action(extra: bytes) -> bytes:
    return update(GOOD_ADD + extra)


def _in_create(extra: bytes) -> bytes:
    return update(length(CREATE, length(3, SIGNATURE) + extra))


def _in_add(extra: bytes) -> bytes:
    parts = length(1, MEMBER) + length(2, SIGNATURE) + length(3, SIGNATURE)
    return update(length(ADD, parts + extra))


def _in_revoke(extra: bytes) -> bytes:
    return update(length(REVOKE, length(1, MEMBER) + length(2, SIGNATURE) + extra))


def _in_change(extra: bytes) -> bytes:
    return update(length(CHANGE, length(2, SIGNATURE) + extra))


def _in_member(extra: bytes) -> bytes:
    return update(add_action(MEMBER + extra, SIGNATURE, SIGNATURE))


def _in_signature(extra: bytes) -> bytes:
    return update(add_action(MEMBER, SIGNATURE + extra, SIGNATURE))


PLACES = {
    "update": (_in_update, {1: LEN, 2: VARINT, 3: LEN}),
    "action": (_in_action, {1: LEN, 2: LEN, 3: LEN, 4: LEN}),
    "create": (_in_create, {1: LEN, 2: VARINT, 3: LEN, 4: VARINT, 5: LEN}),
    "add": (_in_add, {1: LEN, 2: LEN, 3: LEN, 4: LEN}),
    "revoke": (_in_revoke, {1: LEN, 2: LEN}),
    "change": (_in_change, {1: LEN, 2: LEN, 3: VARINT, 4: LEN}),
    "member": (_in_member, {1: LEN, 2: LEN, 3: LEN}),
    "signature": (_in_signature, {1: LEN, 2: LEN, 3: LEN, 4: LEN, 5: LEN}),
}
"""How deep the messages stand, in this order: 0, 1, 2, 2, 2, 2, 3, 3."""

DEPTHS = dict(zip(PLACES, (0, 1, 2, 2, 2, 2, 3, 3), strict=True))
RECORDS = ("update", "create", "add", "revoke", "change")

each_place = pytest.mark.parametrize("place", PLACES)
each_record = pytest.mark.parametrize("place", RECORDS)


def put(place: str, extra: bytes) -> bytes:
    return PLACES[place][0](extra)


def any_field(number: int, wire_type: int) -> bytes:
    return {
        VARINT: uint(number, 1),
        I64: fixed64(number),
        LEN: length(number, b""),
        SGROUP: group(number),
        I32: fixed32(number),
    }[wire_type]


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


# 2. Unions


@pytest.mark.parametrize(
    "action",
    [
        pytest.param(b"", id="action"),
        pytest.param(length(ADD, b""), id="empty add"),
        pytest.param(length(REVOKE, b""), id="empty revoke"),
        pytest.param(length(CREATE, b""), id="empty create"),
        pytest.param(length(CHANGE, b""), id="empty change"),
        pytest.param(add_action(b"", SIGNATURE, SIGNATURE), id="member"),
        pytest.param(add_action(MEMBER, b"", SIGNATURE), id="existing signature"),
        pytest.param(add_action(MEMBER, SIGNATURE, b""), id="new signature"),
        pytest.param(revoke_action(b"", SIGNATURE), id="revoked member"),
        pytest.param(revoke_action(MEMBER, b""), id="revoker's signature"),
        pytest.param(create_action("0x", 0, b""), id="owner's signature"),
        pytest.param(change_action("0x", b""), id="recovery's signature"),
    ],
)
def test_a_union_that_holds_nothing_is_bad_shape(action: bytes) -> None:
    assert verdict(update(action)) == BAD_SHAPE
    assert verdict(update(GOOD_ADD, action)) == BAD_SHAPE
    # On the slow way, too.
    assert verdict(update(action) + uint(50, 1)) == BAD_SHAPE


def test_two_known_numbers_in_a_union_are_a_deviation() -> None:
    revoke = revoke_action(MEMBER, SIGNATURE)
    assert verdict(update(GOOD_ADD + revoke)) == SEVERAL
    assert verdict(update(revoke + GOOD_ADD)) == SEVERAL
    for place in ("member", "signature"):
        for number in (2, 3):
            assert verdict(put(place, length(number, b""))) == SEVERAL


def test_a_leaf_number_beside_a_known_one_is_a_deviation() -> None:
    for place in ("member", "signature"):
        for number in (100, 107, 999, 1000, 1999):
            for wire_type in (VARINT, I64, LEN, SGROUP, I32):
                data = put(place, any_field(number, wire_type))
                assert verdict(data) == SEVERAL


def test_a_field_given_twice_with_different_numbers_is_merged_and_refused() -> None:
    data = put("add", length(1, length(2, b"key")))
    assert verdict(data) == SEVERAL
    data = put("add", length(2, length(3, b"")))
    assert verdict(data) == SEVERAL


def test_an_unknown_number_beside_a_known_one_is_discarded_as_a_deviation() -> None:
    # The reference client does not see it and takes the known one.
    for place in ("member", "signature"):
        for number in (6, 50, 99, 2000, 1 << 28):
            outcome = judged(put(place, length(number, b"")))
            assert (outcome.outcome, outcome.code) == ("discarded", "several_variants")
            assert outcome.deviation
            assert outcome.numbers == ((place, number),)
            assert not result_of(put(place, length(number, b""))).authoritative


@pytest.mark.parametrize("number", [4, 5, 99, 2000, 536_870_911])
def test_an_unknown_member_number_is_discarded(number: int) -> None:
    for wire_type in (VARINT, I64, LEN, SGROUP, I32):
        member = any_field(number, wire_type)
        for action in (
            add_action(member, SIGNATURE, SIGNATURE),
            revoke_action(member, SIGNATURE),
        ):
            outcome = judged(update(action))
            assert (outcome.outcome, outcome.code) == ("discarded", "unknown_number")
            assert outcome.numbers == (("member", number),)


@pytest.mark.parametrize("number", [6, 7, 99, 2000, 536_870_911])
def test_an_unknown_signature_number_is_discarded(number: int) -> None:
    signature = length(number, b"")
    for action in (
        add_action(MEMBER, signature, SIGNATURE),
        add_action(MEMBER, SIGNATURE, signature),
        revoke_action(MEMBER, signature),
        create_action("0x", 0, signature),
        change_action("0x", signature),
    ):
        outcome = judged(update(action))
        assert (outcome.outcome, outcome.code) == ("discarded", "unknown_number")
        assert outcome.numbers == (("signature", number),)


@pytest.mark.parametrize("number", [5, 50, 100, 999, 1000, 1999, 2000, 536_870_911])
def test_every_action_number_but_1_to_4_is_unknown(number: int) -> None:
    outcome = judged(update(length(number, GOOD_ADD)))
    assert (outcome.outcome, outcome.code) == ("discarded", "unknown_number")
    assert outcome.numbers == (("action", number),)


@pytest.mark.parametrize("number", [3, 4, 99, 2000, -1, -100, 2**31 - 1, -(2**31)])
def test_an_unknown_identifier_kind_is_discarded_as_a_deviation(number: int) -> None:
    # The reference client reads it as Ethereum.
    for action in (
        create_action("0x", 0, SIGNATURE, number),
        change_action("0x", SIGNATURE, number),
    ):
        outcome = judged(update(action))
        assert (outcome.outcome, outcome.code) == ("discarded", "identifier_kind")
        assert outcome.deviation
        assert outcome.numbers == (("kind", number),)


@pytest.mark.parametrize("number", [100, 106, 107, 999, 1000, 1999])
def test_a_leaf_kind_as_owner_or_recovery_is_a_deviation(number: int) -> None:
    refused = ("rejected", "identifier_kind", True)
    assert verdict(update(create_action("0x", 0, SIGNATURE, number))) == refused
    assert verdict(update(change_action("0x", SIGNATURE, number))) == refused


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (1 << 32, 0),
        (1 << 32 | 1, 1),
        (0xFFFFFFFF_00000002, 2),
        (1 << 63 | 1, 1),
    ],
)
def test_of_an_identifier_kind_the_low_32_bits_count(written: int, read: int) -> None:
    data = update(change_action("0x", SIGNATURE, written))
    (outcome,) = result_of(data).outcomes
    assert outcome.code == "kind_not_installed"
    assert ("kind", read) in outcome.numbers


@pytest.mark.parametrize(
    ("written", "read"),
    [(1 << 32 | 3, 3), (0xFFFFFFFF, -1), (0x80000000, -(2**31)), (0x1_FFFFFFFF, -1)],
)
def test_an_unknown_kind_is_named_by_its_low_32_bits(written: int, read: int) -> None:
    outcome = judged(update(change_action("0x", SIGNATURE, written)))
    assert outcome.code == "identifier_kind"
    assert outcome.numbers == (("kind", read),)


@pytest.mark.parametrize("number", [100, 101, 106, 107, 999, 1000, 1999])
def test_a_leaf_number_in_actions_is_rejected(number: int) -> None:
    leaf = length(number, b"")
    refused = ("rejected", "leaf_in_actions", False)
    assert verdict(update(add_action(leaf, SIGNATURE, SIGNATURE))) == refused
    assert verdict(update(add_action(leaf, SIGNATURE, leaf))) == refused
    assert verdict(update(add_action(MEMBER, leaf, SIGNATURE))) == refused
    assert verdict(update(revoke_action(leaf, SIGNATURE))) == refused
    assert verdict(update(revoke_action(MEMBER, leaf))) == refused
    assert verdict(update(create_action("0x", 0, leaf))) == refused
    assert verdict(update(change_action("0x", leaf))) == refused


@pytest.mark.parametrize(
    "rejected",
    [
        pytest.param(add_action(length(100, b""), SIGNATURE, SIGNATURE), id="leaf"),
        pytest.param(b"", id="nothing"),
        pytest.param(add_action(b"", SIGNATURE, SIGNATURE), id="no member"),
        pytest.param(change_action("0x", length(4, b"")), id="legacy key"),
        pytest.param(change_action("a b", SIGNATURE), id="identifier text"),
    ],
)
@pytest.mark.parametrize(
    ("unknown", "number"),
    [
        (length(9, b""), ("action", 9)),
        (revoke_action(length(9, b""), SIGNATURE), ("member", 9)),
        (revoke_action(MEMBER, length(9, b"")), ("signature", 9)),
    ],
)
def test_unknown_numbers_are_looked_for_first_and_in_the_whole_update(
    rejected: bytes, unknown: bytes, number: tuple[str, int]
) -> None:
    for actions in ((rejected, unknown), (unknown, rejected)):
        outcome = judged(update(*actions))
        assert (outcome.outcome, outcome.code) == ("discarded", "unknown_number")
        assert outcome.numbers == (number,)


def test_an_unknown_number_within_an_ambiguous_action_is_found() -> None:
    action = revoke_action(length(9, b""), SIGNATURE) + GOOD_ADD
    outcome = judged(update(action))
    assert (outcome.outcome, outcome.numbers) == ("discarded", (("member", 9),))
    action = change_action("0x", SIGNATURE, 9) + GOOD_ADD
    outcome = judged(update(action))
    assert (outcome.outcome, outcome.numbers) == ("discarded", (("kind", 9),))


def test_all_unknown_numbers_are_named_once_and_in_order() -> None:
    actions = [
        revoke_action(length(9, b""), length(8, b"")),
        revoke_action(length(9, b""), length(7, b"")),
        length(6, b""),
        change_action("0x", SIGNATURE, 5),
    ]
    assert judged(update(*actions)).numbers == (
        ("action", 6),
        ("kind", 5),
        ("member", 9),
        ("signature", 7),
        ("signature", 8),
    )


def test_many_unknown_numbers_do_not_make_a_long_sentence() -> None:
    outcome = judged(update(*[length(number, b"") for number in range(5, 1005)]))
    assert len(outcome.numbers) == 1000
    assert len(outcome.detail) < 200
    assert "and 992 more" in outcome.detail


def test_a_discarded_root_update_makes_the_state_uncertain() -> None:
    for registry in CLIENTS.values():
        result = result_of(update(length(9, b"")), registry)
        assert not result.authoritative
        assert result.missing == ()
        assert result.stopped_at is None


def test_a_root_kind_that_is_not_installed_is_discarded_after_shape() -> None:
    passkey = length(3, length(1, b"key"))
    signature = length(5, b"")
    good = update(add_action(passkey, SIGNATURE, signature))
    result = result_of(good, CLIENTS["without passkeys"])
    (outcome,) = result.outcomes
    assert (outcome.outcome, outcome.code) == ("discarded", "kind_not_installed")
    assert outcome.numbers == (("member", 3), ("signature", 5))
    assert not result.authoritative
    bad = update(add_action(passkey, SIGNATURE, signature), b"")
    assert verdict(bad) == BAD_SHAPE


def test_an_owner_of_a_kind_that_is_not_installed_is_discarded() -> None:
    owner = update(create_action("ab", 0, length(5, b""), 2))
    (outcome,) = result_of(owner, CLIENTS["without passkeys"]).outcomes
    assert outcome.numbers == (("kind", 2), ("signature", 5))


@pytest.mark.parametrize(
    "action",
    [
        pytest.param(add_action(MEMBER, SIGNATURE, length(4, b"")), id="newcomer"),
        pytest.param(add_action(MEMBER, length(4, b""), SIGNATURE), id="adds a wallet"),
        pytest.param(
            add_action(length(3, b""), length(4, b""), length(5, b"")),
            id="adds a passkey",
        ),
        pytest.param(create_action("0x", 1, length(4, b"")), id="nonce 1"),
        pytest.param(revoke_action(MEMBER, length(4, b"")), id="revokes"),
        pytest.param(change_action("0x", length(4, b"")), id="changes recovery"),
    ],
)
def test_a_legacy_key_where_numbers_show_its_misuse_is_a_deviation(
    action: bytes,
) -> None:
    assert verdict(update(action)) == ("rejected", "legacy_key", True)
    assert verdict(update(GOOD_ADD, action)) == ("rejected", "legacy_key", True)


def test_a_legacy_key_creates_with_nonce_0_and_adds_installations() -> None:
    app = length(2, b"")
    assert has_good_shape(update(create_action("0x", 0, length(4, b""))))
    assert has_good_shape(update(add_action(app, length(4, b""), length(3, b""))))


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
