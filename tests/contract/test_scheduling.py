"""What every scheduling port must do: one suite for the fake and for adapter and vendor.

Below it, what only a wire can do wrong.
"""

from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol

import pytest

from activities.ports import Scheduling
from adapters.vendors.fakes.scheduling import FakeScheduling
from adapters.vendors.scheduling import SchedulingClient
from domain.catalogue import Visit
from domain.errors import (
    CredentialError,
    OutcomeUnknownError,
    UnrecognisedPayloadError,
    VendorRejectedError,
    VendorUnavailableError,
)
from domain.identifiers import System
from domain.vendor_values import AppointmentBooking, DateProblem, VendorCall
from http_client import BasicAuth, Client
from sandbox.scheduling.app import create_app
from tests.support.clock import Clock
from tests.vendor_server import Control, serving

ENVIRON = {"SANDBOX_SCHEDULING_USERNAME": "throughline", "SANDBOX_SCHEDULING_PASSWORD": "sesame"}
ACCOUNT = "7590-VHVEG"
MONDAY_MORNING = datetime(2026, 10, 26, 15, tzinfo=UTC)
TUESDAY = date(2026, 10, 27)
THANKSGIVING = date(2026, 11, 26)


def reading() -> VendorCall:
    return VendorCall("correlation-1")


def under(key: str) -> VendorCall:
    return VendorCall("correlation-1", idempotency_key=key)


def booking(on: date = TUESDAY, account_id: str = ACCOUNT) -> AppointmentBooking:
    return AppointmentBooking(account_id, "chg_1", on, Visit.TECHNICIAN)


class World(Protocol):
    """A scheduling port and the means to arrange what is behind it."""

    @property
    def port(self) -> Scheduling: ...

    def fill(self, day: date) -> None: ...

    def lose_next_booking(self) -> None: ...

    def standing(self) -> int:
        """How many confirmed appointments there are."""
        ...


class FakeWorld:
    def __init__(self) -> None:
        self.port = FakeScheduling(
            accounts={ACCOUNT},
            today=MONDAY_MORNING.date(),
            holidays={THANKSGIVING: "Thanksgiving Day"},
        )

    def fill(self, day: date) -> None:
        self.port.full_days.add(day)

    def lose_next_booking(self) -> None:
        lost = OutcomeUnknownError(System.SCHEDULING, "no answer")
        self.port.failures.plan_after("book_appointment", lost)

    def standing(self) -> int:
        return sum(not each.released for each in self.port.appointments.values())


@dataclass
class SandboxWorld:
    base_url: str
    port: SchedulingClient
    control: Control
    desk: Client
    """Somebody else at the vendor."""
    clock: Clock

    def hold(self, slot_id: str, reference: str) -> None:
        body = {
            "account_id": ACCOUNT,
            "slot_id": slot_id,
            "visit": "technician_visit",
            "client_reference": reference,
        }
        self.desk.post("/appointments", json=body).raise_for_status()

    def fill(self, day: date) -> None:
        for hour in ("08", "10", "13", "15"):
            self.fill_slot(f"chicago.technician_visit.{day}.{hour}")

    def fill_slot(self, slot_id: str) -> None:
        for taker in range(8):
            self.hold(slot_id, f"other-{taker}")

    def lose_next_booking(self) -> None:
        self.control.fault("drop_after_effect", method="POST", path_prefix="/appointments")

    def standing(self) -> int:
        told = [entry["what"] for entry in self.control.ledger()]
        return told.count("appointment_confirmed") - told.count("appointment_released")

    def appointments(self, reference: str) -> list[dict[str, Any]]:
        answer = self.desk.get("/appointments", params={"client_reference": reference})
        found: list[dict[str, Any]] = answer.json()["appointments"]
        return found


@pytest.fixture(scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SandboxWorld]:
    clock = Clock(MONDAY_MORNING)
    app = create_app(state_dir=tmp_path_factory.mktemp("scheduling"), environ=ENVIRON, clock=clock)
    with serving(app) as base_url, closing(Control(base_url)) as control:
        auth = BasicAuth("throughline", "sesame")
        with Client(base_url=base_url, auth=auth, trust_env=False) as desk:
            async with SchedulingClient(
                base_url, username="throughline", password="sesame"
            ) as client:
                yield SandboxWorld(base_url, client, control, desk, clock)


@pytest.fixture
def sandbox(served: SandboxWorld) -> SandboxWorld:
    served.clock.restart()
    served.control.reset()
    return served


