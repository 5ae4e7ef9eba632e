"""The stream of new updates of another node (`NodeApi.Follow`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from google.protobuf.message import DecodeError

from xmtp_identity.remote.answers import INBOX_ID
from xmtp_identity.remote.errors import NodeAnswer, NodeError
from xmtp_identity.remote.settings import read_url
from xmtp_identity.remote.status import error_of
from xmtp_identity_store.logs import Entry

from ..v1.node_pb2 import FollowRequest, FollowResponse
from .errors import NoFeed
from .taking import Came

if TYPE_CHECKING:
    import grpc

__all__ = ["MAX_CURSOR", "Feed", "Piece"]

_METHOD: Final = "/xmtp_identity_node.v1.NodeApi/Follow"
_MAX_PIECE_BYTES: Final = 40 * 1024 * 1024
MAX_CURSOR: Final = 4000
"""Characters of a cursor, as the notes of a store take them."""

_KEEPALIVE_MS: Final = 30_000


class Piece(NamedTuple):
    """Some new entries; cursor: where to go on behind them."""

    entries: list[Came]
    cursor: str


class Feed:
    """One node's stream. Close it to end the iteration from another thread."""

    def __init__(self, url: str, *, root_certificates: bytes | None = None) -> None:
        """Connects with the first iteration. Raises `BadNodeUrl`."""
        import grpc

        address = read_url(url)
        self.url = address.url
        options = [
            ("grpc.max_receive_message_length", _MAX_PIECE_BYTES),
            ("grpc.compression_enabled_algorithms_bitset", 1),
            ("grpc.enable_retries", 0),
            # A stream may be silent for long: notice a connection that is dead.
            ("grpc.keepalive_time_ms", _KEEPALIVE_MS),
            ("grpc.use_local_subchannel_pool", 1),
        ]
        self._error: type[Exception] = grpc.RpcError
        self._channel: grpc.Channel = (
            grpc.secure_channel(
                address.target, grpc.ssl_channel_credentials(root_certificates), options
            )
            if address.tls
            else grpc.insecure_channel(address.target, options)
        )

    def close(self) -> None:
        """Let go of the connection."""
        self._channel.close()

    def since(self, cursor: str) -> Iterator[Piece]:
        """What came since a cursor ("" is the beginning) and what comes.

        A piece without entries says that there is nothing new. Ends when the
        node ends the stream. Raises `NodeError`, and `NoFeed` if the node has
        no such stream.
        """
        follow: Callable[..., Any] = self._channel.unary_stream(
            _METHOD, request_serializer=FollowRequest.SerializeToString
        )
        call = follow(FollowRequest(cursor=cursor))
        try:
            for answer in call:
                yield _piece(answer, self.url)
        except self._error as error:
            raise self._told(error) from None
        except ValueError:
            raise NodeError(f"The connection to {self.url} was closed.") from None
        finally:
            call.cancel()

    def _told(self, error: Any) -> NodeError | NoFeed:
        told = error_of(error, self.url, publishing=False)
        if told.status == "UNIMPLEMENTED":
            return NoFeed(f"{self.url} has no stream of new updates.")
        return told


def _piece(answer: bytes, url: str) -> Piece:
    try:
        message = FollowResponse.FromString(answer)
    except DecodeError:
        raise NodeAnswer(f"{url} sends what is no FollowResponse.") from None
    if len(message.cursor) > MAX_CURSOR or not message.cursor.isascii():
        raise NodeAnswer(f"{url} sends a cursor that can't be kept.")
    came = []
    for one in message.entries:
        if INBOX_ID.fullmatch(one.inbox_id) is None:
            raise NodeAnswer(f"{url} sends an entry of what is no inbox ID.")
        update = one.update if one.HasField("update") else None
        entry = Entry(update, one.sequence_id, one.server_timestamp_ns)
        came.append(Came(one.inbox_id, one.position, entry))
    return Piece(came, message.cursor)
