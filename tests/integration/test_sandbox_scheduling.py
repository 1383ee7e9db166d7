"""The scheduling vendor over HTTP: what its API promises, on a clock the test moves."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from http_client import BasicAuth, Client, Response
from sandbox.scheduling.app import create_app
from sandbox.scheduling.calendar import BOOKABLE_DAYS_AHEAD
from tests.support.clock import Clock
from tests.vendor_server import Control, serving

ENVIRON = {
    "SANDBOX_SCHEDULING_USERNAME": "throughline",
    "SANDBOX_SCHEDULING_PASSWORD": "open:sesame",
}
IN_CHICAGO = "7590-VHVEG"
MONDAY_MORNING = datetime(2026, 10, 26, 15, tzinfo=UTC)
OPEN_DAY = date(2026, 10, 27)


class Scheduling:
    """The vendor as a caller sees it."""

    def __init__(self, base_url: str) -> None:
        auth = BasicAuth("throughline", "open:sesame")
        self.http = Client(base_url=base_url, auth=auth, trust_env=False)
        self.control = Control(base_url)

    def close(self) -> None:
        self.http.close()
        self.control.close()

    def availability(
        self, day: date, visit: str = "technician_visit", account: str = IN_CHICAGO
    ) -> dict[str, Any]:
        asked = {"account_id": account, "date": day.isoformat(), "visit": visit}
        answer = self.http.get("/availability", params=asked)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def hold(self, reference: str, slot_id: str = "", **changes: object) -> Response:
        slot_id = slot_id or f"chicago.technician_visit.{OPEN_DAY}.08"
        body = {
            "account_id": IN_CHICAGO,
            "slot_id": slot_id,
            "visit": "technician_visit",
            "client_reference": reference,
        }
        return self.http.post("/appointments", json=body | changes)

    def held(self, reference: str) -> str:
        answer = self.hold(reference)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["appointment_id"])

    def act(self, appointment_id: str, act: str) -> Response:
        return self.http.post(f"/appointments/{appointment_id}/{act}")

    def status(self, appointment_id: str) -> str:
        return str(self.http.get(f"/appointments/{appointment_id}").json()["status"])

    def under(self, reference: str) -> list[dict[str, Any]]:
        answer = self.http.get("/appointments", params={"client_reference": reference})
        found: list[dict[str, Any]] = answer.json()["appointments"]
        return found


@contextmanager
def running(state_dir: Path, clock: Clock) -> Iterator[Scheduling]:
    app = create_app(state_dir=state_dir, environ=ENVIRON, clock=clock)
    with serving(app) as base_url:
        vendor = Scheduling(base_url)
        try:
            yield vendor
        finally:
            vendor.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Scheduling, Clock]]:
    clock = Clock(MONDAY_MORNING)
    with running(tmp_path_factory.mktemp("scheduling"), clock) as vendor:
        yield vendor, clock


@pytest.fixture
def clock(served: tuple[Scheduling, Clock]) -> Clock:
    served[1].restart()
    return served[1]


@pytest.fixture
def vendor(served: tuple[Scheduling, Clock], clock: Clock) -> Scheduling:
    del clock  # it stands at its start again
    served[0].control.reset()
    return served[0]


@pytest.mark.parametrize("auth", [("throughline", "wrong"), ("", ""), ("someone", "open:sesame")])
def test_a_wrong_name_or_password_opens_nothing(vendor: Scheduling, auth: tuple[str, str]) -> None:
    answer = vendor.http.get("/areas", auth=auth)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic ")
    assert answer.json()["error"] == "unauthorized"


def test_an_account_is_served_from_one_of_eight_areas(vendor: Scheduling) -> None:
    areas = {area["area_id"]: area for area in vendor.http.get("/areas").json()["areas"]}
    assert len(areas) == 8
    told = vendor.http.get(f"/accounts/{IN_CHICAGO}/area").json()
    assert told == {"account_id": IN_CHICAGO, **areas["chicago"]}
    assert told["time_zone"] == "America/Chicago"


def test_an_unknown_account_has_no_area_no_dates_and_no_appointments(vendor: Scheduling) -> None:
    asked = {"account_id": "0000-NOONE", "date": "2026-10-27", "visit": "remote_activation"}
    answers = [
        vendor.http.get("/accounts/0000-NOONE/area"),
        vendor.http.get("/availability", params=asked),
        vendor.hold("ref", account_id="0000-NOONE"),
    ]
    assert [(a.status_code, a.json()["error"]) for a in answers] == [(404, "unknown_account")] * 3


def test_an_open_day_tells_its_slots_with_offsets_and_places(vendor: Scheduling) -> None:
    told = vendor.availability(OPEN_DAY)
    assert told["open"]
    assert told["reason"] is None
    assert told["next_open_date"] == "2026-10-27"
    assert told["slots"][0] == {
        "slot_id": "chicago.technician_visit.2026-10-27.08",
        "starts_at": "2026-10-27T08:00:00-05:00",
        "ends_at": "2026-10-27T10:00:00-05:00",
        "remaining": 8,
    }


def test_after_the_clocks_change_the_offset_changes_and_the_hour_stays(vendor: Scheduling) -> None:
    assert vendor.availability(date(2026, 11, 2))["slots"][0]["starts_at"] == (
        "2026-11-02T08:00:00-06:00"
    )


@pytest.mark.parametrize(
    ("day", "reason", "holiday", "next_open"),
    [
        (date(2026, 10, 26), "past", None, "2026-10-27"),
        (date(2026, 10, 31), "weekend", None, "2026-11-02"),
        (date(2026, 11, 26), "holiday", "Thanksgiving Day", "2026-11-27"),
        (date(2027, 12, 1), "too_far", None, None),
    ],
)
def test_a_closed_day_says_why_and_when_to_come_instead(
    vendor: Scheduling, day: date, reason: str, holiday: str | None, next_open: str | None
) -> None:
    told = vendor.availability(day)
    assert not told["open"]
    assert told["slots"] == []
    assert (told["reason"], told["holiday_name"], told["next_open_date"]) == (
        reason,
        holiday,
        next_open,
    )


def test_nothing_can_be_held_on_a_closed_day(vendor: Scheduling) -> None:
    answer = vendor.hold("ref", "chicago.technician_visit.2026-10-31.08")
    assert answer.status_code == 409
    assert (answer.json()["error"], answer.json()["reason"]) == ("date_closed", "weekend")


@pytest.mark.parametrize(
    ("slot_id", "visit"),
    [
        ("nowhere", "technician_visit"),
        ("denver.technician_visit.2026-10-27.08", "technician_visit"),
        ("chicago.technician_visit.2026-10-27.08", "remote_activation"),
    ],
)
def test_a_slot_of_another_area_or_kind_of_visit_cannot_be_held(
    vendor: Scheduling, slot_id: str, visit: str
) -> None:
    answer = vendor.hold("ref", slot_id, visit=visit)
    assert (answer.status_code, answer.json()["error"]) == (422, "unknown_slot")


def test_a_request_with_a_wrong_field_is_told_which(vendor: Scheduling) -> None:
    answer = vendor.hold("ref", visit="house_party")
    assert answer.status_code == 422
    assert answer.json()["error"] == "invalid_request"
    assert answer.json()["message"].startswith("visit: ")


def test_a_hold_is_confirmed_and_confirming_again_changes_nothing(vendor: Scheduling) -> None:
    appointment = vendor.held("ref")
    first, second = (vendor.act(appointment, "confirm") for _ in range(2))
    assert first.json() == second.json()
    assert first.json()["status"] == "confirmed"
    assert [entry["what"] for entry in vendor.control.ledger()] == [
        "appointment_held",
        "appointment_confirmed",
    ]


def test_posting_twice_under_one_reference_makes_two_appointments(vendor: Scheduling) -> None:
    made = [vendor.held("same"), vendor.held("same")]
    assert made[0] != made[1]
    assert [each["appointment_id"] for each in vendor.under("same")] == made
    assert vendor.availability(OPEN_DAY)["slots"][0]["remaining"] == 6


def test_a_released_place_is_free_again_and_releasing_again_changes_nothing(
    vendor: Scheduling,
) -> None:
    appointment = vendor.held("ref")
    vendor.act(appointment, "confirm")
    assert vendor.availability(OPEN_DAY)["slots"][0]["remaining"] == 7
    answers = [vendor.act(appointment, "release") for _ in range(2)]
    assert [answer.json()["status"] for answer in answers] == ["released", "released"]
    assert vendor.availability(OPEN_DAY)["slots"][0]["remaining"] == 8
    released = [e for e in vendor.control.ledger() if e["what"] == "appointment_released"]
    assert [entry["reverses"] for entry in released] == [appointment]


def test_a_released_appointment_cannot_be_confirmed(vendor: Scheduling) -> None:
    appointment = vendor.held("ref")
    vendor.act(appointment, "release")
    answer = vendor.act(appointment, "confirm")
    assert (answer.status_code, answer.json()["error"]) == (409, "released")


def test_a_hold_expires_by_itself_after_a_quarter_of_an_hour(
    vendor: Scheduling, clock: Clock
) -> None:
    appointment = vendor.held("ref")
    clock.advance(timedelta(minutes=14, seconds=59))
    assert vendor.status(appointment) == "held"
    clock.advance(timedelta(seconds=1))
    assert vendor.status(appointment) == "expired"
    assert vendor.availability(OPEN_DAY)["slots"][0]["remaining"] == 8
    answer = vendor.act(appointment, "confirm")
    assert (answer.status_code, answer.json()["error"]) == (409, "hold_expired")
    assert vendor.act(appointment, "release").json()["status"] == "expired"


def test_a_confirmed_appointment_does_not_expire(vendor: Scheduling, clock: Clock) -> None:
    appointment = vendor.held("ref")
    vendor.act(appointment, "confirm")
    clock.advance(timedelta(hours=1))
    assert vendor.status(appointment) == "confirmed"


def test_callers_racing_for_a_slot_get_as_many_places_as_there_are(vendor: Scheduling) -> None:
    with ThreadPoolExecutor(max_workers=12) as callers:
        answers = list(callers.map(lambda n: vendor.hold(f"racer-{n}"), range(24)))
    assert Counter(answer.status_code for answer in answers) == {201: 8, 409: 16}
    assert {a.json()["error"] for a in answers if a.status_code == 409} == {"slot_full"}
    assert len(vendor.control.ledger()) == 8


def test_a_day_with_every_place_taken_is_full_and_names_the_next(vendor: Scheduling) -> None:
    for slot in vendor.availability(OPEN_DAY)["slots"]:
        for taker in range(slot["remaining"]):
            assert vendor.hold(f"taker-{taker}", slot["slot_id"]).status_code == 201
    told = vendor.availability(OPEN_DAY)
    assert (told["open"], told["reason"]) == (False, "full")
    assert [slot["remaining"] for slot in told["slots"]] == [0, 0, 0, 0]
    assert told["next_open_date"] == "2026-10-28"
    assert vendor.availability(OPEN_DAY, "remote_activation")["open"]


def test_the_last_bookable_day_is_the_horizon(vendor: Scheduling, clock: Clock) -> None:
    beyond = clock().date() + timedelta(days=BOOKABLE_DAYS_AHEAD + 1)
    assert vendor.availability(beyond)["reason"] == "too_far"
    assert vendor.availability(beyond - timedelta(days=1))["reason"] != "too_far"


def test_appointments_and_ledger_survive_a_restart(tmp_path: Path) -> None:
    clock = Clock(MONDAY_MORNING)
    with running(tmp_path, clock) as before:
        appointment = before.held("ref")
        before.act(appointment, "confirm")
        written = before.control.ledger()
    with running(tmp_path, clock) as after:
        assert after.status(appointment) == "confirmed"
        assert after.availability(OPEN_DAY)["slots"][0]["remaining"] == 7
        assert after.control.ledger() == written


def test_a_reset_gives_every_place_back(vendor: Scheduling) -> None:
    vendor.held("ref")
    vendor.control.reset()
    assert vendor.under("ref") == []
    assert vendor.availability(OPEN_DAY)["slots"][0]["remaining"] == 8


def test_a_lagging_read_does_not_show_the_newest_appointment(
    vendor: Scheduling, clock: Clock
) -> None:
    vendor.held("ref")
    clock.advance(timedelta(seconds=1))
    vendor.control.fault("lagging_reads", delay_seconds=5)
    assert vendor.under("ref") == []
    assert len(vendor.under("ref")) == 1
