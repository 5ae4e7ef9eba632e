"""Snapshots as bytes, to be kept between two runs of a client.

The format is `xmtp_identity.v1.StoredSnapshot`: XMTP's `AssociationState` for
the root, and beside it what that message lacks. The same snapshot gives the
same bytes. Identifiers are kept as their kinds encode them.

The checksum guards against accidents: a disk, a copy that was cut off, a row
in the wrong place. It does not guard against whoever can write the store, who
can write a checksum as well, and so decide what this client believes. Keep
stored snapshots as safe as the logs' keys; a log replayed anew proves itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from google.protobuf.message import DecodeError

from .allotment import FIRST_LEAF, LAST_LEAF
from .errors import BadInput
from .protocol.state import LayerState, RootState
from .registry import KindRecord, record_of
from .snapshot import Snapshot
from .stored_body import BodyReader, Malformed, write_body
from .wire import stored_pb2 as wire

if TYPE_CHECKING:
    from .registry import Registry

__all__ = [
    "FORMAT_VERSION",
    "MAX_STORED_BYTES",
    "DamagedSnapshot",
    "SnapshotMismatch",
    "SnapshotOfAnotherInbox",
    "SnapshotTooLarge",
    "StoredHead",
    "TruncatedSnapshot",
    "UnknownSnapshotFormat",
    "UnusableSnapshot",
    "dump",
    "load",
    "peek",
]

FORMAT_VERSION: Final = 1
"""The version of the format that is written, and the only one that is read."""

MAX_STORED_BYTES: Final = 256 * 1024 * 1024
"""Bytes of a stored snapshot; an entry of the log takes some 300 of them."""

_VERSION_TAG: Final = b"\x08"
_SIZE_TAG: Final = b"\x15"
_PREFIX_BYTES: Final = 7
"""The version, which stays below 128, and the size, each with its tag."""
_CHECKSUM_TAG: Final = b"\x2a\x20"
_CHECKSUM_BYTES: Final = len(_CHECKSUM_TAG) + 32


class UnusableSnapshot(BadInput):
    """A stored snapshot can't be gone on from."""

    code = "unusable_snapshot"
    remedy = "Replay the whole log."


class TruncatedSnapshot(UnusableSnapshot):
    """The end of a stored snapshot is missing."""

    code = "snapshot_truncated"


class DamagedSnapshot(UnusableSnapshot):
    """A stored snapshot is not what was written: its checksum does not fit."""

    code = "snapshot_damaged"


class UnknownSnapshotFormat(UnusableSnapshot):
    """A stored snapshot was written by another release, in another format."""

    code = "snapshot_format"


class SnapshotOfAnotherInbox(UnusableSnapshot):
    """A stored snapshot stands where that of another inbox should be."""

    code = "snapshot_inbox"


class SnapshotMismatch(UnusableSnapshot):
    """A snapshot was made by other plugins than those that are here."""

    code = "snapshot_mismatch"


class SnapshotTooLarge(UnusableSnapshot):
    """A snapshot is larger than what is stored."""

    code = "snapshot_too_large"
    remedy = "Replay the whole log whenever the state is needed."


@dataclass(frozen=True, slots=True)
class StoredHead:
    """What can be known of a stored snapshot without its members.

    position: how many entries of the log it has seen.
    leaf_entries: how many of these were well-shaped leaf updates.
    named: the leaf numbers of those, installed or not.
    roots: the root kinds that decided.
    layers: by leaf number, which kind made the layer.
    deviates: index of the first deviation, or None.
    unknown_root: whether an entry was discarded whose number may say who may
        act for the inbox.
    """

    inbox_id: str
    position: int
    leaf_entries: int
    named: frozenset[int]
    roots: frozenset[KindRecord]
    layers: Mapping[int, KindRecord]
    deviates: int | None
    unknown_root: bool

    def fits(self, registry: Registry) -> bool:
        """What `Snapshot.fits` says of the whole; no plugin is needed for it."""
        return self._with(RootState(), {}).fits(registry)

    def _with(self, root: RootState, layers: Mapping[int, LayerState]) -> Snapshot:
        """The snapshot of this head; for ``layers`` left out an empty one."""
        return Snapshot(
            self.inbox_id,
            self.position,
            root,
            {
                number: (layers.get(number) or LayerState(), record)
                for number, record in self.layers.items()
            },
            self.roots,
            self.named,
            self.leaf_entries,
            self.deviates,
            self.unknown_root,
        )


