"""Scheduling in memory: one calendar for every account, appointments by our key."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from adapters.vendors.fakes.failures import PlannedFailures
from adapters.vendors.fakes.pages import page_of
from domain.catalogue import Visit
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

_SATURDAY = 5
_BOOKABLE = timedelta(days=180)
_FIRST_HOUR, _LAST_HOUR = time(8), time(10)


@dataclass(slots=True)
class FakeAppointment:
    """A confirmed visit; `released` once the slot was given back."""

    reference: str
    key: str | None
    booking: AppointmentBooking
    released: bool = False


class FakeScheduling:
    """Satisfies `activities.ports.Scheduling`. `full_days` may be added to at any time."""

    def __init__(
        self,
        *,
        accounts: Collection[str],
        today: date,
        time_zone: str = "America/Chicago",
        holidays: Mapping[date, str] | None = None,
    ) -> None:
        self.failures = PlannedFailures()
        self.repeatability: Mapping[Step, Repeatability] = dict.fromkeys(
            (Step.BOOK_APPOINTMENT, Step.RELEASE_APPOINTMENT), Repeatability.LOOK_UP
        )
        self.appointments: dict[str, FakeAppointment] = {}
        self.full_days: set[date] = set()
        self.today = today
        self._accounts = accounts
        self._zone = ZoneInfo(time_zone)
        self._holidays = holidays or {}

    async def read_availability(
        self, call: VendorCall, account_id: str, on: date, visit: Visit
    ) -> Availability | None:
        """See the port; every visit has the same calendar here."""
        del call, visit
        self.failures.raise_before("read_availability")
        if account_id not in self._accounts:
            return None
        problem = self._problem(on)
        return Availability(
            on=on,
            time_zone=self._zone.key,
            problem=problem,
            problem_name=self._holidays.get(on) if problem is DateProblem.HOLIDAY else None,
            next_open_on=self._next_open(on),
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
        del call
        self.failures.raise_before("list_appointments")
        found = [
            ListedAppointment(
                reference=each.reference,
                our_reference=each.key or "",
                account_id=each.booking.account_id,
                stands=not each.released,
                starts_at=datetime.combine(each.booking.on, _FIRST_HOUR, self._zone),
            )
            for each in self.appointments.values()
            if account_id in {None, each.booking.account_id}
        ]
        return page_of(found, cursor, limit)

    async def book_appointment(
        self, call: VendorCall, booking: AppointmentBooking
    ) -> EffectEvidence:
        """See the port; there is no hold to be caught in, only the confirmed visit."""
        self.failures.raise_before("book_appointment")
        found = self._under(call)
        if found is None:
            self._refuse_unless_bookable(booking)
            found = FakeAppointment(
                f"apt-{len(self.appointments) + 1}", call.idempotency_key, booking
            )
            self.appointments[found.reference] = found
            self.failures.raise_after("book_appointment")
        return self._evidence(found)

    async def find_appointment(self, call: VendorCall) -> EffectEvidence | None:
        """See the port."""
        self.failures.raise_before("find_appointment")
        found = self._under(call)
        return self._evidence(found) if found else None

    async def release_appointment(
        self, call: VendorCall, appointment_reference: str
    ) -> EffectEvidence:
        """See the port."""
        del call
        self.failures.raise_before("release_appointment")
        found = self.appointments.get(appointment_reference)
        if found is None:
            raise VendorRejectedError(
                System.SCHEDULING,
                f"There is no appointment {appointment_reference}.",
                reason="unknown_appointment",
            )
        found.released = True
        self.failures.raise_after("release_appointment")
        return self._evidence(found)

    async def find_release(
        self, call: VendorCall, appointment_reference: str
    ) -> EffectEvidence | None:
        """See the port."""
        del call
        self.failures.raise_before("find_release")
        found = self.appointments.get(appointment_reference)
        return self._evidence(found) if found and found.released else None

    def _under(self, call: VendorCall) -> FakeAppointment | None:
        live = (a for a in self.appointments.values() if not a.released)
        return next((a for a in live if a.key == call.idempotency_key), None)

    def _problem(self, on: date) -> DateProblem | None:
        rules = (
            (on <= self.today, DateProblem.PAST),
            (on > self.today + _BOOKABLE, DateProblem.TOO_FAR),
            (on.weekday() >= _SATURDAY, DateProblem.WEEKEND),
            (on in self._holidays, DateProblem.HOLIDAY),
            (on in self.full_days, DateProblem.FULL),
        )
        return next((problem for applies, problem in rules if applies), None)

    def _next_open(self, on: date) -> date | None:
        first = max(on, self.today + timedelta(days=1))
        days = (first + timedelta(days=ahead) for ahead in range(_BOOKABLE.days))
        return next((day for day in days if self._problem(day) is None), None)

    def _refuse_unless_bookable(self, booking: AppointmentBooking) -> None:
        if booking.account_id not in self._accounts:
            raise VendorRejectedError(
                System.SCHEDULING,
                f"There is no account {booking.account_id}.",
                reason="unknown_account",
            )
        problem = self._problem(booking.on)
        if problem is not None:
            reason = "slot_full" if problem is DateProblem.FULL else problem.value
            raise VendorRejectedError(
                System.SCHEDULING, f"{booking.on} cannot be had: {problem}.", reason=reason
            )

    def _evidence(self, appointment: FakeAppointment) -> EffectEvidence:
        day = appointment.booking.on
        starts_at = datetime.combine(day, _FIRST_HOUR, self._zone)
        ends_at = datetime.combine(day, _LAST_HOUR, self._zone)
        return EffectEvidence(
            appointment.reference,
            {
                "starts_at": starts_at.isoformat(),
                "ends_at": ends_at.isoformat(),
                "time_zone": self._zone.key,
            },
        )
