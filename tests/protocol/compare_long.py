"""Asks XMTP's real client about damaged logs, entry by entry; not run by CI.

    python tests/protocol/compare_long.py --count 1000 --seed 1

What replay applies of a log, the client must read to the same root; what
replay refuses, put behind that, the client must not be able to read, or must
read as a no-op. Entries that deviate are left out; instead the client must
take the entry that shows each deviation. The logs are those of
``fuzz_long.py``. It needs Node.js, and npm the first time.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.interop.oracle import Answer, Libxmtp  # noqa: E402 - needs the path
from tests.protocol.fuzz_long import mutated  # noqa: E402
from tests.support.deviating import CASES  # noqa: E402
from tests.support.leaf_kinds import root_registry  # noqa: E402
from tests.support.vectors import shown, stub_context  # noqa: E402

from xmtp_identity import Outcome, OutcomeKind, replay  # noqa: E402

Log = list[bytes | None]

REGISTRY = root_registry()
NO_UPDATE_TO_LIBXMTP = {"no_actions", "kind_not_installed", "mixed_kinds", "bad_shape"}
"""Codes of entries that it may read as a no-op: such without root actions."""


class Question(NamedTuple):
    """A log for the client: entries that replay applies, perhaps one more.

    refused: the outcome of that one.
    """

    inbox_id: str
    applied: Log
    entry: bytes | None = None
    refused: Outcome | None = None

    @property
    def log(self) -> Log:
        return self.applied if self.refused is None else [*self.applied, self.entry]


def questions(inbox_id: str, log: Log) -> list[Question]:
    """Everything to be asked about one log."""
    result = replay(inbox_id, log, REGISTRY, context=stub_context())
    asked: list[Question] = []
    applied: Log = []
    for outcome in result.outcomes:
        entry = log[outcome.index]
        if outcome.outcome is OutcomeKind.APPLIED:
            applied = [*applied, entry]
        elif outcome.deviation or (outcome.code == "wrong_inbox_id" and not applied):
            # A log that only holds another inbox is that inbox to the client.
            continue
        else:
            asked.append(Question(inbox_id, applied, entry, outcome))
    if applied:
        asked.append(Question(inbox_id, applied))
    return asked


def verdict(question: Question, answer: Answer) -> str:
    """What the answer means; it begins with "WRONG" where the two differ."""
    if "state" not in answer:
        return "refused by both" if question.refused else "WRONG: applied here alone"
    before = replay(
        question.inbox_id, question.applied, REGISTRY, context=stub_context()
    )
    same = False
    if before.state is not None:
        ours = shown(before.state)
        same = ours == {"inbox_id": question.inbox_id, **answer["state"]}
    if question.refused is None:
        return "the same state" if same else "WRONG: another state"
    if not same:
        return f"WRONG: {question.refused.code} here alone"
    if question.refused.code in NO_UPDATE_TO_LIBXMTP:
        return "a no-op to libxmtp"
    # Junk inside of field 100, which the client passes over.
    is_leaf = (question.entry or b"").find(b"\xa2\x06") >= 0
    return "a no-op to libxmtp" if is_leaf else f"no-op: {question.refused.code}"


def takes(client: Libxmtp, name: str) -> bool:
    """Whether the client takes the entry that shows a deviation, as the table of
    deviations says: it can read the log, and the entry changes the state."""
    inbox = CASES[name]().inbox
    before, after = client.read(
        [(inbox.inbox_id, inbox.log[:-1]), (inbox.inbox_id, inbox.log)]
    )
    return "state" in after and after != before


def main() -> int:
    """Run it; the exit code is 1 if the two differ where they must not."""
    parser = argparse.ArgumentParser(description="Compare with XMTP's real client.")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    asked: list[Question] = []
    for number in range(options.count):
        inbox_id, log, _ = mutated(options.seed, number)
        asked += questions(inbox_id, log)
    with Libxmtp() as client:
        hidden = [name for name in CASES if not takes(client, name)]
        answers = client.read([(one.inbox_id, one.log) for one in asked])
    verdicts: Counter[str] = Counter()
    for question, answer in zip(asked, answers, strict=True):
        said = verdict(question, answer)
        verdicts[said] += 1
        if said.startswith("WRONG"):
            print(said, question, answer)
    print(f"{len(CASES)} deviations, not taken by libxmtp: {hidden or 'none'}")
    print(f"{options.count} damaged logs, {len(asked)} questions")
    for said, number in verdicts.most_common():
        print(f"  {number:9}  {said}")
    return 1 if hidden or any(said.startswith("WRONG") for said in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
