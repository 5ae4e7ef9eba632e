"""The directory of plugins and the allotment say the same."""

from __future__ import annotations

from xmtp_identity.allotment import ALLOTMENT, tier_of
from xmtp_identity.directory import directory


def test_every_allotted_number_is_in_the_directory_under_its_package() -> None:
    listed = {
        number: (name, one.distribution)
        for one in directory()
        for number, name in zip(one.numbers, one.kinds, strict=True)
    }
    allotted = {
        number: (entry.name, entry.distribution) for number, entry in ALLOTMENT.items()
    }
    assert listed.items() >= allotted.items()


def test_no_name_package_or_number_is_listed_twice() -> None:
    found = directory()
    numbers = [number for one in found for number in one.numbers]
    for values in (
        [one.name for one in found],
        [one.distribution for one in found],
        numbers,
    ):
        assert len(values) == len(set(values))


def test_the_tier_is_that_of_the_numbers() -> None:
    for one in directory():
        assert {tier_of(number) for number in one.numbers} == (
            {one.tier} if one.tier else set()
        )


def test_a_summary_is_one_sentence() -> None:
    for one in directory():
        assert one.summary.endswith(".")
        assert one.summary.isprintable()
