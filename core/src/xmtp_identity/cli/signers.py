"""Who signs: a key file, or an identifier or account whose wallet is elsewhere."""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ..allotment import ALLOTMENT
from ..errors import BadInput, IdentityError, InvalidIdentifier
from ..logfile import FileTooLarge, read_bytes
from .options import warn

if TYPE_CHECKING:
    from ..identifier import MemberIdentifier
    from ..kinds import Account, Context, Kind, Signer
    from ..registry import Registry

__all__ = [
    "AskPassword",
    "Party",
    "find_party",
    "load_key_file",
    "parse_identifier",
    "password_from",
    "write_key_file",
]

AskPassword = Callable[[Path], str]
"""Gives the password of a key file."""

_MAX_KEY_FILE: Final = 65_536
_MAX_PASSWORD_FILE: Final = 4096
_MAX_SHOWN: Final = 100
_ACCOUNT: Final = re.compile(r"[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}:.+")
"""CAIP-10's outline; whether it is an account is for the kind to say."""
_SECRET_LIKE: Final = re.compile(r"[0-9A-Za-z+/=]{40}|(?:\S+\s+){8}")
"""A private key pasted in the wrong place, or the words of a wallet."""


@dataclass(frozen=True, slots=True)
class Party:
    """Someone who takes part in an update.

    signer: its local key, or None if its signature comes from elsewhere.
    account: the account on a chain that it is named by, if it is.
    """

    identifier: MemberIdentifier
    signer: Signer | None = None
    account: Account | None = None


def find_party(
    text: str,
    registry: Registry,
    *,
    ask_password: AskPassword,
    kind_name: str | None = None,
    context: Context | None = None,
) -> Party:
    """What the command line names as SIGNER.

    text: the path of a key file, an identifier, or an account on a chain, each
        with the name of its kind and a colon before it or not.
    kind_name: the kind, if an option named it.
    context: what an account may ask.

    Raises `BadInput` if it is neither, or could be of several kinds.
    """
    kind, rest = _split(text, registry, kind_name)
    path = Path(rest)
    if _is_file(path):
        signer = load_key_file(path, registry, kind, ask_password)
        return Party(signer.identifier, signer)
    return _parse(rest, registry, kind, context or {})


def parse_identifier(
    text: str, registry: Registry, kind_name: str | None = None
) -> MemberIdentifier:
    """An identifier, or an account on a chain, as a person writes it, of the kind
    named or the one it fits.

    Raises `BadInput`.
    """
    kind, rest = _split(text, registry, kind_name)
    return _parse(rest, registry, kind, {}).identifier


def load_key_file(
    path: Path, registry: Registry, kind: Kind | None, ask_password: AskPassword
) -> Signer:
    """The key in a file, of the kind given or whichever can read it.

    Raises `BadInput`, which never holds any part of the file.
    """
    try:
        content = read_bytes(str(path), _MAX_KEY_FILE)
    except FileTooLarge:
        raise BadInput(f"{path} is too large for a key file.", code="not_a_key") from (
            None
        )
    name = _named_kind(content)
    if kind is None and name is not None:
        kind = registry.kind(name)
    signers: list[Signer] = []
    reasons: list[str] = []
    for candidate in registry.kinds if kind is None else (kind,):
        if candidate.signing is None:
            continue
        password = _Password(path, ask_password)
        try:
            signers.append(candidate.signing().load_key(content, password))
        except IdentityError as error:
            if password.asked:
                raise BadInput(f"{path}: {error.detail}", code=error.code) from None
            reasons.append(error.detail)
    if len(signers) == 1:
        return signers[0]
    if signers:
        found = ", ".join(signer.identifier.kind for signer in signers)
        raise BadInput(
            f"{path} can be read as a key of several kinds ({found}): write the kind "
            "and a colon before the path.",
            code="ambiguous_key",
        )
    if kind is None:
        raise BadInput(
            f"{path} is no key file of an installed kind "
            f"({', '.join(registry.by_name)}). To see why, write its kind and a colon "
            "before the path.",
            code="not_a_key",
        )
    reason = "".join(reasons) or f"Keys of {kind.name} are not kept in files."
    raise BadInput(f"{path}: {reason}", code="not_a_key")


