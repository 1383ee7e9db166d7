"""The day at a glance: what waits for whom, what is late, what broke, how much was done."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.tables import ServiceChangeRow
from adapters.postgres.tables_desk import DeadLetterRow, DecisionRow
from domain.desk import due_at
from domain.errors import FailureCode
from domain.identifiers import System
from domain.service_change import ChangeStatus
from tests.support.api import ApiUnderTest
from tests.support.clock import START, Clock
from tests.support.records import attempt_row, decision_row

Sessions = async_sessionmaker[AsyncSession]
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def api(api: ApiUnderTest, clock: Clock) -> ApiUnderTest:
    """On a clock of the test's own: nine in the morning, UTC."""
    api.parts.clock = clock
    return api


async def today(api: ApiUnderTest, caller: str = "operator", **query: str) -> dict[str, Any]:
    answer = await api.client(caller).get("/v1/today", params=query)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def made(api: ApiUnderTest, sessions: Sessions, **values: Any) -> str:  # noqa: ANN401 - columns
    """A change that stands as the values say."""
    caller = values.pop("caller", "portal")
    number = values.pop("number", 1)
    change = await api.accepted({"account_id": f"{number:04}-TODAY"}, caller=caller)
    if values:
        async with sessions.begin() as session:
            await session.execute(
                update(ServiceChangeRow).where(ServiceChangeRow.id == change["id"]).values(**values)
            )
    found: str = change["id"]
    return found


def letter(change_id: str, opened_at: datetime, name: str, *, open_: bool = True) -> DeadLetterRow:
    error = {"at": opened_at.isoformat(), "code": "refused", "reason": "", "words": "",
             "http_status": 422}  # fmt: skip
    return DeadLetterRow(
        id=f"{change_id}{name}{opened_at:%d%H}", change_id=change_id, account_id="0001-TODAY",
        system=System.BILLING, step="post_billing_change", code="refused", fingerprint=name,
        reason="", owner="billing operations", next_action="Look.", attempts=1, first_error=error,
        last_error=error, resumes="applying", opened_at=opened_at,
        due_at=due_at(FailureCode(name) if name == "credential" else FailureCode.REFUSED,
                      "billing operations", opened_at),
        closed_at=None if open_ else opened_at,
    )  # fmt: skip


async def test_a_day_on_which_nothing_happened_is_told_whole(api: ApiUnderTest) -> None:
    found = await today(api)

    assert found["waits_for_me"] == {"approvals": 0, "second_approvals": 0, "assigned": 0}
    assert found["overdue"] == {"changes": 0, "dead_letters": 0}
    assert set(found["open"].values()) | set(found["ended_today"].values()) == {0}
    assert set(found["open"]) | set(found["ended_today"]) == set(ChangeStatus)
    assert (found["oldest"], found["broken"], found["usual_days"]) == ([], [], 0)
    assert len(found["hours"]) == 24
    assert found["hours"][0]["usual_submitted"] is None
    assert {each["state"] for each in found["vendors"]} == {"unknown"}


