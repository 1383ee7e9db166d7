"""What is read of a vendor's event, what is shown of it, and what a ticket's state tells."""

import json
from datetime import UTC, datetime

import pytest

from domain.identifiers import System
from domain.vendor_events import (
    EVENT_TYPES,
    ReadEvent,
    event_of_ticket,
    read_event,
    without_personal,
)
from domain.vendor_values import TicketState, TicketStatus
from tests.support.clock import START
from tests.support.webhooks import ACCOUNT, line_event, standing_changed, ticket_event


def read(system: System, event: object) -> ReadEvent:
    return read_event(system, json.dumps(event).encode())


def test_an_event_of_billing_names_account_and_time_and_no_version() -> None:
    found = read(System.BILLING, standing_changed())

    assert (found.type, found.account_id) == ("account.standing_changed", ACCOUNT)
    assert found.occurred_at == START
    assert found.version is None
    assert found.meaning is EVENT_TYPES[System.BILLING]["account.standing_changed"]


def test_our_own_key_in_an_event_names_the_change() -> None:
    posted = line_event("invoice.line_posted", ACCOUNT, "chg_1:post_billing_change:1:1", "il_7")

    assert read(System.BILLING, posted).change_id == "chg_1"
    assert read(System.BILLING, posted).reference == "il_7"


def test_a_reference_that_is_no_key_of_ours_names_no_change() -> None:
    found = read(System.TICKETING, ticket_event("ticket.closed", key="somebody else's"))

    assert found.change_id is None
    assert (found.reference, found.version) == ("T-100001", 2)
    assert found.meaning is not None


@pytest.mark.parametrize(
    ("system", "event", "problem"),
    [
        (System.BILLING, "text", "no JSON object"),
        (System.BILLING, [], "no JSON object"),
        (System.BILLING, {}, "does not say its type"),
        (System.BILLING, {"type": 7}, "does not say its type"),
        (System.BILLING, {"type": "t" * 300}, "does not say its type"),
        (System.BILLING, {"type": "invoice.eaten"}, "invoice.eaten from billing are not known"),
        (
            System.TICKETING,
            standing_changed(),
            "account.standing_changed from ticketing are not known",
        ),
        (System.BILLING, {"type": "account.standing_changed"}, "data.account cannot be read"),
        (
            System.BILLING,
            {"type": "account.standing_changed", "data": {"account": "a\x00b"}},
            "data.account cannot be read",
        ),
        *(
            (System.TICKETING, ticket_event("ticket.closed", version=version), "data.version")
            for version in (None, "2", 2.5, True, 0, -1, 2**63)
        ),
    ],
)
def test_what_is_not_to_be_acted_on_says_why(system: System, event: object, problem: str) -> None:
    found = read(system, event)

    assert found.meaning is None
    assert problem in found.problem


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
def test_bytes_that_are_no_json_are_read_as_nothing(body: bytes) -> None:
    assert read_event(System.BILLING, body).type == "unknown"


@pytest.mark.parametrize(
    ("created", "at"),
    [
        (int(START.timestamp()), START),
        ("2026-11-24T10:00:00+01:00", START),
        ("2026-11-24T10:00:00", None),
        ("yesterday", None),
        (1e300, None),
        (None, None),
        ([], None),
    ],
)
def test_when_it_happened_is_read_where_it_can_be(created: object, at: datetime | None) -> None:
    assert read(System.BILLING, {**standing_changed(), "created": created}).occurred_at == at


def state(status: TicketStatus) -> TicketState:
    return TicketState("T-1", "chg_1:open_ticket:1:1", ACCOUNT, status, 4, START)


@pytest.mark.parametrize(
    ("status", "type_"),
    [(TicketStatus.ANSWERED, "ticket.answered"), (TicketStatus.CLOSED, "ticket.closed")],
)
def test_a_tickets_state_reads_like_the_webhook_that_should_have_told_it(
    status: TicketStatus, type_: str
) -> None:
    event = event_of_ticket(state(status))

    assert event is not None
    assert event == event_of_ticket(state(status))
    found = read(System.TICKETING, event.body)
    assert (found.type, found.reference, found.version) == (type_, "T-1", 4)
    assert (found.change_id, found.account_id) == ("chg_1", ACCOUNT)
    assert found.occurred_at == START.astimezone(UTC)


@pytest.mark.parametrize("status", [TicketStatus.OPEN, TicketStatus.WAITING_ON_CUSTOMER])
def test_a_ticket_nobody_answered_tells_nothing(status: TicketStatus) -> None:
    assert event_of_ticket(state(status)) is None


def test_what_may_be_personal_is_masked_and_the_shape_stays() -> None:
    body = {
        "id": "evt_1",
        "type": "customer.moved",
        "data": {
            "account": ACCOUNT,
            "address": {"line1": "1 Main St", "number": 7, "verified": True, "note": None},
            "names": ["Ann", {"status": "new", "given": "Ann"}],
        },
    }

    assert without_personal(body) == {
        "id": "evt_1",
        "type": "customer.moved",
        "data": {
            "account": ACCOUNT,
            "address": {"line1": "[masked]", "number": "[masked]", "verified": True, "note": None},
            "names": ["[masked]", {"status": "new", "given": "[masked]"}],
        },
    }


def test_the_events_that_are_known_are_shown_whole() -> None:
    posted = line_event("invoice.line_posted", ACCOUNT, "chg_1:post_billing_change:1:1")

    assert without_personal(posted) == posted
    assert without_personal(ticket_event("ticket.closed")) == ticket_event("ticket.closed")
