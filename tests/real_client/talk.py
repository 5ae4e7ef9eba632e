"""Live clients in one conversation, while their inboxes change under them."""

from __future__ import annotations

import sqlite3
import time
from concurrent.futures import Future
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from xmtp_identity import MemberIdentifier, Registry

from ..support.signers import Wallet
from .clients import Client, Process
from .inbox import Inbox, as_signer, in_order, new_key, shown
from .relay import Relay

if TYPE_CHECKING:
    import grpc

__all__ = ["Installation", "Kind", "Person", "Talk"]

Kind = Literal["group", "dm"]

_PATIENCE: Final = 60.0
_HOUR_NS: Final = 3600 * 10**9


class Installation:
    """A client in a process of its own, with its database in a file."""

    def __init__(self, name: str, wallet: Wallet, host: str, path: Path) -> None:
        self.name = name
        self.sent: list[str] = []
        self._wallet = wallet
        self._host = host
        self._path = path
        self._process = Process()
        self._open()

    def _open(self) -> None:
        self._process = Process().__enter__()
        self.client = Client(
            self._process, self.name, self._wallet, self._host, path=self._path
        )
        if not self.client.registered:
            self.client.register()

    def close(self) -> None:
        self._process.__exit__(None, None, None)

    def restart(self) -> None:
        """End the app and start it anew on its database."""
        before = self.client
        self.close()
        self._open()
        assert self.client.registered
        assert self.client.installation == before.installation

    def look(self, *, next_time: bool) -> None:
        """Whether it asks for its members' identity updates at the next send.

        By itself it does so every five seconds; it keeps in its database when it
        was.
        """
        checked_ns = 0 if next_time else time.time_ns() + _HOUR_NS
        with closing(sqlite3.connect(self._path, timeout=30)) as database, database:
            database.execute(
                "UPDATE groups SET installations_last_checked = ?", (checked_ns,)
            )

    def start_sending(
        self, conversation: str, texts: list[str], *, again: bool = False
    ) -> Future[list[str]]:
        """Send one after the other; gives the errors. again: what fails is sent
        once more, as a person would, instead of failing the whole."""
        self.sent += texts
        return self.client.start(
            "send", conversation=conversation, texts=texts, again=again
        )


@dataclass
class Person:
    """A wallet, its inbox, and the apps that it is used in."""

    name: str
    wallet: Wallet
    inbox: Inbox
    installations: list[Installation]
    comers: list[MemberIdentifier] = field(default_factory=list)


