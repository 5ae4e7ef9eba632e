"""Servers that lie, fail, delay and flood: each by name. Alone they give no verdict,
and never an invalid one; with an honest one behind them they change nothing."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from xmtp_identity_ethereum.chain.access import ChainAccess
from xmtp_identity_ethereum.chain.limits import Limits
from xmtp_identity_ethereum.smart_wallet import Unavailable, Valid

from .quick import QUICK, access_to, ask_one, detail_of, valid_behind
from .server import BASE, KEY, Call, Mood, RpcServer, request

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def edited(change: Callable[[list[dict[str, Any]]], Any]) -> Mood:
    """Honest answers, changed before they are sent."""
    return lambda call: call.send(change(call.entries()))


def with_ids(number: Callable[[int], object]) -> Mood:
    return edited(lambda all_: [one | {"id": number(one["id"])} for one in all_])


def every_call(answer: dict[str, Any]) -> Mood:
    """The same answer to each call of a wallet, with its id."""

    def change(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        *others, last = entries
        return [*others, {"jsonrpc": "2.0", "id": last["id"], **answer}]

    return edited(change)


def status(number: int, **headers: str) -> Mood:
    return lambda call: call.send_bytes(b"{}", number, headers)


GOES_WRONG: dict[str, tuple[Mood, str]] = {
    "lies about the chain id": (
        edited(lambda all_: [all_[0] | {"result": "0x1"}, *all_[1:]]),
        "is of the chain eip155:1",
    ),
    "does not say its chain id": (
        edited(lambda all_: [all_[0] | {"result": None}, *all_[1:]]),
        "does not say of which chain it is",
    ),
    "gives its chain id as a number": (
        edited(lambda all_: [all_[0] | {"result": BASE}, *all_[1:]]),
        "does not say of which chain it is",
    ),
    "answers garbage": (lambda call: call.send_bytes(b"\xff\x00{"), "is no JSON"),
    "answers nothing": (lambda call: call.send_bytes(b""), "is no JSON"),
    "answers HTML": (
        lambda call: call.send_bytes(b"<html>It works!</html>"),
        "is no JSON",
    ),
    "nests without end": (lambda call: call.send_bytes(b"[" * 10**6), "is no JSON"),
    "nests behind texts": (
        lambda call: call.send_bytes(b'["]\\"]' + b'",[' * 10**5),
        "is no JSON",
    ),
    "answers a number": (lambda call: call.send(7), "none of JSON-RPC"),
    "answers null": (lambda call: call.send(None), "none of JSON-RPC"),
    "answers an empty list": (lambda call: call.send([]), "does not say of which"),
    "answers a list of numbers": (
        lambda call: call.send([1] * 9),
        "does not say of which",
    ),
    "answers with the ids of other questions": (
        with_ids(lambda number: number + 10**6),
        "does not say of which chain it is",
    ),
    "answers with ids that are texts": (with_ids(str), "does not say of which"),
    "answers with ids that are fractions": (with_ids(float), "does not say of which"),
    "answers each question twice": (
        edited(lambda all_: all_ + all_),
        "does not say of which chain it is",
    ),
    "answers the last question twice": (
        edited(lambda all_: [*all_, all_[-1] | {"result": "0x"}]),
        "gave no answer of its own",
    ),
    "leaves out the last answer": (
        edited(lambda all_: all_[:-1]),
        "gave no answer of its own",
    ),
    "gives a result and an error": (
        every_call({"result": "0x01", "error": {"code": 3, "message": "x"}}),
        "gave a result and an error at once",
    ),
    "gives neither": (every_call({}), "gave a result that is no data"),
    "gives spaces between digits": (
        every_call({"result": "0x" + "0 " * 32}),
        "gave a result that is no data",
    ),
    "gives half a byte": (every_call({"result": "0x0"}), "that is no data"),
    "gives a line end after the data": (
        every_call({"result": "0x" + "00" * 32 + "\n"}),
        "gave a result that is no data",
    ),
    "gives an empty word": (every_call({"result": "0x"}), "is none to this question"),
    "says yes to another question": (
        every_call({"result": "0x" + "00" * 31 + "01"}),
        "the answer is none to this question",
    ),
    "gives the magic value itself": (
        every_call({"result": "0x1626ba7e" + "00" * 28}),
        "the answer is none to this question",
    ),
    "gives an error that is a text": (
        every_call({"error": f"no, by {KEY}"}),
        "an error that is none of JSON-RPC",
    ),
    "gives an error with a key in it": (
        every_call({"error": {"code": -32000, "message": f"bad key {KEY}"}}),
        "gave the error -32000",
    ),
    "gives an error of a thousand digits": (
        every_call({"error": {"code": 10**1000, "message": ""}}),
        "gave the error 1000",
    ),
    "is out of capacity": (
        every_call({"error": {"code": 429, "message": "compute units"}}),
        "has too much to do",
    ),
    "answers 401": (status(401), "answers with HTTP status 401"),
    "answers 404": (status(404), "answers with HTTP status 404"),
    "answers 500": (status(500), "answers with HTTP status 500"),
    "answers 429": (status(429), "has too much to do (HTTP status 429)"),
    "answers 204": (
        lambda call: call.send_raw(b"HTTP/1.1 204 No Content\r\n\r\n"),
        "answers with HTTP status 204",
    ),
    "closes the connection": (lambda call: call.send_raw(b""), "broke off"),
    "closes it within the head": (lambda call: call.send_raw(_HEAD), "broke off"),
    "closes it within the body": (
        lambda call: call.send_raw(_HEAD + b"Content-Length: 900\r\n\r\n[{"),
        "broke off",
    ),
    "does not speak HTTP": (
        lambda call: call.send_raw(b"SSH-2.0-OpenSSH_9.9\r\n\r\n"),
        "does not speak HTTP",
    ),
    "has a head without end": (
        lambda call: call.send_raw(_HEAD + b"X: " + b"y" * 10**6),
        "does not speak HTTP",
    ),
    "compresses what shall not be": (
        lambda call: call.send_bytes(
            b"\x1f\x8b\x08\x00", headers={"Content-Encoding": "gzip"}
        ),
        "is no JSON",
    ),
}


@pytest.mark.parametrize("name", GOES_WRONG)
def test_a_server_gives_no_verdict_if_it(name: str) -> None:
    mood, reason = GOES_WRONG[name]
    with RpcServer(mood) as server:
        detail = detail_of(ask_one(server))
        assert server.host in detail
        assert reason in detail
        assert valid_behind([server])


def test_a_server_that_nobody_runs_gives_no_verdict() -> None:
    with RpcServer() as server:
        pass
    assert f"{server.host} could not be reached" in detail_of(ask_one(server))
    assert valid_behind([server])


SLOW: dict[str, Mood] = {
    "does not answer": lambda call: call.drip(b"", b""),
    "drips a head": lambda call: call.drip(_HEAD + b"X: ", b"y"),
    "drips a body": lambda call: call.drip(
        _HEAD + b"Content-Length: 100000\r\n\r\n", b" "
    ),
    "drips pieces": lambda call: call.drip(
        _HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"
    ),
    "promises without end": lambda call: call.drip(b"", b"HTTP/1.1 103 Hints\r\n\r\n"),
}


@pytest.mark.parametrize("name", SLOW)
def test_the_time_of_a_round_trip_is_limited_for_a_server_that(name: str) -> None:
    limits = Limits(trip_s=0.2, attempts=1)
    with RpcServer(SLOW[name]) as slow, RpcServer() as honest:
        started = time.monotonic()
        assert ask_one(slow, honest, limits=limits) == Valid()
        assert time.monotonic() - started < 5
        detail = detail_of(ask_one(slow, limits=limits))
        assert "did not answer in time" in detail


@pytest.mark.parametrize("name", SLOW)
def test_the_time_of_a_question_is_limited_in_all_for_a_server_that(name: str) -> None:
    with RpcServer(SLOW[name]) as slow:
        started = time.monotonic()
        detail = detail_of(ask_one(slow, timeout=0.3, limits=Limits(trip_s=60)))
        assert time.monotonic() - started < 5
        assert "did not answer in time" in detail


def test_the_time_is_limited_for_a_server_that_does_not_read() -> None:
    # More than the buffers of a connection hold.
    big = [
        replace(one, signature=one.signature + bytes(40_000))
        for one in map(request, range(90))
    ]
    limits = Limits(trip_s=0.3, attempts=1, request_bytes=10**9)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with ChainAccess({BASE: [url]}, limits=limits) as access:
            started = time.monotonic()
            verdicts = access.verify(big)
    assert time.monotonic() - started < 10
    assert all("in time" in detail_of(one) for one in verdicts)


def test_a_late_answer_is_not_taken_for_the_answer_to_the_next_question() -> None:
    kept: list[Any] = []

    def late(call: Call) -> None:
        """Each answer comes one question too late."""
        kept.append(call.entries())
        call.send(kept[-2] if len(kept) > 1 else [])

    with RpcServer(late) as server:
        assert "does not say of which chain" in detail_of(ask_one(server))
        assert server.trips == QUICK.attempts


def test_the_same_answers_in_another_order_are_the_same() -> None:
    with RpcServer(edited(lambda all_: all_[::-1])) as server:
        assert ask_one(server) == Valid()


def test_what_is_not_asked_for_is_not_looked_at() -> None:
    stray = [{"id": None}, {"id": True, "result": "0x1"}, {"id": 5, "result": "0x"}, 7]
    with RpcServer(edited(lambda all_: [*stray, *all_, {}])) as server:
        assert ask_one(server) == Valid()


def test_a_server_that_is_busy_is_asked_again() -> None:
    def busy_first(call: Call) -> None:
        if call.server.trips == 1:
            call.send_bytes(b"slow down", 429, {"Retry-After": "0"})
        else:
            call.honestly()

    with RpcServer(busy_first) as server:
        assert ask_one(server) == Valid()
        assert server.trips == 2


def test_a_server_that_asks_to_be_left_alone_is_left_alone() -> None:
    with RpcServer(status(429, **{"Retry-After": "1000000"})) as server:
        with access_to(server) as access:
            first = detail_of(access.verify([request(1)])[0])
            again = detail_of(access.verify([request(2)])[0])
        assert server.trips == 1
    assert "has too much to do (HTTP status 429)" in first
    assert "is left alone for a while" in again


@pytest.mark.parametrize("wait", ["-1", "soon", "٣", "1" * 5000, "1e9", ""])
def test_what_a_server_asks_for_may_be_nonsense(wait: str) -> None:
    mood = status(503, **{"Retry-After": wait.encode().decode("latin-1")})
    with RpcServer(mood) as server:
        assert "HTTP status 503" in detail_of(ask_one(server))


@pytest.mark.parametrize("number", [301, 302, 303, 307, 308])
def test_a_redirection_is_not_followed(number: int) -> None:
    with (
        RpcServer() as other,
        RpcServer(status(number, Location=other.url)) as server,
    ):
        assert "sends elsewhere" in detail_of(ask_one(server))
        assert not other.calls


def test_an_answer_that_is_too_large_is_not_read() -> None:
    limits = Limits(answer_bytes=1000, first_pause_s=0)

    def flood(call: Call) -> None:
        call.send_raw(_HEAD + b"Content-Length: 1000000000\r\n\r\n" + b" " * 100_000)

    with RpcServer(flood) as server:
        detail = detail_of(ask_one(server, limits=limits))
    assert "gives answers that are too large" in detail


def test_a_server_has_nothing_to_remember_a_client_by() -> None:
    def cookie(call: Call) -> None:
        body = json.dumps(call.entries()).encode()
        call.send_bytes(body, headers={"Set-Cookie": "a=b; Path=/"})

    with RpcServer(cookie) as server, access_to(server) as access:
        access.verify([request(1)])
        access.verify([request(2)])
        assert not any("Cookie" in headers for headers in server.headers)


def test_proxies_of_the_environment_are_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with RpcServer() as proxy, RpcServer() as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        assert ask_one(server) == Valid()
        assert not proxy.calls


def test_all_that_failed_are_named() -> None:
    with (
        RpcServer(status(404)) as first,
        RpcServer(lambda call: call.send(7)) as second,
    ):
        verdict = ask_one(first, second)
    assert verdict == Unavailable(
        f"The chain eip155:{BASE} gave no verdict. {first.host} answers with HTTP "
        f"status 404. {second.host} gave an answer that is none of JSON-RPC."
    )
