"""Resuming: whatever came before, the same as a fresh replay."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.chain import StubChain
from tests.support.leaf_kinds import (
    TESTA,
    full_registry,
    leaf_a,
    leaf_b,
    leaf_chain,
    registry_with,
    root_registry,
)
from tests.support.random_logs import RandomLog, seeds
from tests.support.results import APPLIED, briefs, everything, names, run, state_of
from tests.support.signers import Installation, Passkey, Wallet, smart_wallet
from tests.support.updates import Add, Change, Inbox, Revoke

from xmtp_identity import Kind, Registry, ReplayResult, Snapshot, replay, resume
from xmtp_identity.errors import BadInput
from xmtp_identity.kinds import Context

OWNER = Wallet("owner")
OTHER = Wallet("other")
APP = Installation("app")
KEY = Passkey("key")
SOL = leaf_a("sol")
BTC = leaf_b("btc")
ALL = ("testa", "testb", "testchain")


def _revised(kind: Kind) -> Kind:
    return replace(kind, revision=kind.revision + 1)


def _moved(kind: Kind) -> Kind:
    """The same number by another plugin."""
    return replace(kind, extension="somebody.else.v1.identifier")


@cache
def clients() -> dict[str, Registry]:
    """Clients that differ in what is installed."""
    everything_ = registry_with(*ALL)
    without_a = registry_with("testb", "testchain").kinds
    (passkey,) = [kind for kind in everything_.kinds if kind.name == "passkey"]
    others = [kind for kind in everything_.kinds if kind.name != "passkey"]
    return {
        "all": everything_,
        "a": registry_with("testa"),
        "b": registry_with("testb"),
        "none": root_registry(),
        "a revised": Registry([*without_a, _revised(TESTA)]),
        "a by another": Registry([*without_a, _moved(TESTA)]),
        "no passkey": Registry(others),
        "passkey revised": Registry([*others, _revised(passkey)]),
    }


each_client = st.sampled_from(
    [
        "all",
        "a",
        "b",
        "none",
        "a revised",
        "a by another",
        "no passkey",
        "passkey revised",
    ]
)


def snapshot_of(result: ReplayResult) -> Snapshot:
    assert result.snapshot is not None
    return result.snapshot


def content(snapshot: Snapshot) -> tuple[object, ...]:
    """A copy of all that a snapshot holds, comparable."""
    root = snapshot.root
    return (
        snapshot.inbox_id,
        snapshot.position,
        root.recovery,
        dict(root.members),
        set(root.words),
        set(root.seen),
        {m: set(root.added_by(m)) for m in root.members},
        {
            number: (dict(layer.members), set(layer.words), record)
            for number, (layer, record) in snapshot.layers.items()
        },
        snapshot.roots,
        snapshot.named,
        snapshot.leaf_entries,
        snapshot.deviates,
        snapshot.unknown_root,
    )


def check_resume(
    inbox_id: str,
    log: list[bytes | None],
    before: Registry,
    after: Registry,
    position: int,
    context: Context,
) -> None:
    """One client goes as far as ``position``, another one goes on."""
    first = snapshot_of(replay(inbox_id, log[:position], before, context=context))
    kept = content(first)
    resumed = resume(first, log, after, context=context)
    fresh = replay(inbox_id, log, after, context=context)
    tail = fresh.outcomes
    if first.fits(after):
        tail = tuple(o for o in fresh.outcomes if o.index >= first.position)
    assert everything(resumed, resumed.outcomes) == everything(fresh, tail)
    if fresh.stopped_at is not None and fresh.stopped_at < first.position:
        assert resumed.snapshot is first
    else:
        assert content(snapshot_of(resumed)) == content(snapshot_of(fresh))
    assert content(first) == kept, "resuming changed the snapshot it started from"


@given(seeds, each_client, each_client, st.integers(0, 12))
def test_resuming_is_a_fresh_replay(
    seed: int, before: str, after: str, position: int
) -> None:
    random = RandomLog(seed)
    check_resume(
        random.inbox_id,
        random.log,
        clients()[before],
        clients()[after],
        position,
        random.context,
    )


@given(seeds, st.lists(st.tuples(each_client, st.integers(0, 4)), max_size=4))
def test_resuming_many_times_with_changing_clients_is_a_fresh_replay(
    seed: int, steps: list[tuple[str, int]]
) -> None:
    random = RandomLog(seed)
    inbox_id, log, context = random.inbox_id, random.log, random.context
    snapshot = snapshot_of(replay(inbox_id, [], clients()["all"]))
    position = 0
    for client, more in [*steps, ("all", len(log))]:
        position = min(len(log), max(position + more, snapshot.position))
        registry = clients()[client]
        result = resume(snapshot, log[:position], registry, context=context)
        fresh = replay(inbox_id, log[:position], registry, context=context)
        assert everything(result, ()) == everything(fresh, ())
        snapshot = snapshot_of(result)


def long_inbox() -> tuple[Inbox, Context]:
    """A log with everything in it that a snapshot has to remember."""
    safe, chained = smart_wallet("safe"), leaf_chain("chained")
    inbox = Inbox(OWNER)
    inbox.append(Add(OTHER, OWNER), Add(APP, OWNER))
    inbox.append_leaf(Add(SOL, OTHER))
    inbox.append(Add(KEY, OWNER))
    inbox.push(inbox.log[1])
    inbox.append_leaf(Add(BTC, KEY), Add(leaf_b("two"), APP))
    inbox.append(Add(safe, OWNER))
    inbox.append_leaf(Add(chained, safe))
    inbox.append(Change(KEY, OWNER))
    inbox.append_leaf(Revoke(SOL, OWNER))
    inbox.append_leaf(Revoke(BTC, KEY))
    inbox.append(Revoke(OTHER, KEY))
    inbox.push(inbox.log[2])
    return inbox, {"ethereum": StubChain(), "testchain": {chained.value: True}}


@pytest.mark.parametrize("position", range(len(long_inbox()[0].log) + 1))
def test_resuming_anywhere_with_any_client_is_a_fresh_replay(position: int) -> None:
    inbox, context = long_inbox()
    for before in clients().values():
        for after in clients().values():
            check_resume(inbox.inbox_id, inbox.log, before, after, position, context)


def test_adding_a_plugin_replays_only_the_inboxes_that_name_it() -> None:
    with_leaf, without = Inbox(OWNER), Inbox(OTHER)
    with_leaf.append_leaf(Add(SOL, OWNER))
    without.append_leaf(Add(BTC, OTHER))
    old, new = registry_with("testb"), registry_with("testa", "testb")
    for inbox, fits in ((with_leaf, False), (without, True)):
        snapshot = snapshot_of(replay(inbox.inbox_id, inbox.log, old))
        assert snapshot.fits(new) is fits
        inbox.append(Add(APP, inbox.owner))
        result = resume(snapshot, inbox.log, new)
        indices = [outcome.index for outcome in result.outcomes]
        assert indices == ([2] if fits else [0, 1, 2])
        assert result.missing == ()


def test_an_update_that_names_a_kind_but_fails_counts_as_naming_it() -> None:
    """Without the plugin nobody can tell that it fails."""
    inbox = Inbox(OWNER)
    inbox.append_leaf(Add(SOL, OTHER))
    snapshot = snapshot_of(replay(inbox.inbox_id, inbox.log, root_registry()))
    assert snapshot.named == {1000}
    assert not snapshot.fits(registry_with("testa"))
    assert snapshot.fits(registry_with("testb"))


def test_removing_a_plugin_takes_the_layer_and_its_record_away() -> None:
    inbox = Inbox(OWNER)
    inbox.append_leaf(Add(SOL, OWNER))
    with_a, without = registry_with("testa", "testb"), registry_with("testb")
    snapshot = snapshot_of(replay(inbox.inbox_id, inbox.log, with_a))
    assert snapshot.fits(without)
    result = resume(snapshot, inbox.log, without)
    assert result.outcomes == ()
    assert result.missing == ("1000",)
    assert state_of(result).layers == {}
    assert snapshot_of(result).layers == {}
    # And so the plugin's return replays, though it is the same one.
    assert not snapshot_of(result).fits(with_a)
    assert SOL.value in names(resume(snapshot_of(result), inbox.log, with_a))


def test_a_changed_leaf_kind_replays_the_inboxes_that_name_it() -> None:
    inbox = Inbox(OWNER)
    inbox.append_leaf(Add(SOL, OWNER))
    inbox_2 = Inbox(OTHER)
    for other, fits in ((inbox, False), (inbox_2, True)):
        snapshot = snapshot_of(
            replay(other.inbox_id, other.log, registry_with("testa"))
        )
        for client in ("a revised", "a by another"):
            assert snapshot.fits(clients()[client]) is fits


@pytest.mark.parametrize("client", ["no passkey", "passkey revised"])
def test_a_changed_root_kind_replays_everything(client: str) -> None:
    inbox = Inbox(OWNER)
    snapshot = snapshot_of(replay(inbox.inbox_id, inbox.log, clients()["all"]))
    assert not snapshot.fits(clients()[client])
    assert len(resume(snapshot, inbox.log, clients()[client]).outcomes) == 1


def test_a_new_root_kind_makes_an_uncertain_state_certain() -> None:
    inbox = Inbox(OWNER)
    inbox.append(Add(KEY, OWNER))
    before = replay(inbox.inbox_id, inbox.log, clients()["no passkey"])
    assert not before.authoritative
    after = resume(snapshot_of(before), inbox.log, clients()["all"])
    assert after.authoritative
    assert set(briefs(after)) == {APPLIED}


def test_uncertainty_is_remembered() -> None:
    inbox = Inbox(OWNER)
    inbox.push(b"\x0a\x02\x3a\x00" + inbox.update(Add(OTHER, OWNER)))
    before = run(inbox)
    assert not before.authoritative
    inbox.append(Add(APP, OWNER))
    after = resume(snapshot_of(before), inbox.log, full_registry())
    assert briefs(after) == [APPLIED]
    assert not after.authoritative


def test_a_deviation_is_remembered() -> None:
    inbox = Inbox(OWNER)
    update = inbox.update(Add(OTHER, OWNER))
    inbox.push(update + b"\xa0\x06\x01")
    before = run(inbox)
    assert before.deviates == 1
    inbox.push(update + b"\xa0\x06\x01")
    after = resume(snapshot_of(before), inbox.log, full_registry())
    assert after.outcomes[0].deviation
    assert after.deviates == 1


def test_a_stop_is_not_stored() -> None:
    inbox = Inbox(OWNER)
    inbox.append(Add(smart_wallet("safe"), OWNER))
    stopped = run(inbox)
    assert not stopped.authoritative
    snapshot = snapshot_of(stopped)
    assert (snapshot.position, snapshot.unknown_root) == (1, False)
    again = resume(snapshot, inbox.log[:1], full_registry())
    assert again.authoritative
    assert again.stopped_at is None


def test_a_replay_that_stops_before_the_snapshot_does_not_replace_it() -> None:
    inbox = Inbox(OWNER)
    inbox.append(Add(smart_wallet("safe"), OWNER))
    inbox.append(Add(APP, OWNER))
    stub: Context = {"ethereum": StubChain()}
    snapshot = snapshot_of(
        replay(inbox.inbox_id, inbox.log, clients()["all"], context=stub)
    )
    result = resume(snapshot, inbox.log, clients()["passkey revised"])
    assert result.stopped_at == 1
    assert names(result) == {OWNER.value}
    assert not result.authoritative
    assert result.snapshot is snapshot
    # It still serves the client that it fits.
    assert APP.value in names(resume(snapshot, inbox.log, clients()["all"]))


def test_a_stop_at_the_snapshots_position_or_later_replaces_it() -> None:
    inbox = Inbox(OWNER)
    before = snapshot_of(run(inbox))
    inbox.append(Add(APP, OWNER))
    inbox.append(Add(smart_wallet("safe"), OWNER))
    for registry in (clients()["all"], clients()["passkey revised"]):
        result = resume(before, inbox.log, registry)
        assert result.stopped_at == 2
        assert snapshot_of(result).position == 2


def test_a_log_that_became_shorter_is_bad_input() -> None:
    inbox = Inbox(OWNER)
    inbox.append(Add(APP, OWNER))
    snapshot = snapshot_of(run(inbox))
    with pytest.raises(BadInput) as error:
        resume(snapshot, inbox.log[:1], full_registry())
    assert error.value.code == "log_shortened"


def test_resuming_where_nothing_came_gives_the_state_again() -> None:
    inbox, context = long_inbox()
    first = run(inbox, context)
    again = resume(snapshot_of(first), inbox.log, full_registry(), context=context)
    assert again.outcomes == ()
    assert everything(again, ()) == everything(first, ())


def test_states_do_not_change_when_replay_goes_on() -> None:
    inbox = Inbox(OWNER)
    first = run(inbox)
    members = state_of(first).members
    inbox.append(Add(APP, OWNER))
    inbox.append_leaf(Add(SOL, OWNER))
    resume(snapshot_of(first), inbox.log, full_registry())
    assert state_of(first).members == members
    with pytest.raises(TypeError):
        state_of(first).root[OWNER.identifier] = members[0]  # type: ignore[index]
