"""What the core makes of the package."""

from __future__ import annotations

from xmtp_identity.loading import load_plugins


def test_it_is_loaded_and_brings_no_kind() -> None:
    reports = load_plugins(strict=True).plugins
    (report,) = (one for one in reports if one.name == "accelerate")
    assert report.error is None
    assert report.kinds == ()
