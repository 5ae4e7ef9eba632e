"""`xid inspect`: what updates hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from ..errors import IdentityError
from .options import as_json, registry_of
from .output import Block, Cell, Heading, Part, Tree, emit, emit_json, show
from .source import Entry, entry_options, read_entries

if TYPE_CHECKING:
    from ..registry import Registry
    from .fields import Field, Reading

__all__ = ["inspect"]

_MAX_SHOWN: Final = 96
"""Bytes that people see of one field; --json has all of them."""


@click.command()
@entry_options
@as_json
@click.pass_context
def inspect(  # noqa: PLR0913 - one argument an option
    ctx: click.Context,
    file: str,
    *,
    entry: int | None,
    inbox: str | None,
    alone: bool,
    node: str | None,
    as_json: bool,
) -> None:
    """Show what updates hold, field by field, and their text.

    FILE is a log as for "xid replay", or a single serialized IdentityUpdate, or
    the hex of one; "-" is standard input. With --node it is the ID of an inbox,
    whose log is fetched. Nothing is verified here: "xid
    replay" says what came of an update.

    Fields that no schema here knows are shown by number, with wire type and
    hex. With --json there is one object a line for each entry.
    """
    registry = registry_of(ctx)
    first = True
    for one in read_entries(file, entry, inbox, alone=alone, node=node):
        if as_json:
            emit_json(_as_object(one, registry))
            continue
        if not first:
            emit("")
        first = False
        show(_as_parts(one, registry))


def _text(data: bytes | None, registry: Registry) -> tuple[str | None, Any]:
    """The signed text, or why there is none."""
    from .signed_text import signed_text

    try:
        return signed_text(data, registry).decode(), None
    except IdentityError as error:
        return None, {"code": error.code, "detail": error.detail}


def _as_object(entry: Entry, registry: Registry) -> dict[str, Any]:
    from .fields import read_fields

    found: dict[str, Any] = {"inbox_id": entry.inbox_id, "index": entry.index}
    if entry.data is None:
        found.update(bytes=None, fields=None)
    else:
        found["bytes"] = len(entry.data)
        found.update(read_fields(entry.data, registry).as_object())
    found["text"], found["no_text"] = _text(entry.data, registry)
    return found


def _as_parts(entry: Entry, registry: Registry) -> list[Part]:
    from .fields import read_fields

    name = f"Entry {entry.index}"
    if entry.inbox_id is not None:
        name += f" of inbox {entry.inbox_id}"
    if entry.data is None:
        return [Heading(Cell(f"{name}: no update"))]
    tree = Tree(Cell(f"IdentityUpdate, {_count(len(entry.data))}"))
    _grow(tree, read_fields(entry.data, registry))
    parts: list[Part] = [Heading(Cell(name)), tree]
    text, missing = _text(entry.data, registry)
    if text is None:
        cause = Cell(f"No signed text: {missing['detail']} [{missing['code']}]", "odd")
        return [*parts, Tree(cause)]
    return [*parts, Block("Signed text", text.split("\n"))]


def _grow(tree: Tree, reading: Reading) -> None:
    for one in reading.fields:
        line, tone = _line(one)
        branch = tree.add(line, tone)
        if one.inside is not None:
            _grow(branch, one.inside)
    if reading.error is not None:
        tree.add(f"broken here: {reading.error} {_bytes(reading.rest)}", "bad")


def _line(one: Field) -> tuple[str, str]:
    """One field as a line, and its tone."""
    from .fields import WIRE_TYPES

    name = (one.name or "unknown").rpartition(".")[2]
    parts = [f"{name} ({one.number})"]
    if one.kind is not None:
        parts.append(f"[{one.kind}]")
    if one.name is None or one.error is not None:
        parts.append(WIRE_TYPES[one.wire_type])
    line = " ".join(parts)
    values = []
    if one.value is not None:
        values.append(one.value if one.wire_type == 0 else repr(one.value))
    elif one.inside is None:
        values.append(_bytes(one.raw))
    if one.label is not None:
        values.append(one.label)
    if one.name == "client_timestamp_ns" and one.value is not None:
        from .report import time_of

        values.append(time_of(int(one.value)))
    if one.identifier is not None and one.identifier.value not in (
        one.value,
        one.raw.hex(),
    ):
        values.append(f"= {one.identifier.value}")
    if one.error is not None:
        values.append(one.error)
    if values:
        line += ": " + "  ".join(values)
    return line, "bad" if one.error else "odd" if one.name is None else ""


def _bytes(data: bytes) -> str:
    """Bytes for people: their number, and as much as a line or two holds."""
    if not data:
        return "empty"
    more = "…" if len(data) > _MAX_SHOWN else ""
    return f"{_count(len(data))} {data[:_MAX_SHOWN].hex()}{more}"


def _count(number: int) -> str:
    return "1 byte" if number == 1 else f"{number:,} bytes"
