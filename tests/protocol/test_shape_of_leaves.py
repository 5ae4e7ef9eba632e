"""The shape of leaf updates, and that nothing in them touches the root."""

from __future__ import annotations

import pytest
from tests.support.leaf_kinds import full_registry, root_registry
from tests.support.protobuf import (
    EGROUP,
    LEN,
    VARINT,
    fixed32,
    fixed64,
    group,
    groups,
    length,
    tag,
    uint,
)
from tests.support.updates import (
    ADD,
    add_action,
    change_action,
    create_action,
    identity_update,
    revoke_action,
)

from xmtp_identity import Outcome, Registry, ReplayResult, replay

INBOX = "an inbox"
LEAF = length(1000, b"leaf")
ROOT = length(1, b"")
GOOD_ADD = add_action(LEAF, ROOT, LEAF)
GOOD_REVOKE = revoke_action(LEAF, ROOT)

CLIENTS = {
    "no kinds": Registry([]),
    "installations": root_registry().without("ethereum", "passkey"),
    "root kinds": root_registry(),
    "all kinds": full_registry(),
}

BAD_SHAPE = ("rejected", "bad_shape")
MIXED = ("rejected", "mixed_kinds")
UNDECODABLE = ("rejected", "undecodable")


def leaf_update(*actions: bytes) -> bytes:
    return identity_update(INBOX, leaf_actions=actions)


def result_of(data: bytes, registry: Registry) -> ReplayResult:
    return replay(INBOX, [data], registry)


def judged(data: bytes) -> Outcome:
    """What every client makes of an update that shape decides."""
    results = [result_of(data, registry) for registry in CLIENTS.values()]
    assert len({str(result.outcomes) for result in results}) == 1, results
    for result in results:
        check_root_untouched(result)
    return results[0].outcomes[0]


def check_root_untouched(result: ReplayResult) -> None:
    assert result.state is None
    assert result.authoritative
    assert result.deviates is None
    assert result.stopped_at is None
    assert not any(outcome.deviation for outcome in result.outcomes)


def verdict(data: bytes) -> tuple[str, str]:
    outcome = judged(data)
    return (outcome.outcome.value, outcome.code)


def discarded(data: bytes, client: str = "no kinds") -> tuple[tuple[str, int], ...]:
    """The numbers for which a client discards an update of good shape."""
    result = result_of(data, CLIENTS[client])
    check_root_untouched(result)
    (outcome,) = result.outcomes
    assert (outcome.outcome, outcome.code) == ("discarded", "kind_not_installed")
    return outcome.numbers


def test_adds_and_revokes_of_one_leaf_kind_have_a_good_shape() -> None:
    lacking = (("member", 1000), ("signature", 1))
    assert discarded(leaf_update(GOOD_ADD)) == lacking
    assert discarded(leaf_update(GOOD_REVOKE)) == lacking
    assert discarded(leaf_update(GOOD_ADD, GOOD_REVOKE, GOOD_ADD)) == lacking


@pytest.mark.parametrize("number", [100, 101, 106, 107, 500, 999, 1000, 1999])
def test_every_leaf_number_can_be_the_kind(number: int) -> None:
    leaf = length(number, b"x")
    data = leaf_update(add_action(leaf, ROOT, leaf), revoke_action(leaf, ROOT))
    assert ("member", number) in discarded(data)


def test_a_kind_that_is_lacking_is_named_once_by_its_number() -> None:
    for client in ("no kinds", "installations"):
        data = leaf_update(GOOD_ADD, GOOD_REVOKE)
        assert discarded(data, client) == (("member", 1000), ("signature", 1))
    assert discarded(leaf_update(GOOD_ADD), "root kinds") == (("member", 1000),)


