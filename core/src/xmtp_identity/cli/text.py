"""`xid text`: what the signers of an update sign."""

from __future__ import annotations

import click

from ..errors import BadInput
from .options import as_json, registry_of
from .output import emit, emit_bytes, emit_json, is_terminal, printable
from .source import entry_options, read_entries

__all__ = ["text"]


@click.command()
@entry_options
@as_json
@click.pass_context
def text(  # noqa: PLR0913 - one argument an option
    ctx: click.Context,
    file: str,
    *,
    entry: int | None,
    inbox: str | None,
    alone: bool,
    node: str | None,
    as_json: bool,
) -> None:
    """Print the text that the signers of an update sign.

    FILE is as for "xid inspect". Into a file or a pipe goes the text exactly,
    with no line end behind it; on a terminal a line end follows. A log of
    several entries needs --entry.
    """
    from .signed_text import signed_text

    entries = read_entries(file, entry, inbox, alone=alone, node=node)
    if len(entries) > 1:
        raise BadInput(
            f"There are {len(entries)} entries here: say which with --entry.",
            code="several_entries",
        )
    [chosen] = entries
    signed = signed_text(chosen.data, registry_of(ctx))
    if as_json:
        emit_json(
            {
                "inbox_id": chosen.inbox_id,
                "index": chosen.index,
                "text": signed.decode(),
            }
        )
    elif is_terminal():
        # The inbox ID that an update names may hold anything.
        emit("\n".join(map(printable, signed.decode().split("\n"))))
    else:
        emit_bytes(signed)
