"""Reading: lists, pages, counts, search, audit trail, answers and timeline."""

import base64
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.tables import (
    IdentifierRow,
    ServiceChangeRow,
)
from tests.support.api import CHANGE, PDF, ApiUnderTest
from tests.support.clock import START
from tests.support.records import attempt_row, effect_row

ROUTE = "/v1/service-changes"
Sessions = async_sessionmaker[AsyncSession]


async def ids(api: ApiUnderTest, **filters: str | list[str]) -> list[str]:
    answer = await api.client("support").get(ROUTE, params=filters)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def submit_many(api: ApiUnderTest, count: int) -> list[str]:
    """Newest first, as lists are."""
    made = [(await api.accepted({"account_id": f"{n:04}-LISTS"}))["id"] for n in range(count)]
    return made[::-1]


async def test_a_list_is_newest_first_and_pages_without_gap_or_repeat(api: ApiUnderTest) -> None:
    made = await submit_many(api, 7)
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await api.portal.get(ROUTE, params={"limit": 3, **cursor})).json()
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}

    assert seen == made


async def test_a_page_stays_where_it_was_when_new_changes_arrive(api: ApiUnderTest) -> None:
    made = await submit_many(api, 4)
    first = (await api.portal.get(ROUTE, params={"limit": 2})).json()
    await submit_many(api, 3)

    second = (
        await api.portal.get(ROUTE, params={"limit": 2, "cursor": first["next_cursor"]})
    ).json()

    assert [item["id"] for item in second["items"]] == made[2:]


async def test_changes_of_the_same_instant_are_paged_without_loss(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    made = await submit_many(api, 5)
    async with sessions.begin() as session:
        for change_id in made:
            (await session.get_one(ServiceChangeRow, change_id)).submitted_at = START
    first = (await api.portal.get(ROUTE, params={"limit": 2})).json()
    second = (await api.portal.get(ROUTE, params={"cursor": first["next_cursor"]})).json()

    seen = [item["id"] for item in first["items"] + second["items"]]
    assert seen == sorted(made, reverse=True)


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        "===",
        "\x00",
        "ü",
        base64.urlsafe_b64encode(b"\xff\xff").decode(),
        base64.urlsafe_b64encode(b"2026-99-99\x1fchg_x").decode(),
        base64.urlsafe_b64encode(b"2026-01-01\x1fchg_\x00").decode(),
        base64.urlsafe_b64encode(b"one\x1ftwo\x1fthree").decode(),
        base64.urlsafe_b64encode("²".encode()).decode(),
        base64.urlsafe_b64encode(b"9" * 40).decode(),
    ],
)
@pytest.mark.parametrize("route", [ROUTE, "/v1/audit"])
async def test_a_cursor_that_was_never_ours_is_refused(
    api: ApiUnderTest, route: str, cursor: str
) -> None:
    answer = await api.client("support").get(route, params={"cursor": cursor})

    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid_request"


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 201},
        {"limit": "many"},
        {"status": "finished"},
        {"kind": "nothing"},
        {"system": "stripe"},
        {"submitted_from": "yesterday"},
        {"q": "x" * 201},
    ],
)
async def test_a_wrong_filter_is_named(api: ApiUnderTest, query: dict[str, Any]) -> None:
    answer = await api.portal.get(ROUTE, params=query)

    assert answer.status_code == 422
    (problem,) = answer.json()["errors"]
    assert problem["field"].startswith(next(iter(query)))


@pytest.mark.parametrize(
    ("route", "parameter"),
    [
        (ROUTE, "q"),
        (ROUTE, "account_id"),
        ("/v1/search", "q"),
        ("/v1/audit", "actor"),
        ("/v1/audit", "q"),
    ],
)
async def test_a_nul_in_a_filter_is_no_failure_of_ours(
    api: ApiUnderTest, route: str, parameter: str
) -> None:
    answer = await api.client("support").get(route, params={parameter: "a\x00b"})

    assert answer.status_code == 422


async def test_a_list_is_narrowed_by_every_filter(api: ApiUnderTest, sessions: Sessions) -> None:
    one = await api.accepted({"account_id": "0001-FILTR"})
    two = await api.accepted(
        {"account_id": "0002-FILTR", "kind": "change_contract", "details": {"contract": "One year"}}
    )
    async with sessions.begin() as session:
        row = await session.get_one(ServiceChangeRow, two["id"])
        row.status = "incomplete"
        row.submitted_at -= timedelta(days=30)
        session.add(effect_row(two["id"]))
    then = (START - timedelta(days=3)).isoformat()

    assert await ids(api) == [one["id"], two["id"]]
    assert await ids(api, status="incomplete") == [two["id"]]
    assert await ids(api, status=["incomplete", "pending"]) == [one["id"], two["id"]]
    assert await ids(api, account_id="0001-FILTR") == [one["id"]]
    assert await ids(api, kind="change_contract") == [two["id"]]
    assert await ids(api, system="billing") == [two["id"]]
    assert await ids(api, q=two["id"]) == [two["id"]]
    assert await ids(api, q="0002-fil") == [two["id"]]
    assert await ids(api, submitted_from=then) == [one["id"]]
    assert await ids(api, submitted_to=then) == [two["id"]]
    assert await ids(api, q="%%%%") == []
    assert await ids(api, q="____") == []


