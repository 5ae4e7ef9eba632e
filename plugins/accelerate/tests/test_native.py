"""The extension module decides as the core does, on every edge."""

from __future__ import annotations

import json
import os
import shutil
import sys
from functools import cache
from hashlib import sha512
from pathlib import Path
from random import Random
from threading import Event, Thread
from typing import Final

import pytest
from core.tests.installation import corpus as edge_cases

from xmtp_identity.errors import InvalidSignature
from xmtp_identity.installation import accelerator, ed25519ph
from xmtp_identity_accelerate import is_built

_VERDICTS: Final = Path(edge_cases.__file__).with_name("dalek-verdicts.json")
_CONTEXT: Final = edge_cases.CONTEXT
_VALID: Final = 0


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    """CI must not pass because nothing was compiled there."""
    if is_built():
        return
    why = "the extension module was not compiled (see hatch_build.py)"
    if os.environ.get("CI") and sys.platform == "linux" and shutil.which("gcc"):
        pytest.fail(f"A compiler is here, and {why}.")
    pytest.skip(why)


@cache
def _signed() -> tuple[bytes, bytes, bytes]:
    seed, message = bytes(range(32)), b"a text"
    signature = ed25519ph.sign(seed, message, _CONTEXT)
    return ed25519ph.public_key(seed), signature, sha512(message).digest()


def _check(records: bytes, context: bytes = _CONTEXT) -> bytes:
    from xmtp_identity_accelerate.native import check_many

    return check_many(records, context)


def test_real_dalek_decides_every_edge_case_alike() -> None:
    cases = edge_cases.corpus()
    records = b"".join(
        case.key + case.signature + sha512(case.message).digest() for case in cases
    )
    recorded = "".join(json.loads(_VERDICTS.read_text("utf-8"))["verdicts"])
    found = "".join("1" if one == _VALID else "0" for one in _check(records))
    assert found == recorded


def test_the_core_decides_every_edge_case_alike_and_for_the_same_reason() -> None:
    for case in edge_cases.corpus():
        digest = sha512(case.message).digest()
        own = ed25519ph._verdict(case.key, case.signature, digest, _CONTEXT)
        assert _check(case.key + case.signature + digest) == bytes([own]), case.name


def test_random_edges_come_out_as_in_the_core() -> None:
    from .differential import differences

    found, verdicts = differences(seed=1, count=5000)
    assert not found
    assert set(verdicts) == {0, 1, 2, 3}
    assert min(verdicts.values()) >= 200


@pytest.mark.parametrize("length", [0, 1, 25, 127, 128, 254, 255])
def test_contexts_of_every_length_are_hashed_whole(length: int) -> None:
    context, message = b"c" * length, b"m"
    seed = bytes(32)
    digest = sha512(message).digest()
    signature = ed25519ph.sign(seed, message, context)
    record = ed25519ph.public_key(seed) + signature + digest
    assert _check(record, context) == b"\x00"
    assert length == 0 or _check(record, context[1:]) == b"\x03"


def test_a_context_of_256_bytes_is_refused() -> None:
    with pytest.raises(ValueError, match="255"):
        _check(b"", bytes(256))


@pytest.mark.parametrize("length", [1, 159, 161, 319])
def test_records_of_other_lengths_are_refused(length: int) -> None:
    with pytest.raises(ValueError, match="160"):
        _check(bytes(length))


def test_no_records_have_no_verdicts() -> None:
    assert _check(b"") == b""


def test_each_record_of_a_batch_has_its_own_verdict_in_its_place() -> None:
    good = b"".join(_signed())
    forged = good[:-1] + bytes([good[-1] ^ 1])
    order = [Random(3).choice([good, forged]) for _ in range(200)]
    expected = bytes(0 if one is good else 3 for one in order)
    assert _check(b"".join(order)) == expected


@pytest.mark.parametrize("odd", ["text", None, 5])
def test_what_is_no_bytes_is_refused(odd: object) -> None:
    with pytest.raises(TypeError):
        _check(odd)  # type: ignore[arg-type]  # what is tested


def test_other_threads_run_while_a_batch_is_checked() -> None:
    """With Python's lock held, nobody could see a batch that is under way."""
    record = b"".join(_signed())
    assert _check(record) == b"\x00"  # what importing takes is over
    records = record * 2000

    def seen_under_way() -> bool:
        begun, ended = Event(), Event()

        def check() -> None:
            begun.set()
            _check(records)
            ended.set()

        thread = Thread(target=check)
        thread.start()
        begun.wait()
        seen = not ended.is_set()
        thread.join()
        return seen

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1000)  # nobody gives the lock up unless by himself
    try:
        assert any(seen_under_way() for _ in range(20))
    finally:
        sys.setswitchinterval(interval)


def test_the_core_uses_it_unless_it_is_switched_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key, signature, digest = _signed()
    monkeypatch.delenv(accelerator.SWITCH, raising=False)
    for switch, used in {"": True, "1": True, "0": False}.items():
        monkeypatch.setenv(accelerator.SWITCH, switch)
        accelerator.accelerator.cache_clear()
        try:
            assert (accelerator.accelerator() is not None) == used
            ed25519ph.verify(key, signature, digest, _CONTEXT)
            with pytest.raises(InvalidSignature):
                ed25519ph.verify(key, signature, digest[::-1], _CONTEXT)
        finally:
            accelerator.accelerator.cache_clear()
