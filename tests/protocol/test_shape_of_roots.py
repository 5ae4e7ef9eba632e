"""The shape of root updates: what the numbers of unions say to every client."""

from __future__ import annotations

import pytest
from tests.protocol.shapes import (
    BAD_SHAPE,
    CLIENTS,
    GOOD_ADD,
    MEMBER,
    SEVERAL,
    SIGNATURE,
    any_field,
    has_good_shape,
    judged,
    put,
    result_of,
    update,
    verdict,
)
from tests.support.protobuf import I32, I64, LEN, SGROUP, VARINT, length, uint
from tests.support.updates import (
    ADD,
    CHANGE,
    CREATE,
    REVOKE,
    add_action,
    change_action,
    create_action,
    revoke_action,
)


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
