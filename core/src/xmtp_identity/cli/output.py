"""What goes out: lines of JSON, tables for people, complaints.

Whatever comes from a log may hold terminal escapes. `printable` is the gate:
nothing reaches a terminal that did not pass it.
"""

from __future__ import annotations

import contextlib
import json
import sys
from dataclasses import dataclass, field
from typing import Any, NamedTuple

__all__ = [
    "Block",
    "Cell",
    "Facts",
    "Heading",
    "Part",
    "Table",
    "Tree",
    "complain",
    "emit",
    "emit_bytes",
    "emit_json",
    "is_terminal",
    "printable",
    "show",
]


def printable(text: str) -> str:
    """``text`` with everything that could move a terminal's cursor, hide or
    reorder text as an escape, line ends too."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def complain(sentence: str, code: str) -> None:
    """One line on standard error: ``xid: <sentence> [<code>]``."""
    line = printable(" ".join(sentence.split()))
    # A closed or full standard error changes nothing about the answer.
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"xid: {line} [{code}]\n")
        sys.stderr.flush()


def is_terminal() -> bool:
    """Whether a person reads standard output."""
    return sys.stdout.isatty()


def emit(line: str) -> None:
    """One line on standard output."""
    sys.stdout.write(line + "\n")


def emit_json(value: Any) -> None:
    """One line of JSON: ASCII, so that no character of it acts on a terminal."""
    emit(json_line(value))


def json_line(value: Any) -> str:
    """What `emit_json` writes, without the line's end."""
    # DEL is ASCII, and json leaves it as it is; it can only stand in a string.
    return json.dumps(value).replace("\x7f", "\\u007f")


def emit_bytes(data: bytes) -> None:
    """Bytes on standard output, exactly."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


# Output for people: parts, written plainly or, on a terminal, by rich


class Cell(NamedTuple):
    """A text and its tone: ``""``, ``good``, ``bad``, ``odd`` or ``dim``.

    short: what a terminal shows instead, where room is scarce.
    """

    text: str
    tone: str = ""
    short: str = ""


@dataclass(frozen=True, slots=True)
class Heading:
    """The title of what follows."""

    text: Cell


@dataclass(frozen=True, slots=True)
class Facts:
    """Names with their values, one a line."""

    rows: list[tuple[str, Cell]]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under the names of their columns."""

    title: str
    columns: list[str]
    rows: list[list[Cell]]


@dataclass(slots=True)
class Tree:
    """A line with lines under it."""

    line: Cell
    children: list[Tree] = field(default_factory=list)

    def add(self, text: str, tone: str = "") -> Tree:
        """Add a line under this one."""
        child = Tree(Cell(text, tone))
        self.children.append(child)
        return child


@dataclass(frozen=True, slots=True)
class Block:
    """Lines as they are, under a title."""

    title: str
    lines: list[str]


Part = Heading | Facts | Table | Tree | Block


def show(parts: list[Part]) -> None:
    """Write parts on standard output."""
    if is_terminal():
        from .terminal import show_on_terminal

        show_on_terminal(parts)
        return
    for part in parts:
        for line in _lines(part):
            emit(line.rstrip())


def _lines(part: Part) -> list[str]:
    if isinstance(part, Heading):
        return [printable(part.text.text)]
    if isinstance(part, Facts):
        return _columns([[Cell(name), value] for name, value in part.rows], "  ")
    if isinstance(part, Table):
        head = [Cell(name.upper()) for name in part.columns]
        rows = _columns([head, *part.rows], "  ") if part.rows else []
        return [f"{part.title} ({len(part.rows)})", *rows]
    if isinstance(part, Block):
        return [part.title, *(f"  {printable(line)}" for line in part.lines)]
    return _tree_lines(part, "")


def _columns(rows: list[list[Cell]], indent: str) -> list[str]:
    texts = [[printable(cell.text) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    return [
        indent
        + "  ".join(f"{text:<{width}}" for text, width in zip(row, widths, strict=True))
        for row in texts
    ]


def _tree_lines(tree: Tree, indent: str) -> list[str]:
    lines = [indent + printable(tree.line.text)]
    for child in tree.children:
        lines.extend(_tree_lines(child, indent + "  "))
    return lines
