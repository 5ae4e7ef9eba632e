"""``xid key``: local keys, for tests, demos and machines."""

from __future__ import annotations

from pathlib import Path

import click

from ..errors import BadInput
from .options import complete_kinds, registry_of
from .output import emit, emit_json
from .signers import find_party, write_key_file

__all__ = ["key"]


@click.group()
def key() -> None:
    """Make and look at key files."""


@key.command()
@click.option(
    "--kind",
    "kind_name",
    required=True,
    shell_complete=complete_kinds,
    help="Which kind of key.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.argument("path", metavar="FILE")
def new(kind_name: str, path: str, *, as_json: bool) -> None:
    """Make a fresh key; FILE must not exist, and only you may read it."""
    kind = registry_of(click.get_current_context()).kind(kind_name)
    if kind.signing is None:
        raise BadInput(f"Keys of {kind.name} can't be made here.", code="no_signer")
    write_key_file(Path(path), kind.signing().new_key())
    _show(path, kind_name, as_json=as_json)


@key.command()
@click.option(
    "--kind",
    "kind_name",
    shell_complete=complete_kinds,
    help="Which kind of key; else found out.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.argument("path", metavar="FILE")
def show(kind_name: str | None, path: str, *, as_json: bool) -> None:
    """Say whose key a file holds."""
    _show(path, kind_name, as_json=as_json)


def _show(path: str, kind_name: str | None, *, as_json: bool) -> None:
    party = find_party(
        path,
        registry_of(click.get_current_context()),
        ask_password=lambda: click.prompt("Password", hide_input=True, err=True),
        kind_name=kind_name,
    )
    if party.signer is None:
        raise BadInput(f"{path} is no key file.", code="not_a_key")
    identifier = party.identifier
    if as_json:
        emit_json({"kind": identifier.kind, "identifier": identifier.value})
    else:
        emit(str(identifier))
