"""How the desk fills and empties, and what is late, as callers are told."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from tests.support.api import ApiUnderTest
from tests.support.clock import START, Clock
from tests.support.dead_letters import stands_still

Sessions = async_sessionmaker[AsyncSession]
ROUTE = "/v1/dead-letters/trend"
HOUR = timedelta(hours=1)


@pytest.fixture
def api(api: ApiUnderTest, clock: Clock) -> ApiUnderTest:
    """On a clock of the test's own: nine in the morning, UTC."""
    api.parts.clock = clock
    return api


async def told(api: ApiUnderTest, **query: Any) -> dict[str, Any]:  # noqa: ANN401 - query values
    answer = await api.client("support").get(ROUTE, params=query)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_a_trend_is_by_the_hour_of_a_day_unless_asked_otherwise(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    await stands_still(sessions, START - 2 * HOUR)

    hours = await told(api, fingerprint=["f00d", "none"])
    days = await told(api, unit="day", zone="Europe/Berlin", stretches=3)

    assert (len(hours["starts"]), hours["total"]["opened"][-3:]) == (24, [1, 0, 0])
    assert [each["fingerprint"] for each in hours["causes"]] == ["f00d", "none"]
    assert hours["causes"][0]["standing"][-3:] == [1, 1, 1]
    assert sum(hours["causes"][1]["opened"]) == 0
    assert (len(days["starts"]), days["total"]["standing"]) == (3, [0, 0, 1])
    assert days["causes"] == []


async def test_one_rule_says_what_is_late_on_the_desk_and_on_the_page_of_the_day(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    await stands_still(sessions, START - 25 * HOUR)
    await stands_still(sessions, START - 23 * HOUR)

    (cause,) = (await api.operator.get("/v1/dead-letters")).json()["items"]
    letters = (await api.operator.get(f"/v1/dead-letters/{cause['fingerprint']}")).json()["items"]
    today = (await api.operator.get("/v1/today")).json()

    assert (cause["overdue"], (await told(api))["overdue"]) == (1, 1)
    assert [each["overdue"] for each in letters] == [True, False]
    assert cause["due_at"] == letters[0]["due_at"]
    assert today["overdue"]["dead_letters"] == 1


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"stretches": 169}, "stretches"),
        ({"unit": "day", "stretches": 93}, "stretches"),
        ({"stretches": 0}, "stretches"),
        ({"unit": "week"}, "unit"),
        ({"zone": "Europe/Nowhere"}, "zone"),
    ],
)
async def test_a_trend_is_bounded_and_names_what_is_wrong(
    api: ApiUnderTest, query: dict[str, Any], field: str
) -> None:
    answer = await api.operator.get(ROUTE, params=query)

    assert answer.status_code == 422
    assert [problem["field"] for problem in answer.json()["errors"]] == [field]


async def test_a_trend_is_for_staff(api: ApiUnderTest) -> None:
    assert (await api.portal.get(ROUTE)).status_code == 403


async def test_the_desk_is_narrowed_by_whose_work_it_is(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    await stands_still(sessions, START - HOUR, fingerprint="his")
    await stands_still(sessions, START - HOUR, fingerprint="nobodys")
    await api.operator.put(
        "/v1/assignments/cause:his", json={"assignee": "operator", "reason": "Mine."}
    )

    async def found(**query: str) -> dict[str, str]:
        answer = await api.operator.get("/v1/dead-letters", params=query)
        return {item["fingerprint"]: item["state"] for item in answer.json()["items"]}

    assert await found() == {"his": "acknowledged", "nobodys": "open"}
    assert await found(assignee="operator") == {"his": "acknowledged"}
    assert await found(unassigned="true") == {"nobodys": "open"}
    assert await found(fingerprint="his") == {"his": "acknowledged"}
    assert await found(put_off="true") == {}
