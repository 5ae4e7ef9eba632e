"""The page of all odd logs: ``python -m tests.protocol.odd_logs`` writes it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

from tests.support.leaf_kinds import root_registry
from tests.support.vectors import odd_log, odd_logs, recorded, shown, stub_context

from xmtp_identity import OutcomeKind, ReplayResult, replay
from xmtp_identity.deviations import DEVIATIONS

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "odd-logs.md"

_HEAD: Final = """\
# Odd logs

{count} logs made by hand, each with something odd in it, and what becomes of them in
XMTP's reference client (libxmtp) and here. libxmtp has one answer for a whole log:

- *accepts*: it gives a state;
- *no-op*: it gives a state in which the odd update changed nothing;
- *unreadable*: it fails, and with it everything else in that inbox.

Here each entry has its outcome; the table shows the entries that were not applied, by
their index in the log. The rest of the log stands. Where libxmtp gives a state, ours is
the same but in the logs marked with the number of a deviation.

This page is written by a test; `python -m tests.protocol.odd_logs` writes it anew.

| Case | What | libxmtp | Here | Deviation |
| --- | --- | --- | --- | --- |
"""

_VERDICTS: Final = {"ACCEPT": "accepts", "NOOP": "no-op", "FAIL": "unreadable"}
_NUMBERS: Final = {row.code: row.number for row in DEVIATIONS}


def replayed(case: dict[str, Any]) -> ReplayResult:
    """Replay an odd log on the chain that it was made with."""
    log = odd_log(case)
    return replay(case["inbox_id"], log, root_registry(), context=stub_context())


def same_state(case: dict[str, Any], result: ReplayResult) -> bool:
    """Whether a replay came to the state that libxmtp gave."""
    return result.state is not None and shown(result.state) == recorded(case)


def page() -> str:
    """The page as it should be."""
    rows = [_row(name, case) for name, case in odd_logs().items()]
    return _HEAD.format(count=len(rows)) + "".join(rows)


def _row(name: str, case: dict[str, Any]) -> str:
    result = replayed(case)
    refused = [o for o in result.outcomes if o.outcome is not OutcomeKind.APPLIED]
    here = "; ".join(f"{o.index}: {o.outcome} `{o.code}`" for o in refused)
    deviations = sorted({str(_NUMBERS[o.code]) for o in refused if o.deviation})
    cells = (
        f"`{name}`",
        _escaped(case["what"]),
        _VERDICTS[case["libxmtp"]["verdict"]],
        here or "all applied",
        ", ".join(deviations),
    )
    return f"| {' | '.join(cells)} |\n"


def _escaped(text: str) -> str:
    """Text as Markdown shows it, whatever is in it."""
    for character in "\\`*_{}[]<>|#$":
        text = text.replace(character, f"\\{character}")
    return " ".join(text.split())


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    sys.stderr.write(f"wrote {PAGE}\n")