async def test_what_waits_for_an_approver_leaves_out_what_they_submitted(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    waiting = {"status": ChangeStatus.AWAITING_APPROVAL}
    await made(api, sessions, **waiting)
    await made(api, sessions, **waiting, caller="operator", number=2)

    assert (await today(api))["waits_for_me"]["approvals"] == 1
    assert (await today(api, "second_operator"))["waits_for_me"]["approvals"] == 2
    assert (await today(api, "support"))["waits_for_me"] == {
        "approvals": None,
        "second_approvals": None,
        "assigned": 0,
    }


async def test_a_second_approval_waits_for_everybody_but_who_proposed_it(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    change_id = await made(api, sessions)
    lapsed = await made(api, sessions, number=2)
    async with sessions.begin() as session:
        for about, until in ((change_id, HOUR), (lapsed, -HOUR)):
            row: DecisionRow = decision_row(about, actor="operator", action="skip")
            row.state, row.expires_at = "proposed", START + until
            session.add(row)

    assert (await today(api))["waits_for_me"]["second_approvals"] == 0
    assert (await today(api, "second_operator"))["waits_for_me"]["second_approvals"] == 1


async def test_what_is_past_its_time_counts_until_it_has_ended(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    late = {"due_at": START - HOUR}
    await made(api, sessions, **late)
    await made(api, sessions, due_at=START + HOUR, number=2)
    ended = {"ended_at": START, "status": ChangeStatus.EXPIRED}
    await made(api, sessions, **late, **ended, number=3)

    found = await today(api)
    assert found["overdue"] == {"changes": 1, "dead_letters": 0}
    assert found["ended_today"]["expired"] == 1
    assert [each["account_id"] for each in found["late"]] == ["0001-TODAY"]
    assert found["open"]["pending"] == 2


async def test_what_stands_still_is_late_by_the_promise_of_its_cause(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    change_id = await made(api, sessions)
    async with sessions.begin() as session:
        credential = letter(change_id, START - 2 * HOUR, "credential")  # has an hour, not a day
        closed = letter(change_id, START - 2 * DAY, "closed", open_=False)
        refused = letter(change_id, START - 3 * HOUR, "refused")
        late = letter(change_id, START - 2 * DAY, "late")
        session.add_all([credential, refused, closed, late])

    assert (await today(api))["overdue"]["dead_letters"] == 2


async def test_what_is_handed_to_me_counts_until_it_is_put_off(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    change_id = await made(api, sessions)
    mine = f"/v1/assignments/change:{change_id}"
    body = {"assignee": "operator", "reason": "I know the customer."}
    assert (await api.operator.put(mine, json=body)).status_code == 200
    found = await today(api)
    assert found["waits_for_me"]["assigned"] == 1
    assert [each["subject"] for each in found["assigned"]] == [f"change:{change_id}"]
    assert (await today(api, "second_operator"))["waits_for_me"]["assigned"] == 0

    later = {**body, "follow_up_at": (START + DAY).isoformat()}
    assert (await api.operator.put(mine, json=later)).status_code == 200
    found = await today(api)
    assert (found["waits_for_me"]["assigned"], found["assigned"]) == (0, [])


async def test_the_oldest_open_change_comes_first(api: ApiUnderTest, sessions: Sessions) -> None:
    waits = [{"party": "portal", "what": "The signed form."}]
    newer = await made(api, sessions, submitted_at=START - HOUR)
    older = await made(api, sessions, submitted_at=START - DAY, waiting_on=waits, number=2)
    await made(
        api, sessions, submitted_at=START - 9 * DAY, ended_at=START, status="active", number=3
    )

    found = (await today(api))["oldest"]
    assert [each["id"] for each in found] == [older, newer]
    assert found[0]["waiting_on"][0]["what"] == "The signed form."


async def test_what_broke_since_yesterday_is_told_by_cause_and_whether_it_is_new(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    one, two = await made(api, sessions), await made(api, sessions, number=2)
    midnight = START.replace(hour=0) - DAY
    async with sessions.begin() as session:
        session.add_all(
            [
                letter(one, midnight - HOUR, "known", open_=False),
                letter(one, midnight + HOUR, "known", open_=False),
                letter(two, midnight + 2 * HOUR, "known"),
                letter(one, START - HOUR, "new"),
                letter(two, midnight - HOUR, "over", open_=False),
            ]
        )

    found = await today(api)
    assert datetime.fromisoformat(found["broken_since"]) == midnight
    told = [
        (each["fingerprint"], each["count"], each["still_open"], each["known"])
        for each in found["broken"]
    ]
    assert sorted(told) == [("known", 2, 1, True), ("new", 1, 1, False)]
    assert found["broken"][0]["cause"] == "Post billing change: refused by billing"


async def test_the_hours_of_today_stand_beside_those_of_the_days_before(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    eight = START.replace(hour=8, minute=20)
    await made(api, sessions, submitted_at=eight, ended_at=START, status="active")
    await made(api, sessions, submitted_at=eight - DAY, number=2)
    gone = {"ended_at": eight - DAY, "status": "cancelled"}
    await made(api, sessions, submitted_at=eight - 2 * DAY, **gone, number=3)

    found = await today(api)
    hours = {datetime.fromisoformat(each["begin"]).hour: each for each in found["hours"]}
    assert found["usual_days"] == 2
    assert (hours[8]["submitted"], hours[8]["usual_submitted"]) == (1, 1.0)
    assert (hours[8]["ended_otherwise"], hours[8]["usual_ended_otherwise"]) == (0, 0.5)
    assert (hours[9]["active"], hours[9]["usual_active"]) == (1, 0.0)


async def test_the_day_begins_at_the_readers_midnight(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    await made(api, sessions, submitted_at=START.replace(hour=0, minute=30))

    utc = await today(api)
    assert (utc["day"], sum(each["submitted"] for each in utc["hours"])) == ("2026-11-24", 1)
    kolkata = await today(api, zone="Asia/Kolkata")
    assert kolkata["hours"][0]["begin"] == "2026-11-23T18:30:00Z"
    assert kolkata["hours"][6]["submitted"] == 1
    honolulu = await today(api, zone="Pacific/Honolulu")
    assert (honolulu["day"], sum(each["submitted"] for each in honolulu["hours"])) == (
        "2026-11-23",
        1,
    )


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc", "", "x" * 65])
async def test_a_zone_that_is_none_is_refused(api: ApiUnderTest, zone: str) -> None:
    answer = await api.operator.get("/v1/today", params={"zone": zone})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_a_portal_sees_its_own_day_and_nothing_of_the_desk(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    late = {"due_at": START - HOUR}
    mine = await made(api, sessions, **late)
    await made(api, sessions, **late, caller="partner", number=2)
    async with sessions.begin() as session:
        session.add(letter(mine, START - HOUR, "new"))

    found = await today(api, "portal")
    assert (found["overdue"]["changes"], found["open"]["pending"]) == (1, 1)
    assert [each["id"] for each in found["oldest"]] == [mine]
    assert sum(each["submitted"] for each in found["hours"]) == 1
    assert [each["id"] for each in found["late"]] == [mine]
    assert (found["vendors"], found["broken"], found["assigned"]) == ([], [], [])
    assert set(found["waits_for_me"].values()) == {None}


async def test_the_glance_at_a_vendor_says_why(api: ApiUnderTest, sessions: Sessions) -> None:
    change_id = await made(api, sessions)
    async with sessions.begin() as session:
        session.add(attempt_row(change_id, 1, "unavailable", "connection refused"))
    api.parts.clock = lambda: START + timedelta(minutes=1)

    (billing,) = [each for each in (await today(api))["vendors"] if each["system"] == "billing"]
    assert (billing["state"], billing["sentence"]) == ("down", "Its last answer was a failure.")
