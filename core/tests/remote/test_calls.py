"""How the node is reached: URLs, headers, attempts, statuses, TLS."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from threading import Event
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from xmtp_identity import Registry
from xmtp_identity.errors import BadInput
from xmtp_identity.remote import (
    BadNodeUrl,
    NodeBusy,
    NodeError,
    NodeTimeout,
    NodeUnavailable,
    RemoteLog,
    RemoteMissing,
    Settings,
)
from xmtp_identity.remote.settings import read_url

from .certificate import certificate_of_localhost
from .conftest import Connect
from .node import FETCH, Node, fails

if TYPE_CHECKING:
    from tests.support.updates import Inbox

Status = grpc.StatusCode


@pytest.mark.parametrize(
    ("url", "canonical", "target"),
    [
        ("http://localhost", "http://localhost:5556", "dns:///localhost:5556"),
        ("https://a.example", "https://a.example:443", "dns:///a.example:443"),
        ("http://127.0.0.1:1/", "http://127.0.0.1:1", "dns:///127.0.0.1:1"),
        ("HTTP://[::1]:7", "http://[::1]:7", "dns:///[::1]:7"),
        ("http://unix:7", "http://unix:7", "dns:///unix:7"),
    ],
)
def test_the_scheme_says_whether_there_is_tls_and_which_port(
    url: str, canonical: str, target: str
) -> None:
    address = read_url(url)
    assert address.url == canonical
    assert address.target == target
    assert address.tls == canonical.startswith("https")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:5556",
        "grpc://localhost",
        "http://",
        "http://:5556",
        "http://a:0",
        "http://a:65536",
        "http://a:x",
        "http://a/path",
        "http://a?x",
        "http://a#x",
        "http://a b",
        "http://a,b",
        "http://[::1",
        "http://[v1.x]",
        "http://ä.example",
        "http://user:hunter2@a",
        "http://a%2fb",
    ],
)
def test_what_is_no_url_of_a_node_is_refused(url: str, registry: Registry) -> None:
    with pytest.raises(BadNodeUrl) as caught:
        RemoteLog(url, registry)
    assert caught.value.code == "bad_node_url"
    assert "hunter2" not in caught.value.detail


def test_the_app_says_who_it_is(connect: Connect, node: Node, bob: Inbox) -> None:
    connect().fetch([bob.inbox_id])
    ours = f"xmtp-identity/{version('xmtp-identity')}"
    assert node.metadata["x-app-version"] == ours
    connect(settings=Settings(app_version="mine/2")).fetch([bob.inbox_id])
    assert node.metadata["x-app-version"] == "mine/2"


@pytest.mark.parametrize(
    "bounds",
    [
        {"attempts": 0},
        {"batch": 0},
        {"timeout_s": 0},
        {"max_answer_bytes": 0},
        {"max_entries": 0},
        {"first_pause_s": -1},
        {"longest_pause_s": -1},
        {"app_version": "mine\n"},
        {"app_version": "ä"},
    ],
)
def test_bounds_that_leave_no_room_are_refused(bounds: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        Settings(**bounds)


@pytest.mark.parametrize(
    "status", [Status.UNAVAILABLE, Status.RESOURCE_EXHAUSTED, Status.ABORTED]
)
def test_what_may_pass_is_tried_again(
    connect: Connect, node: Node, bob: Inbox, status: grpc.StatusCode
) -> None:
    pauses: list[float] = []
    node.does(FETCH, *[fails(status)] * 4)
    [found] = connect(sleep=pauses.append).fetch([bob.inbox_id])
    assert found.log == bob.log
    assert len(pauses) == 4
    for pause, longest in zip(pauses, (0.2, 0.4, 0.8, 1.6), strict=True):
        assert longest / 2 <= pause <= longest


def test_pauses_do_not_grow_for_ever(connect: Connect, node: Node, bob: Inbox) -> None:
    pauses: list[float] = []
    node.does(FETCH, *[fails(Status.UNAVAILABLE)] * 9)
    settings = Settings(attempts=10, longest_pause_s=1.0)
    connect(sleep=pauses.append, settings=settings).fetch([bob.inbox_id])
    assert max(pauses) <= 1.0


@pytest.mark.parametrize(
    ("status", "raised", "code", "attempts"),
    [
        (Status.UNAVAILABLE, NodeUnavailable, "node_unavailable", 5),
        (Status.RESOURCE_EXHAUSTED, NodeBusy, "node_busy", 5),
        (Status.ABORTED, NodeBusy, "node_busy", 5),
        (Status.DEADLINE_EXCEEDED, NodeTimeout, "node_timeout", 5),
        (Status.INTERNAL, NodeError, "node_error", 1),
        (Status.UNKNOWN, NodeError, "node_error", 1),
        (Status.UNIMPLEMENTED, NodeError, "node_error", 1),
        (Status.INVALID_ARGUMENT, NodeError, "node_error", 1),
        (Status.PERMISSION_DENIED, NodeError, "node_error", 1),
    ],
)
def test_a_status_becomes_a_typed_error(
    client: RemoteLog,
    node: Node,
    bob: Inbox,
    status: grpc.StatusCode,
    raised: type[NodeError],
    code: str,
    attempts: int,
) -> None:
    node.does(FETCH, *[fails(status, "It is late.")] * 5)
    with pytest.raises(NodeError) as caught:
        client.fetch([bob.inbox_id])
    assert type(caught.value) is raised
    assert caught.value.code == code
    assert caught.value.status == status.name
    assert caught.value.node_code is None
    assert "It is late." in caught.value.detail
    assert node.calls[FETCH] == attempts


def test_the_nodes_own_code_stands_beside_ours(
    client: RemoteLog, node: Node, bob: Inbox
) -> None:
    node.does(FETCH, fails(Status.INTERNAL, "Broken.", "disk_full"))
    with pytest.raises(NodeError, match=r"Broken\. \[disk_full\]") as caught:
        client.fetch([bob.inbox_id])
    assert caught.value.code == "node_error"
    assert caught.value.node_code == "disk_full"


@pytest.mark.parametrize("code", ["NOT ONE", "a" * 65, "1", "a-b"])
def test_a_code_that_is_none_is_left_out(
    client: RemoteLog, node: Node, bob: Inbox, code: str
) -> None:
    node.does(FETCH, fails(Status.INTERNAL, "Broken.", code))
    with pytest.raises(NodeError) as caught:
        client.fetch([bob.inbox_id])
    assert caught.value.node_code is None


def test_the_nodes_sentence_can_not_move_a_cursor_or_fill_a_screen(
    client: RemoteLog, node: Node, bob: Inbox
) -> None:
    node.does(FETCH, fails(Status.INTERNAL, "\x1b[2J\nxid: fine\u202e" + "x" * 5000))
    with pytest.raises(NodeError) as caught:
        client.fetch([bob.inbox_id])
    assert caught.value.detail.isprintable()
    assert r"\x1b[2J\nxid: fine\u202e" in caught.value.detail
    assert len(caught.value.detail) < 600


def test_a_node_that_is_not_there_is_unavailable(node: Node, connect: Connect) -> None:
    client = connect()
    node.stop()
    with pytest.raises(NodeUnavailable) as caught:
        client.fetch(["0" * 64])
    assert caught.value.retryable


def test_a_node_that_does_not_answer_is_left_in_time(
    node: Node, connect: Connect, bob: Inbox
) -> None:
    def waits(node: Node, request: bytes, context: grpc.ServicerContext) -> bytes:
        given_up = Event()
        if context.add_callback(given_up.set):
            given_up.wait()
        return b""

    node.does(FETCH, waits)
    client = connect(settings=Settings(timeout_s=0.2))
    with pytest.raises(NodeTimeout) as caught:
        client.fetch([bob.inbox_id])
    assert caught.value.code == "node_timeout"
    assert caught.value.retryable


def test_a_node_that_comes_back_is_found_again(
    client: RemoteLog, node: Node, bob: Inbox
) -> None:
    node.does(FETCH, *[fails(Status.UNAVAILABLE)] * 5)
    with pytest.raises(NodeUnavailable):
        client.fetch([bob.inbox_id])
    assert client.fetch([bob.inbox_id])


def test_a_closed_client_says_so(client: RemoteLog, bob: Inbox) -> None:
    with client:
        client.fetch([bob.inbox_id])
    with pytest.raises(NodeError, match="closed"):
        client.fetch([bob.inbox_id])


# TLS


def test_https_is_tls_and_asks_for_a_certificate(
    connect: Connect, bob: Inbox, node: Node
) -> None:
    key, certificate = certificate_of_localhost()
    credentials = grpc.ssl_server_credentials([(key, certificate)])
    with Node(bob, credentials=credentials) as encrypted:
        url = f"https://localhost:{encrypted.address.rpartition(':')[2]}"
        trusting = connect(url, root_certificates=certificate)
        assert trusting.fetch([bob.inbox_id])[0].log == bob.log
        quick = Settings(attempts=1)
        for other in (
            connect(url, settings=quick),
            connect(url.replace("https", "http"), settings=quick),
            connect(node.url.replace("http", "https"), settings=quick),
        ):
            with pytest.raises(NodeUnavailable):
                other.fetch([bob.inbox_id])


# Without grpcio

WITHOUT = """
import sys
sys.modules["grpc"] = None
import xmtp_identity
from xmtp_identity.remote import Known, RemoteMissing
registry = xmtp_identity.load_registry(allow=[])
try:
    xmtp_identity.RemoteLog("http://localhost", registry)
except RemoteMissing as error:
    print(error.code, error.detail)
"""
IMPORT = """
import sys
import xmtp_identity
assert not {n for n in sys.modules if n.startswith(("grpc", "xmtp_identity.remote"))}
xmtp_identity.RemoteLog
assert not {n for n in sys.modules if n.split(".")[0] == "grpc"}
try:
    xmtp_identity.Remote
except AttributeError as error:
    print(error)
"""


def _python(program: str) -> str:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout


def test_without_grpcio_the_extra_is_named() -> None:
    output = _python(WITHOUT)
    assert output.startswith("remote_missing ")
    assert "pip install 'xmtp-identity[remote]'" in output


def test_grpc_is_not_loaded_before_there_is_a_client() -> None:
    assert "no attribute 'Remote'" in _python(IMPORT)


def test_the_error_without_grpcio_is_bad_input(
    monkeypatch: pytest.MonkeyPatch, registry: Registry
) -> None:
    modules: dict[str, Any] = sys.modules
    monkeypatch.setitem(modules, "grpc", None)
    with pytest.raises(RemoteMissing) as caught:
        RemoteLog("http://localhost", registry)
    assert isinstance(caught.value, BadInput)
