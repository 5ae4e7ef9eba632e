"""One run of `xid inbox`: the log, those who take part, and the update."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from ..errors import BadInput, IdentityError
from .local_log import Grown, LocalLog
from .node import connect, node_url
from .options import contexts_of, registry_of, resolve_name
from .output import (
    Cell,
    Facts,
    emit,
    emit_bytes,
    emit_json,
    is_terminal,
    printable,
    show,
)
from .results import member_object
from .signers import Party, find_party, parse_identifier, password_from

if TYPE_CHECKING:
    from ..builder import PlannedAction, SignatureRequest
    from ..identifier import MemberIdentifier
    from ..kinds import Account
    from ..protocol.state import AssociationState
    from ..registry import Registry
    from ..snapshot import Snapshot
    from .node_log import NodeLog

__all__ = ["Options", "Session"]

_NS_PER_SECOND: Final = 1_000_000_000
_TIME_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Options:
    """What all commands that make an update share."""

    log_path: str | None
    node: str | None
    store: str | None
    inbox_id: str | None
    text_only: bool
    pasted: tuple[str, ...]
    time: str | None
    as_json: bool
    password_file: str | None

    def check(self) -> None:
        """Raises `BadInput` or a usage error for options that don't go together."""
        if self.log_path is not None and self.node is not None:
            raise BadInput(
                "--log is a log in a file, --node one on a node: give one of them.",
                code="options_clash",
            )
        if self.log_path is None and node_url(self.node) is None:
            raise click.UsageError("Missing option '--log' or '--node'.")
        if self.log_path is not None and self.store is not None:
            raise BadInput(
                "--store keeps what a node serves: it goes with --node.",
                code="options_clash",
            )
        if self.log_path == "-":
            raise BadInput(
                "--log takes a file: the update is appended to it.", code="no_log_file"
            )
        if self.text_only and self.pasted:
            raise BadInput(
                "--text-only asks for a text, --signature answers it: give one of "
                "them.",
                code="options_clash",
            )
        if self.pasted and self.time is None:
            raise BadInput(
                "--signature needs --time, the one that --text-only gave: another "
                "time makes another text.",
                code="time_missing",
            )


