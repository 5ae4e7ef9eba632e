"""What the tests of traps have in common."""

from __future__ import annotations

import pytest
from tests.protocol.cast import APP, KEY, OTHER, OWNER
from tests.support.chain import StubChain
from tests.support.leaf_kinds import full_registry
from tests.support.protobuf import length
from tests.support.results import APPLIED, briefs, run
from tests.support.signers import Signer, smart_wallet
from tests.support.updates import Add, Inbox, Raw, add_action

from xmtp_identity import ReplayResult, replay
from xmtp_identity.kinds import Context

STUB: Context = {"ethereum": StubChain()}


def inbox_of_two() -> Inbox:
    inbox = Inbox(OWNER)
    inbox.append(Add(OTHER, OWNER))
    return inbox


def refused(inbox: Inbox, context: Context | None = None) -> tuple[str, bool]:
    """The code of the last entry, which changed nothing, and if it deviates."""
    result = run(inbox, context)
    assert set(briefs(result)[:-1]) == {APPLIED}
    outcome = result.outcomes[-1]
    assert outcome.outcome == "rejected"
    before = replay(inbox.inbox_id, inbox.log[:-1], full_registry(), context=context)
    assert result.state == before.state
    assert (result.deviates is not None) is outcome.deviation
    return (outcome.code, outcome.deviation)


def applied(inbox: Inbox, context: Context | None = None) -> ReplayResult:
    result = run(inbox, context)
    assert set(briefs(result)) == {APPLIED}, briefs(result)
    assert result.deviates is None
    return result


def with_extra(signer: Signer, extra: bytes) -> Raw:
    """An add of ``signer`` whose signature holds ``extra`` inside the variant."""

    def make(text: bytes) -> bytes:
        number, size = signer.sign(text)[0] >> 3, _header(signer.sign(text))
        content = signer.sign(text)[size:] + extra
        return add_action(signer.member, OWNER.sign(text), length(number, content))

    return Raw(signer.link, make)


def _header(variant: bytes) -> int:
    size = 2
    while variant[size - 1] & 0x80:
        size += 1
    return size


SIGNERS = {
    "erc_191": OTHER,
    "erc_6492": smart_wallet("safe"),
    "installation_key": APP,
    "passkey": KEY,
}
each_signer = pytest.mark.parametrize("signer", SIGNERS.values(), ids=list(SIGNERS))


def add_as(signer: Signer, member: bytes) -> Raw:
    return Raw(
        signer.link,
        lambda text: add_action(member, OWNER.sign(text), signer.sign(text)),
    )
