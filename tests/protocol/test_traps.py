"""Never less than libxmtp before a deviation, and nothing that it takes refused.

Each test is a trap by name. First what must not get in, then what a careful
parser might refuse though the reference client takes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from tests.support.chain import StubChain, TakesAll
from tests.support.leaf_kinds import full_registry
from tests.support.protobuf import (
    I64,
    LEN,
    VARINT,
    fixed32,
    fixed64,
    group,
    groups,
    length,
    tag,
    uint,
)
from tests.support.results import APPLIED, briefs, last, names, run, state_of
from tests.support.signers import (
    Installation,
    LegacyKey,
    Named,
    Passkey,
    Signer,
    SmartWallet,
    Wallet,
    WeakInstallation,
    erc_191,
    recover,
    smart_wallet,
)
from tests.support.updates import (
    ADD,
    REVOKE,
    SECOND,
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

from xmtp_identity import ReplayResult, replay
from xmtp_identity.kinds import Context

OWNER = Wallet("owner")
OTHER = Wallet("other")
THIRD = Wallet("third")
APP = Installation("app")
KEY = Passkey("key")
STUB: Context = {"ethereum": StubChain()}


def inbox_of_two() -> Inbox:
    inbox = Inbox(OWNER)
    inbox.append(Add(OTHER, OWNER))
    return inbox


def refused(inbox: Inbox, context: Context | None = None) -> tuple[str, bool]:
    """The code of the last entry, which changed nothing, and if it deviates."""
    result = run(inbox, context)
    assert set(briefs(result)[:-1]) == {APPLIED}
    outcome = result.outcomes[-1]
    assert outcome.outcome == "rejected"
    before = replay(inbox.inbox_id, inbox.log[:-1], full_registry(), context=context)
    assert result.state == before.state
    assert (result.deviates is not None) is outcome.deviation
    return (outcome.code, outcome.deviation)


def applied(inbox: Inbox, context: Context | None = None) -> ReplayResult:
    result = run(inbox, context)
    assert set(briefs(result)) == {APPLIED}, briefs(result)
    assert result.deviates is None
    return result


# Old bytes


@dataclass(frozen=True)
class _Bytes(Named):
    """Signs with given bytes, whatever the text."""

    signature: bytes = b""

    def sign(self, text: bytes) -> bytes:
        return erc_191(self.signature)


def test_old_bytes_under_a_new_text_that_recover_a_fresh_address_are_replayed() -> None:
    """Any ECDSA bytes are a signature of someone under any text. Recovery is moved
    to that someone beforehand; then the old bytes revoke."""
    inbox = Inbox(OWNER)
    text = signed_text(inbox.inbox_id, inbox.time_ns, [OTHER.link])
    old = OTHER.raw(text)
    inbox.append(Add(OTHER, OWNER))
    lines = [OTHER.unlink]
    future = signed_text(inbox.inbox_id, inbox.time_ns + SECOND, lines)
    fresh = _Bytes(recover(old, future), signature=old)
    inbox.append(Change(fresh, OWNER))
    inbox.append(Revoke(OTHER, fresh))
    assert refused(inbox) == ("replayed", False)
    # The trap is real: with bytes that no one used it works.
    unused = Wallet("unused").raw(b"whatever")
    fresh = _Bytes(recover(unused, future), signature=unused)
    inbox.log[2] = write(
        inbox.inbox_id, Change(fresh, OWNER), time_ns=inbox.time_ns - 2 * SECOND
    )
    inbox.log[3] = write(
        inbox.inbox_id, Revoke(OTHER, fresh), time_ns=inbox.time_ns - SECOND
    )
    applied(inbox)


def test_a_passkeys_key_re_encoded_compressed_does_not_renew_its_signature() -> None:
    plain, compressed = KEY, Passkey("key", compressed=True)
    inbox = Inbox(OWNER)
    inbox.append(Change(plain, OWNER))
    position = inbox.append(Revoke(OTHER, plain))
    inbox.append(Change(compressed, plain))
    old = inbox.log[position]
    assert old is not None
    time_ns = inbox.time_ns - 2 * SECOND
    # The same r and s, the same text; only the key is written in another way.
    inbox.push(write(inbox.inbox_id, Revoke(OTHER, compressed), time_ns=time_ns))
    assert refused(inbox) == ("replayed", False)


def test_one_smart_wallet_byte_string_is_not_good_for_two_texts() -> None:
    safe = SmartWallet(smart_wallet("safe").value, 1, 1000, b"good for all texts")
    inbox = Inbox(safe)
    inbox.append(Add(APP, safe))
    assert refused(inbox, {"ethereum": TakesAll()}) == ("replayed", False)


def test_one_smart_wallet_byte_string_is_not_good_for_two_wallets() -> None:
    """A sibling wallet of the same owner, without replay-safe hashing."""
    first = SmartWallet("0x" + "aa" * 20, 1, 1000, b"good for both")
    second = SmartWallet("0x" + "bb" * 20, 1, 1000, b"good for both")
    inbox = Inbox(OWNER)
    inbox.append(Add(first, OWNER))
    inbox.append(Add(second, OWNER))
    assert refused(inbox, {"ethereum": TakesAll()}) == ("replayed", False)


def test_a_legacy_key_of_a_non_owner_adds_nothing() -> None:
    inbox = inbox_of_two()
    inbox.append(Add(APP, LegacyKey(OTHER)))
    assert refused(inbox) == ("legacy_key", True)


def test_a_legacy_key_is_no_newcomers_consent() -> None:
    inbox = Inbox(OWNER)
    inbox.append(Add(OTHER, OWNER, signed_by=LegacyKey(OTHER)))
    assert refused(inbox) == ("legacy_key", True)


# Records that prost refuses


def with_extra(signer: Signer, extra: bytes) -> Raw:
    """An add of ``signer`` whose signature holds ``extra`` inside the variant."""

    def make(text: bytes) -> bytes:
        number, size = signer.sign(text)[0] >> 3, _header(signer.sign(text))
        content = signer.sign(text)[size:] + extra
        return add_action(signer.member, OWNER.sign(text), length(number, content))

    return Raw(signer.link, make)


def _header(variant: bytes) -> int:
    size = 2
    while variant[size - 1] & 0x80:
        size += 1
    return size


SIGNERS = {
    "erc_191": OTHER,
    "erc_6492": smart_wallet("safe"),
    "installation_key": APP,
    "passkey": KEY,
}
each_signer = pytest.mark.parametrize("signer", SIGNERS.values(), ids=list(SIGNERS))


@each_signer
def test_the_records_of_the_next_tests_are_good_without_the_oddity(
    signer: Signer,
) -> None:
    inbox = Inbox(OWNER)
    inbox.append(with_extra(signer, b""))
    applied(inbox, STUB)


@each_signer
@pytest.mark.parametrize("wire_type", ["varint", "64 bits", "32 bits", "group"])
def test_a_wrong_wire_type_in_a_record_is_undecodable(
    signer: Signer, wire_type: str
) -> None:
    wrong = {
        "varint": uint(1, 1),
        "64 bits": fixed64(1),
        "32 bits": fixed32(1),
        "group": group(1),
    }[wire_type]
    inbox = Inbox(OWNER)
    inbox.append(with_extra(signer, wrong))
    assert refused(inbox, STUB) == ("undecodable", False)


@each_signer
@pytest.mark.parametrize(
    "extra",
    [
        pytest.param(tag(50, VARINT) + b"\xff" * 9 + b"\x02", id="65 bits"),
        pytest.param(tag(50, VARINT) + b"\xff" * 10 + b"\x01", id="11 bytes"),
        pytest.param(tag(50, VARINT) + b"\x80" * 40, id="endless"),
    ],
)
def test_a_varint_over_64_bits_in_a_record_is_undecodable(
    signer: Signer, extra: bytes
) -> None:
    inbox = Inbox(OWNER)
    inbox.append(with_extra(signer, extra))
    assert refused(inbox, STUB) == ("undecodable", False)


@each_signer
def test_deep_groups_in_a_record_are_a_deviation(signer: Signer) -> None:
    """A variant stands at depth 4, so 28 levels are left to it."""
    inbox = Inbox(OWNER)
    inbox.append(with_extra(signer, groups(50, 28)))
    applied(inbox, STUB)
    for depth in (29, 93, 94, 99, 100, 101, 5000):
        inbox = Inbox(OWNER)
        inbox.append(with_extra(signer, groups(50, depth)))
        assert refused(inbox, STUB) == ("nesting_too_deep", True)


@each_signer
def test_padded_tags_in_a_record_are_a_deviation(signer: Signer) -> None:
    for extra in (length(50, b"", tag_size=6), length(50, b"", size=6)):
        inbox = Inbox(OWNER)
        inbox.append(with_extra(signer, extra))
        assert refused(inbox, STUB) == ("overlong_varint", True)


@each_signer
def test_a_cut_record_is_undecodable(signer: Signer) -> None:
    for extra in (tag(50, LEN) + b"\x01", tag(50, I64) + bytes(3), tag(0, VARINT)):
        inbox = Inbox(OWNER)
        inbox.append(with_extra(signer, extra))
        assert refused(inbox, STUB) == ("undecodable", False)


def test_a_wrong_wire_type_in_a_passkey_member_is_undecodable() -> None:
    for wrong in (uint(1, 1), uint(2, 1), group(2), fixed64(1)):
        member = length(3, length(1, KEY.key) + wrong)
        inbox = Inbox(OWNER)
        inbox.append(_add_as(KEY, member))
        assert refused(inbox) == ("undecodable", False)


def _add_as(signer: Signer, member: bytes) -> Raw:
    return Raw(
        signer.link,
        lambda text: add_action(member, OWNER.sign(text), signer.sign(text)),
    )


# Client data


@pytest.mark.parametrize(
    "client_data",
    [
        pytest.param('{"challenge":"CHALLENGE","origin":"o","x":NaN}', id="NaN"),
        pytest.param(
            '{"challenge":"CHALLENGE","origin":"o","x":-Infinity}', id="Infinity"
        ),
        pytest.param(
            '{"challenge":"CHALLENGE","origin":"o","x":"\\ud800"}', id="lone surrogate"
        ),
        pytest.param(
            '{"challenge":"CHALLENGE","origin":"o","\\udc00":1}',
            id="lone surrogate in a key",
        ),
        pytest.param(
            '{"challenge":"CHALLENGE","origin":"o","x":1,"x":1}', id="duplicate key"
        ),
        pytest.param(
            '{"challenge":"CHALLENGE","origin":"o","x":[{"a":1,"a":1}]}',
            id="duplicate key inside",
        ),
        pytest.param(
            '{"challenge":"CHALLENGE","origin":"o","\\u0078":1,"x":1}',
            id="duplicate key by escape",
        ),
        pytest.param(
            b'{"challenge":"CHALLENGE","origin":"o","x":"\xff"}', id="not UTF-8"
        ),
        pytest.param(
            b'\xef\xbb\xbf{"challenge":"CHALLENGE","origin":"o"}', id="byte order mark"
        ),
        pytest.param('["o","CHALLENGE"]', id="array"),
        pytest.param('{"challenge":"CHALLENGE","origin":"o"}{}', id="two objects"),
        pytest.param(
            '{"challenge":"CHALLENGE","origin":"o","x":' + "[" * 32 + "]" * 32 + "}",
            id="33 levels",
        ),
        pytest.param(
            '{"challenge":"CHALLENGE","origin":"o","x":'
            + "[" * 50_000
            + "]" * 50_000
            + "}",
            id="50,001 levels",
        ),
        pytest.param("", id="empty"),
    ],
)
def test_client_data_that_parsers_read_in_two_ways_is_a_deviation(
    client_data: str | bytes,
) -> None:
    inbox = Inbox(OWNER)
    inbox.append(Add(Passkey("key", client_data=client_data), OWNER))
    assert refused(inbox) == ("client_data_json", True)


def test_a_signature_that_deviates_is_named_whatever_else_is_wrong() -> None:
    broken = Passkey("broken", client_data="{}")
    deviating = Passkey("deviating", client_data="[]")
    for signers in ((broken, deviating), (deviating, broken)):
        inbox = Inbox(OWNER)
        inbox.append(*[Add(signer, OWNER) for signer in signers])
        assert refused(inbox) == ("client_data_json", True)


@pytest.mark.parametrize(
    "client_data",
    [
        pytest.param('{"origin":"o"}', id="no challenge"),
        pytest.param('{"challenge":"CHALLENGE="}', id="padded challenge"),
        pytest.param('{"challenge":"CHALLENGE"}', id="no origin"),
        pytest.param('{"challenge":"CHALLENGE","origin":1}', id="origin a number"),
        pytest.param('{"challenge":["CHALLENGE"],"origin":"o"}', id="in an array"),
    ],
)
def test_client_data_without_the_challenge_or_an_origin_is_rejected(
    client_data: str,
) -> None:
    inbox = Inbox(OWNER)
    inbox.append(Add(Passkey("key", client_data=client_data), OWNER))
    code, deviates = refused(inbox)
    assert code.startswith("client_data_")
    assert not deviates


# Smart wallets


@pytest.mark.parametrize(
    ("chain_id", "code", "deviates"),
    [
        (2**64, "invalid_signature", False),
        (2**64 + 1, "invalid_signature", False),
        (10**31, "invalid_signature", False),
        ("-1", "invalid_signature", False),
        ("+1", "invalid_signature", False),
        ("0x1", "invalid_signature", False),
        ("1_0", "invalid_signature", False),
        ("１", "invalid_signature", False),  # a digit of another script
        ("", "invalid_signature", False),
        ("0", "smart_wallet_chain_id", True),
        ("01", "smart_wallet_chain_id", True),
        ("00", "smart_wallet_chain_id", True),
    ],
)
def test_a_chain_id_is_decimal_from_1_to_2_to_the_64th_minus_1(
    chain_id: int | str, code: str, deviates: bool
) -> None:
    inbox = Inbox(OWNER)
    inbox.append(Add(smart_wallet("safe", chain_id), OWNER))
    assert refused(inbox, {"ethereum": TakesAll()}) == (code, deviates)


def test_the_largest_chain_id_is_taken() -> None:
    inbox = Inbox(OWNER)
    inbox.append(Add(smart_wallet("safe", 2**64 - 1), OWNER))
    member = state_of(applied(inbox, STUB)).get(smart_wallet("safe").identifier)
    assert member is not None
    assert member.chain_id == 2**64 - 1


def test_block_0_is_a_deviation_and_the_last_block_is_taken() -> None:
    value = smart_wallet("safe").value
    inbox = Inbox(OWNER)
    inbox.append(Add(SmartWallet(value, 1, 0), OWNER))
    assert refused(inbox, STUB) == ("smart_wallet_block", True)
    inbox = Inbox(OWNER)
    inbox.append(Add(SmartWallet(value, 1, 2**64 - 1), OWNER))
    applied(inbox, STUB)


# Identifiers


FORGED = [
    pytest.param("a\nb", id="line feed"),
    pytest.param("a b", id="space"),
    pytest.param("a\tb", id="tab"),
    pytest.param("a\rb", id="carriage return"),
    pytest.param("\x00", id="NUL"),
    pytest.param("\x7f", id="DEL"),
    pytest.param("\x1b[2K", id="escape"),
    pytest.param("é", id="not ASCII"),
    pytest.param("０x", id="full width"),
    pytest.param("\u202e", id="right to left"),
    pytest.param("\u200b", id="no width"),
]


@pytest.mark.parametrize("value", FORGED)
def test_an_identifier_that_forges_the_text_is_a_deviation_everywhere(
    value: str,
) -> None:
    named = Named(value, OWNER)
    for action in (Change(named, OWNER), Revoke(named, OWNER), Add(named, OWNER)):
        inbox = inbox_of_two()
        inbox.append(action)
        assert refused(inbox) == ("identifier_text", True)
    result = run(Inbox(named))
    assert briefs(result) == [("rejected", "identifier_text")]
    assert result.deviates == 0


@pytest.mark.parametrize("value", FORGED)
def test_a_passkeys_identifier_string_that_forges_the_text_is_a_deviation(
    value: str,
) -> None:
    inbox = inbox_of_two()
    inbox.append(
        Raw(
            f"- Change inbox recovery address\n  (Address: {value})",
            lambda text: change_action(value, OWNER.sign(text), 2),
        )
    )
    assert refused(inbox) == ("identifier_text", True)


@pytest.mark.parametrize("value", ["zz", "0", "0X04", "04 05", "0x0x04", "abc"])
def test_a_passkeys_identifier_string_that_is_not_hex_is_rejected(value: str) -> None:
    inbox = inbox_of_two()
    inbox.append(
        Raw(
            f"- Change inbox recovery address\n  (Address: {value})",
            lambda text: change_action(value, OWNER.sign(text), 2),
        )
    )
    code, _ = refused(inbox)
    assert code in ("invalid_identifier", "identifier_text")


# What a careless parser refuses


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
    inbox.append(_add_as(KEY, member))
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
