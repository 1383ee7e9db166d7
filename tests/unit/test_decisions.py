"""Which decision fits now, and how a change ends by one."""

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.messages import ApprovalRequest, Decision
from domain.permissions import Refusal, Situation
from domain.service_change import Action, ChangeStatus, Role
from workflows.decisions import SECOND_PERSON, STALE, ending, objection

SEEN = ApprovalRequest(
    plan_sha256="plan-2",
    document_version=2,
    document_sha256="document-2",
    due_at=datetime(2026, 12, 1, tzinfo=UTC),
)


def decision(action: Action = Action.APPROVE, **values: object) -> Decision:
    fields: dict[str, Any] = {
        "id": "d-1",
        "action": action,
        "actor": "olga",
        "role": Role.OPERATOR,
        "reason": "Looks right.",
        "plan_sha256": "plan-2",
        "document_sha256": "document-2",
    }
    return Decision.model_validate(fields | values)


def code(given: Decision, **circumstances: object) -> str | None:
    seen: dict[str, Any] = {"pending": None, "approval": SEEN, "outdated": False}
    known = {name: circumstances.pop(name) for name in list(circumstances) if name in seen}
    stands: dict[str, Any] = {"status": ChangeStatus.AWAITING_APPROVAL, "submitted_by": "portal"}
    found = objection(given, now=Situation(**stands | circumstances), **seen | known)
    return found[0] if found else None


def test_an_approval_of_what_was_shown_fits() -> None:
    assert code(decision()) is None


@pytest.mark.parametrize(
    "seen",
    [
        {"plan_sha256": "plan-1"},
        {"plan_sha256": None},
        {"document_sha256": "document-1"},
        {"document_sha256": None},
    ],
)
def test_an_approval_of_anything_else_is_stale(seen: dict[str, Any]) -> None:
    assert code(decision(**seen)) == STALE


def test_an_approval_is_stale_once_something_came_that_asks_for_another_look() -> None:
    assert code(decision(), outdated=True) == STALE
    assert code(decision(Action.REJECT), outdated=True) is None


def test_an_approval_without_a_plan_on_show_is_stale() -> None:
    assert code(decision(plan_sha256=None, document_sha256=None), approval=None) == STALE


def test_nobody_approves_what_they_submitted() -> None:
    assert code(decision(), submitted_by="olga") == Refusal.FORBIDDEN


def test_the_second_of_two_deciders_is_refused_with_the_name_of_the_first() -> None:
    first = decision(Action.REJECT, id="d-0", actor="oskar")

    why = objection(
        decision(),
        now=Situation(ChangeStatus.AWAITING_APPROVAL, "portal"),
        pending=first,
        approval=SEEN,
        outdated=False,
    )

    assert why == (
        Refusal.NOT_APPLICABLE,
        "oskar has just decided to reject; look again in a moment.",
    )


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (Action.RETRY, None),
        (Action.REJECT, Refusal.NOT_APPLICABLE),
        (Action.CANCEL, Refusal.NOT_APPLICABLE),
    ],
)
def test_while_a_change_is_undone_only_a_retry_helps(action: Action, expected: str | None) -> None:
    given = decision(action)

    assert code(given, status=ChangeStatus.NEEDS_ATTENTION, undoing=True) == expected
    assert code(given, status=ChangeStatus.NEEDS_ATTENTION) is None


@pytest.mark.parametrize("second", [None, "olga"])
def test_what_takes_two_persons_is_refused_without_the_other_one(second: str | None) -> None:
    given = decision(Action.REJECT, second_actor=second)

    assert code(given, status=ChangeStatus.APPLYING, billed=True) == SECOND_PERSON
    assert code(given, status=ChangeStatus.APPLYING) is None
    given = decision(Action.REJECT, second_actor="oskar")
    assert code(given, status=ChangeStatus.APPLYING, billed=True) is None


def test_a_decision_about_a_revision_names_the_newest_one() -> None:
    for action in (Action.APPLY_REVISION, Action.DISCARD_REVISION):
        given = decision(action, revision=2)
        assert code(given, status=ChangeStatus.NEEDS_ATTENTION, revision=3) == STALE
        assert code(given, status=ChangeStatus.NEEDS_ATTENTION, revision=2) is None


@pytest.mark.parametrize(
    ("action", "status"),
    [
        (Action.REJECT, ChangeStatus.REJECTED),
        (Action.CANCEL, ChangeStatus.CANCELLED),
        (Action.APPROVE, None),
        (Action.RETRY, None),
    ],
)
def test_which_decisions_end_a_change(action: Action, status: ChangeStatus | None) -> None:
    end = ending(decision(action))

    assert (end.status if end else None) is status
    if end is not None:
        assert (end.actor, end.reason) == ("olga", "Looks right.")


def test_an_end_whose_reason_stays_on_record_is_told_by_who_decided() -> None:
    end = ending(decision(Action.CANCEL, reason=""))

    assert end is not None
    assert end.reason == "Cancelled by olga."
