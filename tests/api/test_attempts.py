"""Every try at every vendor, across changes."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from tests.support.api import CALLERS, ApiUnderTest
from tests.support.clock import START
from tests.support.records import attempt_row

Sessions = async_sessionmaker[AsyncSession]
ROUTE = "/v1/attempts"
OUTCOMES = ("ok", "throttled", "ok", "unavailable", "ok")


@pytest.fixture
async def change_id(api: ApiUnderTest, sessions: Sessions) -> str:
    """A change with five tries, the last at the CRM."""
    change: dict[str, Any] = await api.accepted()
    async with sessions.begin() as session:
        rows = [attempt_row(change["id"], n, each, "") for n, each in enumerate(OUTCOMES, start=1)]
        rows[-1].system, rows[-1].step = "crm", "update_services"
        session.add_all(rows)
    found: str = change["id"]
    return found


async def numbers(api: ApiUnderTest, **query: Any) -> list[int]:  # noqa: ANN401 - query values
    answer = await api.client("support").get(ROUTE, params=query)
    assert answer.status_code == 200, answer.text
    return [item["attempt"] for item in answer.json()["items"]]


async def test_the_newest_try_comes_first_and_pages_lose_none(
    api: ApiUnderTest, change_id: str
) -> None:
    seen: list[int] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = (await api.client("support").get(ROUTE, params=query)).json()
        seen += [item["attempt"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert seen == [5, 4, 3, 2, 1]
    assert page["items"][0]["change_id"] == change_id
    assert "exchanges" not in page["items"][0]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"system": "crm"}, [5]),
        ({"step": "post_billing_change"}, [4, 3, 2, 1]),
        ({"outcome": "throttled"}, [2]),
        ({"outcome": ["throttled", "unavailable"]}, [4, 2]),
        ({"outcome": ["ok", "unavailable"], "system": "billing"}, [4, 3, 1]),
        ({"finished_from": (START + timedelta(seconds=4)).isoformat()}, [5, 4]),
        ({"finished_to": (START + timedelta(seconds=2)).isoformat()}, [1]),
        ({"change_id": "chg_other"}, []),
    ],
)
async def test_the_list_is_narrowed(
    api: ApiUnderTest, change_id: str, query: dict[str, Any], found: list[int]
) -> None:
    assert change_id
    assert await numbers(api, **query) == found


@pytest.mark.parametrize("query", [{"outcome": "fine"}, {"system": "x"}, {"cursor": "YQ=="}])
async def test_what_is_not_known_is_refused(api: ApiUnderTest, query: dict[str, str]) -> None:
    answer = await api.client("support").get(ROUTE, params=query)

    assert answer.status_code == 422


@pytest.mark.parametrize("caller", sorted(CALLERS))
async def test_tries_are_for_staff(api: ApiUnderTest, caller: str) -> None:
    answer = await api.client(caller).get(ROUTE)

    assert answer.status_code == (403 if caller in {"portal", "partner"} else 200)
