"""Differences between systems as people read them: values, states, ages, what may be done."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain.contracts_reconciliation import (
    DifferencePermissionView,
    DifferenceView,
    FieldCountView,
    ReconciliationRunView,
    ReconciliationSummaryView,
    RepairView,
    SideView,
    SystemReadView,
)
from domain.reconciliation import Field, Freshness, Reason, RepairKind
from domain.reconciliation_decisions import (
    WORK,
    DifferenceAction,
    DifferenceState,
)
from domain.wording import upper_first
from support_ui.view_models import lists, text, words
from support_ui.view_models.words import Look

_CURRENCY: Final = "usd"

FIELD: Final[Mapping[Field, str]] = {
    Field.ACCOUNT_LIFECYCLE: "Account open or closed",
    Field.SERVICES_HELD: "Services held",
    Field.CONTRACT_TERM: "Contract term",
    Field.RECURRING_CHARGE: "Monthly charge",
    Field.PAYMENT_METHOD: "Payment method",
    Field.BILLING_ADDRESS: "Billing address",
    Field.APPOINTMENT: "Appointment",
    Field.TICKET_STATUS: "Ticket",
}

STATE: Final[Mapping[DifferenceState, Look]] = {
    DifferenceState.OPEN: Look("Unexplained", "red", "error"),
    DifferenceState.EXPLAINED: Look("Explained", "blue", "info"),
    DifferenceState.REVIEWED: Look("Held", "violet", "visibility"),
    DifferenceState.REPAIR_PROPOSED: Look("Waits for a second person", "orange", "group"),
    DifferenceState.REPAIRING: Look("Being repaired", "blue", "build"),
    DifferenceState.REPAIRED: Look("Repaired", "green", "check_circle"),
    DifferenceState.DISMISSED: Look("Dismissed", "gray", "block"),
    DifferenceState.AGREES_AGAIN: Look("Agrees again", "green", "handshake"),
}

FRESHNESS: Final[Mapping[Freshness, Look]] = {
    Freshness.NOT_RUN: Look("Never run", "red", "error"),
    Freshness.STALE: Look("Stale", "red", "history"),
    Freshness.INCOMPLETE: Look("Incomplete", "red", "rule"),
    Freshness.FRESH: Look("Up to date", "green", "check_circle"),
}

REASON: Final[Mapping[Reason, str]] = {
    Reason.CHANGE_IN_FLIGHT: "Change under way",
    Reason.REVISION_PENDING: "Revision pending",
    Reason.JUST_APPLIED: "Just applied",
}

DEFAULT_STATES: Final = tuple(state for state in DifferenceState if state in WORK)
"""What somebody still has to deal with."""


@dataclass(frozen=True, slots=True)
class ActionWords:
    """How an action is offered, and what it has done once it is taken."""

    label: str
    icon: str
    past: str


ACTION: Final[Mapping[DifferenceAction, ActionWords]] = {
    DifferenceAction.REPAIR: ActionWords("Repair", "build", "Repair begun"),
    DifferenceAction.REVIEW: ActionWords("Hold for review", "visibility", "Held for review"),
    DifferenceAction.DISMISS: ActionWords("Dismiss", "block", "Dismissed"),
    DifferenceAction.CONFIRM: ActionWords("Confirm the repair", "check", "Repair confirmed"),
    DifferenceAction.DECLINE: ActionWords("Decline", "close", "Repair declined"),
}

_OFFERED: Final[Mapping[DifferenceState, tuple[DifferenceAction, ...]]] = {
    DifferenceState.OPEN: (
        DifferenceAction.REPAIR,
        DifferenceAction.REVIEW,
        DifferenceAction.DISMISS,
    ),
    DifferenceState.EXPLAINED: (DifferenceAction.REVIEW, DifferenceAction.DISMISS),
    DifferenceState.REVIEWED: (DifferenceAction.REPAIR, DifferenceAction.DISMISS),
    DifferenceState.REPAIR_PROPOSED: (DifferenceAction.CONFIRM, DifferenceAction.DECLINE),
}
"""What is shown at all; whether the caller may is the API's word."""


def value(field: Field, told: str) -> str:
    """A value as people read it; plain text."""
    if field is Field.SERVICES_HELD:
        return ", ".join(map(_product, told.split(", "))) if told else "nothing"
    if field is Field.RECURRING_CHARGE:
        return f"{text.money(int(told), _CURRENCY)} a month"
    if field is Field.BILLING_ADDRESS:
        return f"address with fingerprint {text.short_hash(told)}"
    return upper_first(told)


