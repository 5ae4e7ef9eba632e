"""XMTP's real client reads what `xid inbox` wrote."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from tests.interop.oracle import Libxmtp

from xmtp_identity.logfile import read_logs

from .desk import LOG, Desk, identifier, value


@pytest.fixture(scope="module")
def libxmtp() -> Iterator[Libxmtp]:
    """XMTP's real client; where CI is set, missing Node.js is a failure."""
    if shutil.which("node") is None and not os.environ.get("CI"):
        pytest.skip("node is not installed, so XMTP's real client can't run")
    with Libxmtp() as client:
        yield client


def test_the_state_after_each_command_is_the_same_there(
    desk: Desk, libxmtp: Libxmtp
) -> None:
    by_heir = ("--log", LOG, "--as", "phone.key")
    desk.create("--installation", "app.key")
    desk.ok("inbox", "link", "--log", LOG, "--as", "app.key", "phone.key")
    desk.ok("inbox", "link", *by_heir, "friend.key", "tablet.key")
    desk.ok(*desk.act("revoke", "friend.key"))
    desk.ok(*desk.act("rotate", "phone.key"))
    desk.ok("inbox", "revoke", *by_heir, "owner.key")
    ((inbox_id, log),) = read_logs(LOG)
    prefixes = [(inbox_id, log[:end]) for end in range(1, len(log) + 1)]
    answers = libxmtp.read(prefixes)
    seen = [
        {
            "identifiers": [one["identifier"] for one in state["identifiers"]],
            "installations": [one["id"] for one in state["installations"]],
            "recovery": state["recovery"]["identifier"],
        }
        for state in (answer["state"] for answer in answers)
    ]
    owner, friend, phone = (value(f"{n}.key") for n in ("owner", "friend", "phone"))
    app, tablet = value("app.key"), value("tablet.key")

    def state(identifiers: list[str], apps: list[str], recovery: str) -> object:
        return {
            "identifiers": identifiers,
            "installations": sorted(apps),
            "recovery": recovery,
        }

    wallets = sorted([owner, friend])
    assert seen == [
        state([owner], [app], owner),
        state([owner, phone], [app], owner),
        state([*wallets, phone], [app, tablet], owner),
        state([owner, phone], [app, tablet], owner),
        state([owner, phone], [app, tablet], phone),
        # The app that the owner brought along goes with the owner.
        state([phone], [tablet], phone),
    ]
    assert desk.members() == {phone, tablet}
    assert identifier("phone.key").kind == answers[-1]["state"]["recovery"]["kind"]
