"""Health, reflection, TLS, names in the process, start and stop."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import grpc
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc import aio
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from xmtp_identity_node.api import IDENTITY, METHODS, MLS, NODE
from xmtp_identity_node.server import Node, PortTaken
from xmtp_identity_node.settings import BadSetting

from .support import (
    REGISTRY,
    Client,
    Refused,
    client_of,
    creation,
    inbox_of,
    serving,
    settings_for,
)


async def health_of(client: Client, service: str) -> str:
    stub: Any = client.channel.unary_unary("/grpc.health.v1.Health/Check")
    request = health_pb2.HealthCheckRequest(service=service)
    answer = health_pb2.HealthCheckResponse.FromString(
        await stub(request.SerializeToString())
    )
    name: str = health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
    return name


def test_a_running_node_says_that_it_serves(tmp_path: Path) -> None:
    async def work(client: Client) -> None:
        for service in ("", IDENTITY, MLS, NODE):
            assert await health_of(client, service) == "SERVING"
        assert (await client.get("/healthz"))[0] == 200
        assert (await client.get("/readyz"))[0] == 200

    serving(tmp_path, work)


def test_a_node_that_lost_its_store_is_not_ready_until_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from xmtp_identity_store.errors import StoreUnavailable

    async def away(*_: object) -> None:
        raise StoreUnavailable("The database is away.")

    async def work(client: Client) -> None:
        node = client.node
        with monkeypatch.context() as patch:
            patch.setattr(node.service, "updates", away)
            await node._look()
            assert await health_of(client, IDENTITY) == "NOT_SERVING"
            assert (await client.get("/readyz"))[0] == 503
            assert (await client.get("/healthz"))[0] == 200
        await node._look()
        assert await health_of(client, IDENTITY) == "SERVING"

    serving(tmp_path, work)


async def described(client: Client, version: str, **asked: Any) -> Any:
    stub: Any = client.channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo"
    )
    call = stub()
    request = reflection_pb2.ServerReflectionRequest(**asked)
    await call.write(request.SerializeToString())
    await call.done_writing()
    return reflection_pb2.ServerReflectionResponse.FromString(await call.read())


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_reflection_describes_upstreams_names_and_ours(
    tmp_path: Path, version: str
) -> None:
    async def work(client: Client) -> None:
        answer = await described(client, version, list_services="")
        listed = {one.name for one in answer.list_services_response.service}
        assert {IDENTITY, MLS, NODE, "grpc.health.v1.Health"} <= listed
        for service in listed:
            answer = await described(client, version, file_containing_symbol=service)
            files = [
                FileDescriptorProto.FromString(data)
                for data in answer.file_descriptor_response.file_descriptor_proto
            ]
            methods = {
                f"{file.package}.{one.name}": {method.name for method in one.method}
                for file in files
                for one in file.service
            }
            wanted = {m.name for m in METHODS.values() if m.service == service}
            assert wanted <= methods.get(service, set()), service

    serving(tmp_path, work)


def test_reflection_can_be_switched_off(tmp_path: Path) -> None:
    async def work(client: Client) -> None:
        with pytest.raises(aio.AioRpcError) as caught:
            await described(client, "v1", list_services="")
        assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED

    serving(tmp_path, work, reflection=False)


NAMES = """
import sys
import xmtp_identity_node.server
from google.protobuf import descriptor_pool
from xmtp_identity import load_registry
from xmtp_identity_node.upstream import Upstream
Upstream(load_registry())
assert not {"xmtp", "identity", "mls"} & set(sys.modules)
for name in ("xmtp.identity.api.v1.IdentityApi", "xmtp.mls.api.v1.MlsApi"):
    try:
        descriptor_pool.Default().FindServiceByName(name)
    except KeyError:
        continue
    raise AssertionError(name)
"""


def test_no_name_of_upstreams_enters_the_process() -> None:
    """Its own generated code may be imported beside the node."""
    subprocess.run([sys.executable, "-c", NAMES], check=True)


# Several nodes


def test_nodes_on_one_postgresql_serve_the_same(tmp_path: Path, store_dsn: str) -> None:
    inbox = inbox_of("alice")

    async def run() -> None:
        async with (
            Node(settings_for(tmp_path, store=store_dsn), registry=REGISTRY) as one,
            Node(settings_for(tmp_path, store=store_dsn), registry=REGISTRY) as other,
            client_of(one) as publisher,
            client_of(other) as reader,
            reader.web.get("/v1/updates") as stream,
        ):
            assert json.loads(await stream.content.readline())["entries"] == []
            await publisher.publish(creation(inbox))
            assert await reader.log(inbox.inbox_id) == [creation(inbox)]
            (entry,) = json.loads(await stream.content.readline())["entries"]
            assert entry["inboxId"] == inbox.inbox_id

    asyncio.run(run())


# TLS


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A self-signed certificate for the loopback interface, and its key."""
    chain, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-nodes", "-days", "2"),
            *("-pkeyopt", "ec_paramgen_curve:prime256v1", "-subj", f"/CN={name}"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(chain)),
        ],
        check=True,
        capture_output=True,
    )
    return chain, key


