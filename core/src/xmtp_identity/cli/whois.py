"""`xid whois`: the inbox of an identifier, and its members."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import click

from .node import connect, node_option, node_url, store_option
from .options import (
    as_json,
    complete_kinds,
    registry_of,
    resolve_name,
    text_argument,
)
from .output import Cell, Facts, Heading, emit_json, show

if TYPE_CHECKING:
    from ..identifier import MemberIdentifier
    from ..remote import Fetched, RemoteLog

__all__ = ["whois"]

_INBOX_ID: Final = re.compile("[0-9a-f]{64}")
_NO: Final = 1


@click.command()
@click.argument("who", metavar="IDENTIFIER|INBOX_ID", callback=text_argument)
@node_option
@store_option
@click.option(
    "--kind",
    "kind_name",
    metavar="KIND",
    callback=text_argument,
    shell_complete=complete_kinds,
    help="The kind of the identifier; else the one that can read it.",
)
@as_json
@click.pass_context
def whois(
    ctx: click.Context,
    who: str,
    *,
    node: str | None,
    store: str | None,
    kind_name: str | None,
    as_json: bool,
) -> None:
    """Say which inbox an identifier belongs to, and who its members are.

    The node is asked (--node, or XID_NODE), and its answer proven: the inbox's
    log is fetched and verified, and the identifier must be a member by it.
    IDENTIFIER may be a key file. 64 hex digits are an inbox ID; installations
    can't be looked up.

    The exit code is 1 if there is no such inbox.
    """
    url = node_url(node)
    if url is None:
        raise click.UsageError("Missing option '--node'.", ctx)
    registry = registry_of(ctx)
    remote = connect(url, registry, store)
    identifier: MemberIdentifier | None = None
    if kind_name is None and _INBOX_ID.fullmatch(who):
        found = _by_inbox_id(who, remote)
    else:
        from .signers import find_party, password_from

        identifier = find_party(
            resolve_name(ctx, who),
            registry,
            ask_password=password_from(None),
            kind_name=kind_name,
        ).identifier
        found = _by_identifier(identifier, remote)
    if as_json:
        emit_json(_as_object(identifier, found))
    else:
        _show(who if identifier is None else str(identifier), found, remote.url)
    if found is None:
        ctx.exit(_NO)


def _by_inbox_id(inbox_id: str, remote: RemoteLog) -> Fetched | None:
    [found] = remote.fetch([inbox_id])
    return None if found.result.state is None else found


def _by_identifier(identifier: MemberIdentifier, remote: RemoteLog) -> Fetched | None:
    [found] = remote.look_up([identifier])
    if found.problem is not None:
        raise found.problem
    return found.fetched


def _as_object(
    identifier: MemberIdentifier | None, found: Fetched | None
) -> dict[str, object]:
    from .results import member_object, result_object

    result = None if found is None else result_object(found.result)
    return {
        "identifier": None if identifier is None else member_object(identifier),
        "inbox_id": None if found is None else found.inbox_id,
        "entries": None if found is None else len(found.entries),
        "authoritative": None if result is None else result["authoritative"],
        "missing": None if result is None else result["missing"],
        "state": None if result is None else result["state"],
    }


def _show(who: str, found: Fetched | None, url: str) -> None:
    if found is None:
        show([Heading(Cell(f"{url} knows no inbox of {who}.", "bad"))])
        return
    from .report import summary

    parts = summary(found.result)
    show([*parts[:1], Facts([("Identifier", Cell(who))]), *parts[1:]])
