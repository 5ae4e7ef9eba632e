"""Keys never come out by way of an error."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Final

from ...identifier import MemberIdentifier
from ..bench import ALICE, seed_of
from ..results import NotChecked
from .base import Check

if TYPE_CHECKING:
    from ..bench import Bench

__all__ = ["Secrets"]

_TOKEN: Final = re.compile("[0-9A-Za-z+/=_,-]{16,}")
_SHARD: Final = 12
"""So many characters of a secret in a row are a leak."""

_PASSWORD: Final = "Tr0ub4dor-and-3-of-the-conformance-kit"  # noqa: S105 - no one's


_Call = tuple[str, Callable[[], object]]


class Secrets(Check):
    """An error goes to a log, a bug report, a chat; a private key must not go
    with it."""

    name = "secrets"
    group = "errors"
    fix = (
        "Never put input into an error's sentence; raise `from None` where a library's "
        "error holds it; keep private keys out of `repr`."
    )

    def look(self, bench: Bench) -> Iterator[str]:
        """Give private keys where something else is expected, and damaged ones."""
        for name in bench.makers:
            signer = bench.signer(name, ALICE)
            shown = f"{signer!r} {signer}"
            if any(secret in shown for secret in _encodings()):
                yield f"The private key of {name} stands in its repr."
        if bench.kind.signing is None:
            raise NotChecked("the kind makes no keys")
        tools = bench.kind.signing()
        fresh, other = (tools.new_key() for _ in range(2))
        identifier = tools.load_key(fresh, lambda: _PASSWORD).identifier
        secrets = _secrets(fresh, other)
        if not secrets:
            yield "Two fresh keys have nothing that differs."
        calls: list[_Call] = [
            *_readings(bench, fresh, secrets, identifier),
            *(
                ("load_key", partial(tools.load_key, damaged, lambda: _PASSWORD))
                for damaged in _damaged(fresh, secrets)
            ),
        ]
        leaking: dict[str, None] = {}
        for what, call in calls:
            said = _said(call)
            lower = said.lower()
            if any(shard in lower for secret in secrets for shard in _shards(secret)):
                leaking[f"An error of `{what}` holds a part of a private key."] = None
            if _PASSWORD in said:
                leaking[f"An error of `{what}` holds the password."] = None
        yield from leaking


def _encodings() -> Iterator[str]:
    """Alice's seed in the ways in which it could be shown."""
    seed = seed_of(ALICE)
    yield seed.hex()
    yield repr(seed)[2:-1]
    yield str(int.from_bytes(seed))
    yield str(list(seed))[1:-1]


def _secrets(fresh: bytes, other: bytes) -> list[str]:
    """What of a key file differs from that of another key."""
    common = set(_TOKEN.findall(other.decode("latin-1")))
    return [one for one in _TOKEN.findall(fresh.decode("latin-1")) if one not in common]


def _shards(secret: str) -> Iterator[str]:
    for start in range(max(1, len(secret) - _SHARD + 1)):
        yield secret[start : start + _SHARD].lower()


def _readings(
    bench: Bench, fresh: bytes, secrets: list[str], identifier: MemberIdentifier
) -> Iterator[_Call]:
    """A key pasted where an identifier or a signature belongs."""
    kind = bench.kind
    texts = [fresh.decode("latin-1"), *secrets, *(f"0x{one}" for one in secrets)]
    texts += [f" {one}\n" for one in secrets]
    for text in texts:
        yield "parse", partial(kind.parse, text)
        if kind.decode_string is not None:
            yield "decode_string", partial(kind.decode_string, text, None)
        if kind.signing is not None:
            read_signature = kind.signing().read_signature
            yield "read_signature", partial(read_signature, text, identifier)
    yield "decode", partial(kind.decode, fresh)


def _damaged(fresh: bytes, secrets: list[str]) -> Iterator[bytes]:
    """A key file with something wrong in it, the secret still whole or nearly."""
    yield fresh + b"!"
    yield b"!" + fresh
    yield fresh + fresh
    yield fresh[:-2]
    yield fresh[2:]
    yield fresh[: len(fresh) // 2]
    yield fresh.swapcase()
    yield fresh.decode("latin-1").encode("utf-16")
    yield fresh.replace(b'"', b"'")
    yield fresh.replace(b":", b"=")
    yield b"{" + fresh
    for secret in secrets:
        token = secret.encode("latin-1")
        yield token
        for damaged in (
            token[:-1],
            token + token[-1:],
            token[:-1] + b"!",
            b"z" + token,
        ):
            yield fresh.replace(token, damaged)


def _said(call: Callable[[], object]) -> str:
    """What a person sees of what a call raises: the traceback as it is printed."""
    try:
        call()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - it may raise anything
        shown = traceback.format_exception(error)
        # Lines of source stand in it, never values.
        return "".join([*shown, repr(error), repr(vars(error))])
    return ""
