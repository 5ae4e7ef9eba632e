"""Updates as a node appends them: with the snapshot after them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xmtp_identity import Registry, Snapshot, replay, resume
from xmtp_identity.protocol.state import RootState
from xmtp_identity.registry import KindRecord
from xmtp_identity.stored import dump
from xmtp_identity_store.committing import Append, Committed, Owner
from xmtp_identity_store.renewal import save_of
from xmtp_identity_store.saving import Save
from xmtp_identity_store.store import Store

if TYPE_CHECKING:
    from tests.support.updates import Inbox

_NO_KINDS = Registry([])


def appends(inbox: Inbox, registry: Registry) -> list[Append]:
    """The whole log of an inbox, update by update."""
    made: list[Append] = []
    snapshot = None
    for position in range(len(inbox.log)):
        log = inbox.log[: position + 1]
        result = (
            replay(inbox.inbox_id, log, registry)
            if snapshot is None
            else resume(snapshot, log, registry)
        )
        snapshot = result.snapshot
        save = save_of(result, registry, position or None, log=log)
        update = log[position]
        assert update is not None
        owner = None if position else (1, inbox.owner.value)
        made.append(Append(update, position, save, owner))
    return made


def plain(
    inbox_id: str,
    update: bytes = b"update",
    expected: int = 0,
    version: int | None = None,
    owner: Owner | None = None,
) -> Append:
    """An update that changes nothing but the log, with an empty snapshot. It
    comes from no replay: what a store does with it hangs on none."""
    snapshot = Snapshot(
        inbox_id,
        expected + 1,
        RootState(),
        {},
        frozenset[KindRecord](),
        frozenset[int](),
        0,
        None,
        unknown_root=False,
    )
    associations = {} if owner is None else {owner: (expected, None)}
    save = Save(
        inbox_id,
        version if version is not None else (expected or None),
        dump(snapshot, _NO_KINDS),
        associations=associations,
        whole=not expected,
    )
    return Append(update, expected, save, owner)


def commit_all(store: Store, made: list[Append], now_ns: int = 1) -> list[Committed]:
    """Commit what must all fit."""
    done = store.commit(made, now_ns=now_ns)
    assert all(isinstance(one, Committed) for one in done), done
    return [one for one in done if isinstance(one, Committed)]
