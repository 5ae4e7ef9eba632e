"""What is stale: what the definition says, found by indexes, with its reasons."""

from __future__ import annotations

from dataclasses import replace
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from sqlalchemy import event, update
from tests.support.chain import StubChain
from tests.support.leaf_kinds import (
    CHAIN,
    TESTA,
    TESTB,
    leaf_a,
    leaf_b,
    leaf_chain,
    registry_with,
    root_registry,
)
from tests.support.signers import Installation, Signer, Wallet, smart_wallet
from tests.support.updates import Add, Inbox, Revoke

from xmtp_identity import Registry, replay
from xmtp_identity.kinds import Context
from xmtp_identity.stored import dump, load, peek
from xmtp_identity_store import store as store_module
from xmtp_identity_store.keys import row_key
from xmtp_identity_store.renewal import save_of
from xmtp_identity_store.schema import snapshots
from xmtp_identity_store.staleness import Reason, Why
from xmtp_identity_store.store import Store
from xmtp_identity_store.upgrade import Upgraded, upgrade

from .support import (
    by_key,
    check_up_to_date,
    execute,
    few,
    fill,
    fresh,
    grow,
    owned,
    with_leaf,
)

PLAIN, ROOTS, A, B, BOTH = range(5)


def reasons(store: Store, registry: Registry, *, check: bool = False) -> object:
    """The reasons of each stale inbox, by its place in `few`."""
    places = {inbox.inbox_id: place for place, inbox in enumerate(few())}
    found = {
        places[one.inbox_id]: list(one.reasons)
        for one in store.stale(registry, check=check)
    }
    assert len(found) == store.count_stale(registry) or check
    return found


def revised(registry: Registry, name: str) -> Registry:
    return Registry(
        replace(kind, revision=kind.revision + 1) if kind.name == name else kind
        for kind in registry.kinds
    )


@pytest.fixture
def upgraded(store: Store) -> Store:
    """The few inboxes, upgraded by a client with leaf kind a."""
    fill(store, few())
    upgrade(store, registry_with("testa"))
    return store


def test_a_log_that_was_never_replayed_is_stale(store: Store) -> None:
    fill(store, few())
    never = [Reason(Why.NO_SNAPSHOT)]
    assert reasons(store, root_registry()) == dict.fromkeys(range(5), never)


def test_after_an_upgrade_nothing_is_stale(upgraded: Store) -> None:
    assert reasons(upgraded, registry_with("testa")) == {}
    check_up_to_date(upgraded, registry_with("testa"))


def test_a_log_that_has_grown_is_stale(upgraded: Store) -> None:
    inbox = few()[ROOTS]
    grow(upgraded, inbox, None)
    assert reasons(upgraded, registry_with("testa")) == {
        ROOTS: [Reason(Why.NEW_ENTRIES)]
    }


def test_a_plugin_that_comes_makes_those_stale_that_name_its_kind(
    upgraded: Store,
) -> None:
    assert reasons(upgraded, registry_with("testa", "testb")) == {
        B: [Reason(Why.KIND_ADDED, "testb")],
        BOTH: [Reason(Why.KIND_ADDED, "testb")],
    }


def test_a_plugin_that_goes_makes_nothing_stale(upgraded: Store) -> None:
    assert reasons(upgraded, root_registry()) == {}


def test_a_plugin_that_comes_back_finds_its_layers_where_nothing_was_written(
    upgraded: Store,
) -> None:
    inbox = few()[BOTH]
    grow(upgraded, inbox, None)
    upgrade(upgraded, root_registry())
    assert reasons(upgraded, registry_with("testa")) == {
        BOTH: [Reason(Why.KIND_ADDED, "testa")]
    }


def test_a_leaf_plugin_that_changes_makes_those_stale_that_it_made(
    upgraded: Store,
) -> None:
    changed = [Reason(Why.KIND_CHANGED, "testa")]
    expected = {A: changed, BOTH: changed}
    registry = registry_with("testa")
    assert reasons(upgraded, revised(registry, "testa")) == expected
    rival = replace(TESTA, extension="rival.v1.rival")
    assert reasons(upgraded, Registry([*root_registry().kinds, rival])) == expected
    upgrade(upgraded, revised(registry, "testa"))
    assert reasons(upgraded, registry) == expected


def test_a_root_plugin_that_changes_makes_all_stale(upgraded: Store) -> None:
    changed = [Reason(Why.ROOT_KINDS, "passkey")]
    registry = registry_with("testa")
    assert reasons(upgraded, revised(registry, "passkey")) == dict.fromkeys(
        range(5), changed
    )
    assert reasons(upgraded, registry.without("passkey")) == dict.fromkeys(
        range(5), changed
    )


