"""Recorded payloads of all four vendors, changed by a seed: told right, never guessed, no crash."""

import json

from tests.support.schema_mutations import (
    MEMBERS,
    WHOLE,
    Mutated,
    judged,
    mutations,
    objection,
    recorded,
)


def test_what_the_vendors_really_send_differs_in_nothing() -> None:
    for each in recorded():
        as_it_was = Mutated(each, "", json.dumps(each.payload), kind=None, path="")
        verdict = judged(as_it_was)
        assert verdict.understood, each
        assert not verdict.findings, each


def test_every_change_of_a_payload_is_told_for_what_it_is() -> None:
    seen = set()
    for mutated in mutations(seed=7, count=400):
        assert objection(mutated, judged(mutated)) is None, mutated
        seen.add(mutated.how)
    assert seen == {*MEMBERS, *WHOLE}


def test_the_same_seed_gives_the_same_changes() -> None:
    assert list(mutations(3, 50)) == list(mutations(3, 50))
