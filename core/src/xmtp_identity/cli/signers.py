"""Who signs: a key file, or an identifier whose wallet is elsewhere."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..errors import BadInput, IdentityError, InvalidIdentifier

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..identifier import MemberIdentifier
    from ..kinds import Kind, Signer
    from ..registry import Registry

__all__ = ["Party", "find_party", "parse_identifier", "write_key_file"]

_MAX_KEY_FILE: Final = 65_536


@dataclass(frozen=True, slots=True)
class Party:
    """Someone who takes part in an update.

    signer: its local key, or None if its signature comes from elsewhere.
    """

    identifier: MemberIdentifier
    signer: Signer | None


def find_party(
    text: str,
    registry: Registry,
    *,
    ask_password: Callable[[], str],
    kind_name: str | None = None,
) -> Party:
    """What the command line names as SIGNER.

    text: the path of a key file, or an identifier, either with the name of
        its kind and a colon before it or not.
    kind_name: the kind, if an option named it.

    Raises `BadInput` if it is neither, or could be of several kinds.
    """
    kind = registry.kind(kind_name) if kind_name else None
    prefix, colon, rest = text.partition(":")
    if kind is None and colon and prefix in registry.by_name:
        kind, text = registry.kind(prefix), rest
    path = Path(text)
    if _is_file(path):
        signer = _load_key(path, [kind] if kind else registry.kinds, ask_password)
        return Party(signer.identifier, signer)
    return Party(parse_identifier(text, registry, kind), None)


def parse_identifier(
    text: str, registry: Registry, kind: Kind | None = None
) -> MemberIdentifier:
    """An identifier as a person writes it, of a kind or of the one it fits."""
    if kind is not None:
        return kind.parse(text)
    prefix, colon, rest = text.partition(":")
    if colon and prefix in registry.by_name:
        return registry.kind(prefix).parse(rest)
    found: list[MemberIdentifier] = []
    errors: list[InvalidIdentifier] = []
    for candidate in registry.kinds:
        try:
            found.append(candidate.parse(text))
        except InvalidIdentifier as error:
            errors.append(error)
    if len(found) == 1:
        return found[0]
    if found:
        kinds = ", ".join(identifier.kind for identifier in found)
        raise BadInput(
            f"{text!r} could be of the kinds {kinds}: write the kind and a colon "
            "before it.",
            code="ambiguous_identifier",
        )
    raise BadInput(
        f"{text!r} is neither a key file nor an identifier of an installed kind "
        f"({', '.join(registry.by_name)}).",
        code="unknown_signer",
    )


def write_key_file(path: Path, content: bytes) -> None:
    """Write a key that only its owner may read; never over an existing file."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        descriptor = os.open(path, flags, stat.S_IRUSR | stat.S_IWUSR)
    except FileExistsError:
        raise BadInput(
            f"{path} exists already; a key is never written over another.",
            code="file_exists",
        ) from None
    except OSError as error:
        raise BadInput(f"{path} can't be written: {error.strerror}.") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _load_key(
    path: Path, kinds: list[Kind] | tuple[Kind, ...], ask_password: Callable[[], str]
) -> Signer:
    """The key in a file, of whichever kind can read it."""
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_KEY_FILE + 1)
    except OSError as error:
        raise BadInput(f"{path} can't be read: {error.strerror}.") from None
    if len(content) > _MAX_KEY_FILE:
        raise BadInput(f"{path} is too large for a key file.", code="not_a_key")
    signers: list[Signer] = []
    reasons: list[str] = []
    for kind in kinds:
        if kind.signing is None:
            continue
        try:
            signers.append(kind.signing().load_key(content, ask_password))
        except IdentityError as error:
            reasons.append(f"{kind.name}: {error.detail}")
    if len(signers) == 1:
        return signers[0]
    if signers:
        found = ", ".join(signer.identifier.kind for signer in signers)
        raise BadInput(
            f"{path} is a key of the kinds {found}: write the kind and a colon before "
            "the path.",
            code="ambiguous_key",
        )
    if len(reasons) == 1:
        raise BadInput(f"{path} is no key file ({reasons[0]})", code="not_a_key")
    raise BadInput(
        f"{path} is no key file of an installed kind "
        f"({', '.join(reason.partition(':')[0] for reason in reasons)}).",
        code="not_a_key",
    )
