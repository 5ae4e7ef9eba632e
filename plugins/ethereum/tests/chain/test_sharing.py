"""What is shown and logged, what is refused, and who shares what."""

from __future__ import annotations

import logging
import os
import pickle
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from xmtp_identity.chains import BadChains
from xmtp_identity.errors import BadInput
from xmtp_identity_ethereum.chain.access import ChainAccess
from xmtp_identity_ethereum.chain.limits import Limits
from xmtp_identity_ethereum.smart_wallet import Invalid, Unavailable, Valid

from .quick import access_to
from .server import BASE, KEY, Call, RpcServer, request


def test_no_key_is_shown_or_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with RpcServer() as server, access_to(server) as access:
        secret_url = server.url.replace("://", f"://user:{KEY}@")
        with ChainAccess({BASE: [secret_url]}) as other:
            assert other.verify([request(1)]) == [Valid()]
            assert access.verify([request(1)]) == [Valid()]
            shown = [repr(access), repr(other), str(vars(access)), str(vars(other))]
        assert server.paths == [f"/v2/{KEY}?also={KEY}"] * 2
        assert server.headers[0]["Authorization"] == "Basic dXNlcjpzM2NyM3RrZXk="
    assert repr(access) == f"ChainAccess(eip155:{BASE}: {server.host})"
    assert KEY not in "".join(shown)
    assert "HTTP Request: POST" in caplog.text
    assert KEY not in caplog.text


BAD_URLS = [
    "",
    "http://",
    "https:///path",
    "ftp://host/",
    "ws://host/",
    "file:///etc/passwd",
    "host:8545",
    "http://host:99999/",
    "http://host:port/",
    "http://[::1/",
    "http://ho st/",
    "http://host/\n",
    "http://h\u00f6st/",
    f"http:///{KEY}",
    "http://a<b/",
    f"http://{KEY}*/",
    "http://[1::2%3]/",
    "http://host/" + "x" * 3000,
]


@pytest.mark.parametrize("url", BAD_URLS, ids=range(len(BAD_URLS)))
def test_a_url_that_is_none_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(BadChains) as caught:
        ChainAccess({BASE: [url]})
    assert f"eip155:{BASE}" in caught.value.detail
    assert not url or url not in caught.value.detail


def test_a_chain_without_a_url_is_refused() -> None:
    with pytest.raises(BadChains, match=f"no URL for eip155:{BASE}"):
        ChainAccess({BASE: []})


@pytest.mark.parametrize(
    "settings", [{"timeout": 0}, {"cache": -1}, {"agree": 0}], ids=str
)
def test_bounds_with_which_nothing_could_be_asked_are_refused(
    settings: dict[str, int],
) -> None:
    with pytest.raises(BadInput):
        ChainAccess({}, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["trip_s", "attempts", "batch", "answer_bytes"])
def test_limits_with_which_nothing_could_be_asked_are_refused(name: str) -> None:
    with pytest.raises(BadInput):
        Limits(**{name: 0})


def test_threads_may_share_one() -> None:
    with RpcServer() as server, access_to(server) as access:

        def ask(number: int) -> bool:
            asked = [request(number * 50 + at, good=at % 2 == 0) for at in range(50)]
            return [type(one) for one in access.verify(asked)] == [Valid, Invalid] * 25

        with ThreadPoolExecutor(8) as threads:
            assert all(threads.map(ask, range(40)))
        assert access.verify([request(0)]) == [Valid()]
        assert server.trips == 40


def test_after_a_close_it_connects_again() -> None:
    with RpcServer() as server:
        access = access_to(server)
        for number in range(2):
            assert access.verify([request(number)]) == [Valid()]
            access.close()
        assert server.trips == 2


def test_one_thread_may_close_what_another_one_uses() -> None:
    with RpcServer() as server, access_to(server) as access:

        def ask(number: int) -> bool:
            if number % 3 == 0:
                access.close()
            (verdict,) = access.verify([request(number)])
            return isinstance(verdict, Valid | Unavailable)

        with ThreadPoolExecutor(8) as threads:
            assert all(threads.map(ask, range(120)))


def test_a_connection_is_kept_and_a_lost_one_is_made_anew() -> None:
    ports = set()

    def mood(call: Call) -> None:
        ports.add(call.client)
        call.honestly()

    with RpcServer(mood) as server, access_to(server) as access:
        access.verify([request(1)])
        access.verify([request(2)])
        assert len(ports) == 1
        server.drop_connections()
        assert access.verify([request(3)]) == [Valid()]
        assert len(ports) == 2


def test_it_can_be_sent_to_another_process() -> None:
    with RpcServer() as server, access_to(server, agree=1, timeout=9) as access:
        access.verify([request(1)])
        data = pickle.dumps(access)
        copy = pickle.loads(data)  # noqa: S301 - our own
        assert copy is not access
        assert copy.verify([request(1)]) == [Valid()]
        # However often it comes, it is one, with its memory and connections.
        again = pickle.loads(data)  # noqa: S301
        assert again is copy
        assert again.verify([request(1)]) == [Valid()]
        assert server.trips == 2
        copy.close()


def test_processes_ask_for_themselves() -> None:
    with (
        RpcServer() as server,
        access_to(server) as access,
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes,
    ):
        verdicts = processes.submit(access.verify, [request(1)]).result()
        assert verdicts == [Valid()]
        processes.submit(access.verify, [request(1)]).result()
        assert server.trips == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_does_not_talk_on_its_parent_s_connections() -> None:
    # In a process of its own: this one has threads.
    program = """
import os, sys
from plugins.ethereum.tests.chain.server import BASE, request
from xmtp_identity_ethereum.chain.access import ChainAccess
access = ChainAccess({BASE: [sys.argv[1]]})
access.verify([request(1)])
child = os.fork()
if not child:
    os._exit(len(access.verify([request(2)])))
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
access.verify([request(3)])
"""
    clients = []

    def mood(call: Call) -> None:
        clients.append(call.client)
        call.honestly()

    with RpcServer(mood) as server:
        root = os.fspath(Path(__file__).parents[4])
        subprocess.run(
            [sys.executable, "-c", program, server.url],
            check=True,
            env=os.environ | {"PYTHONPATH": root},
        )
    first, second, third = clients
    assert first == third != second


def test_httpx_is_imported_with_the_first_question() -> None:
    program = """
import sys
from xmtp_identity_ethereum.chain.access import ChainAccess
ChainAccess({1: ["https://host/"]}).verify([])
assert not {"httpx", "httpcore", "ssl"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True)
