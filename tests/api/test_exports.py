"""Exports: exactly the list, harmless in a spreadsheet, and on record."""

import csv
from io import StringIO
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.tables import ServiceChangeRow
from domain.csv_cells import cell
from http_client import Response
from tests.support.api import ApiUnderTest, new_key

ROUTE = "/v1/service-changes"
Sessions = async_sessionmaker[AsyncSession]
ADDRESS = {
    "line1": "Personal Street 99",
    "line2": "",
    "city": "Privatville",
    "postal_code": "99999",
    "country": "US",
}


def rows_of(answer: Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    text = answer.content.decode("utf-8")
    assert text.startswith("\ufeff")
    return list(csv.DictReader(StringIO(text[1:], newline="")))


async def recorded(api: ApiUnderTest, action: str) -> list[dict[str, Any]]:
    answer = await api.client("support").get("/v1/audit", params={"action": action})
    return list(answer.json()["items"])


async def test_an_export_is_exactly_the_list_in_its_order(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    made = [await api.accepted({"account_id": f"{n:04}-EXPRT"}) for n in range(5)]
    async with sessions.begin() as session:
        row = await session.get_one(ServiceChangeRow, made[1]["id"])
        row.status = "incomplete"
        row.plan = {"recurring_before_minor": 8000, "recurring_after_minor": 7450}
    wanted = {"status": ["incomplete", "pending"], "submitted_at": "gte:2026-01-01"}

    listed = (await api.operator.get(ROUTE, params=wanted)).json()["items"]
    answer = await api.operator.get(f"{ROUTE}/export", params=wanted)

    rows = rows_of(answer)
    assert [row["id"] for row in rows] == [item["id"] for item in listed]
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["x-throughline-rows"] == "5"
    assert answer.headers["x-throughline-truncated"] == "false"
    changed = next(row for row in rows if row["status"] == "incomplete")
    prices = [changed[name] for name in ("price_before", "price_after", "price_difference")]
    assert prices == ["80.00", "74.50", "-5.50"]
    assert changed["submitted_at"].endswith("Z")


async def test_an_export_is_on_record_with_its_filters_and_how_many_rows(
    api: ApiUnderTest,
) -> None:
    await api.accepted()

    await api.operator.get(f"{ROUTE}/export", params={"kind": "add_service", "q": "7590"})

    (entry,) = await recorded(api, "export_changes")
    assert (entry["actor"], entry["outcome"]) == ("operator", "done")
    assert entry["facts"] == {
        "filters": {"kind": ["add_service"], "q": "7590"},
        "rows": 1,
        "truncated": False,
        "personal": "mask",
    }


async def test_an_export_stops_at_its_cap_and_says_so(
    api: ApiUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [(await api.accepted({"account_id": f"{n:04}-CAPPD"}))["id"] for n in range(4)]
    monkeypatch.setattr("api.routes.exports.MOST_ROWS", 3)

    answer = await api.operator.get(f"{ROUTE}/export")

    assert [row["id"] for row in rows_of(answer)] == made[:0:-1]
    assert answer.headers["x-throughline-truncated"] == "true"
    assert answer.headers["x-throughline-most-rows"] == "3"
    (entry,) = await recorded(api, "export_changes")
    assert (entry["facts"]["rows"], entry["facts"]["truncated"]) == (3, True)


async def test_text_that_would_run_as_a_formula_is_disarmed(api: ApiUnderTest) -> None:
    await api.accepted({"note": '=HYPERLINK("http://evil.example","x")'})

    (row,) = rows_of(await api.operator.get(f"{ROUTE}/export"))

    assert row["note"] == '\'=HYPERLINK("http://evil.example","x")'


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"])  # noqa: RUF001 - full-width on purpose
def test_every_beginning_of_a_formula_is_disarmed(text: str) -> None:
    assert cell(text) == f"'{text}"


def test_numbers_stay_numbers() -> None:
    assert (cell(-5), cell(0), cell(None), cell("5 - 3")) == ("-5", "0", "", "5 - 3")


async def test_personal_fields_are_masked_unless_somebody_asks_who_may(api: ApiUnderTest) -> None:
    await api.accepted({"kind": "change_billing_address", "details": {"billing_address": ADDRESS}})
    show = {"personal": "show"}

    (masked,) = rows_of(await api.operator.get(f"{ROUTE}/export"))
    (shown,) = rows_of(await api.operator.get(f"{ROUTE}/export", params=show))
    (own,) = rows_of(await api.portal.get(f"{ROUTE}/export"))
    refused = await api.client("support").get(f"{ROUTE}/export", params=show)

    assert "Privatville" not in str(masked)
    assert "city: [personal]" in masked["billing_address"]
    assert "city: Privatville" in shown["billing_address"]
    assert "city: Privatville" in own["billing_address"]
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    told = [entry["facts"]["personal"] for entry in await recorded(api, "export_changes")]
    assert told == ["mask", "show", "mask"]


async def test_a_submitter_exports_what_they_submitted(api: ApiUnderTest) -> None:
    await api.accepted(caller="partner")
    own = await api.accepted()

    assert [row["id"] for row in rows_of(await api.portal.get(f"{ROUTE}/export"))] == [own["id"]]


async def test_the_audit_trail_is_exported_as_it_is_listed(api: ApiUnderTest) -> None:
    change = await api.accepted()
    await api.accepted(caller="partner")
    await api.operator.post(
        f"{ROUTE}/{change['id']}/notes", json={"text": "-Called back."}, headers=new_key()
    )
    wanted = {"actor": ["portal", "operator"]}

    listed = (await api.operator.get("/v1/audit", params=wanted)).json()["items"]
    answer = await api.client("support").get("/v1/audit/export", params=wanted)

    rows = rows_of(answer)
    assert [row["id"] for row in rows] == [str(item["id"]) for item in listed]
    assert rows[0]["reason"] == "'-Called back."
    (entry,) = await recorded(api, "export_audit")
    assert entry["facts"]["filters"] == {"actor": ["portal", "operator"]}
    assert (await api.portal.get("/v1/audit/export")).status_code == 403
