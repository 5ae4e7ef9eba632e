"""The conformance kit: whether a kind of identity is safe to install.

The author of a plugin writes a `ConformanceCase` into a module ``conformance``
beside the plugin's module, as ``CASES = (ConformanceCase(...),)``. Then

    xid conformance xmtp-identity-nostr

makes every check and prints a report, and in the plugin's tests

    from xmtp_identity.testing import conformance_tests
    from xmtp_identity_nostr.conformance import CASES

    test_conformance = conformance_tests(*CASES)

makes each check a test with its name. Hypothesis is needed, and pytest for
the tests: ``pip install "xmtp-identity[testing]"``. The modules below this
one are private, `pytest_plugin` aside.
"""

from __future__ import annotations

from .bench import Options
from .case import ConformanceCase, RawCall, SignerMaker, Vector
from .checks import CHECKS, Check
from .discovery import cases_of
from .pytest_tests import conformance_tests
from .report import Report, checks_table, to_markdown
from .results import CheckResult, Status
from .run import run_conformance

__all__ = [
    "CHECKS",
    "Check",
    "CheckResult",
    "ConformanceCase",
    "Options",
    "RawCall",
    "Report",
    "SignerMaker",
    "Status",
    "Vector",
    "cases_of",
    "checks_table",
    "conformance_tests",
    "run_conformance",
    "to_markdown",
]
