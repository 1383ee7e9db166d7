"""Words, rows, answers and timeline, computed from what the API answered."""

from datetime import timedelta
from enum import StrEnum

import pytest

from domain.contracts import Me, Problem, TimelineEntry, TimelineKind
from domain.health import HealthState, Part
from domain.identifiers import System
from domain.service_change import (
    Action,
    ChangeKind,
    ChangeStatus,
    CheckName,
    CheckOutcome,
    DocumentState,
    EffectStatus,
    Role,
)
from domain.undoing import Reversibility
from domain.vendor_events import EventSource, InboxState
from support_ui.view_models import actions, change, lists, problems, timeline, today, words
from support_ui.view_models.answers import seven_answers
from support_ui.view_models.evidence import Section
from tests.ui import samples_history
from tests.ui.samples import CHANGES, NOW

ME = Me(principal="operator", role=Role.OPERATOR)
BY_STATUS = {sample.status: sample for sample in reversed(CHANGES)}


@pytest.mark.parametrize(
    ("table", "closed_set"),
    [
        (words.STATUS, ChangeStatus),
        (words.EFFECT, EffectStatus),
        (words.CHECK, CheckOutcome),
        (words.DOCUMENT, DocumentState),
        (words.KIND, ChangeKind),
        (words.CHECK_NAME, CheckName),
        (words.SYSTEM, System),
        (words.OUTLOOK, Reversibility),
        (words.HEALTH, HealthState),
        (words.PART, Part),
        (words.INBOX, InboxState),
        (words.SOURCE, EventSource),
        (words.ROLE, Role),
        (words.ACTION, Action),
    ],
)
def test_every_member_of_a_closed_set_has_its_words(
    table: dict[StrEnum, object], closed_set: type[StrEnum]
) -> None:
    assert set(table) == set(closed_set)


def test_every_status_stands_in_exactly_one_group() -> None:
    grouped = (*today.WAITING_FOR_PEOPLE, *today.MOVING, *today.ENDED)
    assert sorted(grouped) == sorted(ChangeStatus)


def test_no_two_statuses_share_their_word() -> None:
    assert len({look.label for look in words.STATUS.values()}) == len(ChangeStatus)


def test_a_price_is_a_dash_until_the_checks_have_passed() -> None:
    assert lists.price(BY_STATUS[ChangeStatus.PENDING]) == "—"


def test_a_row_says_who_is_waited_for_before_what_comes_next() -> None:
    row = lists.change_row(BY_STATUS[ChangeStatus.INCOMPLETE], NOW)
    assert row["Waits for / next"] == "Customer: a signed request as PDF, PNG or JPEG"


def test_each_answer_names_its_evidence_by_its_line_of_the_timeline() -> None:
    sample = BY_STATUS[ChangeStatus.NEEDS_ATTENTION]
    told = seven_answers(samples_history.answers(sample, ME), samples_history.timeline(sample), NOW)
    sent = told[0]
    assert sent.headline == "1 record to 1 system"
    effect, attempt = sent.evidence
    assert effect.name == f"effect:{sample.effects[0].idempotency_key}"
    assert effect.section is Section.EFFECTS
    assert effect.label == "Record of post billing change, document v1"
    assert (attempt.name, attempt.section) == ("attempt:201", Section.ATTEMPTS)
    assert attempt.label.startswith("Post billing change, attempt 1, 2026")


def test_the_rejecting_system_is_told_in_its_own_words() -> None:
    sample = BY_STATUS[ChangeStatus.COMPENSATING]
    rejected = seven_answers(samples_history.answers(sample, ME), [], NOW)[1]
    assert rejected.headline == "Scheduling"
    assert rejected.lines[0] == "“no capacity left that day”"
    assert "HTTP 409" in rejected.lines[1]


def test_systems_that_hold_different_document_versions_are_noticed() -> None:
    answers = samples_history.answers(BY_STATUS[ChangeStatus.ACTIVE], ME)
    first, *others = answers.payload_version
    mixed = [first.model_copy(update={"document_version": 2}), *others]
    told = seven_answers(answers.model_copy(update={"payload_version": mixed}), [], NOW)
    assert told[2].headline == "Systems hold different versions"