class Talk:
    """Two people in a group or a direct message; a context manager.

    node: a channel to the node behind the relay, for the third party.
    folder: where the clients' databases go; what: of the conversation.
    kinds: of the members that come and go.
    """

    def __init__(
        self,
        relay: Relay,
        node: grpc.Channel,
        registry: Registry,
        folder: Path,
        what: Kind,
        *,
        kinds: tuple[str, str] = ("solana", "bitcoin"),
    ) -> None:
        self._relay = relay
        self._node = node
        self._registry = registry
        self._folder = folder
        self._what = what
        self._kinds = kinds
        self._rounds = 0
        self.failures: list[str] = []
        self._resources = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            self._resources = opened
            self.people = [self._person(name) for name in ("alice", "bob")]
            first, second = (one.installations[0].client for one in self.people)
            # It only listens: clients that send as well may miss in their stream
            # what they find in their database.
            self.listener = self._add_installation(self.people[1])
            self.listener.client.ask("listen")
            if self._what == "group":
                made = first.ask("createGroup", inboxIds=[second.inbox_id])
            else:
                made = first.ask("createDm", inboxId=second.inbox_id)
            self.conversation: str = made
            for app in self.installations[1:]:
                assert app.client.ask("syncAll") == [made]
            self.people[0].installations[0].start_sending(made, ["hello"]).result()
            self.listener.client.ask("heard", count=1)
            self._resources = opened.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._resources.close()

    @property
    def installations(self) -> list[Installation]:
        return [app for person in self.people for app in person.installations]

    @property
    def messages(self) -> int:
        """How many were sent so far, by all."""
        return sum(len(app.sent) for app in self.installations)

    def change_members(self) -> None:
        """A third party links a member in both inboxes, and unlinks one that has
        been there for two rounds."""
        for place, person in enumerate(self.people):
            kind = self._kinds[(self._rounds + place) % 2]
            by = as_signer(person.wallet)
            one = new_key(kind, self._registry)
            person.inbox.link(one, by)
            person.comers.append(one.identifier)
            if len(person.comers) > 2:
                person.inbox.unlink(person.comers.pop(0), by)

    def round(self, sends: int, *, all_look: bool = False) -> None:
        """All clients send at the same time, while the members change.

        One of them, each time another, looks at the inboxes before it sends, and
        lets the others agree to what it finds. all_look: all of them do. Then two
        may find different updates of one inbox and want to say so at once: the
        client gives one of these sends up with an error, which is sent again and
        kept in ``failures``.
        """
        number = self._rounds
        self._rounds += 1
        sending = []
        self.listener.look(next_time=False)
        senders = [app for app in self.installations if app is not self.listener]
        for place, app in enumerate(senders):
            turn = number % len(senders) == place
            app.look(next_time=all_look or turn)
            texts = [f"{app.name}, round {number}, {one}" for one in range(sends)]
            sending.append(app.start_sending(self.conversation, texts, again=all_look))
        self.change_members()
        for future in sending:
            self.failures += future.result(_PATIENCE)

    def join(self, person: Person) -> Installation:
        """One more installation of a person, which others let into the group."""
        app = self._add_installation(person)
        host = self.people[1 - self.people.index(person)].installations[0]
        host.look(next_time=True)
        host.start_sending(
            self.conversation, [f"{host.name} greets {app.name}"]
        ).result(_PATIENCE)
        assert app.client.ask("syncAll") == [self.conversation]
        # Who has not heard of it would still write to those who were there before.
        self._sync()
        return app

    def check(self) -> dict[str, Any]:
        """Nobody forked, every message is there for everyone, in one order, and
        the clients' states are ours. Gives some figures."""
        self._sync()
        looks = [
            app.client.ask("look", conversation=self.conversation)
            for app in self.installations
        ]
        assert [one["forked"] for one in looks] == [False] * len(looks), looks
        assert [one["active"] for one in looks] == [True] * len(looks), looks
        assert all(one == looks[0] for one in looks), looks
        assert looks[0]["members"] == {
            person.inbox.inbox_id: sorted(
                app.client.installation for app in person.installations
            )
            for person in self.people
        }
        longest = self._check_messages()
        self._check_states()
        assert self._relay.refused == []
        return {
            "rounds": self._rounds,
            "messages": len(longest),
            "epoch": looks[0]["epoch"],
            "entries": [len(person.inbox.log()) for person in self.people],
            "failed once": len(self.failures),
        }

    def _sync(self) -> None:
        for app in self.installations:
            app.look(next_time=False)
            app.client.ask("sync", conversation=self.conversation)

    def _check_messages(self) -> list[Any]:
        """Those who came later have what was sent since."""
        histories = [
            app.client.ask("messages", conversation=self.conversation)
            for app in self.installations
        ]
        longest: list[Any] = max(histories, key=len)
        for history in histories:
            assert history == longest[len(longest) - len(history) :]
        for app in self.installations:
            own = [one["text"] for one in longest if one["text"] in set(app.sent)]
            assert own == app.sent, app.name
        assert len(longest) == self.messages
        heard = self.listener.client.ask("heard", count=len(longest))
        assert heard == {"messages": longest, "errors": []}
        return longest

    def _check_states(self) -> None:
        for person in self.people:
            ours = person.inbox.state()
            members = set(ours.root).union(*ours.layers.values())
            assert members >= set(person.comers)
            for app in self.installations:
                (theirs,) = app.client.ask("states", inboxIds=[ours.inbox_id])
                assert in_order(theirs) == shown(ours)

    def _person(self, name: str) -> Person:
        wallet = Wallet(f"{name} in a {self._what} of {self._folder.name}")
        app = self._install(name, wallet, 0)
        inbox = Inbox(self._node, app.client.inbox_id, self._registry)
        return Person(name, wallet, inbox, [app])

    def _add_installation(self, person: Person) -> Installation:
        app = self._install(person.name, person.wallet, len(person.installations))
        person.installations.append(app)
        return app

    def _install(self, name: str, wallet: Wallet, number: int) -> Installation:
        label = f"{name} {number}"
        app = Installation(label, wallet, self._relay.url, self._folder / f"{label}.db")
        self._resources.callback(app.close)
        return app
