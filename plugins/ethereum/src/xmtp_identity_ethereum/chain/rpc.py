"""One JSON-RPC server of a chain: many calls in one round trip.

Every round trip asks for the chain id as well. A server that answers for
another chain, or does not say for which, gave no answer at all.
"""

from __future__ import annotations

import json
import os
import random
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

from xmtp_identity.chains import BadChains, host_of

from .answers import BUSY, by_id, data_of, is_busy, number_of, parse, quantity_of
from .limits import Limits
from .rules import CALLER, Answer, Call

if TYPE_CHECKING:
    from .transport import HttpClient, Reply

__all__ = ["Answers", "RpcFailed", "Server"]

_BUSY_STATUS: Final = frozenset({408, 425, 429, 502, 503, 504})
_REFUSED_STATUS: Final = frozenset({400, 405, 413, 415, 422, 500, 501})
"""How servers refuse a batch that is too large, or any."""

_SHRINK: Final = 4
_LEAST: Final = 6
"""A batch that is smaller is not worth being one: its calls go singly."""

_REFUSED_S: Final = 600.0
"""For how long a server that refused a batch is sent smaller ones."""

_BROKEN_S: Final = 15.0
"""The same for one that gave no answer to a batch. Maybe one of the calls takes
all the time that there is; then the others must get through without it."""

_FINAL_S: Final = 60.0
"""How long what is known of the finalized block is not asked for again."""

_LONGEST_WAIT_S: Final = 300.0
"""A server may ask for any time."""

_Question = tuple[str, Sequence[object]]

_CHAIN_ID: Final[_Question] = ("eth_chainId", ())
_NEWEST: Final[_Question] = ("eth_blockNumber", ())
_FINAL: Final[_Question] = ("eth_getBlockByNumber", ("finalized", False))

_URL: Final = re.compile(r"https?://[!-~]{1,2048}")
_HOST: Final = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f.:]+\])(:[0-9]+)?")

_ids: Final = count(random.randrange(1 << 40))  # noqa: S311 - it need not be secret
"""One number a call, never used again: a late answer to another question is
not taken for the answer to this one."""


