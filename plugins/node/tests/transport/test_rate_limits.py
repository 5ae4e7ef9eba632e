"""How often a client may ask."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from xmtp_identity.errors import BadInput
from xmtp_identity_node.errors import RateLimited
from xmtp_identity_node.rate_limits import BoundedMemory, RateLimits

from .support import Client, creation, inbox_of, refused, serving


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def spend(rates: RateLimits, times: int, client: str = "a") -> int:
    """How many of so many calls were allowed."""
    allowed = 0
    for _ in range(times):
        try:
            await rates.spend("read", client)
            allowed += 1
        except RateLimited:
            pass
    return allowed


def test_each_client_has_its_own_window_and_a_new_one_after_it() -> None:
    clock = Clock()
    rates = RateLimits({"read": "3/minute"}, now=clock)

    async def work() -> None:
        assert await spend(rates, 5, "a") == 3
        assert await spend(rates, 5, "b") == 3
        clock.now += 61
        assert await spend(rates, 5, "a") == 3

    asyncio.run(work())


def test_a_refusal_says_how_long_to_wait() -> None:
    clock = Clock()
    rates = RateLimits({"read": "1/minute"}, now=clock)

    async def work() -> None:
        await rates.spend("read", "a")
        clock.now += 20
        with pytest.raises(RateLimited, match="wait 40 seconds"):
            await rates.spend("read", "a")

    asyncio.run(work())


def test_a_class_without_a_limit_is_not_counted() -> None:
    rates = RateLimits({"read": "", "write": "1/minute"})
    assert asyncio.run(spend(rates, 50)) == 50


def test_a_crowd_of_clients_takes_bounded_memory() -> None:
    clock = Clock()
    memory = BoundedMemory(clients=100, now=clock)

    async def work() -> None:
        for number in range(10_000):
            await memory.incr(f"client {number}", 60)
        assert len(memory._counts) == 100
        assert await memory.get("client 9999") == 1
        assert await memory.get("client 0") == 0

    asyncio.run(work())


@pytest.mark.parametrize("text", ["often", "-1/minute", "3/fortnight"])
def test_a_text_that_is_no_limit_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        RateLimits({"read": text})


def test_an_address_that_is_no_redis_is_refused_and_not_shown() -> None:
    with pytest.raises(BadInput) as caught:
        RateLimits({}, url="http://user:hunter2@place")
    assert "hunter2" not in caught.value.detail


def test_both_transports_count_together(tmp_path: Path) -> None:
    async def work(client: Client) -> None:
        await client.publish(creation(inbox_of("alice")))
        answer = await refused(client.publish(creation(inbox_of("bob"))))
        assert (answer.status, answer.code) == ("RESOURCE_EXHAUSTED", "rate_limited")
        async with client.web.post("/identity/v1/publish-identity-update") as response:
            assert response.status == 429
            assert response.headers["Retry-After"] == "1"
        assert await client.log("0" * 64) == []

    serving(tmp_path, work, write_rate="1/hour")


def test_without_its_redis_a_node_counts_alone(tmp_path: Path) -> None:
    """Nothing listens there."""
    failures = 0

    def failed() -> None:
        nonlocal failures
        failures += 1

    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"redis://127.0.0.1:{nobody.getsockname()[1]}"
        clock = Clock()
        rates = RateLimits({"read": "3/minute"}, url=url, on_failure=failed, now=clock)
        assert asyncio.run(spend(rates, 5)) == 3
    assert failures == 5


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[str]:
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed")
    path = tmp_path / "redis.sock"
    with subprocess.Popen(
        [program, "--port", "0", "--unixsocket", str(path), "--save", ""],
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            assert server.stdout is not None
            for line in server.stdout:
                if "ready to accept connections" in line:
                    break
            yield f"unix://{path}"
        finally:
            server.terminate()


def test_nodes_with_one_redis_count_together(redis: str) -> None:
    async def work() -> int:
        nodes = [RateLimits({"read": "3/minute"}, url=redis) for _ in range(2)]
        allowed = 0
        for _ in range(3):
            for node in nodes:
                allowed += await spend(node, 1)
        for node in nodes:
            await node.close()
        return allowed

    assert asyncio.run(work()) == 3
