"""What a service answers, in plain records."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from xmtp_identity import AssociationState
    from xmtp_identity_store.feed import Cursor, FeedEntry
    from xmtp_identity_store.store import Entry

__all__ = [
    "AddressLogRow",
    "FeedPiece",
    "HistoryEntry",
    "InboxState",
    "WalletAnswer",
    "WalletQuestion",
]


class InboxState(NamedTuple):
    """Who may be reached at an inbox and who may act for it.

    state: None if no entry of the log created the inbox.
    entries, sequence_id: how many the log has, and the number of the last.
    authoritative, deviates, missing: see `ReplayResult`.
    stopped_at, detail: the entry that the replay stopped before, and why; else
        None and "".
    """

    inbox_id: str
    state: AssociationState | None
    entries: int
    sequence_id: int
    authoritative: bool
    deviates: int | None
    missing: tuple[str, ...]
    stopped_at: int | None = None
    detail: str = ""


class HistoryEntry(NamedTuple):
    """One entry of a log and what became of it.

    position: in the log, from 0.
    outcome: a value of `OutcomeKind`; code: its reason, "" where applied. Both
        are "" for an entry behind the one that the replay stopped before.
    """

    position: int
    entry: Entry
    outcome: str
    code: str


class AddressLogRow(NamedTuple):
    """An identifier that an inbox has or had (XIP-46, the address log).

    kind: its name; the number in `MemberIdentifier` where no plugin is here.
    associated, revoked: index of the entry; None where not known, and while
        it is a member.
    """

    kind: str
    identifier: str
    associated: int | None
    revoked: int | None


class FeedPiece(NamedTuple):
    """New entries of any inboxes, in the order of each inbox's log.

    cursor: where to go on.
    """

    entries: list[FeedEntry]
    cursor: Cursor


class WalletQuestion(NamedTuple):
    """Whether a smart wallet takes a signature.

    account_id: CAIP-10.
    hash: the 32 bytes that were signed.
    block_number: at which block; None for the newest.
    """

    account_id: str
    hash: bytes
    signature: bytes
    block_number: int | None


class WalletAnswer(NamedTuple):
    """Whether it does.

    block_number: the block at which the chain was asked, None if it was not.
    error: why it does not, a sentence; None if it does.
    """

    is_valid: bool
    block_number: int | None
    error: str | None
