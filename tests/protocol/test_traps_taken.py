"""What libxmtp takes and a careless parser refuses is applied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from tests.protocol.cast import APP, KEY, OTHER, OWNER, THIRD
from tests.protocol.traps import (
    STUB,
    add_as,
    applied,
    each_signer,
    inbox_of_two,
    with_extra,
)
from tests.support.protobuf import fixed32, fixed64, group, length, uint
from tests.support.results import last, names, run, state_of
from tests.support.signers import Named, Passkey, Signer, WeakInstallation, erc_191
from tests.support.updates import (
    ADD,
    REVOKE,
    Add,
    Change,
    Inbox,
    Raw,
    Revoke,
    add_action,
    change_action,
    create_action,
    identity_update,
    revoke_action,
    signed_text,
    write,
)


def merged_add(signer: Signer, split: Callable[[bytes, bytes], bytes]) -> Raw:
    return Raw(signer.link, lambda text: split(OWNER.sign(text), signer.sign(text)))


def test_merged_repeats_are_applied() -> None:
    """Records given in pieces, empty repeats, junk that a later piece replaces."""
    member = OTHER.member
    splits: list[Callable[[bytes, bytes], bytes]] = [
        # One `AddAssociation` in three pieces.
        lambda old, new: (
            length(ADD, length(1, member))
            + length(ADD, length(2, old))
            + length(ADD, length(3, new))
        ),
        # Empty repeats before and after.
        lambda old, new: length(
            ADD,
            length(1, b"")
            + length(1, member)
            + length(2, old)
            + length(2, b"")
            + length(3, b"")
            + length(3, new)
            + length(3, length(1, b"")),
        ),
        # The last of a scalar counts.
        lambda old, new: add_action(length(1, "0xjunk") + member, old, new),
        # Junk bytes in a signature, replaced by the good ones.
        lambda old, new: add_action(member, length(1, length(1, b"junk")) + old, new),
        # In another order.
        lambda old, new: length(
            ADD, length(3, new) + length(1, member) + length(2, old)
        ),
    ]
    for split in splits:
        inbox = Inbox(OWNER)
        inbox.append(merged_add(OTHER, split))
        assert OTHER.value in names(applied(inbox))


def test_a_signature_in_two_pieces_is_one() -> None:
    inbox = Inbox(OWNER)

    def split(old: bytes, new: bytes) -> bytes:
        content = new[2:]
        signature, key = content[:66], content[66:]
        pieces = length(3, signature) + length(3, key)
        return length(
            ADD,
            length(1, APP.member)
            + length(2, old)
            + length(3, length(3, key))
            + length(3, pieces),
        )

    inbox.append(merged_add(APP, split))
    applied(inbox)


def test_a_passkey_member_in_two_pieces_is_one() -> None:
    inbox = Inbox(OWNER)
    member = length(3, length(1, KEY.key)) + length(3, length(2, "example.org"))
    inbox.append(add_as(KEY, member))
    applied(inbox)


@pytest.mark.parametrize("base", [0, 27, 35, 37, 101, 253])
def test_every_v_that_libxmtp_takes_is_applied(base: int) -> None:
    """v is 0 or 1, 27 or 28, or from 35 on; by EIP-155 its parity is that of v - 35."""
    inbox = Inbox(OWNER)

    def make(text: bytes) -> bytes:
        raw = OTHER.raw(text)
        signature = raw[:64] + bytes((base + raw[64] - 27,))
        return add_action(OTHER.member, OWNER.sign(text), erc_191(signature))

    inbox.append(Raw(OTHER.link, make))
    applied(inbox)


@pytest.mark.parametrize(
    "value",
    ["01" + "00" * 31, "01" + "00" * 30 + "80", "ee" + "ff" * 30 + "7f"],
    ids=["identity", "identity, x = -0", "identity, y = p + 1"],
)
def test_small_order_installation_keys_are_applied(value: str) -> None:
    inbox = Inbox(OWNER)
    inbox.append(Add(WeakInstallation(value), OWNER))
    assert value in names(applied(inbox))


def test_passkey_hex_in_capitals_is_applied_and_shown_in_lower_case() -> None:
    capitals = KEY.value.upper()
    inbox = Inbox(KEY)
    inbox.log = [
        write(
            inbox.inbox_id,
            Raw(
                f"- Create inbox\n  (Owner: {KEY.value})",
                lambda text: create_action(capitals, 0, KEY.sign(text), 2),
            ),
        )
    ]
    inbox.append(
        Raw(
            f"- Change inbox recovery address\n  (Address: {KEY.value})",
            lambda text: change_action("0x" + capitals, KEY.sign(text), 2),
        )
    )
    state = state_of(applied(inbox))
    assert state.recovery == KEY.identifier
    assert names(run(inbox)) == {KEY.value}


@pytest.mark.parametrize("value", ["", "0x", "ab", "AbCd", "00" * 5000])
def test_any_bytes_in_hex_are_a_passkey_as_recovery(value: str) -> None:
    shown = value.removeprefix("0x").lower()
    inbox = Inbox(OWNER)
    inbox.append(
        Raw(
            f"- Change inbox recovery address\n  (Address: {shown})",
            lambda text: change_action(value, OWNER.sign(text), 2),
        )
    )
    assert state_of(applied(inbox)).recovery.value == shown


@each_signer
def test_unknown_fields_and_groups_in_records_are_applied(signer: Signer) -> None:
    for extra in (
        uint(50, 2**64 - 1),
        fixed64(50),
        fixed32(50),
        length(50, b"\xff"),
        group(50, uint(1, 1) + length(2, b"\xff") + group(3)),
        uint(50, 1, 10),
        length(50, b"", tag_size=5, size=5),
        uint(536_870_911, 1),
    ):
        inbox = Inbox(OWNER)
        inbox.append(with_extra(signer, extra))
        applied(inbox, STUB)


def test_unknown_fields_of_the_update_are_applied() -> None:
    for extra in (uint(50, 1), length(99, b"x"), group(4), length(101, b"x")):
        inbox = Inbox(OWNER)
        inbox.push(inbox.update(Add(OTHER, OWNER)) + extra)
        applied(inbox)


def test_an_explicit_default_is_applied() -> None:
    inbox = Inbox(OWNER)
    inbox.log = [
        identity_update(
            inbox.inbox_id,
            [
                length(
                    1,
                    length(1, OWNER.value)
                    + uint(2, 0)
                    + length(3, OWNER.sign(_text(inbox)))
                    + uint(4, 0),
                )
            ],
            time_ns=inbox.time_ns,
        )
    ]
    applied(inbox)


def _text(inbox: Inbox) -> bytes:
    lines = [f"- Create inbox\n  (Owner: {OWNER.value})"]
    return signed_text(inbox.inbox_id, inbox.time_ns, lines)


def test_an_unspecified_identifier_kind_is_ethereum() -> None:
    inbox = Inbox(OWNER)
    inbox.append(
        Raw(
            f"- Change inbox recovery address\n  (Address: {OTHER.value})",
            lambda text: change_action(OTHER.value, OWNER.sign(text), 0),
        )
    )
    assert state_of(applied(inbox)).recovery == OTHER.identifier


@pytest.mark.parametrize("kind", [1, 1 << 32 | 1, 0xFFFFFFFF_00000001, 1 << 63])
def test_an_identifier_kind_with_high_bits_set_is_applied(kind: int) -> None:
    inbox = Inbox(OWNER)
    inbox.append(
        Raw(
            f"- Change inbox recovery address\n  (Address: {OTHER.value})",
            lambda text: change_action(OTHER.value, OWNER.sign(text), kind),
        )
    )
    assert state_of(applied(inbox)).recovery == OTHER.identifier


def test_members_that_no_key_stands_behind_can_be_revoked() -> None:
    inbox = inbox_of_two()
    for member, lines in (
        (length(1, "nobody"), "- Unlink address from inbox\n  (Address: nobody)"),
        (length(1, ""), "- Unlink address from inbox\n  (Address: )"),
        (length(2, b""), "- Revoke messaging access from app\n  (ID: )"),
        (length(2, b"\x01" * 31), _app_line("01" * 31)),
        (length(3, b""), "- Unlink passkey from inbox\n  (Passkey: )"),
        (length(3, length(1, b"\xab")), "- Unlink passkey from inbox\n  (Passkey: ab)"),
    ):
        inbox.append(_revoke(lines, member))
    applied(inbox)


def _revoke(lines: str, member: bytes) -> Raw:
    return Raw(lines, lambda text: revoke_action(member, OWNER.sign(text)))


def _app_line(key: str) -> str:
    return f"- Revoke messaging access from app\n  (ID: {key})"


def test_a_passkey_signs_with_a_high_s() -> None:
    inbox = Inbox(OWNER)
    inbox.append(Add(Passkey("key", high_s=True), OWNER))
    inbox.append(Add(Passkey("other key", high_s=False), OWNER))
    applied(inbox)


@pytest.mark.parametrize(
    "client_data",
    [
        pytest.param('{"origin":"","challenge":"CHALLENGE"}', id="no type"),
        pytest.param(
            ' {"type":"webauthn.create","challenge":"CHALLENGE","origin":"o"} \n',
            id="white space and another type",
        ),
        pytest.param(
            '{"challenge":"CHALLENGE","origin":"o","x":[{},1e999,null,"\\ud83d\\ude00"]}',
            id="other keys",
        ),
        pytest.param(
            '{"challenge":"CHALLENGE","origin":"o","x":' + "[" * 31 + "]" * 31 + "}",
            id="32 levels",
        ),
    ],
)
def test_client_data_that_libxmtp_takes_is_applied(client_data: str) -> None:
    inbox = Inbox(OWNER)
    inbox.append(Add(Passkey("key", client_data=client_data), OWNER))
    applied(inbox)


def test_a_passkeys_relying_party_takes_no_part_in_who_it_is() -> None:
    inbox = Inbox(OWNER)
    inbox.append(Add(Passkey("key", relying_party="a.example"), OWNER))
    inbox.append(Revoke(Passkey("key", relying_party="b.example"), OWNER))
    assert names(applied(inbox)) == {OWNER.value}


def test_the_origin_of_the_assertion_is_recorded() -> None:
    inbox = Inbox(OWNER)
    inbox.append(Add(Passkey("key", relying_party="a.example"), OWNER))
    member = state_of(applied(inbox)).get(KEY.identifier)
    assert member is not None
    assert member.identifier.relying_party == "https://example.org"


@dataclass(frozen=True)
class _Upper(Named):
    """An address in upper case, signed by the wallet."""

    signer: Signer = OTHER


def test_an_upper_case_address_is_somebody_else() -> None:
    """It can be named and never signs: on replay that locks the inbox."""
    upper = _Upper("0x" + OTHER.value[2:].upper(), OTHER)
    inbox = inbox_of_two()
    inbox.append(Revoke(upper, OWNER))
    inbox.append(Change(upper, OWNER))
    assert OTHER.value in names(applied(inbox))
    inbox.append(Revoke(THIRD, OTHER))
    assert last(run(inbox)) == ("rejected", "not_recovery")


def test_revoke_actions_may_be_given_in_pieces() -> None:
    inbox = inbox_of_two()
    inbox.append(
        Raw(
            OTHER.unlink,
            lambda text: (
                length(REVOKE, length(2, OWNER.sign(text)))
                + length(REVOKE, length(1, OTHER.member))
            ),
        )
    )
    assert OTHER.value not in names(applied(inbox))