@pytest.mark.parametrize("number", [6, 7, 50, 99])
@pytest.mark.parametrize("client", ["root kinds", "all kinds"])
def test_a_root_signature_that_is_lacking_is_discarded_by_its_number(
    number: int, client: str
) -> None:
    authority = length(number, b"")
    numbers = discarded(leaf_update(add_action(LEAF, authority, LEAF)), client)
    assert ("signature", number) in numbers
    assert len(numbers) == (1 if client == "all kinds" else 2)
    assert ("signature", number) in discarded(
        leaf_update(revoke_action(LEAF, authority)), client
    )
    both = (add_action(LEAF, authority, LEAF), revoke_action(LEAF, authority))
    assert discarded(leaf_update(*both), client) == numbers


def test_a_lacking_root_signature_may_have_any_wire_type() -> None:
    for authority in (uint(7, 1), fixed64(7), fixed32(7), group(7)):
        data = leaf_update(revoke_action(LEAF, authority))
        assert ("signature", 7) in discarded(data)


@pytest.mark.parametrize(
    "action",
    [
        pytest.param(create_action("0x", 0, ROOT), id="create"),
        pytest.param(change_action("0x", ROOT), id="change recovery"),
        pytest.param(b"", id="empty action"),
        pytest.param(length(5, GOOD_ADD), id="unknown action"),
        pytest.param(length(100, GOOD_ADD), id="action 100"),
        pytest.param(GOOD_ADD + GOOD_REVOKE, id="two actions in one"),
        pytest.param(GOOD_ADD + length(5, b""), id="known and unknown action"),
        pytest.param(length(ADD, b""), id="empty add"),
        pytest.param(add_action(length(1, b"0x"), ROOT, LEAF), id="root member"),
        pytest.param(add_action(length(50, b""), ROOT, LEAF), id="member 50"),
        pytest.param(add_action(length(2000, b""), ROOT, LEAF), id="member 2000"),
        pytest.param(
            add_action(length(2000, b""), ROOT, length(2000, b"")), id="kind 2000"
        ),
        pytest.param(add_action(b"", ROOT, LEAF), id="no member"),
        pytest.param(add_action(LEAF + ROOT, ROOT, LEAF), id="leaf and root member"),
        pytest.param(
            add_action(LEAF + length(1001, b""), ROOT, LEAF), id="two leaf members"
        ),
        pytest.param(add_action(LEAF, ROOT, ROOT), id="newcomer signs as root"),
        pytest.param(add_action(LEAF, ROOT, b""), id="newcomer does not sign"),
        pytest.param(add_action(LEAF, ROOT, LEAF + ROOT), id="newcomer signs twice"),
        pytest.param(add_action(LEAF, ROOT, length(2000, b"")), id="newcomer 2000"),
        pytest.param(add_action(LEAF, LEAF, LEAF), id="a leaf authorises"),
        pytest.param(add_action(LEAF, length(4, b""), LEAF), id="a legacy key adds"),
        pytest.param(add_action(LEAF, length(2000, b""), LEAF), id="adder 2000"),
        pytest.param(add_action(LEAF, b"", LEAF), id="nobody authorises"),
        pytest.param(add_action(LEAF, ROOT + length(3, b""), LEAF), id="two adders"),
        pytest.param(revoke_action(length(1, b"0x"), ROOT), id="revokes a root member"),
        pytest.param(revoke_action(b"", ROOT), id="revokes nobody"),
        pytest.param(revoke_action(LEAF, LEAF), id="a leaf revokes"),
        pytest.param(revoke_action(LEAF, b""), id="nobody revokes"),
        pytest.param(revoke_action(LEAF, length(4, b"")), id="a legacy key revokes"),
        pytest.param(revoke_action(LEAF, length(2000, b"")), id="revoker 2000"),
    ],
)
def test_whatever_else_a_leaf_update_holds_is_bad_shape(action: bytes) -> None:
    assert verdict(leaf_update(action)) == BAD_SHAPE
    assert verdict(leaf_update(GOOD_ADD, action)) == BAD_SHAPE
    assert verdict(leaf_update(action, GOOD_ADD)) == BAD_SHAPE