class Session:
    """One run of a command that makes an update."""

    def __init__(self, options: Options) -> None:
        options.check()
        ctx = click.get_current_context()
        self.registry: Registry = registry_of(ctx)
        self._context = contexts_of(ctx)
        self._options = options
        self._ask_password = password_from(options.password_file)
        self._parties: dict[MemberIdentifier, Party] = {}
        self._state: AssociationState | None = None
        self._snapshot: Snapshot | None = None

    def party(self, text: str, kind_name: str | None = None) -> MemberIdentifier:
        """Someone who signs; the key is kept, if it is here."""
        party = self._find(text, kind_name)
        self._parties[party.identifier] = party
        return party.identifier

    def identifier(self, text: str, kind_name: str | None) -> MemberIdentifier:
        """Someone who is named and need not sign; a key file will do, too."""
        return self._find(text, kind_name).identifier

    def member(self, text: str, kind_name: str | None) -> MemberIdentifier:
        """A member of the inbox, or whoever added an app to it.

        Found by the form that the inbox shows it in as well, for what should
        never have come in must be able to leave. Raises `BadInput`.
        """
        members = () if self._state is None else self._state.members
        known = [
            member.identifier
            for member in members
            if text in {member.identifier.value, str(member.identifier)}
            and kind_name in {None, member.identifier.kind}
        ]
        if len(known) == 1:
            return known[0]
        identifier = self.identifier(text, kind_name)
        if not any(
            identifier in {member.identifier, member.added_by} for member in members
        ):
            raise BadInput(
                f"{identifier} is no member of the inbox; xid replay shows who is.",
                code="no_such_member",
            )
        return identifier

    def is_recovery(self, identifier: MemberIdentifier) -> bool:
        """Whether it is the recovery identifier already."""
        return self._state is not None and self._state.recovery == identifier

    def open(self, by: MemberIdentifier, *, new: str | None = None) -> None:
        """Read the log and replay it.

        by: who acts; on a node its inbox is meant if none is named.
        new: the ID of an inbox that is to be created; the file may be missing.
        """
        self._log = self._open_log(by, new)
        before = self._log.replay(self.registry, self._context)
        if before.cause is not None:
            raise before.cause
        if not before.authoritative:
            raise BadInput(
                "This client can't read the whole log, so it can't say who may act: "
                "see xid replay, and upgrade or install what is missing.",
                code="not_authoritative",
            )
        self._state, self._snapshot = before.state, before.snapshot

    def make(self, actions: Sequence[PlannedAction]) -> None:
        """Build the update, sign it with what is at hand, append it."""
        self._check_named(actions)
        request = self._request(actions)
        # Nobody should sign what will be refused.
        foreseen = request.foresee()
        if self._options.text_only:
            self._print_text(request, foreseen)
            return
        for identifier in request.signers:
            party = self._parties.get(identifier)
            if party is not None and party.signer is not None:
                request.sign(party.signer)
        for pasted in self._options.pasted:
            self._paste(request, pasted)
        if request.missing:
            raise BadInput(
                f"Signatures are missing of {_listed(request.missing)}: get the text "
                "to sign with --text-only, then give them with --signature and --time.",
                code="signatures_missing",
            )
        update, result = request.finish_with_state()
        grown = self._log.append(update, result)
        if grown.state is not None:
            self._report(grown, grown.state, request)

    def _open_log(self, by: MemberIdentifier, new: str | None) -> LocalLog | NodeLog:
        options = self._options
        if options.log_path is not None:
            return LocalLog(options.log_path, options.inbox_id, new=new)
        from .node_log import NodeLog

        return NodeLog(
            connect(node_url(options.node) or "", self.registry, options.store),
            options.inbox_id,
            by=by,
            new=new,
        )

    # The update

    def _request(self, actions: Sequence[PlannedAction]) -> SignatureRequest:
        from ..builder import SignatureRequest, choose_timestamp_ns

        if self._options.time is not None:
            time_ns = _parse_time(self._options.time)
        else:
            time_ns = choose_timestamp_ns(self._log.entries, time.time_ns())
        return SignatureRequest(
            self._log.inbox_id,
            actions,
            self.registry,
            client_timestamp_ns=time_ns,
            snapshot=self._snapshot if self._log.entries else None,
            context=self._context,
            accounts=self._accounts(),
        )

    def _accounts(self) -> list[Account]:
        parties = self._parties.values()
        return [party.account for party in parties if party.account is not None]

    def _check_named(self, actions: Sequence[PlannedAction]) -> None:
        """Let nobody act as a plain wallet who was added on a chain."""
        for actor in {action.signers[0] for action in actions}:
            member = None if self._state is None else self._state.get(actor)
            chain_id = None if member is None else member.chain_id
            if chain_id is not None and self._parties[actor].account is None:
                raise BadInput(
                    f"{actor} is a member with its account on chain {chain_id}: name "
                    "that account, with its chain, in its place.",
                    code="account_needed",
                )

    def _paste(self, request: SignatureRequest, pasted: str) -> None:
        """Take what a wallet gave, of the signer named or of whom it fits."""
        name, equals, value = pasted.partition("=")
        signer = self._named(name.strip(), request) if equals else None
        if signer is not None:
            request.add_pasted(value, signer)
            return
        missing = request.missing
        if not missing:
            raise BadInput(
                "No signature is missing; to replace one, name whose it is "
                "(IDENTIFIER=TEXT).",
                code="signer_unnamed",
            )
        failures: list[IdentityError] = []
        for candidate in missing:
            try:
                request.add_pasted(pasted, candidate)
            except IdentityError as error:
                failures.append(error)
            else:
                return
        for failure in failures:
            # Whose it is can't be said before that one is tried again.
            if len(failures) == 1 or failure.retryable:
                raise failure
        raise BadInput(
            f"The signature fits none of those who are missing "
            f"({_listed(missing)}). To see why, name whose it is (IDENTIFIER=TEXT).",
            code="signer_unnamed",
        )

    def _named(self, name: str, request: SignatureRequest) -> MemberIdentifier | None:
        """Whose signature it is; None if the "=" was part of the signature."""
        try:
            identifier = parse_identifier(name, self.registry)
        except BadInput:
            return None
        if identifier not in request.signers:
            raise BadInput(
                f"{identifier} does not sign this update; {_listed(request.signers)} "
                "must.",
                code="signer_unknown",
            )
        return identifier

    def _find(self, text: str, kind_name: str | None) -> Party:
        return find_party(
            resolve_name(click.get_current_context(), text),
            self.registry,
            ask_password=self._ask_password,
            kind_name=kind_name,
            context=self._context,
        )

    # What goes out

    def _print_text(
        self, request: SignatureRequest, foreseen: AssociationState
    ) -> None:
        when = _format_time(request.client_timestamp_ns)
        outside = tuple(
            signer
            for signer in request.signers
            if signer not in self._parties or self._parties[signer].signer is None
        )
        if self._options.as_json:
            emit_json(
                {
                    "inbox_id": self._log.inbox_id,
                    "text": request.text,
                    "time": when,
                    "signers": _objects(request.signers),
                    "missing": _objects(outside),
                    **self._changes(foreseen),
                    "accounts": self._facts(request),
                }
            )
            return
        if is_terminal():
            for line in [*request.text.split("\n"), ""]:
                emit(printable(line))
        else:
            # Exactly the text, for the program that reads it.
            emit_bytes(request.text.encode())
        self._print_hint(request, when, outside, foreseen)

    def _print_hint(
        self,
        request: SignatureRequest,
        when: str,
        outside: Sequence[MemberIdentifier],
        foreseen: AssociationState,
    ) -> None:
        """What to do with the text, for people, beside it."""
        named = [*outside, *(action.subject for action in request.actions)]
        for fact in self._facts(request):
            known = [f"{name} {value}" for name, value in fact.items() if value]
            click.echo(f"For its wallet: {', '.join(known)}.", err=True)
        also = [one for one in self._difference(foreseen)[1] if one not in named]
        if also:
            click.echo(f"It also removes {_listed(also)}.", err=True)
        each = " (once for each of them)" if len(outside) > 1 else ""
        click.echo(
            f"Let {_listed(outside)} sign exactly this text. Then repeat the command, "
            f"with --time {when} --signature SIGNATURE{each} in place of --text-only."
            if outside
            else "All keys that must sign are here: repeat the command without "
            "--text-only.",
            err=True,
        )

    def _facts(self, request: SignatureRequest) -> list[dict[str, str]]:
        """What is to be known of the accounts that sign."""
        return [
            dict(account.facts(request.text))
            for account in self._accounts()
            if account.identifier in request.signers
        ]

    def _changes(self, after: AssociationState) -> dict[str, Any]:
        added, removed = self._difference(after)
        return {
            "added": _objects(added),
            "removed": _objects(removed),
            "recovery": member_object(after.recovery),
        }

    def _difference(
        self, after: AssociationState
    ) -> tuple[Sequence[MemberIdentifier], Sequence[MemberIdentifier]]:
        before = self._state
        if before is None:
            return [member.identifier for member in after.members], ()
        return before.diff(after)

    def _again(self, actions: Sequence[PlannedAction]) -> list[MemberIdentifier]:
        from ..plan import AddMember

        before = self._state
        return [
            action.member
            for action in actions
            if isinstance(action, AddMember) and before and before.get(action.member)
        ]

    def _report(
        self, grown: Grown, state: AssociationState, request: SignatureRequest
    ) -> None:
        entries = grown.entries
        facts = self._facts(request)
        if self._options.as_json:
            emit_json(
                {
                    "inbox_id": self._log.inbox_id,
                    "entries": entries,
                    **self._changes(state),
                    "accounts": facts,
                }
            )
            return
        added, removed = self._difference(state)
        rows = [("inbox", Cell(self._log.inbox_id))]
        rows += [("added", Cell(str(one), "good")) for one in added]
        rows += [
            ("added again", Cell(str(one))) for one in self._again(request.actions)
        ]
        rows += [("removed", Cell(str(one), "bad")) for one in removed]
        rows += [
            ("recovery", Cell(str(state.recovery))),
            ("entries", Cell(str(entries))),
        ]
        rows += [(name, Cell(value)) for one in facts for name, value in one.items()]
        show([Facts(rows)])


def _objects(identifiers: Sequence[MemberIdentifier]) -> list[dict[str, str]]:
    return [member_object(identifier) for identifier in identifiers]


def _listed(identifiers: Sequence[MemberIdentifier]) -> str:
    return ", ".join(map(str, identifiers))


def _parse_time(text: str) -> int:
    try:
        when = datetime.strptime(text, _TIME_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        raise BadInput(
            "--time takes the time as it stands in the text, such as "
            f"2026-11-20T12:00:00Z, not {text!r}.",
            code="bad_time",
        ) from None
    time_ns = int(when.timestamp()) * _NS_PER_SECOND
    if not 0 <= time_ns < 1 << 63:
        raise BadInput("--time must lie between 1970 and 2262.", code="bad_time")
    return time_ns


def _format_time(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns // _NS_PER_SECOND, UTC).strftime(_TIME_FORMAT)
