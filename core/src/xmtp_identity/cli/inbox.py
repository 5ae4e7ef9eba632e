"""``xid inbox``: making updates, with a local log file as the store."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from ..errors import BadInput
from .options import registry_of
from .output import Cell, Facts, emit, emit_bytes, emit_json, is_terminal, show
from .signers import Party, find_party, parse_identifier

if TYPE_CHECKING:
    from ..builder import PlannedAction, SignatureRequest
    from ..identifier import MemberIdentifier
    from ..registry import Registry
    from ..replay import Log, ReplayResult

__all__ = ["inbox"]

_NS_PER_SECOND: Final = 1_000_000_000
_TIME_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"
_SIGNER_HELP: Final = (
    "SIGNER is a key file, or an identifier whose wallet is elsewhere; KIND: before "
    "it names its kind."
)


@click.group(epilog=_SIGNER_HELP)
def inbox() -> None:
    """Make updates of an inbox and append them to a local log.

    Where a wallet is elsewhere, ask for the text with --text-only, let the
    wallet sign it, and give its answer with --signature and the same --time.
    """


@dataclass(frozen=True, slots=True)
class _Options:
    """What all commands that make an update share."""

    log_path: str
    inbox_id: str | None
    text_only: bool
    pasted: tuple[str, ...]
    time: str | None
    as_json: bool
    password_file: str | None


def _shared(function: Callable[..., None]) -> Callable[..., None]:
    options = [
        click.option("--log", "log_path", required=True, help="The log file."),
        click.option("--inbox", "inbox_id", help="Which inbox of the log."),
        click.option(
            "--text-only", is_flag=True, help="Print the text to sign, and stop."
        ),
        click.option(
            "--signature",
            "pasted",
            multiple=True,
            metavar="[IDENTIFIER=]TEXT",
            help="What an outside wallet gave back; may be given for each wallet.",
        ),
        click.option("--time", help="The time in the text, as in --text-only's."),
        click.option("--password-file", help="A file with the password of a key file."),
        click.option("--json", "as_json", is_flag=True, help="Print JSON."),
    ]

    def wrapper(**arguments: Any) -> None:
        names = _Options.__slots__
        shared = _Options(**{name: arguments.pop(name) for name in names})
        function(shared, **arguments)

    wrapper.__name__ = function.__name__
    wrapper.__doc__ = function.__doc__
    decorated: Callable[..., None] = wrapper
    for option in reversed(options):
        decorated = option(decorated)
    return decorated


_AS = click.option("--as", "actor", required=True, metavar="SIGNER", help="Who acts.")
_KIND = click.option("--kind", "kind_name", help="The kind of what is named.")


@inbox.command(epilog=_SIGNER_HELP)
@_AS
@click.option("--nonce", type=click.IntRange(0, 2**64 - 1), default=0)
@click.option(
    "--installation",
    "installations",
    multiple=True,
    metavar="SIGNER",
    help="An app to add in the same update.",
)
@_shared
def create(
    options: _Options, actor: str, nonce: int, installations: Sequence[str]
) -> None:
    """Create an inbox; its owner acts."""
    from ..builder import AddMember, CreateInbox
    from ..protocol.root_rules import inbox_id_of

    session = _Session(options)
    owner = session.party(actor)
    apps = [session.party(text, "installation") for text in installations]
    kind = session.registry.kind(owner.identifier.kind)
    session.open(inbox_id_of(owner.identifier, nonce, kind), is_new=True)
    session.make(
        [
            CreateInbox(owner.identifier, nonce),
            *(AddMember(app.identifier, owner.identifier) for app in apps),
        ]
    )


@inbox.command(epilog=_SIGNER_HELP)
@_AS
@_KIND
@click.argument("newcomers", nargs=-1, required=True, metavar="SIGNER...")
@_shared
def link(
    options: _Options, actor: str, kind_name: str | None, newcomers: Sequence[str]
) -> None:
    """Add members; the one who acts is a member or the recovery identifier."""
    from ..builder import AddMember

    session = _Session(options)
    by = session.party(actor).identifier
    added = [session.party(text, kind_name).identifier for text in newcomers]
    session.open(options.inbox_id)
    session.make([AddMember(member, by) for member in added])


@inbox.command(epilog=_SIGNER_HELP)
@_AS
@_KIND
@click.argument("members", nargs=-1, required=True, metavar="IDENTIFIER...")
@_shared
def revoke(
    options: _Options, actor: str, kind_name: str | None, members: Sequence[str]
) -> None:
    """Revoke members; the recovery identifier acts."""
    from ..builder import RevokeMember

    session = _Session(options)
    by = session.party(actor).identifier
    session.open(options.inbox_id)
    session.make(
        [RevokeMember(session.identifier(text, kind_name), by) for text in members]
    )


@inbox.command(epilog=_SIGNER_HELP)
@_AS
@_KIND
@click.argument("recovery", metavar="IDENTIFIER")
@_shared
def rotate(options: _Options, actor: str, kind_name: str | None, recovery: str) -> None:
    """Make another identifier the recovery identifier; the present one acts."""
    from ..builder import ChangeRecoveryIdentifier

    session = _Session(options)
    by = session.party(actor).identifier
    session.open(options.inbox_id)
    session.make(
        [ChangeRecoveryIdentifier(session.identifier(recovery, kind_name), by)]
    )


class _Session:
    """One run of a command: the log, those who take part, and the update."""

    def __init__(self, options: _Options) -> None:
        self.registry: Registry = registry_of(click.get_current_context())
        self._options = options
        self._parties: dict[MemberIdentifier, Party] = {}
        self._inbox_id = ""
        self._log: Log = []
        self._before: ReplayResult | None = None

    def party(self, text: str, kind_name: str | None = None) -> Party:
        """Someone who signs; kept, for its key."""
        party = find_party(
            text, self.registry, ask_password=self._password, kind_name=kind_name
        )
        self._parties[party.identifier] = party
        return party

    def identifier(self, text: str, kind_name: str | None) -> MemberIdentifier:
        """Someone who is named and need not sign; a key file will do, too."""
        return find_party(
            text, self.registry, ask_password=self._password, kind_name=kind_name
        ).identifier

    def open(self, inbox_id: str | None, *, is_new: bool = False) -> None:
        """Read the log and replay it."""
        from ..replay import replay

        logs = self._read(missing_is_fine=is_new)
        if inbox_id is None:
            if len(logs) != 1:
                raise BadInput(
                    f"{self._options.log_path} holds {len(logs)} inboxes: name one "
                    "with --inbox.",
                    code="inbox_unnamed",
                )
            inbox_id = next(iter(logs))
        if inbox_id not in logs and not is_new:
            raise BadInput(
                f"{self._options.log_path} holds no log of the inbox {inbox_id}.",
                code="inbox_unknown",
            )
        self._inbox_id = inbox_id
        self._log = logs.get(inbox_id, [])
        self._before = replay(inbox_id, self._log, self.registry)
        if self._before.cause is not None:
            raise self._before.cause
        if not self._before.authoritative:
            raise BadInput(
                "This client can't read the whole log, so it can't say who may act: "
                "see `xid replay`, upgrade or install what is missing.",
                code="not_authoritative",
            )

    def make(self, actions: Sequence[PlannedAction]) -> None:
        """Build the update, sign it with what is at hand, append it."""
        request = self._request(actions)
        if self._options.text_only:
            self._print_text(request)
            return
        for identifier in request.signers:
            party = self._parties.get(identifier)
            if party is not None and party.signer is not None:
                request.sign(party.signer)
        for pasted in self._options.pasted:
            self._paste(request, pasted)
        update, result = request.finish_with_state()
        self._append(update)
        self._report(result)

    def _read(self, *, missing_is_fine: bool) -> dict[str, Log]:
        from pathlib import Path

        from ..logfile import read_logs

        path = Path(self._options.log_path)
        if missing_is_fine and (not path.exists() or path.stat().st_size == 0):
            return {}
        return {log.inbox_id: log.log for log in read_logs(self._options.log_path)}

    def _request(self, actions: Sequence[PlannedAction]) -> SignatureRequest:
        from ..builder import SignatureRequest, choose_timestamp_ns

        if self._options.time is not None:
            time_ns = _parse_time(self._options.time)
        else:
            time_ns = choose_timestamp_ns(self._log, time.time_ns())
        before = self._before
        return SignatureRequest(
            self._inbox_id,
            actions,
            self.registry,
            client_timestamp_ns=time_ns,
            snapshot=before.snapshot if before is not None and self._log else None,
        )

    def _print_text(self, request: SignatureRequest) -> None:
        when = _format_time(request.client_timestamp_ns)
        signers = [str(signer) for signer in request.signers]
        if self._options.as_json:
            emit_json({"text": request.text, "time": when, "signers": signers})
            return
        # Exactly the text where a program reads it; a line of its own on a screen.
        if is_terminal():
            emit(request.text)
        else:
            emit_bytes(request.text.encode())
        click.echo(
            f"To be signed by {', '.join(signers)}. Give the signatures back with "
            f"--time {when} --signature ...",
            err=True,
        )

    def _paste(self, request: SignatureRequest, pasted: str) -> None:
        name, equals, value = pasted.partition("=")
        signer = self._named(name.strip(), request) if equals else None
        if signer is None:
            value = pasted
            missing = request.missing
            if len(missing) != 1:
                who = ", ".join(map(str, missing)) or "nobody"
                raise BadInput(
                    f"Signatures are missing of {who}: give it as IDENTIFIER=TEXT.",
                    code="signer_unnamed",
                )
            signer = missing[0]
        request.add_pasted(value, signer)

    def _named(self, name: str, request: SignatureRequest) -> MemberIdentifier | None:
        """Whose signature it is; None if the "=" was part of the signature."""
        try:
            identifier = parse_identifier(name, self.registry)
        except BadInput:
            return None
        return identifier if identifier in request.signers else None

    def _append(self, update: bytes) -> None:
        from ..logfile import append_entry

        append_entry(
            self._options.log_path,
            self._inbox_id,
            update,
            sequence_id=len(self._log) + 1,
            server_timestamp_ns=time.time_ns(),
            expected=len(self._log),
        )

    def _report(self, result: ReplayResult) -> None:
        state = result.state
        if state is None:
            raise AssertionError("an update that was applied has made a state")
        before = self._before.state if self._before is not None else None
        change = (
            before.diff(state)
            if before is not None
            else (tuple(member.identifier for member in state.members), ())
        )
        added, removed = _names(change[0]), _names(change[1])
        if self._options.as_json:
            emit_json(
                {
                    "inbox_id": self._inbox_id,
                    "entries": len(self._log) + 1,
                    "added": added,
                    "removed": removed,
                    "recovery": str(state.recovery),
                }
            )
            return
        rows = [("inbox", Cell(self._inbox_id))]
        rows += [("added", Cell(name, "good")) for name in added]
        rows += [("removed", Cell(name, "bad")) for name in removed]
        rows += [
            ("recovery", Cell(str(state.recovery))),
            ("entries", Cell(str(len(self._log) + 1))),
        ]
        show([Facts(rows)])

    def _password(self) -> str:
        path = self._options.password_file
        if path is None:
            answer: str = click.prompt("Password", hide_input=True, err=True)
            return answer
        from ..logfile import read_bytes

        try:
            return read_bytes(path, 4096).decode().rstrip("\r\n")
        except UnicodeDecodeError:
            raise BadInput(f"{path} is not UTF-8.") from None


def _names(identifiers: Iterable[MemberIdentifier]) -> list[str]:
    return [str(identifier) for identifier in identifiers]


def _parse_time(text: str) -> int:
    try:
        when = datetime.strptime(text, _TIME_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        raise BadInput(
            f"--time takes the time as it stands in the text, such as "
            f"2026-11-20T12:00:00Z, not {text!r}.",
            code="bad_time",
        ) from None
    time_ns = int(when.timestamp()) * _NS_PER_SECOND
    if not 0 <= time_ns < 1 << 63:
        raise BadInput("--time must lie between 1970 and 2262.", code="bad_time")
    return time_ns


def _format_time(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns // _NS_PER_SECOND, UTC).strftime(_TIME_FORMAT)
