"""Whose work is whose: taken, handed over, put off, and back when it comes up again."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.tables_desk import DeadLetterRow
from http_client import Response
from tests.support.api import ApiUnderTest

ROUTE = "/v1/assignments"
WHY = "I know this vendor."


async def put(api: ApiUnderTest, subject: str, caller: str = "support", **body: Any) -> Response:  # noqa: ANN401 - right or wrong
    return await api.client(caller).put(f"{ROUTE}/{subject}", json={"reason": WHY} | body)


async def read(api: ApiUnderTest, **query: str) -> list[dict[str, Any]]:
    answer = await api.client("support").get(ROUTE, params=query)
    items: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
    return items


def letter(change: dict[str, Any], api: ApiUnderTest, sequence: int) -> DeadLetterRow:
    at = api.parts.clock()
    error = {
        "at": at.isoformat(),
        "code": "unavailable",
        "reason": "",
        "words": "",
        "http_status": 503,
    }
    return DeadLetterRow(
        id=f"{change['id']}:{sequence}",
        change_id=change["id"],
        account_id=change["account_id"],
        system="billing",
        step="post_billing_change",
        code="unavailable",
        fingerprint="f00d",
        reason="away",
        owner="billing operations",
        next_action="Retry.",
        attempts=1,
        first_error=error,
        last_error=error,
        resumes="applying",
        opened_at=at,
        due_at=at,
    )


async def test_work_is_taken_handed_over_and_given_back(api: ApiUnderTest) -> None:
    change = await api.accepted()
    subject = f"change:{change['id']}"

    taken = await put(api, subject, assignee="support")
    handed = await put(api, subject, assignee="operator")
    (his,) = await read(api, assignee="operator")
    given_back = await put(api, subject)

    assert (taken.status_code, taken.json()["assignee"]) == (200, "support")
    assert (his["subject"], his["set_by"], his["note"]) == (subject, "support", WHY)
    assert handed.json() == his
    assert given_back.json()["assignee"] is None
    assert await read(api, assignee="operator") == []


async def test_the_trail_says_who_handed_what_to_whom(api: ApiUnderTest) -> None:
    change = await api.accepted()
    await put(api, f"change:{change['id']}", assignee="support")
    await put(api, f"change:{change['id']}", assignee="support")
    await put(api, f"change:{change['id']}", assignee="operator")

    trail = await api.operator.get(
        "/v1/audit", params={"action": "assign", "change_id": change["id"]}
    )

    newest, oldest = trail.json()["items"]
    assert newest["facts"]["assignee"] == {"before": "support", "after": "operator"}
    assert oldest["facts"]["assignee"] == {"before": None, "after": "support"}


async def test_what_is_put_off_says_until_when(api: ApiUnderTest) -> None:
    change = await api.accepted()
    until = api.parts.clock() + timedelta(hours=4)

    answer = await put(api, f"change:{change['id']}", follow_up_at=until.isoformat())

    assert answer.json()["put_off"] is True
    assert answer.json()["assignee"] is None


async def test_a_cause_that_comes_up_again_is_no_longer_put_off(
    api: ApiUnderTest, sessions: async_sessionmaker[AsyncSession]
) -> None:
    first, second = await api.accepted(), await api.accepted()
    async with sessions.begin() as session:
        session.add(letter(first, api, 1))
    until = api.parts.clock() + timedelta(days=1)
    put_off = await put(api, "cause:f00d", follow_up_at=until.isoformat())
    async with sessions.begin() as session:
        session.add(letter(second, api, 1))

    (again,) = await read(api, subject="cause:f00d")

    assert (put_off.json()["put_off"], again["put_off"]) == (True, False)
    assert again["follow_up_at"] == put_off.json()["follow_up_at"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"assignee": "nobody_at_all"}, "assignee"),
        ({"assignee": "portal"}, "assignee"),
        ({"follow_up_at": "2020-01-01T00:00:00Z"}, "follow_up_at"),
        ({"follow_up_at": "2100-01-01T00:00:00Z"}, "follow_up_at"),
    ],
)
async def test_what_makes_no_sense_is_refused_by_field(
    api: ApiUnderTest, body: dict[str, str], field: str
) -> None:
    change = await api.accepted()

    answer = await put(api, f"change:{change['id']}", **body)

    assert answer.status_code == 422
    assert [problem["field"] for problem in answer.json()["errors"]] == [field]


@pytest.mark.parametrize("subject", ["change:chg_none", "cause:none", "weather:fine", "change:"])
async def test_only_what_there_is_can_be_taken(api: ApiUnderTest, subject: str) -> None:
    assert (await put(api, subject, assignee="support")).status_code == 404


async def test_a_portal_takes_no_work(api: ApiUnderTest) -> None:
    change = await api.accepted()
    assert (await put(api, f"change:{change['id']}", caller="portal")).status_code == 403
    assert (await api.portal.get("/v1/people")).status_code == 403


async def test_work_can_be_handed_to_staff_alone(api: ApiUnderTest) -> None:
    people = (await api.client("support").get("/v1/people")).json()
    assert [person["principal"] for person in people] == [
        "admin", "operator", "second_admin", "second_operator", "support",
    ]  # fmt: skip
