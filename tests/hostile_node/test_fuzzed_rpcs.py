"""Any bytes as a request of any method: an answer, or a status that is right."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Final

import grpc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xmtp_identity_node.api import METHODS

from ..faults.processes import NodeProcess
from ..faults.workload import Plan
from ..support.mutations import mutate
from .calls import FOLLOW, OF_AN_INBOX, PUBLISH, UNARY, VERIFY, valid_requests

STATUSES: Final = {
    grpc.StatusCode.OK,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
}
"""What a request that is wrong in itself may get."""

MORE_STATUSES: Final[dict[str, set[grpc.StatusCode]]] = {
    # An update may be sound and not fit the log.
    PUBLISH: {grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.ALREADY_EXISTS},
    # The node that is asked has no chain.
    VERIFY: {grpc.StatusCode.UNAVAILABLE},
    **{path: {grpc.StatusCode.NOT_FOUND} for path in OF_AN_INBOX},
}


@pytest.fixture(scope="module")
def channel(node: NodeProcess) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(node.target) as one:
        yield one


def status_of(channel: grpc.Channel, path: str, request: bytes) -> grpc.StatusCode:
    """How a call ends; every refusal carries our code and a sentence."""
    call = channel.unary_unary(path, bytes, bytes).future(request, timeout=30)
    if call.exception() is not None:
        metadata = dict(call.trailing_metadata() or ())
        assert metadata.get("xmtp-identity-code"), (path, call)
        assert str(call.details()).endswith(".")
    return call.code()


@pytest.mark.parametrize("path", UNARY)
@given(request=st.binary(max_size=300))
def test_raw_bytes_are_answered_or_refused(
    path: str, channel: grpc.Channel, request: bytes
) -> None:
    allowed = STATUSES | MORE_STATUSES.get(path, set())
    assert status_of(channel, path, request) in allowed


@pytest.mark.parametrize("path", UNARY)
@settings(max_examples=200)
@given(seed=st.integers(0, 1 << 32), damages=st.integers(1, 4))
def test_damaged_requests_are_answered_or_refused(
    path: str,
    channel: grpc.Channel,
    well_known: list[Plan],
    seed: int,
    damages: int,
) -> None:
    random = Random(seed)
    valid = [valid_requests(plan)[path] for plan in well_known]
    request = random.choice(valid)
    for _ in range(damages):
        request = mutate(request, random, valid)
    allowed = STATUSES | MORE_STATUSES.get(path, set())
    assert status_of(channel, path, request) in allowed


@given(request=st.binary(max_size=300))
def test_a_stream_of_new_entries_takes_any_bytes(
    channel: grpc.Channel, request: bytes
) -> None:
    call = channel.unary_stream(FOLLOW, bytes, bytes)(request, timeout=30)
    try:
        next(iter(call))
    except grpc.RpcError:
        assert call.code() in STATUSES
        metadata = dict(call.trailing_metadata() or ())
        assert metadata.get("xmtp-identity-code")
    call.cancel()


@pytest.mark.parametrize("path", ["/", "/a/b", "/" + "x" * 4000, f"{PUBLISH}x"])
def test_unknown_methods_are_unimplemented(channel: grpc.Channel, path: str) -> None:
    call = channel.unary_unary(path, bytes, bytes).future(b"", timeout=30)
    assert call.code() is grpc.StatusCode.UNIMPLEMENTED


def test_every_method_is_fuzzed() -> None:
    paths = {f"/{one.service}/{one.name}" for one in METHODS.values()}
    assert paths == {*UNARY, FOLLOW}
