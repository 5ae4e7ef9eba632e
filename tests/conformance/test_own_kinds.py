"""Every kind of our own passes the kit, called as anybody calls it."""

from __future__ import annotations

from typing import Final

from xmtp_identity.testing import cases_of, conformance_tests

PACKAGES: Final = (
    "xmtp-identity",
    "xmtp-identity-bitcoin",
    "xmtp-identity-ethereum",
    "xmtp-identity-passkey",
    "xmtp-identity-solana",
)

CASES: Final = [case for name in PACKAGES for case in cases_of(name)]

test_own_kinds = conformance_tests(*CASES)
