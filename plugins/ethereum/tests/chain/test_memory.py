"""Verdicts that are remembered, and those that must not be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from xmtp_identity_ethereum.chain.cache import VerdictCache
from xmtp_identity_ethereum.smart_wallet import Invalid, Valid

from .quick import QUICK, access_to, detail_of
from .server import Call, RpcServer, request

FINAL = 900_000
HEAD = 1_000_000


@pytest.mark.parametrize(("block", "trips"), [(FINAL, 1), (FINAL + 1, 2)])
def test_a_verdict_is_remembered_up_to_the_final_block(block: int, trips: int) -> None:
    asked = [request(1, block=block), request(2, block=block, good=False)]
    with RpcServer() as server, access_to(server) as access:
        first = access.verify(asked)
        assert access.verify(asked) == first
        assert server.trips == trips


@pytest.mark.parametrize("distance", [0, 1])
def test_far_behind_the_newest_block_is_final_where_nothing_else_is(
    distance: int,
) -> None:
    limits = replace(QUICK, finality=500)
    block = HEAD - 500 + distance
    with RpcServer() as server, access_to(server, limits=limits) as access:
        server.final = None
        access.verify([request(1, block=block)])
        access.verify([request(1, block=block)])
        assert server.trips == 1 + distance


def test_a_final_block_that_is_newer_than_the_newest_is_not_believed() -> None:
    with RpcServer() as server, access_to(server) as access:
        server.final = hex(HEAD + 1)
        access.verify([request(1, block=HEAD + 1)])
        access.verify([request(1, block=HEAD + 1)])
        assert server.trips == 2


def test_a_server_s_word_on_final_blocks_counts_for_its_own_verdicts_alone() -> None:
    def fails(call: Call) -> None:
        entries = call.entries()
        entries[-1] = {"id": entries[-1]["id"], "error": {"code": 1, "message": ""}}
        call.send(entries)

    with (
        RpcServer(fails) as boastful,
        RpcServer() as honest,
        access_to(boastful, honest) as access,
    ):
        boastful.final = hex(HEAD)
        asked = [request(1, block=FINAL + 1)]
        assert access.verify(asked) == [Valid()]
        assert access.verify(asked) == [Valid()]
        assert honest.trips == 2


def test_the_final_block_is_not_asked_for_each_time() -> None:
    with RpcServer() as server, access_to(server) as access:
        for number in range(5):
            access.verify([request(number)])
        assert server.methods().count("eth_getBlockByNumber") == 1


def test_what_is_unavailable_is_not_remembered() -> None:
    with RpcServer() as server, access_to(server) as access:
        server.mood = lambda call: call.send(7)
        detail_of(access.verify([request(1)])[0])
        server.mood = Call.honestly
        assert access.verify([request(1)]) == [Valid()]


CHANGES: dict[str, Callable[[Any], Any]] = {
    "hash": lambda one: replace(one, hash=b"\x01" * 32),
    "signature": lambda one: replace(one, signature=one.signature + b"\0"),
    "block": lambda one: replace(one, block_number=one.block_number + 1),
    "address": lambda one: replace(one, address="0x" + "cd" * 20),
}


@pytest.mark.parametrize("name", CHANGES)
def test_another_request_is_not_answered_from_memory(name: str) -> None:
    with RpcServer() as server, access_to(server) as access:
        access.verify([request(1)])
        access.verify([CHANGES[name](request(1))])
        assert server.trips == 2


def test_another_chain_is_not_answered_from_memory() -> None:
    cache = VerdictCache(10)
    cache.put(request(1), Valid())
    assert cache.get(request(1)) == Valid()
    assert cache.get(replace(request(1), chain_id=1)) is None


def test_the_spelling_of_an_account_does_not_matter_to_the_memory() -> None:
    with RpcServer() as server, access_to(server) as access:
        access.verify([request(1)])
        access.verify([replace(request(1), account_id="another spelling")])
        assert server.trips == 1


def test_the_memory_is_bounded_and_drops_what_was_not_used() -> None:
    cache = VerdictCache(3)
    for number in range(3):
        cache.put(request(number), Valid())
    cache.get(request(0))
    cache.put(request(3), Invalid("no"))
    assert len(cache) == 3
    known = [cache.get(request(number)) for number in range(4)]
    assert known == [Valid(), None, Valid(), Invalid("no")]


def test_nothing_is_remembered_if_the_caller_wants_it_so() -> None:
    with RpcServer() as server, access_to(server, cache=0) as access:
        access.verify([request(1)])
        access.verify([request(1)])
        assert server.trips == 2


def test_what_needs_no_chain_is_not_asked() -> None:
    zero = replace(request(1), address="0x" + "00" * 20)
    with RpcServer() as server, access_to(server) as access:
        (verdict,) = access.verify([zero])
        assert isinstance(verdict, Invalid)
        assert verdict.deviation
        assert not server.calls
