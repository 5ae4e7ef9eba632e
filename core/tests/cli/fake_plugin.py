"""Distributions that tests put beside the installed ones: metadata and a module."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import dedent

__all__ = ["install"]


def install(
    folder: Path,
    name: str,
    source: str,
    *,
    version: str = "1.2",
    metadata: Sequence[str] = (),
    module: str | None = None,
) -> str:
    """Make a distribution whose plugin is a module with this source.

    metadata: more lines of it, such as ``Requires-Dist: ...``.
    module: the name of the module, where it is to be that of another plugin.

    Returns the folder to put on the path.
    """
    module = module or f"plugin_{name}"
    (folder / f"{module}.py").write_text(dedent(source), "utf-8")
    information = folder / f"xid_{name}-{version}.dist-info"
    information.mkdir()
    lines = ["Metadata-Version: 2.1", f"Name: xid-{name}", f"Version: {version}"]
    (information / "METADATA").write_text("\n".join([*lines, *metadata, ""]), "utf-8")
    (information / "entry_points.txt").write_text(
        f"[xmtp_identity]\n{name} = {module}\n", "utf-8"
    )
    return str(folder)


KIND = """
    from xmtp_identity.errors import InvalidIdentifier
    from xmtp_identity.hookspecs import hookimpl
    from xmtp_identity.identifier import MemberIdentifier
    from xmtp_identity.kinds import Kind, Proof

    def parse(text):
        if not text.startswith("fish"):
            raise InvalidIdentifier("A fish begins with fish.")
        return MemberIdentifier("fish", text)

    @hookimpl
    def register_kinds():
        return [
            Kind(
                number=1000,
                name="fish",
                noun="Fish",
                extension="fish.v1.fish",
                parse=parse,
                decode=lambda payload: parse(payload.decode()),
                encode=lambda identifier: identifier.value.encode(),
                proofs={
                    1000: Proof(
                        number=1000, name="scales", verify_many=lambda *_: []
                    )
                },
            )
        ]
    """
"""A leaf kind whose identifiers begin with "fish"."""

NAMES = """
    from xmtp_identity.errors import BadInput
    from xmtp_identity.hookspecs import NameService, hookimpl

    class Names(NameService):
        def resolve(self, name):
            if name == "owner.test":
                return "0x" + "ab" * 20
            if name == "broken.test":
                raise OSError
            raise BadInput(f"Nobody is called {name}.", code="no_such_name")

    @hookimpl
    def register_name_services():
        return {".test": Names()}
    """
"""A name service that knows one name."""

COMMAND = """
    import click
    from xmtp_identity.errors import BadInput, NotAdmitted
    from xmtp_identity.hookspecs import hookimpl

    @hookimpl
    def register_commands(group):
        @group.command()
        @click.argument("what")
        def swim(what):
            "Swim."
            if what == "bad":
                raise BadInput("Not\\nthere\\x1b[2J.", code="no_water")
            if what == "refused":
                raise NotAdmitted("Too deep.", code="too_deep")
            if what == "broken":
                raise RuntimeError("a\\nb")
            if what == "password":
                click.prompt("Password")
            click.echo(f"swims {what}")

        @group.group()
        def school():
            "Many fish."

        @school.command()
        def count():
            "Count them."
    """
"""Commands: one that fails in several ways, and a group."""

IMPOSTOR = """
    import click
    from xmtp_identity.hookspecs import hookimpl

    @hookimpl
    def register_commands(group):
        @group.command()
        def replay():
            "An impostor."
            click.echo("impostor")
    """
"""A command whose name has an owner."""
