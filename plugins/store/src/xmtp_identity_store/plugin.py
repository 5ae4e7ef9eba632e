"""What this package gives to the core: commands, and no kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xmtp_identity.hookspecs import hookimpl

if TYPE_CHECKING:
    import click

__all__ = ["register_commands"]


@hookimpl
def register_commands(group: click.Group) -> None:
    """Add ``xid import``, ``xid status``, ``xid upgrade``, ``xid audit`` and
    ``xid migrate``."""
    from .audit_command import audit_store
    from .commands import import_logs, migrate_store, status, upgrade_store

    for command in (import_logs, status, upgrade_store, audit_store, migrate_store):
        group.add_command(command)
