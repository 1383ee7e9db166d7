"""What a payload differs in: classified by what is acted on, whatever comes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.drift import (
    DriftKind,
    Expected,
    Finding,
    classify,
    drift_id,
    is_drift_id,
    noted,
)
from domain.identifiers import System
from domain.mappings import Mappings, translated
from domain.redaction import MASKED, redacted
from domain.shapes import (
    DEEPEST,
    MAP_FROM,
    differences,
    is_deep,
    paths,
    shape_fingerprint,
    shape_of,
    unseen,
)

TEXT = frozenset({"string"})
STATUS = Expected(TEXT, "ticket.status", vocabulary="status", values=frozenset({"open", "closed"}))
TICKET = Expected(
    frozenset({"object"}),
    "ticket",
    members={
        "id": Expected(TEXT, "ticket.id"),
        "status": STATUS,
        "version": Expected(frozenset({"integer"}), "ticket.version"),
        "note": Expected(TEXT | {"null"}, "ticket.note", required=False),
    },
)
ANSWER = Expected(
    frozenset({"object"}),
    "answer",
    members={"tickets": Expected(frozenset({"array"}), "answer.tickets", item=TICKET)},
)
GOOD: dict[str, Any] = {"id": "t1", "status": "open", "version": 3, "agent": "Ann", "note": None}
KNOWN = frozenset({"tickets[].agent"})

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)


def found(**other: Any) -> tuple[Finding, ...]:  # noqa: ANN401 - any JSON
    """What a ticket with other members differs in; Ellipsis takes one away."""
    ticket = {name: each for name, each in (GOOD | other).items() if each is not ...}
    return classify(ANSWER, {"tickets": [GOOD, ticket]}, KNOWN)


def test_what_is_as_expected_differs_in_nothing() -> None:
    assert found() == ()
    assert found(note="A note.", never_seen=1) == ()


@pytest.mark.parametrize(
    ("other", "kind", "path", "raw"),
    [
        ({"status": "frozen"}, DriftKind.UNKNOWN_VALUE, "tickets[].status", '"frozen"'),
        ({"status": 7}, DriftKind.RETYPED, "tickets[].status", "7"),
        ({"version": "3"}, DriftKind.RETYPED, "tickets[].version", "string"),
        ({"version": 3.5}, DriftKind.RETYPED, "tickets[].version", "number"),
        ({"version": True}, DriftKind.RETYPED, "tickets[].version", "boolean"),
        ({"id": None}, DriftKind.RETYPED, "tickets[].id", "null"),
        ({"version": ...}, DriftKind.MISSING, "tickets[].version", ""),
        ({"version": ..., "revision": 3}, DriftKind.RENAMED, "tickets[].version", "revision"),
        ({"status": ..., "zq81": "open"}, DriftKind.RENAMED, "tickets[].status", "zq81"),
    ],
)
def test_each_way_to_differ_is_told_from_the_others(
    other: dict[str, Any], kind: DriftKind, path: str, raw: str
) -> None:
    (finding,) = found(**other)
    assert (finding.kind, finding.path, finding.raw) == (kind, path, raw)
    assert finding.parks


def test_a_field_that_was_there_before_is_not_taken_for_a_renamed_one() -> None:
    (finding,) = found(id=...)
    assert finding.kind is DriftKind.MISSING
    assert finding.candidates == ()


def test_two_fields_renamed_at_once_are_told_apart_by_their_names() -> None:
    first, second = found(id=..., status=..., ticket_id="t1", ticket_status="open")
    assert (first.raw, second.raw) == ("ticket_id", "ticket_status")


def test_where_names_do_not_tell_nothing_is_suspected_but_everything_is_offered() -> None:
    findings = found(id=..., status=..., aa="t1", bb="open")
    assert {each.kind for each in findings} == {DriftKind.MISSING}
    assert all(set(each.candidates) == {"aa", "bb"} for each in findings)


def test_one_cause_has_one_name_wherever_and_however_often_it_comes() -> None:
    (seen,) = found(status="frozen")
    (once,) = classify(TICKET, GOOD | {"status": "frozen"})
    assert drift_id(System.BILLING, seen) == drift_id(System.BILLING, once)
    assert drift_id(System.BILLING, seen) != drift_id(System.CRM, seen)
    assert is_drift_id(drift_id(System.BILLING, seen))


def test_a_field_that_is_gone_is_one_cause_whether_or_not_its_new_name_is_suspected() -> None:
    (gone,), (renamed,) = found(version=...), found(version=..., revision=3)
    assert drift_id(System.CRM, gone) == drift_id(System.CRM, renamed)


@given(JSON)
def test_whatever_comes_is_classified_and_never_a_crash(payload: Any) -> None:  # noqa: ANN401
    findings = classify(ANSWER, payload)
    fits = isinstance(payload, dict) and isinstance(payload.get("tickets"), list)
    assert fits or findings
    assert len({drift_id(System.CRM, each) for each in findings}) == len(
        {(each.kind in {"missing", "renamed"}, each.subject, each.raw) for each in findings}
    )
    json.dumps(redacted(payload, ANSWER))


@given(JSON)
def test_a_shape_does_not_depend_on_order_or_count(payload: Any) -> None:  # noqa: ANN401
    shape = shape_of({"tickets": [payload, payload]})
    assert shape == shape_of({"tickets": [payload]})
    assert shape_fingerprint(shape) == shape_fingerprint(reversed(shape))
    assert differences(shape, shape) == ()
    assert unseen(shape, shape) == ()


@given(JSON, JSON)
def test_a_path_that_comes_or_goes_is_a_difference(one: Any, other: Any) -> None:  # noqa: ANN401
    before, after = shape_of(one), shape_of(other)
    told = {each.path for each in differences(before, after)}
    assert paths(before) ^ paths(after) <= told


@given(JSON)
def test_without_mappings_a_payload_is_read_as_it_is(payload: Any) -> None:  # noqa: ANN401
    assert translated(ANSWER, payload, Mappings()) == payload


def test_a_mapped_word_and_field_are_read_as_what_they_mean() -> None:
    mappings = Mappings(
        {("status", '"frozen"'): "closed", ("status", "7"): "open"},
        {"ticket.version": ("revision",)},
    )
    came = {"tickets": [{"id": "a", "status": "frozen", "revision": 3}, GOOD | {"status": 7}]}
    told = translated(ANSWER, came, mappings)
    assert classify(ANSWER, told) == ()
    assert [each["status"] for each in told["tickets"]] == ["closed", "open"]
    assert told["tickets"][0]["version"] == 3
    assert came["tickets"][0]["status"] == "frozen"


def test_a_mapping_never_replaces_what_is_there_nor_leads_to_what_is_not_known() -> None:
    mappings = Mappings({("status", '"frozen"'): "thawed"}, {"ticket.id": ("status", "other")})
    came = GOOD | {"status": "frozen", "other": "x"}
    assert translated(TICKET, came, mappings) == came
    without_id = {name: each for name, each in came.items() if name != "id"}
    assert translated(TICKET, without_id, mappings)["id"] == "x"


def test_the_first_shape_is_no_news_and_the_first_difference_is_told_once() -> None:
    first = shape_of({"tickets": [GOOD]})
    assert noted(ANSWER, "find", frozenset(), first) == ()
    second = shape_of({"tickets": [GOOD | {"tier": "gold", "agent": 7, "note": "x"}]})
    told = noted(ANSWER, "find", first, second)
    assert [(each.kind, each.path) for each in told] == [
        (DriftKind.NEW_FIELD, "tickets[].tier"),
        (DriftKind.NEW_TYPE, "tickets[].agent"),
    ]
    assert not any(each.parks for each in told)


def test_what_shows_itself_inside_a_list_that_was_always_empty_is_no_news() -> None:
    empty, filled = shape_of({"tickets": [], "page": 1}), shape_of({"tickets": [GOOD], "page": 1})
    assert unseen(empty, filled) == ()


def test_an_object_with_very_many_members_is_a_map_and_has_one_shape() -> None:
    one, other = ({f"k{n}": 1 for n in range(start, start + MAP_FROM)} for start in (0, 500))
    assert shape_of({"by_id": one}) == shape_of({"by_id": other})


def test_what_is_nested_without_end_is_told_before_it_is_read() -> None:
    deep: Any = 1
    for _ in range(DEEPEST + 5):
        deep = [deep]
    assert is_deep(deep)
    assert not is_deep({"tickets": [GOOD]})


def test_a_sample_shows_words_of_closed_sets_and_masks_what_is_not_known_to_be_harmless() -> None:
    came = {"tickets": [GOOD | {"status": "frozen", "phone": "555-0100", "urgent": True}] * 9}
    told = redacted(came, ANSWER)
    assert len(told["tickets"]) == 3
    ticket = told["tickets"][0]
    assert (ticket["status"], ticket["phone"], ticket["agent"]) == ("frozen", MASKED, MASKED)
    assert ticket["urgent"] is True
    assert redacted("<html>Ann Miller</html>", None) == "A web page, 23 characters"
