"""Scheduling over HTTP: look-ups by our reference, then hold, then confirm. No rule of ours.

The vendor has no idempotency key, so `client_reference` carries ours and is looked up before
anything is held. What it answers is told in `sandbox/README.md`.
"""

from base64 import b64encode
from collections.abc import Collection, Mapping
from datetime import date
from enum import StrEnum
from typing import Any, Final, Self
from urllib.parse import quote

from pydantic import AwareDatetime, model_validator

from adapters.vendors.credentials import FixedCredential
from adapters.vendors.dialect import Dialect, Refusal
from adapters.vendors.keys import required_key
from adapters.vendors.reading import Payload, Reading
from adapters.vendors.secrets import SecretSource, source_of
from adapters.vendors.transport import Clock, VendorTransport, utc_now
from adapters.vendors.watching import Watch
from domain.catalogue import Visit
from domain.credentials import Secret
from domain.errors import VendorRejectedError
from domain.identifiers import System
from domain.listings import ListedAppointment, Listing
from domain.steps import Step
from domain.vendor_values import (
    AppointmentBooking,
    Availability,
    DateProblem,
    EffectEvidence,
    VendorCall,
)
from domain.verdicts import Repeatability

_SLOT_FULL: Final = "slot_full"
_UNKNOWN_ACCOUNT: Final = "unknown_account"
_NO_REFERENCE: Final = "throughline:none"
"""A reference that is on no appointment: asking for it shows who we are and changes nothing."""

_UNKNOWN_APPOINTMENT: Final = "unknown_appointment"


class _AppointmentStatus(StrEnum):
    HELD = "held"
    CONFIRMED = "confirmed"
    RELEASED = "released"
    EXPIRED = "expired"


_GIVEN_BACK: Final = frozenset({_AppointmentStatus.RELEASED, _AppointmentStatus.EXPIRED})


class _Appointment(Payload):
    appointment_id: str
    status: _AppointmentStatus
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    time_zone: str

    def evidence(self) -> EffectEvidence:
        return EffectEvidence(
            self.appointment_id,
            {
                "starts_at": self.starts_at.isoformat(),
                "ends_at": self.ends_at.isoformat(),
                "time_zone": self.time_zone,
            },
        )


class _Appointments(Payload):
    appointments: list[_Appointment]

    def first(self, status: _AppointmentStatus) -> _Appointment | None:
        return next((each for each in self.appointments if each.status is status), None)


class _Listed(_Appointment):
    noun = "appointment"
    account_id: str
    client_reference: str
    created_at: AwareDatetime

    @property
    def listed(self) -> ListedAppointment:
        return ListedAppointment(
            reference=self.appointment_id,
            our_reference=self.client_reference,
            account_id=self.account_id,
            stands=self.status is _AppointmentStatus.CONFIRMED,
            starts_at=self.starts_at,
            changed_at=self.created_at if self.status is _AppointmentStatus.CONFIRMED else None,
        )


class _ListedPage(Payload):
    appointments: tuple[_Listed, ...]
    next_cursor: str | None


class _Slot(Payload):
    slot_id: str
    remaining: int


class _Day(Payload):
    """What is left on a day."""

    time_zone: str
    open: bool
    reason: DateProblem | None
    holiday_name: str | None = None
    next_open_date: date | None = None
    slots: list[_Slot]

    @model_validator(mode="after")
    def _tells_why_it_is_closed(self) -> Self:
        if self.open is not (self.reason is None):
            raise ValueError("a closed day has a reason and an open one has none")
        return self


_AVAILABILITY: Final = Reading("read_availability", _Day)
_HELD: Final = Reading("hold_appointment", _Appointment)
_CONFIRMED: Final = Reading("confirm_appointment", _Appointment)
_GIVEN_UP: Final = Reading("release_appointment", _Appointment)
_FOUND: Final = Reading("find_appointment", _Appointments)
_LOOKED_UP: Final = Reading("find_release", _Appointment)
_LISTED: Final = Reading("list_appointments", _ListedPage)
READINGS: Final = (_AVAILABILITY, _HELD, _CONFIRMED, _GIVEN_UP, _FOUND, _LOOKED_UP, _LISTED)
"""Every answer of scheduling that is acted on."""


def _read_refusal(body: Any) -> Refusal | None:  # noqa: ANN401 - JSON is any of six types
    match body:
        case {"error": str(reason), "message": str(words)}:
            return Refusal(reason, words)
    return None


_DIALECT: Final = Dialect(
    system=System.SCHEDULING,
    read_refusal=_read_refusal,
    # The hold ran out before it was confirmed: the next try holds again.
    not_now=frozenset({"hold_expired"}),
)


_REPEATABILITY: Final = dict.fromkeys(
    (Step.BOOK_APPOINTMENT, Step.RELEASE_APPOINTMENT), Repeatability.LOOK_UP
)
"""No idempotency key: appointments are listed by our reference."""


