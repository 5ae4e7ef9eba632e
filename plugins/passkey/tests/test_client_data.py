"""clientDataJSON: one reading, whoever reads it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmtp_identity_passkey.client_data import MAX_DEPTH, NotOneObject, read_object

REFUSED = {
    "nothing": b"",
    "an array instead of an object": b'["https://a.example","x"]',
    "a string": b'"a"',
    "null": b"null",
    "duplicate keys": b'{"a":1,"a":2}',
    "duplicate keys, once escaped": b'{"a":1,"\\u0061":2}',
    "duplicate keys, deeper": b'{"a":{"b":1,"b":2}}',
    "duplicate keys in an array": b'{"a":[{"b":1,"b":2}]}',
    "duplicate empty keys": b'{"":1,"":2}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "trailing bytes": b"{}x",
    "a second object": b"{}{}",
    "a NUL behind": b"{}\0",
    "a form feed behind": b"{}\x0c",
    "a no-break space behind": b"{}\xc2\xa0",
    "NaN": b'{"a":NaN}',
    "Infinity": b'{"a":Infinity}',
    "-Infinity": b'{"a":-Infinity}',
    "a lone high surrogate": b'{"a":"\\ud800"}',
    "a lone low surrogate": b'{"a":"\\uDC00"}',
    "surrogates the wrong way round": b'{"a":"\\udc00\\ud800"}',
    "a lone surrogate in a key": b'{"\\ud800":1}',
    "a lone surrogate in an array": b'{"a":[["\\ud800"]]}',
    "a lone surrogate behind a backslash": b'{"a":"\\\\\\ud800"}',
    "a surrogate in UTF-8": b'{"a":"\xed\xa0\x80"}',
    "bytes that are not UTF-8": b'{"a":"\xff"}',
    "overlong UTF-8": b'{"a":"\xc0\xaf"}',
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "a raw line feed in a string": b'{"a":"\n"}',
    "single quotes": b"{'a':1}",
    "a trailing comma": b'{"a":1,}',
    "a comment": b"{}//",
    "digits of another script": '{"a":\u0661}'.encode(),
    "a leading zero": b'{"a":01}',
    "an unclosed string": b'{"a":"',
    "unclosed arrays": b'{"a":' + b"[" * 100_000,
    "quotes without end": b'{"a":' + b'"\\"' * 50_000,
}

TAKEN: dict[str, tuple[bytes, Any]] = {
    "white space around": (b' \t\r\n{"a":"b"} \t\r\n', {"a": "b"}),
    "a surrogate pair": (b'{"a":"\\ud83d\\ude00"}', {"a": "\U0001f600"}),
    "ud800 behind an escaped backslash": (b'{"a":"\\\\ud800"}', {"a": "\\ud800"}),
    "an escaped key": (b'{"\\u0061":"b"}', {"a": "b"}),
    "one key at two levels": (b'{"a":{"a":"b"}}', {"a": {"a": "b"}}),
    "keys of two forms": (b'{"A":"b","a":"b"}', {"A": "b", "a": "b"}),
    "a line separator": ('{"a":"\u2028"}'.encode(), {"a": "\u2028"}),
    "brackets in a string": (b'{"a":"' + b"[{" * 50 + b'"}', {"a": "[{" * 50}),
    "brackets behind an escaped quote": (
        b'{"a":"\\"' + b"[" * 50 + b'"}',
        {"a": '"' + "[" * 50},
    ),
    "many arrays side by side": (
        b'{"a":[' + b",".join([b"[]"] * 50) + b"]}",
        {"a": [[]] * 50},
    ),
}


@pytest.mark.parametrize("raw", REFUSED.values(), ids=REFUSED.keys())
def test_it_refuses(raw: bytes) -> None:
    with pytest.raises(NotOneObject):
        read_object(raw)


@pytest.mark.parametrize(("raw", "value"), TAKEN.values(), ids=TAKEN.keys())
def test_it_takes(raw: bytes, value: object) -> None:
    assert read_object(raw) == value


@pytest.mark.parametrize(
    "number", [b"9" * 5000, b"1." + b"9" * 5000, b"-1e999999", b"-0"]
)
def test_a_huge_number_is_read_and_never_converted(number: bytes) -> None:
    assert read_object(b'{"a":' + number + b"}") == {"a": 0}


def test_a_number_is_no_string() -> None:
    assert read_object(b'{"challenge":1}')["challenge"] != "1"


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_nesting_counts_the_outermost_object(opening: bytes, closing: bytes) -> None:
    def nested(depth: int) -> bytes:
        inner = depth - 1
        return b'{"a":' + opening * inner + b"1" + closing * inner + b"}"

    read_object(nested(MAX_DEPTH))
    with pytest.raises(NotOneObject, match="deep"):
        read_object(nested(MAX_DEPTH + 1))


def test_depth_is_told_from_breadth_beside_brackets_in_strings() -> None:
    wide = b"[" + b",".join([b'"[[["'] * 20) + b"]"
    deep = b"[" * 31 + wide + b"]" * 31
    with pytest.raises(NotOneObject, match="deep"):
        read_object(b'{"a":' + deep + b"}")
    read_object(b'{"a":' + wide + b',"b":' + wide + b"}")


json_values = st.recursive(
    st.none() | st.booleans() | st.text(st.characters(codec="utf-8"), max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=3), inner)
    ),
    max_leaves=8,
)


@given(
    st.dictionaries(st.text(st.characters(codec="utf-8")), json_values), st.booleans()
)
def test_what_json_writes_is_read_back(value: dict[str, Any], ascii_only: bool) -> None:
    assert read_object(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(
    st.lists(
        st.sampled_from([*'{}[],:"\\u0dDa1 -.eE\n', "\\ud800", '"a"', "NaN"]),
        max_size=30,
    )
)
def test_it_answers_any_text_with_an_object_or_a_refusal(pieces: list[str]) -> None:
    raw = "".join(pieces).encode()
    try:
        value = read_object(raw)
    except NotOneObject:
        return
    # What is taken says the same to a parser that keeps the first of two keys.
    assert value.keys() == json.loads(raw, object_pairs_hook=_first).keys()


@given(st.binary(max_size=60))
def test_it_answers_any_bytes_with_an_object_or_a_refusal(raw: bytes) -> None:
    try:
        read_object(raw)
    except NotOneObject:
        return


def _first(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return dict(reversed(pairs))
