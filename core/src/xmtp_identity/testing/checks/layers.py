"""What a kind may do in an inbox, and what a client makes of it that lacks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ...allotment import layer_name
from ...builder import AddMember, ChangeRecoveryIdentifier, CreateInbox, RevokeMember
from ...installation.signer import InstallationSigner
from ...outcome import OutcomeKind
from ...protocol.refusals import KindNotInstalled, Number
from ...protocol.text import owner_line, recovery_line
from ...wire.records import (
    RawAction,
    RawAdd,
    RawChange,
    RawCreate,
    RawRevoke,
    Space,
    Variant,
)
from ..bench import ALICE, BOB, seed_of
from ..logs import InboxLog
from ..root_kind import TEST_ROOT, TestRootSigner
from .base import Check

if TYPE_CHECKING:
    from ...kinds import Signer
    from ..bench import Bench

__all__ = ["Discarded", "Tier"]


def _owner(bench: Bench) -> Signer:
    """Who creates the inbox: the kit's root kind, or the one in its place."""
    if bench.kind.number == TEST_ROOT.number:
        return bench.signer("signer", ALICE)
    return TestRootSigner(seed_of("owner"))


def _app() -> InstallationSigner:
    return InstallationSigner(seed_of("app"))


class Tier(Check):
    """Who joins an inbox by a kind that not every client knows can't take it over
    or lock it: leaf kinds are reached and nothing more."""

    name = "tier"
    group = "layers"
    fix = "Take a leaf number; give a leaf kind one proof and no identifier kind."

    def look(self, bench: Bench) -> Iterator[str]:
        """Try what the kind may do, and what it may not."""
        if bench.kind.identifier_kind is None:
            yield from _powerless(bench)
        else:
            yield from _powerful(bench)


def _powerful(bench: Bench) -> Iterator[str]:
    """Kinds that own inboxes: each of their signers can create one."""
    for name in bench.makers:
        owner, app = bench.signer(name, ALICE), _app()
        if not bench.kind.can_own(owner.identifier):
            continue
        log = InboxLog(owner, bench.registry, bench.case.context)
        create = CreateInbox(owner.identifier)
        log.append([owner, app], create, AddMember(app.identifier, owner.identifier))
        if name == "signer":
            other = bench.signer(name, BOB).identifier
            log.append([owner], ChangeRecoveryIdentifier(other, owner.identifier))
        outcomes = log.replayed().outcomes
        if any(one.outcome is not OutcomeKind.APPLIED for one in outcomes):
            yield f"{name}: what the owner of an inbox does is not applied."


class _Attempt(NamedTuple):
    """What a member tries to do.

    leaf: whether it stands in `leaf_actions`.
    """

    what: str
    line: str
    make: Callable[[str], RawAction]
    leaf: bool = False


def _powerless(bench: Bench) -> Iterator[str]:
    """Kinds that are added by others."""
    owner, member = _owner(bench), bench.signer("signer", ALICE)
    log = InboxLog(owner, bench.registry, bench.case.context)
    log.append([owner], CreateInbox(owner.identifier))
    log.append([owner, member], AddMember(member.identifier, owner.identifier))
    before = log.replayed()
    if before.state is None or before.state.get(member.identifier) is None:
        yield "It can't be added to an inbox."
    for attempt in _attempts(bench, owner, member):
        update = log.forced(attempt.line, attempt.make, leaf=attempt.leaf)
        after = log.replayed(None, update)
        applied = after.outcomes[-1].outcome is OutcomeKind.APPLIED
        if applied or after.state != before.state:
            yield f"A member of this kind can {attempt.what}."
    own = InboxLog(member, bench.registry, bench.case.context)
    for number in (0, 1, 2, bench.kind.number):
        update = own.forced(
            owner_line(member.identifier.value),
            lambda text, number=number: RawCreate(  # type: ignore[misc]  # bound early
                member.identifier.value, 0, _signed(member, text), number, None
            ),
            leaf=False,
        )
        if own.replayed(None, update).state is not None:
            yield f"It can create an inbox, as identifier kind {number}."


