"""What vendors' events say, as tables: which types there are, where in them what stands. Pure.

Two ways to be right in any order of arrival. An event with a version of its object is judged by
that version. An event without one decides nothing by itself: it has the waiting changes look
afresh at the system of record, and whoever looks last sees what is true last. Billing's are of
that kind on purpose, whatever version they may carry: the events of other billing systems have
none.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from domain.identifiers import EffectKey, System
from domain.service_change import Role
from domain.vendor_values import PublishedEvent, TicketState, TicketStatus

Place = tuple[str, ...]
"""Names of members, from the outside in."""

LONGEST_ID: Final = 255
"""Characters of an id of theirs; Standard Webhooks, Stripe and Svix use fewer than 40."""

UNKNOWN_TYPE: Final = "unknown"
"""The type of an event that does not say one."""


class InboxState(StrEnum):
    """How far an event in the inbox has come."""

    QUEUED = "queued"
    PROCESSED = "processed"
    STALE = "stale"
    QUARANTINED = "quarantined"
    FAILED = "failed"


RELEASABLE: Final = frozenset({InboxState.QUARANTINED, InboxState.FAILED})
"""States that wait for a person."""

RELEASERS: Final = frozenset({Role.OPERATOR, Role.ADMIN})
"""Who may have such an event processed again."""


def release_refused(role: Role, state: InboxState) -> str | None:
    """Why somebody may not have an event in this state processed again; None where they may."""
    if state not in RELEASABLE:
        return f"The event is {state}; it waits for nobody."
    if role not in RELEASERS:
        return f"Releasing needs one of the roles: {', '.join(sorted(RELEASERS))}."
    return None


class EventSource(StrEnum):
    """How an event came to us."""

    WEBHOOK = "webhook"
    POLL = "poll"


@dataclass(frozen=True, slots=True)
class EventType:
    """What a type of event means and where its facts stand.

    `key` is where our own idempotency key is, which names the change. `wakes_account`: every
    change of the account that waits looks afresh. `closes_ticket`: the ticket named by `reference`
    is closed. With a `version` the event is judged by it; then `reference` names the object.
    """

    means: str
    account: Place
    reference: Place
    key: Place | None = None
    version: Place | None = None
    wakes_account: bool = False
    closes_ticket: bool = False


_ACCOUNT: Final = ("data", "account")
_LINE: Final = ("data", "invoice_line", "id")
_LINE_KEY: Final = ("data", "invoice_line", "client_reference")


def _of_ticket(means: str, *, closes: bool = False) -> EventType:
    return EventType(
        means=means,
        account=("data", "account_id"),
        reference=("data", "ticket_id"),
        key=("data", "external_reference"),
        version=("data", "version"),
        closes_ticket=closes,
    )


EVENT_TYPES: Final[Mapping[System, Mapping[str, EventType]]] = {
    System.BILLING: {
        "account.standing_changed": EventType(
            "The account began or ceased to owe something overdue.",
            _ACCOUNT,
            _ACCOUNT,
            wakes_account=True,
        ),
        "invoice.line_posted": EventType(
            "Lines were posted, so the monthly charge is another.",
            _ACCOUNT,
            _LINE,
            key=_LINE_KEY,
            wakes_account=True,
        ),
        "invoice.line_reversed": EventType(
            "Lines were reversed, so the monthly charge is another.",
            _ACCOUNT,
            _LINE,
            key=_LINE_KEY,
            wakes_account=True,
        ),
    },
    System.TICKETING: {
        "ticket.answered": _of_ticket("The customer answered in a ticket."),
        "ticket.closed": _of_ticket("A ticket was closed, by us or by somebody else.", closes=True),
    },
}
"""Every type that is acted on. What is not here is kept in quarantine until somebody adds it."""

SENDERS: Final = tuple(EVENT_TYPES)
"""The systems that tell of events."""


@dataclass(frozen=True, slots=True)
class ReadEvent:
    """What can be read of an event, as far as it goes.

    `meaning` None: it is not to be acted on, and `problem` says why.
    """

    type: str = UNKNOWN_TYPE
    account_id: str | None = None
    reference: str | None = None
    change_id: str | None = None
    version: int | None = None
    occurred_at: datetime | None = None
    meaning: EventType | None = None
    problem: str = ""


def parse(body: bytes) -> object | None:
    """The JSON of a body; None when it cannot be read, however it is broken."""
    try:
        told: object = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return told


def read_event(system: System, body: bytes) -> ReadEvent:
    """Read an event as far as it goes; never raises."""
    event = parse(body)
    if not isinstance(event, dict):
        return ReadEvent(problem="The body is no JSON object.")
    type_ = _text(event, ("type",))
    if type_ is None:
        return ReadEvent(problem="The event does not say its type.")
    occurred_at = _time(event.get("created"))
    meaning = EVENT_TYPES.get(system, {}).get(type_)
    if meaning is None:
        return ReadEvent(
            type=type_,
            account_id=_text(event, _ACCOUNT) or _text(event, ("data", "account_id")),
            occurred_at=occurred_at,
            problem=f"Events of the type {type_} from {system.spoken} are not known here.",
        )
    version = _version(event, meaning.version) if meaning.version else None
    read = ReadEvent(
        type=type_,
        account_id=_text(event, meaning.account),
        reference=_text(event, meaning.reference),
        change_id=_change_id(_text(event, meaning.key)) if meaning.key else None,
        version=version,
        occurred_at=occurred_at,
        meaning=meaning,
    )
    needed: dict[Place, object] = {
        meaning.account: read.account_id,
        meaning.reference: read.reference,
    }
    if meaning.version:
        needed[meaning.version] = version
    missing = sorted(".".join(place) for place, value in needed.items() if value is None)
    if missing:
        return replace(read, meaning=None, problem=f"{', '.join(missing)} cannot be read.")
    return read


def _at(event: Mapping[str, Any], place: Place) -> object:
    found: object = event
    for name in place:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _text(event: Mapping[str, Any], place: Place) -> str | None:
    """The text there if it can be an id or a name: of sane length, and printable."""
    value = _at(event, place)
    # isprintable() is False for NUL and for half a character, which PostgreSQL does not take.
    fit = isinstance(value, str) and 0 < len(value) <= LONGEST_ID and value.isprintable()
    return value if fit and isinstance(value, str) else None


_LARGEST: Final = 2**63 - 1
"""What the database numbers."""


def _version(event: Mapping[str, Any], place: Place) -> int | None:
    value = _at(event, place)
    fit = isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _LARGEST
    return value if fit and isinstance(value, int) else None


def _time(value: object) -> datetime | None:
    """Seconds since 1970, as Stripe and Standard Webhooks senders write it, or ISO 8601."""
    try:
        if isinstance(value, str):
            at = datetime.fromisoformat(value)
            return at.astimezone(UTC) if at.tzinfo else None
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def _change_id(key: str | None) -> str | None:
    """The change a key of ours belongs to; None for a reference that is not one of our keys."""
    try:
        return EffectKey.parse(key or "").change_id
    except ValueError:
        return None


_TOLD_BY: Final[Mapping[TicketStatus, str]] = {
    TicketStatus.ANSWERED: "ticket.answered",
    TicketStatus.CLOSED: "ticket.closed",
}


def event_of_ticket(state: TicketState) -> PublishedEvent | None:
    """The event that a ticket's state should have been told by; None if none is due.

    Its id follows from ticket and version, so that finding the same state again adds nothing.
    """
    type_ = _TOLD_BY.get(state.status)
    if type_ is None:
        return None
    event_id = f"poll:{state.reference}:{state.version}"
    body = {
        "id": event_id,
        "type": type_,
        "created": state.changed_at.isoformat(),
        "data": {
            "ticket_id": state.reference,
            "external_reference": state.our_reference,
            "account_id": state.account_id,
            "status": state.status,
            "version": state.version,
        },
    }
    return PublishedEvent(event_id, state.changed_at, body)


SHOWN: Final = frozenset(
    {
        "account", "account_id", "amount_minor", "billing_address_changed", "change_id",
        "client_reference", "created", "currency", "document_version", "external_reference",
        "id", "invoice", "invoice_id", "object", "product", "quantity", "recurring_after_minor",
        "recurring_before_minor", "reversed_by", "reverses", "standing", "status", "ticket_id",
        "type", "version",
    }
)  # fmt: skip
"""Members whose values hold nothing personal: ids, states, counts and sums."""


def without_personal(value: object, name: str = "") -> object:
    """The value with every text and number masked that does not stand under a name of SHOWN.

    What a vendor may add tomorrow is not known, so what is not known to be harmless is masked.
    """
    if isinstance(value, dict):
        return {str(key): without_personal(member, str(key)) for key, member in value.items()}
    if isinstance(value, list):
        return [without_personal(item, name) for item in value]
    return value if name in SHOWN or value is None or isinstance(value, bool) else "[masked]"