def test_several_reasons_are_all_told(upgraded: Store) -> None:
    grow(upgraded, few()[BOTH], None)
    registry = revised(revised(registry_with("testa", "testb"), "testa"), "ethereum")
    found = reasons(upgraded, registry)
    assert isinstance(found, dict)
    assert found[BOTH] == [
        Reason(Why.NEW_ENTRIES),
        Reason(Why.ROOT_KINDS, "ethereum"),
        Reason(Why.KIND_CHANGED, "testa"),
        Reason(Why.KIND_ADDED, "testb"),
    ]


def test_a_chain_that_can_not_be_asked_is_a_reason_of_its_own(store: Store) -> None:
    registry = registry_with("testchain")
    leaf, stops = with_leaf("leaf", leaf_chain("c")), owned("stops")
    stops.append(Add(smart_wallet("s"), stops.owner))
    stops.append(Add(Installation("app"), stops.owner))
    fill(store, [leaf, stops])
    upgrade(store, registry)
    assert {one.inbox_id: one.reasons for one in store.stale(registry)} == {
        leaf.inbox_id: (Reason(Why.WAITING, "testchain", "chain_unavailable"),),
        stops.inbox_id: (Reason(Why.WAITING, None, "chain_unavailable"),),
    }


def test_a_damaged_snapshot_is_found_by_reading_all(upgraded: Store) -> None:
    saved = upgraded.snapshot(few()[ROOTS].inbox_id)
    assert saved is not None
    flipped = bytearray(saved.data)
    flipped[50] ^= 1
    for place, data in ((ROOTS, bytes(flipped)), (B, saved.data)):
        row = snapshots.c.inbox == row_key(few()[place].inbox_id)
        execute(upgraded, update(snapshots).where(row).values(data=data))
    registry = registry_with("testa", "testb")
    added = Reason(Why.KIND_ADDED, "testb")
    assert reasons(upgraded, registry) == {B: [added], BOTH: [added]}
    assert reasons(upgraded, registry, check=True) == {
        ROOTS: [Reason(Why.DAMAGED)],
        B: [added, Reason(Why.DAMAGED)],
        BOTH: [added],
    }
    done = upgrade(upgraded, registry, check=True)
    assert done == Upgraded(replayed=3, damaged=2)
    check_up_to_date(upgraded, registry)
    assert reasons(upgraded, registry, check=True) == {}


def test_stale_inboxes_are_found_by_indexes_alone(upgraded: Store) -> None:
    """With another revision, another root set, a new kind and a grown log."""
    upgrade(upgraded, revised(registry_with("testa"), "ethereum"))
    grow(upgraded, few()[PLAIN], None)
    upgrade(upgraded, registry_with("testa"))
    statements: list[tuple[str, Any]] = []

    @event.listens_for(upgraded._database._engine, "before_cursor_execute")
    def remember(*arguments: object) -> None:
        statement, parameters = arguments[2:4]
        assert isinstance(statement, str)
        if statement.startswith("SELECT"):
            statements.append((statement, parameters))

    registry = revised(registry_with("testa", "testb"), "testa")
    assert upgraded.count_stale(registry) == 3
    assert len(list(upgraded.stale(registry))) == 3
    assert len(statements) > 6
    with upgraded._database.reading() as connection:
        is_narrow = _is_narrow_in_sqlite
        explain = "EXPLAIN QUERY PLAN"
        if connection.dialect.name == "postgresql":
            is_narrow, explain = _is_narrow_in_postgresql, "EXPLAIN"
            # So few rows would be read from end to end whatever indexes there are.
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        for statement, parameters in statements:
            for *_, step in connection.exec_driver_sql(
                f"{explain} {statement}", parameters
            ):
                assert is_narrow(step), (step, statement)


def _is_narrow_in_sqlite(step: str) -> bool:
    """Whether a step of SQLite's plan reads no table from end to end.

    What one subquery found may be scanned, and the few sets of root kinds.
    """
    if not step.startswith("SCAN"):
        return True
    table = step.split()[1]
    return (
        table.startswith("anon_")
        or table == "root_sets"
        or ("USING INDEX inboxes_not_replayed" in step)
    )


def _is_narrow_in_postgresql(step: str) -> bool:
    """The same for PostgreSQL's plan."""
    return "Seq Scan on" not in step or any(
        f"Seq Scan on {table}" in step for table in ("root_sets", "kinds", "pg_")
    )


def test_stale_inboxes_come_once_each_across_pieces(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "_PIECE", 3)
    inboxes = [
        with_leaf(str(n), leaf_a(str(n)) if n % 2 else leaf_b(str(n)))
        for n in range(20)
    ]
    fill(store, inboxes)
    upgrade(store, root_registry())
    for inbox in inboxes[::3]:
        grow(store, inbox, None)
    registry = registry_with("testa", "testb")
    found = [one.inbox_id for one in store.stale(registry)]
    assert found == [inbox.inbox_id for inbox in by_key(inboxes)]
    assert list(store.inboxes()) == found


