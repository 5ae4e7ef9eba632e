"""The clients that read the corpus: which plugins each has, and what it says."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from tests.compat.experiment.src.xmtp_identity_experiment.plugin import register_kinds

from xmtp_identity import Kind, Registry, load_registry, replay_many
from xmtp_identity.cli.results import result_object

from .corpus import Log

RESULTS: Final = Path(__file__).resolve().parent / "results"

Result = dict[str, Any]
"""What `xid replay --jsonl` prints for a log. Kept without the sentences, which
are for people and may change, and each outcome as one string."""


@dataclass(frozen=True, slots=True)
class Client:
    """One that reads the corpus.

    what: what it is, in the tables.
    plugins: the packages that it has beside the core.
    """

    name: str
    what: str
    plugins: tuple[str, ...]

    @property
    def file(self) -> Path:
        """Its results, one a line in the order of the corpus."""
        return RESULTS / f"{self.name}.jsonl"

    @property
    def registry(self) -> Registry:
        """What it has, in this process."""
        kinds = _every_kind()
        return Registry(kinds[name] for name in ("installation", *self.plugins))


_FIELDS: Final = ("authoritative", "deviates", "missing", "stopped_at", "state")
_XMTP: Final = ("ethereum", "passkey")

CLIENTS: Final = {
    client.name: client
    for client in (
        Client("xmtp", "without leaf plugins", _XMTP),
        Client("solana", "with solana", (*_XMTP, "solana")),
        Client("bitcoin", "with bitcoin", (*_XMTP, "bitcoin")),
        Client("both", "with solana and bitcoin", (*_XMTP, "solana", "bitcoin")),
        Client(
            "experiment",
            "with a third party's plugin too",
            (*_XMTP, "solana", "bitcoin", "experiment"),
        ),
        Client("no-passkey", "without passkey", ("ethereum", "solana")),
    )
}
"""By name."""

LIBXMTP: Final = RESULTS / "libxmtp.jsonl"
"""What XMTP's own client says: a state, or null where it can't read the inbox."""


@cache
def _every_kind() -> Mapping[str, Kind]:
    plugins = load_registry(allow=["ethereum", "passkey", "solana", "bitcoin"])
    kinds = (*plugins.kinds, *register_kinds())
    return {kind.name: kind for kind in kinds}


def replayed(logs: Iterable[Log], registry: Registry) -> list[Result]:
    """The results of a client in this process."""
    pairs = [(log.inbox_id, log.log) for log in logs]
    return [stable(result_object(one)) for one in replay_many(pairs, registry)]


def stable(result: Result) -> Result:
    """A result of `xid replay --json` without the sentences, in short."""
    kept = {field: result[field] for field in _FIELDS}
    return {**kept, "outcomes": [_outcome(one) for one in result["outcomes"]]}


def _outcome(outcome: Mapping[str, Any]) -> str:
    numbers = [f"{one['space']} {one['number']}" for one in outcome["numbers"]]
    words = [outcome["outcome"], outcome["code"] or "", *numbers]
    if outcome["deviation"]:
        words.append("deviation")
    return " ".join(word for word in words if word)


def recorded(file: Path) -> list[Any]:
    """The results that are kept, in the order of the corpus."""
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def record(file: Path, results: Sequence[Any]) -> None:
    """Keep results."""
    file.write_text("".join(f"{json.dumps(one)}\n" for one in results), "utf-8")
