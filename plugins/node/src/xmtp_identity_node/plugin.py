"""What this package gives to the core: commands, and no kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xmtp_identity.hookspecs import hookimpl

if TYPE_CHECKING:
    import click

__all__ = ["register_commands"]


@hookimpl
def register_commands(group: click.Group) -> None:
    """Add ``xid serve`` and ``xid mirror``."""
    from .commands import serve
    from .mirroring.command import mirror

    group.add_command(serve)
    group.add_command(mirror)
