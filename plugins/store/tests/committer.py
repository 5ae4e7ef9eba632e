"""A process that commits to a store, and says of each update when it is sure.

    python committer.py STORE NAME UPDATES INBOX...

Each line that it writes is an update that was acknowledged: inbox and text.
Each inbox gets so many updates of its own; others may write to them as well.
"""

from __future__ import annotations

import sys
import time

from xmtp_identity import Registry, Snapshot
from xmtp_identity.protocol.state import RootState
from xmtp_identity.stored import dump
from xmtp_identity_store.committing import Append, Committed
from xmtp_identity_store.errors import UnusableStore
from xmtp_identity_store.saving import Save
from xmtp_identity_store.store import Store


def _append(store: Store, inbox_id: str, text: str) -> Append:
    head = store.heads([inbox_id]).get(inbox_id)
    length, saved = (0, None) if head is None else (head.entries, head.saved)
    snapshot = Snapshot(
        inbox_id,
        length + 1,
        RootState(),
        {},
        frozenset(),
        frozenset(),
        0,
        None,
        unknown_root=False,
    )
    save = Save(inbox_id, saved and saved.version, dump(snapshot, Registry([])))
    return Append(text.encode(), length, save)


def _open(target: str) -> Store:
    while True:
        try:
            return Store.open(target)
        except UnusableStore as error:
            if not error.retryable:
                raise
            time.sleep(0.01)


def main(target: str, name: str, updates: str, *inboxes: str) -> None:
    """Commit until all is acknowledged."""
    left = [
        (inbox, f"{name} {number}")
        for number in range(int(updates))
        for inbox in inboxes
    ]
    store = _open(target)
    while left:
        group, unsure = left[: len(inboxes)], False
        try:
            done = store.commit(
                [_append(store, *one) for one in group], now_ns=time.time_ns()
            )
            sure = [
                one
                for one, what in zip(group, done, strict=True)
                if isinstance(what, Committed)
            ]
        except UnusableStore as error:
            if not error.retryable:
                raise
            unsure, sure = True, []
        while unsure:
            # It may have been written before the connection broke.
            try:
                sure = [
                    (inbox, text)
                    for inbox, text in group
                    if store.heads([inbox]) and text.encode() in store.log(inbox)
                ]
                unsure = False
            except UnusableStore as error:
                if not error.retryable:
                    raise
                time.sleep(0.01)
        for inbox, text in sure:
            sys.stdout.write(f"{inbox}\t{text}\n")
        sys.stdout.flush()
        left = [one for one in left if one not in sure]
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
