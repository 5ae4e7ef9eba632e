"""Histories made by XMTP's real client: texts, bytes, states and inbox IDs."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.leaf_kinds import full_registry, root_registry
from tests.support.results import APPLIED, briefs, state_of
from tests.support.updates import signed_text
from tests.support.vectors import (
    histories,
    history_log,
    history_vectors,
    shown,
    stub_context,
)

from xmtp_identity import replay
from xmtp_identity.errors import InvalidIdentifier
from xmtp_identity.protocol.root_rules import inbox_id_of
from xmtp_identity.protocol.unverified import read_update
from xmtp_identity.v1 import identity_pb2 as pb
from xmtp_identity.wire.decode import decode_update
from xmtp_identity.wire.encode import encode_update
from xmtp_identity_ethereum.v1 import ethereum_pb2 as ethereum
from xmtp_identity_passkey.v1 import passkey_pb2 as passkey

each_history = pytest.mark.parametrize(
    "vector", history_vectors(), ids=lambda vector: vector["name"]
)


def test_there_are_twenty_histories_and_thirteen_inbox_ids() -> None:
    assert len(history_vectors()) == 20
    assert len(histories()["inbox_ids"]) == 13


@each_history
def test_every_update_is_applied_and_the_state_is_libxmtps(
    vector: dict[str, Any],
) -> None:
    result = replay(
        vector["inbox_id"],
        history_log(vector),
        root_registry(),
        context=stub_context(),
    )
    assert set(briefs(result)) == {APPLIED}
    assert (result.authoritative, result.deviates, result.missing) == (True, None, ())
    assert shown(state_of(result)) == {
        "inbox_id": vector["inbox_id"],
        **vector["state"],
    }


@each_history
def test_leaf_plugins_change_nothing_about_a_history(vector: dict[str, Any]) -> None:
    log, context = history_log(vector), stub_context()
    plain = replay(vector["inbox_id"], log, root_registry(), context=context)
    full = replay(vector["inbox_id"], log, full_registry(), context=context)
    assert full.state == plain.state
    assert full.outcomes == plain.outcomes


@each_history
def test_the_signed_text_is_libxmtps(vector: dict[str, Any]) -> None:
    for update in vector["updates"]:
        raw = decode_update(bytes.fromhex(update["raw"]))
        text = read_update(raw, 0, root_registry()).text.decode()
        assert text == update["signature_text"]


@each_history
def test_the_tests_own_text_is_libxmtps(vector: dict[str, Any]) -> None:
    for update in vector["updates"]:
        body = update["signature_text"].partition("Z\n\n")[2]
        lines = body.removesuffix("\n\nFor more info: https://xmtp.org/signatures")
        time_ns = int(update["client_timestamp_ns"])
        text = signed_text(vector["inbox_id"], time_ns, [lines])
        assert text.decode() == update["signature_text"]


@each_history
def test_the_public_messages_parse_and_serialize_to_the_same_bytes(
    vector: dict[str, Any],
) -> None:
    for update in vector["updates"]:
        data = bytes.fromhex(update["raw"])
        message = pb.IdentityUpdate.FromString(data)
        assert message.SerializeToString() == data
        message.DiscardUnknownFields()
        assert message.SerializeToString() == data
        assert encode_update(decode_update(data)) == data


@each_history
def test_the_public_messages_hold_what_libxmtp_wrote(vector: dict[str, Any]) -> None:
    for update in vector["updates"]:
        message = pb.IdentityUpdate.FromString(bytes.fromhex(update["raw"]))
        assert message.inbox_id == vector["inbox_id"]
        assert message.client_timestamp_ns == int(update["client_timestamp_ns"])
        assert [_action(action) for action in message.actions] == [
            _recorded_action(action) for action in update["actions"]
        ]


def _action(action: pb.IdentityAction) -> tuple[object, ...]:
    which = action.WhichOneof("kind")
    if which == "add":
        add = action.add
        return (
            which,
            _member(add.new_member_identifier),
            _signature(add.existing_member_signature),
            _signature(add.new_member_signature),
        )
    if which == "revoke":
        revoke = action.revoke
        return (
            which,
            _member(revoke.member_to_revoke),
            _signature(revoke.recovery_identifier_signature),
        )
    if which == "create_inbox":
        create = action.create_inbox
        return (
            which,
            (_kind_name(create.initial_identifier_kind), create.initial_identifier),
            create.nonce,
            _signature(create.initial_identifier_signature),
        )
    change = action.change_recovery_address
    return (
        which,
        (
            _kind_name(change.new_recovery_identifier_kind),
            change.new_recovery_identifier,
        ),
        _signature(change.existing_recovery_identifier_signature),
    )


def _kind_name(kind: int) -> str:
    return {1: "ethereum", 2: "passkey"}[kind]


def _member(member: Any) -> tuple[str, str]:
    # The stubs do not know which message an extension extends.
    if member.HasExtension(ethereum.ethereum_address):
        return ("ethereum", member.Extensions[ethereum.ethereum_address])
    if member.HasExtension(passkey.passkey):
        return ("passkey", member.Extensions[passkey.passkey].key.hex())
    return ("installation", member.installation_public_key.hex())


def _signature(signature: Any) -> tuple[str, str]:
    if signature.HasExtension(ethereum.erc_191):
        return ("erc_191", signature.Extensions[ethereum.erc_191].bytes.hex())
    if signature.HasExtension(ethereum.erc_6492):
        return ("erc_6492", signature.Extensions[ethereum.erc_6492].signature.hex())
    if signature.HasExtension(passkey.passkey_signature):
        return (
            "passkey",
            signature.Extensions[passkey.passkey_signature].signature.hex(),
        )
    return ("installation_key", signature.installation_key.bytes.hex())


def _recorded_action(action: dict[str, Any]) -> tuple[object, ...]:
    kind = action["type"]
    if kind == "add":
        return (
            kind,
            _recorded_member(action["new_member"]),
            _recorded_signature(action["existing_member_signature"]),
            _recorded_signature(action["new_member_signature"]),
        )
    if kind == "revoke":
        return (
            kind,
            _recorded_member(action["member"]),
            _recorded_signature(action["signature"]),
        )
    if kind == "create_inbox":
        return (
            kind,
            _recorded_member(action["identifier"]),
            int(action["nonce"]),
            _recorded_signature(action["signature"]),
        )
    return (
        kind,
        _recorded_member(action["new_recovery"]),
        _recorded_signature(action["signature"]),
    )


def _recorded_member(member: dict[str, Any]) -> tuple[str, str]:
    return (member["kind"], member["identifier"])


def _recorded_signature(signature: dict[str, Any]) -> tuple[str, str]:
    field = {"passkey": "signature_der", "erc_6492": "signature"}
    return (signature["kind"], signature[field.get(signature["kind"], "bytes")])


@pytest.mark.parametrize(
    "case",
    histories()["inbox_ids"],
    ids=lambda case: f"{case['kind']}-{case['identifier'][:12]}-{case['nonce']}",
)
def test_inbox_ids_are_libxmtps(case: dict[str, Any]) -> None:
    kind = root_registry().by_identifier_kind[case["kind"] + 1]
    assert kind.decode_string is not None
    # Node's bindings lower the case of an identifier before anything else, and
    # take 1 where no nonce is given.
    nonce = 1 if case["nonce"] is None else int(case["nonce"])
    identifier = kind.decode_string(case["identifier"].lower(), None)
    if "error" in case:
        with pytest.raises(InvalidIdentifier):
            inbox_id_of(identifier, nonce, kind)
    else:
        assert inbox_id_of(identifier, nonce, kind) == case["inbox_id"]
