"""The corpus: logs that every version of this project must read in one way.

``corpus.jsonl`` holds them, one a line. They are made here once and then kept:
what a released version has read must be read the same for ever.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

from tests.projection.cast import Bitcoin, Odd, solana
from tests.projection.scripts import script_of
from tests.support.protobuf import length, uint
from tests.support.signers import (
    Installation,
    Leaf,
    LegacyKey,
    Passkey,
    Signer,
    Wallet,
    smart_wallet,
)
from tests.support.updates import (
    Add,
    Change,
    Inbox,
    Raw,
    Revoke,
    add_action,
)

from xmtp_identity_bitcoin.addresses import Form

HERE: Final = Path(__file__).resolve().parent
FILE: Final = HERE / "corpus.jsonl"

EXPERIMENT: Final = 1234
"""The number of the kind in ``experiment/``."""

LATER: Final = 150
"""A leaf number that nobody has been allotted yet."""

BELOW: Final = 50
"""A number of XMTP's that no release knows."""

RANDOM_LOGS: Final = 12


class Log(NamedTuple):
    """A log of the corpus.

    what: a sentence.
    kind: the kind that the log shows at work, for the matrix, or "".
    form: for the tables of forms, how its leaf updates stand in it: "field
        100", "actions" or "below 100"; "unknown" if an entry of it holds what
        no release knows; or "".
    """

    name: str
    what: str
    kind: str
    form: str
    inbox_id: str
    log: list[bytes | None]

    def line(self) -> str:
        """The log as a line of JSON."""
        fields = self._asdict()
        fields["log"] = [None if one is None else one.hex() for one in self.log]
        return json.dumps(fields)

    def input(self) -> str:
        """The log as a line that `xid replay --jsonl` reads."""
        fields = json.loads(self.line())
        return json.dumps({"inbox_id": fields["inbox_id"], "log": fields["log"]})


def read() -> list[Log]:
    """The corpus that is kept."""
    logs = []
    for line in FILE.read_text("utf-8").splitlines():
        fields = json.loads(line)
        entries = [None if one is None else bytes.fromhex(one) for one in fields["log"]]
        logs.append(Log(**{**fields, "log": entries}))
    return logs


# Who appears

OWNER: Final = Wallet("corpus owner")
SECOND: Final = Wallet("corpus second")
STRANGER: Final = Wallet("corpus stranger")
PASSKEY: Final = Passkey("corpus")
APP: Final = Installation("corpus app")
OTHER_APP: Final = Installation("corpus other app")
SOLANA: Final = solana("corpus")
OTHER_SOLANA: Final = solana("corpus other")
BITCOIN: Final = Bitcoin("corpus", Form.P2WPKH)
EXPERIMENTAL: Final = Leaf("corpus", EXPERIMENT, "experiment", "Experiment key")
LATER_LEAF: Final = Leaf("corpus", LATER, "later", "Later account")
UNSEEN_EXPERIMENT: Final = Leaf("corpus", 1999, "unseen", "Unseen key")
LEAVES: Final[dict[str, Signer]] = {
    "solana": SOLANA,
    "bitcoin": BITCOIN,
    "experiment": EXPERIMENTAL,
    "a later leaf kind": LATER_LEAF,
}


@dataclass(frozen=True)
class Renumbered:
    """Someone whose kind has another number, in member and signature alike."""

    base: Signer
    number: int

    @property
    def member(self) -> bytes:
        return length(self.number, self.base.identifier.value)

    def sign(self, text: bytes) -> bytes:
        return length(self.number, self.base.sign(text))


# The logs


def make() -> list[Log]:
    """The corpus as it is made."""
    return [*_kinds(), *_forms(), *_special(), *_random()]


def _inbox(*, root: bool = True) -> Inbox:
    """An inbox with an app and a second wallet."""
    inbox = Inbox(OWNER)
    if root:
        inbox.append(Add(APP, OWNER))
        inbox.append(Add(SECOND, OWNER))
    return inbox


def _log(name: str, what: str, inbox: Inbox, kind: str = "", form: str = "") -> Log:
    return Log(name, what, kind, form, inbox.inbox_id, inbox.log)


