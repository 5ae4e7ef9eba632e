"""A node asked instead of a chain: what it is believed, and what not."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import grpc
import pytest

from xmtp_identity.errors import SignatureUnavailable
from xmtp_identity.remote.errors import BadNodeUrl
from xmtp_identity.v1.api_pb2 import (
    VerifySmartContractWalletSignaturesRequest as Request,
)
from xmtp_identity.v1.api_pb2 import (
    VerifySmartContractWalletSignaturesResponse as Response,
)
from xmtp_identity_ethereum.chain.access import ChainAccess
from xmtp_identity_ethereum.chain.node_verifier import NodeVerifier
from xmtp_identity_ethereum.questions import SmartWalletQuestion, judge
from xmtp_identity_ethereum.smart_wallet import (
    Invalid,
    SmartWalletVerdict,
    Unavailable,
    Valid,
)

from .quick import QUICK, detail_of
from .server import BASE, GOOD, ZKSYNC, Call, RpcServer, request

Answer = Callable[[Request, grpc.ServicerContext], Response | bytes]
_ZERO = "0x" + "00" * 20


class Node:
    """What asks it, and what it says."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[Request] = []
        self.url = ""

    def handle(
        self, request: Request, context: grpc.ServicerContext
    ) -> Response | bytes:
        self.asked.append(request)
        return self.answer(request, context)


def serialized(answer: Response | bytes) -> bytes:
    """Some tests answer with bytes that are no message."""
    return answer if isinstance(answer, bytes) else answer.SerializeToString()


