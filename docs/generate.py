"""Make the tables of the documentation from the code that they describe.

Each build writes them to ``docs/_generated`` first; a page takes one in with
an ``include`` directive. They are committed, to be read without a build, and
a test compares. A new table is a function here and a line in `PAGES`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import xmtp_identity.errors
from xmtp_identity.errors import IdentityError

GENERATED: Final = Path(__file__).resolve().parent / "_generated"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; bars and line ends in cells are escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def errors() -> str:
    """Every error class: its code, what happened, what to do, whether to retry."""
    return table(
        ["Code", "Class", "What happened", "What to do", "Try again?"],
        [
            [
                f"`{error.code}`",
                f"`{error.__name__}`",
                (inspect.getdoc(error) or "").partition("\n\n")[0],
                error.remedy,
                "yes" if error.retryable else "no",
            ]
            for error in _classes()
        ],
    )


def _classes() -> Iterator[type[IdentityError]]:
    for name in xmtp_identity.errors.__all__:
        error = getattr(xmtp_identity.errors, name)
        if error is not IdentityError:
            yield error


PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "errors.md": errors,
}
"""What makes each file of ``docs/_generated``."""


def write() -> None:
    """Bring ``docs/_generated`` up to date, touching only what changed."""
    GENERATED.mkdir(exist_ok=True)
    for name, make in PAGES.items():
        page, content = GENERATED / name, make()
        if not page.exists() or page.read_text("utf-8") != content:
            page.write_text(content, "utf-8")


if __name__ == "__main__":
    write()
