"""`xid inbox`: making updates, for a log in a local file or on a node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import click

from ..errors import BadInput
from .node import node_option, store_option
from .options import as_json, complete_kinds, decimal, text_argument
from .session import Options, Session

__all__ = ["inbox"]

_SIGNER_HELP: Final = (
    "SIGNER is a key file (see xid key), or an identifier whose wallet is elsewhere; "
    "its kind and a colon may stand before it."
)


@click.group(
    epilog=f"""\b
Where a wallet is elsewhere, the command is given twice:
  $ xid inbox link --log my.log --as app.key 0x1f9a... --text-only > text
  $ xid inbox link --log my.log --as app.key 0x1f9a... \\
      --time 2026-11-20T12:00:00Z --signature 0x5c7e...

A passkey takes the text as its challenge; its signature is the JSON of the
credential (PublicKeyCredential.toJSON).

{_SIGNER_HELP}"""
)
def inbox() -> None:
    """Create an inbox, link and revoke members, rotate recovery.

    Each command makes one update and appends it to a log: in a local file
    (--log), or on a node (--node, or XID_NODE), from which it is read back. An
    update that would be refused leaves the log as it is.
    """


def _shared(function: Callable[..., None]) -> Callable[..., None]:
    """The options of every command here; they reach it as one `Options`."""
    options = [
        click.option(
            "--log",
            "log_path",
            metavar="FILE",
            type=click.Path(),
            help="The log, as xid replay reads it.",
        ),
        node_option,
        store_option,
        click.option(
            "--inbox",
            "inbox_id",
            metavar="INBOX_ID",
            callback=text_argument,
            help="Which inbox, if the log holds several; on a node, if it is not the "
            "one that the node knows for whoever acts.",
        ),
        click.option(
            "--text-only",
            is_flag=True,
            help="Print the text to sign, and append nothing.",
        ),
        click.option(
            "--time",
            metavar="TIME",
            callback=text_argument,
            help="The time in the text that was signed.",
        ),
        click.option(
            "--signature",
            "pasted",
            multiple=True,
            metavar="[IDENTIFIER=]TEXT",
            help="What an outside wallet gave back for the text. Once for each "
            "wallet; IDENTIFIER= says whose it is.",
        ),
        click.option(
            "--password-file",
            metavar="FILE",
            type=click.Path(allow_dash=True),
            help="Holds the password of an encrypted key file; else it is asked for.",
        ),
        as_json,
    ]

    def wrapper(**arguments: Any) -> None:
        names = Options.__slots__
        shared = Options(**{name: arguments.pop(name) for name in names})
        function(shared, **arguments)

    wrapper.__name__ = function.__name__
    wrapper.__doc__ = function.__doc__
    decorated: Callable[..., None] = wrapper
    for option in reversed(options):
        decorated = option(decorated)
    return decorated


def _acting(who: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option(
        "--as", "actor", required=True, metavar="SIGNER", help=f"Who acts: {who}."
    )


def _kind_of(whom: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option(
        "--kind",
        "kind_name",
        metavar="KIND",
        callback=text_argument,
        shell_complete=complete_kinds,
        help=f"The kind of each {whom}; else the one that can read it.",
    )


@inbox.command(epilog=_SIGNER_HELP)
@_acting("the owner")
@click.option(
    "--nonce",
    callback=decimal(0, 2**64 - 1),
    default="0",
    show_default=True,
    metavar="N",
    help="Which of the owner's inboxes: 0 is the first.",
)
@click.option(
    "--installation",
    "installations",
    multiple=True,
    metavar="SIGNER",
    help="An app to add in the same update; may be given several times.",
)
@_shared
def create(
    options: Options, actor: str, nonce: int, installations: Sequence[str]
) -> None:
    """Create the inbox of an owner.

    The owner is its first member and its recovery identifier. The log may be
    a new file.
    """
    from ..builder import AddMember, CreateInbox
    from ..protocol.root_rules import inbox_id_of

    session = Session(options)
    owner = session.party(actor)
    apps = [session.party(text, "installation") for text in installations]
    kind = session.registry.kind(owner.kind)
    session.open(owner, new=inbox_id_of(owner, nonce, kind))
    session.make([CreateInbox(owner, nonce), *(AddMember(app, owner) for app in apps)])


@inbox.command(epilog=_SIGNER_HELP)
@_acting("a member, or the recovery identifier")
@_kind_of("SIGNER to link")
@click.argument("newcomers", nargs=-1, required=True, metavar="SIGNER...")
@_shared
def link(
    options: Options, actor: str, kind_name: str | None, newcomers: Sequence[str]
) -> None:
    """Add members: wallets, passkeys, apps.

    Both sign: the one who acts and each new member.
    """
    from ..builder import AddMember

    session = Session(options)
    by = session.party(actor)
    added = [session.party(text, kind_name) for text in newcomers]
    session.open(by)
    session.make([AddMember(member, by) for member in added])


@inbox.command(epilog=_SIGNER_HELP)
@_acting("the recovery identifier")
@_kind_of("IDENTIFIER")
@click.argument("members", nargs=-1, required=True, metavar="IDENTIFIER...")
@_shared
def revoke(
    options: Options, actor: str, kind_name: str | None, members: Sequence[str]
) -> None:
    """Revoke members.

    Apps that a revoked member added go with it. IDENTIFIER may be a key file.
    """
    from ..builder import RevokeMember

    session = Session(options)
    by = session.party(actor)
    session.open(by)
    revoked = [session.member(text, kind_name) for text in members]
    session.make([RevokeMember(member, by) for member in revoked])


@inbox.command(epilog=_SIGNER_HELP)
@_acting("the present recovery identifier")
@_kind_of("IDENTIFIER")
@click.argument("recovery", metavar="IDENTIFIER")
@_shared
def rotate(options: Options, actor: str, kind_name: str | None, recovery: str) -> None:
    """Make IDENTIFIER the recovery identifier.

    It alone can then revoke members and rotate again; it does not sign, so
    look twice. IDENTIFIER may be a key file.
    """
    from ..builder import ChangeRecoveryIdentifier

    session = Session(options)
    by = session.party(actor)
    session.open(by)
    heir = session.identifier(recovery, kind_name)
    if session.is_recovery(heir):
        raise BadInput(
            f"{heir} is the recovery identifier already.", code="nothing_to_do"
        )
    session.make([ChangeRecoveryIdentifier(heir, by)])