def _kinds() -> Iterator[Log]:
    """One kind at work in each."""
    inbox = _inbox()
    inbox.append(Revoke(SECOND, OWNER))
    yield _log("ethereum", "Wallets alone, one of them revoked.", inbox, "ethereum")
    inbox = Inbox(PASSKEY)
    inbox.append(Add(SECOND, PASSKEY))
    inbox.append(Change(SECOND, PASSKEY))
    yield _log("passkey", "A passkey creates the inbox.", inbox, "passkey")
    inbox = _inbox(root=False)
    inbox.append(Add(APP, OWNER))
    inbox.append(Add(SECOND, APP))
    yield _log("installation", "An app adds a wallet.", inbox, "installation")
    for kind, leaf in LEAVES.items():
        inbox = _inbox()
        inbox.append_leaf(Add(leaf, OWNER))
        inbox.append(Add(OTHER_APP, SECOND))
        yield _log(kind, "A leaf is linked, and the root goes on.", inbox, kind)
    inbox = _inbox()
    inbox.append(_added(Renumbered(SECOND, BELOW)))
    inbox.append(Add(OTHER_APP, SECOND))
    what = "A member of a root kind that no release knows."
    yield _log("a later root kind", what, inbox, "a later root kind")


def _added(new: Renumbered, lines: str = "- Link it") -> Raw:
    """The owner adds someone of whatever number."""
    return Raw(
        lines, lambda text: add_action(new.member, OWNER.sign(text), new.sign(text))
    )


def _forms() -> Iterator[Log]:
    """The same leaf updates in three forms, in the same root updates."""
    for kind in ("solana", "bitcoin", "experiment"):
        leaf = LEAVES[kind]
        for form in ("field 100", "actions", "below 100"):
            inbox = _inbox()
            for _ in range(2):
                _put(inbox, leaf, form)
                inbox.append(Add(OTHER_APP, SECOND))
            what = f"A leaf is linked, {_WORDS[form]}, and linked again."
            yield _log(f"{kind} in {form}", what, inbox, kind, form)


_WORDS: Final = {
    "field 100": "in field 100",
    "actions": "among the root's actions",
    "below 100": "as a kind of a number below 100",
}


def _put(inbox: Inbox, leaf: Signer, form: str) -> None:
    if form == "field 100":
        inbox.append_leaf(Add(leaf, OWNER))
    elif form == "actions":
        inbox.append(Add(leaf, OWNER))
    else:
        inbox.append(_added(Renumbered(leaf, BELOW), leaf.link))


def _special() -> Iterator[Log]:
    yield from _special_leaves()
    yield from _special_roots()


def _special_leaves() -> Iterator[Log]:
    inbox = _inbox()
    inbox.append(Add(PASSKEY, OWNER))
    inbox.append_leaf(Add(SOLANA, PASSKEY), Add(OTHER_SOLANA, APP))
    inbox.append_leaf(Add(BITCOIN, SECOND))
    inbox.append_leaf(Add(Bitcoin("corpus", Form.P2PKH), OWNER))
    inbox.append_leaf(Add(Bitcoin("corpus", Form.P2SH), OWNER))
    inbox.append_leaf(Add(EXPERIMENTAL, PASSKEY))
    inbox.append_leaf(Add(UNSEEN_EXPERIMENT, OWNER))
    inbox.append(Change(PASSKEY, OWNER))
    inbox.append_leaf(Revoke(OTHER_SOLANA, PASSKEY))
    inbox.append_leaf(Revoke(BITCOIN, OWNER))
    inbox.append(Revoke(APP, PASSKEY))
    yield _log("all at once", "Members of every kind, in layers of their own.", inbox)

    inbox = _inbox()
    inbox.append_leaf(Add(SOLANA, OWNER))
    inbox.append_leaf(Revoke(SOLANA, OWNER))
    inbox.push(inbox.log[3])
    inbox.append_leaf(Add(SOLANA, SECOND))
    yield _log("again", "A leaf is linked, unlinked, replayed, linked anew.", inbox)

    inbox = _inbox()
    inbox.append_leaf(Add(SOLANA, STRANGER))
    inbox.append_leaf(Add(SOLANA, OWNER, signed_by=OTHER_SOLANA))
    inbox.append_leaf(Revoke(SOLANA, SECOND))
    inbox.append_leaf(Add(SOLANA, OWNER), Add(BITCOIN, OWNER))
    inbox.append_leaf(Add(SOLANA, LegacyKey(OWNER)))
    inbox.append_leaf(Add(SECOND, OWNER))
    inbox.append_leaf(Change(SECOND, OWNER))
    inbox.append_leaf(Add(BITCOIN, SOLANA))
    inbox.append_leaf(Add(EXPERIMENTAL, OWNER))
    inbox.append(Add(OTHER_APP, OWNER))
    yield _log("refused leaves", "Leaf updates with one thing wrong in each.", inbox)

    inbox = _inbox()
    for number in (100, 101, 102, LATER, EXPERIMENT, 1999, 2000):
        odd = Leaf("corpus", number, "odd", "Odd key", b"not canonical", b"junk")
        inbox.append_leaf(Add(odd, OWNER))
        inbox.append_leaf(Revoke(odd, OWNER))
    yield _log("malformed leaves", "Identifiers and signatures that are junk.", inbox)

    inbox = _inbox()
    good = inbox.update(Add(SOLANA, OWNER), leaf=True)
    inbox.push(good + uint(100, 1))
    inbox.push(good + length(100, b""))
    inbox.push(good + length(100, length(7, b"later")))
    inbox.push(good[:-1])
    inbox.push(good + length(1, length(2, b"")))
    inbox.push(good + length(50, b"later") + length(3, inbox.inbox_id))
    inbox.push(None)
    inbox.push(b"")
    yield _log("odd bytes", "A leaf update with something odd in its bytes.", inbox)


