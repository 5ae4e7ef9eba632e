"""`xid inbox-id`: the inbox ID of an owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ..errors import BadInput, InvalidIdentifier
from .options import (
    as_json,
    complete_kinds,
    decimal,
    registry_of,
    resolve_name,
    text_argument,
    warn,
)
from .output import emit, emit_json

if TYPE_CHECKING:
    from ..identifier import MemberIdentifier
    from ..kinds import Kind
    from ..registry import Registry

__all__ = ["inbox_id"]


@click.command("inbox-id")
@click.argument("identifier", callback=text_argument)
@click.option(
    "--kind",
    metavar="KIND",
    callback=text_argument,
    shell_complete=complete_kinds,
    help="The kind of the identifier; else the one that can read it.",
)
@click.option(
    "--nonce",
    callback=decimal(0, 2**64 - 1),
    default="0",
    show_default=True,
    metavar="N",
    help="Which of the owner's inboxes: 0 is the first.",
)
@as_json
@click.pass_context
def inbox_id(
    ctx: click.Context,
    identifier: str,
    *,
    kind: str | None,
    nonce: int,
    as_json: bool,
) -> None:
    """Print the inbox ID of an owner and a nonce.

    With --kind an identifier is also taken in the looser form that the network
    takes it in, if inbox IDs are made from it.
    """
    from ..protocol.root_rules import inbox_id_of

    registry = registry_of(ctx)
    identifier = resolve_name(ctx, identifier)
    if kind is None:
        owner = _guess(ctx, identifier, registry)
    else:
        owner = _read(identifier, registry.kind(kind))
    found = inbox_id_of(owner, nonce, registry.by_name[owner.kind])
    if as_json:
        emit_json(
            {
                "inbox_id": found,
                "kind": owner.kind,
                "identifier": owner.value,
                "nonce": str(nonce),
            }
        )
    else:
        emit(found)


def _guess(ctx: click.Context, text: str, registry: Registry) -> MemberIdentifier:
    """The identifier of the only kind of owner that can read the text."""
    owners: list[MemberIdentifier] = []
    others: list[Kind] = []
    reasons: list[str] = []
    for kind in registry.kinds:
        try:
            identifier = kind.parse(text)
        except InvalidIdentifier as error:
            if _can_own(kind):
                reasons.append(f"As {kind.name}: {error.detail}")
            continue
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            cause = type(error).__name__
            warn(ctx, f"The kind {kind.name} broke ({cause}).", "kind_failed")
            continue
        if _can_own(kind):
            owners.append(identifier)
        else:
            others.append(kind)
    if len(owners) > 1:
        names = ", ".join(owner.kind for owner in owners)
        raise BadInput(
            f"Several kinds read this text ({names}): say which with --kind.",
            code="ambiguous_identifier",
        )
    if owners:
        return owners[0]
    if others:
        raise _no_owner(others[0])
    raise InvalidIdentifier(
        " ".join(["No kind of owner here reads this text.", *reasons])
    )


def _read(text: str, kind: Kind) -> MemberIdentifier:
    if not _can_own(kind):
        raise _no_owner(kind)
    try:
        return kind.parse(text)
    except InvalidIdentifier as error:
        loose = _read_loosely(text, kind)
        if loose is None:
            raise error from None
        return loose


def _read_loosely(text: str, kind: Kind) -> MemberIdentifier | None:
    """What the network would read, where inbox IDs are made from it."""
    # Capital letters are where a checksum can be: if the parser refuses them,
    # a letter may be wrong, and the ID would be a stranger's.
    if kind.decode_string is None or text != text.lower():
        return None
    try:
        identifier = kind.decode_string(text, None)
    except BadInput:
        return None
    return identifier if kind.can_own(identifier) else None


def _can_own(kind: Kind) -> bool:
    return kind.is_root and kind.identifier_kind is not None


def _no_owner(kind: Kind) -> BadInput:
    if kind.is_root:
        why = "it adds identifiers to inboxes of others"
    else:
        why = "it is a leaf kind, which can be added to an inbox and resolves to it"
    return BadInput(f"The kind {kind.name} can't own an inbox: {why}.", code="no_owner")
