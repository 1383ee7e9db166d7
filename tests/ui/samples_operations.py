"""A day, vendors and machinery in every state, and pauses, as the API would answer them."""

from collections.abc import Collection
from datetime import timedelta

from domain.contracts import Me, ServiceChangeSummary, ServiceChangeView
from domain.contracts_assignments import AssignmentView
from domain.contracts_health import (
    HealthBucketView,
    HealthHistoryView,
    PartHealthView,
    ProcessView,
    SystemHealthView,
)
from domain.contracts_operations import IntegrationHealthView, PauseView
from domain.contracts_today import (
    BrokenCauseView,
    HourView,
    OverdueView,
    TodayView,
    VendorGlanceView,
    WaitsForMeView,
)
from domain.errors import FailureCode
from domain.health import NEXT, HealthState, Part
from domain.identifiers import System
from domain.service_change import FINAL, OPEN, READS_EVERYTHING, ChangeStatus, Role
from tests.ui import samples_desk
from tests.ui.samples import NOW

MIDNIGHT = NOW.replace(hour=0, minute=0, second=0)

HEALTH = [
    IntegrationHealthView(
        system=System.CRM, reachable=True, last_success_at=NOW - timedelta(seconds=20),
        last_failure_at=None, last_failure=None, calls_last_hour=412, error_rate=0.0,
        rate_limited_until=None, unknown_payloads=0, backlog=0, state=HealthState.GOOD,
        sentence="It answers.", p95_seconds=0.21, opening=True,
        credential="Accepted with the last success; no expiry known.",
    ),
    IntegrationHealthView(
        system=System.BILLING, reachable=True, last_success_at=NOW - timedelta(minutes=3),
        last_failure_at=NOW - timedelta(minutes=3), last_failure="throttled: 429 slow *down*",
        calls_last_hour=380, error_rate=0.042, rate_limited_until=NOW + timedelta(days=1),
        unknown_payloads=2, backlog=7, state=HealthState.SLOW, cause=FailureCode.THROTTLED,
        sentence="It asks us to wait: nobody calls it before the time it named.",
        next_action="Nothing; calls go on by themselves, gradually.", p95_seconds=1.4,
        last_event_at=NOW - timedelta(minutes=9), usual_events=12.4, credential="Accepted.",
    ),
    IntegrationHealthView(
        system=System.SCHEDULING, reachable=False, last_success_at=NOW - timedelta(hours=2),
        last_failure_at=NOW - timedelta(seconds=40), last_failure="connection refused",
        calls_last_hour=96, error_rate=1.0, rate_limited_until=None, unknown_payloads=0,
        backlog=31, state=HealthState.DOWN, closed_until=NOW + timedelta(days=1),
        cause=FailureCode.UNAVAILABLE,
        sentence="It does not answer: one call probes, the others wait.",
        next_action="Ask the vendor; what waits goes on by itself once it answers.",
        credential="Accepted.",
    ),
    IntegrationHealthView(
        system=System.TICKETING, reachable=None, last_success_at=None, last_failure_at=None,
        last_failure=None, calls_last_hour=0, error_rate=None, rate_limited_until=None,
        unknown_payloads=0, backlog=0, state=HealthState.UNKNOWN,
        sentence="Nobody called it in the last hour.",
    ),
]  # fmt: skip


def history(system: System, hours: int) -> HealthHistoryView:
    """Two stretches with calls and one without; billing did not want to be called in the last."""
    throttled = 120.0 if system is System.BILLING else 0.0
    begin = NOW - timedelta(hours=hours)
    return HealthHistoryView(
        system=system,
        bucket_seconds=600,
        buckets=[
            HealthBucketView(begin=begin, calls=40, failures=2, p50_seconds=0.1,
                             p95_seconds=0.9, throttled_seconds=0),
            HealthBucketView(begin=begin + timedelta(minutes=10), calls=0, failures=0,
                             p50_seconds=None, p95_seconds=None, throttled_seconds=0),
            HealthBucketView(begin=begin + timedelta(minutes=20), calls=30, failures=30,
                             p50_seconds=2.5, p95_seconds=5.0, throttled_seconds=throttled),
        ],
    )  # fmt: skip


def _part(part: Part, state: HealthState, sentence: str) -> PartHealthView:
    return PartHealthView(
        part=part, state=state, sentence=sentence, next_action=NEXT.get((part, state))
    )


def _queue(system: System, sentence: str) -> PartHealthView:
    view = _part(Part.TASK_QUEUE, HealthState.GOOD, sentence)
    return view.model_copy(update={"system": system, "count": 0, "pollers": 2})


