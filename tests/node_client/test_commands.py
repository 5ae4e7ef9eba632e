"""A person works on an inbox that lives on a node of `xid serve`."""

from __future__ import annotations

import pytest

from .serving import Desk, values


def test_an_inbox_lives_on_a_node_from_its_creation_to_its_heir(desk: Desk) -> None:
    wallet, heir, app = (
        desk.key("ethereum"),
        desk.key("ethereum"),
        desk.key("installation"),
    )
    passkey, sol, btc = desk.key("passkey"), desk.key("solana"), desk.key("bitcoin")

    def act(command: str, *arguments: str) -> tuple[str, ...]:
        return ("inbox", command, "--as", wallet, *arguments)

    created = desk.json(*act("create", "--installation", app))
    inbox_id = created["inbox_id"]
    assert created["entries"] == 1
    for entries, newcomer in enumerate((heir, passkey, sol, btc), start=2):
        linked = desk.json(*act("link", newcomer))
        assert linked["inbox_id"] == inbox_id
        assert linked["entries"] == entries
        assert values(linked["added"]) == {desk.identifier(newcomer)}

    # Every member of a kind that can be looked up leads to the inbox.
    for who in (wallet, heir, passkey, sol, btc):
        assert desk.json("whois", who)["inbox_id"] == inbox_id
    assert {kind for kind, _ in desk.members(inbox_id)} == {
        *("ethereum", "installation", "passkey", "solana", "bitcoin")
    }

    for gone in (sol, app):
        revoked = desk.json(*act("revoke", gone))
        assert values(revoked["removed"]) == {desk.identifier(gone)}
    assert desk.run("whois", sol).exit_code == 1

    # An app that was revoked comes back, linked by the passkey.
    again = desk.json("inbox", "link", "--as", passkey, app)
    assert again["inbox_id"] == inbox_id

    rotated = desk.json(*act("rotate", heir))
    assert rotated["recovery"]["identifier"] == desk.identifier(heir)
    stderr = desk.refused(*act("revoke", btc), code=1)
    assert "[not_recovery]" in stderr
    desk.json("inbox", "revoke", "--as", heir, wallet)
    assert desk.run("whois", wallet).exit_code == 1
    result = desk.json("replay", inbox_id)
    assert {one["outcome"] for one in result["outcomes"]} == {"applied"}
    assert len(result["outcomes"]) == 10


@pytest.mark.parametrize("kind", ["solana", "bitcoin"])
def test_a_leaf_goes_and_may_come_again(desk: Desk, kind: str) -> None:
    wallet, leaf = desk.key("ethereum"), desk.key(kind)
    desk.json("inbox", "create", "--as", wallet)
    for _ in range(2):
        desk.json("inbox", "link", "--as", wallet, leaf)
        assert (kind, desk.identifier(leaf)) in desk.members(leaf)
        desk.json("inbox", "revoke", "--as", wallet, leaf)
        assert (kind, desk.identifier(leaf)) not in desk.members(wallet)


def test_entries_on_the_node_are_shown_and_their_texts(desk: Desk) -> None:
    wallet, sol = desk.key("ethereum"), desk.key("solana")
    inbox_id = desk.json("inbox", "create", "--as", wallet)["inbox_id"]
    desk.json("inbox", "link", "--as", wallet, sol)
    assert desk.json("inspect", inbox_id, "--entry", "1")["index"] == 1
    text = desk.json("text", inbox_id, "--entry", "1")["text"]
    assert f"(Solana address: {desk.identifier(sol)})" in text


def test_the_nodes_refusal_is_told_with_its_code(desk: Desk) -> None:
    """The address log gives the owner to its first inbox (XIP-46)."""
    wallet = desk.key("ethereum")
    desk.json("inbox", "create", "--as", wallet)
    stderr = desk.refused("inbox", "create", "--as", wallet, "--nonce", "1", code=1)
    assert "[owner_taken] [node_refused]" in stderr


def test_a_store_keeps_what_the_node_served(desk: Desk) -> None:
    wallet, sol = desk.key("ethereum"), desk.key("solana")
    store = ("--store", str(desk.folder / "mine.db"))
    inbox_id = desk.json("inbox", "create", "--as", wallet, *store)["inbox_id"]
    desk.json("inbox", "link", "--as", wallet, sol)
    assert desk.json("whois", sol, *store)["inbox_id"] == inbox_id
    assert desk.json("inbox", "revoke", "--as", wallet, sol, *store)["entries"] == 3
