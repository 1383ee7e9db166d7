"""What the morning report says, and how the API answers it. Shapes only, no rules.

A report that was built keeps its bytes: a field added here later is missing in it.
"""

from datetime import date, datetime
from enum import StrEnum

from domain.contracts_failures import View
from domain.identifiers import System
from domain.service_change import ChangeKind, ChangeStatus


class Severity(StrEnum):
    """How much an exception asks for, the most first."""

    ALARM = "alarm"
    ACT = "act"
    WATCH = "watch"


class ExceptionKind(StrEnum):
    """What is not as it should be."""

    WITHOUT_APPROVAL = "without_approval"
    NOT_APPLIED = "not_applied"
    IN_DOUBT = "in_doubt"
    STANDS_STILL = "stands_still"
    OVERDUE = "overdue"
    SECOND_PERSON = "second_person"


class Proof(StrEnum):
    """What the record holds for a change that is active.

    `by_hand`: a step was skipped on somebody's evidence. The last two must not be.
    """

    PROVEN = "proven"
    BY_HAND = "by_hand"
    WITHOUT_APPROVAL = "without_approval"
    NOT_APPLIED = "not_applied"


class JobState(StrEnum):
    """How a job went in the time reported on."""

    RAN = "ran"
    LATE = "late"
    """It paused for too long, and was back by the cut."""
    STOPPED = "stopped"
    """It ran, and not up to the cut."""
    INCOMPLETE = "incomplete"
    NOT_AT_ALL = "not_at_all"


class UnrecognisedKind(StrEnum):
    """In which way something came that nobody here knows."""

    QUARANTINED = "quarantined"
    UNKNOWN_PAYLOAD = "unknown_payload"
    FORGED = "forged"
    DRIFT = "drift"


class ReportExceptionView(View):
    """One thing that asks for somebody: how often, since when, whose work, what to do.

    `overdue` of `count` are past their time. At most twenty of the changes are named.
    """

    kind: ExceptionKind
    severity: Severity
    what: str
    count: int
    overdue: int
    oldest_at: datetime | None
    owner: str
    next_action: str
    system: System | None
    status: ChangeStatus | None
    fingerprint: str | None
    change_ids: list[str]


class UnrecognisedView(View):
    """What came and was not understood, by sender and by what it is about."""

    kind: UnrecognisedKind
    system: System
    what: str
    count: int
    first_at: datetime | None


class JobView(View):
    """One job in the time reported on. `longest_gap_seconds`: between two runs of it."""

    job: str
    state: JobState
    sentence: str
    last_at: datetime | None
    longest_gap_seconds: int | None
    late_after_seconds: int
    owner: str


class MissingInputView(View):
    """An input that is missing, what cannot be vouched for without it, and whose work it is."""

    input: str
    needed_for: str
    why: str
    owner: str
    next_action: str


class StatusCountView(View):
    """So many changes of a kind stood so at the cut. `proof` is said of active ones alone."""

    kind: ChangeKind
    status: ChangeStatus
    proof: Proof | None
    count: int


class BecameActiveView(View):
    """A change that became active: approved by whom and when, and when its last effect was."""

    change_id: str
    kind: ChangeKind
    approved_by: str | None
    approved_at: datetime | None
    applied_at: datetime | None
    active_at: datetime


class EndedView(View):
    """So many changes of a kind ended otherwise."""

    kind: ChangeKind
    status: ChangeStatus
    count: int


class MorningReport(View):
    """The state of the business at the cut, and what happened since the cut before.

    Everything is told from the history on record as it was at the cut. `active` counts the changes
    that were approved and of which every effect was applied; `became_active` is cut short.
    """

    layout: int
    day: date
    zone: str
    since: datetime
    cut: datetime
    complete: bool
    missing: list[MissingInputView]
    exceptions: list[ReportExceptionView]
    unrecognised: list[UnrecognisedView]
    jobs: list[JobView]
    active: dict[Proof, int]
    counts: list[StatusCountView]
    became_active_count: int
    became_active: list[BecameActiveView]
    ended_otherwise: list[EndedView]


class MorningReportView(View):
    """A day's report. `kept`: it was built and sent as it stands here, else it was told just now.

    `sha256` is that of the report as canonical JSON: sorted names, no spaces, UTF-8. `equal`: what
    is told from the record now is the kept report, byte for byte; None where nobody compared.
    """

    day: date
    kept: bool
    built_at: datetime | None
    built_by: str | None
    told: dict[str, datetime]
    sha256: str
    equal: bool | None
    may_build: bool
    report: MorningReport


class MorningReportSummary(View):
    """One kept report in the list of days."""

    day: date
    cut: datetime
    built_at: datetime
    built_by: str
    complete: bool
    missing: list[str]
    sha256: str