def _attempts(bench: Bench, owner: Signer, member: Signer) -> Iterator[_Attempt]:
    """What neither a leaf nor an app may do."""
    registry, number = bench.registry, bench.kind.number
    app, other = _app(), bench.signer("signer", BOB)
    app_member = Variant(2, bytes.fromhex(app.identifier.value))
    own_member = Variant(number, bench.kind.encode(member.identifier))
    other_member = Variant(number, bench.kind.encode(other.identifier))
    root_member = Variant(1, registry.by_member[1].encode(owner.identifier))
    link, unlink = registry.lines[bench.kind.name]
    add_app = f"{registry.lines['installation'].link}{app.identifier.value})"
    places = {"": False, ", in a leaf update": True} if bench.is_leaf else {"": False}
    for where, leaf in places.items():
        yield _Attempt(
            f"add an app{where}",
            add_app,
            lambda text: RawAdd(app_member, _signed(member, text), _signed(app, text)),
            leaf,
        )
        yield _Attempt(
            f"add another of its kind{where}",
            f"{link}{other.identifier.value})",
            lambda text: RawAdd(
                other_member, _signed(member, text), _signed(other, text)
            ),
            leaf,
        )
        yield _Attempt(
            f"revoke itself{where}",
            f"{unlink}{member.identifier.value})",
            lambda text: RawRevoke(own_member, _signed(member, text)),
            leaf,
        )
        yield _Attempt(
            f"revoke the owner{where}",
            f"{registry.lines[owner.identifier.kind].unlink}{owner.identifier.value})",
            lambda text: RawRevoke(root_member, _signed(member, text)),
            leaf,
        )
        yield _Attempt(
            f"change the recovery identifier{where}",
            recovery_line(owner.identifier.value),
            lambda text: RawChange(
                owner.identifier.value, _signed(member, text), 1, None
            ),
            leaf,
        )
    for kind_number in {2, number}:
        yield _Attempt(
            "become the recovery identifier",
            recovery_line(member.identifier.value),
            lambda text, kind_number=kind_number: RawChange(  # type: ignore[misc]  # bound early
                member.identifier.value, _signed(owner, text), kind_number, None
            ),
        )
    if bench.is_leaf:
        yield _Attempt(
            "join in a root update",
            f"{link}{other.identifier.value})",
            lambda text: RawAdd(
                other_member, _signed(owner, text), _signed(other, text)
            ),
        )


def _signed(signer: Signer, text: str) -> Variant:
    return Variant(*signer.sign(text))


class Discarded(Check):
    """A client without the kind is never wrong, only less informed: it comes to the
    same inbox without these members, or says that it can't tell."""

    name = "discarded"
    group = "layers"
    fix = (
        "Keep to the kind's own number in both unions; nothing in the kind's code can "
        "mend this, so report it if the number is right."
    )

    def look(self, bench: Bench) -> Iterator[str]:
        """Make a log with the kind's signers; replay it with and without the kind."""
        if bench.is_leaf:
            yield from _without_leaf(bench)
        else:
            yield from _without_root(bench)


def _without_leaf(bench: Bench) -> Iterator[str]:
    """The projection theorem (DESIGN, "Layers") on a log of this kind."""
    owner, app = _owner(bench), _app()
    log = InboxLog(owner, bench.registry, bench.case.context)
    log.append([owner], CreateInbox(owner.identifier))
    named: set[int] = set()
    members = {bench.signer(name, ALICE).identifier: name for name in bench.makers}
    for identifier, name in members.items():
        named.add(len(log.updates))
        added = AddMember(identifier, owner.identifier)
        log.append([owner, bench.signer(name, ALICE)], added)
    log.append([owner, app], AddMember(app.identifier, owner.identifier))
    named.add(len(log.updates))
    log.append([owner], RevokeMember(next(iter(members)), owner.identifier))
    newer = log.replayed()
    older = log.replayed(bench.registry.without(bench.kind.name))
    expected = set(members) - {next(iter(members))}
    if newer.state is None:
        yield "A client with the kind comes to no state."
        return
    if set(newer.state.layers.get(bench.kind.number, ())) != expected:
        yield "A client with the kind does not come to the members that were added."
    if any(one.outcome is not OutcomeKind.APPLIED for one in newer.outcomes):
        yield "A client with the kind does not apply all of the log."
    if older.state != replace(newer.state, _layers={}):
        yield "A client without the kind comes to another root."
    for outcome in older.outcomes:
        if outcome.index not in named:
            fine = outcome.outcome is OutcomeKind.APPLIED
        else:
            fine = (
                outcome.outcome is OutcomeKind.DISCARDED
                and outcome.code == KindNotInstalled.code
                and outcome.numbers == (Number(Space.MEMBER, bench.kind.number),)
            )
        if not fine:
            yield f"Without the kind entry {outcome.index} is {outcome.outcome.value}."
    if not older.authoritative or older.missing != (layer_name(bench.kind.number),):
        yield "A client without the kind does not say what it lacks."


def _without_root(bench: Bench) -> Iterator[str]:
    """An older client that lacks a root kind knows that it does not know."""
    owner, member = _owner(bench), bench.signer("signer", ALICE)
    log = InboxLog(owner, bench.registry, bench.case.context)
    log.append([owner], CreateInbox(owner.identifier))
    before = None
    if member.identifier != owner.identifier:
        before = log.replayed().state
        log.append([owner, member], AddMember(member.identifier, owner.identifier))
    older = log.replayed(bench.registry.without(bench.kind.name))
    if older.outcomes[-1].outcome is not OutcomeKind.DISCARDED or older.authoritative:
        yield "A client without the kind does not say that it can't tell."
    if older.state != before:
        yield "A client without the kind comes to a state that nobody signed."
