"""Brings the corpus, what clients say of it, and the page up to date.

    python -m tests.compat.record

A log that is in the corpus stays as it is; new ones are put behind. Look at
what changes in ``results``: a result of an old log that changes is a breach of
what was promised. Needs Node.js, for XMTP's own client.
"""

from __future__ import annotations

import sys

from tests.interop.oracle import Libxmtp

from .clients import CLIENTS, LIBXMTP, record, replayed
from .corpus import FILE, Log, make, read
from .page import PAGE, page


def said_by_libxmtp(logs: list[Log], libxmtp: Libxmtp) -> list[object]:
    """What XMTP's own client says of each log."""
    answers = libxmtp.read([(log.inbox_id, log.log) for log in logs])
    return [answer.get("state") for answer in answers]


def main() -> None:
    """Write the files."""
    kept = read() if FILE.exists() else []
    names = {log.name for log in kept}
    logs = [*kept, *(log for log in make() if log.name not in names)]
    FILE.write_text("".join(f"{log.line()}\n" for log in logs), "utf-8")
    for client in CLIENTS.values():
        record(client.file, replayed(logs, client.registry))
    with Libxmtp() as libxmtp:
        record(LIBXMTP, said_by_libxmtp(logs, libxmtp))
    PAGE.write_text(page(), "utf-8")
    sys.stderr.write(f"{len(logs)} logs, {len(CLIENTS)} clients and libxmtp\n")


if __name__ == "__main__":
    main()
