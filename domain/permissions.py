"""Who may do what to a change, and when: the one table that API, workflow and console go by."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain.errors import FailureCode
from domain.service_change import (
    BEFORE_APPROVAL,
    Action,
    ChangeStatus,
    Role,
)
from domain.steps import SYSTEM_OF
from domain.wording import words

_S = ChangeStatus
_STAFF = frozenset({Role.OPERATOR, Role.ADMIN})
_SUBMITTERS = frozenset({Role.PORTAL, Role.PARTNER})
_EFFECTS = frozenset(str(step) for step in SYSTEM_OF)

SECOND_PERSONS: Final = _STAFF
"""Who may confirm or decline what a colleague proposed."""

MAY_SHOW_PERSONAL: Final = _STAFF
"""Who may ask for personal fields of a change that somebody else submitted."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What decides whether an action fits: read from the record, and known to the workflow.

    `billed`: lines were, or may have been, posted at billing and are not reversed. `parked_step`
    and `parked_code`: where it stands still. `revision`: the document version that waits for a
    decision. `undoing`: what was applied is being reversed. `passed`: the sentence of a point of
    no return behind us, which the API alone can see.
    """

    status: ChangeStatus
    submitted_by: str
    billed: bool = False
    parked_step: str | None = None
    parked_code: FailureCode | None = None
    revision: int | None = None
    undoing: bool = False
    passed: str | None = None


Fit = Callable[[Situation], str | None]
"""Why an action does not fit although role and status do; None if it does."""


def _retry_fits(now: Situation) -> str | None:
    if now.parked_code is FailureCode.REVISION_PENDING:
        return f"Document version {now.revision} waits for a decision: apply or discard it first."
    return None


def _skip_fits(now: Situation) -> str | None:
    if now.parked_code is FailureCode.REVISION_PENDING or now.parked_step not in _EFFECTS:
        return "Only an effect that stands still can be skipped, and this is none."
    return None


def _undoing_fits(now: Situation) -> str | None:
    if now.undoing:
        return "The change is already being undone; retry or skip is what helps."
    return now.passed


def _discard_fits(now: Situation) -> str | None:
    return "No document version is pending review." if now.revision is None else None


def _apply_fits(now: Situation) -> str | None:
    return _discard_fits(now) or _undoing_fits(now)


@dataclass(frozen=True, slots=True)
class ActionRule:
    """In which statuses an action exists, for which roles, and what else must hold.

    `second_person`: whether a second person has to confirm, given the situation. Both are told in
    a sentence as well: `only` and `second_person_when`.
    """

    statuses: frozenset[ChangeStatus]
    roles: frozenset[Role]
    submitter_may: bool = True
    fits: Fit = lambda _: None
    only: str = ""
    second_person: Callable[[Situation], bool] = lambda _: False
    second_person_when: str = ""


def _billed(now: Situation) -> bool:
    return now.billed


def _billed_and_parked(now: Situation) -> bool:
    return now.billed and now.status is _S.NEEDS_ATTENTION


_BEFORE_THE_POINT: Final = "Not while it is being undone, nor past a point of no return."
_WITH_A_REVISION: Final = "A document version is pending review."
_AFTER_BILLING: Final = "After billing."

ACTION_RULES: Final[Mapping[Action, ActionRule]] = {
    Action.APPROVE: ActionRule(frozenset({_S.AWAITING_APPROVAL}), _STAFF, submitter_may=False),
    Action.REJECT: ActionRule(
        frozenset({_S.INCOMPLETE, _S.AWAITING_APPROVAL, _S.APPLYING, _S.NEEDS_ATTENTION}),
        _STAFF,
        fits=_undoing_fits,
        only=_BEFORE_THE_POINT,
        second_person=_billed,
        second_person_when=_AFTER_BILLING,
    ),
    Action.CANCEL: ActionRule(
        BEFORE_APPROVAL | {_S.APPLYING, _S.NEEDS_ATTENTION},
        _STAFF | _SUBMITTERS,
        fits=_undoing_fits,
        only=_BEFORE_THE_POINT,
        second_person=_billed_and_parked,
        second_person_when="After billing, where it stands still.",
    ),
    Action.RETRY: ActionRule(
        frozenset({_S.INCOMPLETE, _S.NEEDS_ATTENTION}),
        _STAFF | {Role.SUPPORT},
        fits=_retry_fits,
        only="Not while a revised document waits for a decision. Support retries what is safe.",
    ),
    Action.SKIP: ActionRule(
        frozenset({_S.NEEDS_ATTENTION}),
        _STAFF,
        fits=_skip_fits,
        only="An effect that stands still, on evidence that it is done.",
        second_person=lambda _: True,
        second_person_when="Always.",
    ),
    Action.CORRECT: ActionRule(
        frozenset({_S.INCOMPLETE, _S.AWAITING_APPROVAL, _S.NEEDS_ATTENTION}),
        _STAFF,
        fits=_undoing_fits,
        only=_BEFORE_THE_POINT,
        second_person=_billed,
        second_person_when=_AFTER_BILLING,
    ),
    Action.APPLY_REVISION: ActionRule(
        frozenset({_S.NEEDS_ATTENTION, _S.ACTIVE}),
        _STAFF,
        submitter_may=False,
        fits=_apply_fits,
        only=f"{_WITH_A_REVISION} {_BEFORE_THE_POINT}",
    ),
    Action.DISCARD_REVISION: ActionRule(
        frozenset({_S.NEEDS_ATTENTION, _S.ACTIVE}),
        _STAFF,
        fits=_discard_fits,
        only=_WITH_A_REVISION,
    ),
}
"""Cancelling gives the money back as rejecting does, so where a change stands still after billing
it takes two persons as well. While it is being applied it races with the completion, and a
withdrawal that waits for a colleague would lose every time: there one person is enough."""


class Refusal(StrEnum):
    """Why a caller may not act: the caller's rights, or how the change stands."""

    FORBIDDEN = "forbidden"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether one caller may take one action now, and if not, the sentence that says why."""

    action: Action
    allowed: bool
    reason: str | None = None
    refusal: Refusal | None = None


def permission(action: Action, *, role: Role, principal: str, now: Situation) -> Permission:
    """May this caller do this now? Rights are judged before status, so nothing leaks by order."""
    rule = ACTION_RULES[action]

    def no(refusal: Refusal, reason: str) -> Permission:
        return Permission(action, allowed=False, reason=reason, refusal=refusal)

    if role not in rule.roles:
        allowed = ", ".join(sorted(rule.roles))
        return no(
            Refusal.FORBIDDEN, f"{words(action).capitalize()} needs one of the roles: {allowed}."
        )
    if role in _SUBMITTERS and principal != now.submitted_by:
        return no(Refusal.FORBIDDEN, "This change was submitted by somebody else.")
    if not rule.submitter_may and principal == now.submitted_by:
        return no(Refusal.FORBIDDEN, "Nobody approves what they submitted; ask a colleague.")
    if now.status not in rule.statuses:
        return no(
            Refusal.NOT_APPLICABLE,
            f"{words(action).capitalize()} is not possible while the status is "
            f"{words(now.status)}.",
        )
    if role in _SUBMITTERS and now.status not in BEFORE_APPROVAL:
        return no(
            Refusal.NOT_APPLICABLE,
            f"The status is {words(now.status)}; after approval only operations can cancel it.",
        )
    why = rule.fits(now)
    return no(Refusal.NOT_APPLICABLE, why) if why else Permission(action, allowed=True)


def needs_second_person(action: Action, now: Situation) -> bool:
    """Whether the action takes effect only once a second person has confirmed it."""
    return ACTION_RULES[action].second_person(now)


def may_second(action: Action, *, role: Role, principal: str, proposed_by: str) -> Permission:
    """May this caller confirm or decline what somebody proposed? `action` is what was proposed."""
    why: str | None = None
    if role not in SECOND_PERSONS:
        why = f"A second approval needs one of the roles: {', '.join(sorted(SECOND_PERSONS))}."
    elif principal == proposed_by:
        why = "Nobody confirms what they proposed; ask a colleague."
    return Permission(
        action, allowed=why is None, reason=why, refusal=Refusal.FORBIDDEN if why else None
    )


def condition_of(action: Action, role: Role) -> str | None:
    """What limits the role in that action, in a sentence; None where it may not at all."""
    rule = ACTION_RULES[action]
    if role not in rule.roles:
        return None
    if role in _SUBMITTERS:
        return "Their own changes, before approval."
    return "" if rule.submitter_may else "Never what they submitted themselves."