def test_what_the_caller_may_do_is_said_in_the_headline() -> None:
    sample = BY_STATUS[ChangeStatus.AWAITING_APPROVAL]
    told = seven_answers(samples_history.answers(sample, ME), [], NOW)
    assert told[-1].headline.startswith("You may approve, reject, cancel")


def test_offers_keep_the_apis_refusal_and_its_roles() -> None:
    sample = BY_STATUS[ChangeStatus.NEEDS_ATTENTION]
    support = Me(principal="support", role=Role.SUPPORT)
    offers = {
        offer.action: offer
        for offer in actions.offers(sample, samples_history.may_act(sample, support))
    }
    assert offers[Action.RETRY].refusal is None
    assert offers[Action.RETRY].roles == "administrator, operator, support"
    assert offers[Action.APPROVE].roles == ""
    assert "needs one of the roles" in (offers[Action.REJECT].refusal or "")


def test_an_approval_of_nothing_attached_says_so() -> None:
    plan = next(sample.plan for sample in CHANGES if sample.plan and not sample.document_versions)
    assert "names no document and the 3 effects" in actions.binding(plan)


def entry(number: int, seconds: float, to_status: str | None, **values: object) -> TimelineEntry:
    """One line of a timeline."""
    return TimelineEntry.model_validate(
        {
            "id": f"audit:{number}",
            "at": NOW + timedelta(seconds=seconds),
            "kind": TimelineKind.STATUS,
            "title": "a → b",
            "detail": "",
            "actor": "throughline",
            "system": None,
            "outcome": "done",
            "duration_ms": None,
            "facts": {"to_status": to_status},
            **values,
        }
    )


def test_phases_last_until_the_next_status() -> None:
    told = timeline.phases(
        [entry(1, 0, "pending"), entry(2, 2, "checking"), entry(3, 2.5, "checking"),
         entry(4, 9, "active")]
    )  # fmt: skip
    assert [(phase.status, phase.lasted) for phase in told] == [
        (ChangeStatus.PENDING, timedelta(seconds=2)),
        (ChangeStatus.CHECKING, timedelta(seconds=7)),
        (ChangeStatus.ACTIVE, None),
    ]


def test_a_status_of_a_newer_release_is_passed_over() -> None:
    assert timeline.phases([entry(1, 0, "archived"), entry(2, 1, None)]) == []


def test_outcomes_have_a_tone_and_unknown_ones_are_neutral() -> None:
    attempt = {"kind": TimelineKind.ATTEMPT, "system": System.BILLING}
    told = [
        timeline.tone(entry(1, 0, None, outcome=outcome, **attempt))
        for outcome in ("ok", "throttled", "refused", "never heard of")
    ]
    assert told == [
        timeline.Tone.GOOD, timeline.Tone.WAITS, timeline.Tone.BAD, timeline.Tone.NEUTRAL,
    ]  # fmt: skip


def test_a_next_action_that_repeats_what_is_waited_for_is_told_once() -> None:
    assert len(change.next_steps(BY_STATUS[ChangeStatus.NEEDS_ATTENTION])) == 1


def test_an_address_is_told_on_one_line() -> None:
    rows = change.request_rows(BY_STATUS[ChangeStatus.PENDING])
    assert rows[0]["Wanted"] == "12 Elm St, Fresno, 93701, US"


def test_identifiers_are_listed_once_each() -> None:
    rows = change.identifier_rows(BY_STATUS[ChangeStatus.ACTIVE])
    assert len({row["Value"] for row in rows}) == len(rows)


def test_a_problem_names_each_field_and_what_to_do_next() -> None:
    told = problems.told(
        Problem(
            type="about:blank", title="The request is not complete", status=422,
            detail="The request is not complete.", code="invalid_request", correlation_id="",
            retryable=False, next_action="Mend the fields named; send again.",
            errors=[{"field": "requested_date", "message": "is in the past"}],
        )
    )  # fmt: skip
    assert told.replace("\\", "") == (
        "**The request is not complete.** Requested date: is in the past. "
        "Mend the fields named; send again."
    )
