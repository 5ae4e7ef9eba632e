"""What a benchmark reports."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Row"]


@dataclass
class Row:
    """One line of the report."""

    name: str
    value: float
    unit: str
    note: str = ""
