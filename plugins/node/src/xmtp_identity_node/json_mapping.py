"""proto3's JSON, as XMTP's HTTP clients know it.

Updates are signed bytes, and JSON can't carry all that bytes can hold. So in
answers each update stands twice: as the documented object, to be read, and as
``updateBytes`` in base64, which is what was signed and stored. A client may
publish either form.
"""

from __future__ import annotations

import base64
import binascii
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message

from xmtp_identity.errors import Undecodable
from xmtp_identity.strict_json import is_deeper, unique
from xmtp_identity.v1 import api_pb2, log_pb2

from .v1 import mls_pb2, node_pb2

if TYPE_CHECKING:
    from .upstream import Upstream

__all__ = ["JsonMapping"]

_URL_SAFE: Final = str.maketrans("-_", "+/")
_PACKAGES: Final = {
    api_pb2.DESCRIPTOR.name: "xmtp.identity.api.v1",
    mls_pb2.DESCRIPTOR.name: "xmtp.mls.api.v1",
}
"""By the file in which this project describes them: upstream's packages."""
_MAX_DETAIL: Final = 300
_MAX_DEPTH: Final = 32


class JsonMapping:
    """From JSON to this project's messages, and back."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    def read(self, cls: type[Message], body: bytes) -> Any:
        """A request of XMTP's API; raises `Undecodable`.

        cls: the class of the request.
        body: a JSON object with upstream's names. Where there is none, all
            fields are left out.
        """
        values = _object(body)
        if cls is api_pb2.PublishIdentityUpdateRequest:
            return self._publish(values)
        name = cls.DESCRIPTOR.full_name.rpartition(".")[2]
        package = _PACKAGES[cls.DESCRIPTOR.file.name]
        message = self._parse(values, self._upstream.message(f"{package}.{name}")())
        return cls.FromString(message.SerializeToString())

    def write(self, answer: Message) -> bytes:
        """An answer of either API as JSON."""
        if isinstance(answer, log_pb2.GetIdentityUpdatesResponse):
            value: Any = {
                "responses": [
                    {
                        "inboxId": one.inbox_id,
                        "updates": [self._entry(entry) for entry in one.updates],
                    }
                    for one in answer.responses
                ]
            }
        elif isinstance(answer, node_pb2.GetHistoryResponse):
            value = {
                "inboxId": answer.inbox_id,
                "entries": [self._entry(entry) for entry in answer.entries],
            }
        elif isinstance(answer, node_pb2.FollowResponse):
            value = {
                "entries": [self._entry(entry) for entry in answer.entries],
                "cursor": answer.cursor,
            }
        elif answer.DESCRIPTOR.file.name == node_pb2.DESCRIPTOR.name:
            value = _dict(answer)
        else:
            value = _dict(self._as_upstream(answer))
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()

    def _publish(self, values: dict[str, Any]) -> api_pb2.PublishIdentityUpdateRequest:
        names = {"identityUpdate", "identity_update"}
        if len(values) != 1 or not values.keys() <= names:
            raise Undecodable("The request holds identityUpdate and nothing else.")
        (update,) = values.values()
        if isinstance(update, str):
            content = _base64(update)
        elif isinstance(update, dict):
            message = self._parse(update, self._upstream.update())
            content = message.SerializeToString(deterministic=True)
        else:
            raise Undecodable("identityUpdate is an object, or base64 of the bytes.")
        return api_pb2.PublishIdentityUpdateRequest(identity_update=content)

    def _parse(self, values: dict[str, Any], message: Message) -> Message:
        try:
            return json_format.ParseDict(
                values, message, descriptor_pool=self._upstream.pool
            )
        except (json_format.ParseError, ValueError, RecursionError) as error:
            raise Undecodable(
                f"The JSON is not the message: {str(error)[:_MAX_DETAIL]}"
            ) from None
        except (SystemError, TypeError, AttributeError, LookupError):
            # It stumbles over what it did not expect, and not only by its own
            # errors: SystemError, say, where its words can't be put together.
            raise Undecodable("The JSON is not the message.") from None

    def _entry(self, entry: Any) -> dict[str, Any]:
        """One entry of a log; ``update`` is null if the bytes are no update."""
        update, encoded = None, None
        if entry.HasField("update"):
            encoded = base64.b64encode(entry.update).decode()
            # A log may hold anything; the bytes are there for whoever asks.
            with suppress(DecodeError, ValueError, RecursionError):
                update = _dict(self._upstream.update.FromString(entry.update))
        value = {
            field.json_name: getattr(entry, field.name)
            for field in entry.DESCRIPTOR.fields
            if field.name != "update"
        }
        for field in entry.DESCRIPTOR.fields:
            if field.cpp_type == field.CPPTYPE_UINT64:
                value[field.json_name] = str(value[field.json_name])
        return {**value, "update": update, "updateBytes": encoded}

    def _as_upstream(self, answer: Message) -> Message:
        name = answer.DESCRIPTOR.full_name.rpartition(".")[2]
        package = _PACKAGES[answer.DESCRIPTOR.file.name]
        cls = self._upstream.message(f"{package}.{name}")
        return cls.FromString(answer.SerializeToString())


def _object(body: bytes) -> dict[str, Any]:
    if is_deeper(body, _MAX_DEPTH):
        raise Undecodable("The body is nested too deep.")
    try:
        value = json.loads(body or b"{}", object_pairs_hook=unique)
        if b"\\u" in body:
            # Half of a surrogate pair is no text, and no message can hold it.
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise Undecodable("The body is not one JSON object of Unicode text.") from None
    if not isinstance(value, dict):
        raise Undecodable("The body is not one JSON object.")
    return value


def _base64(text: str) -> bytes:
    """proto3's JSON takes both alphabets, with padding or without."""
    plain = text.translate(_URL_SAFE).rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise Undecodable("identityUpdate is not base64.") from None


def _dict(message: Message) -> dict[str, Any]:
    value: dict[str, Any] = json_format.MessageToDict(
        message, always_print_fields_with_no_presence=True
    )
    return value
