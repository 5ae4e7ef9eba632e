"""Hostile input: what has broken parsers before, and what Hypothesis makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

from .results import NotChecked
from .variants import stream

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["BYTES", "TEXTS", "explore"]

_T = TypeVar("_T", str, bytes)

_HUGE: Final = 1 << 17
_DEEP: Final = 20_000

BYTES: Final[tuple[bytes, ...]] = (
    b"",
    b"\0",
    b"\xff",
    *(bytes(size) for size in (2, 20, 31, 32, 33, 63, 64, 65, 66, 128, 1000)),
    *(b"\xff" * size for size in (2, 20, 31, 32, 33, 63, 64, 65, 66, 128, 1000)),
    *(stream("hostile", size) for size in (2, 31, 32, 33, 63, 64, 65, 72, 300)),
    bytes(range(256)),
    b"\x0a\x7f",  # a field of protobuf that reaches beyond the end
    b"\x0a\xff\xff\xff\xff\x0f",  # one that says it has four gigabytes
    b"\x0b" * _DEEP,  # groups within groups
    b"\x0a\x02" * 40,
    b"\x30\x80\x00\x00",  # an indefinite length of BER
    b"\x30\x84\xff\xff\xff\xff",
    b"[" * _DEEP,
    b"{" * _DEEP,
    b'{"a":' * 2000,
    b"\xef\xbb\xbf{}",
    "\u0661\u0662".encode(),
    b"\xed\xa0\x80",  # a lone surrogate in what looks like UTF-8
    b"0" * _HUGE,
    b"\0" * _HUGE,
)
"""Payloads."""

TEXTS: Final[tuple[str, ...]] = (
    "",
    " ",
    "\n",
    "\0",
    "0",
    "0x",
    "-1",
    "1e9",
    "nan",
    "\u0661" * 40,
    "\ud800",
    "\udcff" * 10,
    "\U0001f600" * 20,
    "\u202e" + "a" * 40,
    ":" * 100,
    "." * 100,
    "a:b:c:d:e",
    "../../etc/passwd",
    "%s%n{0}{}",
    "9" * 5000,  # more digits than int() takes
    "a" * 10_000,
    "1" * 10_000,
)
"""What a person could type."""


class _Found(Exception):
    """Hypothesis found input for which a judge has something to say."""


def explore(
    judge: Callable[[Any], Iterator[str]], good: Sequence[_T], examples: int
) -> list[str]:
    """Let Hypothesis look for input that a judge finds fault with.

    good: valid input, of which most of the examples are changed versions.
    examples: how many to make.

    The same examples come in every run. Raises `NotChecked` without Hypothesis.
    """
    try:
        from hypothesis import HealthCheck, Phase, Verbosity, given, settings
    except ImportError:
        raise NotChecked(
            "Hypothesis is not installed: xmtp-identity[testing]"
        ) from None

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        report_multiple_bugs=False,
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )
    @given(_input_like(good))
    def search(value: _T) -> None:
        for sentence in judge(value):
            raise _Found(f"{sentence} Input: {value!r}")

    try:
        search()
    except _Found as found:
        return [str(found)]
    return []


def _input_like(good: Sequence[_T]) -> SearchStrategy[Any]:
    """Anything, and good input with something cut out and put in."""
    from hypothesis import strategies as st

    sample = st.sampled_from(good)
    if isinstance(good[0], bytes):
        filling: SearchStrategy[Any] = st.binary(min_size=1, max_size=40)
        piece = st.sampled_from((b"\0", b"\xff", b"\x80", b"\x7f", b"\n")) | filling
    else:
        # Not `st.text`: it would write its tables of characters to a folder.
        point = st.integers(0, 0x10FFFF) | st.integers(0x20, 0x7E)
        filling = st.lists(point.map(chr), min_size=1, max_size=40).map("".join)
        piece = st.sampled_from("0 \n\0:\u0661\u00e9") | filling
    place = st.integers(0, max(map(len, good)))
    spliced = st.builds(_splice, sample, place, place, piece)
    # Of the same length, which parsers look at first.
    edits = st.lists(st.tuples(place, piece), min_size=1, max_size=4)
    edited = st.builds(_edit, sample, edits)
    return edited | edited | spliced | filling


def _splice(sample: Any, start: int, width: int, piece: Any) -> Any:
    start %= len(sample) + 1
    return sample[:start] + piece + sample[start + width :]


def _edit(sample: Any, edits: list[tuple[int, Any]]) -> Any:
    size = len(sample)
    for place, piece in edits:
        start = place % (size + 1)
        sample = sample[:start] + piece + sample[start + len(piece) :]
    return sample[:size]
