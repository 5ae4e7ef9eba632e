"""HTTP: XMTP's API as JSON, and look-ups."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any, Final

import pytest
from google.protobuf import json_format
from tests.support.leaf_kinds import leaf_a, registry_with
from tests.support.signers import Installation, Wallet
from tests.support.updates import Add, Revoke

from xmtp_identity_node.upstream import Upstream
from xmtp_identity_store.store import Entry, Store

from .support import KEY_PACKAGE, REGISTRY, Client, creation, inbox_of, serving

PUBLISH: Final = "/identity/v1/publish-identity-update"
UPDATES: Final = "/identity/v1/get-identity-updates"
INBOX_IDS: Final = "/identity/v1/get-inbox-ids"
WALLETS: Final = "/identity/v1/verify-smart-contract-wallet-signatures"


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


def documented(update: bytes) -> dict[str, Any]:
    """An update as XMTP's documentation writes it."""
    message = Upstream(REGISTRY).update.FromString(update)
    value: dict[str, Any] = json_format.MessageToDict(message)
    return value


def test_both_forms_of_publishing_store_the_same_bytes(tmp_path: Path) -> None:
    alice, bob = inbox_of("alice"), inbox_of("bob")

    async def work(client: Client) -> None:
        by_object = {"identityUpdate": documented(creation(alice))}
        assert await client.post(PUBLISH, by_object) == (200, {})
        by_bytes = {"identityUpdate": base64_of(creation(bob))}
        assert await client.post(PUBLISH, by_bytes) == (200, {})
        assert await client.log(alice.inbox_id) == [creation(alice)]
        assert await client.log(bob.inbox_id) == [creation(bob)]

    serving(tmp_path, work)


def test_names_in_json_are_upstreams_whatever_the_extension_is_called(
    tmp_path: Path,
) -> None:
    inbox = inbox_of("alice")
    update = inbox.update(
        Add(Wallet("second"), inbox.owner), Add(Installation("app"), inbox.owner)
    )

    async def work(client: Client) -> None:
        await client.publish(creation(inbox))
        await client.publish(update)
        asked = {"requests": [{"inboxId": inbox.inbox_id, "sequenceId": "0"}]}
        status, answer = await client.post(UPDATES, asked)
        assert status == 200
        first, second = answer["responses"][0]["updates"]
        assert int(first["sequenceId"]) < int(second["sequenceId"])
        assert base64.b64decode(second["updateBytes"]) == update
        create = first["update"]["actions"][0]["createInbox"]
        assert create["initialIdentifierKind"] == "IDENTIFIER_KIND_ETHEREUM"
        assert set(create["initialIdentifierSignature"]) == {"erc191"}
        wallet, app = (one["add"] for one in second["update"]["actions"])
        assert wallet["newMemberIdentifier"] == {
            "ethereumAddress": Wallet("second").value
        }
        assert set(app["newMemberIdentifier"]) == {"installationPublicKey"}
        assert set(app["newMemberSignature"]) == {"installationKey"}
        # What a client reads it can publish: the same bytes come out again.
        message = Upstream(REGISTRY).update()
        json_format.ParseDict(second["update"], message)
        assert message.SerializeToString() == update

    serving(tmp_path, work)


