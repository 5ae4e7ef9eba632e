"""Where chains can be asked: the file that names them.

TOML or JSON with one table, from CAIP-2 chain ids to URLs; a namespace alone
stands for every chain of it. What the URLs lead to is known to the plugins
(`xmtp_identity.hookspecs.register_contexts`).
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from .errors import BadInput
from .logfile import named, read_bytes
from .strict_json import unique

__all__ = ["BadChains", "Chains", "host_of", "parse_chains", "read_chains"]

Chains = Mapping[str, Sequence[str]]
"""URLs by CAIP-2 chain id, or by a namespace alone. They may hold keys."""

_TABLE: Final = "chains"
_MAX_FILE: Final = 1 << 20
_MAX_URL: Final = 2048
_MAX_BRACKETS: Final = 2000
_CHAIN: Final = re.compile(r"[-a-z0-9]{3,8}(?::[-_a-zA-Z0-9]{1,32})?")
_URL: Final = re.compile(r"[a-z][a-z0-9+.-]*://[!-~]+")
_EXAMPLE: Final = '"eip155:8453" = ["https://HOST/PATH"]'


class BadChains(BadInput):
    """The file of chains names one, or a URL, that can't be used."""

    code = "bad_chains"
    remedy = "Correct the chain that the sentence names; URLs are never shown."


def read_chains(path: str) -> Chains:
    """Read a file of chains.

    Raises `BadChains`, which never holds a URL; `UnusableFile`, `FileTooLarge`.
    """
    data = read_bytes(path, _MAX_FILE)
    with named(path):
        return parse_chains(data)


def parse_chains(data: bytes) -> Chains:
    """The content of such a file, UTF-8; raises `BadChains`."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadChains("this is not UTF-8.") from None
    # Both parsers' own bound is the interpreter's, which programs raise, and then
    # they break instead of raising.
    if text.count("[") + text.count("{") > _MAX_BRACKETS:
        raise BadChains(f"it has more than {_MAX_BRACKETS} brackets.")
    is_json = text.lstrip().startswith("{")
    record = _json(text) if is_json else _toml(text)
    if not isinstance(record, dict) or set(record) != {_TABLE}:
        raise BadChains(
            f"there must be one table, {_TABLE}, with lines such as {_EXAMPLE}."
        )
    table = record[_TABLE]
    if not isinstance(table, dict):
        raise BadChains(f"{_TABLE} is no table.")
    chains = {name: _urls(name, value) for name, value in table.items()}
    return MappingProxyType(chains)


def host_of(url: str) -> str:
    """What may be shown of a URL: its host, and its port if it names one."""
    parts = _split(url)
    if parts is None:
        return "?"
    host = parts.hostname or "?"
    shown = f"[{host}]" if ":" in host else host
    return shown if parts.port is None else f"{shown}:{parts.port}"


def _json(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=unique)
    except (ValueError, RecursionError):
        # What the parser says may quote a line.
        raise BadChains("it begins like JSON and is none.") from None


def _toml(text: str) -> Any:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        place = re.search(r"\(at (line \d+), column \d+\)", str(error))
        where = f", {place[1]}" if place else ""
        raise BadChains(f"it is no TOML{where}.") from None


def _urls(name: str, value: Any) -> tuple[str, ...]:
    if not _CHAIN.fullmatch(name):
        raise BadChains(
            "a chain is named as in CAIP-2 (eip155:8453), or by its namespace alone "
            "(eip155); one of the names is neither."
        )
    urls = [value] if isinstance(value, str) else value
    if not isinstance(urls, list) or not urls:
        raise BadChains(f"{name} needs a URL, or a list of them.")
    for number, url in enumerate(urls, 1):
        if not isinstance(url, str) or not _is_url(url):
            raise BadChains(f"entry {number} of {name} is no URL.")
    return tuple(urls)


def _is_url(url: str) -> bool:
    if len(url) > _MAX_URL or not _URL.fullmatch(url):
        return False
    parts = _split(url)
    return parts is not None and bool(parts.hostname)


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # is checked when it is asked for
    except ValueError:
        return None
    return parts
