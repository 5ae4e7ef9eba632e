"""Parts on a terminal: colours, and columns that fold where it is narrow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich import box
from rich import table as rich_table
from rich import tree as rich_tree
from rich.console import Console, RenderableType
from rich.text import Text

from .output import Block, Cell, Facts, Heading, Part, Table, Tree, printable

__all__ = ["show_on_terminal"]

_STYLES: Final = {
    "": "",
    "good": "green",
    "bad": "red",
    "odd": "yellow",
    "dim": "dim",
    "name": "cyan",
    "title": "bold",
}

_COLUMN: Final = 11
"""Characters that a column needs; where there are fewer, each row of a table
is written as names with values."""


def show_on_terminal(parts: list[Part]) -> None:
    """Write parts on the terminal that standard output is."""
    # Markup, emoji codes and highlighting would let a log style its own lines.
    console = Console(markup=False, emoji=False, highlight=False)
    for part in parts:
        for renderable in _render(part, console.width):
            console.print(renderable, overflow="fold")


def _render(part: Part, width: int) -> Iterator[RenderableType]:
    if isinstance(part, Heading):
        yield Text(printable(part.text.text), style="bold " + _STYLES[part.text.tone])
    elif isinstance(part, Facts):
        yield _facts(part.rows)
    elif isinstance(part, Table):
        yield Text(f"{part.title} ({len(part.rows)})", style=_STYLES["title"])
        if part.rows and width >= _COLUMN * len(part.columns):
            yield _table(part)
        else:
            for row in part.rows:
                yield _facts(list(zip(part.columns, row, strict=True)))
                yield Text("")
    elif isinstance(part, Block):
        yield Text(part.title, style=_STYLES["title"])
        for line in part.lines:
            yield Text(f"  {printable(line)}")
    else:
        yield _tree(part)


def _facts(rows: list[tuple[str, Cell]]) -> rich_table.Table:
    grid = rich_table.Table.grid(padding=(0, 2))
    grid.add_column(style=_STYLES["name"], no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in rows:
        grid.add_row(Text(name), _text(value))
    return grid


def _table(part: Table) -> rich_table.Table:
    table = rich_table.Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in part.columns:
        table.add_column(name, header_style=_STYLES["name"], overflow="fold")
    for row in part.rows:
        table.add_row(*(_text(cell) for cell in row))
    return table


def _tree(part: Tree) -> rich_tree.Tree:
    tree = rich_tree.Tree(_text(part.line), guide_style=_STYLES["dim"])
    _grow(tree, part)
    return tree


def _grow(branch: rich_tree.Tree, part: Tree) -> None:
    for child in part.children:
        _grow(branch.add(_text(child.line)), child)


def _text(cell: Cell) -> Text:
    return Text(printable(cell.short or cell.text), style=_STYLES[cell.tone])