class RpcFailed(Exception):
    """A server did not give what it was asked for.

    reason: the rest of a sentence that begins with its host.
    wait_s: for how long it asks to be left alone; None if it does not say.
    places: the groups of calls that it was asked for when it failed.
    """

    def __init__(self, reason: str, *, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait_s = wait_s
        self.places = range(0)


class _Refused(Exception):
    """What was sent at once was too much for the server, or it takes none of it.

    reason: as in `RpcFailed`, should it turn out to be the latter.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Answers(NamedTuple):
    """What came back for one group of calls.

    place: of the group.
    answers: one a call.
    final: the newest block that is final, as far as this server says; None if
        it did not.
    """

    place: int
    answers: list[Answer]
    final: int | None


class Server:
    """A JSON-RPC server, by its URL; threads may share it.

    host: all of the URL that may be shown.
    """

    def __init__(
        self,
        chain_id: int,
        url: str,
        limits: Limits,
        root_certificates: bytes | None = None,
    ) -> None:
        """Connects when it is first asked.

        Raises `BadChains`, which does not hold the URL.
        """
        self.host = _host(chain_id, url)
        self._chain_id = chain_id
        self._url = url
        self._limits = limits
        self._root_certificates = root_certificates
        self._lock = Lock()
        self._client: HttpClient | None = None
        self._process = 0
        self._failures = 0
        self._failure = ""
        self._rests_until = 0.0
        self._full = limits.batch if limits.batch >= _LEAST else 1
        self._batch = self._full
        self._shrunk_until = 0.0
        self._final: int | None = None
        self._final_until = 0.0

    def close(self) -> None:
        """Let go of the connections; asked again, it connects again."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None and self._process == os.getpid():
            client.close()

    # How it does

    def pause(self) -> float:
        """For how many seconds it should be left alone."""
        return max(0.0, self._rests_until - time.monotonic())

    def why(self) -> str:
        """What its last failure was: the rest of a sentence about the pause."""
        return f"{self._failure or 'failed'}, and is left alone for a while"

    def failed(self, error: RpcFailed) -> None:
        """Leave it alone for a while."""
        limits = self._limits
        with self._lock:
            self._failures += 1
            self._failure = error.reason
            pause = limits.first_pause_s * 2 ** min(self._failures - 1, 30)
            # Many that failed together should not come back together.
            pause = min(pause, limits.longest_pause_s) * random.uniform(0.5, 1)  # noqa: S311
            wait = min(error.wait_s or 0.0, _LONGEST_WAIT_S)
            self._rests_until = time.monotonic() + max(pause, wait)

    def worked(self) -> None:
        """It gave an answer."""
        with self._lock:
            self._failures = 0
            self._rests_until = 0.0

    # Questions

    def ask(self, groups: Sequence[Sequence[Call]], end: float) -> Iterator[Answers]:
        """Make the calls, those of a group in the same round trip if it takes
        batches at all, as many groups at once as it takes.

        end: when all has to be over, by `time.monotonic`.

        Raises `RpcFailed`, maybe after some answers.
        """
        place = 0
        # For single calls once is enough; in a batch it costs nothing.
        checked = False
        while place < len(groups):
            size = self._size()
            after = self._take(groups, place, size)
            taken = [call for group in groups[place:after] for call in group]
            try:
                found = self._trip(taken, end, singly=size == 1, check=not checked)
            except _Refused as error:
                if size == 1:
                    raise _at(place, after, RpcFailed(error.reason)) from None
                self._shrink(size, _REFUSED_S)
                continue
            except RpcFailed as error:
                raise _at(place, after, error) from None
            checked = size == 1
            self.worked()
            answers = iter(found)
            for at in range(place, after):
                yield Answers(at, [next(answers) for _ in groups[at]], self._final)
            if BUSY in found:
                raise _at(place, after, RpcFailed(BUSY.detail))
            place = after

    def head(self, end: float) -> int:
        """The number of the newest block; raises `RpcFailed`."""
        while True:
            size = self._size()
            try:
                (entry,) = self._send([_NEWEST], end, singly=size == 1)
                break
            except _Refused as error:
                if size == 1:
                    raise RpcFailed(error.reason) from None
                self._shrink(size, _REFUSED_S)
        number = quantity_of(entry)
        if not number:
            raise RpcFailed("does not say which block is the newest")
        self.worked()
        return number

    def _take(self, groups: Sequence[Sequence[Call]], place: int, size: int) -> int:
        """Behind the last group of the next round trip; there is one at least."""
        room, calls, after = self._limits.request_bytes, 0, place
        for group in groups[place:]:
            room -= sum(2 * len(call.data) + 200 for call in group)
            calls += len(group)
            if after > place and (calls > size or room < 0):
                break
            after += 1
        return after

    def _trip(
        self, calls: Sequence[Call], end: float, *, singly: bool, check: bool
    ) -> list[Answer]:
        """The answers to some calls; raises `RpcFailed`, `_Refused`."""
        stale = time.monotonic() >= self._final_until
        questions = [_FINAL, _NEWEST] if stale else []
        first = len(questions)
        questions += map(_question, calls)
        entries = self._send(questions, end, singly=singly, check=check or not singly)
        if stale:
            self._note_final(number_of(entries[0]), quantity_of(entries[1]))
        return [data_of(entry) for entry in entries[first:]]

    def _send(
        self,
        questions: Sequence[_Question],
        end: float,
        *,
        singly: bool,
        check: bool = True,
    ) -> list[Mapping[str, Any] | None]:
        """The entry of the answer for each question, None where there is none.

        singly: with a round trip for each, for a server that takes no batches.
        check: whether to ask for the chain id as well, before all others.

        Raises `RpcFailed`, `_Refused`.
        """
        asked = [_CHAIN_ID, *questions] if check else questions
        named = [(next(_ids), question) for question in asked]
        if singly:
            entries = [self._post(_body(*one), end) for one in named]
        else:
            bodies = ",".join(_body(*one) for one in named)
            entries = self._entries(self._post(f"[{bodies}]", end), len(named))
        by_number = by_id(entries)
        found = [by_number.get(number) for number, _ in named]
        if check:
            self._check_chain(found.pop(0))
        return found

    def _check_chain(self, entry: Mapping[str, Any] | None) -> None:
        chain_id = quantity_of(entry)
        if chain_id is None:
            if entry is not None and is_busy(entry.get("error")):
                raise RpcFailed(BUSY.detail)
            raise RpcFailed("does not say of which chain it is")
        if chain_id != self._chain_id:
            raise RpcFailed(f"is of the chain eip155:{chain_id}")

    def _entries(self, answer: Any, asked: int) -> list[Any]:
        """What is in the answer to a batch; raises `RpcFailed`, `_Refused`."""
        if isinstance(answer, dict):
            if is_busy(answer.get("error")):
                raise RpcFailed(BUSY.detail)
            if "error" in answer:
                raise _Refused("takes no batches")
        if not isinstance(answer, list):
            raise RpcFailed("gave an answer that is none of JSON-RPC")
        refused = not any(
            isinstance(entry, dict) and entry.get("result") is not None
            for entry in answer
        )
        if refused and 0 < len(answer) < asked:
            raise _Refused("takes no batches")
        return answer

    def _post(self, body: str, end: float) -> Any:
        """The JSON of an answer; raises `RpcFailed`, `_Refused`."""
        from .transport import HttpFailed

        try:
            trip_end = min(end, time.monotonic() + self._limits.trip_s)
            reply = self._http().post(
                body.encode("ascii"), trip_end, self._limits.answer_bytes
            )
        except HttpFailed as error:
            if error.sent:
                self._shrink(self._size(), _BROKEN_S)
            raise RpcFailed(error.reason) from None
        return _json(reply)

    def _http(self) -> HttpClient:
        from .transport import HttpClient

        with self._lock:
            # A process that was forked must not talk on its parent's connections.
            if self._client is None or self._process != os.getpid():
                self._client = HttpClient(urlsplit(self._url), self._root_certificates)
                self._process = os.getpid()
            return self._client

    # What is known of it

    def _size(self) -> int:
        """Calls in one round trip; 1 for a server that takes no batches."""
        if self._shrunk_until and time.monotonic() >= self._shrunk_until:
            with self._lock:
                self._batch = self._full
                self._shrunk_until = 0.0
        return self._batch

    def _shrink(self, size: int, seconds: float) -> None:
        smaller = size // _SHRINK
        with self._lock:
            self._batch = min(self._batch, smaller if smaller >= _LEAST else 1)
            self._shrunk_until = max(self._shrunk_until, time.monotonic() + seconds)

    def _note_final(self, final: int | None, newest: int | None) -> None:
        with self._lock:
            if newest is not None:
                distant = max(0, newest - self._limits.finality)
                self._final = distant if final is None else min(final, newest)
            self._final_until = time.monotonic() + _FINAL_S


def _at(place: int, after: int, error: RpcFailed) -> RpcFailed:
    error.places = range(place, after)
    return error


def _question(call: Call) -> _Question:
    if call.method == "eth_getCode":
        return call.method, [call.to, hex(call.block)]
    transaction = {"from": CALLER, "data": "0x" + call.data.hex(), "gasPrice": "0x0"}
    if call.to is not None:
        transaction["to"] = call.to
    if call.gas is not None:
        transaction["gas"] = hex(call.gas)
    return call.method, [transaction, hex(call.block)]


def _body(number: int, question: _Question) -> str:
    method, params = question
    return json.dumps(
        {"jsonrpc": "2.0", "id": number, "method": method, "params": params},
        separators=(",", ":"),
    )


def _json(reply: Reply) -> Any:
    """Raises `RpcFailed`, `_Refused`."""
    status = reply.status
    if status in _BUSY_STATUS:
        raise RpcFailed(
            f"has too much to do (HTTP status {status})", wait_s=reply.retry_after
        )
    if 300 <= status < 400:
        raise RpcFailed("sends elsewhere, where this client does not go")
    if status in _REFUSED_STATUS:
        raise _Refused(f"answers with HTTP status {status}")
    if status != 200:
        raise RpcFailed(f"answers with HTTP status {status}")
    if reply.body is None:
        raise _Refused("gives answers that are too large")
    try:
        return parse(reply.body)
    except ValueError:
        raise RpcFailed("gave an answer that is no JSON") from None


def _host(chain_id: int, url: str) -> str:
    if not _URL.fullmatch(url) or not _HOST.fullmatch(host := host_of(url)):
        raise BadChains(f"One of the URLs of eip155:{chain_id} is none of a server.")
    return host
