from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.vectors import histories

from .support import answer, complaint, one_line, process, run

KINDS = {0: "ethereum", 1: "passkey"}
ADDRESS = "0xa90349c7bb003bccba8667daa39cd181d9b37411"
CASES: list[dict[str, Any]] = histories()["inbox_ids"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['identifier'][:9]}")
def test_the_reference_clients_inbox_ids_come_out(case: dict[str, Any]) -> None:
    # The reference client's bindings take 1 where no nonce is given.
    nonce = "1" if case["nonce"] is None else case["nonce"]
    kind = KINDS[case["kind"]]
    arguments = ["inbox-id", case["identifier"], "--kind", kind, "--nonce", nonce]
    if "error" in case:
        assert complaint(*arguments)
    else:
        assert run(*arguments).stdout == f"{case['inbox_id']}\n"


def test_the_kind_is_the_one_that_reads_the_text_and_the_nonce_is_0() -> None:
    for case in CASES:
        if (
            case["nonce"] == "0"
            and len(case["identifier"]) > 40
            and "error" not in case
        ):
            found = answer("inbox-id", "--json", case["identifier"])
            assert found["inbox_id"] == case["inbox_id"]
            assert found["kind"] == KINDS[case["kind"]]
            assert found["identifier"] == case["identifier"].lower()
            assert found["nonce"] == "0"


def test_an_installation_cannot_own_an_inbox() -> None:
    key = "9f8de2a0071c0155c7c055fdc2a211ea58129868ef64aeda2863e119ef4969f3"
    for arguments in ([key], [key, "--kind", "installation"]):
        assert complaint("inbox-id", *arguments).endswith("[no_owner]")


def test_an_unknown_kind_is_named() -> None:
    said = complaint("inbox-id", ADDRESS, "--kind", "nostr")
    assert "'nostr'" in said
    assert said.endswith("[unknown_kind]")


@pytest.mark.parametrize(
    "text", ["", "0x", "hello", "0x12", ADDRESS + "0", f" {ADDRESS}", f"{ADDRESS}\n"]
)
def test_what_no_kind_reads_is_refused_with_the_reasons(text: str) -> None:
    said = complaint("inbox-id", "--", text)
    assert said.endswith("[invalid_identifier]")
    assert "Ethereum address" in said
    assert "passkey" in said


def test_a_wrong_checksum_is_never_passed_over() -> None:
    wrong = "0xA90349c7bb003bccba8667daa39cd181d9b37411"
    for arguments in ([wrong], [wrong, "--kind", "ethereum"]):
        assert "EIP-55" in complaint("inbox-id", *arguments)


@pytest.mark.parametrize("kind", ["ethereum", "passkey"])
def test_what_can_own_no_inbox_is_refused_with_the_kinds_own_reason(kind: str) -> None:
    assert complaint("inbox-id", "0xzz", "--kind", kind).endswith(
        "[invalid_identifier]"
    )


@pytest.mark.parametrize(
    "nonce", ["-1", "18446744073709551616", "1e3", "0x1", "1_0", "٣", " 1", ""]
)
def test_a_nonce_is_an_unsigned_64_bit_number_in_ascii_digits(nonce: str) -> None:
    said = complaint("inbox-id", ADDRESS, f"--nonce={nonce}")
    assert "18446744073709551615" in said
    assert said.endswith("[usage]")


@pytest.mark.parametrize("place", [["\udcff"], [ADDRESS, "--kind", "\udcff"]])
def test_an_argument_that_is_not_utf_8_is_refused(place: list[str]) -> None:
    said = complaint("inbox-id", *place)
    assert "not UTF-8" in said


def test_so_it_is_in_a_process_of_its_own() -> None:
    for arguments in ([b"inbox-id", b"\xff\x1b"], [b"\xff\xfe"], [b"replay", b"\xff"]):
        result = process(*arguments)
        assert result.returncode == 2
        assert not result.stdout
        assert "\x1b" not in one_line(result.stderr.decode())


@given(st.text(), st.sampled_from([None, "ethereum", "passkey", "installation"]))
def test_any_text_is_answered_or_refused_in_one_line(
    text: str, kind: str | None
) -> None:
    named = [] if kind is None else ["--kind", kind]
    result = run("inbox-id", *named, "--", text)
    if result.exit_code == 0:
        assert len(result.stdout) == 65
    else:
        assert result.exit_code == 2
        one_line(result.stderr)
