from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from xmtp_identity.installation import INSTALLATION
from xmtp_identity.installation.conformance import CASES
from xmtp_identity.kinds import Proof, SignatureItem
from xmtp_identity.testing import Options, Status, run_conformance
from xmtp_identity.testing.bench import ALICE, BOB, Bench
from xmtp_identity.testing.results import NotChecked

(CASE,) = CASES


def test_one_seed_makes_one_key_and_persons_have_keys_of_their_own() -> None:
    first, second = Bench(CASE), Bench(CASE)
    alice = first.signer("signer", ALICE).identifier
    assert alice == second.signer("signer", ALICE).identifier
    assert alice != first.signer("signer", BOB).identifier


def test_another_tag_is_another_text_and_unlinking_is_not_linking() -> None:
    bench = Bench(CASE)
    own = bench.signer("signer", ALICE).identifier
    texts = [
        bench.text("a", own),
        bench.text("b", own),
        bench.text("a", own, unlink=True),
        bench.text("a", bench.signer("signer", BOB).identifier),
    ]
    assert len(set(texts)) == 4
    assert texts[0] == bench.text("a", own)
    assert "- Grant messaging access to app" in texts[0]


def test_a_kind_that_can_not_be_registered_is_checked_as_far_as_it_goes() -> None:
    broken = replace(CASE, kind=replace(CASE.kind, noun="address"))
    with pytest.raises(NotChecked, match="kind_noun"):
        _ = Bench(broken).registry
    names, tier = run_conformance(broken, checks=["names", "tier"]).results
    assert names.status is Status.FAILED
    assert tier.status is Status.NOT_CHECKED


def test_where_verifying_is_slow_a_part_is_tried_and_said() -> None:
    proof = INSTALLATION.proofs[3]

    def slow(items: Sequence[SignatureItem], context: Any) -> Any:
        sum(range(40_000))
        return proof.verify_many(items, context)

    kind = replace(
        INSTALLATION, proofs={3: Proof(number=3, name="slow", verify_many=slow)}
    )
    (result,) = run_conformance(
        replace(CASE, kind=kind),
        checks=["flipped-text"],
        options=Options(seconds=0.01),
    ).results
    assert result.status is Status.PASSED
    assert result.note == "in part, as verifying is slow"


def test_what_is_fast_enough_is_tried_in_full() -> None:
    (result,) = run_conformance(CASE, checks=["flipped-text"]).results
    assert result.note == ""