def _product(name: str) -> str:
    return "DSL" if name == "dsl" else text.humanise(name)


def _brief(field: Field, mine: str, others: str) -> str:
    """A value as a list has room for it: of a set, what the other has not, or has besides."""
    if field is not Field.SERVICES_HELD:
        return value(field, mine)
    held, held_there = (set(filter(None, told.split(", "))) for told in (mine, others))
    parts = [
        f"{word} {', '.join(map(_product, sorted(products)))}"
        for word, products in (("with", held - held_there), ("without", held_there - held))
        if products
    ]
    return "; ".join(parts)


def row(difference: DifferenceView, now: datetime) -> lists.Row:
    """One difference of the list, both values side by side."""
    field = difference.field
    return {
        "Account": difference.account_id,
        "Field": FIELD[field],
        "Owner": words.SYSTEM[difference.owner.system],
        "Owner says": _brief(field, difference.owner.value, difference.other.value),
        "Other": words.SYSTEM[difference.other.system],
        "Other says": _brief(field, difference.other.value, difference.owner.value),
        "State": STATE[difference.state].label,
        "Since": text.age(difference.first_seen_at, now),
        "Explained by": difference.explanation.change_id if difference.explanation else "",
    }


def heading(difference: DifferenceView) -> str:
    """Field and account; Markdown."""
    subject = f" {text.plain(difference.subject)}" if difference.subject else ""
    return f"{FIELD[difference.field]}{subject}, account {text.plain(difference.account_id)}"


def standing(difference: DifferenceView, now: datetime) -> str:
    """State, age and how often it was seen; Markdown."""
    seen = "once" if difference.seen_in_runs == 1 else f"in {difference.seen_in_runs:,} runs"
    money = "  ·  :orange-badge[:material/payments: Money]" if difference.money else ""
    return (
        f"{STATE[difference.state].badge}{money}  ·  first seen "
        f"{text.hover(text.age(difference.first_seen_at, now), difference.first_seen_at)}, "
        f"last {text.hover(text.age(difference.last_seen_at, now), difference.last_seen_at)}, "
        f"{seen}"
    )


@dataclass(frozen=True, slots=True)
class SideCard:
    """One of the two systems: its name and part, its value, its times; Markdown."""

    title: str
    value: str
    lines: tuple[str, ...]


def sides(difference: DifferenceView, now: datetime) -> tuple[SideCard, SideCard]:
    """The owner and the other, to be shown side by side."""
    owner, other = difference.owner, difference.other
    return (
        _side(difference, owner, other, "owner by rule: its value counts", now),
        _side(difference, other, owner, "has another value", now),
    )


def _side(
    difference: DifferenceView, mine: SideView, others: SideView, part: str, now: datetime
) -> SideCard:
    since = f"So since {text.hover(text.moment(mine.changed_at, now), mine.changed_at)}"
    lines = [
        *_only_here(difference.field, mine.value, others.value),
        since if mine.changed_at else "Does not say since when",
        f"Read {text.hover(text.moment(mine.read_at, now), mine.read_at)}",
    ]
    return SideCard(
        f"**{words.SYSTEM[mine.system]}**  ·  {part}",
        text.plain(value(difference.field, mine.value)),
        tuple(lines),
    )


def _only_here(field: Field, mine: str, others: str) -> Iterable[str]:
    if field is not Field.SERVICES_HELD:
        return
    extra = set(filter(None, mine.split(", "))) - set(filter(None, others.split(", ")))
    if extra:
        yield f"**Only here:** {', '.join(map(_product, sorted(extra)))}"


def repair_sentence(difference: DifferenceView) -> str:
    """What a repair would do, or why there is none; plain text."""
    owner, other = words.SYSTEM[difference.owner.system], words.SYSTEM[difference.other.system]
    sentences: Mapping[RepairKind | None, str] = {
        RepairKind.POST_PRICE_LINES: (
            f"{other} is asked to charge for exactly what the {owner} says is held, by price lines "
            "of their own. Both systems are read again first; what has moved is not touched."
        ),
        RepairKind.TAKE_OVER: (
            f"Our record notes the value of {owner} as what stands. No system is called. If our "
            "value should count, submit a service change instead."
        ),
        None: f"{other} alone may change this: ask for it there, and it agrees again by itself.",
    }
    second = " A second person has to confirm it." if difference.money and difference.repair else ""
    return sentences[difference.repair] + second


def offered(difference: DifferenceView) -> list[DifferencePermissionView]:
    """What can be said of it as it stands, each with the API's word on whether the caller may."""
    wanted = _OFFERED.get(difference.state, ())
    may = {each.action: each for each in difference.may_act}
    return [may[action] for action in wanted if action in may]