@contextmanager
def node(answer: Answer) -> Iterator[Node]:
    running = Node(answer)
    method = grpc.unary_unary_rpc_method_handler(
        running.handle,
        request_deserializer=Request.FromString,
        response_serializer=serialized,
    )
    handlers = {"VerifySmartContractWalletSignatures": method}
    service = grpc.method_handlers_generic_handler(
        "xmtp.identity.api.v1.IdentityApi", handlers
    )
    server = grpc.server(ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((service,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    running.url = f"grpc://127.0.0.1:{port}"
    try:
        yield running
    finally:
        server.stop(None).wait()


def honest(chain: object) -> Answer:
    """As a node of this project answers."""

    def answer(asked: Request, context: grpc.ServicerContext) -> Response:
        questions = [
            SmartWalletQuestion(
                one.account_id,
                one.hash,
                one.signature,
                one.block_number if one.HasField("block_number") else None,
            )
            for one in asked.signatures
        ]
        try:
            found = judge(questions, chain)
        except SignatureUnavailable as error:
            context.set_trailing_metadata((("xmtp-identity-code", error.code),))
            context.abort(grpc.StatusCode.UNAVAILABLE, error.detail)
        response = Response()
        for one in found:
            response.responses.add(
                is_valid=one.is_valid, block_number=one.block_number, error=one.error
            )
        return response

    return answer


def says(**fields: Any) -> Answer:
    """The same answer to each question but the one about the zero address."""

    def answer(asked: Request, context: grpc.ServicerContext) -> Response:
        response = Response()
        for one in asked.signatures:
            if one.account_id.endswith(_ZERO):
                response.responses.add(is_valid=False, block_number=one.block_number)
            else:
                response.responses.add(
                    **({"is_valid": True, "block_number": one.block_number} | fields)
                )
        return response

    return answer


def reference(asked: Request, context: grpc.ServicerContext) -> Response:
    """As the reference validator, which takes anything for the zero address."""
    response = Response()
    for one in asked.signatures:
        valid = one.account_id.endswith(_ZERO) or GOOD in one.signature
        response.responses.add(is_valid=valid, block_number=one.block_number)
    return response


def ask_one(answer: Answer, *, believe_any: bool = False) -> SmartWalletVerdict:
    with node(answer) as running, verifier(running, believe_any=believe_any) as asks:
        (verdict,) = asks.verify([request()])
        return verdict


def verifier(
    running: Node, *, timeout: float = 20, believe_any: bool = False
) -> NodeVerifier:
    return NodeVerifier(running.url, timeout=timeout, believe_any=believe_any)


def kinds(verdicts: Sequence[SmartWalletVerdict]) -> list[type]:
    return [type(one) for one in verdicts]


def test_a_node_of_this_project_gives_the_verdicts_of_its_chains() -> None:
    asked = [request(number, good=number % 2 == 0) for number in range(100)]
    with (
        RpcServer() as rpc,
        ChainAccess({BASE: [rpc.url]}, limits=QUICK) as chain,
        node(honest(chain)) as running,
        verifier(running) as asks,
    ):
        assert kinds(asks.verify(asked)) == [Valid, Invalid] * 50
        assert asks.head(BASE) == rpc.head
        refused = asks.verify([request(1, good=False)])
    assert len(running.asked) == 5  # three batches, the block, the last one
    assert refused == [
        Invalid(
            "The node refuses the smart wallet's signature (it says: "
            '"The smart wallet refuses the signature").'
        )
    ]


def test_a_chain_that_the_node_can_t_ask_costs_no_verdict_of_another() -> None:
    asked = [request(1, chain_id=ZKSYNC), request(1), request(2, chain_id=ZKSYNC)]
    with (
        RpcServer() as rpc,
        ChainAccess({BASE: [rpc.url]}, limits=QUICK) as chain,
        node(honest(chain)) as running,
        verifier(running) as asks,
    ):
        first, second, third = asks.verify(asked)
        head = asks.head(ZKSYNC)
    assert second == Valid()
    for one in (first, third):
        assert "There is no access" in detail_of(one, ZKSYNC)
    assert isinstance(head, Unavailable)
    assert f"eip155:{ZKSYNC}" in head.detail


def test_a_request_without_a_verdict_costs_no_verdict_of_another() -> None:
    asked = [request(number) for number in range(30)]

    def lacks_one(call: Call) -> None:
        entries = call.entries()
        for entry, question in zip(entries, call.payload, strict=True):
            if asked[20].hash.hex() in str(question["params"]):
                entry.pop("result")
        call.send(entries)

    with (
        RpcServer(lacks_one) as rpc,
        ChainAccess({BASE: [rpc.url]}, limits=QUICK) as chain,
        node(honest(chain)) as running,
        verifier(running) as asks,
    ):
        verdicts = asks.verify(asked)
    assert kinds(verdicts[:20]) == [Valid] * 20
    assert isinstance(verdicts[20], Unavailable)
    assert kinds(verdicts[21:]) == [Valid] * 9


def test_a_node_that_takes_the_zero_address_is_not_believed() -> None:
    detail = detail_of(ask_one(reference))
    assert "takes any signature for the zero address" in detail


def test_a_node_that_takes_the_zero_address_is_believed_if_the_caller_wants_it_so() -> (
    None
):
    assert ask_one(reference, believe_any=True) == Valid()


@pytest.mark.parametrize("believe_any", [False, True])
def test_what_needs_no_chain_is_not_asked(*, believe_any: bool) -> None:
    zero = replace(request(), address=_ZERO)
    with node(reference) as running, verifier(running, believe_any=believe_any) as asks:
        (verdict,) = asks.verify([zero])
    assert isinstance(verdict, Invalid)
    assert not running.asked


@pytest.mark.parametrize(
    "fields",
    [
        {"block_number": None},
        {"block_number": 7},
        {"block_number": None, "is_valid": False, "error": "SignatureError(Rpc)"},
        {"block_number": 0, "is_valid": False},
    ],
    ids=str,
)
def test_what_was_not_judged_at_the_pinned_block_is_no_verdict(
    fields: dict[str, Any],
) -> None:
    assert "did not judge at block" in detail_of(ask_one(says(**fields)))


def test_what_a_node_says_can_t_move_the_cursor() -> None:
    verdict = ask_one(says(is_valid=False, error="\x1b[2J\u202e" + "no" * 1000))
    assert isinstance(verdict, Invalid)
    assert verdict.detail.isprintable()
    assert len(verdict.detail) < 500


def short(asked: Request, context: grpc.ServicerContext) -> Response:
    return Response(responses=[Response.Response(is_valid=False)])


def garbage(asked: Request, context: grpc.ServicerContext) -> bytes:
    return b"\xff\xff"


def fails(asked: Request, context: grpc.ServicerContext) -> Response:
    context.abort(grpc.StatusCode.INTERNAL, "no")


def is_away(asked: Request, context: grpc.ServicerContext) -> Response:
    context.abort(grpc.StatusCode.UNAVAILABLE, "no")


def floods(asked: Request, context: grpc.ServicerContext) -> bytes:
    return b"\0" * (2 << 20)


@pytest.mark.parametrize("answer", [short, garbage, fails, is_away, floods])
def test_there_is_no_verdict_from_a_node_whose_answer(answer: Answer) -> None:
    detail_of(ask_one(answer))


def test_there_is_no_verdict_in_no_time() -> None:
    with node(reference) as running, verifier(running, timeout=1e-9) as asks:
        detail_of(asks.verify([request()])[0])


def test_a_node_that_does_not_say_its_block_knows_none() -> None:
    with node(says(block_number=None)) as running, verifier(running) as asks:
        head = asks.head(BASE)
    assert isinstance(head, Unavailable)
    assert "did not say it" in head.detail


def test_the_same_request_is_asked_once() -> None:
    with node(says()) as running, verifier(running) as asks:
        assert asks.verify([request(1)] * 3) == [Valid()] * 3
        assert len(running.asked[0].signatures) == 2  # one about the zero address


def test_it_can_be_sent_to_another_process_and_connects_again_after_a_close() -> None:
    with node(says()) as running:
        asks = verifier(running)
        copy = pickle.loads(pickle.dumps(asks))  # noqa: S301 - our own
        for one in (asks, asks, copy):
            assert one.verify([request()]) == [Valid()]
            one.close()
        assert repr(copy) == f"NodeVerifier({running.url.replace('grpc', 'http')!r})"


@pytest.mark.parametrize("url", ["", "grpc://", "ftp://host", "grpc://key@host"])
def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(BadNodeUrl):
        NodeVerifier(url)
