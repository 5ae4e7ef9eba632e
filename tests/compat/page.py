"""The page on compatibility, made from what clients were recorded to say."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from .clients import CLIENTS, LIBXMTP, Client, Result, recorded
from .corpus import Log, read

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "compatibility.md"

FORMS: Final = ("field 100", "actions", "below 100")
ROOT_KINDS: Final = ("ethereum", "passkey", "installation", "a later root kind")

_HEAD: Final = """\
# Compatibility

Who can read an inbox that has members of a kind that came later? This page is made
by a test. A corpus of {count} logs (`tests/compat/corpus.jsonl`) is read by XMTP's own
client, by this release, and by older versions of it: the wheels without a plugin, each
set in an environment of its own. `python -m tests.compat.record` writes the page anew.

[Rolling out a new identity type](rolling-out.md) says what is guaranteed, and why.

## Which client sees which kind

"Sees it": the members of the kind are in the state. "Right without it": the client
leaves them out, says so, and its root (who may act for the inbox) is that of every
other client. "Says it is uncertain": the client can't know who may act, and tells its
caller (`authoritative` is false). "Unreadable": the client gives no state at all, not
even for the members that it knows.

"""

_FORMS: Final = """
## Where a leaf update stands

The same leaf updates, between the same root updates, in three forms. The design's form
is field 100. XMTP's guide for new identity types puts a new number into the unions of
`actions`. A number below 100 is XMTP's to give; no client may guess what it means.

"""

_MEANING: Final = """
libxmtp fails on the whole inbox in both other forms: one such update, and no member of
the inbox can be read, not even those that libxmtp knows. Here that entry alone is not
applied, and the rest of the log stands. A leaf number in `actions` is *rejected* by
everyone, whatever is installed, so the root stays certain. An unknown number below 100
is *discarded*: it may say who may act for the inbox, so the result is not
authoritative.

## What no release knows

One entry in each log holds something that has no meaning yet; the rest is good. This
release reads it with the plugins solana and bitcoin.

"""

_TAIL: Final = """
libxmtp reads an unknown identifier kind as Ethereum, of two numbers in one union the
one that it knows, and of an update in both forms its `actions` alone. So it reads on,
to a root that the signers may not have meant. These are [deviations](deviations.md).
"""


def page() -> str:
    """The page as it should be."""
    logs = read()
    table = _Results(logs)
    parts = [
        _HEAD.format(count=len(logs)),
        *_matrix(table),
        _FORMS,
        *_forms(table),
        _MEANING,
        *_unknown(table),
        _TAIL,
    ]
    return "".join(parts)


class _Results:
    """All that was recorded, by client and name of log."""

    def __init__(self, logs: Sequence[Log]) -> None:
        self.logs = {log.name: log for log in logs}
        self._by_client: dict[str, dict[str, Any]] = {
            client.name: self._named(client.file) for client in CLIENTS.values()
        }
        self._libxmtp = self._named(LIBXMTP)

    def _named(self, file: Path) -> dict[str, Any]:
        return dict(zip(self.logs, recorded(file), strict=True))

    def of(self, client: Client, log: Log) -> Result:
        """What a client of this project says."""
        result: Result = self._by_client[client.name][log.name]
        return result

    def libxmtp(self, log: Log) -> Any:
        """A state, or None."""
        return self._libxmtp[log.name]

    def root_is_right(self, log: Log) -> bool:
        """Whether libxmtp's state is the root that this project computes."""
        state = self.libxmtp(log)
        ours = self.of(CLIENTS["both"], log)["state"]
        return ours is not None and state == root_of(ours)


def root_of(state: Any) -> Any:
    """A state of `xid replay` in the words of libxmtp, which knows root kinds."""
    members = state["members"]
    return {
        "recovery": state["recovery"],
        "identifiers": [
            {"kind": one["kind"], "identifier": one["identifier"]}
            for one in members
            if one["kind"] in {"ethereum", "passkey"}
        ],
        "installations": [
            {
                "id": one["identifier"],
                "client_timestamp_ns": one["client_timestamp_ns"],
            }
            for one in members
            if one["kind"] == "installation"
        ],
    }


# The tables


def _matrix(results: _Results) -> Iterator[str]:
    logs = [log for log in results.logs.values() if log.kind and not log.form]
    version = _version()
    yield _row(["Client", *(log.kind for log in logs)])
    yield _row(["---"] * (len(logs) + 1))
    cells = [_libxmtp_sees(results, log) for log in logs]
    yield _row([f"libxmtp {_libxmtp_version()}", *cells])
    for client in CLIENTS.values():
        cells = [_sees(results.of(client, log), log.kind) for log in logs]
        yield _row([f"xmtp-identity {version} {client.what}", *cells])


def _libxmtp_sees(results: _Results, log: Log) -> str:
    if results.libxmtp(log) is None:
        return "unreadable"
    if not results.root_is_right(log):
        return "another root"
    return "sees it" if log.kind in ROOT_KINDS else "right without it"


def _sees(result: Result, kind: str) -> str:
    members = result["state"]["members"] if result["state"] else []
    if any(member["kind"] == kind for member in members):
        return "sees it"
    return "right without it" if result["authoritative"] else "says it is uncertain"


def _forms(results: _Results) -> Iterator[str]:
    without, with_it = CLIENTS["xmtp"], CLIENTS["experiment"]
    version = _version()
    yield _row(
        [
            "Leaf",
            "Form",
            f"libxmtp {_libxmtp_version()}",
            f"xmtp-identity {version} without the plugin",
            "with it",
        ]
    )
    yield _row(["---"] * 5)
    for log in results.logs.values():
        if log.form in FORMS:
            yield _row(
                [
                    log.kind,
                    log.form,
                    _libxmtp_reads(results, log),
                    _reads(results.of(without, log)),
                    _reads(results.of(with_it, log)),
                ]
            )


def _libxmtp_reads(results: _Results, log: Log) -> str:
    if results.libxmtp(log) is None:
        return "can't read the inbox"
    same = "same root" if results.root_is_right(log) else "another root"
    return f"reads it, {same}"


def _reads(result: Result) -> str:
    refused = dict.fromkeys(map(_in_short, _not_applied(result)))
    certain = "authoritative" if result["authoritative"] else "not authoritative"
    said = f"{', '.join(refused)}; the rest stands" if refused else "applied"
    return f"{said}; {certain}"


def _not_applied(result: Result) -> list[str]:
    return [one for one in result["outcomes"] if one != "applied"]


def _in_short(outcome: str) -> str:
    ending, code, *_ = outcome.split(" ")
    return f"{ending} `{code}`"


def _unknown(results: _Results) -> Iterator[str]:
    yield _row(["What", f"libxmtp {_libxmtp_version()}", f"xmtp-identity {_version()}"])
    yield _row(["---"] * 3)
    for log in results.logs.values():
        if log.form == "unknown":
            ours = _reads(results.of(CLIENTS["both"], log))
            yield _row([log.what, _libxmtp_reads(results, log), ours])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _version() -> str:
    project = tomllib.loads((ROOT / "core" / "pyproject.toml").read_text("utf-8"))
    return str(project["project"]["version"])


def _libxmtp_version() -> str:
    package = json.loads(
        (ROOT / "tests" / "interop" / "package.json").read_text("utf-8")
    )
    return str(package["dependencies"]["@xmtp/node-bindings"])