def label(offer: DifferencePermissionView) -> str:
    """The button's words."""
    if offer.second_person:
        return "Propose the repair to a second person"
    return ACTION[offer.action].label


def confirmation(action: DifferenceAction, after: DifferenceView) -> str:
    """What was done, once the API has decided."""
    if action is DifferenceAction.REPAIR and after.state is DifferenceState.REPAIR_PROPOSED:
        return f"Proposed: {heading(after)}. It waits for a second person."
    return f"{ACTION[action].past}: {heading(after)}."


def decision_line(difference: DifferenceView, now: datetime) -> str:
    """Who decided what, and why; Markdown. Empty where nobody has."""
    made = difference.decision
    if made is None:
        return ""
    second = (
        f"  ·  **{text.plain(made.second_actor)}** {text.age(made.second_at, now)}: "
        f"“{text.plain(made.second_reason or '')}”"
        if made.second_actor
        else ""
    )
    act = ACTION[made.action]
    return (
        f":material/{act.icon}: {act.label} by **{text.plain(made.actor)}** "
        f"{text.age(made.at, now)}: “{text.plain(made.reason)}”{second}"
    )


def repair_rows(repairs: Iterable[RepairView], now: datetime) -> list[dict[str, str]]:
    """Each repair with its evidence; the cells are Markdown."""
    return [
        {
            "At": words.SYSTEM[repair.system],
            "Status": words.EFFECT[repair.status].badge,
            "Reference": f"`{repair.vendor_reference}`" if repair.vendor_reference else text.DASH,
            "Tries": str(repair.attempts),
            "Key": f"`{repair.idempotency_key}`",
            "When": text.age(repair.closed_at or repair.intended_at, now),
            "What is known": text.plain(repair.verdict),
        }
        for repair in repairs
    ]


def summary_line(summary: ReconciliationSummaryView, now: datetime) -> str:
    """What the last comparison is worth; Markdown."""
    last = summary.last_full_run
    told = f"{FRESHNESS[summary.freshness].badge} {text.plain(summary.sentence)}"
    if last is None or last.finished_at is None:
        return told
    by = "the schedule" if last.started_by_kind == "schedule" else text.plain(last.started_by)
    accounts = last.counts.get("accounts", 0)
    return (
        f"{told} Last run by {by}, ended "
        f"{text.hover(text.age(last.finished_at, now), last.finished_at)}: "
        f"{accounts:,} accounts, {last.counts.get('new', 0):,} new, "
        f"{last.counts.get('agree_again', 0):,} agree again."
    )


def read_rows(run: ReconciliationRunView) -> list[dict[str, str]]:
    """How each system was read; the cells are Markdown."""
    return [
        {
            "System": words.SYSTEM[each.system],
            "Read": _whole(each),
            "Pages": f"{each.pages:,}",
            "Things": f"{each.items:,}",
            "Calls": f"{each.calls:,}" if each.vendor_rate else text.DASH,
            "Time": f"{each.seconds:.1f} s",
            "Share of its rate": text.percent(each.share_used),
        }
        for each in run.systems
    ]


def _whole(read: SystemReadView) -> str:
    if read.waits_for:
        return f":orange-badge[:material/hourglass_top: Waits] {text.plain(read.waits_for)}"
    if read.whole is None:
        return ":blue-badge[:material/sync: Being read]"
    if read.whole:
        return ":green-badge[:material/check_circle: Whole]"
    return f":red-badge[:material/error: Not whole] {text.plain(read.why_not or '')}"


def count_rows(fields: Iterable[FieldCountView]) -> list[dict[str, str]]:
    """Fields with something that stands, the number of each state; the cells are Markdown."""
    return [
        {
            "Field": FIELD[each.field],
            "Owner": words.SYSTEM[each.owner],
            "Differs at": words.SYSTEM[each.system],
            "How many": "  ".join(
                f"{STATE[state].badge} {each.counts[state]:,}"
                for state in DifferenceState
                if each.counts.get(state)
            ),
        }
        for each in fields
        if any(each.counts.values())
    ]


def compared_sentence(fields: Iterable[FieldCountView]) -> str:
    """What else is compared and agrees."""
    quiet = [
        f"{FIELD[each.field].lower()} ({words.SYSTEM[each.owner]} and {words.SYSTEM[each.system]})"
        for each in fields
        if not any(each.counts.values())
    ]
    return f"Agree everywhere: {', '.join(quiet)}." if quiet else ""
