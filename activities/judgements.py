"""What each check makes of what it was told: the verdict, and the facts that are kept with it."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from activities.checks import CUSTOMER, PORTAL, against, passed
from domain.catalogue import Visit, Wish
from domain.entitlement import AccountFacts, findings
from domain.messages import CheckResult
from domain.plan import money
from domain.service_change import ChangeKind, CheckName, CheckOutcome
from domain.submission import REQUIRED_DOCUMENT
from domain.vendor_values import Availability, BillingStanding, DateProblem, Standing

Facts = Mapping[str, Any]

_WHY: Final[Mapping[DateProblem, str]] = {
    DateProblem.WEEKEND: "is a weekend",
    DateProblem.HOLIDAY: "is a holiday",
    DateProblem.PAST: "is not in the future",
    DateProblem.TOO_FAR: "is further ahead than can be booked",
    DateProblem.FULL: "is fully booked",
}


def judge_entitlement(
    account_id: str, wish: Wish, on: date, facts: AccountFacts | None
) -> CheckResult:
    """By the CRM's facts and our rules."""
    reasons = findings(facts, account_id, wish, on)
    if not reasons:
        return passed(CheckName.ENTITLEMENT, "The account may have this change.")
    denied = [reason for reason in reasons if reason.outcome is CheckOutcome.DENIED]
    first = (denied or reasons)[0]
    sentences = " ".join(reason.message for reason in (denied or reasons))
    return against(CheckName.ENTITLEMENT, first.outcome, first.code, sentences, PORTAL)


def facts_of_account(facts: AccountFacts | None) -> Facts:
    """What the CRM said; nothing of an account it does not know."""
    if facts is None:
        return {}
    ends = facts.contract_ends_on
    return {
        "products": sorted(facts.products),
        "contract": facts.contract,
        "contract_ends_on": ends.isoformat() if ends else None,
        "lifecycle": facts.lifecycle,
        "fiber_available": facts.fiber_available,
        "etag": facts.version,
    }


def judge_standing(account_id: str, standing: BillingStanding | None) -> CheckResult:
    """By what the account owes."""
    name = CheckName.STANDING
    if standing is None:
        sentence = f"Billing knows no account {account_id}."
        return against(name, CheckOutcome.DENIED, "account_unknown", sentence)
    if standing.standing is Standing.CLOSED:
        sentence = f"Account {account_id} is closed at billing."
        return against(name, CheckOutcome.DENIED, "account_closed", sentence)
    if standing.standing is Standing.PAST_DUE:
        invoices = ", ".join(standing.overdue_invoices) or "an open invoice"
        sentence = f"Payment of overdue {invoices}; the change goes on by itself once it is paid."
        return against(name, CheckOutcome.BLOCKED, "past_due", sentence, CUSTOMER)
    return passed(name, f"Nothing overdue; {money(standing.recurring_minor)} per month now.")


def facts_of_standing(standing: BillingStanding | None) -> Facts:
    """What billing said."""
    if standing is None:
        return {}
    return {
        "recurring_minor": standing.recurring_minor,
        "standing": standing.standing,
        "overdue_invoices": list(standing.overdue_invoices),
    }


def judge_date(account_id: str, answer: Availability | None) -> CheckResult:
    """By whether the visit can take place then."""
    name = CheckName.DATE
    if answer is None:
        sentence = f"Scheduling knows no account {account_id}."
        return against(name, CheckOutcome.DENIED, "account_unknown", sentence)
    if answer.problem is None:
        return passed(name, f"{answer.on} can be booked ({answer.time_zone}).")
    called = f" ({answer.problem_name})" if answer.problem_name else ""
    alternative = f" The next open date is {answer.next_open_on}." if answer.next_open_on else ""
    sentence = f"Another date: {answer.on} {_WHY[answer.problem]}{called}.{alternative}"
    return against(name, CheckOutcome.BLOCKED, f"date_{answer.problem}", sentence, PORTAL)


def facts_of_date(answer: Availability | None, visit: Visit) -> Facts:
    """What scheduling was asked and said."""
    if answer is None:
        return {}
    return {
        "on": answer.on.isoformat(),
        "visit": visit,
        "time_zone": answer.time_zone,
        "problem": answer.problem,
        "next_open_on": answer.next_open_on.isoformat()
        if answer.problem and answer.next_open_on
        else None,
    }


def judge_completeness(
    kind: ChangeKind, duplicate_of: str | None, version: int, *, readable: bool
) -> CheckResult:
    """By the document, of which `version` 0 means that there is none, and no twin of the request.

    `readable`: its bytes are where they were put, unchanged.
    """
    name, needed = CheckName.COMPLETENESS, REQUIRED_DOCUMENT[kind]
    if duplicate_of:
        sentence = f"The same request is already under way as {duplicate_of}."
        return against(name, CheckOutcome.DENIED, "duplicate_request", sentence)
    if version == 0:
        if needed is None:
            return passed(name, "No document is needed for this kind of change.")
        return against(name, CheckOutcome.BLOCKED, "document_missing", f"The {needed}.", CUSTOMER)
    if not readable:
        sentence = (
            f"The {needed or 'document'} once more: version {version} cannot be read back "
            "unchanged."
        )
        return against(name, CheckOutcome.BLOCKED, "document_unreadable", sentence, CUSTOMER)
    return passed(name, f"Document version {version} is complete.")


def facts_of_document(kind: ChangeKind, version: int, sha256: str | None) -> Facts:
    """Which document was looked at, and which is needed."""
    return {
        "needed": REQUIRED_DOCUMENT[kind],
        "document_version": version,
        "document_sha256": sha256,
    }