class SchedulingClient(VendorTransport):
    """Satisfies `activities.ports.Scheduling`. An asynchronous context manager."""

    repeatability: Mapping[Step, Repeatability] = _REPEATABILITY

    def __init__(
        self,
        base_url: str,
        *,
        username: str,
        password: str | SecretSource,
        clock: Clock = utc_now,
        watch: Watch | None = None,
    ) -> None:
        def basic(secret: Secret) -> str:
            pair = f"{secret.login or username}:{secret.value}"
            return f"Basic {b64encode(pair.encode()).decode()}"

        credential = FixedCredential(System.SCHEDULING, source_of(password), basic, clock)
        super().__init__(_DIALECT, base_url, credential, clock=clock, watch=watch)

    async def authenticate(self, call: VendorCall) -> None:
        """See the port."""
        query = {"client_reference": _NO_REFERENCE}
        answer = await self.send(call, "GET", "/appointments", query=query)
        answer.read(_FOUND)

    async def read_availability(
        self, call: VendorCall, account_id: str, on: date, visit: Visit
    ) -> Availability | None:
        """See the port."""
        try:
            day = await self._day(call, account_id, on, visit)
        except VendorRejectedError as error:
            if error.reason == _UNKNOWN_ACCOUNT:
                return None
            raise
        return Availability(
            on=on,
            time_zone=day.time_zone,
            problem=day.reason,
            problem_name=day.holiday_name,
            next_open_on=day.next_open_date,
        )

    async def list_appointments(
        self,
        call: VendorCall,
        *,
        cursor: str | None = None,
        limit: int = 500,
        account_id: str | None = None,
    ) -> Listing[ListedAppointment]:
        """See the port."""
        query = {"limit": str(limit)}
        query |= {"cursor": cursor} if cursor else {}
        query |= {"account_id": account_id} if account_id is not None else {}
        told = (await self.send(call, "GET", "/appointments", query=query)).read(_LISTED)
        return Listing(tuple(each.listed for each in told.appointments), told.next_cursor)

    async def book_appointment(
        self, call: VendorCall, booking: AppointmentBooking
    ) -> EffectEvidence:
        """See the port. Look up, then hold unless something is held, then confirm."""
        known = await self._under_our_reference(call)
        confirmed = known.first(_AppointmentStatus.CONFIRMED)
        if confirmed is None:
            held = known.first(_AppointmentStatus.HELD) or await self._hold(call, booking)
            confirmed = await self._act(
                call, held.appointment_id, _CONFIRMED, {_AppointmentStatus.CONFIRMED}
            )
        return confirmed.evidence()

    async def find_appointment(self, call: VendorCall) -> EffectEvidence | None:
        """See the port."""
        confirmed = (await self._under_our_reference(call)).first(_AppointmentStatus.CONFIRMED)
        return confirmed.evidence() if confirmed else None

    async def release_appointment(
        self, call: VendorCall, appointment_reference: str
    ) -> EffectEvidence:
        """See the port."""
        released = await self._act(call, appointment_reference, _GIVEN_UP, _GIVEN_BACK)
        return released.evidence()

    async def find_release(
        self, call: VendorCall, appointment_reference: str
    ) -> EffectEvidence | None:
        """See the port."""
        try:
            answer = await self.send(call, "GET", _path(appointment_reference))
        except VendorRejectedError as error:
            if error.reason == _UNKNOWN_APPOINTMENT:
                return None
            raise
        appointment = answer.read(_LOOKED_UP)
        return appointment.evidence() if appointment.status in _GIVEN_BACK else None

    async def _under_our_reference(self, call: VendorCall) -> _Appointments:
        query = {"client_reference": required_key(call)}
        return (await self.send(call, "GET", "/appointments", query=query)).read(_FOUND)

    async def _day(self, call: VendorCall, account_id: str, on: date, visit: Visit) -> _Day:
        query = {"account_id": account_id, "date": on.isoformat(), "visit": visit.value}
        return (await self.send(call, "GET", "/availability", query=query)).read(_AVAILABILITY)

    async def _hold(self, call: VendorCall, booking: AppointmentBooking) -> _Appointment:
        """The first slot of the day that others do not take before us."""
        day = await self._day(call, booking.account_id, booking.on, booking.visit)
        if day.reason not in {None, DateProblem.FULL}:
            raise VendorRejectedError(
                System.SCHEDULING, f"{booking.on} is closed: {day.reason}.", reason=day.reason
            )
        for slot in day.slots:
            if slot.remaining > 0:
                try:
                    return await self._hold_slot(call, booking, slot)
                except VendorRejectedError as error:
                    if error.reason != _SLOT_FULL:
                        raise
        raise VendorRejectedError(
            System.SCHEDULING, f"No slot is left on {booking.on}.", reason=_SLOT_FULL
        )

    async def _hold_slot(
        self, call: VendorCall, booking: AppointmentBooking, slot: _Slot
    ) -> _Appointment:
        body = {
            "account_id": booking.account_id,
            "slot_id": slot.slot_id,
            "visit": booking.visit.value,
            "client_reference": required_key(call),
            "note": f"Service change {booking.change_id}",
        }
        return (await self.send(call, "POST", "/appointments", body=body)).read(_HELD)

    async def _act(
        self,
        call: VendorCall,
        reference: str,
        act: Reading[_Appointment],
        expected: Collection[_AppointmentStatus],
    ) -> _Appointment:
        verb = act.operation.removesuffix("_appointment")
        answer = await self.send(call, "POST", f"{_path(reference)}/{verb}")
        appointment = answer.read(act)
        if appointment.status not in expected:
            raise answer.unrecognised(f"{verb} left the appointment {appointment.status}", act)
        return appointment


def _path(reference: str) -> str:
    return f"/appointments/{quote(reference, safe='')}"
