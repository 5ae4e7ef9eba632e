"""Who is asked, who is believed, which block is the newest."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from xmtp_identity.errors import BadInput
from xmtp_identity_ethereum.chain.access import ChainAccess
from xmtp_identity_ethereum.chain.limits import Limits
from xmtp_identity_ethereum.smart_wallet import Invalid, Unavailable, Valid

from .quick import QUICK, access_to, ask_one, detail_of
from .server import BASE, ZKSYNC, Call, RpcServer, request

FINAL = 900_000
HEAD = 1_000_000


def test_the_first_sound_answer_is_believed() -> None:
    with RpcServer() as first, RpcServer() as second:
        assert ask_one(first, second) == Valid()
        assert not second.calls


def test_a_server_that_failed_lately_is_asked_last() -> None:
    limits = Limits(first_pause_s=100, longest_pause_s=100)
    with (
        RpcServer(lambda call: call.send(7)) as first,
        RpcServer() as second,
        access_to(first, second, limits=limits) as access,
    ):
        for number in range(5):
            assert access.verify([request(number)]) == [Valid()]
        assert first.trips == 1
        assert second.trips == 5


def test_a_server_that_came_back_is_asked_first_again() -> None:
    limits = replace(QUICK, first_pause_s=0)
    with (
        RpcServer(lambda call: call.send(7)) as first,
        RpcServer() as second,
        access_to(first, second, limits=limits) as access,
    ):
        access.verify([request(1)])
        first.mood = Call.honestly
        access.verify([request(2)])
        assert first.trips == 2


def says_no(call: Call) -> None:
    entries = call.entries()
    for entry in entries:
        if len(entry["result"]) == 66:
            entry["result"] = entry["result"][:-2] + "08"
    call.send(entries)


def test_several_servers_may_have_to_agree() -> None:
    with RpcServer() as first, RpcServer() as second, RpcServer() as third:
        assert ask_one(first, second, third, agree=2) == Valid()
        assert [first.trips, second.trips, third.trips] == [1, 1, 0]


def test_servers_that_disagree_give_no_verdict() -> None:
    with RpcServer() as first, RpcServer(says_no) as second, RpcServer() as third:
        detail = detail_of(ask_one(first, second, third, agree=2))
    assert f"{first.host}: valid" in detail
    assert f"{second.host}: invalid" in detail


def test_a_server_that_fails_is_no_disagreement() -> None:
    with (
        RpcServer() as first,
        RpcServer(lambda call: call.send(7)) as second,
        RpcServer() as third,
    ):
        assert ask_one(first, second, third, agree=2) == Valid()
        detail = detail_of(ask_one(first, second, agree=2))
    assert f"Only {first.host} did; 2 servers must agree." in detail
    assert f"{second.host} gave an answer" in detail


def test_what_not_all_who_agree_know_as_final_is_not_remembered() -> None:
    with RpcServer() as first, RpcServer() as second:
        second.final = hex(FINAL - 10_000)
        with access_to(first, second, agree=2) as access:
            assert access.verify([request(1)]) == [Valid()]
            assert access.verify([request(1)]) == [Valid()]
        assert first.trips == 2


def test_a_server_named_twice_agrees_with_nobody() -> None:
    with RpcServer() as server, pytest.raises(BadInput, match="2 servers must agree"):
        access_to(server, server, agree=2)


def test_each_chain_is_asked_at_its_own_servers() -> None:
    asked = [
        request(1),
        request(1, chain_id=ZKSYNC, good=False),
        request(2),
        request(1, chain_id=1),
    ]
    with (
        RpcServer() as base,
        RpcServer(chain_id=ZKSYNC) as zksync,
        ChainAccess({BASE: [base.url], ZKSYNC: [zksync.url]}) as access,
    ):
        one, two, three, four = access.verify(asked)
    assert one == three == Valid()
    assert isinstance(two, Invalid)
    assert four == Unavailable(
        "There is no access to the chain eip155:1: no server of it is named."
    )


def test_a_chain_that_hangs_costs_no_verdict_of_another() -> None:
    def hangs(call: Call) -> None:
        call.hang()

    with (
        RpcServer(hangs, chain_id=ZKSYNC) as zksync,
        RpcServer() as base,
        ChainAccess(
            {ZKSYNC: [zksync.url], BASE: [base.url]}, timeout=0.4, limits=QUICK
        ) as access,
    ):
        slow, good = access.verify([request(1, chain_id=ZKSYNC), request(1)])
    detail_of(slow, ZKSYNC)
    assert good == Valid()


# The newest block


@pytest.mark.parametrize("seconds", [60, 0])
def test_the_newest_block_is_asked_for_now_and_then(seconds: int) -> None:
    limits = replace(QUICK, head_s=seconds)
    with RpcServer() as server, access_to(server, limits=limits) as access:
        assert access.head(BASE) == HEAD
        server.head += 1
        assert access.head(BASE) == (HEAD if seconds else HEAD + 1)


HEADS: dict[str, Any] = {
    "zero": "0x0",
    "a number": 7,
    "decimal": "7",
    "nothing": None,
    "too large": "0x" + "f" * 17,
    "a line end": "0x7\n",
}


@pytest.mark.parametrize("name", HEADS)
def test_a_newest_block_that_is_none_is_not_believed(name: str) -> None:
    def mood(call: Call) -> None:
        entries = call.entries()
        entries[-1]["result"] = HEADS[name]
        call.send(entries)

    with RpcServer(mood) as server, RpcServer() as honest:
        with access_to(server) as access:
            head = access.head(BASE)
            assert isinstance(head, Unavailable)
            assert "does not say which block is the newest" in head.detail
            assert f"eip155:{BASE}" in head.detail
        with access_to(server, honest) as access:
            assert access.head(BASE) == HEAD


def test_the_newest_block_of_another_chain_is_not_believed() -> None:
    with (
        RpcServer(chain_id=1) as server,
        ChainAccess({BASE: [server.url]}, limits=QUICK) as access,
    ):
        head = access.head(BASE)
        assert isinstance(head, Unavailable)
        assert "is of the chain eip155:1" in head.detail
        assert isinstance(access.head(2), Unavailable)


def test_the_newest_block_is_told_by_a_server_that_takes_no_batches() -> None:
    def mood(call: Call) -> None:
        if call.is_batch:
            call.send_bytes(b"", 400)
        else:
            call.honestly()

    with RpcServer(mood) as server, access_to(server) as access:
        assert access.head(BASE) == HEAD
