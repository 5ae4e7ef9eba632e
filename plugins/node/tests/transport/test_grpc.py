"""gRPC: XMTP's methods, their statuses, and what clients can't do to the node."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
from grpc import aio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.signers import Installation, Wallet
from tests.support.updates import Add

from xmtp_identity.v1 import api_pb2
from xmtp_identity_node.api import IDENTITY, METHODS
from xmtp_identity_node.server import Node
from xmtp_identity_node.service.limits import Limits
from xmtp_identity_node.v1 import mls_pb2

from .support import (
    KEY_PACKAGE,
    REGISTRY,
    Client,
    Refused,
    client_of,
    creation,
    inbox_of,
    refusal,
    refused,
    serving,
    settings_for,
)

STATUSES: Final = {
    "INVALID_ARGUMENT",
    "FAILED_PRECONDITION",
    "NOT_FOUND",
    "RESOURCE_EXHAUSTED",
    "UNAVAILABLE",
}
UNARY = sorted(name for name, method in METHODS.items() if not method.streaming)


def test_what_was_published_is_read_byte_for_byte(tmp_path: Path) -> None:
    inbox = inbox_of("alice")
    second = inbox.update(Add(Installation("app"), inbox.owner))

    async def work(client: Client) -> None:
        await client.publish(creation(inbox))
        await client.publish(second)
        assert await client.log(inbox.inbox_id) == [creation(inbox), second]

    serving(tmp_path, work)


def test_inbox_ids_are_found_by_identifier_and_kind(tmp_path: Path) -> None:
    inbox = inbox_of("alice")

    async def work(client: Client) -> None:
        await client.publish(creation(inbox))
        request = api_pb2.GetInboxIdsRequest()
        request.requests.add(identifier=inbox.owner.value)
        request.requests.add(identifier=inbox.owner.value, identifier_kind=1)
        request.requests.add(identifier=inbox.owner.value, identifier_kind=2)
        answer = api_pb2.GetInboxIdsResponse.FromString(
            await client.call("GetInboxIds", request)
        )
        first, second, third = answer.responses
        assert first.inbox_id == second.inbox_id == inbox.inbox_id
        assert (second.identifier, second.identifier_kind) == (inbox.owner.value, 1)
        assert not third.HasField("inbox_id")

    serving(tmp_path, work)


def test_a_key_package_is_found_by_the_installation_that_signed_it(
    tmp_path: Path,
) -> None:
    package = bytes.fromhex(KEY_PACKAGE["key_package"])
    installation = bytes.fromhex(KEY_PACKAGE["installation"])

    async def work(client: Client) -> None:
        upload = mls_pb2.UploadKeyPackageRequest()
        upload.key_package.key_package_tls_serialized = package
        assert await client.call("UploadKeyPackage", upload) == b""
        fetch = mls_pb2.FetchKeyPackagesRequest(
            installation_keys=[bytes(32), installation]
        )
        answer = mls_pb2.FetchKeyPackagesResponse.FromString(
            await client.call("FetchKeyPackages", fetch)
        )
        found = [one.key_package_tls_serialized for one in answer.key_packages]
        assert found == [b"", package]

    serving(tmp_path, work)


def test_a_refusal_carries_status_code_and_sentence(tmp_path: Path) -> None:
    inbox = inbox_of("alice")
    stranger = inbox.update(Add(Wallet("bob"), Wallet("mallory")))

    async def work(client: Client) -> None:
        await client.publish(creation(inbox))
        other = await refused(client.publish(stranger))
        assert (other.status, other.code) == ("FAILED_PRECONDITION", "not_a_member")
        assert other.detail.endswith(".")
        again = await refused(client.publish(creation(inbox_of("alice", 1))))
        assert (again.status, again.code) == ("ALREADY_EXISTS", "owner_taken")
        bad = await refused(client.publish(b"\xff"))
        assert (bad.status, bad.code) == ("INVALID_ARGUMENT", "undecodable")
        large = await refused(client.publish(bytes(200_000)))
        assert (large.status, large.code) == ("RESOURCE_EXHAUSTED", "update_too_large")
        none = await refused(client.call("PublishIdentityUpdate", b""))
        assert (none.status, none.code) == ("INVALID_ARGUMENT", "no_update")
        nobody = await refused(client.call("GetMembers", b"\x0a\x02ab"))
        assert (nobody.status, nobody.code) == ("NOT_FOUND", "no_such_inbox")
        kind = await refused(
            client.call("GetInboxIds", b"\x0a\x05\x0a\x01x\x10\x66")  # nostr
        )
        assert (kind.status, kind.code) == ("INVALID_ARGUMENT", "unknown_kind")
        assert "xmtp-identity-nostr" in kind.detail

    serving(tmp_path, work)


def test_a_mirror_takes_no_updates(tmp_path: Path) -> None:
    async def work(client: Client) -> None:
        answer = await refused(client.publish(creation(inbox_of("alice"))))
        assert (answer.status, answer.code) == ("PERMISSION_DENIED", "read_only")

    serving(tmp_path, work, limits=Limits(read_only=True))


def test_a_batch_of_ten_thousand_is_refused(tmp_path: Path) -> None:
    request = api_pb2.GetIdentityUpdatesRequest()
    for number in range(10_000):
        request.requests.add(inbox_id=f"{number:064x}")

    async def work(client: Client) -> None:
        answer = await refused(client.call("GetIdentityUpdates", request))
        assert (answer.status, answer.code) == ("RESOURCE_EXHAUSTED", "batch_too_large")

    serving(tmp_path, work)


def test_a_request_of_fifty_megabytes_is_refused_packed_or_not(tmp_path: Path) -> None:
    request = bytes(50_000_000)

    async def work(client: Client) -> None:
        plain = await refused(client.call("GetInboxIds", request))
        assert plain.status == "RESOURCE_EXHAUSTED"
        stub: Any = client.channel.unary_unary(f"/{IDENTITY}/GetInboxIds")
        with pytest.raises(aio.AioRpcError) as caught:
            await stub(request, compression=_gzip())
        assert refusal(caught.value).status == "RESOURCE_EXHAUSTED"
        assert len(gzip.compress(request)) < 100_000, "small on the wire, that is"
        assert await client.log("0" * 64) == []

    serving(tmp_path, work)


def _gzip() -> Any:
    import grpc

    return grpc.Compression.Gzip


def test_a_method_that_is_not_there_says_so(tmp_path: Path) -> None:
    async def work(client: Client) -> None:
        stub: Any = client.channel.unary_unary(
            "/xmtp.mls.api.v1.MlsApi/SendGroupMessages"
        )
        with pytest.raises(aio.AioRpcError) as caught:
            await stub(b"")
        assert refusal(caught.value).status == "UNIMPLEMENTED"

    serving(tmp_path, work)


def test_a_request_that_does_not_come_is_not_waited_for(tmp_path: Path) -> None:
    async def nothing() -> AsyncIterator[bytes]:
        await asyncio.Event().wait()
        yield b""

    async def work(client: Client) -> None:
        stub: Any = client.channel.stream_unary(f"/{IDENTITY}/GetInboxIds")
        with pytest.raises(aio.AioRpcError) as caught:
            await stub(nothing())
        answer = refusal(caught.value)
        assert (answer.status, answer.code) == ("DEADLINE_EXCEEDED", "request_timeout")

    serving(tmp_path, work, request_seconds=0.2)


def test_calls_beyond_the_bound_are_refused_and_the_rest_is_answered(
    tmp_path: Path,
) -> None:
    async def nothing() -> AsyncIterator[bytes]:
        await asyncio.Event().wait()
        yield b""

    async def work(client: Client) -> None:
        stub: Any = client.channel.stream_unary(f"/{IDENTITY}/GetInboxIds")
        calls = [asyncio.ensure_future(_code(stub(nothing()))) for _ in range(12)]
        codes = await asyncio.gather(*calls)
        assert set(codes) == {"RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED"}
        assert await client.log("0" * 64) == []

    serving(tmp_path, work, request_seconds=0.5, grpc_calls=6)


async def _code(call: Any) -> str:
    try:
        await call
    except aio.AioRpcError as error:
        return error.code().name
    return "OK"


@pytest.mark.parametrize("name", UNARY)
def test_any_bytes_get_a_status_and_never_break_the_node(
    tmp_path: Path, name: str
) -> None:
    """One node for all examples; the loop is turned by hand."""
    loop = asyncio.new_event_loop()
    node = Node(settings_for(tmp_path), registry=REGISTRY)
    loop.run_until_complete(node.__aenter__())
    context = client_of(node)
    client = loop.run_until_complete(context.__aenter__())
    seen: set[str] = set()

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(_requests(name))
    def send(request: bytes) -> None:
        loop.run_until_complete(one(request))

    async def one(request: bytes) -> None:
        try:
            await client.call(name, request)
        except Refused as error:
            seen.add(error.status)

    try:
        send()
    finally:
        loop.run_until_complete(context.__aexit__(None, None, None))
        loop.run_until_complete(node.__aexit__(None, None, None))
        loop.close()
    assert seen <= STATUSES


def _requests(name: str) -> st.SearchStrategy[bytes]:
    """Bytes of all sorts, and field 1 with bytes of all sorts inside."""
    raw = st.binary(max_size=200)
    inner = raw.map(lambda data: b"\x0a" + bytes((len(data) & 0x7F,)) + data)
    update = creation(inbox_of("fuzz"))
    damaged = st.tuples(st.integers(0, len(update) - 1), st.integers(0, 255)).map(
        lambda at: update[: at[0]] + bytes((at[1],)) + update[at[0] + 1 :]
    )
    wrapped = damaged.map(
        lambda data: api_pb2.PublishIdentityUpdateRequest(
            identity_update=data
        ).SerializeToString()
    )
    return st.one_of(raw, inner, wrapped)