def dump(snapshot: Snapshot, registry: Registry) -> bytes:
    """A snapshot to bytes.

    registry: the one whose replay made it, or one with other leaf kinds
        beside those of its layers. Layers of kinds that it lacks are left out
        together with their records: with the next entry they would be out of
        date and not know it.

    A snapshot from which layers were left out for want of a chain can be
    stored as well; it does not fit until it has been replayed with the chain.
    Raises `SnapshotMismatch`, `SnapshotTooLarge`.
    """
    layers = {
        number: layer
        for number, layer in sorted(snapshot.layers.items())
        if number in registry.by_member
    }
    if snapshot.roots != registry.root_records() or any(
        record != record_of(registry.by_member[number])
        for number, (_, record) in layers.items()
    ):
        raise _mismatch()
    head = wire.SnapshotHead(
        inbox_id=snapshot.inbox_id,
        position=snapshot.position,
        leaf_entries=snapshot.leaf_entries,
        unknown_root=snapshot.unknown_root,
        named=sorted(snapshot.named),
        roots=[_record(record) for record in sorted(snapshot.roots)],
        layers=[
            wire.LayerRecord(number=number, made_by=_record(record))
            for number, (_, record) in layers.items()
        ],
    )
    if snapshot.deviates is not None:
        head.deviates = snapshot.deviates
    body = write_body(
        snapshot.inbox_id,
        snapshot.root,
        {number: layer for number, (layer, _) in layers.items()},
        registry,
    )
    message = wire.StoredSnapshot(
        format_version=FORMAT_VERSION, size=0, head=head, body=body
    )
    size = message.ByteSize() + _CHECKSUM_BYTES
    if size > MAX_STORED_BYTES:
        raise SnapshotTooLarge(f"The snapshot would take {size:,} bytes.")
    message.size = size
    data = message.SerializeToString()
    return data + _CHECKSUM_TAG + hashlib.sha256(data).digest()


def peek(data: bytes) -> StoredHead:
    """The head of a stored snapshot; members and words are not decoded.

    Raises `TruncatedSnapshot`, `DamagedSnapshot`, `UnknownSnapshotFormat`,
    `SnapshotTooLarge`.
    """
    return _open(data)[0]


def load(data: bytes, registry: Registry, inbox_id: str) -> Snapshot:
    """Bytes to a snapshot that `registry` can go on from.

    inbox_id: whose snapshot it must be.

    Layers of kinds that the registry lacks are left out with their records.
    Raises what `peek` raises, and `SnapshotOfAnotherInbox` and
    `SnapshotMismatch`; to see beforehand whether it fits, and where it
    stands, ask `peek`.
    """
    head, content = _open(data)
    if head.inbox_id != inbox_id:
        raise SnapshotOfAnotherInbox(
            f"The stored snapshot is of {head.inbox_id!r}, not of {inbox_id!r}."
        )
    if not head.fits(registry):
        raise _mismatch()
    installed = {
        number: record
        for number, record in head.layers.items()
        if number in registry.by_member
    }
    try:
        body = BodyReader(registry).read(content, inbox_id, frozenset(head.layers))
    except Malformed as error:
        raise DamagedSnapshot(f"The stored snapshot is malformed: {error}") from None
    # Without the layers of kinds that are not here, and without their records.
    kept = replace(head, layers=installed)
    return kept._with(body.root, body.layers)  # noqa: SLF001 - of this module


def _mismatch() -> SnapshotMismatch:
    return SnapshotMismatch("The snapshot was made by other plugins: replay the log.")


def _record(record: KindRecord) -> wire.KindRecord:
    return wire.KindRecord(extension=record.extension, revision=record.revision)


# Reading: first the frame, which all versions share, then the head


def _open(data: bytes) -> tuple[StoredHead, bytes]:
    """The head, and the body as bytes."""
    _check_frame(data)
    try:
        message = wire.StoredSnapshot.FromString(data)
        return _head(message.head), message.body
    except DecodeError:
        raise DamagedSnapshot("The stored snapshot can't be decoded.") from None


def _check_frame(data: bytes) -> None:
    if len(data) > MAX_STORED_BYTES:
        raise SnapshotTooLarge(f"The stored snapshot has {len(data):,} bytes.")
    version, size = _read_frame(data)
    if len(data) < size:
        raise TruncatedSnapshot(
            f"The stored snapshot has {len(data):,} of its {size:,} bytes."
        )
    content = data[:-_CHECKSUM_BYTES]
    checksum = _CHECKSUM_TAG + hashlib.sha256(content).digest()
    if len(data) > size or data[-_CHECKSUM_BYTES:] != checksum:
        raise DamagedSnapshot("The checksum of the stored snapshot does not fit.")
    if version != FORMAT_VERSION:
        raise UnknownSnapshotFormat(
            f"The stored snapshot has format version {version}; this release "
            f"reads {FORMAT_VERSION}."
        )


def _read_frame(data: bytes) -> tuple[int, int]:
    """Format version, and the size that the whole must have."""
    if len(data) < _PREFIX_BYTES + _CHECKSUM_BYTES:
        raise TruncatedSnapshot(
            f"{len(data)} bytes are not even the frame of a stored snapshot."
        )
    if data[:1] != _VERSION_TAG or data[2:3] != _SIZE_TAG:
        raise DamagedSnapshot("The bytes are no stored snapshot.")
    return data[1], int.from_bytes(data[3:_PREFIX_BYTES], "little")


def _head(head: wire.SnapshotHead) -> StoredHead:
    layers = {
        layer.number: KindRecord(layer.made_by.extension, layer.made_by.revision)
        for layer in head.layers
    }
    named = frozenset(head.named)
    if (
        len(layers) != len(head.layers)
        or not named.issuperset(layers)
        or any(not FIRST_LEAF <= number <= LAST_LEAF for number in named)
        or not len(named) <= head.leaf_entries <= head.position
        or (head.HasField("deviates") and head.deviates >= head.position)
    ):
        raise DamagedSnapshot("The stored snapshot contradicts itself.")
    return StoredHead(
        head.inbox_id,
        head.position,
        head.leaf_entries,
        named,
        frozenset(KindRecord(root.extension, root.revision) for root in head.roots),
        MappingProxyType(layers),
        head.deviates if head.HasField("deviates") else None,
        head.unknown_root,
    )
