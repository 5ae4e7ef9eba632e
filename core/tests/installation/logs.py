"""The installation signatures in logs that XMTP's real client read or wrote.

The texts that they sign are made here by a few lines of their own, for
updates that only add apps and wallets; the core's module is not used.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

from google.protobuf.message import DecodeError

from xmtp_identity.v1.identity_pb2 import IdentityUpdate, MemberIdentifier

_VECTORS: Final = Path(__file__).resolve().parents[3] / "tests" / "vectors" / "libxmtp"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ETHEREUM_TAG: Final = b"\x0a\x2a"  # field 1, 42 characters


class Signed(NamedTuple):
    """One signature: the case, the update's place in the log, text, payload."""

    case: str
    position: int
    text: bytes
    payload: bytes


def histories() -> dict[str, Any]:
    return _read("histories.json")


def odd_log_signatures() -> Iterator[Signed]:
    """Those of the hand-made logs, in updates that only add apps and wallets."""
    for name, case in _read("odd-logs.json")["cases"].items():
        for position, entry in enumerate(case["log"]):
            try:
                update = IdentityUpdate.FromString(bytes.fromhex(entry or ""))
            except DecodeError:
                continue
            text = _text(update)
            if text is not None:
                for payload in installation_payloads(update):
                    yield Signed(name, position, text, payload)


def installation_payloads(update: IdentityUpdate) -> Iterator[bytes]:
    for action in update.actions:
        add = action.add
        for signature in (add.existing_member_signature, add.new_member_signature):
            if signature.HasField("installation_key"):
                yield signature.installation_key.SerializeToString()


def _read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((_VECTORS / name).read_text("utf-8"))
    return content


def _text(update: IdentityUpdate) -> bytes | None:
    lines = [
        _line(action.add.new_member_identifier)
        for action in update.actions
        if action.HasField("add")
    ]
    if not lines or len(lines) < len(update.actions) or None in lines:
        return None
    nanoseconds = update.client_timestamp_ns
    if nanoseconds >= 1 << 63:
        nanoseconds -= 1 << 64
    time = _EPOCH + timedelta(seconds=nanoseconds // 10**9)
    return "\n".join(
        [
            "XMTP : Authenticate to inbox",
            "",
            f"Inbox ID: {update.inbox_id}",
            f"Current time: {time:%Y-%m-%dT%H:%M:%SZ}",
            "",
            *filter(None, lines),
            "",
            "For more info: https://xmtp.org/signatures",
        ]
    ).encode()


def _line(member: MemberIdentifier) -> str | None:
    if member.HasField("installation_public_key"):
        key = member.installation_public_key.hex()
        return f"- Grant messaging access to app\n  (ID: {key})"
    # Field 1 belongs to the Ethereum plugin, which need not be installed here.
    data = member.SerializeToString()
    if data.startswith(_ETHEREUM_TAG) and len(data) == 44:
        return f"- Link address to inbox\n  (Address: {data[2:].decode()})"
    return None
