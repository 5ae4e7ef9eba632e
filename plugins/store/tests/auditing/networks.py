"""Small networks in stores, and all that an audit left of them."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import select
from tests.benchmarks.synthetic import MIX, fill, network

from xmtp_identity import Registry, load_registry
from xmtp_identity_store.auditing import Audited, Report, audit, begin
from xmtp_identity_store.schema import audit_parts, audited, inboxes
from xmtp_identity_store.store import Store
from xmtp_identity_store.upgrade import upgrade

CLIENT = ("ethereum", "passkey")
PLUGINS = ",".join([*CLIENT, "store"])
MANY = MIX._replace(solana=0, again=0.2, broken=0.1, empty=0.05, revoked=0.3, many=0)


@cache
def registry() -> Registry:
    return load_registry(allow=CLIENT, strict=True)


@cache
def logs(count: int) -> list[tuple[str, list[bytes | None]]]:
    return list(network(count, seed=8, mix=MANY))


def make(target: str, count: int, *, upgraded: bool = True) -> None:
    """A store with a network in it."""
    with Store.open(target) as store:
        fill(store, iter(logs(count)))
        if upgraded:
            upgrade(store, registry())


def run(
    store: Store,
    by: Registry | None = None,
    *,
    report: Report = lambda _, __: None,
    **more: Any,
) -> Audited:
    """An audit by this process: the one to go on with, or a new one."""
    by = by or registry()
    hands = more.pop("hands", None)
    more = {"anew": False, "replace": False, **more}
    database = store._database
    audit_run = database.write(lambda c: begin(c, by, 64, **more))
    return audit(database, by, audit_run, hands=hands, report=report)


def progress(store: Store) -> int:
    """Inboxes that were replayed or compared so far."""
    with store._database.reading() as connection:
        rows = connection.execute(
            select(audit_parts.c.inboxes, audit_parts.c.compared)
        ).all()
    return sum(row.inboxes + row.compared for row in rows)


def shadow(store: Store) -> list[tuple[Any, ...]]:
    """All that was found, but for the number of the audit."""
    with store._database.reading() as connection:
        found = connection.execute(
            select(
                inboxes.c.inbox_id,
                audited.c.position,
                audited.c.digest,
                audited.c.verdict,
                audited.c.what,
            )
            .join_from(audited, inboxes)
            .order_by(inboxes.c.id)
        ).all()
        parts = connection.execute(
            select(audit_parts).order_by(audit_parts.c.part)
        ).all()
    return [tuple(row) for row in found] + [tuple(row)[1:] for row in parts]
