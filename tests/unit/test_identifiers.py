"""Ids and keys: what is built can be read back."""

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.identifiers import (
    EffectKey,
    canonical_json,
    change_id_of,
    fingerprint,
    new_change_id,
    workflow_id,
)

words = st.text(st.characters(exclude_characters=":"), min_size=1)
numbers = st.integers(min_value=0)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def test_a_change_id_is_sixteen_readable_characters_after_its_prefix() -> None:
    assert new_change_id(lambda count: b"\0" * count) == "chg_aaaaaaaaaaaaaaaa"
    assert new_change_id(secrets.token_bytes) != new_change_id(secrets.token_bytes)


@given(words)
def test_a_workflow_id_leads_back_to_its_change(change_id: str) -> None:
    assert change_id_of(workflow_id(change_id)) == change_id


def test_a_foreign_workflow_id_is_refused() -> None:
    with pytest.raises(ValueError, match="is not the workflow of a service change"):
        change_id_of("reconciliation/2026-12-01")


@given(words, words, numbers, numbers)
def test_an_effect_key_is_read_back_as_it_was_built(
    change_id: str, step: str, version: int, group: int
) -> None:
    key = EffectKey(change_id, step, version, group)

    assert EffectKey.parse(str(key)) == key


@pytest.mark.parametrize("text", ["", "a:b:1", "a:b:one:1", "a:b:1:1:1"])
def test_what_is_no_effect_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        EffectKey.parse(text)


@given(st.dictionaries(st.text(), json_values))
def test_a_fingerprint_does_not_depend_on_the_order_of_fields(value: dict[str, object]) -> None:
    backwards = dict(reversed(list(value.items())))

    assert fingerprint(backwards) == fingerprint(value)
    assert canonical_json(backwards) == canonical_json(value)


def test_a_fingerprint_differs_for_different_values() -> None:
    assert fingerprint({"a": 1}) != fingerprint({"a": "1"})
