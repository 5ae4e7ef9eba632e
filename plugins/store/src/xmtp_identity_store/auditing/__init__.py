"""Verifying a whole store anew, and comparing that with what it serves."""

from .engine import Audited, Report, audit, outcome
from .judging import Verdict
from .replacing import replace
from .runs import Audit, Difference, Stage, begin, differences

__all__ = [
    "Audit",
    "Audited",
    "Difference",
    "Report",
    "Stage",
    "Verdict",
    "audit",
    "begin",
    "differences",
    "outcome",
    "replace",
]
