"""The approval queue: its rows, the evidence behind checks, and which of many may be decided."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from domain.contracts import CheckView, MayActAnswer
from domain.contracts_approvals import ApprovalView
from domain.service_change import Action, CheckOutcome
from support_ui.view_models import assignments, lists, text, words

Cells = dict[str, str]

_FACTS: Final[Mapping[str, str]] = {
    "products": "Services held",
    "contract": "Contract",
    "contract_ends_on": "Contract runs until",
    "lifecycle": "Account",
    "fiber_available": "Fiber at the address",
    "standing": "Standing",
    "recurring_minor": "Pays per month",
    "overdue_invoices": "Overdue",
    "on": "Date",
    "visit": "Visit",
    "time_zone": "Time zone",
    "problem": "Problem",
    "next_open_on": "Next open date",
    "needed": "Document needed",
    "document_version": "Version",
    "document_sha256": "SHA-256",
    "etag": "Version of the record",
}
_CODED: Final = frozenset({"visit", "problem", "standing", "lifecycle"})
"""Facts whose value is a code and not a word of somebody's own."""


def queue_row(item: ApprovalView, now: datetime) -> lists.Row:
    """One change that waits for a decision."""
    change = item.change
    return {
        "Account": change.account_id,
        "What": change.summary,
        "Monthly price": lists.price(change),
        "Difference": difference(item),
        "Checks": checks_passed(item.checks),
        "Submitted": text.age(change.submitted_at, now),
        "Due": due(change.due_at, now),
        "Whose": assignments.cell(item.assignment, now),
        "You may": caller_may(item),
    }


def difference(item: ApprovalView) -> str:
    """What the month costs more or less."""
    if item.plan is None:
        return text.DASH
    plan = item.plan
    return text.price_difference(
        plan.recurring_before_minor, plan.recurring_after_minor, plan.currency
    )


def checks_passed(checks: Sequence[CheckView]) -> str:
    """How many checks passed, of how many."""
    passed = sum(check.outcome is CheckOutcome.PASSED for check in checks)
    return f"{passed} of {len(checks)} passed"


def due(at: datetime | None, now: datetime) -> str:
    """When a decision is due; one that is late says so in a word."""
    told = text.age(at, now)
    return f"late, {told}" if at and at < now else told


def caller_may(item: ApprovalView) -> str:
    """What this caller may decide, in a word; the whole reason stands with the change."""
    allowed = [words.ACTION[each.action].label for each in item.may_act if each.caller.allowed]
    return " or ".join([*allowed[:1], *(label.lower() for label in allowed[1:])]) or "Only look"


def evidence_rows(checks: Iterable[CheckView], now: datetime) -> list[Cells]:
    """The question each check puts, to whom, what was answered, and the facts in the answer."""
    return [
        {
            "Question": words.CHECK_NAME[check.name],
            "Outcome": words.CHECK[check.outcome].badge,
            "Answer": f"{text.plain(check.detail)} (`{check.code}`)",
            "Facts": facts(check.facts),
            "Asked": f"{words.SYSTEM[check.system]}, {text.age(check.at, now)}",
        }
        for check in checks
    ]


def facts(found: Mapping[str, Any]) -> str:
    """Facts as one Markdown line, in the order people ask for them; what is empty says nothing."""
    named = {name: label for name, label in _FACTS.items() if name in found}
    others = {name: text.humanise(name) for name in found if name not in _FACTS}
    shown = [
        f"{label}: **{text.plain(_fact(name, found[name]))}**"
        for name, label in (named | others).items()
        if found[name] not in (None, [], "")
    ]
    return " · ".join(shown) or text.DASH


def _fact(name: str, value: Any) -> str:  # noqa: ANN401 - facts are open by contract
    if name.endswith("_minor"):
        return text.money(value, "usd")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        each = [text.humanise(str(part)) if name == "products" else str(part) for part in value]
        return ", ".join(each)
    if name.endswith("sha256"):
        return text.short_hash(str(value))
    return str(value).replace("_", " ") if name in _CODED else str(value)


@dataclass(frozen=True, slots=True)
class Several:
    """Several changes taken together for one action: those it is allowed for, and the others.

    `refused` names each of the others with the API's reason. `proposed`: of the allowed ones, how
    many would wait for a second person.
    """

    action: Action
    allowed: tuple[ApprovalView, ...]
    refused: tuple[tuple[ApprovalView, str], ...]
    proposed: int

    @property
    def button(self) -> str:
        """What the button will do, counted."""
        count = len(self.allowed)
        label = words.ACTION[self.action].label
        return f"{label} {count} change" + ("" if count == 1 else "s")

    @property
    def caution(self) -> str:
        """What to know of it before; empty if nothing."""
        if not self.proposed:
            return ""
        return (
            f"{self.proposed} of them to {words.ACTION[self.action].label.lower()} would wait for "
            "a second person."
        )


def several(items: Iterable[ApprovalView], action: Action) -> Several:
    """Which of these the API lets this caller decide so."""
    allowed, refused, proposed = [], [], 0
    for item in items:
        answer = _answer(item, action)
        if answer is not None and answer.caller.allowed:
            allowed.append(item)
            proposed += answer.needs_second_person
        else:
            reason = answer.caller.reason if answer else None
            refused.append((item, reason or "The API does not allow it."))
    return Several(action, tuple(allowed), tuple(refused), proposed)


def _answer(item: ApprovalView, action: Action) -> MayActAnswer | None:
    return next((each for each in item.may_act if each.action is action), None)


def several_rows(items: Iterable[ApprovalView], ways: Iterable[Several]) -> list[Cells]:
    """What is decided together, and for each whether it may be decided either way."""
    why = {way.action: {item.change.id: reason for item, reason in way.refused} for way in ways}
    return [
        {
            "Account": text.plain(item.change.account_id),
            "What": text.plain(item.change.summary),
            "Monthly price": text.plain(lists.price(item.change)),
            **{
                words.ACTION[action].label: text.plain(reasons.get(item.change.id, "Yes"))
                for action, reasons in why.items()
            },
        }
        for item in items
    ]
