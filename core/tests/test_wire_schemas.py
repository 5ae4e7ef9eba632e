"""The core's view of an update and the public schema are the same wire."""

from __future__ import annotations

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from xmtp_identity.allotment import ALLOTMENT
from xmtp_identity.v1 import identity_pb2 as public
from xmtp_identity.wire import view_pb2 as view

RECORDS = (
    "CreateInbox",
    "AddAssociation",
    "RevokeAssociation",
    "ChangeRecoveryAddress",
    "IdentityAction",
    "IdentityUpdate",
)
UNIONS = ("MemberIdentifier", "Signature")

VARINT = {
    FieldDescriptor.TYPE_UINT64,
    FieldDescriptor.TYPE_INT32,
    FieldDescriptor.TYPE_ENUM,
}


def descriptor(module: object, name: str) -> Descriptor:
    found: Descriptor = getattr(module, name).DESCRIPTOR
    return found


def wire_form(field: FieldDescriptor) -> tuple[object, ...]:
    """All of a field that the wire shows."""
    kind = field.type
    if kind == FieldDescriptor.TYPE_ENUM:
        kind = FieldDescriptor.TYPE_INT32
    message = field.message_type.name if field.message_type else None
    return (field.name, kind, message, field.is_repeated, field.has_presence)


def test_the_records_have_the_same_numbers_types_and_presence() -> None:
    for name in RECORDS:
        fields = [
            {f.number: wire_form(f) for f in descriptor(module, name).fields}
            for module in (public, view)
        ]
        assert fields[0] == fields[1], name


def test_both_schemas_have_the_same_messages_but_for_what_variants_hold() -> None:
    public_names = set(public.DESCRIPTOR.message_types_by_name)
    view_names = set(view.DESCRIPTOR.message_types_by_name)
    assert view_names == {*RECORDS, *UNIONS}
    assert public_names - view_names == {"RecoverableEd25519Signature"}


def test_the_actions_are_a_oneof_in_both() -> None:
    for module in (public, view):
        action = descriptor(module, "IdentityAction")
        (oneof,) = action.oneofs
        assert [f.number for f in oneof.fields] == [1, 2, 3, 4]
        assert len(action.fields) == 4


def test_the_views_unions_hold_every_number_of_the_allotment_as_bytes() -> None:
    members = {f.number: f for f in descriptor(view, "MemberIdentifier").fields}
    signatures = {f.number: f for f in descriptor(view, "Signature").fields}
    assert set(members) == set(ALLOTMENT)
    assert set(signatures) == {
        number for entry in ALLOTMENT.values() for number in entry.signatures
    }
    for prefix, fields in (("m", members), ("s", signatures)):
        for number, field in fields.items():
            assert field.type == FieldDescriptor.TYPE_BYTES
            assert field.name == f"{prefix}{number}"
            assert field.containing_oneof is not None


def test_the_public_unions_own_the_installation_and_leave_the_rest_to_plugins() -> None:
    for name, number in (("MemberIdentifier", 2), ("Signature", 3)):
        (field,) = descriptor(public, name).fields
        assert field.number == number
        assert field.has_presence


def test_the_numbers_and_types_are_xmtps() -> None:
    """From facts/libxmtp-behaviour.md, written down once more by hand."""
    expected = {
        "CreateInbox": {
            1: "initial_identifier",
            2: "nonce",
            3: "initial_identifier_signature",
            4: "initial_identifier_kind",
            5: "relying_party",
        },
        "AddAssociation": {
            1: "new_member_identifier",
            2: "existing_member_signature",
            3: "new_member_signature",
            4: "relying_party",
        },
        "RevokeAssociation": {
            1: "member_to_revoke",
            2: "recovery_identifier_signature",
        },
        "ChangeRecoveryAddress": {
            1: "new_recovery_identifier",
            2: "existing_recovery_identifier_signature",
            3: "new_recovery_identifier_kind",
            4: "relying_party",
        },
        "IdentityAction": {
            1: "create_inbox",
            2: "add",
            3: "revoke",
            4: "change_recovery_address",
        },
        "IdentityUpdate": {
            1: "actions",
            2: "client_timestamp_ns",
            3: "inbox_id",
            100: "leaf_actions",
        },
    }
    for name, numbers in expected.items():
        fields = descriptor(public, name).fields
        assert {f.number: f.name for f in fields} == numbers
        for field in fields:
            if field.name in ("nonce", "client_timestamp_ns"):
                assert field.type == FieldDescriptor.TYPE_UINT64
            elif field.name.endswith("_kind"):
                assert field.type in VARINT


def test_the_identifier_kinds_are_xmtps() -> None:
    kinds = public.IdentifierKind.DESCRIPTOR.values_by_number
    assert {number: value.name for number, value in kinds.items()} == {
        0: "IDENTIFIER_KIND_UNSPECIFIED",
        1: "IDENTIFIER_KIND_ETHEREUM",
        2: "IDENTIFIER_KIND_PASSKEY",
    }


def test_the_view_uses_every_bit_of_an_identifier_kind() -> None:
    for name, field in (
        ("CreateInbox", "initial_identifier_kind"),
        ("ChangeRecoveryAddress", "new_recovery_identifier_kind"),
    ):
        assert descriptor(view, name).fields_by_name[field].type == (
            FieldDescriptor.TYPE_INT32
        )
