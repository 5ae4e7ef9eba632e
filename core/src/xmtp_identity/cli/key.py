"""`xid key`: local keys, for tests, demos and machines."""

from __future__ import annotations

from pathlib import Path

import click

from ..errors import BadInput
from .options import as_json, complete_kinds, registry_of, text_argument
from .output import emit, emit_json
from .results import member_object
from .signers import load_key_file, password_from, write_key_file

__all__ = ["key"]


@click.group()
def key() -> None:
    """Make key files, and say whose key one holds.

    A key file is no better guarded than the disk that it lies on: wallets
    that matter sign elsewhere (see xid inbox).
    """


@key.command()
@click.option(
    "--kind",
    "kind_name",
    required=True,
    metavar="KIND",
    callback=text_argument,
    shell_complete=complete_kinds,
    help="Which kind of key.",
)
@as_json
@click.argument("path", metavar="FILE", type=click.Path())
def new(kind_name: str, path: str, *, as_json: bool) -> None:
    """Make a fresh key and print its identifier.

    FILE must not exist; it can be read by you alone.
    """
    kind = registry_of(click.get_current_context()).kind(kind_name)
    if kind.signing is None:
        raise BadInput(f"Keys of {kind.name} can't be made here.", code="no_signer")
    write_key_file(Path(path), kind.signing().new_key())
    _show(path, kind_name, None, as_json=as_json)


@key.command()
@click.option(
    "--kind",
    "kind_name",
    metavar="KIND",
    callback=text_argument,
    shell_complete=complete_kinds,
    help="Which kind of key; else the one that can read it.",
)
@click.option(
    "--password-file",
    metavar="FILE",
    type=click.Path(allow_dash=True),
    help="Holds the password of an encrypted key file; else it is asked for.",
)
@as_json
@click.argument("path", metavar="FILE", type=click.Path())
def show(
    path: str, kind_name: str | None, password_file: str | None, *, as_json: bool
) -> None:
    """Print the identifier of the key in FILE."""
    _show(path, kind_name, password_file, as_json=as_json)


def _show(
    path: str, kind_name: str | None, password_file: str | None, *, as_json: bool
) -> None:
    registry = registry_of(click.get_current_context())
    kind = None if kind_name is None else registry.kind(kind_name)
    signer = load_key_file(Path(path), registry, kind, password_from(password_file))
    if as_json:
        emit_json(member_object(signer.identifier))
    else:
        emit(str(signer.identifier))
