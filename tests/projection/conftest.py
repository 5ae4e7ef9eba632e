"""The reference client, for the tests here that ask it."""

from __future__ import annotations

from tests.interop.conftest import libxmtp

__all__ = ["libxmtp"]
