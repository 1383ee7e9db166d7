"""What the API answers to somebody who looks at the day. Shapes only, no rules."""

from datetime import date, datetime

from domain.contracts import ServiceChangeSummary
from domain.contracts_assignments import AssignmentView
from domain.contracts_failures import View
from domain.errors import FailureCode
from domain.health import HealthState
from domain.identifiers import System
from domain.service_change import ChangeStatus


class WaitsForMeView(View):
    """What waits for the caller. None: their role does not do that.

    `assigned`: changes and causes that are theirs and not put off.
    """

    approvals: int | None
    second_approvals: int | None
    assigned: int | None


class OverdueView(View):
    """What is past its time: open changes, and what stands still. None: not the caller's to see."""

    changes: int
    dead_letters: int | None


class BrokenCauseView(View):
    """A cause for which changes came to a standstill in the time asked about.

    `known`: the same cause stopped changes before that time, too. `still_open` of `count` stand
    still yet.
    """

    fingerprint: str
    system: System
    step: str
    code: FailureCode
    cause: str
    count: int
    still_open: int
    first_at: datetime
    last_at: datetime
    known: bool


class VendorGlanceView(View):
    """How a vendor is, in a word and a sentence."""

    system: System
    state: HealthState
    sentence: str
    next_action: str | None


class HourView(View):
    """What happened in the hour that began then; `usual_*` are averages of the days before.

    None: the record does not go back that far.
    """

    begin: datetime
    submitted: int
    active: int
    ended_otherwise: int
    usual_submitted: float | None
    usual_active: float | None
    usual_ended_otherwise: float | None


class TodayView(View):
    """One day as the caller sees it. The day begins at midnight in `zone`.

    `open` counts the changes that have not ended, by status; `ended_today` those that ended since
    midnight. `late` are the open changes longest past their time, `oldest` those submitted longest
    ago, `assigned` what the caller has had longest and nobody put off; each list is cut short.
    `broken_since` is midnight of the day before. Vendors, broken causes and assignments are for
    staff, and empty for others.
    """

    as_of: datetime
    zone: str
    day: date
    waits_for_me: WaitsForMeView
    overdue: OverdueView
    open: dict[ChangeStatus, int]
    ended_today: dict[ChangeStatus, int]
    late: list[ServiceChangeSummary]
    oldest: list[ServiceChangeSummary]
    assigned: list[AssignmentView]
    broken_since: datetime
    broken: list[BrokenCauseView]
    vendors: list[VendorGlanceView]
    hours: list[HourView]
    usual_days: int
    """How many days the averages are of."""