MACHINERY = SystemHealthView(
    as_of=NOW,
    state=HealthState.DOWN,
    parts=[
        _part(Part.DATABASE, HealthState.GOOD, "Answers in 2 ms; holds 31 MiB."),
        _part(Part.ENGINE, HealthState.GOOD, "Answers in 4 ms; namespace default."),
        _part(Part.WORKERS, HealthState.DOWN, "0 of 1 show themselves."),
        _queue(System.THROUGHLINE, "2 workers ask for work on throughline; no task waits."),
        _queue(System.BILLING, "2 workers ask for work on throughline.billing; no task waits."),
        _part(Part.RELAY, HealthState.SLOW, "41 messages to the engine wait, the oldest 12 s."),
        _part(Part.SWEEPERS, HealthState.GOOD, "Last looked 3 s ago."),
    ],
    processes=[
        ProcessView(
            process="relay-1", part="sweeper", state=HealthState.GOOD,
            since=NOW - timedelta(hours=3), seen_at=NOW - timedelta(seconds=3),
            ran_at=NOW - timedelta(seconds=3), ran_ms=1204, error=None, task_queues=[],
        ),
        ProcessView(
            process="worker-1", part="worker", state=HealthState.DOWN,
            since=NOW - timedelta(hours=3), seen_at=NOW - timedelta(minutes=4), ran_at=None,
            ran_ms=None, error="the engine does not answer", task_queues=["throughline"],
        ),
    ],
)  # fmt: skip

PAUSES = [
    PauseView(scope="scheduling", actor="operator", reason="They move house *today*.",
              at=NOW - timedelta(hours=1)),
    PauseView(scope="chg_1", actor="operator", reason="Alone.", at=NOW),
]  # fmt: skip


def _summaries(changes: Collection[ServiceChangeView]) -> list[ServiceChangeSummary]:
    return [ServiceChangeSummary.model_validate(each.model_dump()) for each in changes]


def broken(changes: Collection[ServiceChangeView]) -> list[BrokenCauseView]:
    """Each cause of the desk, new, and one that is over and was known before."""
    found = [
        BrokenCauseView(
            fingerprint=group.fingerprint, system=group.system, step=group.step, code=group.code,
            cause=group.cause, count=group.count + 2, still_open=group.count,
            first_at=group.first_seen_at, last_at=group.last_seen_at, known=False,
        )
        for group in samples_desk.causes([*changes], {})
    ]  # fmt: skip
    over = [
        each.model_copy(update={"fingerprint": "0ver", "cause": "Seen before", "still_open": 0,
                                "known": True})
        for each in found[:1]
    ]  # fmt: skip
    return found + over


def today(changes: Collection[ServiceChangeView], me: Me, zone: str) -> TodayView:
    """The day of the samples, as this caller sees it."""
    staff = me.role in READS_EVERYTHING
    decides = me.role in {Role.OPERATOR, Role.ADMIN}
    running = sorted(
        (each for each in changes if each.status not in FINAL), key=lambda c: c.submitted_at
    )
    statuses = [each.status for each in changes]
    waiting = statuses.count(ChangeStatus.AWAITING_APPROVAL)
    late = [each.model_copy(update={"due_at": NOW - timedelta(hours=3)}) for each in running[:1]]
    mine = _assignments(running) if staff else []
    return TodayView(
        as_of=NOW, zone=zone, day=NOW.date(),
        waits_for_me=WaitsForMeView(
            approvals=waiting if decides else None,
            second_approvals=2 if decides and changes else 0 if decides else None,
            assigned=len(mine) if staff else None,
        ),
        overdue=OverdueView(changes=len(late), dead_letters=len(mine) and 1 if staff else None),
        open={status: statuses.count(status) for status in OPEN},
        ended_today={status: statuses.count(status) for status in FINAL},
        late=_summaries(late), oldest=_summaries(running[:10]), assigned=mine,
        broken_since=MIDNIGHT - timedelta(days=1),
        broken=broken(changes) if staff else [],
        vendors=[
            VendorGlanceView(system=each.system, state=each.state, sentence=each.sentence,
                             next_action=each.next_action)
            for each in HEALTH
        ] if staff and changes else [],
        hours=[_hour(hour, len(changes)) for hour in range(24)],
        usual_days=6 if changes else 0,
    )  # fmt: skip


def _assignments(running: Collection[ServiceChangeView]) -> list[AssignmentView]:
    subjects = [f"change:{each.id}" for each in running][:1]
    subjects += [f"cause:{group.fingerprint}" for group in samples_desk.causes([*running], {})]
    return [
        AssignmentView(subject=subject, assignee="operator", follow_up_at=None, put_off=False,
                       note="You know them.", set_by="second_operator",
                       set_at=NOW - timedelta(hours=5))
        for subject in subjects
    ]  # fmt: skip


def _hour(hour: int, busy: int) -> HourView:
    begun = MIDNIGHT + timedelta(hours=hour) <= NOW and busy
    return HourView(
        begin=MIDNIGHT + timedelta(hours=hour),
        submitted=hour if begun else 0, active=hour // 2 if begun else 0,
        ended_otherwise=1 if begun else 0, usual_submitted=hour * 0.8 if busy else None,
        usual_active=hour * 0.5 if busy else None, usual_ended_otherwise=0.3 if busy else None,
    )  # fmt: skip
