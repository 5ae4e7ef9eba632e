"""What clients say of the corpus is what they were recorded to say."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest

from .clients import CLIENTS, LIBXMTP, Client, Result, recorded, replayed
from .corpus import Log, make, read
from .page import FORMS, PAGE, ROOT_KINDS, page, root_of
from .record import said_by_libxmtp

if TYPE_CHECKING:
    from tests.interop.oracle import Libxmtp

each_client = pytest.mark.parametrize("client", CLIENTS.values(), ids=list(CLIENTS))


def _by_log(client: Client) -> dict[str, Result]:
    names = [log.name for log in read()]
    return dict(zip(names, recorded(client.file), strict=True))


def test_the_corpus_holds_every_log_once() -> None:
    names = [log.name for log in read()]
    assert len(set(names)) == len(names)
    assert {log.name for log in make()} <= set(names)


@each_client
def test_a_client_says_what_it_was_recorded_to_say(client: Client) -> None:
    logs = read()
    results = zip(logs, recorded(client.file), strict=True)
    said = replayed(logs, client.registry)
    for (log, result), now in zip(results, said, strict=True):
        assert now == result, log.name


def _pairs() -> list[tuple[Client, Client]]:
    """Clients with the same root kinds, one of which has more leaf kinds."""
    return [
        (less, more)
        for less, more in permutations(CLIENTS.values(), 2)
        if set(less.plugins) < set(more.plugins)
        and ("passkey" in less.plugins) is ("passkey" in more.plugins)
    ]


@pytest.mark.parametrize(("less", "more"), _pairs(), ids=lambda client: client.name)
def test_the_smaller_client_says_the_same_without_the_layers_that_it_lacks(
    less: Client, more: Client
) -> None:
    for log, small, large in zip(
        read(), recorded(less.file), recorded(more.file), strict=True
    ):
        assert small["authoritative"] is large["authoritative"], log.name
        assert small["deviates"] == large["deviates"], log.name
        assert small["stopped_at"] == large["stopped_at"], log.name
        assert _without(small, less) == _without(large, less), log.name


def _without(result: Result, client: Client) -> Any:
    """The state in a result without the layers that a client lacks."""
    state = result["state"]
    if state is None:
        return None
    known = {*client.plugins, "installation"}
    members = [one for one in state["members"] if one["kind"] in known]
    return {**state, "members": members}


# XMTP's own client


def _libxmtp() -> list[tuple[Log, Any]]:
    return list(zip(read(), recorded(LIBXMTP), strict=True))


def test_libxmtp_says_what_it_was_recorded_to_say(libxmtp: Libxmtp) -> None:
    said = said_by_libxmtp(read(), libxmtp)
    for (log, state), now in zip(_libxmtp(), said, strict=True):
        assert now == state, log.name


def test_libxmtp_reads_leaf_updates_in_field_100_to_the_same_root() -> None:
    ours = _by_log(CLIENTS["experiment"])
    in_field_100 = [one for one in _libxmtp() if one[0].form == FORMS[0]]
    assert len(in_field_100) == 3
    for log, state in in_field_100:
        assert state == root_of(ours[log.name]["state"]), log.name
        kinds = {member["kind"] for member in ours[log.name]["state"]["members"]}
        assert log.kind in kinds


@pytest.mark.parametrize("form", FORMS[1:])
def test_in_the_other_forms_libxmtp_cant_read_the_inbox_and_we_lose_an_entry(
    form: str,
) -> None:
    cases = [one for one in _libxmtp() if one[0].form == form]
    assert len(cases) == 3
    for log, state in cases:
        assert state is None, log.name
        for client in CLIENTS.values():
            result = _by_log(client)[log.name]
            endings = [one.partition(" ")[0] for one in result["outcomes"]]
            failed = "rejected" if form == "actions" else "discarded"
            assert endings.count(failed) == 2
            assert endings.count("applied") == len(log.log) - 2
            assert result["authoritative"] is (form == "actions")


def test_of_a_later_kind_only_a_root_kind_makes_anyone_uncertain() -> None:
    for log in read():
        if log.kind and not log.form:
            for client in CLIENTS.values():
                certain = _by_log(client)[log.name]["authoritative"]
                is_root = log.kind in ROOT_KINDS
                lacks = log.kind not in {*client.plugins, "installation"}
                assert certain is not (is_root and lacks), (log.name, client.name)


def test_the_page_says_what_was_recorded() -> None:
    assert PAGE.read_text("utf-8") == page(), "run `python -m tests.compat.record`"
