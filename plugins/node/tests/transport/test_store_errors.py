"""What clients hear of a store that does not work: that, and not where it is."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import structlog
from tests.support.protobuf import length

from xmtp_identity_node.logs import configure
from xmtp_identity_node.status import status_of
from xmtp_identity_store.errors import (
    NoStore,
    StoreLocked,
    StoreUnavailable,
    StoreVersion,
    UnusableStore,
)
from xmtp_identity_store.store import Store

from .support import Client, creation, inbox_of, refused, serving

PLACE = "postgresql://db.internal:5432/logs: disk full"


@pytest.mark.parametrize(
    ("cls", "status", "http"),
    [
        (UnusableStore, "INTERNAL", 500),
        (NoStore, "INTERNAL", 500),
        (StoreVersion, "INTERNAL", 500),
        (StoreLocked, "UNAVAILABLE", 503),
        (StoreUnavailable, "UNAVAILABLE", 503),
    ],
)
def test_a_store_that_fails_is_the_nodes_failure_and_is_not_named(
    cls: type[UnusableStore], status: str, http: int
) -> None:
    found = status_of(cls(PLACE))
    assert (found.grpc.name, found.http, found.code) == (status, http, cls.code)
    assert "internal" not in found.detail
    assert "postgresql" not in found.detail


def test_the_log_says_once_a_second_what_is_wrong_with_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.StringIO()

    async def work(client: Client) -> None:
        await client.publish(creation(inbox_of("alice")))

        def fail(*_: object, **__: object) -> None:
            raise UnusableStore(PLACE)

        monkeypatch.setattr(Store, "updates", fail)
        for _ in range(3):
            answer = await refused(client.log("0" * 64))
            assert (answer.status, answer.code) == ("INTERNAL", "unusable_store")
            assert "db.internal" not in answer.detail
        status, body = await client.get("/v1/inboxes/" + "0" * 64 + "/history")
        assert (status, body["details"]) == (500, [{"reason": "unusable_store"}])
        assert "db.internal" not in body["message"]

    lines = logged(written, tmp_path, work)
    found = [line["detail"] for line in lines if line["event"] == "store_failed"]
    assert 1 <= len(found) < 4
    assert set(found) == {PLACE}


def test_a_traceback_in_the_log_holds_no_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may be the address of the database, or what a client sent."""
    written = io.StringIO()
    update = creation(inbox_of("alice")) + length(60, b"hunter2" * 10)

    async def work(client: Client) -> None:
        def fail(dsn: str = "postgresql://node:hunter2@db/logs") -> None:
            raise RuntimeError(dsn)

        async def broken(_: bytes) -> None:
            fail()

        monkeypatch.setattr(client.node.service._publisher, "publish", broken)
        assert (await refused(client.publish(update))).code == "internal_error"
        logging.getLogger("somebody.elses").error("what", exc_info=RuntimeError())

    lines = logged(written, tmp_path, work)
    assert [line for line in lines if line["event"] == "call_broke"]
    # Its words stand in the code, which a traceback shows; its values don't.
    assert "hunter2hunter2" not in written.getvalue()
    assert "RuntimeError('postgresql" not in written.getvalue()
    assert "dsn = " not in written.getvalue()


def logged(
    written: io.StringIO, folder: Path, work: Callable[[Client], Awaitable[None]]
) -> list[dict[str, str]]:
    """The lines that a node logs while something is done with it."""
    root = logging.getLogger()
    kept, level = root.handlers, root.level
    try:
        configure("info", written)
        serving(folder, work)
    finally:
        root.handlers = kept
        root.setLevel(level)
        structlog.reset_defaults()
    return [json.loads(line) for line in written.getvalue().splitlines()]
