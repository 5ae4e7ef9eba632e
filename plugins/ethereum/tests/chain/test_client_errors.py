"""What geth and the others say of a call that reverted, and of all else."""

from __future__ import annotations

from typing import Any

import pytest

from xmtp_identity_ethereum.chain.answers import data_of
from xmtp_identity_ethereum.chain.rules import Failed, Returned, Reverted
from xmtp_identity_ethereum.smart_wallet import Invalid, Valid

from .quick import ask_one, detail_of
from .server import BASE, ZKSYNC, Call, Mood, RpcServer

PANIC = "0x4e487b71" + "00" * 31 + "11"

REVERTS: dict[str, dict[str, Any]] = {
    "geth, with data": {"code": 3, "message": "execution reverted", "data": PANIC},
    "geth, with a reason": {
        "code": 3,
        "message": "execution reverted: wrong owner",
        "data": PANIC,
    },
    "geth, without data": {"code": -32000, "message": "execution reverted"},
    "erigon": {"code": 3, "message": "execution reverted", "data": "0x"},
    "nethermind": {
        "code": -32015,
        "message": "VM execution error.",
        "data": f"Reverted {PANIC}",
    },
    "nethermind, newer": {
        "code": -32015,
        "message": "execution reverted: wrong owner",
        "data": PANIC,
    },
    "reth": {
        "code": 3,
        "message": "execution reverted: custom error 0x4e487b71",
        "data": PANIC,
    },
    "anvil": {"code": 3, "message": "execution reverted", "data": "0x"},
    "besu": {"code": -32000, "message": "Execution reverted", "data": PANIC},
    "zksync": {"code": 3, "message": "execution reverted", "data": PANIC},
}

OTHERS: dict[str, dict[str, Any]] = {
    "out of gas": {"code": -32000, "message": "out of gas"},
    "the server's own cap of gas": {
        "code": -32000,
        "message": "gas required exceeds allowance (10000000)",
    },
    "the server's own time": {"code": -32000, "message": "execution timeout"},
    "time, as geth says it": {
        "code": -32000,
        "message": "execution aborted (timeout = 5s)",
    },
    "an invalid opcode": {"code": -32000, "message": "invalid opcode: INVALID"},
    "nethermind, not a revert": {
        "code": -32015,
        "message": "VM execution error.",
        "data": "Bad instruction fe",
    },
    "reth, halted": {"code": -32003, "message": "EVM halted: OutOfGas"},
    "no state": {"code": -32000, "message": "missing trie node 7c (path ) state 0x"},
    "no block": {"code": -32000, "message": "header not found"},
    "pruned": {"code": -32000, "message": "historical state 9f is not available"},
    "anvil, a block to come": {"code": -32602, "message": "BlockOutOfRangeError"},
    "no such method": {"code": -32601, "message": "the method does not exist"},
    "invalid params": {"code": -32602, "message": "invalid argument 0"},
    "too large": {"code": -32000, "message": "max initcode size exceeded"},
    "a limit": {"code": -32005, "message": "daily request count exceeded"},
    "an inner error": {"code": -32603, "message": "Internal error"},
    "a gateway's 3": {"code": 3, "message": "InvalidArgument: missing key"},
    "the word elsewhere": {"code": -32000, "message": "not: execution reverted"},
    "another code": {"code": -32603, "message": "execution reverted"},
    "a code that is a text": {"code": "3", "message": "execution reverted"},
    "a code that is true": {"code": True, "message": "execution reverted"},
    "a code that is a fraction": {"code": 3.0, "message": "execution reverted"},
    "no code": {"message": "execution reverted"},
    "no message": {"code": 3},
    "a message that is none": {"code": 3, "message": ["execution reverted"]},
}


def with_error(error: dict[str, Any]) -> Mood:
    """Every eth_call fails like this."""

    def mood(call: Call) -> None:
        entries = call.entries()
        entries[-1] = {"jsonrpc": "2.0", "id": entries[-1]["id"], "error": error}
        call.send(entries)

    return mood


@pytest.mark.parametrize("name", [*REVERTS, *OTHERS])
def test_with_the_validator_no_error_is_a_verdict(name: str) -> None:
    with RpcServer(with_error((REVERTS | OTHERS)[name])) as server:
        detail_of(ask_one(server))


@pytest.mark.parametrize("name", REVERTS)
def test_a_wallet_that_is_called_directly_refuses_by_reverting(name: str) -> None:
    with RpcServer(with_error(REVERTS[name]), chain_id=ZKSYNC) as server:
        assert ask_one(server) == Invalid(
            "The smart wallet refuses the signature: it reverted."
        )


@pytest.mark.parametrize("name", OTHERS)
def test_no_other_error_of_a_direct_call_is_a_verdict(name: str) -> None:
    with (
        RpcServer(with_error(OTHERS[name]), chain_id=ZKSYNC) as server,
        RpcServer(chain_id=ZKSYNC) as honest,
    ):
        detail_of(ask_one(server), ZKSYNC)
        assert ask_one(server, honest) == Valid()


@pytest.mark.parametrize("name", ["no state", "no block", "pruned"])
def test_what_an_archive_node_is_needed_for_is_said(name: str) -> None:
    with RpcServer(with_error(OTHERS[name])) as server:
        assert "an archive node" in detail_of(ask_one(server))


@pytest.mark.parametrize("name", REVERTS)
def test_the_data_of_a_revert_is_read(name: str) -> None:
    error = REVERTS[name]
    has_data = PANIC in str(error.get("data"))
    expected = Reverted(bytes.fromhex(PANIC[2:]) if has_data else b"")
    assert data_of({"id": 1, "error": error}) == expected


def test_the_data_of_a_revert_may_be_nonsense() -> None:
    for data in (7, None, "0x0", "0x 0", {"data": "0x"}, "Reverted"):
        error = {"code": 3, "message": "execution reverted", "data": data}
        assert data_of({"id": 1, "error": error}) == Reverted(b"")


def test_a_result_is_bytes() -> None:
    assert data_of({"id": 1, "result": "0xAb00"}) == Returned(b"\xab\x00")
    assert data_of({"id": 1, "result": "0x", "error": None}) == Returned(b"")
    assert isinstance(data_of({"id": 1, "result": "0x\u0660\u0660"}), Failed)


def test_the_verdict_of_a_server_is_never_an_error_of_another_chain() -> None:
    error = REVERTS["geth, with data"]
    with RpcServer(with_error(error), chain_id=BASE) as server:
        assert "the call that asks the wallet failed" in detail_of(ask_one(server))
