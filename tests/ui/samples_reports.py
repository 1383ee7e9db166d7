"""Morning reports as the API answers them: one with everything in it, and a quiet one."""

from datetime import UTC, date, datetime, timedelta

from domain.contracts_reports import (
    BecameActiveView,
    EndedView,
    ExceptionKind,
    JobState,
    JobView,
    MissingInputView,
    MorningReport,
    MorningReportSummary,
    MorningReportView,
    Proof,
    ReportExceptionView,
    StatusCountView,
    UnrecognisedKind,
    UnrecognisedView,
)
from domain.identifiers import System
from domain.morning_report import LAYOUT, SEVERITY, canonical, hash_of
from domain.service_change import ChangeKind, ChangeStatus
from tests.ui.samples import CHANGES

DAY = date(2026, 11, 25)
CUT = datetime(2026, 11, 25, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)
BUILT = CUT + timedelta(minutes=2)


def _exception(kind: ExceptionKind, what: str, **values: object) -> ReportExceptionView:
    fields: dict[str, object] = {
        "kind": kind, "severity": SEVERITY[kind], "what": what, "count": 1, "overdue": 0,
        "oldest_at": CUT - 30 * HOUR, "owner": "operations", "next_action": "Look at it.",
        "system": None, "status": None, "fingerprint": None, "change_ids": [CHANGES[0].id],
    }  # fmt: skip
    return ReportExceptionView.model_validate(fields | values)


def _job(job: str, state: JobState, sentence: str) -> JobView:
    return JobView(
        job=job, state=state, sentence=sentence, last_at=CUT - HOUR, longest_gap_seconds=3600,
        late_after_seconds=900, owner="integration engineers",
    )  # fmt: skip


QUIET = MorningReport(
    layout=LAYOUT, day=DAY, zone="Europe/Berlin", since=CUT - 24 * HOUR, cut=CUT, complete=True,
    missing=[], exceptions=[], unrecognised=[],
    jobs=[_job("The relay to the engine", JobState.RAN, "It ran up to the cut.")],
    active=dict.fromkeys(Proof, 0), counts=[], became_active_count=0, became_active=[],
    ended_otherwise=[],
)  # fmt: skip

FULL = QUIET.model_copy(
    update={
        "complete": False,
        "missing": [
            MissingInputView(
                input="The relay to the engine",
                needed_for="Changes accepted overnight.",
                why="It last ran 60 min before the cut.",
                owner="integration engineers",
                next_action="Start the relay.",
            )
        ],
        "exceptions": [
            _exception(ExceptionKind.WITHOUT_APPROVAL, "Active although nobody approved it"),
            _exception(
                ExceptionKind.STANDS_STILL,
                "Post billing change: billing does not answer",
                count=1204,
                overdue=12,
                system=System.BILLING,
                fingerprint="f" * 16,
                owner="billing operations",
            ),
            _exception(
                ExceptionKind.OVERDUE,
                "Awaits approval for too long",
                count=3,
                overdue=3,
                status=ChangeStatus.AWAITING_APPROVAL,
            ),
            _exception(ExceptionKind.SECOND_PERSON, "Skip: waits for a second person"),
        ],
        "unrecognised": [
            UnrecognisedView(
                kind=UnrecognisedKind.QUARANTINED,
                system=System.BILLING,
                what="customer.moved",
                count=7,
                first_at=CUT - 5 * HOUR,
            ),
            UnrecognisedView(
                kind=UnrecognisedKind.FORGED,
                system=System.TICKETING,
                what="webhook",
                count=2,
                first_at=CUT - 3 * HOUR,
            ),
        ],
        "jobs": [
            _job("Asking billing", JobState.LATE, "It paused for 60 min, and ran up to the cut."),
            _job("The relay to the engine", JobState.STOPPED, "It last ran 60 min before."),
            _job("The nightly comparison", JobState.NOT_AT_ALL, "It did not run at all."),
        ],
        "active": {**dict.fromkeys(Proof, 0), Proof.PROVEN: 4711, Proof.WITHOUT_APPROVAL: 1},
        "counts": [
            StatusCountView(kind=kind, status=status, proof=proof, count=count)
            for kind, status, proof, count in (
                (ChangeKind.ADD_SERVICE, ChangeStatus.ACTIVE, Proof.PROVEN, 4000),
                (ChangeKind.CHANGE_CONTRACT, ChangeStatus.ACTIVE, Proof.PROVEN, 711),
                (ChangeKind.ADD_SERVICE, ChangeStatus.ACTIVE, Proof.WITHOUT_APPROVAL, 1),
                (ChangeKind.ADD_SERVICE, ChangeStatus.NEEDS_ATTENTION, None, 1204),
            )
        ],
        "became_active_count": 250,
        "became_active": [
            BecameActiveView(
                change_id=CHANGES[0].id,
                kind=ChangeKind.ADD_SERVICE,
                approved_by="operator",
                approved_at=CUT - 4 * HOUR,
                applied_at=CUT - 3 * HOUR,
                active_at=CUT - 3 * HOUR,
            )
        ],
        "ended_otherwise": [
            EndedView(kind=ChangeKind.ADD_SERVICE, status=ChangeStatus.REJECTED, count=9)
        ],
    }
)


def view(report: MorningReport, day: date, *, kept: bool) -> MorningReportView:
    """The report of a day; kept and mailed, or told just now."""
    report = report.model_copy(update={"day": day})
    return MorningReportView(
        day=day,
        kept=kept,
        built_at=BUILT if kept else None,
        built_by="schedule" if kept else None,
        told={"mail": BUILT} if kept else {},
        sha256=hash_of(canonical(report)),
        equal=None,
        may_build=True,
        report=report,
    )


DAYS = [
    MorningReportSummary(
        day=DAY - timedelta(days=number),
        cut=CUT - 24 * HOUR * number,
        built_at=BUILT - 24 * HOUR * number,
        built_by="schedule",
        complete=bool(number),
        missing=[] if number else ["The relay to the engine"],
        sha256="5f" * 32,
    )
    for number in range(2)
]
