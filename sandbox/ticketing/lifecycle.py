"""What may happen to a ticket in which status. Pure: no storage, no HTTP."""

from enum import StrEnum


class TicketStatus(StrEnum):
    """Where a conversation stands."""

    OPEN = "open"
    WAITING_ON_CUSTOMER = "waiting_on_customer"
    ANSWERED = "answered"
    CLOSED = "closed"


class TicketAct(StrEnum):
    """What people do with a ticket."""

    ASK = "ask"
    """The desk writes to the customer (a public comment)."""
    NOTE = "note"
    """The desk writes to itself (a private comment)."""
    ANSWER = "answer"
    """The customer writes."""
    CLOSE = "close"


_NEXT = {
    (TicketStatus.OPEN, TicketAct.ASK): TicketStatus.WAITING_ON_CUSTOMER,
    (TicketStatus.OPEN, TicketAct.NOTE): TicketStatus.OPEN,
    (TicketStatus.OPEN, TicketAct.ANSWER): TicketStatus.ANSWERED,
    (TicketStatus.OPEN, TicketAct.CLOSE): TicketStatus.CLOSED,
    (TicketStatus.WAITING_ON_CUSTOMER, TicketAct.ASK): TicketStatus.WAITING_ON_CUSTOMER,
    (TicketStatus.WAITING_ON_CUSTOMER, TicketAct.NOTE): TicketStatus.WAITING_ON_CUSTOMER,
    (TicketStatus.WAITING_ON_CUSTOMER, TicketAct.ANSWER): TicketStatus.ANSWERED,
    (TicketStatus.WAITING_ON_CUSTOMER, TicketAct.CLOSE): TicketStatus.CLOSED,
    (TicketStatus.ANSWERED, TicketAct.ASK): TicketStatus.WAITING_ON_CUSTOMER,
    (TicketStatus.ANSWERED, TicketAct.NOTE): TicketStatus.ANSWERED,
    (TicketStatus.ANSWERED, TicketAct.ANSWER): TicketStatus.ANSWERED,
    (TicketStatus.ANSWERED, TicketAct.CLOSE): TicketStatus.CLOSED,
    (TicketStatus.CLOSED, TicketAct.CLOSE): TicketStatus.CLOSED,
}


def status_after(status: TicketStatus, act: TicketAct) -> TicketStatus | None:
    """The status an act leads to; None when the ticket is closed and the act would change it."""
    return _NEXT.get((status, act))