def write_key_file(path: Path, content: bytes) -> None:
    """Write a key that only its owner may read; never over an existing file.

    All of it or nothing. Raises `BadInput`.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        descriptor = os.open(path, flags, stat.S_IRUSR | stat.S_IWUSR)
    except FileExistsError:
        raise BadInput(
            f"{path} exists already; a key is never written over another file.",
            code="file_exists",
        ) from None
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException as error:
        with contextlib.suppress(OSError):
            path.unlink()
        if isinstance(error, OSError):
            raise _unwritable(path, error) from None
        raise


def password_from(source: str | None) -> AskPassword:
    """How passwords of key files are asked for.

    source: a file with the password, whose line end does not count, ``-`` for
        standard input; None asks on the terminal.
    """

    def ask(path: Path) -> str:
        if source is None:
            if sys.stdin is None or not sys.stdin.isatty():
                raise BadInput(
                    "It has a password, and there is no terminal to ask for it: give "
                    "--password-file.",
                    code="password_needed",
                )
            answer: str = click.prompt(f"Password of {path}", hide_input=True, err=True)
            return answer
        try:
            return read_bytes(source, _MAX_PASSWORD_FILE).decode().rstrip("\r\n")
        except UnicodeDecodeError:
            raise BadInput("The password file is not UTF-8.") from None

    return ask


class _Password:
    """Asks for the password of one file and remembers whether it did."""

    __slots__ = ("_ask", "_path", "asked")

    def __init__(self, path: Path, ask: AskPassword) -> None:
        self._path = path
        self._ask = ask
        self.asked = False

    def __call__(self) -> str:
        self.asked = True
        return self._ask(self._path)


def _split(
    text: str, registry: Registry, kind_name: str | None
) -> tuple[Kind | None, str]:
    """The kind that is named, by an option or before a colon, and the rest."""
    prefix, colon, rest = text.partition(":")
    if kind_name is not None:
        kind = registry.kind(kind_name)
        return kind, rest if colon and prefix == kind.name else text
    allotted = {entry.name for entry in ALLOTMENT.values()}
    if colon and (prefix in registry.by_name or prefix in allotted):
        return registry.kind(prefix), rest
    return None, text


def _parse(text: str, registry: Registry, kind: Kind | None, context: Context) -> Party:
    account = _account(text, registry.kinds if kind is None else (kind,), context)
    if account is not None:
        return Party(account.identifier, account=account)
    if kind is not None:
        return Party(kind.parse(text))
    found: list[MemberIdentifier] = []
    for candidate in registry.kinds:
        try:
            found.append(candidate.parse(text))
        except InvalidIdentifier:
            continue
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            cause = type(error).__name__
            warn(
                click.get_current_context(),
                f"The kind {candidate.name} broke ({cause}).",
                "kind_failed",
            )
    if len(found) == 1:
        return Party(found[0])
    if found:
        kinds = ", ".join(identifier.kind for identifier in found)
        raise BadInput(
            f"{_shown(text)} could be of several kinds ({kinds}): write the kind and "
            "a colon before it.",
            code="ambiguous_identifier",
        )
    raise BadInput(
        f"{_shown(text)} is neither an existing file nor an identifier of an installed "
        f"kind ({', '.join(registry.by_name)}). To see why, write its kind and a colon "
        "before it.",
        code="unknown_signer",
    )


def _account(text: str, kinds: Sequence[Kind], context: Context) -> Account | None:
    """The account on a chain that a text names, of the first kind that knows the
    chain."""
    if not _ACCOUNT.fullmatch(text):
        return None
    for kind in kinds:
        read = None if kind.signing is None else kind.signing().read_account
        account = None if read is None else read(text, context)
        if account is not None:
            return account
    return None


def _shown(text: str) -> str:
    """An argument as an error may repeat it: not if it could be a secret."""
    if len(text) > _MAX_SHOWN or _SECRET_LIKE.search(text):
        return f"What was given ({len(text)} characters)"
    return repr(text)


def _named_kind(content: bytes) -> str | None:
    """The kind that a key file in JSON says it is of."""
    try:
        record = json.loads(content)
    except (ValueError, RecursionError):
        return None
    name = record.get("kind") if isinstance(record, dict) else None
    return name if isinstance(name, str) and name.isidentifier() else None


def _is_file(path: Path) -> bool:
    """Whether it can be read; what a shell puts in place of ``<(command)``, too."""
    try:
        return path.exists() and not path.is_dir()
    except (OSError, ValueError):
        return False


def _unwritable(path: Path, error: OSError) -> BadInput:
    return BadInput(f"{path} can't be written: {error.strerror}.", code="unusable_file")
