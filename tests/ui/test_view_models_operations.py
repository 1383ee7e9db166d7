"""The day, health and messages, computed from what the API answered."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.contracts import Me
from domain.contracts_operations import IntegrationHealthView
from domain.contracts_today import TodayView
from domain.health import HealthState
from domain.identifiers import System
from domain.service_change import Role
from support_ui.view_models import health, messages, places, today
from tests.ui import samples_messages, samples_operations
from tests.ui.samples import CHANGES, NOW

OPERATOR = Me(principal="operator", role=Role.OPERATOR)
PORTAL = Me(principal="portal", role=Role.PORTAL)
CRM, BILLING, SCHEDULING, TICKETING = samples_operations.HEALTH


def day(me: Me = OPERATOR) -> TodayView:
    """The samples' day."""
    return samples_operations.today(CHANGES, me, "UTC")


def told(vendor: IntegrationHealthView) -> dict[str, str]:
    """The facts of a vendor, as text."""
    return {fact.label: " ".join(fact.lines) for fact in health.facts(vendor, NOW)}


def test_a_figure_that_is_not_the_readers_is_left_out() -> None:
    titles = [figure.title for figure in today.figures(day(PORTAL))]
    assert titles == ["Changes past their time", "Oldest open change"]
    assert len(today.figures(day())) == 5


def test_nothing_late_is_said_in_a_word_too() -> None:
    looks = [figure.look.label for figure in today.figures(day()) if figure.look]
    assert looks == ["Past its time", "Past its time"]
    none = day().model_copy(
        update={"overdue": day().overdue.model_copy(update={"changes": 0, "dead_letters": 0})}
    )
    assert {f.look.label for f in today.figures(none) if f.look} == {"None is late"}


def test_hours_are_told_by_the_readers_clock() -> None:
    kolkata = NOW.astimezone(ZoneInfo("Asia/Kolkata"))
    bars = today.submitted_bars(day().hours, kolkata)
    assert (bars[0].clock, bars[0].when) == ("05", "05:30 to 06:30")


def test_the_usual_of_an_hour_is_of_every_way_to_end() -> None:
    bars = today.ended_bars(day().hours, NOW)
    assert [(bar.what, bar.usual) for bar in bars[4:6]] == [
        ("Active", 1.3),
        ("Ended otherwise", 1.3),
    ]
    empty = samples_operations.today([], OPERATOR, "UTC")
    assert {bar.usual for bar in today.ended_bars(empty.hours, NOW)} == {None}


def test_the_table_of_hours_ends_with_the_one_that_has_begun() -> None:
    rows = today.hour_rows(day().hours, NOW)
    assert rows[-1]["Hour"] == f"{NOW:%H}:00"


@pytest.mark.parametrize(
    ("subject", "page"),
    [
        ("change:chg_1", places.CHANGE_PAGE),
        ("cause:abc", places.DEAD_LETTERS_PAGE),
        ("moon:1", places.DEAD_LETTERS_PAGE),
    ],
)
def test_what_is_assigned_leads_to_where_it_is_done(subject: str, page: str) -> None:
    one = day().assigned[0].model_copy(update={"subject": subject})
    assert today.assigned_place(one).page == page


def test_a_gate_is_told_by_why_it_is_closed() -> None:
    assert told(CRM)["Rate limit"] == "A probe went well; calls are let through gradually."
    assert told(BILLING)["Rate limit"].startswith("It asks us to wait; the next call is")
    assert told(SCHEDULING)["Rate limit"].startswith("Left alone (unavailable); one call probes")
    assert told(TICKETING)["Rate limit"] == "None: calls go through."


def test_a_vendor_that_was_never_asked_is_neither_well_nor_ill() -> None:
    facts = told(TICKETING)
    assert facts["Reachability"] == "Nobody called it in the last hour."
    assert (facts["Calls in the last hour"], facts["Credential"]) == ("None.", "—")
    assert facts["Events from it"] == "It has told nothing so far."


def test_what_a_vendor_said_is_no_markdown() -> None:
    assert told(BILLING)["Last failure"].endswith(r"Throttled\: 429 slow \*down\*")
    assert told(SCHEDULING)["Last failure"].endswith("connection refused")


def test_the_vendor_to_look_at_first_is_the_one_that_is_down() -> None:
    worst = health.worst_first(samples_operations.HEALTH)
    assert worst
    assert worst.system is System.SCHEDULING
    assert health.worst_first([]) is None


def test_a_table_over_time_leaves_out_when_nothing_was_said() -> None:
    stretches = health.stretches(samples_operations.history(System.BILLING, 6), NOW)
    assert [each.answered for each in stretches] == [38, 0, 0]
    assert [row["Calls"] for row in health.stretch_rows(stretches)] == [30, 40]


def test_a_part_that_is_well_asks_for_nothing() -> None:
    rows = health.part_rows(samples_operations.MACHINERY.parts)
    assert {row["What to do"] for row, part in
            zip(rows, samples_operations.MACHINERY.parts, strict=True)
            if part.state is HealthState.GOOD} == {r"Nothing\."}  # fmt: skip


def test_each_vendors_task_queue_has_a_row_of_its_own() -> None:
    rows = health.part_rows(samples_operations.MACHINERY.parts)
    queues = [row["Part"] for row in rows if "queue" in row["Part"]]
    assert queues == ["**Task queue**", "**Task queue, Billing**"]


@pytest.mark.parametrize("name", ["", "moon:evt", "billing:", "billing"])
def test_an_address_that_names_no_event_is_none(name: str) -> None:
    assert messages.event_of(name) is None


def test_the_name_of_an_event_leads_back_to_it() -> None:
    for event in samples_messages.EVENTS:
        assert messages.event_of(messages.event_name(event)) == (event.system, event.event_id)


def test_an_inbox_without_trouble_is_well() -> None:
    billing, _ = samples_messages.SUMMARY.systems
    calm = billing.model_copy(update={"by_state": {}, "forged": []})
    assert messages.inbox_card(calm, NOW).look.label == "Well"
    forged = billing.model_copy(update={"by_state": {}})
    assert messages.inbox_card(forged, NOW).look.label == "Forged events"
    never = calm.model_copy(update={"last_event_at": None, "forgotten": 2})
    lines = " ".join(messages.inbox_card(never, NOW).lines)
    assert "Last event never" in lines
    assert "2 forgotten in the queue" in lines


def test_the_original_of_an_event_is_the_first_to_arrive() -> None:
    event = samples_messages.whole(samples_messages.EVENTS[1], OPERATOR)
    effects = [row["Effect"] for row in messages.arrival_rows(event, NOW)]
    assert [effect.split()[0] for effect in effects] == ["The", "None:", "None:"]
    sent = {"webhook-timestamp": "1795821678"}
    known = event.model_copy(update={"headers": sent})
    assert messages.arrival_rows(known, NOW)[0]["Sent"].startswith("2026")
    assert messages.arrival_rows(event, NOW)[0]["Sent"] == "—"
    once = event.model_copy(update={"duplicates": 1})
    assert messages.again(once).startswith("It came once more.")


def test_an_attempt_leads_to_its_own_record() -> None:
    place = places.attempt(samples_messages.ATTEMPTS[1])
    assert place.query == {"id": CHANGES[0].id, "tab": "Attempts", "open": "attempt:2"}
    took = messages.sent_rows(samples_messages.ATTEMPTS, NOW + timedelta(hours=1))[0]["Took"]
    assert took == "240 ms"