def test_refusals_are_statuses_of_google_rpc_with_our_code(tmp_path: Path) -> None:
    inbox = inbox_of("alice")
    stranger = inbox.update(Add(Wallet("bob"), Wallet("mallory")))

    async def work(client: Client) -> None:
        await client.publish(creation(inbox))
        encoded = base64_of(stranger)
        status, body = await client.post(PUBLISH, {"identityUpdate": encoded})
        assert status == 400
        assert body["code"] == 9  # FAILED_PRECONDITION
        assert body["details"] == [{"reason": "not_a_member"}]
        other = base64_of(creation(inbox_of("alice", 1)))
        status, body = await client.post(PUBLISH, {"identityUpdate": other})
        assert (status, body["details"]) == (409, [{"reason": "owner_taken"}])
        status, body = await client.get("/v1/inboxes/" + "0" * 64)
        assert (status, body["details"]) == (404, [{"reason": "no_such_inbox"}])
        for path, status in (("/nowhere", 404), (PUBLISH, 405)):
            assert (await client.get(path))[0] == status

    serving(tmp_path, work)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[]",
        b"{",
        b'{"identityUpdate": 5}',
        b'{"identityUpdate": "AA==", "more": 1}',
        b'{"identityUpdate": "AA==", "identityUpdate": "AA=="}',
        b'{"identityUpdate": "A A="}',
        b'{"identityUpdate": {"unknown": 1}}',
        b'{"identityUpdate": {"clientTimestampNs": "99999999999999999999999"}}',
        b'{"identityUpdate": ' + b'{"actions": [' * 5000,
        b"[" * 100_000,
        b'{"identityUpdate": ' + b"9" * 5000 + b"}",
        json.dumps({"identityUpdate": {"inboxId": "\ud800"}}).encode(),
    ],
    ids=range(14),
)
def test_a_body_that_is_no_request_is_the_clients_error(
    tmp_path: Path, body: bytes
) -> None:
    async def work(client: Client) -> None:
        status, answer = await client.post(PUBLISH, body)
        assert status == 400, answer
        assert answer["details"][0]["reason"] in {"undecodable", "no_update"}

    serving(tmp_path, work)


def test_key_packages_go_in_and_out_in_base64(tmp_path: Path) -> None:
    package = base64_of(bytes.fromhex(KEY_PACKAGE["key_package"]))
    key = base64_of(bytes.fromhex(KEY_PACKAGE["installation"]))

    async def work(client: Client) -> None:
        upload = {"keyPackage": {"keyPackageTlsSerialized": package}}
        assert await client.post("/mls/v1/upload-key-package", upload) == (200, {})
        fetch = {"installationKeys": [key]}
        status, answer = await client.post("/mls/v1/fetch-key-packages", fetch)
        assert status == 200
        assert answer == {"keyPackages": [{"keyPackageTlsSerialized": package}]}

    serving(tmp_path, work)


def test_inbox_ids_take_kinds_by_name_and_by_number(tmp_path: Path) -> None:
    inbox = inbox_of("alice")

    async def work(client: Client) -> None:
        await client.publish(creation(inbox))
        kinds: list[Any] = ["IDENTIFIER_KIND_ETHEREUM", 1, "IDENTIFIER_KIND_SOLANA"]
        asked = [
            {"identifier": inbox.owner.value, "identifierKind": kind} for kind in kinds
        ]
        status, answer = await client.post(INBOX_IDS, {"requests": asked})
        assert status == 200
        found = [one.get("inboxId") for one in answer["responses"]]
        assert found == [inbox.inbox_id, inbox.inbox_id, None]
        assert answer["responses"][2]["identifierKind"] == "IDENTIFIER_KIND_SOLANA"

    serving(tmp_path, work)


def test_without_a_chain_no_smart_wallet_is_called_invalid(tmp_path: Path) -> None:
    async def work(client: Client) -> None:
        asked = {
            "signatures": [
                {
                    "accountId": "eip155:1:0x" + "1" * 40,
                    "signature": "AA==",
                    "hash": base64_of(bytes(32)),
                }
            ]
        }
        status, answer = await client.post(WALLETS, asked)
        assert status == 503
        assert answer["details"] == [{"reason": "chain_unavailable"}]

    serving(tmp_path, work)


def test_look_ups_show_members_identifiers_and_history(tmp_path: Path) -> None:
    inbox = inbox_of("alice")
    phone, owner = Wallet("phone"), inbox.owner

    async def work(client: Client) -> None:
        inbox.append(Add(phone, owner))
        inbox.append(Add(Installation("app"), phone))
        inbox.append(Revoke(phone, owner))
        for update in inbox.log:
            assert update is not None
            await client.publish(update)
        at = f"/v1/inboxes/{inbox.inbox_id}"
        status, state = await client.get(at)
        assert status == 200
        assert [one["identity"] for one in state["members"]] == [
            {"kind": "ethereum", "identifier": owner.value}
        ]
        assert (state["entries"], state["authoritative"]) == ("4", True)
        _, found = await client.get(f"{at}/identifiers")
        rows = {
            one["identity"]["identifier"]: (one["associated"], one.get("revoked"))
            for one in found["associations"]
        }
        assert rows == {
            owner.value: ("0", None),
            phone.value: ("1", "3"),
            Installation("app").value: ("2", "3"),
        }
        _, history = await client.get(f"{at}/history")
        assert [one["outcome"] for one in history["entries"]] == ["applied"] * 4
        updates = [base64.b64decode(one["updateBytes"]) for one in history["entries"]]
        assert updates == inbox.log
        _, rest = await client.get(f"{at}/history?first=1&limit=2")
        assert [one["position"] for one in rest["entries"]] == ["1", "2"]
        upper = "0x" + owner.value[2:].upper()
        status, answer = await client.get(f"/v1/identifiers/ethereum/{upper}")
        assert (status, answer["inboxId"]) == (200, inbox.inbox_id)
        status, _ = await client.get(f"/v1/identifiers/ethereum/{phone.value}")
        assert status == 404
        status, answer = await client.get("/v1/identifiers/nostr/npub1")
        assert (status, answer["details"]) == (400, [{"reason": "unknown_kind"}])

    serving(tmp_path, work)


