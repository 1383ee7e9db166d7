"""Events of vendors in every state, and attempts, as the API would answer them."""

from datetime import timedelta

from domain.contracts import Me
from domain.contracts_inbox import (
    ArrivalView,
    FeedView,
    ForgedCount,
    InboxEventSummary,
    InboxEventView,
    InboxSummaryView,
    InboxSystemView,
)
from domain.contracts_messages import OutgoingAttemptView
from domain.identifiers import System
from domain.vendor_events import EventSource, InboxState, release_refused
from tests.ui.samples import CHANGES, NOW, sha

_OUTCOMES = {
    InboxState.QUEUED: "",
    InboxState.PROCESSED: "The change looks afresh at billing.",
    InboxState.STALE: "Not newer than the version seen.",
    InboxState.QUARANTINED: "Events of the type customer.moved from the CRM are not known here.",
    InboxState.FAILED: "Tried ten times.",
}


def _event(number: int, state: InboxState) -> InboxEventSummary:
    unknown = state is InboxState.QUARANTINED
    again = 2 if state is InboxState.PROCESSED else 0
    at = NOW - timedelta(minutes=number)
    return InboxEventSummary(
        system=System.TICKETING if state is InboxState.STALE else System.BILLING,
        event_id=f"evt/{number}", type="customer.moved" if unknown else "invoice.line_posted",
        means=None if unknown else "Lines were posted, so the monthly charge is another.",
        state=state, outcome=_OUTCOMES[state],
        source=EventSource.POLL if state is InboxState.STALE else EventSource.WEBHOOK,
        account_id=CHANGES[0].account_id, reference="il_1", object_version=None,
        occurred_at=at - timedelta(seconds=2), received_at=at,
        processed_at=at if state is InboxState.PROCESSED else None, duplicates=again,
        duplicates_at=[at + timedelta(seconds=30 * each) for each in range(1, again + 1)],
        attempts=10 if state is InboxState.FAILED else 1,
        next_attempt_at=NOW + timedelta(seconds=20) if state is InboxState.QUEUED else None,
        last_error="BrokenError: *why*" if state is InboxState.FAILED else None,
        change_ids=[CHANGES[0].id] if state is InboxState.PROCESSED else [],
        next_action="Find out what it means; release it once the type is known here."
        if unknown else None,
    )  # fmt: skip


EVENTS = [_event(number, state) for number, state in enumerate(InboxState, start=1)]


def whole(event: InboxEventSummary, me: Me) -> InboxEventView:
    """An event as this caller sees it."""
    refused = release_refused(me.role, event.state)
    return InboxEventView(
        **event.model_dump(),
        headers={"webhook-id": event.event_id, "content-type": "application/json"},
        body=None if event.state is InboxState.FAILED else {"type": event.type, "data": {"n": 1}},
        body_bytes=412, body_sha256=sha(event.event_id),
        arrivals=[
            ArrivalView(received_at=at, headers={"webhook-id": event.event_id})
            for at in event.duplicates_at
        ],
        may_release=refused is None, release_refused=refused,
    )  # fmt: skip


def _inbox(system: System, *, forged: int, failed: bool) -> InboxSystemView:
    mine = [each for each in EVENTS if each.system is system]
    return InboxSystemView(
        system=system, received=len(mine), duplicates=sum(each.duplicates for each in mine),
        by_state={state: sum(each.state is state for each in mine) for state in InboxState},
        forged=[ForgedCount(hour=NOW - timedelta(hours=2), count=forged)] if forged else [],
        last_event_at=max(each.received_at for each in mine),
        oldest_queued_at=NOW - timedelta(minutes=1), forgotten=0,
        feed=FeedView(
            polled_at=NOW - timedelta(seconds=40), cursor="7", repaired=1,
            failed_at=NOW - timedelta(seconds=10) if failed else None,
            last_error="unavailable: 503" if failed else None,
            retry_at=NOW + timedelta(seconds=50) if failed else None,
        ),
    )  # fmt: skip


SUMMARY = InboxSummaryView(
    systems=[
        _inbox(System.BILLING, forged=3, failed=False),
        _inbox(System.TICKETING, forged=0, failed=True),
    ]
)

ATTEMPTS = [
    OutgoingAttemptView(
        id=number, change_id=CHANGES[0].id, system=system, step="post_billing_change",
        attempt=number, outcome=outcome, reason="", words=said, http_status=status, retry_at=None,
        started_at=NOW - timedelta(minutes=number, milliseconds=240),
        finished_at=NOW - timedelta(minutes=number),
    )
    for number, (system, outcome, said, status) in enumerate(
        (
            (System.BILLING, "ok", "", 201),
            (System.BILLING, "throttled", "slow down", 429),
            (System.CRM, "unavailable", "connection refused", None),
        ),
        start=1,
    )
]  # fmt: skip