async def over_tls(node: Node, chain: Path) -> None:
    root = await asyncio.to_thread(chain.read_bytes)
    credentials = grpc.ssl_channel_credentials(root)
    address = f"127.0.0.1:{node.grpc_port}"
    context = ssl.create_default_context(cafile=str(chain))
    async with (
        aio.secure_channel(address, credentials) as channel,
        aiohttp.ClientSession() as web,
    ):
        stub: Any = channel.unary_unary(f"/{IDENTITY}/GetIdentityUpdates")
        assert await stub(b"", timeout=10) == b""
        url = f"https://127.0.0.1:{node.http_port}/healthz"
        async with web.get(url, ssl=context) as response:
            assert response.status == 200


def test_tls_serves_both_ports_and_takes_a_renewed_certificate(tmp_path: Path) -> None:
    chain, key = certificate(tmp_path, "first")
    other_chain, other_key = certificate(tmp_path, "second")
    former = tmp_path / "former.pem"
    former.write_bytes(chain.read_bytes())
    settings = settings_for(tmp_path, tls_certificate=str(chain), tls_key=str(key))

    async def run() -> None:
        async with Node(settings, registry=REGISTRY) as node:
            assert node._tls is not None
            await over_tls(node, former)
            # Half a renewal: the old pair stays in use.
            shutil.copy(other_key, key)
            node._tls.refresh()
            await over_tls(node, former)
            shutil.copy(other_chain, chain)
            node._tls.refresh()
            await over_tls(node, other_chain)

    asyncio.run(run())


def test_handshakes_that_stop_halfway_lock_nobody_out(tmp_path: Path) -> None:
    chain, key = certificate(tmp_path, "first")
    settings = settings_for(
        tmp_path,
        tls_certificate=str(chain),
        tls_key=str(key),
        http_connections_a_client=5,
    )

    async def run() -> None:
        async with Node(settings, registry=REGISTRY) as node:
            silent = [
                await asyncio.open_connection("127.0.0.1", node.http_port)
                for _ in range(20)
            ]
            await over_tls(node, chain)
            for _, writer in silent:
                writer.close()
            # What is no TLS at all ends at once.
            reader, writer = await asyncio.open_connection("127.0.0.1", node.http_port)
            writer.write(b"GET /healthz HTTP/1.1\r\n\r\n")
            with suppress(ConnectionError):
                assert not (await reader.read()).startswith(b"HTTP")
            writer.close()

    asyncio.run(run())


def at_once_over_tls(port: int, request: bytes) -> bytes:
    """The answer to a request that comes with the last bytes of the handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as one:
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                one.sendall(outgoing.read())
                incoming.write(one.recv(65536))
        tls.write(request)
        one.sendall(outgoing.read())
        while True:
            try:
                return tls.read()
            except ssl.SSLWantReadError:
                incoming.write(one.recv(65536))


def test_a_request_that_comes_with_the_handshake_is_answered(tmp_path: Path) -> None:
    chain, key = certificate(tmp_path, "first")
    settings = settings_for(tmp_path, tls_certificate=str(chain), tls_key=str(key))

    async def run() -> bytes:
        async with Node(settings, registry=REGISTRY) as node:
            return await asyncio.to_thread(
                at_once_over_tls,
                node.http_port,
                b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
            )

    assert asyncio.run(run()).startswith(b"HTTP/1.1 200")


def test_files_that_are_no_certificate_are_refused(tmp_path: Path) -> None:
    chain, key = certificate(tmp_path, "first")
    _, other_key = certificate(tmp_path, "second")
    pairs = [(chain, other_key), (key, key), (chain, tmp_path / "none.key")]

    async def run(pair: tuple[Path, Path]) -> None:
        settings = settings_for(
            tmp_path, tls_certificate=str(pair[0]), tls_key=str(pair[1])
        )
        with pytest.raises(BadSetting):
            async with Node(settings, registry=REGISTRY):
                pass

    for pair in pairs:
        asyncio.run(run(pair))


# Start and stop


@pytest.mark.parametrize("port", ["grpc_port", "http_port"])
def test_a_port_that_is_taken_is_named_and_nothing_stays_open(
    tmp_path: Path, port: str
) -> None:
    async def work(client: Client) -> None:
        taken = getattr(client.node, port)
        settings = settings_for(tmp_path, **{port: taken})
        with pytest.raises(PortTaken, match=str(taken)):
            async with Node(settings, registry=REGISTRY):
                pass

    serving(tmp_path, work)


def test_calls_that_are_under_way_are_answered_when_the_node_stops(
    tmp_path: Path,
) -> None:
    inboxes = [inbox_of(f"owner {number}") for number in range(30)]

    async def run() -> list[str]:
        node = Node(settings_for(tmp_path, stop_seconds=20.0), registry=REGISTRY)
        await node.__aenter__()
        async with client_of(node) as client:
            calls = [
                asyncio.ensure_future(_ended(client.publish, creation(inbox)))
                for inbox in inboxes
            ]
            await asyncio.sleep(0.01)
            await node.__aexit__(None, None, None)
            return await asyncio.gather(*calls)

    ends = asyncio.run(run())
    # CANCELLED is what grpcio says of calls that no handler has seen yet.
    assert set(ends) <= {"OK", "UNAVAILABLE", "CANCELLED"}
    assert "OK" in ends

    async def count(client: Client) -> int:
        return sum([bool(await client.log(inbox.inbox_id)) for inbox in inboxes])

    assert serving(tmp_path, count) >= ends.count("OK")


async def _ended(work: Callable[[bytes], Any], update: bytes) -> str:
    try:
        await work(update)
    except Refused as error:
        return error.status
    return "OK"