def test_an_answer_for_reading_says_null_where_bytes_are_no_update(
    tmp_path: Path,
) -> None:
    settings: dict[str, Any] = {"store": str(tmp_path / "odd.sqlite")}
    inbox = inbox_of("alice")
    with Store.open(settings["store"]) as store:
        store.append(inbox.inbox_id, [Entry(creation(inbox)), Entry(b"\xff\xff")])

    async def work(client: Client) -> None:
        asked = {"requests": [{"inboxId": inbox.inbox_id}]}
        _, answer = await client.post(UPDATES, asked)
        _, odd = answer["responses"][0]["updates"]
        assert (odd["update"], odd["updateBytes"]) == (None, base64_of(b"\xff\xff"))
        _, history = await client.get(f"/v1/inboxes/{inbox.inbox_id}/history")
        assert history["entries"][1]["outcome"] == "rejected"
        assert history["entries"][1]["code"] == "undecodable"

    serving(tmp_path, work, **settings)


def test_metrics_count_calls_of_both_transports(tmp_path: Path) -> None:
    async def work(client: Client) -> None:
        await client.publish(creation(inbox_of("alice")))
        await client.get("/v1/inboxes/nobody")
        await client.get("/somewhere/else")
        status, text = await client.get("/metrics")
        assert status == 200
        lines = text.decode().splitlines()
        assert "xmtp_identity_updates_published_total 1.0" in lines
        assert "xmtp_identity_ready 1.0" in lines
        assert (
            'grpc_server_handled_total{grpc_code="OK",grpc_method="Publish'
            'IdentityUpdate",grpc_service="xmtp.identity.api.v1.IdentityApi",'
            'grpc_type="unary"} 1.0'
        ) in lines
        assert 'xmtp_identity_refused_total{code="no_such_inbox"} 1.0' in lines
        # Nothing that a client chose becomes a time series.
        assert "nobody" not in text.decode()
        assert "somewhere" not in text.decode()

    serving(tmp_path, work)


def test_leaf_kinds_are_published_read_and_found_by_their_names(
    tmp_path: Path,
) -> None:
    registry = registry_with("testa")
    inbox, leaf = inbox_of("alice"), leaf_a("leaf")
    update = inbox.update(Add(leaf, inbox.owner), leaf=True)

    async def work(client: Client) -> None:
        await client.publish(creation(inbox))
        form = json_format.MessageToDict(Upstream(registry).update.FromString(update))
        add = form["leafActions"][0]["add"]
        assert set(add["newMemberIdentifier"]) == {"testaIdentifier"}
        assert set(add["newMemberSignature"]) == {"testaSignature"}
        assert await client.post(PUBLISH, {"identityUpdate": form}) == (200, {})
        assert await client.log(inbox.inbox_id) == [creation(inbox), update]
        status, answer = await client.get(f"/v1/identifiers/testa/{leaf.value}")
        assert (status, answer["inboxId"]) == (200, inbox.inbox_id)
        kind = "IDENTIFIER_KIND_TESTA"
        asked = [{"identifier": leaf.value, "identifierKind": kind}]
        _, answer = await client.post(INBOX_IDS, {"requests": asked})
        assert answer["responses"][0]["inboxId"] == inbox.inbox_id

    serving(tmp_path, work, registry=registry)
