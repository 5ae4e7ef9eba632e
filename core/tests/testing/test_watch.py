from __future__ import annotations

import datetime as dt
import gc
import os
import random
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import time as imported_by_name

import pytest

from xmtp_identity.testing.watch import Forbidden, clock_reads, outside_calls


@pytest.mark.parametrize(
    ("ask", "name"),
    [
        (time.time, "time.time"),
        (imported_by_name, "time.time"),
        (time.monotonic_ns, "time.monotonic_ns"),
        (time.gmtime, "time.gmtime"),
        (lambda: time.sleep(0), "time.sleep"),
        (lambda: time.strftime("%Y"), "time.strftime"),
        (lambda: dt.datetime.now(dt.UTC), "datetime.now"),
        (lambda: dt.datetime.now(dt.UTC).date().today(), "date.today"),
        (lambda: os.urandom(1), "os.urandom"),
        (lambda: secrets.token_bytes(1), "os.urandom"),
        (random.random, "random.random"),
        (lambda: random.Random(1).getrandbits(8), "random.getrandbits"),
    ],
)
def test_every_clock_and_all_dice_are_heard(
    ask: Callable[[], object], name: str
) -> None:
    assert name in clock_reads(ask)


def test_what_asks_nothing_is_not_accused() -> None:
    def work() -> None:
        sorted(str(number) for number in range(100))
        dt.datetime(2026, 1, 1, tzinfo=dt.UTC).isoformat()
        dt.date.fromordinal(1)
        b"".join([b"now", b"random"])

    assert clock_reads(work) == []


def test_the_collector_of_garbage_is_not_the_function() -> None:
    def callback(_: str, __: dict[str, int]) -> None:
        time.perf_counter()

    gc.callbacks.append(callback)
    try:
        assert clock_reads(lambda: [[] for _ in range(100_000)]) == []
    finally:
        gc.callbacks.remove(callback)
    assert gc.isenabled()


def test_the_profiler_from_before_comes_back() -> None:
    def own(*_: object) -> None:
        return

    sys.setprofile(own)
    try:
        with pytest.raises(ZeroDivisionError):
            clock_reads(lambda: 1 // 0)
        assert sys.getprofile() is own
    finally:
        sys.setprofile(None)


@pytest.mark.parametrize(
    ("go", "event"),
    [
        (partial(socket.getaddrinfo, "example.invalid", 1), "socket.getaddrinfo"),
        (partial(subprocess.run, ["true"], check=False), "subprocess.Popen"),
        (partial(os.system, "true"), "os.system"),
    ],
)
def test_nobody_goes_outside(go: Callable[[], object], event: str) -> None:
    with outside_calls(files=True) as found, pytest.raises(Forbidden):
        go()
    assert list(found) == [event]


def test_a_socket_does_not_connect() -> None:
    with (
        socket.socket() as one,
        outside_calls(files=True) as found,
        pytest.raises(Forbidden),
    ):
        one.connect(("127.0.0.1", 9))
    assert list(found) == ["socket.connect"]


def test_files_can_be_read_or_not_as_one_says() -> None:
    with outside_calls(files=True) as found:
        Path(__file__).read_bytes()
    assert not found
    with outside_calls(files=False) as found, pytest.raises(Forbidden):
        Path(__file__).read_bytes()
    assert list(found) == [f"open {__file__!r}"]


def test_only_what_is_innermost_hears() -> None:
    with outside_calls(files=False) as outer:
        with outside_calls(files=True) as inner:
            Path(__file__).read_bytes()
        assert not inner
        with pytest.raises(Forbidden):
            Path(__file__).read_bytes()
    assert len(outer) == 1


def test_other_threads_and_later_calls_are_free() -> None:
    read: list[bytes] = []
    with outside_calls(files=False):
        thread = threading.Thread(target=lambda: read.append(_read()))
        thread.start()
        thread.join()
    assert read == [_read()]


def _read() -> bytes:
    return Path(__file__).read_bytes()
