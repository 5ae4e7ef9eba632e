"""The settings of a node: flags, then environment, then file, then defaults."""

from __future__ import annotations

import dataclasses
import difflib
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from xmtp_identity.errors import BadInput

from .service.limits import Limits

__all__ = ["NAMES", "PREFIX", "BadSetting", "Settings", "collect", "parse", "redacted"]

PREFIX: Final = "XID_NODE_"
"""What variables of the environment begin with."""

_FILE: Final = f"{PREFIX}CONFIG"

_ANSWERS: Final = 12
"""A large answer is in memory twice. One client has a quarter of the room, and
of that a quarter is kept for small ones."""


class BadSetting(BadInput):
    """A setting of the node has an unknown name or a value it can't have."""

    code = "bad_setting"
    remedy = "Correct the flag, the variable or the line that the sentence names."


def _setting(default: Any, text: str, *, secret: bool = False) -> Any:
    """A setting with its line in the help; ``secret`` if it may hold a password."""
    return field(default=default, metadata={"help": text, "secret": secret})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of a node but those of `Limits`, which `limits` holds.

    Sizes are bytes, times are seconds. Raises `BadSetting`.
    """

    store: str = _setting(
        "xmtp-identity-node.sqlite",
        "Where the logs are: an SQLite file, or postgresql://...",
        secret=True,
    )
    host: str = _setting("127.0.0.1", "The address to listen on; 0.0.0.0 is all.")
    grpc_port: int = _setting(5556, "The port of gRPC; 0 takes a free one.")
    http_port: int = _setting(5555, "The port of HTTP; 0 takes a free one.")
    chains: str = _setting(
        "",
        "A file that says where chains can be asked, for smart wallets; without one"
        " that of xid --chains.",
    )
    tls_certificate: str = _setting("", "A PEM file with the certificate chain.")
    tls_key: str = _setting("", "A PEM file with its private key.")
    reflection: bool = _setting(default=True, text="Whether gRPC describes itself.")
    log_level: str = _setting("info", "debug, info, warning or error.")
    stop_seconds: float = _setting(15.0, "How long a stop waits for open calls.")
    drain_seconds: float = _setting(
        0.0, "How long the node says that it stops before it takes no more calls."
    )

    read_rate: str = _setting(
        "20000/5minutes", "Reads a client may make; an empty text is no limit."
    )
    write_rate: str = _setting("3000/5minutes", "Writes a client may make.")
    stream_rate: str = _setting("300/5minutes", "Streams a client may open.")
    rate_store: str = _setting(
        "", "A Redis that several nodes count in: redis://...", secret=True
    )
    trusted_proxies: tuple[str, ...] = _setting(
        (), "Networks of proxies whose X-Forwarded-For is believed."
    )
    streams_a_client: int = _setting(8, "Streams a client may keep open at once.")

    request_bytes: int = _setting(1024 * 1024, "Bytes of one request.")
    request_seconds: float = _setting(
        10.0, "How long a request may take to come in, and its answer to go out."
    )
    idle_seconds: float = _setting(30.0, "How long an HTTP connection may say nothing.")
    http_connections: int = _setting(4000, "HTTP connections at once.")
    http_connections_a_client: int = _setting(
        500, "HTTP connections of one address, but for trusted proxies."
    )
    grpc_connections: int = _setting(4000, "gRPC connections at once.")
    grpc_calls: int = _setting(3000, "gRPC calls at once.")
    calls_a_client: int = _setting(
        500, "Calls of one client at once: so many reads, writes and streams each."
    )
    answers_bytes: int = _setting(
        256 * 1024 * 1024,
        "Bytes of requests and answers in memory; at least 12 times answer_bytes.",
    )
    grpc_streams_a_connection: int = _setting(1000, "gRPC calls of one connection.")
    grpc_connection_age_seconds: float = _setting(
        3600.0, "After how long a gRPC client is asked to connect anew."
    )
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        for name in ("grpc_port", "http_port"):
            if not 0 <= getattr(self, name) <= 65535:
                raise BadSetting(f"{name} is not a port from 0 to 65535.")
        for name in _POSITIVE:
            if getattr(self, name) <= 0:
                raise BadSetting(f"{name} is not a positive number.")
        if self.answers_bytes < _ANSWERS * self.limits.answer_bytes:
            raise BadSetting(
                f"answers_bytes is less than {_ANSWERS} times answer_bytes: a large "
                "answer would have no room."
            )
        if self.drain_seconds < 0:
            raise BadSetting("drain_seconds is below zero.")
        if bool(self.tls_certificate) != bool(self.tls_key):
            raise BadSetting("tls_certificate and tls_key are given together or not.")
        if self.log_level not in {"debug", "info", "warning", "error"}:
            raise BadSetting("log_level is debug, info, warning or error.")

    def shown(self) -> dict[str, Any]:
        """All settings by name, without passwords."""
        own = {
            one.name: redacted(value) if one.metadata.get("secret") else value
            for one in dataclasses.fields(self)
            if one.name != "limits"
            for value in (getattr(self, one.name),)
        }
        for one in dataclasses.fields(self.limits):
            value = getattr(self.limits, one.name)
            own[one.name] = dict(value) if isinstance(value, Mapping) else value
        return own


_POSITIVE: Final = (
    "stop_seconds",
    "streams_a_client",
    "request_bytes",
    "request_seconds",
    "idle_seconds",
    "http_connections",
    "http_connections_a_client",
    "grpc_connections",
    "grpc_calls",
    "calls_a_client",
    "grpc_streams_a_connection",
    "grpc_connection_age_seconds",
)

_OWN: Final = {
    one.name: one for one in dataclasses.fields(Settings) if one.name != "limits"
}
_LIMITS: Final = {one.name: one for one in dataclasses.fields(Limits)}
NAMES: Final = MappingProxyType({**_OWN, **_LIMITS})
"""Every setting by name, with its type in ``type``."""


def collect(
    flags: Mapping[str, Any],
    environment: Mapping[str, str] | None = None,
    file: str | None = None,
) -> Settings:
    """Put settings together.

    flags: what the command line gave, by name; None stands for not given.
    environment: None takes that of the process.
    file: a TOML file; None takes the one that ``XID_NODE_CONFIG`` names.

    Raises `BadSetting`.
    """
    variables = os.environ if environment is None else environment
    path = file or variables.get(_FILE)
    values: dict[str, Any] = _of_file(path) if path else {}
    values.update(_of_environment(variables))
    values.update({name: flag for name, flag in flags.items() if flag is not None})
    own = {name: value for name, value in values.items() if name in _OWN}
    bounds = {name: value for name, value in values.items() if name in _LIMITS}
    try:
        return Settings(**own, limits=Limits(**bounds))
    except BadSetting:
        raise
    except BadInput as error:
        raise BadSetting(error.detail) from None


def redacted(text: str) -> str:
    """An address without its password, and without what may hold one."""
    if "://" not in text:
        return text
    try:
        parts = urlsplit(text)
        user, at, place = parts.netloc.rpartition("@")
    except ValueError:
        return "***"
    name = user.partition(":")[0]
    shown = f"{name}:***@{place}" if at and ":" in user else parts.netloc
    query = "***" if parts.query else ""
    return urlunsplit((parts.scheme, shown, parts.path, query, ""))


def _of_file(path: str) -> dict[str, Any]:
    try:
        content = tomllib.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        raise BadSetting(f"{path} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise BadSetting(f"{path} is not UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise BadSetting(f"{path} is no TOML: {error}.") from None
    values = {}
    for name, value in content.items():
        _known(name, f"{path}: {name}")
        values[name] = _of_toml(name, value, f"{path}: {name}")
    return values


def _of_environment(variables: Mapping[str, str]) -> dict[str, Any]:
    values = {}
    for variable, text in variables.items():
        if not variable.startswith(PREFIX) or variable == _FILE:
            continue
        name = variable.removeprefix(PREFIX).lower()
        _known(name, variable)
        if variable != PREFIX + name.upper():
            raise BadSetting(f"{variable} is written in capitals.")
        values[name] = parse(name, text, variable)
    return values


def _known(name: str, where: str) -> None:
    if name not in NAMES:
        close = difflib.get_close_matches(name, NAMES, 1)
        hint = f" Is it {close[0]}?" if close else ""
        raise BadSetting(f"{where} is no setting of the node.{hint}")


def _of_toml(name: str, value: Any, where: str) -> Any:
    """A value of a file, which has types of its own."""
    wanted = str(NAMES[name].type)
    if wanted == "float" and type(value) is int:
        return float(value)
    if wanted == "tuple[str, ...]":
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return tuple(value)
    elif wanted.startswith("Mapping"):
        if isinstance(value, dict):
            pairs = ",".join(f"{key}={one}" for key, one in value.items())
            return parse(name, pairs, where)
    elif type(value) is {"str": str, "int": int, "bool": bool, "float": float}[wanted]:
        return value
    raise BadSetting(f"{where} has a value of the wrong type.")


def parse(name: str, text: str, where: str) -> Any:
    """The value of a setting that stands in a flag or in the environment.

    where: how a person calls the place. Raises `BadSetting`, never with the
    text in it: it may be a password that got into the wrong place.
    """
    try:
        return _PARSERS[str(NAMES[name].type)](text)
    except ValueError as error:
        raise BadSetting(f"{where} is not {error}.") from None


def _int(text: str) -> int:
    # int() would take 1_0 and the digits of any script.
    if not re.fullmatch("[0-9]{1,18}", text):
        raise ValueError("a whole number")
    return int(text)


def _float(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,6})?", text):
        raise ValueError("a number such as 10 or 2.5")
    return float(text)


def _bool(text: str) -> bool:
    values = {"true": True, "1": True, "false": False, "0": False}
    if text.lower() not in values:
        raise ValueError("true or false")
    return values[text.lower()]


def _texts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _numbers(text: str) -> dict[int, int]:
    pairs = {}
    for part in _texts(text):
        key, equals, value = part.partition("=")
        if not equals:
            raise ValueError("a list such as 1=7200,8453=43200")
        pairs[_int(key.strip())] = _int(value.strip())
    return pairs


_PARSERS: Final[Mapping[str, Callable[[str], Any]]] = MappingProxyType(
    {
        "str": str,
        "int": _int,
        "float": _float,
        "bool": _bool,
        "tuple[str, ...]": _texts,
        "Mapping[int, int]": _numbers,
    }
)
