"""A million inboxes: made, replayed and audited, with what that takes.

    python -m tests.benchmarks.million STORE --inboxes 1000000 --processes 2

STORE is an SQLite file or a DSN of PostgreSQL. What is there already is not
made again, so it can be stopped and started. The audit runs twice: unbroken, and
killed twice in the middle; both have to come to the same. Each step runs in a
process of its own, whose peak memory is what the system says of it (on Linux:
the largest of the process and of those that it waited for).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import time
from typing import Any, NamedTuple

from sqlalchemy import func, select

from xmtp_identity_store.schema import audit_parts, audited, audits
from xmtp_identity_store.store import Store

from .synthetic import fill, network

__all__ = ["main"]

PLUGINS = "ethereum,passkey,solana,store"


class Took(NamedTuple):
    """What a process took: seconds, seconds of all cores, MiB at its peak."""

    code: int
    output: bytes
    seconds: float
    cpu_seconds: float
    peak_mib: float


def run(*command: str, kill_at: tuple[str, int] | None = None) -> Took:
    """Run a program to its end, or until an audit is so far."""
    begun = time.monotonic()
    with subprocess.Popen(
        [sys.executable, *command],
        stdout=subprocess.PIPE,
        env={**os.environ, "XID_PLUGINS": PLUGINS, "XID_STRICT_PLUGINS": "1"},
    ) as process:
        assert process.stdout is not None
        if kill_at is not None:
            wait_for(process, *kill_at)
            process.kill()
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return Took(
        process.returncode,
        output,
        time.monotonic() - begun,
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss / 1024,
    )


def wait_for(process: subprocess.Popen[bytes], target: str, goal: int) -> None:
    """Until the last audit has replayed so many inboxes."""
    with Store.open(target, create=False) as store:
        while not goal <= replayed(store) < store.count():
            assert process.poll() is None, "it ended before it was killed"
            time.sleep(0.05)


def replayed(store: Store) -> int:
    with store._database.reading() as connection:
        return int(connection.scalar(select(func.sum(audit_parts.c.inboxes))) or 0)


def shadow(target: str) -> str:
    """A digest of all that the last audit found."""
    digest = hashlib.sha256()
    last = -1
    with Store.open(target, create=False) as store:
        while True:
            with store._database.reading() as connection:
                audit = connection.scalar(select(func.max(audits.c.id)))
                rows = connection.execute(
                    select(audited)
                    .where(audited.c.inbox > last, audited.c.audit == audit)
                    .order_by(audited.c.inbox)
                    .limit(5000)
                ).all()
            if not rows:
                return digest.hexdigest()
            for row in rows:
                digest.update(
                    repr((row.inbox, row.position, row.digest, row.verdict)).encode()
                )
            last = rows[-1].inbox


def make(target: str, count: int, seed: int) -> None:
    """Add what is missing of a network of so many inboxes."""
    with Store.open(target) as store:
        there = store.count()
        fill(store, network(count - there, seed=seed, first=there))


def tell(name: str, took: Took, entries: int | None = None) -> None:
    """Print what a step took; its rate, if it did all ``entries``."""
    row: dict[str, Any] = {
        "step": name,
        "exit": took.code,
        "seconds": round(took.seconds, 1),
        "cpu_seconds": round(took.cpu_seconds, 1),
        "peak_mib": round(took.peak_mib, 1),
    }
    if entries is not None:
        row["updates_per_second"] = round(entries / took.seconds)
        row["updates_per_core_second"] = round(entries / took.cpu_seconds)
    print(json.dumps(row), flush=True)


def main() -> None:
    """Make, upgrade and audit; prints a line of JSON a step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store")
    parser.add_argument("--inboxes", type=int, default=1_000_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--make", action="store_true", help="only make the logs")
    options = parser.parse_args()
    target, count = options.store, options.inboxes
    if options.make:
        make(target, count, options.seed)
        return
    with Store.open(target) as store:
        is_new = not store.count()
    made = run(
        *("-m", "tests.benchmarks.million", target, "--make"),
        *("--inboxes", str(count), "--seed", str(options.seed)),
    )
    xid = ["-m", "xmtp_identity"]
    audit = [*xid, "audit", target, "--processes", str(options.processes), "--json"]
    upgraded = run(
        *(*xid, "upgrade", "--store", target),
        *("--processes", str(options.processes), "--json"),
    )
    unbroken = run(*audit, "--anew")
    done = json.loads(unbroken.output)
    entries = done["entries"]
    tell("make", made, entries if is_new else None)
    tell("upgrade", upgraded, entries if is_new else None)
    tell("audit", unbroken, entries)
    print(json.dumps(done), flush=True)
    expected = shadow(target)
    # The first of these begins a new audit, the others go on with it.
    broken = [
        run(*audit, kill_at=(target, count // 4)),
        run(*audit, kill_at=(target, count * 3 // 5)),
        run(*audit),
    ]
    for number, took in enumerate(broken):
        tell(f"audit, killed twice: {number + 1}", took)
    again = json.loads(broken[-1].output)
    is_same = shadow(target) == expected and {**again, "audit": done["audit"]} == done
    print(json.dumps({"the same after two kills": is_same}), flush=True)
    if not is_same:
        sys.exit(1)


if __name__ == "__main__":
    main()
