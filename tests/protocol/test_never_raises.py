"""No log makes replay raise, and whatever it holds, the promises are kept.

``fuzz_long.py`` does the same for as long as one likes.
"""

from __future__ import annotations

from random import Random

from hypothesis import example, given
from hypothesis import strategies as st
from tests.support.leaf_kinds import full_registry, root_registry
from tests.support.mutations import mutate, mutate_log
from tests.support.promises import check_promises
from tests.support.random_logs import RandomLog, seeds
from tests.support.vectors import real_logs, stub_context

from xmtp_identity.errors import IdentityError
from xmtp_identity.wire.decode import decode_update

REAL = list(real_logs().values())
ENTRIES = [entry for _, log in REAL for entry in log if entry]

real_log = st.sampled_from(REAL)


@given(st.binary(max_size=200))
def test_any_bytes_decode_or_are_refused(data: bytes) -> None:
    assert _read(data) == _read(data)


@given(st.lists(st.none() | st.binary(max_size=100), max_size=6), st.text(max_size=8))
@example([b"\x0a\x00"], "")
@example([b"\xa2\x06\x00"], "")
def test_any_log_of_any_bytes_replays(log: list[bytes | None], inbox_id: str) -> None:
    check_promises(inbox_id, log, full_registry(), {})


@given(real_log, seeds)
def test_mutated_real_logs_replay(
    real: tuple[str, list[bytes | None]], seed: int
) -> None:
    inbox_id, log = real
    mutated = mutate_log(log, Random(seed))
    check_promises(inbox_id, mutated, root_registry(), stub_context())


@given(seeds, seeds)
def test_mutated_random_logs_with_leaf_updates_replay(seed: int, damage: int) -> None:
    random = RandomLog(seed, size=6)
    mutated = mutate_log(random.log, Random(damage))
    check_promises(random.inbox_id, mutated, full_registry(), random.context)


@given(real_log, st.randoms(use_true_random=False))
def test_shuffled_and_repeated_entries_replay(
    real: tuple[str, list[bytes | None]], random: Random
) -> None:
    inbox_id, log = real
    shuffled = [random.choice(log) for _ in range(len(log) + 2)]
    check_promises(inbox_id, shuffled, root_registry(), stub_context())
    random.shuffle(shuffled)
    check_promises(inbox_id, shuffled, root_registry(), stub_context())


@given(real_log, real_log, st.randoms(use_true_random=False))
def test_entries_of_other_inboxes_change_nothing(
    real: tuple[str, list[bytes | None]],
    other: tuple[str, list[bytes | None]],
    random: Random,
) -> None:
    inbox_id, log = real
    foreign = [entry for entry in other[1] if entry] if other[0] != inbox_id else []
    mixed = list(log)
    for entry in foreign:
        mixed.insert(random.randint(0, len(mixed)), entry)
    result = check_promises(inbox_id, mixed, root_registry(), stub_context())
    plain = check_promises(inbox_id, log, root_registry(), stub_context())
    assert result.state == plain.state or not _names_only(foreign, other[0])


def _names_only(entries: list[bytes], inbox_id: str) -> bool:
    """Whether all entries name their own inbox; some of the odd logs don't."""
    for entry in entries:
        try:
            if decode_update(entry).inbox_id != inbox_id:
                return False
        except IdentityError:
            continue
    return True


@given(st.sampled_from(ENTRIES), seeds)
def test_a_mutated_entry_is_read_the_same_every_time(entry: bytes, seed: int) -> None:
    mutated = mutate(entry, Random(seed), ENTRIES)
    assert _read(mutated) == _read(bytes(bytearray(mutated)))


def _read(data: bytes) -> object:
    try:
        return decode_update(data)
    except IdentityError as error:
        return (error.code, error.detail)
