"""What each approved step asks of its vendor, and the one form it is kept, hashed and compared in.

Pure: a change and a plan give the payload, whether it was sent or is only planned.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic import TypeAdapter

from domain.plan import Plan
from domain.records import ChangeRecord
from domain.steps import Step
from domain.submission import billing_address_of
from domain.vendor_values import AppointmentBooking, BillingPosting, ServiceUpdate

_JSON: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


def billing_posting(change: ChangeRecord, plan: Plan) -> BillingPosting:
    """What a plan asks of billing."""
    return BillingPosting(
        account_id=change.account_id,
        change_id=change.id,
        document_version=plan.document_version,
        lines=plan.lines,
        payment_method=change.wish.payment_method,
        billing_address=billing_address_of(change.details),
    )


def appointment_booking(change: ChangeRecord, plan: Plan) -> AppointmentBooking:
    """What a plan asks of scheduling."""
    return AppointmentBooking(change.account_id, change.id, plan.requested_date, plan.visit)


def service_update(change: ChangeRecord, plan: Plan) -> ServiceUpdate:
    """What a plan asks of the CRM."""
    return ServiceUpdate(
        account_id=change.account_id,
        change_id=change.id,
        summary=plan.wish_summary,
        add=frozenset(plan.add),
        remove=frozenset(plan.remove),
        contract=change.wish.contract,
    )


PAYLOADS: Final[Mapping[Step, Callable[[ChangeRecord, Plan], Any]]] = {
    Step.POST_BILLING_CHANGE: billing_posting,
    Step.BOOK_APPOINTMENT: appointment_booking,
    Step.UPDATE_SERVICES: service_update,
}
"""What each approved step asks of its vendor. What a step asks decides whether it differs."""


def canonical(payload: Any) -> dict[str, Any]:  # noqa: ANN401 - any of the vendor dataclasses
    """The payload as JSON, equal for equal payloads: a set has an order of its own each time."""
    told: dict[str, Any] = _JSON.dump_python(_ordered(dataclasses.asdict(payload)), mode="json")
    return told


def _ordered(value: Any) -> Any:  # noqa: ANN401 - as above
    if isinstance(value, dict):
        return {name: _ordered(member) for name, member in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(value)
    return [_ordered(item) for item in value] if isinstance(value, list | tuple) else value
