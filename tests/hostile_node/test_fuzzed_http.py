"""Any bytes to any path: an answer, or a status that is right."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from random import Random
from typing import Any, Final
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ..faults.processes import NodeProcess
from ..faults.workload import Plan
from . import frames
from .http_paths import GETS, POSTS, VERIFY, valid_bodies

STATUSES: Final = {200, 400, 404, 409, 413}
NO_CHAIN: Final = 503

values: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=10)
    | st.sampled_from(["eA==", "18446744073709551616", "-1", "1e400", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


class Connection:
    """One client, who connects anew where the node hung up."""

    def __init__(self, node: NodeProcess) -> None:
        self._port = node.http_port
        self._open: http.client.HTTPConnection | None = None

    def ask(self, verb: str, path: str, body: bytes = b"") -> int:
        """The status; whatever refuses says why in JSON."""
        if self._open is None:
            self._open = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        self._open.request(verb, path, body, {"Content-Type": "application/json"})
        answer = self._open.getresponse()
        content = answer.read()
        if answer.will_close:
            self._open.close()
            self._open = None
        if answer.status >= 400:
            refusal = json.loads(content)
            assert refusal["message"]
            assert isinstance(refusal["code"], int)
        return answer.status


@pytest.fixture(scope="module")
def connection(node: NodeProcess) -> Iterator[Connection]:
    one = Connection(node)
    yield one
    if one._open is not None:
        one._open.close()


def allowed(path: str) -> set[int]:
    return STATUSES | {NO_CHAIN} if path == VERIFY else STATUSES


@pytest.mark.parametrize("path", POSTS)
@given(body=st.binary(max_size=200))
def test_raw_bodies_are_answered_or_refused(
    path: str, connection: Connection, body: bytes
) -> None:
    assert connection.ask("POST", path, body) in allowed(path)


@pytest.mark.parametrize("path", POSTS)
@settings(max_examples=200)
@given(seed=st.integers(0, 1 << 32))
def test_damaged_bodies_are_answered_or_refused(
    path: str, connection: Connection, well_known: list[Plan], seed: int
) -> None:
    random = Random(seed)
    body = bytearray(valid_bodies(random.choice(well_known))[path])
    for _ in range(random.randint(1, 4)):
        position = random.randrange(len(body))
        if random.random() < 0.5:
            body[position] ^= 1 << random.randrange(8)
        else:
            junk = random.choice([b"[", b"{", b'"', b"\\", b"9" * 5000, b"\0", b","])
            body[position : position + random.randrange(3)] = junk
    assert connection.ask("POST", path, bytes(body)) in allowed(path)


@pytest.mark.parametrize("path", POSTS)
@settings(max_examples=200)
@given(value=values, seed=st.integers(0, 1 << 32))
def test_bodies_with_any_value_in_a_place_are_answered_or_refused(
    path: str, connection: Connection, well_known: list[Plan], value: Any, seed: int
) -> None:
    random = Random(seed)
    body = json.loads(valid_bodies(well_known[0])[path])
    body = _put(body, value, random)
    content = json.dumps(body).encode()
    assert connection.ask("POST", path, content) in allowed(path)


def _put(body: Any, value: Any, random: Random) -> Any:
    """A JSON value with another one in one place."""
    if random.random() < 0.3 or not isinstance(body, dict | list) or not body:
        return value
    if isinstance(body, list):
        return [_put(body[0], value, random), *body[1:]]
    name = random.choice(list(body))
    return {**body, name: _put(body[name], value, random)}


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"requests":' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"requests":' + b"9" * 100_000 + b"}",
        b'{"requests":[{"sequenceId":1e999}]}',
        b'{"requests":[{"inboxId":"\\ud800"}]}',
        b'{"requests":[{"identifier":"\\u0000","identifierKind":1}]}',
        b"\xff\xfe{\0}\0",
        b"NaN",
        b'{"a":1,"a":2}',
    ],
    ids=range(10),
)
def test_json_that_breaks_parsers_is_answered_or_refused(
    path: str, connection: Connection, body: bytes
) -> None:
    assert connection.ask("POST", path, body) in allowed(path)


@pytest.mark.parametrize("path", GETS)
@given(
    parts=st.lists(
        st.text(max_size=70) | st.from_regex("[0-9a-f]{64}", fullmatch=True),
        min_size=3,
        max_size=3,
    )
)
def test_any_path_is_answered_or_refused(
    path: str, connection: Connection, parts: list[str]
) -> None:
    quoted = [quote(part.encode("utf-8", "surrogatepass"), safe="") for part in parts]
    assert connection.ask("GET", path.format(*quoted)) in STATUSES | {405}


@settings(max_examples=150)
@given(sent=st.binary(min_size=1, max_size=200))
def test_bytes_that_are_no_http_are_refused(node: NodeProcess, sent: bytes) -> None:
    with frames.connect(node.http_port) as one:
        one.sendall(sent + b"\r\n\r\n")
        answer = one.recv(4096)
    assert answer.split(b" ")[1:2] in ([b"400"], [b"404"], [b"405"], [b"505"], [])


@settings(max_examples=150)
@given(sent=st.binary(min_size=1, max_size=200))
def test_bytes_that_are_no_http_2_are_refused(node: NodeProcess, sent: bytes) -> None:
    with frames.connect(node.grpc_port) as one:
        one.sendall(frames.PREFACE + frames.settings() + sent)
        assert one.recv(4096)
