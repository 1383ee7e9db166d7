"""Routes about appointments: hold, look up, confirm, release. No idempotency key, on purpose.

A second hold under the same client reference is a second appointment: callers who lost an answer
must look up by their reference before they ask again.
"""

import sqlite3
from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from sandbox._base.ledger import Entry
from sandbox._base.refusals import Refusal
from sandbox._base.vendor import Sandbox, SandboxDep
from sandbox.scheduling import appointments
from sandbox.scheduling.appointments import Appointment, AppointmentStatus
from sandbox.scheduling.areas import ServiceArea
from sandbox.scheduling.calendar import Slot, Visit, closed_reason, find_slot
from sandbox.scheduling.calendar_routes import area_serving
from sandbox.scheduling.credentials import CredentialsRequired

router = APIRouter(
    prefix="/appointments", tags=["appointments"], dependencies=[CredentialsRequired]
)

_CANNOT_CONFIRM: Final[Mapping[AppointmentStatus, tuple[str, str]]] = {
    AppointmentStatus.EXPIRED: ("hold_expired", "The hold ran out. Hold a slot again."),
    AppointmentStatus.RELEASED: ("released", "The appointment was released. Hold a slot again."),
}
_HOLDS_NO_PLACE: Final = frozenset({AppointmentStatus.RELEASED, AppointmentStatus.EXPIRED})


class NewAppointment(BaseModel):
    """Body of a hold. `client_reference` is the caller's own; it need not be unique."""

    model_config = ConfigDict(extra="forbid")

    account_id: str
    slot_id: str
    visit: Visit
    client_reference: Annotated[str, Field(min_length=1, max_length=255)]
    note: Annotated[str, Field(max_length=1000)] | None = None


@router.post("", status_code=201)
async def hold_slot(new: NewAppointment, sandbox: SandboxDep) -> Response:
    """Holds a place for 15 minutes. Repeating holds another place."""
    area = area_serving(new.account_id)
    slot = _bookable_slot(new, area, sandbox)
    with sandbox.store.write() as db:
        held = appointments.hold(
            db,
            slot,
            account_id=new.account_id,
            client_reference=new.client_reference,
            note=new.note,
            now=sandbox.clock(),
        )
        if held is None:
            raise Refusal(409, "slot_full", f"Slot {slot.slot_id} has no place left. Take another.")
        _record(db, sandbox, "appointment_held", held)
    location = f"/appointments/{held.appointment_id}"
    return JSONResponse(_told(held), 201, headers={"Location": location})


@router.get("")
async def find_appointments(
    sandbox: SandboxDep,
    client_reference: Annotated[str | None, Query(min_length=1)] = None,
    account_id: str | None = None,
    cursor: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """Appointments, oldest first, whatever their status.

    Under the caller's reference all at once, else page by page; `next_cursor` is null at the end.
    """
    with sandbox.store.read() as db:
        if client_reference is not None:
            mine = appointments.by_client_reference(db, client_reference, sandbox.clock())
            return JSONResponse({"appointments": [_told(each) for each in mine]})
        found = appointments.page(db, cursor, limit + 1, account_id, sandbox.clock())
    next_cursor = str(found[limit - 1][0]) if len(found) > limit else None
    told = [_told(each) for _, each in found[:limit]]
    return JSONResponse({"appointments": told, "next_cursor": next_cursor})


@router.get("/{appointment_id}")
async def read_appointment(appointment_id: str, sandbox: SandboxDep) -> Response:
    """One appointment."""
    with sandbox.store.read() as db:
        return JSONResponse(_told(_known(db, sandbox, appointment_id)))


@router.post("/{appointment_id}/confirm")
async def confirm_appointment(appointment_id: str, sandbox: SandboxDep) -> Response:
    """Makes a hold a booking; confirming a confirmed one changes nothing."""
    with sandbox.store.write() as db:
        found = _known(db, sandbox, appointment_id)
        if found.status in _CANNOT_CONFIRM:
            raise Refusal(409, *_CANNOT_CONFIRM[found.status])
        if found.status is AppointmentStatus.HELD:
            found = appointments.set_status(db, found, AppointmentStatus.CONFIRMED)
            _record(db, sandbox, "appointment_confirmed", found)
    return JSONResponse(_told(found))


@router.post("/{appointment_id}/release")
async def release_appointment(appointment_id: str, sandbox: SandboxDep) -> Response:
    """Gives the place back, confirmed or not; releasing what holds no place changes nothing."""
    with sandbox.store.write() as db:
        found = _known(db, sandbox, appointment_id)
        if found.status not in _HOLDS_NO_PLACE:
            found = appointments.set_status(db, found, AppointmentStatus.RELEASED)
            _record(db, sandbox, "appointment_released", found, reverses=found.appointment_id)
    return JSONResponse(_told(found))


def _bookable_slot(new: NewAppointment, area: ServiceArea, sandbox: Sandbox) -> Slot:
    slot = find_slot(new.slot_id)
    if slot is None or slot.visit is not new.visit or slot.area is not area:
        message = (
            f"{new.slot_id} is no {new.visit} slot for account {new.account_id}."
            " Take a slot_id from /availability."
        )
        raise Refusal(422, "unknown_slot", message)
    reason = closed_reason(area, slot.date, sandbox.clock())
    if reason is not None:
        message = f"Nothing can be booked on {slot.date} ({reason}). Ask /availability for a date."
        raise Refusal(409, "date_closed", message, details={"reason": reason})
    return slot


def _known(db: sqlite3.Connection, sandbox: Sandbox, appointment_id: str) -> Appointment:
    found = appointments.by_id(db, appointment_id, sandbox.clock())
    if found is None:
        message = f"There is no appointment {appointment_id}. Look it up by client_reference."
        raise Refusal(404, "unknown_appointment", message)
    return found


def _told(appointment: Appointment) -> dict[str, Any]:
    return {
        "appointment_id": appointment.appointment_id,
        "status": appointment.status,
        "account_id": appointment.account_id,
        "visit": appointment.slot.visit,
        "slot_id": appointment.slot.slot_id,
        "starts_at": appointment.slot.starts_at.isoformat(),
        "ends_at": appointment.slot.ends_at.isoformat(),
        "time_zone": appointment.slot.area.time_zone.key,
        "client_reference": appointment.client_reference,
        "note": appointment.note,
        "hold_expires_at": appointment.hold_expires_at.isoformat(),
        "created_at": appointment.created_at.isoformat(),
    }


def _record(
    db: sqlite3.Connection,
    sandbox: Sandbox,
    what: str,
    appointment: Appointment,
    reverses: str | None = None,
) -> None:
    sandbox.record(
        db,
        Entry(
            account_id=appointment.account_id,
            what=what,
            detail=appointment.slot.slot_id,
            client_reference=appointment.client_reference,
            vendor_reference=appointment.appointment_id,
            reverses=reverses,
        ),
    )
