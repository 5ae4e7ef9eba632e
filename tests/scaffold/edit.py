"""Put a block of code into a file, as a reader of a page would.

A file that is not there yet is written. In one that is there each definition
replaces the one of its name, or, if it is new, stands before the one that follows
it in the block; imports are added. Usage: edit.py FILE BLOCK.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

FUTURE = "from __future__ import annotations\n\n"


def merged(old: str, block: str) -> str:
    """A file with the definitions and imports of a block."""
    lines = old.splitlines(keepends=True)
    places = dict(_definitions(old))
    edits: list[tuple[int, int, str]] = []
    waiting = ""
    block_lines = block.splitlines(keepends=True)
    for name, (start, end) in _definitions(block):
        text = waiting + "".join(block_lines[start:end])
        if name in places:
            edits.append((*places[name], text))
            waiting = ""
        else:
            waiting = f"{text}\n\n"
    assert not waiting, "the last definition of a block replaces one"
    for start, end, text in sorted(edits, reverse=True):
        lines[start:end] = [text]
    imports = [
        ast.unparse(node)
        for node in ast.parse(block).body
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    merged_text = "".join(lines)
    assert not imports or FUTURE in merged_text
    added = "".join(f"{one}\n" for one in imports)
    return merged_text.replace(FUTURE, FUTURE + added, 1)


def _definitions(source: str) -> list[tuple[str, tuple[int, int]]]:
    """The names that a file defines, each with its lines, from and up to; a string
    behind an assignment belongs to it."""
    found: list[tuple[str, tuple[int, int]]] = []
    for node in ast.parse(source).body:
        end = node.end_lineno
        assert end is not None
        if isinstance(node, ast.FunctionDef):
            found.append((node.name, (node.lineno - 1, end)))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.append((node.target.id, (node.lineno - 1, end)))
        elif (
            isinstance(node, ast.Expr) and found and found[-1][1][1] == node.lineno - 1
        ):
            name, (start, _) = found[-1]
            found[-1] = (name, (start, end))
    return found


def main() -> None:
    """Put a block of code into a file."""
    target, block = Path(sys.argv[1]), Path(sys.argv[2]).read_text("utf-8")
    if target.exists():
        block = merged(target.read_text("utf-8"), block)
    target.write_text(block, "utf-8")


if __name__ == "__main__":
    main()
