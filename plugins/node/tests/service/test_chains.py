"""Inboxes whose state hangs on a chain, and blocks that are too old."""

from __future__ import annotations

import pytest
from tests.support.signers import Installation, Passkey, Wallet
from tests.support.updates import Add, Create, Inbox, inbox_id_for, write

from xmtp_identity_node.service.limits import Limits
from xmtp_identity_node.service.service import Service
from xmtp_identity_store.store import Entry, Store

from .support import (
    REGISTRY,
    HeadedChain,
    check_consistent,
    creation,
    inbox_of,
    refused,
    serving,
    smart_wallet,
)

AWAY = {"ethereum": HeadedChain(away=frozenset({1}))}


def with_smart_wallet(name: str = "alice") -> Inbox:
    inbox = inbox_of(name)
    inbox.append(Add(smart_wallet("safe"), inbox.owner))
    return inbox


def put(store: Store, inbox: Inbox) -> None:
    store.append(inbox.inbox_id, [Entry(one) for one in inbox.log])


@pytest.mark.parametrize("context", [{}, AWAY])
def test_nothing_is_admitted_on_a_replay_that_stopped(
    store: Store, context: dict[str, object]
) -> None:
    inbox = with_smart_wallet()
    put(store, inbox)
    update = inbox.update(Add(Installation("app"), inbox.owner))

    async def work(service: Service) -> None:
        for _ in range(2):
            with pytest.raises(Exception, match="eip155:1") as caught:
                await service.publish(update)
            assert getattr(caught.value, "code", "") == "state_unavailable"
            assert getattr(caught.value, "retryable", False)

    serving(store, work, context=context)
    assert store.log(inbox.inbox_id) == inbox.log


def test_it_goes_on_when_the_chain_can_be_asked(store: Store) -> None:
    inbox = with_smart_wallet()
    put(store, inbox)
    update = inbox.update(Add(Installation("app"), inbox.owner))

    async def without(service: Service) -> None:
        assert await refused(service.publish(update)) == "state_unavailable"

    async def with_chain(service: Service) -> None:
        await service.publish(update)

    serving(store, without)
    serving(store, with_chain, context={"ethereum": HeadedChain()})
    assert store.log(inbox.inbox_id) == [*inbox.log, update]


def test_an_inbox_that_waits_is_not_replayed_for_every_question(store: Store) -> None:
    inbox = with_smart_wallet()
    put(store, inbox)
    chain = HeadedChain(away=frozenset({1}))
    update = inbox.update(Add(Installation("app"), inbox.owner))

    async def work(service: Service) -> None:
        assert await refused(service.publish(update)) == "state_unavailable"
        asked = len(chain.asked)
        for _ in range(5):
            assert await refused(service.publish(update)) == "state_unavailable"
        assert len(chain.asked) == asked

    serving(store, work, context={"ethereum": chain})


def test_what_is_known_of_an_inbox_that_waits_can_be_read(store: Store) -> None:
    inbox = with_smart_wallet()
    put(store, inbox)

    async def work(service: Service) -> None:
        answer = await service.members(inbox.inbox_id)
        assert answer.state is not None
        assert [one.identifier for one in answer.state.members] == [
            inbox.owner.identifier
        ]
        assert not answer.authoritative
        assert answer.stopped_at == 1
        assert "eip155:1" in answer.detail
        history = await service.history(inbox.inbox_id)
        assert [(one.outcome, one.code) for one in history] == [
            ("applied", ""),
            ("unavailable", "chain_unavailable"),
        ]
        assert await service.updates([(inbox.inbox_id, 0)]) != [[]]

    serving(store, work)


def test_an_update_that_needs_a_chain_can_be_published_again_later(
    store: Store,
) -> None:
    inbox = inbox_of("alice")
    update = inbox.update(Add(smart_wallet("safe"), inbox.owner))

    async def away(service: Service) -> None:
        await service.publish(creation(inbox))
        assert await refused(service.publish(update)) == "chain_unavailable"

    async def back(service: Service) -> None:
        await service.publish(update)

    serving(store, away, context=AWAY)
    serving(store, back, context={"ethereum": HeadedChain()})
    assert len(store.log(inbox.inbox_id)) == 2


@pytest.mark.parametrize(
    ("head", "code"),
    [(1000, ""), (1010, ""), (1011, "smart_wallet_block_old"), (990, "")],
)
def test_a_pinned_block_is_within_a_set_distance_of_the_newest(
    store: Store, head: int, code: str
) -> None:
    inbox = inbox_of("alice")
    update = inbox.update(Add(smart_wallet("safe", block=1000), inbox.owner))

    async def work(service: Service) -> None:
        await service.publish(creation(inbox))
        if code:
            assert await refused(service.publish(update)) == code
        else:
            await service.publish(update)

    serving(
        store,
        work,
        context={"ethereum": HeadedChain(heads={1: head})},
        limits=Limits(wallet_blocks=10),
    )


def test_a_chain_may_have_a_distance_of_its_own(store: Store) -> None:
    inbox = inbox_of("alice")
    update = inbox.update(Add(smart_wallet("safe", block=1000), inbox.owner))

    async def work(service: Service) -> None:
        await service.publish(creation(inbox))
        await service.publish(update)

    serving(
        store,
        work,
        context={"ethereum": HeadedChain(heads={1: 1900})},
        limits=Limits(wallet_blocks=10, wallet_blocks_by_chain={1: 900}),
    )


def test_a_smart_wallet_may_create_an_inbox(store: Store) -> None:
    wallet = smart_wallet("safe")
    inbox_id = inbox_id_for(wallet)
    update = write(inbox_id, Create(wallet))

    async def work(service: Service) -> None:
        await service.publish(update)
        assert await service.inbox_ids([(1, wallet.value)]) == [inbox_id]

    serving(store, work, context={"ethereum": HeadedChain()})


def test_nothing_is_admitted_where_the_node_is_too_old_to_know_who_may_act(
    store: Store,
) -> None:
    inbox = inbox_of("alice")
    inbox.append(Add(Passkey("key"), inbox.owner))
    put(store, inbox)
    update = inbox.update(Add(Installation("app"), inbox.owner))

    async def older(service: Service) -> None:
        assert await refused(service.publish(update)) == "not_authoritative"
        assert not (await service.members(inbox.inbox_id)).authoritative

    async def newer(service: Service) -> None:
        await service.publish(update)

    serving(store, older, registry=REGISTRY.without("passkey"))
    serving(store, newer)
    check_consistent(store)


def test_a_wallet_added_in_vain_leaves_the_inbox_as_it_was(store: Store) -> None:
    inbox = inbox_of("alice")
    forged = inbox.update(Add(Wallet("bob"), inbox.owner, signed_by=Wallet("eve")))

    async def work(service: Service) -> None:
        await service.publish(creation(inbox))
        code = await refused(service.publish(forged))
        assert code == "signer_mismatch"
        assert await service.inbox_ids([(1, Wallet("bob").value)]) == [None]

    serving(store, work)
