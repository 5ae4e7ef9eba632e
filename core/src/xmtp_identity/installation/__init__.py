"""Installations: the keys of apps, the one kind of identity inside the core.

Number 2 in `MemberIdentifier`, number 3 in `Signature`. An installation is a
raw Ed25519 public key; it signs with Ed25519ph (RFC 8032, section 5.1).
"""

from __future__ import annotations

from .kind import INSTALLATION

__all__ = ["INSTALLATION"]
