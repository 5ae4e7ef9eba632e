"""Strangers' JSON, before the parser sees it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmtp_identity.strict_json import is_deeper, unique

values = st.recursive(
    st.none() | st.text(alphabet='a"\\[]{}é'),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(alphabet='b"[{\\'), inner, max_size=3)
    ),
)


def depth_of(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth_of, value), default=0)
    return 0


@given(values, st.integers(min_value=0, max_value=6), st.booleans())
def test_deeper_is_what_the_parsed_value_says(
    value: Any, most: int, escaped: bool
) -> None:
    data = json.dumps(value, ensure_ascii=escaped).encode()
    assert is_deeper(data, most) == (depth_of(value) > most)


def test_brackets_in_strings_are_no_nesting() -> None:
    assert not is_deeper(b'["[[[[", "\\"[[[["]', 1)


@pytest.mark.parametrize("data", [b'[["' + b'\\"[' * 300_000, b"[[" + b'"\\' * 300_000])
def test_a_string_without_an_end_is_looked_at_once(data: bytes) -> None:
    """Else this test would take hours."""
    assert not is_deeper(data, 2)
    assert is_deeper(data, 1)


def test_a_key_twice_is_refused() -> None:
    assert json.loads('{"a": {"b": 1}}', object_pairs_hook=unique) == {"a": {"b": 1}}
    with pytest.raises(ValueError, match="twice"):
        json.loads('{"a": {"b": 1, "b": 1}}', object_pairs_hook=unique)
