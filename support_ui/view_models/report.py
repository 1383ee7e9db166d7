"""The morning report as rows and sentences. Times are the reader's; the cut names its own zone."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from domain.contracts_reports import (
    ExceptionKind,
    JobState,
    JobView,
    MissingInputView,
    MorningReport,
    MorningReportSummary,
    MorningReportView,
    Proof,
    ReportExceptionView,
    Severity,
    UnrecognisedKind,
    UnrecognisedView,
)
from domain.service_change import ChangeKind, ChangeStatus
from domain.wording import upper_first
from support_ui.view_models import lists, places, text, words
from support_ui.view_models.places import Place

SEVERITY: Final[Mapping[Severity, words.Look]] = {
    Severity.ALARM: words.Look("Must not be", "red", "emergency_home"),
    Severity.ACT: words.Look("Act", "orange", "error"),
    Severity.WATCH: words.Look("Watch", "gray", "visibility"),
}

JOB: Final[Mapping[JobState, words.Look]] = {
    JobState.RAN: words.Look("Ran", "green", "check_circle"),
    JobState.LATE: words.Look("Ran late", "orange", "schedule"),
    JobState.STOPPED: words.Look("Stopped", "red", "cancel"),
    JobState.INCOMPLETE: words.Look("Incomplete", "red", "error"),
    JobState.NOT_AT_ALL: words.Look("Not at all", "red", "block"),
}

COMPLETE: Final = words.Look("Complete", "green", "check_circle")
INCOMPLETE: Final = words.Look("Incomplete", "red", "error")

UNRECOGNISED: Final[Mapping[UnrecognisedKind, str]] = {
    UnrecognisedKind.QUARANTINED: "Event in quarantine",
    UnrecognisedKind.UNKNOWN_PAYLOAD: "Answer we do not act on",
    UnrecognisedKind.FORGED: "Forged event",
    UnrecognisedKind.DRIFT: "Payload of another shape",
}

_PROOF: Final[Mapping[Proof, words.Look]] = {
    Proof.PROVEN: words.Look("Active", "green", "check_circle"),
    Proof.BY_HAND: words.Look("Active, a step skipped by hand", "gray", "skip_next"),
    Proof.WITHOUT_APPROVAL: words.Look("Not counted: nobody approved", "red", "emergency_home"),
    Proof.NOT_APPLIED: words.Look("Not counted: not all applied", "red", "emergency_home"),
}
_LEADS: Final[Mapping[ExceptionKind, Place]] = {
    ExceptionKind.SECOND_PERSON: places.SECOND_APPROVALS,
}
_TOTAL: Final = "All kinds"


def headline(report: MorningReport) -> str:
    """Whether the report may be relied on, in a sentence."""
    if report.complete:
        return "**Complete.** Every input was there at the cut."
    count = len(report.missing)
    inputs, them = ("One input is", "it") if count == 1 else (f"{count} inputs are", "them")
    return (
        f"**Not complete.** {inputs} missing, so that what depends on {them} is not vouched for. "
        f"What follows is what the record holds without {them}."
    )


def about(view: MorningReportView, now: datetime) -> str:
    """Which moment the report is about, and where it comes from; HTML for `ui.rich`."""
    report = view.report
    cut = report.cut.astimezone(ZoneInfo(report.zone))
    since = report.since.astimezone(ZoneInfo(report.zone))
    moment = text.hover(f"{cut:%A, %Y-%m-%d %H:%M}", report.cut)
    line = f"How things stood on **{moment}** ({text.plain(report.zone)}), and what happened since "
    line += f"{text.hover(f'{since:%Y-%m-%d %H:%M}', report.since)}. "
    if not view.kept:
        return line + "It was not kept yet: it is told from the record as of then."
    built = text.hover(text.moment(view.built_at, now), view.built_at)
    line += f"Kept as built {built} by {text.plain(view.built_by or '')}, {sent(view, now)}. "
    return line + f"SHA-256 `{text.short_hash(view.sha256)}`."


def sent(view: MorningReportView, now: datetime) -> str:
    """By which channels it went out."""
    if not view.told:
        return "not sent"
    channels = (
        f"{text.plain(channel)} {text.hover(text.age(at, now), at)}"
        for channel, at in sorted(view.told.items())
    )
    return f"sent by {', '.join(channels)}"


def figures(report: MorningReport) -> list[tuple[str, str, str]]:
    """Title, value and what it counts."""
    exceptions = sum(each.count for each in report.exceptions)
    unknown = sum(each.count for each in report.unrecognised)
    ended = sum(each.count for each in report.ended_otherwise)
    return [
        ("Active", f"{report.active.get(Proof.PROVEN, 0):,}", "Approved, and every effect applied"),
        ("Exceptions", f"{exceptions:,}", "Listed below, the gravest first"),
        ("Not recognised", f"{unknown:,}", "Since the cut before"),
        ("Became active", f"{report.became_active_count:,}", "Since the cut before"),
        ("Ended otherwise", f"{ended:,}", "Since the cut before"),
    ]


def missing_rows(missing: Sequence[MissingInputView]) -> list[dict[str, str]]:
    """What is missing, what for, and what to do."""
    return [
        {
            "Missing": f"**{text.plain(each.input)}**",
            "Why": text.plain(each.why),
            "Needed for": text.plain(each.needed_for),
            "Whose work": text.plain(upper_first(each.owner)),
            "What to do": text.plain(each.next_action),
        }
        for each in missing
    ]


def exception_row(each: ReportExceptionView, cut: datetime) -> lists.Row:
    """One exception; ages are those at the cut."""
    return {
        "": [SEVERITY[each.severity].label],
        "Open": each.what,
        "Changes": each.count,
        "Past their time": f"{each.overdue:,}" if each.overdue else "",
        "Oldest": text.duration(cut - each.oldest_at) if each.oldest_at else "",
        "Whose work": upper_first(each.owner),
        "What to do": each.next_action,
    }


def exception_place(each: ReportExceptionView) -> Place:
    """Where the changes of an exception are listed now, or the first of them."""
    if each.fingerprint:
        return places.cause(each.fingerprint)
    if each.status:
        return places.in_status([each.status])
    return _LEADS.get(each.kind) or places.change(each.change_ids[0])


def unrecognised_rows(found: Sequence[UnrecognisedView], now: datetime) -> list[dict[str, str]]:
    """What came and was not understood."""
    return [
        {
            "From": words.SYSTEM[each.system],
            "What": UNRECOGNISED[each.kind],
            "About": text.plain(text.humanise(each.what)),
            "How often": f"{each.count:,}",
            "First": text.moment(each.first_at, now),
        }
        for each in found
    ]


def job_rows(jobs: Sequence[JobView], now: datetime) -> list[dict[str, str]]:
    """How each job went."""
    return [
        {
            "Job": text.plain(each.job),
            "State": JOB[each.state].badge,
            "Said": text.plain(each.sentence),
            "Last before the cut": text.moment(each.last_at, now),
            "Whose work": text.plain(upper_first(each.owner)),
        }
        for each in jobs
    ]


def count_rows(report: MorningReport) -> list[dict[str, str]]:
    """A row for each status, a column for each kind; what must not be is there only if it is."""
    found: dict[tuple[ChangeStatus, Proof | None], dict[ChangeKind, int]] = defaultdict(dict)
    for each in report.counts:
        found[each.status, each.proof][each.kind] = each.count
    active: list[tuple[ChangeStatus, Proof | None]] = [
        (ChangeStatus.ACTIVE, proof) for proof in Proof
    ]
    shown = [key for key in active if key in found or key[1] is Proof.PROVEN]
    shown += [(status, None) for status in ChangeStatus if status is not ChangeStatus.ACTIVE]
    return [_count_row(key, found.get(key, {})) for key in shown]


def _count_row(
    key: tuple[ChangeStatus, Proof | None], by_kind: Mapping[ChangeKind, int]
) -> dict[str, str]:
    status, proof = key
    look = _PROOF[proof] if proof else words.STATUS[status]
    cells = {
        words.KIND[kind]: f"{by_kind[kind]:,}" if by_kind.get(kind) else text.DASH
        for kind in ChangeKind
    }
    return {"Status": look.badge, _TOTAL: f"**{sum(by_kind.values()):,}**", **cells}


def became_rows(report: MorningReport, now: datetime) -> list[lists.Row]:
    """What became active, one by one."""
    return [
        {
            "Open": each.change_id,
            "Kind": words.KIND[each.kind],
            "Approved by": each.approved_by or text.DASH,
            "Approved": text.moment(each.approved_at, now),
            "Last effect applied": text.moment(each.applied_at, now),
            "Active": text.moment(each.active_at, now),
        }
        for each in report.became_active
    ]


def ended_rows(report: MorningReport) -> list[dict[str, str]]:
    """What ended otherwise, by how and kind."""
    return [
        {
            "Ended": words.STATUS[each.status].badge,
            "Kind": words.KIND[each.kind],
            "Changes": f"{each.count:,}",
        }
        for each in report.ended_otherwise
    ]


def day_row(each: MorningReportSummary, now: datetime) -> lists.Row:
    """One kept report in the list of days."""
    look = COMPLETE if each.complete else INCOMPLETE
    return {
        "Open": each.day.isoformat(),
        "State": [look.label],
        "Missing": "; ".join(each.missing),
        "Built": text.moment(each.built_at, now),
        "By": each.built_by,
        "SHA-256": text.short_hash(each.sha256),
    }


def day_place(each: MorningReportSummary) -> Place:
    """That day's report."""
    return Place(places.REPORT_PAGE, {"day": each.day.isoformat()})


_UNEQUAL: Final = (
    "The record tells another report of that day now than the one that was kept. "
    "The kept one stands; tell the engineers both hashes from the audit trail."
)


def built(view: MorningReportView) -> str:
    """What there is to say after somebody had a report built that was kept or is now."""
    if view.equal is False:
        return _UNEQUAL
    return f"The report of {view.day} is kept, and the record tells it byte for byte."
