"""The conformance kit: each of its checks is a test here.

``xid conformance {{ cookiecutter.project }}`` prints the same as a report.
"""

from __future__ import annotations

from xmtp_identity.testing import conformance_tests

from {{ cookiecutter.module }}.conformance import (
    CASES,
)

test_conformance = conformance_tests(*CASES)
