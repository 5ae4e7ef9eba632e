"""How Hypothesis works in this workspace.

``ci`` (the default) tries the same examples in every run, so that a failure
is there for everyone. ``HYPOTHESIS_PROFILE=long`` looks for new ones for as
long as it takes. Tests leave ``max_examples`` to the profile where they can.
No test has a deadline: how fast this machine is says nothing about the code.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "ci",
    derandomize=True,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "long",
    max_examples=10_000,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
