"""Search by words, filters by alternatives and comparisons, and how many fit."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.tables import ServiceChangeRow, TicketRow
from adapters.postgres.tables_people import AssignmentRow
from tests.support.api import PDF, ApiUnderTest, as_parts, new_key
from tests.support.clock import START
from tests.support.records import attempt_row, effect_row

ROUTE = "/v1/service-changes"
Sessions = async_sessionmaker[AsyncSession]
Change = dict[str, Any]


async def found(api: ApiUnderTest, q: str, **filters: Any) -> list[tuple[str, str, str]]:  # noqa: ANN401 - any filter
    """Each hit: the change, what it was found in, and the words there."""
    answer = await api.client("support").get("/v1/search", params={"q": q, **filters})
    assert answer.status_code == 200, answer.text
    return [
        (hit["change"]["id"], hit["matched_kind"], hit["matched_value"])
        for hit in answer.json()["items"]
    ]


async def ids(api: ApiUnderTest, **filters: Any) -> list[str]:  # noqa: ANN401 - any filter
    answer = await api.client("support").get(ROUTE, params=filters)
    assert answer.status_code == 200, answer.text
    total = await api.client("support").get(f"{ROUTE}/total", params=filters)
    assert total.json() == {"count": len(answer.json()["items"]), "more": False}
    return [item["id"] for item in answer.json()["items"]]


async def moved(sessions: Sessions, change: Change, **values: object) -> None:
    async with sessions.begin() as session:
        row = await session.get_one(ServiceChangeRow, change["id"])
        for name, value in values.items():
            setattr(row, name, value)


async def test_words_are_found_in_everything_that_was_written_about_a_change(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    noted = await api.accepted({"note": "The gate is locked after six, ring the bell."})
    filed = (
        await api.client("portal").post(
            ROUTE,
            files=as_parts(
                {
                    "account_id": "0002-WORDS",
                    "kind": "add_service",
                    "requested_date": "2026-12-01",
                    "details": {"service": "online_security"},
                },
                PDF,
                "signed_request-final.pdf",
            ),
            headers=new_key(),
        )
    ).json()
    failed = await api.accepted({"account_id": "0003-WORDS"})
    failure = {"cause": "Billing refused", "reason": "Price mismatch", "words": "tariff withdrawn"}
    await moved(sessions, failed, failure=failure)
    asked = await api.accepted({"account_id": "0004-WORDS"})
    async with sessions.begin() as session:
        session.add(
            TicketRow(
                change_id=asked["id"],
                reference="T-1",
                subject="Photograph of the meter is missing",
                status="open",
                opened_at=START,
            )
        )
    spoken = await api.accepted({"account_id": "0005-WORDS"})
    await api.operator.post(
        f"{ROUTE}/{spoken['id']}/notes",
        json={"text": "Customer insists on Saturday."},
        headers=new_key(),
    )

    assert [hit[:2] for hit in await found(api, "gate locked")] == [(noted["id"], "note")]
    assert [hit[:2] for hit in await found(api, "signed request")] == [
        (filed["id"], "document_name")
    ]
    assert [hit[:2] for hit in await found(api, "withdrawn")] == [(failed["id"], "failure")]
    assert [hit[:2] for hit in await found(api, "photogr")] == [(asked["id"], "ticket_subject")]
    assert await found(api, "insists saturday") == [
        (spoken["id"], "reason", "Customer insists on Saturday.")
    ]
    assert await ids(api, q="withdrawn") == [failed["id"]]


async def test_words_of_a_search_are_joined_as_web_searches_do(api: ApiUnderTest) -> None:
    one = await api.accepted({"note": "ring the front bell"})
    two = await api.accepted({"account_id": "0002-JOIN", "note": "ring at the back"})

    assert [hit[0] for hit in await found(api, "front or back")] == [two["id"], one["id"]]
    assert [hit[0] for hit in await found(api, "ring -front")] == [two["id"]]
    assert [hit[0] for hit in await found(api, '"front bell"')] == [one["id"]]
    assert await found(api, '"bell front"') == []
    assert await found(api, '"') == []
    assert await found(api, "& | ! <->") == []


async def test_what_no_longer_stands_is_no_longer_found(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    change = await api.accepted({"note": "Leave it with the neighbour."})
    await moved(sessions, change, note="")

    assert await found(api, "neighbour") == []


async def test_nothing_personal_is_searched(api: ApiUnderTest) -> None:
    address = {
        "line1": "Personal Street 99",
        "line2": "",
        "city": "Privatville",
        "postal_code": "99999",
        "country": "US",
    }
    await api.accepted({"kind": "change_billing_address", "details": {"billing_address": address}})

    assert await found(api, "privatville") == []


async def test_an_identifier_comes_before_words_and_no_change_twice(api: ApiUnderTest) -> None:
    worded = await api.accepted({"note": "Same as 7777-TWICE, please."})
    named = await api.accepted({"account_id": "7777-TWICE", "note": "This is 7777-TWICE itself."})
    later = await api.accepted({"account_id": "0009-LATER", "note": "See 7777-TWICE."})

    pages: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        answer = await api.client("support").get(
            "/v1/search", params={"q": "7777-TWICE", "limit": 1, **cursor}
        )
        pages += [hit["change"]["id"] for hit in answer.json()["items"]]
        if answer.json()["next_cursor"] is None:
            break
        cursor = {"cursor": answer.json()["next_cursor"]}

    assert pages == [named["id"], later["id"], worded["id"]]


@pytest.mark.parametrize("cursor", ["nonsense", "MQ==", "N78yMDI2HmNoZ18="])
async def test_a_search_refuses_a_cursor_that_was_never_its_own(
    api: ApiUnderTest, cursor: str
) -> None:
    answer = await api.client("support").get("/v1/search", params={"q": "x", "cursor": cursor})

    assert answer.status_code == 422


async def test_a_submitter_finds_words_of_their_own_changes_alone(api: ApiUnderTest) -> None:
    await api.accepted({"note": "Only ours."}, caller="partner")

    answer = await api.portal.get("/v1/search", params={"q": "only ours"})

    assert answer.json()["items"] == []


async def test_a_search_takes_the_filters_of_the_list(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    one = await api.accepted({"note": "ring twice"})
    two = await api.accepted({"account_id": "0002-BOTH", "note": "ring twice"})
    await moved(sessions, two, status="incomplete")

    assert [hit[0] for hit in await found(api, "ring", status="pending")] == [one["id"]]
    assert [hit[0] for hit in await found(api, "0002-both", status="pending")] == []


async def test_a_list_is_narrowed_by_what_is_compared(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    one = await api.accepted({"account_id": "0001-CMP", "requested_date": "2026-12-01"})
    two = await api.accepted({"account_id": "0002-CMP", "requested_date": "2026-12-24"})
    now = api.parts.clock()
    plan = {"recurring_before_minor": 8000, "recurring_after_minor": 7500, "document_version": 1}
    await moved(
        sessions, one, plan=plan, due_at=now - timedelta(hours=1), updated_at=now,
    )  # fmt: skip
    plan = plan | {"recurring_after_minor": 9550}
    await moved(
        sessions, two, plan=plan, due_at=now + timedelta(hours=4),
        submitted_at=now - timedelta(days=30), updated_at=now - timedelta(days=9),
    )  # fmt: skip
    async with sessions.begin() as session:
        session.add(effect_row(two["id"]))
        for number in (1, 2, 3):
            row = attempt_row(two["id"], number, "unavailable", "")
            row.effect_key = None
            session.add(row)

    assert await ids(api, requested_date="gte:2026-12-24") == [two["id"]]
    assert await ids(api, requested_date=["gte:2026-12-01", "lt:2026-12-24"]) == [one["id"]]
    assert await ids(api, requested_from="2026-12-02") == [two["id"]]
    assert await ids(api, requested_to="2026-12-24") == [one["id"], two["id"]]
    assert await ids(api, submitted_at="gte:now-2d") == [one["id"]]
    assert await ids(api, submitted_at="lt:now-4w") == [two["id"]]
    assert await ids(api, updated_at="lt:now-7d") == [two["id"]]
    assert await ids(api, updated_from=(now - timedelta(days=1)).isoformat()) == [one["id"]]
    assert await ids(api, due_at="lt:now") == [one["id"]]
    assert await ids(api, due_at=["gte:now", "lte:now+8h"]) == [two["id"]]
    assert await ids(api, price_difference="lt:0") == [one["id"]]
    assert await ids(api, price_difference="gte:1550") == [two["id"]]
    assert await ids(api, price_difference="gt:1550") == []
    assert await ids(api, attempts="gte:3") == [two["id"]]
    assert await ids(api, attempts="lt:3") == [one["id"]]
    assert await ids(api, attempts="lte:3") == [one["id"], two["id"]]
    assert await ids(api, attempts="gt:3") == []


async def test_one_of_several_is_enough_and_different_filters_all_have_to_hold(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    one = await api.accepted({"account_id": "0001-ALT"})
    two = await api.accepted(
        {"account_id": "0002-ALT", "kind": "change_contract", "details": {"contract": "One year"}}
    )
    three = await api.accepted({"account_id": "0003-ALT"}, caller="partner")
    await moved(sessions, two, status="incomplete", waiting_on=[{"party": "customer", "what": "x"}])
    await moved(sessions, three, waiting_on=[{"party": "billing", "what": "An answer."}])
    async with sessions.begin() as session:
        for subject in (f"change:{one['id']}", "cause:abc"):
            session.add(
                AssignmentRow(
                    subject=subject, assignee="olga", note="", set_by="olga", set_at=START
                )
            )
        session.add(effect_row(three["id"]))

    assert await ids(api, kind=["add_service", "change_contract"], status="incomplete") == [
        two["id"]
    ]
    assert await ids(api, account_id=["0001-ALT", "0003-ALT"]) == [three["id"], one["id"]]
    assert await ids(api, waiting_on="customer") == [two["id"]]
    assert await ids(api, waiting_on=["customer", "billing"]) == [three["id"], two["id"]]
    assert await ids(api, assigned_to=["olga", "nobody"]) == [one["id"]]
    assert await ids(api, submitted_by="partner") == [three["id"]]
    assert await ids(api, system=["billing", "crm"]) == [three["id"]]


@pytest.mark.parametrize(
    "query",
    [
        {"submitted_at": "2026-11-01"},
        {"submitted_at": "eq:2026-11-01"},
        {"submitted_at": "gte:yesterday"},
        {"submitted_at": "gte:now-99999d"},
        {"requested_date": "gte:2026-11-01T08:00:00Z"},
        {"price_difference": "gte:5.00"},
        {"attempts": "gte:many"},
        {"requested_from": "soon"},
    ],
)
async def test_a_comparison_that_cannot_be_read_is_named(
    api: ApiUnderTest, query: dict[str, str]
) -> None:
    answer = await api.portal.get(ROUTE, params=query)

    assert answer.status_code == 422
    (problem,) = answer.json()["errors"]
    assert problem["field"].startswith(next(iter(query)))


async def test_a_count_goes_no_further_than_it_says(
    api: ApiUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        await api.accepted({"account_id": f"{number:04}-COUNT"})
    monkeypatch.setattr("api.routes.service_changes.COUNTED_TO", 2)
    monkeypatch.setattr("api.lists.COUNTED_TO", 2)

    total = await api.portal.get(f"{ROUTE}/total")
    none = await api.client("partner").get(f"{ROUTE}/total")

    assert total.json() == {"count": 2, "more": True}
    assert none.json() == {"count": 0, "more": False}