def _special_roots() -> Iterator[Log]:
    for name, what, action in _UNKNOWN:
        inbox = _inbox()
        inbox.append(action)
        inbox.append(Add(OTHER_APP, SECOND))
        yield _log(name, what, inbox, form="unknown")

    inbox = _inbox()
    inbox.push(inbox.update(Add(PASSKEY, OWNER)) + uint(100, 1))
    inbox.append(Add(OTHER_APP, OWNER))
    what = "An update with `actions` and field 100."
    yield _log("both forms", what, inbox, form="unknown")

    inbox = _inbox()
    inbox.append(Add(smart_wallet("corpus"), OWNER))
    inbox.append_leaf(Add(SOLANA, OWNER))
    what = "A smart wallet, whose chain the command line can't ask."
    yield _log("smart wallet", what, inbox)


def _unknown_signature(text: bytes, /) -> bytes:
    return add_action(PASSKEY.member, OWNER.sign(text), length(6, b"later"))


_UNKNOWN: Final = (
    (
        "unknown member",
        "A member of number 50 is added.",
        _added(Renumbered(SECOND, BELOW)),
    ),
    (
        "unknown member 2000",
        "A member of number 2000, beyond all experiments, is added.",
        _added(Renumbered(SECOND, 2000)),
    ),
    (
        "unknown signature",
        "A passkey is added, with a signature of number 6.",
        Raw(PASSKEY.link, _unknown_signature),
    ),
    (
        "unknown action",
        "An action of number 7.",
        Raw("- ?", lambda _: length(7, b"a later action")),
    ),
    (
        "two numbers",
        "A member that is a passkey and a Solana address.",
        Add(Odd(PASSKEY, PASSKEY.member + SOLANA.member), OWNER),
    ),
    (
        "identifier kind 3",
        "Recovery is handed to an identifier of kind 3.",
        Change(Odd(Wallet("corpus third"), kind=3), OWNER),
    ),
    (
        "identifier kind 100",
        "Recovery is handed to an identifier of kind 100, a Solana address.",
        Change(Odd(SOLANA, kind=100), OWNER),
    ),
)
"""One entry that nobody knows, in a log that is good otherwise."""


def _random() -> Iterator[Log]:
    """Random logs that no chain is needed for, with leaf updates in them."""
    number = 0
    for seed in count():
        script = script_of(Random(f"corpus {seed}"))
        if script.owner.startswith("safe") or script.away:
            continue
        what = "A random log, with kinds that no plugin provides."
        log = script.log()
        yield Log(f"random {number}", what, "", "", script.inbox_id, log)
        number += 1
        if number == RANDOM_LOGS:
            return