@pytest.fixture(params=["fake", "sandbox"])
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "fake":
        return FakeWorld()
    sandbox: SandboxWorld = request.getfixturevalue("sandbox")
    return sandbox


async def test_an_open_day_can_be_had(world: World) -> None:
    found = await world.port.read_availability(reading(), ACCOUNT, TUESDAY, Visit.TECHNICIAN)
    assert found is not None
    assert (found.on, found.problem, found.problem_name) == (TUESDAY, None, None)
    assert (found.next_open_on, found.time_zone) == (TUESDAY, "America/Chicago")


@pytest.mark.parametrize(
    ("day", "problem", "name", "next_open"),
    [
        (date(2026, 10, 26), DateProblem.PAST, None, TUESDAY),
        (date(2026, 10, 31), DateProblem.WEEKEND, None, date(2026, 11, 2)),
        (THANKSGIVING, DateProblem.HOLIDAY, "Thanksgiving Day", date(2026, 11, 27)),
        (date(2027, 12, 1), DateProblem.TOO_FAR, None, None),
    ],
)
async def test_a_closed_day_says_why_and_what_could_be_had_instead(
    world: World, day: date, problem: DateProblem, name: str | None, next_open: date | None
) -> None:
    found = await world.port.read_availability(reading(), ACCOUNT, day, Visit.REMOTE)
    assert found is not None
    assert (found.problem, found.problem_name, found.next_open_on) == (problem, name, next_open)


async def test_a_day_without_a_place_is_full(world: World) -> None:
    world.fill(TUESDAY)
    found = await world.port.read_availability(reading(), ACCOUNT, TUESDAY, Visit.TECHNICIAN)
    assert found is not None
    assert (found.problem, found.next_open_on) == (DateProblem.FULL, date(2026, 10, 28))


async def test_nothing_is_known_of_an_unknown_account(world: World) -> None:
    found = await world.port.read_availability(reading(), "0000-NOONE", TUESDAY, Visit.REMOTE)
    assert found is None


async def test_a_booking_stands_and_is_found_under_its_key(world: World) -> None:
    assert await world.port.find_appointment(under("key")) is None
    booked = await world.port.book_appointment(under("key"), booking())
    assert booked.facts == {
        "starts_at": "2026-10-27T08:00:00-05:00",
        "ends_at": "2026-10-27T10:00:00-05:00",
        "time_zone": "America/Chicago",
    }
    assert await world.port.find_appointment(under("key")) == booked
    assert await world.port.find_appointment(under("other")) is None
    assert world.standing() == 1


async def test_booking_again_under_the_same_key_books_nothing_more(world: World) -> None:
    first, second = [await world.port.book_appointment(under("key"), booking()) for _ in range(2)]
    assert first == second
    assert world.standing() == 1


async def test_another_key_books_another_appointment(world: World) -> None:
    first = await world.port.book_appointment(under("key-1"), booking())
    second = await world.port.book_appointment(under("key-2"), booking())
    assert first.vendor_reference != second.vendor_reference
    assert world.standing() == 2


async def test_a_lost_answer_is_an_unknown_outcome_and_booking_again_books_once(
    world: World,
) -> None:
    world.lose_next_booking()
    with pytest.raises(OutcomeUnknownError):
        await world.port.book_appointment(under("key"), booking())
    booked = await world.port.book_appointment(under("key"), booking())
    assert await world.port.find_appointment(under("key")) == booked
    assert world.standing() == 1


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        (booking(date(2026, 10, 31)), "weekend"),
        (booking(THANKSGIVING), "holiday"),
        (booking(account_id="0000-NOONE"), "unknown_account"),
    ],
)
async def test_what_cannot_be_booked_is_refused_with_the_reason(
    world: World, wish: AppointmentBooking, reason: str
) -> None:
    with pytest.raises(VendorRejectedError) as refusal:
        await world.port.book_appointment(under("key"), wish)
    assert refusal.value.reason == reason
    assert world.standing() == 0


async def test_a_full_day_is_refused(world: World) -> None:
    world.fill(TUESDAY)
    with pytest.raises(VendorRejectedError) as refusal:
        await world.port.book_appointment(under("key"), booking())
    assert refusal.value.reason == "slot_full"


async def test_a_released_appointment_is_gone_and_releasing_again_changes_nothing(
    world: World,
) -> None:
    booked = await world.port.book_appointment(under("key"), booking())
    reference = booked.vendor_reference
    assert await world.port.find_release(under("undo"), reference) is None
    first, second = [
        await world.port.release_appointment(under("undo"), reference) for _ in range(2)
    ]
    assert first == second
    assert first.vendor_reference == reference
    assert await world.port.find_release(under("undo"), reference) == first
    assert await world.port.find_appointment(under("key")) is None
    assert world.standing() == 0


