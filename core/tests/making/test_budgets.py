"""How many updates a log may have, and how large one may be."""

from __future__ import annotations

from typing import Final

import pytest

from xmtp_identity.admission import (
    DEFENCE_BUDGET,
    LEAF_BUDGET,
    MAX_UPDATE_BYTES,
    ROOT_BUDGET,
    admit,
)
from xmtp_identity.builder import (
    AddMember,
    ChangeRecoveryIdentifier,
    PlannedAction,
    RevokeMember,
)
from xmtp_identity.errors import NotAdmitted

from .inboxes import OWNER, Inbox, values
from .keys import REGISTRY, Key, Leaf

FRIEND: Final = Key("friend")
LEAF: Final = Leaf("leaf")
ADD_FRIEND: Final = AddMember(FRIEND.identifier, OWNER.identifier)
REVOKE_FRIEND: Final = RevokeMember(FRIEND.identifier, OWNER.identifier)
ROTATE: Final = ChangeRecoveryIdentifier(FRIEND.identifier, OWNER.identifier)
ADD_LEAF: Final = AddMember(LEAF.identifier, OWNER.identifier)
REVOKE_LEAF: Final = RevokeMember(LEAF.identifier, OWNER.identifier)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox(FRIEND, LEAF).create()


def test_the_budgets_make_up_what_a_log_of_xmtp_s_node_may_hold() -> None:
    assert ROOT_BUDGET + LEAF_BUDGET == 256
    assert (ROOT_BUDGET, DEFENCE_BUDGET, LEAF_BUDGET) == (192, 16, 64)


def test_a_log_can_be_filled_to_its_budgets_and_defended_to_the_last() -> None:
    """With every entry signed, admitted and replayed."""
    inbox = Inbox(FRIEND, LEAF).create()
    for turn in range(1, LEAF_BUDGET + 1):
        inbox.append(ADD_LEAF if turn % 2 else REVOKE_LEAF)
    assert _code(inbox, ADD_LEAF) == _code(inbox, REVOKE_LEAF) == "log_full"
    inbox.append(ROTATE)
    inbox.append(ChangeRecoveryIdentifier(OWNER.identifier, FRIEND.identifier))
    while len(inbox.log) - LEAF_BUDGET < ROOT_BUDGET - DEFENCE_BUDGET:
        inbox.append(ADD_FRIEND)
    assert _code(inbox, ADD_FRIEND) == "log_full"
    assert _code(inbox, REVOKE_FRIEND, ADD_FRIEND) == "log_full"
    for turn in range(DEFENCE_BUDGET):
        inbox.append(*([REVOKE_FRIEND], [ROTATE, _back()])[turn % 2])
    assert _code(inbox, REVOKE_FRIEND) == _code(inbox, ROTATE) == "log_full"
    assert len(inbox.log) == ROOT_BUDGET + LEAF_BUDGET
    result = inbox.replay()
    assert {one.code for one in result.outcomes} == {""}
    # Replay knows no budget.
    more = inbox.signed(ADD_FRIEND).encode()
    assert FRIEND.identifier.value in values(inbox.replay(more).state)


def _back() -> ChangeRecoveryIdentifier:
    return ChangeRecoveryIdentifier(OWNER.identifier, FRIEND.identifier)


def _code(inbox: Inbox, *actions: PlannedAction) -> str:
    request = inbox.signed(*actions)
    with pytest.raises(NotAdmitted) as foreseen:
        request.foresee()
    with pytest.raises(NotAdmitted) as caught:
        request.finish()
    assert foreseen.value.code == caught.value.code
    return caught.value.code


ROOM: dict[str, tuple[int, int, dict[str, bool]]] = {
    "the last but the defence": (
        175,
        0,
        {"add": True, "revoke": True, "rotate": True, "leaf": True},
    ),
    "the first of the defence": (
        176,
        0,
        {"add": False, "revoke": True, "rotate": True, "leaf": True},
    ),
    "the last of the defence": (
        191,
        0,
        {"add": False, "revoke": True, "rotate": True, "leaf": True},
    ),
    "no root entry": (
        192,
        0,
        {"add": False, "revoke": False, "rotate": False, "leaf": True},
    ),
    "the last leaf entry": (
        1,
        63,
        {"add": True, "revoke": True, "rotate": True, "leaf": True},
    ),
    "no leaf entry": (
        1,
        64,
        {"add": True, "revoke": True, "rotate": True, "leaf": False},
    ),
}


@pytest.mark.parametrize("name", ROOM)
def test_who_finds_room_in_a_log_hangs_on_what_it_holds(
    inbox: Inbox, name: str
) -> None:
    roots, leaves, expected = ROOM[name]
    snapshot = inbox.full_of(roots=roots - 1, leaves=leaves)
    actions: dict[str, PlannedAction] = {
        "add": ADD_FRIEND,
        "revoke": REVOKE_FRIEND,
        "rotate": ROTATE,
        "leaf": ADD_LEAF,
    }
    codes = {}
    for title, action in actions.items():
        request = inbox.signed(action, snapshot=snapshot)
        try:
            request.finish()
        except NotAdmitted as error:
            codes[title] = error.code
    full = {title for title, has_room in expected.items() if not has_room}
    assert codes == dict.fromkeys(full, "log_full")


def test_entries_that_were_never_applied_fill_a_log_too(inbox: Inbox) -> None:
    for _ in range(ROOT_BUDGET - DEFENCE_BUDGET - 1):
        inbox.log.append(None)
    inbox.snapshot = inbox.replay().snapshot
    assert _code(inbox, ADD_FRIEND) == "log_full"


def test_an_update_of_the_largest_size_is_admitted_and_no_larger_one(
    inbox: Inbox,
) -> None:
    update = inbox.signed(ADD_FRIEND).encode()
    room = MAX_UPDATE_BYTES - len(update)
    field = b"\xfa\x01" + _length(room - 5)
    largest = update + field
    assert len(largest) == MAX_UPDATE_BYTES
    admit(largest, inbox.inbox_id, inbox.snapshot, REGISTRY)
    larger = largest + b"\xf8\x01\x00"
    with pytest.raises(NotAdmitted) as caught:
        admit(larger, inbox.inbox_id, inbox.snapshot, REGISTRY)
    assert caught.value.code == "update_too_large"
    assert inbox.replay(larger).outcomes[-1].code == ""


def _length(size: int) -> bytes:
    """A length of three bytes, and as many bytes."""
    return bytes((size & 0x7F | 0x80, size >> 7 & 0x7F | 0x80, size >> 14)) + bytes(
        size
    )