# Against the definition


SETS: Final = (
    (),
    (TESTA,),
    (TESTB, CHAIN),
    (TESTA, TESTB, CHAIN),
    (replace(TESTA, revision=2), TESTB),
    (replace(TESTB, extension="rival.v1.rival"),),
)
OWNERS: Final = [Wallet(name) for name in ("one", "two", "three")]
LEAVES: Final = [leaf_a("a"), leaf_a("aa"), leaf_b("b"), leaf_chain("c")]


@settings(
    max_examples=settings().max_examples // 4,  # files take their time
    stateful_step_count=20,
    suppress_health_check=[HealthCheck.too_slow],
)
class AStoreInUse(RuleBasedStateMachine):
    """Clients with changing plugins and chains work on one store."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.store = Store.open(f"{self.folder.name}/store.db")
        self.inboxes = [Inbox(owner) for owner in OWNERS]
        self.registry = root_registry()
        self.context: Context = {}
        fill(self.store, self.inboxes[:2])
        fill(self.store, self.inboxes[2:])

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()

    @rule(kinds=st.sampled_from(SETS))
    def change_plugins(self, kinds: tuple[object, ...]) -> None:
        roots = [kind for kind in self.registry.kinds if kind.is_root]
        self.registry = Registry([*roots, *kinds])  # type: ignore[list-item]  # kinds

    @rule(name=st.sampled_from(["ethereum", "passkey"]))
    def revise_a_root_plugin(self, name: str) -> None:
        self.registry = revised(self.registry, name)

    @rule(up=st.booleans())
    def chains_come_or_go(self, up: bool) -> None:
        verdicts = {leaf_chain("c").value: True}
        self.context = {"testchain": verdicts, "ethereum": StubChain()} if up else {}

    @rule(place=st.integers(0, 2), leaf=st.sampled_from(LEAVES), revoked=st.booleans())
    def leaf_update(self, place: int, leaf: Signer, revoked: bool) -> None:
        inbox, by = self.inboxes[place], OWNERS[place]
        action = Revoke(leaf, by) if revoked else Add(leaf, by)
        grow(self.store, inbox, inbox.update(action, leaf=True))

    @rule(
        place=st.integers(0, 2),
        new=st.sampled_from([Installation("app"), smart_wallet("safe")]),
    )
    def root_update(self, place: int, new: Signer) -> None:
        inbox = self.inboxes[place]
        grow(self.store, inbox, inbox.update(Add(new, OWNERS[place])))

    @rule()
    def upgrade(self) -> None:
        before = {one.inbox_id for one in self.store.stale(self.registry)}
        done = upgrade(self.store, self.registry, context=self.context)
        assert done.inboxes == len(before)
        after = {one.inbox_id for one in self.store.stale(self.registry)}
        assert done.waiting == len(after)
        assert after <= before

    @invariant()
    def what_is_stale_is_what_the_definition_says(self) -> None:
        expected = set()
        for inbox in self.inboxes:
            saved = self.store.snapshot(inbox.inbox_id)
            head = saved and peek(saved.data)
            if (
                head is None
                or head.position != len(inbox.log)
                or not head.fits(self.registry)
            ):
                expected.add(inbox.inbox_id)
        found = list(self.store.stale(self.registry))
        assert {one.inbox_id for one in found} == expected
        assert self.store.count_stale(self.registry) == len(found) == len(expected)
        assert all(one.reasons for one in found)

    @rule()
    def what_is_not_stale_is_what_a_fresh_replay_comes_to(self) -> None:
        stale = {one.inbox_id for one in self.store.stale(self.registry)}
        everywhere: Context = {
            "testchain": {leaf_chain("c").value: True},
            "ethereum": StubChain(),
        }
        for inbox in self.inboxes:
            if inbox.inbox_id in stale:
                continue
            saved = self.store.snapshot(inbox.inbox_id)
            assert saved is not None
            # Layers of plugins that went stay until something is written.
            loaded = load(saved.data, self.registry, inbox.inbox_id)
            whole = fresh(inbox.inbox_id, inbox.log, self.registry, everywhere)
            assert dump(loaded, self.registry) == whole
            result = replay(
                inbox.inbox_id, inbox.log, self.registry, context=everywhere
            )
            save = save_of(result, self.registry, None, log=inbox.log)
            # And so do the rows of the kinds that are not here.
            assert {
                (row.number, row.identifier): (row.associated, row.revoked)
                for row in self.store.associations(inbox.inbox_id)
                if row.number in self.registry.by_member
            } == save.associations


TestAStoreInUse = AStoreInUse.TestCase
