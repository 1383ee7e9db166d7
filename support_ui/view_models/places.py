"""Where a figure or a row leads: a page and the part of its address that narrows it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from domain.contracts_messages import OutgoingAttemptView
from domain.identifiers import System
from domain.service_change import ChangeStatus
from support_ui.view_models import words
from support_ui.view_models.evidence import Section

APPROVALS_PAGE: Final = "app_pages/approvals.py"
DEAD_LETTERS_PAGE: Final = "app_pages/dead_letters.py"
CHANGE_PAGE: Final = "app_pages/change.py"
CREDENTIALS_PAGE: Final = "app_pages/credentials.py"
DISAGREEMENTS_PAGE: Final = "app_pages/disagreements.py"
DRIFT_PAGE: Final = "app_pages/drift.py"
FIND_PAGE: Final = "app_pages/find.py"
HEALTH_PAGE: Final = "app_pages/health.py"
REPORT_PAGE: Final = "app_pages/report.py"
MESSAGES_PAGE: Final = "app_pages/messages.py"
OWNERSHIP_PAGE: Final = "app_pages/ownership.py"

SECOND_PERSON: Final = "Waiting for a second person"
"""A tab of the page Approvals."""

RECEIVED, SENT = "Received", "Sent"
"""The tabs of the page Messages."""


@dataclass(frozen=True, slots=True)
class Place:
    """A page, and what its address says beyond that."""

    page: str
    query: Mapping[str, str | list[str]] = field(default_factory=dict)


APPROVALS: Final = Place(APPROVALS_PAGE)
SECOND_APPROVALS: Final = Place(APPROVALS_PAGE, {"tab": SECOND_PERSON})
DEAD_LETTERS: Final = Place(DEAD_LETTERS_PAGE)


def change(change_id: str) -> Place:
    """A change's page."""
    return Place(CHANGE_PAGE, {"id": change_id})


def attempt(of: OutgoingAttemptView) -> Place:
    """One attempt on the page of its change."""
    query = {"id": of.change_id, "tab": str(Section.ATTEMPTS), "open": f"attempt:{of.id}"}
    return Place(CHANGE_PAGE, query)


def cause(fingerprint: str) -> Place:
    """What stands still for one cause."""
    return Place(DEAD_LETTERS_PAGE, {"cause": fingerprint})


def drift(item_id: str) -> Place:
    """One way in which a vendor's payloads differ from before."""
    return Place(DRIFT_PAGE, {"id": item_id})


def replay(fingerprint: str, replay_id: str) -> Place:
    """One retry of a cause."""
    return Place(DEAD_LETTERS_PAGE, {"cause": fingerprint, "replay": replay_id})


OVERDUE: Final = Place(FIND_PAGE, {"due": "Overdue"})
"""Open changes past their time, as the page's filter calls them."""


def in_status(statuses: Iterable[ChangeStatus]) -> Place:
    """The changes in any of these statuses; the address holds the words the page shows."""
    return Place(FIND_PAGE, {"status": [words.STATUS[each].label for each in statuses]})


def vendor(system: System) -> Place:
    """One vendor's health."""
    return Place(HEALTH_PAGE, {"system": str(system)})


def event(system: System, event_id: str) -> Place:
    """One event in the inbox."""
    return Place(MESSAGES_PAGE, {"tab": RECEIVED, "event": f"{system}:{event_id}"})


def events(system: System, **narrowed: str) -> Place:
    """What a vendor told."""
    return Place(MESSAGES_PAGE, {"tab": RECEIVED, "from": words.SYSTEM[system], **narrowed})


def attempts(system: System, **narrowed: str) -> Place:
    """What was said to a vendor."""
    return Place(MESSAGES_PAGE, {"tab": SENT, "to": words.SYSTEM[system], **narrowed})