async def test_an_appointment_nobody_made_cannot_be_released(world: World) -> None:
    assert await world.port.find_release(under("undo"), "apt_nobodys") is None
    with pytest.raises(VendorRejectedError) as refusal:
        await world.port.release_appointment(under("undo"), "apt_nobodys")
    assert refusal.value.reason == "unknown_appointment"


async def test_a_hold_whose_answer_was_lost_is_carried_on_with(sandbox: SandboxWorld) -> None:
    sandbox.control.fault("drop_after_effect", method="POST", path_prefix="/appointments")
    with pytest.raises(OutcomeUnknownError):
        await sandbox.port.book_appointment(under("key"), booking())
    assert await sandbox.port.find_appointment(under("key")) is None
    await sandbox.port.book_appointment(under("key"), booking())
    assert [each["status"] for each in sandbox.appointments("key")] == ["confirmed"]


async def test_a_confirmation_whose_answer_was_lost_is_found(sandbox: SandboxWorld) -> None:
    sandbox.control.fault("drop_after_effect", method="POST", path_prefix="/appointments/")
    with pytest.raises(OutcomeUnknownError):
        await sandbox.port.book_appointment(under("key"), booking())
    found = await sandbox.port.find_appointment(under("key"))
    assert found is not None
    assert await sandbox.port.book_appointment(under("key"), booking()) == found
    assert [each["status"] for each in sandbox.appointments("key")] == ["confirmed"]


async def test_a_slot_taken_by_others_meanwhile_is_passed_over(sandbox: SandboxWorld) -> None:
    sandbox.fill_slot("chicago.technician_visit.2026-10-27.08")
    sandbox.clock.advance(timedelta(seconds=1))
    sandbox.control.fault("lagging_reads", delay_seconds=60, path_prefix="/availability")
    booked = await sandbox.port.book_appointment(under("key"), booking())
    assert sandbox.control.hits() == 1
    assert booked.facts["starts_at"] == "2026-10-27T10:00:00-05:00"


async def test_a_hold_that_runs_out_before_it_is_confirmed_is_tried_again_later(
    sandbox: SandboxWorld,
) -> None:
    sandbox.clock.tick = timedelta(minutes=20)
    with pytest.raises(VendorUnavailableError) as failure:
        await sandbox.port.book_appointment(under("key"), booking())
    assert failure.value.reason == "hold_expired"
    sandbox.clock.restart()
    sandbox.clock.advance(timedelta(hours=8))
    await sandbox.port.book_appointment(under("key"), booking())
    assert [each["status"] for each in sandbox.appointments("key")] == ["expired", "confirmed"]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "new_status", "path_prefix": "/appointments", "method": "POST"},
        {"kind": "rename_field", "field": "appointment_id", "method": "POST"},
        {"kind": "rename_field", "field": "reason", "path_prefix": "/availability"},
        {"kind": "new_status", "field": "reason", "path_prefix": "/availability"},
        {"kind": "truncate", "path_prefix": "/availability"},
        {"kind": "html"},
    ],
)
async def test_an_answer_we_do_not_know_is_not_guessed(
    sandbox: SandboxWorld, fault: dict[str, str]
) -> None:
    sandbox.control.fault(**fault)
    with pytest.raises(UnrecognisedPayloadError) as failure:
        await sandbox.port.book_appointment(under("key"), booking())
    assert "The answer was: " in failure.value.words
    await sandbox.port.book_appointment(under("key"), booking())
    assert sandbox.standing() == 1


async def test_a_wrong_password_is_a_matter_of_the_credential(sandbox: SandboxWorld) -> None:
    base_url = sandbox.base_url
    async with SchedulingClient(base_url, username="throughline", password="wrong") as client:
        with pytest.raises(CredentialError):
            await client.find_appointment(under("key"))


async def test_the_vendor_hears_key_and_correlation_and_each_exchange_is_kept(
    sandbox: SandboxWorld,
) -> None:
    call = under("key")
    await sandbox.port.book_appointment(call, booking())
    assert [(each.method, each.path.partition("?")[0]) for each in call.exchanges][:3] == [
        ("GET", "/appointments"),
        ("GET", "/availability"),
        ("POST", "/appointments"),
    ]
    assert {each.http_status for each in call.exchanges} == {200, 201}
    assert {
        (entry["client_reference"], entry["correlation_id"]) for entry in sandbox.control.ledger()
    } == {("key", "correlation-1")}
