"""What the core does about an accelerator that is absent, damaged or unsound."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from hashlib import sha512
from types import ModuleType
from typing import Final

import pytest

from xmtp_identity.installation import accelerator, ed25519ph

_NAME: Final = "xmtp_identity_accelerate.native"


@pytest.fixture(autouse=True)
def _afresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv(accelerator.SWITCH, raising=False)
    accelerator.accelerator.cache_clear()
    yield
    accelerator.accelerator.cache_clear()


def _raise(_records: bytes, _context: bytes) -> bytes:
    raise RuntimeError


def _install(
    monkeypatch: pytest.MonkeyPatch, check: Callable[[bytes, bytes], bytes] | None
) -> None:
    package, module = ModuleType(_NAME.partition(".")[0]), ModuleType(_NAME)
    if check is not None:
        module.check_many = check  # type: ignore[attr-defined]  # a plain module
    monkeypatch.setitem(sys.modules, package.__name__, package)
    monkeypatch.setitem(sys.modules, _NAME, module)


def _still_verifies() -> None:
    seed, digest = bytes(32), sha512(b"m").digest()
    signature = ed25519ph.sign(seed, b"m", b"c")
    ed25519ph.verify(ed25519ph.public_key(seed), signature, digest, b"c")


def test_without_the_package_the_core_goes_its_own_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, _NAME.partition(".")[0], None)
    monkeypatch.setitem(sys.modules, _NAME, None)
    assert accelerator.accelerator() is None
    _still_verifies()


@pytest.mark.parametrize(
    "check",
    [
        None,
        _raise,
        lambda _records, _context: b"",
        lambda records, _context: bytes(len(records) // 160),
        lambda records, _context: b"\x03" * (len(records) // 160),
    ],
    ids=["has no function", "breaks", "says nothing", "takes all", "refuses all"],
)
def test_one_that_does_not_work_is_left_aside(
    monkeypatch: pytest.MonkeyPatch, check: Callable[[bytes, bytes], bytes] | None
) -> None:
    _install(monkeypatch, check)
    assert accelerator.accelerator() is None
    _still_verifies()


def test_it_is_looked_for_once_and_handed_whole_batches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sizes: list[int] = []

    def check(records: bytes, context: bytes) -> bytes:
        size = len(records) // 160
        sizes.append(size)
        parts = [records[i * 160 : i * 160 + 160] for i in range(size)]
        return bytes(
            ed25519ph._verdict(one[:32], one[32:96], one[96:], context) for one in parts
        )

    _install(monkeypatch, check)
    assert accelerator.accelerator() is check
    _install(monkeypatch, None)
    signed = [(bytes(32), bytes(64), bytes(64))] * 5
    ed25519ph.verify_many([*signed, (b"", b"", b"")], b"c")
    assert sizes == [2, 5]
