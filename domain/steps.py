"""The steps of a change: which system each concerns, in which order, and what undoes it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from domain.identifiers import System
from domain.service_change import CheckName


class Step(StrEnum):
    """One thing done at one system. The names are those of the activities."""

    POST_BILLING_CHANGE = "post_billing_change"
    BOOK_APPOINTMENT = "book_appointment"
    UPDATE_SERVICES = "update_services"
    CLOSE_TICKET = "close_ticket"
    REVERSE_BILLING_CHANGE = "reverse_billing_change"
    RELEASE_APPOINTMENT = "release_appointment"
    RESTORE_SERVICES = "restore_services"
    OPEN_TICKET = "open_ticket"
    COMMENT_ON_TICKET = "comment_on_ticket"


APPLY_ORDER: Final = (
    Step.POST_BILLING_CHANGE,
    Step.BOOK_APPOINTMENT,
    Step.UPDATE_SERVICES,
    Step.CLOSE_TICKET,
)
"""Money first because it is refused most often and reversed most easily; what the customer
notices last, so that a refusal half-way is not felt."""

REVERSAL_OF: Final[Mapping[Step, Step]] = {
    Step.POST_BILLING_CHANGE: Step.REVERSE_BILLING_CHANGE,
    Step.BOOK_APPOINTMENT: Step.RELEASE_APPOINTMENT,
    Step.UPDATE_SERVICES: Step.RESTORE_SERVICES,
}
"""What undoes a step. A closed ticket needs no undoing: the conversation stands."""

SYSTEM_OF: Final[Mapping[Step, System]] = {
    Step.POST_BILLING_CHANGE: System.BILLING,
    Step.REVERSE_BILLING_CHANGE: System.BILLING,
    Step.BOOK_APPOINTMENT: System.SCHEDULING,
    Step.RELEASE_APPOINTMENT: System.SCHEDULING,
    Step.UPDATE_SERVICES: System.CRM,
    Step.RESTORE_SERVICES: System.CRM,
    Step.OPEN_TICKET: System.TICKETING,
    Step.COMMENT_ON_TICKET: System.TICKETING,
    Step.CLOSE_TICKET: System.TICKETING,
}

CHECK_SYSTEM: Final[Mapping[CheckName, System]] = {
    CheckName.ENTITLEMENT: System.CRM,
    CheckName.STANDING: System.BILLING,
    CheckName.DATE: System.SCHEDULING,
    CheckName.COMPLETENESS: System.THROUGHLINE,
}

WRITES: Final[Mapping[Step, frozenset[str]]] = {
    Step.POST_BILLING_CHANGE: frozenset(
        {"invoice_line", "billing_payment_method", "billing_address"}
    ),
    Step.REVERSE_BILLING_CHANGE: frozenset(
        {"invoice_line", "billing_payment_method", "billing_address"}
    ),
    Step.BOOK_APPOINTMENT: frozenset({"appointment"}),
    Step.RELEASE_APPOINTMENT: frozenset({"appointment"}),
    Step.UPDATE_SERVICES: frozenset({"order", "services_held", "contract_term"}),
    Step.RESTORE_SERVICES: frozenset({"order", "services_held", "contract_term"}),
    Step.OPEN_TICKET: frozenset({"ticket"}),
    Step.COMMENT_ON_TICKET: frozenset({"ticket_comment"}),
    Step.CLOSE_TICKET: frozenset({"ticket_status"}),
}
"""The fields each step writes; every one is looked up in the field-ownership table first."""