async def test_counts_name_every_status(api: ApiUnderTest) -> None:
    await submit_many(api, 3)
    await api.accepted({"account_id": "0009-COUNT"}, caller="partner")

    everything = (await api.client("support").get(f"{ROUTE}/counts")).json()
    own = (await api.portal.get(f"{ROUTE}/counts")).json()

    assert (everything["pending"], own["pending"]) == (4, 3)
    assert everything["needs_attention"] == 0
    assert len(everything) == 11


@pytest.mark.parametrize(
    "kind",
    ["order", "invoice_line", "invoice", "appointment", "ticket"],
)
async def test_a_change_is_found_by_a_vendors_name_for_it(
    api: ApiUnderTest, sessions: Sessions, kind: str
) -> None:
    change = await api.accepted()
    async with sessions.begin() as session:
        session.add(IdentifierRow(value="Vend-4711/a", kind=kind, change_id=change["id"]))

    for term in ("Vend-4711/a", "vend-4711/A", " vend", "VEND-47"):
        page = (await api.client("support").get("/v1/search", params={"q": term})).json()
        (hit,) = page["items"]
        assert (hit["change"]["id"], hit["matched_kind"]) == (change["id"], kind)


async def test_a_change_is_found_by_every_name_of_ours(api: ApiUnderTest) -> None:
    key = {"Idempotency-Key": "the-key-of-the-portal", "X-Correlation-ID": "corr-search-1"}
    change = await api.accepted(document=PDF, headers=key)
    names = {
        "change": change["id"],
        "account": change["account_id"],
        "workflow": change["workflow_id"],
        "correlation": "corr-search-1",
        "idempotency_key": "the-key-of-the-portal",
        "document": change["document_versions"][0]["sha256"],
    }
    await submit_many(api, 2)

    for kind, name in names.items():
        page = (await api.client("support").get("/v1/search", params={"q": name})).json()
        (hit,) = page["items"]
        assert (hit["change"]["id"], hit["matched_kind"]) == (change["id"], kind)
        assert hit["matched_value"] == name


async def test_a_search_of_a_few_letters_must_match_whole(api: ApiUnderTest) -> None:
    await api.accepted()

    page = (await api.client("support").get("/v1/search", params={"q": "chg"})).json()

    assert page["items"] == []


async def test_a_search_counts_changes_not_names(api: ApiUnderTest) -> None:
    changes = [await api.accepted(headers={"X-Correlation-ID": f"chg_like-{n}"}) for n in range(3)]

    page = (await api.client("support").get("/v1/search", params={"q": "chg_", "limit": 3})).json()

    assert {hit["change"]["id"] for hit in page["items"]} == {change["id"] for change in changes}


async def test_the_audit_trail_is_narrowed_by_every_filter(api: ApiUnderTest) -> None:
    one = await api.accepted({"account_id": "0001-AUDIT"}, headers={"X-Correlation-ID": "corr-1"})
    two = await api.accepted({"account_id": "0002-AUDIT"}, caller="partner")

    async def found(**filters: str) -> list[str]:
        answer = await api.client("support").get("/v1/audit", params=filters)
        assert answer.status_code == 200, answer.text
        return [entry["change_id"] for entry in answer.json()["items"]]

    assert await found() == [two["id"], one["id"]]
    assert await found(change_id=one["id"]) == [one["id"]]
    assert await found(account_id="0002-AUDIT") == [two["id"]]
    assert await found(correlation_id="corr-1") == [one["id"]]
    assert await found(actor="partner") == [two["id"]]
    assert await found(action="submit") == [two["id"], one["id"]]
    assert await found(action="approve") == []
    assert await found(q="0001-aud") == [one["id"]]
    assert await found(since=two["submitted_at"]) == [two["id"]]
    assert await found(until=two["submitted_at"]) == [one["id"]]


async def test_the_audit_trail_pages(api: ApiUnderTest) -> None:
    made = await submit_many(api, 5)
    support = api.client("support")
    first = (await support.get("/v1/audit", params={"limit": 2})).json()
    rest = (await support.get("/v1/audit", params={"cursor": first["next_cursor"]})).json()

    assert [entry["change_id"] for entry in first["items"] + rest["items"]] == made
    assert rest["next_cursor"] is None


async def test_field_ownership_names_an_owner_for_every_field(api: ApiUnderTest) -> None:
    rows = (await api.portal.get("/v1/field-ownership")).json()

    owners = {(row["record"], row["field"]): row["owner"] for row in rows}
    assert len(owners) == len(rows)
    assert set(owners.values()) == {"crm", "billing", "scheduling", "ticketing", "throughline"}


async def test_integration_health_speaks_of_every_vendor(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    change = await api.accepted()
    failed = attempt_row(change["id"], 1, "unavailable", "Service Unavailable")
    failed.effect_key = None
    failed.finished_at = api.parts.clock() - timedelta(minutes=1)
    async with sessions.begin() as session:
        session.add(failed)

    rows = {
        row["system"]: row
        for row in (await api.client("support").get("/v1/health/integrations")).json()
    }

    assert set(rows) == {"crm", "billing", "scheduling", "ticketing"}
    assert (rows["billing"]["reachable"], rows["billing"]["error_rate"]) == (False, 1.0)
    assert rows["crm"]["reachable"] is None


async def test_reading_back_changes_nothing_of_what_was_sent(api: ApiUnderTest) -> None:
    change = await api.accepted()

    assert {name: change[name] for name in CHANGE} == CHANGE
