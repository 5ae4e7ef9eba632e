"""The signed text: fixed words, typed fields, seconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.updates import signed_text

from xmtp_identity.protocol.text import (
    INSTALLATION_LINES,
    kind_lines,
    owner_line,
    recovery_line,
    signature_text,
)

SECOND = 1_000_000_000


def test_the_text_is_exactly_this() -> None:
    text = signature_text("ab" * 32, 1_700_000_000 * SECOND, [owner_line("0xowner")])
    assert text == (
        "XMTP : Authenticate to inbox\n"
        "\n"
        f"Inbox ID: {'ab' * 32}\n"
        "Current time: 2023-11-14T22:13:20Z\n"
        "\n"
        "- Create inbox\n"
        "  (Owner: 0xowner)\n"
        "\n"
        "For more info: https://xmtp.org/signatures"
    )


def test_the_lines_of_actions_are_exactly_these() -> None:
    address, passkey = kind_lines("address"), kind_lines("passkey")
    assert [
        f"{address.link}x)",
        f"{address.unlink}x)",
        f"{passkey.link}x)",
        f"{passkey.unlink}x)",
        f"{INSTALLATION_LINES.link}x)",
        f"{INSTALLATION_LINES.unlink}x)",
        recovery_line("x"),
    ] == [
        "- Link address to inbox\n  (Address: x)",
        "- Unlink address from inbox\n  (Address: x)",
        "- Link passkey to inbox\n  (Passkey: x)",
        "- Unlink passkey from inbox\n  (Passkey: x)",
        "- Grant messaging access to app\n  (ID: x)",
        "- Revoke messaging access from app\n  (ID: x)",
        "- Change inbox recovery address\n  (Address: x)",
    ]


def test_the_lines_of_a_leaf_kind_come_from_its_noun() -> None:
    solana = kind_lines("Solana address")
    assert f"{solana.link}7Ec)" == (
        "- Link Solana address to inbox\n  (Solana address: 7Ec)"
    )
    assert solana.unlink.startswith("- Unlink Solana address from inbox\n")


def test_actions_are_joined_by_one_line_feed() -> None:
    text = signature_text("x", 0, [owner_line("a"), recovery_line("b")])
    assert (
        "\n\n- Create inbox\n  (Owner: a)\n- Change inbox recovery address\n"
        "  (Address: b)\n\nFor more" in text
    )


@pytest.mark.parametrize(
    ("time_ns", "shown"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (SECOND - 1, "1970-01-01T00:00:00Z"),
        (951_782_400 * SECOND, "2000-02-29T00:00:00Z"),
        (1_483_228_799 * SECOND + SECOND - 1, "2016-12-31T23:59:59Z"),
        (4_107_542_400 * SECOND, "2100-03-01T00:00:00Z"),
        (2**63 - 1, "2262-04-11T23:47:16Z"),
        (2**63, "1677-09-21T00:12:43Z"),
        (2**64 - 1, "1969-12-31T23:59:59Z"),
        (2**64 - SECOND, "1969-12-31T23:59:59Z"),
        (2**64 - SECOND - 1, "1969-12-31T23:59:58Z"),
    ],
)
def test_nanoseconds_are_read_as_signed_and_shown_in_whole_seconds(
    time_ns: int, shown: str
) -> None:
    assert f"Current time: {shown}\n" in signature_text("x", time_ns, [])


@given(st.integers(0, 2**64 - 1))
def test_any_time_is_shown_as_the_calendar_has_it(time_ns: int) -> None:
    signed = time_ns - (1 << 64) if time_ns >> 63 else time_ns
    time = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=signed // SECOND)
    expected = time.strftime("Current time: %Y-%m-%dT%H:%M:%SZ\n")
    assert expected in signature_text("x", time_ns, [])


@given(
    st.text(max_size=20),
    st.integers(0, 2**64 - 1),
    st.lists(st.text(max_size=20), min_size=1),
)
def test_the_text_is_the_one_that_the_tests_make_themselves(
    inbox_id: str, time_ns: int, values: list[str]
) -> None:
    lines = [owner_line(value) for value in values]
    text = signature_text(inbox_id, time_ns, lines)
    expected = signed_text(inbox_id, time_ns, lines)
    assert text.encode("utf-8", "surrogatepass") == expected
