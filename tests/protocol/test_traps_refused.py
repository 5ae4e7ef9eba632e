"""Never less than libxmtp before a deviation: traps by name, none of which works."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from tests.protocol.cast import APP, KEY, OTHER, OWNER
from tests.protocol.traps import (
    STUB,
    add_as,
    applied,
    each_signer,
    inbox_of_two,
    refused,
    with_extra,
)
from tests.support.chain import TakesAll
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
from tests.support.results import briefs, run, state_of
from tests.support.signers import (
    LegacyKey,
    Named,
    Passkey,
    Signer,
    SmartWallet,
    Wallet,
    erc_191,
    recover,
    smart_wallet,
)
from tests.support.updates import (
    SECOND,
    Add,
    Change,
    Inbox,
    Raw,
    Revoke,
    change_action,
    signed_text,
    write,
)

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
        inbox.append(add_as(KEY, member))
        assert refused(inbox) == ("undecodable", False)


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