@pytest.mark.parametrize("other", [100, 107, 1001, 1999])
def test_two_leaf_kinds_in_one_update_are_mixed_kinds(other: int) -> None:
    leaf = length(other, b"")
    assert verdict(leaf_update(GOOD_ADD, add_action(leaf, ROOT, leaf))) == MIXED
    assert verdict(leaf_update(GOOD_ADD, revoke_action(leaf, ROOT))) == MIXED
    assert verdict(leaf_update(GOOD_REVOKE, revoke_action(leaf, ROOT))) == MIXED
    assert verdict(leaf_update(add_action(LEAF, ROOT, leaf))) == MIXED
    assert verdict(leaf_update(add_action(leaf, ROOT, LEAF))) == MIXED


def test_an_empty_leaf_action_list_is_no_action() -> None:
    assert verdict(identity_update(INBOX)) == ("rejected", "no_actions")


@pytest.mark.parametrize("number", [100, 107, 1000, 1999])
def test_a_leaf_number_with_the_wrong_wire_type_is_undecodable(number: int) -> None:
    for wrong in (uint(number, 1), fixed64(number), fixed32(number), group(number)):
        leaf = length(number, b"")
        assert verdict(leaf_update(add_action(wrong, ROOT, leaf))) == UNDECODABLE
        assert verdict(leaf_update(add_action(leaf, ROOT, wrong))) == UNDECODABLE
        assert verdict(leaf_update(revoke_action(wrong, ROOT))) == UNDECODABLE


def test_what_hides_in_a_leaf_identifier_does_not_spoil_the_update() -> None:
    for junk in (b"", b"\xff" * 40, tag(1, VARINT) + b"\xff" * 11, groups(9, 500)):
        leaf = length(1000, junk)
        data = leaf_update(add_action(leaf, ROOT, leaf))
        assert discarded(data, "root kinds") == (("member", 1000),)


@pytest.mark.parametrize(
    ("extra", "code"),
    [
        pytest.param(groups(50, 33), "nesting_too_deep", id="nesting"),
        pytest.param(length(50, b"", tag_size=6), "overlong_varint", id="tag"),
        pytest.param(length(50, b"", size=6), "overlong_varint", id="length"),
        pytest.param(tag(50, VARINT) + b"\xff" * 10, "undecodable", id="varint"),
        pytest.param(tag(50, LEN) + b"\x05", "undecodable", id="cut"),
        pytest.param(tag(50, EGROUP), "undecodable", id="group"),
    ],
)
def test_what_can_not_be_decoded_inside_leaf_actions_is_no_deviation(
    extra: bytes, code: str
) -> None:
    # The reference client passes over field 100, whatever is in it.
    add = length(ADD, length(1, LEAF) + length(2, ROOT) + length(3, LEAF) + extra)
    assert verdict(leaf_update(add)) == ("rejected", code)
    assert verdict(leaf_update(GOOD_ADD + extra)) == ("rejected", code)
    root = add_action(LEAF, length(1, extra), LEAF)
    if code == "undecodable":
        assert result_of(leaf_update(root), CLIENTS["all kinds"]).deviates is None


def test_repeated_messages_are_merged_in_leaf_updates_too() -> None:
    merged = length(ADD, length(1, LEAF)) + length(
        ADD, length(2, ROOT) + length(3, LEAF) + length(1, b"")
    )
    assert ("member", 1000) in discarded(leaf_update(merged))
    twice = add_action(LEAF + length(1000, b"again"), ROOT, LEAF)
    assert ("member", 1000) in discarded(leaf_update(twice))
    halves = (length(ADD, length(1, LEAF)), length(ADD, length(2, ROOT)))
    assert verdict(leaf_update(*halves)) == BAD_SHAPE


def test_unknown_fields_of_records_in_leaf_updates_are_ignored() -> None:
    for extra in (uint(50, 1), fixed64(50), length(50, b""), group(50), fixed32(50)):
        add = length(ADD, length(1, LEAF) + length(2, ROOT) + length(3, LEAF) + extra)
        assert ("member", 1000) in discarded(leaf_update(add) + extra)
