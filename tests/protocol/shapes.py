"""Root updates that hold nonsense where identifiers and signatures stand.

Shape is judged before anyone looks at them. A client without any kind discards
what has a good shape, which shows that shape was judged first.
"""

from __future__ import annotations

import pytest
from tests.support.leaf_kinds import full_registry, root_registry
from tests.support.protobuf import (
    I32,
    I64,
    LEN,
    SGROUP,
    VARINT,
    fixed32,
    fixed64,
    group,
    length,
    uint,
)
from tests.support.updates import (
    ADD,
    CHANGE,
    CREATE,
    REVOKE,
    add_action,
    identity_update,
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
