"""Questions as bytes, and what a node may answer: everything else is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from ..errors import Undecodable
from ..wire.scan import LEN, fields, strict_parse
from .errors import NodeAnswer
from .known import LogEntry
from .status import printable

if TYPE_CHECKING:
    from ..v1.log_pb2 import GetIdentityUpdatesResponse

__all__ = [
    "INBOX_ID",
    "inbox_ids_request",
    "publish_request",
    "read_inbox_ids",
    "read_updates",
    "updates_request",
]

INBOX_ID: Final = re.compile("[0-9a-f]{64}")
_RESPONSES: Final = 1
_SPARE: Final = 16
"""Fields beside those that are counted: what a newer schema may add."""

_MAX_SHOWN: Final = 80


def updates_request(asked: Mapping[str, int]) -> bytes:
    """A `GetIdentityUpdatesRequest`: by inbox ID, the last sequence number that
    is known, 0 for the whole log."""
    from ..v1.api_pb2 import GetIdentityUpdatesRequest as Message

    return Message(
        requests=[
            Message.Request(inbox_id=inbox_id, sequence_id=after)
            for inbox_id, after in asked.items()
        ]
    ).SerializeToString()


def read_updates(
    answer: bytes, asked: Mapping[str, int], *, url: str, max_entries: int
) -> dict[str, list[LogEntry]]:
    """A `GetIdentityUpdatesResponse` to the new entries of each inbox asked for.

    Raises `NodeAnswer`.
    """
    logs: dict[str, list[LogEntry]] = {}
    try:
        for number, wire_type, start, end in _few(answer, 0, _SPARE + len(asked), url):
            if number == _RESPONSES and wire_type == LEN:
                response = _response(answer[start:end], url, max_entries)
                inbox_id = response.inbox_id
                if inbox_id not in asked or inbox_id in logs:
                    why = "answered already" if inbox_id in logs else "not asked for"
                    raise NodeAnswer(
                        f"{url} answers with the inbox {_shown(inbox_id)}, which was "
                        f"{why}."
                    )
                logs[inbox_id] = _entries(response, asked[inbox_id], url)
    except Undecodable as error:
        raise NodeAnswer(f"{url} gives a malformed answer: {error.detail}") from None
    return {inbox_id: logs.get(inbox_id, []) for inbox_id in asked}


def _response(
    data: bytes, url: str, max_entries: int
) -> GetIdentityUpdatesResponse.Response:
    from ..v1.log_pb2 import GetIdentityUpdatesResponse as Message

    for _ in _few(data, 1, _SPARE + max_entries, url):
        pass
    return strict_parse(Message.Response, data, depth=1)


def _few(
    data: bytes, depth: int, most: int, url: str
) -> Iterator[tuple[int, int, int, int]]:
    """The fields of a message, before it is parsed: one without content takes two
    bytes here and a hundred in memory."""
    for count, field in enumerate(fields(data, depth)):
        if count >= most:
            raise NodeAnswer(f"{url} answers with more than {most:,} fields in a row.")
        yield field


def _entries(
    response: GetIdentityUpdatesResponse.Response, after: int, url: str
) -> list[LogEntry]:
    entries = []
    for one in response.updates:
        if one.sequence_id <= after:
            raise NodeAnswer(
                f"{url}: the sequence numbers of {response.inbox_id} don't rise "
                f"({one.sequence_id} after {after})."
            )
        after = one.sequence_id
        entries.append(
            LogEntry(
                one.update if one.HasField("update") else None,
                one.sequence_id,
                one.server_timestamp_ns,
            )
        )
    return entries


def inbox_ids_request(asked: Sequence[tuple[int, str]]) -> bytes:
    """A `GetInboxIdsRequest` for identifiers, each behind its `IdentifierKind`."""
    from ..v1.api_pb2 import GetInboxIdsRequest as Message

    return Message(
        requests=[
            Message.Request(identifier=identifier, identifier_kind=kind)
            for kind, identifier in asked
        ]
    ).SerializeToString()


def read_inbox_ids(
    answer: bytes, asked: Sequence[tuple[int, str]], *, url: str
) -> list[str | None]:
    """A `GetInboxIdsResponse` to what the node claims of each identifier.

    One that is left out has no inbox. Raises `NodeAnswer`.
    """
    from ..v1.api_pb2 import GetInboxIdsResponse as Message

    try:
        for _ in _few(answer, 0, _SPARE + len(asked), url):
            pass
        message = strict_parse(Message, answer, depth=0)
    except Undecodable as error:
        raise NodeAnswer(f"{url} gives a malformed answer: {error.detail}") from None
    found: dict[tuple[int, str], str | None] = {}
    for one in message.responses:
        # A node that knows no kinds of identifiers leaves the number out.
        numbers = {
            kind
            for kind, identifier in asked
            if identifier == one.identifier and one.identifier_kind in {kind, 0}
        }
        if not numbers:
            raise NodeAnswer(
                f"{url} answers with the identifier {_shown(one.identifier)}, which "
                "was not asked for."
            )
        inbox_id = one.inbox_id if one.HasField("inbox_id") else None
        if inbox_id is not None and not INBOX_ID.fullmatch(inbox_id):
            raise NodeAnswer(f"{url} names {_shown(inbox_id)}, which is no inbox ID.")
        for number in numbers:
            key = (number, one.identifier)
            if found.setdefault(key, inbox_id) != inbox_id:
                raise NodeAnswer(
                    f"{url} names two inboxes for {_shown(one.identifier)}."
                )
    return [found.get(key) for key in asked]


def publish_request(update: bytes) -> bytes:
    """A `PublishIdentityUpdateRequest`; the update's bytes go out as they are."""
    from ..v1.api_pb2 import PublishIdentityUpdateRequest

    return PublishIdentityUpdateRequest(identity_update=update).SerializeToString()


def _shown(text: str) -> str:
    """Text of the node's, as an error may repeat it."""
    return repr(printable(text[:_MAX_SHOWN]))
