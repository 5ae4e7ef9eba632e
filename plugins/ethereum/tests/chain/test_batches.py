"""Many calls, one round trip: as many as a server takes, and what it drops."""

from __future__ import annotations

from typing import Any

import pytest

from xmtp_identity_ethereum.chain.limits import Limits
from xmtp_identity_ethereum.smart_wallet import Invalid, Unavailable, Valid

from .quick import QUICK, access_to, detail_of
from .server import GOOD, ZKSYNC, Call, RpcServer, request

MANY = [request(number, good=number % 3 != 0) for number in range(250)]


def verdicts_are_right(server: RpcServer, *others: RpcServer, **settings: Any) -> bool:
    with access_to(server, *others, **settings) as access:
        verdicts = access.verify(MANY)
    return [type(one) for one in verdicts] == [
        Invalid if number % 3 == 0 else Valid for number in range(len(MANY))
    ]


def test_many_requests_are_a_round_trip_for_each_hundred() -> None:
    with RpcServer() as server:
        assert verdicts_are_right(server)
        assert server.trips == 3
        assert server.methods().count("eth_call") == len(MANY)


def test_the_chain_id_is_asked_for_in_each_round_trip() -> None:
    with RpcServer() as server:
        assert verdicts_are_right(server)
        for call in server.calls:
            assert call.payload[0]["method"] == "eth_chainId"


def test_no_id_is_used_twice() -> None:
    with RpcServer() as server:
        assert verdicts_are_right(server)
        ids = [one["id"] for call in server.calls for one in call.payload]
        assert len(set(ids)) == len(ids)


def test_the_same_request_is_asked_once() -> None:
    with RpcServer() as server, access_to(server) as access:
        assert access.verify([request(1)] * 5) == [Valid()] * 5
        assert server.methods().count("eth_call") == 1


def test_no_requests_are_no_question() -> None:
    with RpcServer() as server, access_to(server) as access:
        assert access.verify([]) == []
        assert not server.calls


def test_a_batch_has_bounded_bytes() -> None:
    limits = Limits(request_bytes=100_000)
    with RpcServer() as server:
        assert verdicts_are_right(server, limits=limits)
        lengths = [int(headers["Content-Length"]) for headers in server.headers]
        assert max(lengths) < 101_000
        assert len(lengths) > 5


def refuses_batches(call: Call) -> None:
    if call.is_batch:
        error = {"code": -32600, "message": "batches are for paying customers"}
        call.send({"jsonrpc": "2.0", "id": None, "error": error})
    else:
        call.honestly()


def refuses_batches_by_status(call: Call) -> None:
    if call.is_batch:
        call.send_bytes(b"Payload Too Large", 413)
    else:
        call.honestly()


def takes_batches_of_thirty(call: Call) -> None:
    if len(call.payload) > 30:
        # As geth does it: one error, for the first of the calls.
        first = call.payload[0]["id"]
        error = {"code": -32600, "message": "batch too large"}
        call.send([{"jsonrpc": "2.0", "id": first, "error": error}])
    else:
        call.honestly()


def crashes_on_batches_over_ten(call: Call) -> None:
    if call.is_batch and len(call.payload) > 10:
        call.send_raw(b"")
    else:
        call.honestly()


@pytest.mark.parametrize(
    ("mood", "trips"),
    [
        (refuses_batches, 300),
        (refuses_batches_by_status, 300),
        (takes_batches_of_thirty, 13),
        (crashes_on_batches_over_ten, 60),
    ],
    ids=lambda one: getattr(one, "__name__", None),
)
def test_a_batch_is_split_for_a_server_that(mood: Any, trips: int) -> None:
    with RpcServer(mood) as server:
        assert verdicts_are_right(server)
        assert server.trips < trips


def test_a_server_that_takes_no_batches_is_not_offered_them_each_time() -> None:
    with RpcServer(refuses_batches) as server, access_to(server) as access:
        access.verify(MANY[:20])
        server.calls.clear()
        access.verify(MANY[20:40])
        assert not any(call.is_batch for call in server.calls)
        assert server.methods().count("eth_chainId") == 1


def test_single_calls_are_checked_like_those_of_a_batch() -> None:
    def lies(call: Call) -> None:
        if call.is_batch:
            refuses_batches(call)
        else:
            call.send(call.entries()[0] | {"id": 7})

    with RpcServer(lies) as server, access_to(server) as access:
        detail = detail_of(access.verify([request()])[0])
    assert "does not say of which chain it is" in detail


def test_direct_chains_work_without_batches() -> None:
    with (
        RpcServer(refuses_batches, chain_id=ZKSYNC) as server,
        access_to(server) as access,
    ):
        asked = [request(1, chain_id=ZKSYNC), request(2, chain_id=ZKSYNC, good=False)]
        valid, invalid = access.verify(asked)
    assert valid == Valid()
    assert isinstance(invalid, Invalid)


def test_only_what_was_dropped_is_asked_for_again() -> None:
    def drops_half(call: Call) -> None:
        entries = call.entries()
        call.send(entries[: len(entries) // 2] if len(entries) > 10 else entries)

    with RpcServer(drops_half) as server:
        assert verdicts_are_right(server)
        # 250, a half of each batch lost, then a half of the rest, ...
        assert server.methods().count("eth_call") < 3 * len(MANY)


def test_what_one_server_drops_is_asked_of_the_next() -> None:
    def drops_half(call: Call) -> None:
        entries = call.entries()
        call.send(entries[: len(entries) // 2])

    with RpcServer(drops_half) as first, RpcServer() as second:
        assert verdicts_are_right(first, second)
        assert 0 < second.methods().count("eth_call") < len(MANY)


def test_a_call_that_takes_all_the_time_costs_only_its_own_verdict() -> None:
    """A hostile inbox shall not keep the others of a batch from theirs."""
    bomb = request(1000)
    marker = "dead" * 8 + bomb.hash.hex()

    def chokes(call: Call) -> None:
        asked = call.payload if call.is_batch else [call.payload]
        if any(marker[32:] in str(one["params"]) for one in asked):
            call.hang()
        else:
            call.honestly()

    limits = Limits(trip_s=0.15, first_pause_s=0, attempts=4)
    with RpcServer(chokes) as server, access_to(server, limits=limits) as access:
        verdicts = access.verify([bomb, *MANY])
    assert isinstance(verdicts[0], Unavailable)
    assert all(isinstance(one, Valid | Invalid) for one in verdicts[1:])


def test_calls_that_are_refused_for_lack_of_capacity_are_asked_again() -> None:
    def half_capacity(call: Call) -> None:
        error = {"code": -32005, "message": "rate limit exceeded"}
        entries = call.entries()
        if call.server.trips < 3:
            entries[50:] = [
                {"jsonrpc": "2.0", "id": one["id"], "error": error}
                for one in entries[50:]
            ]
        call.send(entries)

    with RpcServer(half_capacity) as server:
        assert verdicts_are_right(server, limits=QUICK)


def test_the_signature_goes_out_as_it_is() -> None:
    with RpcServer() as server, access_to(server) as access:
        access.verify([request(5)])
        (call,) = server.calls
        transaction, block = call.payload[-1]["params"]
    assert GOOD.hex() in transaction["data"]
    assert transaction.keys() == {"from", "data", "gas", "gasPrice"}
    assert block == hex(request(5).block_number)
