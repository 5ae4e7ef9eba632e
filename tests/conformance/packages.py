"""Packages that tests put beside the installed ones: a plugin and its cases."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Final

MODULE: Final = "gallery_package"
DISTRIBUTION: Final = "gallery-package"

REQUIRES: Final = ("xmtp-identity>=0.1,<0.2", "pynacl>=1.6,<2")

PLUGIN: Final = """
    from xmtp_identity.errors import InvalidIdentifier
    from xmtp_identity.hookspecs import hookimpl
    from xmtp_identity.identifier import MemberIdentifier
    from xmtp_identity.kinds import Kind, Proof, lazy

    def parse(text):
        raise InvalidIdentifier("Nobody has one.")

    def encode(identifier):
        return identifier.value.encode()

    @hookimpl
    def register_kinds():
        return [
            Kind(
                number=1990,
                name="gallery",
                noun="Gallery key",
                extension="gallery.v1.gallery_identifier",
                parse=parse,
                decode=lambda payload: parse(""),
                encode=encode,
                proofs={
                    1990: Proof(
                        number=1990,
                        name="gallery",
                        verify_many=lazy("gallery_package.nowhere:verify_many"),
                    )
                },
            )
        ]
    """
"""The plugin of an honest package, as far as the checks of packages look."""

CASES: Final = """
    from xmtp_identity.testing import ConformanceCase
    from .plugin import register_kinds

    def signer(seed):
        raise NotImplementedError

    CASES = [
        ConformanceCase(
            kind=register_kinds()[0],
            distribution="gallery-package",
            signer=signer,
            valid=[],
            invalid=[],
        )
    ]
    """


def install(
    folder: Path,
    *,
    plugin: str = PLUGIN,
    cases: str | None = CASES,
    requires: tuple[str, ...] = REQUIRES,
    entry: str = f"{MODULE}.plugin",
) -> Path:
    """Make a package; gives its folder. What holds it must be on the path."""
    package = folder / MODULE
    package.mkdir()
    (package / "__init__.py").write_text("", "utf-8")
    (package / "plugin.py").write_text(dedent(plugin), "utf-8")
    if cases is not None:
        (package / "conformance.py").write_text(dedent(cases), "utf-8")
    information = folder / f"{MODULE}-1.2.dist-info"
    information.mkdir()
    lines = ["Metadata-Version: 2.1", f"Name: {DISTRIBUTION}", "Version: 1.2"]
    lines += [f"Requires-Dist: {requirement}" for requirement in requires]
    (information / "METADATA").write_text("\n".join([*lines, ""]), "utf-8")
    (information / "entry_points.txt").write_text(
        f"[xmtp_identity]\ngallery = {entry}\n", "utf-8"
    )
    return package
