"""What would become of a change: answered as a submission would be, and nothing recorded."""

import asyncio
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from sqlalchemy import text

from adapters.postgres.pauses import pause
from domain.errors import CredentialError, VendorThrottledError
from domain.identifiers import System
from domain.previewing import MOST_UNDER_WAY
from http_client import Response
from tests.support.api import CHANGE, PDF, PNG, ApiUnderTest, as_parts
from tests.support.office import FIBER, Office
from tests.support.world import CLOSED_ACCOUNT, PAST_DUE_ACCOUNT

ROUTE = "/v1/service-changes/preview"
WANTED = CHANGE | FIBER


async def preview(
    api: ApiUnderTest,
    change: dict[str, Any] | None = None,
    *,
    caller: str = "portal",
    document: bytes | None = PNG,
) -> Response:
    """Ask for a preview."""
    body = WANTED | (change or {})
    client = api.client(caller)
    if document is None:
        return await client.post(ROUTE, json=body)
    return await client.post(ROUTE, files=as_parts(body, document))


def counts(database_url: str) -> dict[str, int]:
    """Rows of every table."""
    with psycopg.connect(database_url) as connection:
        names = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
        return {
            name: connection.execute(
                SQL("SELECT count(*) FROM {}").format(Identifier(name))
            ).fetchall()[0][0]
            for (name,) in names
        }


async def test_a_preview_answers_as_the_submission_will_and_records_nothing(
    office: Office, database_url: str
) -> None:
    before = counts(database_url)

    answer = await preview(office.api)

    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["would_be"] == "awaiting_approval"
    assert [(each["name"], each["outcome"]) for each in told["checks"]] == [
        ("entitlement", "passed"), ("standing", "passed"),
        ("date", "passed"), ("completeness", "passed"),
    ]  # fmt: skip
    assert told["missing"] == []
    plan = told["plan"]
    assert plan["recurring_after_minor"] - plan["recurring_before_minor"] == 2500
    assert [each["system"] for each in plan["effects"]] == ["billing", "scheduling", "crm"]
    assert counts(database_url) == before

    change_id = await office.submitted()
    submitted = await office.reaches(change_id, "awaiting_approval")
    assert submitted["plan"] == plan


@pytest.mark.parametrize(
    ("change", "document", "would_be", "parties"),
    [
        ({"account_id": CLOSED_ACCOUNT}, PNG, "rejected", []),
        ({"account_id": PAST_DUE_ACCOUNT}, PNG, "incomplete", ["customer"]),
        ({"requested_date": "2026-12-05"}, None, "incomplete", ["portal", "customer"]),
        ({}, None, "incomplete", ["customer"]),
    ],
    ids=["closed", "owing", "two_things", "no_document"],
)
async def test_what_stands_in_the_way_is_told_with_who_could_move_it(
    office: Office,
    change: dict[str, Any],
    document: bytes | None,
    would_be: str,
    parties: list[str],
) -> None:
    told = (await preview(office.api, change, document=document)).json()

    assert told["would_be"] == would_be
    assert told["plan"] is None
    assert [each["party"] for each in told["missing"]] == parties
    details = {each["detail"] for each in told["checks"] if each["outcome"] != "passed"}
    assert {each["what"] for each in told["missing"]} <= details
    assert details


async def test_a_twin_under_way_is_told(office: Office) -> None:
    twin = await office.submitted()

    told = (await preview(office.api)).json()

    assert told["would_be"] == "rejected"
    assert twin in told["checks"][3]["detail"]


async def test_an_address_takes_part_in_the_plan_and_stays_out_of_the_engine(
    office: Office,
) -> None:
    address = {"line1": "12 Secret Street", "city": "Springfield", "postal_code": "12345",
               "country": "US"}  # fmt: skip
    change = {"kind": "change_billing_address", "details": {"billing_address": address}}

    told = (await preview(office.api, change | {"note": "Ring twice."}, document=PDF)).json()

    assert told["would_be"] == "awaiting_approval"
    async for run in office.world.client.list_workflows(
        "WorkflowType = 'PreviewServiceChangeWorkflow'"
    ):
        handle = office.world.client.get_workflow_handle(run.id, run_id=run.run_id)
        history = (await handle.fetch_history()).to_json()
        assert "Secret" not in history
        assert "Ring" not in history


@pytest.mark.parametrize("caller", ["partner", "support", "operator", "admin"])
async def test_whoever_submits_or_reads_everything_may_ask(office: Office, caller: str) -> None:
    told = (await preview(office.api, caller=caller)).json()

    assert told["would_be"] == "awaiting_approval"
    facts = {each["name"]: each["facts"] for each in told["checks"]}
    assert bool(facts["standing"]) is (caller != "partner")


async def test_what_a_submission_would_be_refused_for_is_refused_here(office: Office) -> None:
    answer = await preview(office.api, {"requested_date": "tomorrow"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "requested_date")
    assert (await preview(office.api, document=b"MZ executable")).status_code == 415
    anonymous = await office.api.client("anonymous").post(ROUTE, json=WANTED)
    assert anonymous.status_code == 401


async def test_a_vendor_that_asks_to_wait_is_named_with_when_to_come_back(
    office: Office, database_url: str
) -> None:
    throttled = VendorThrottledError(System.BILLING, "Slow down.", retry_after=120)
    office.world.billing.failures.plan_before("read_standing", throttled)

    first = await preview(office.api)
    second = await preview(office.api)

    for answer in (first, second):
        assert (answer.status_code, answer.json()["code"]) == (503, "vendor_unavailable")
        assert "billing takes no more requests" in answer.json()["detail"]
        assert 100 < int(answer.headers["Retry-After"]) <= 120
        assert "submit the change" in answer.json()["next_action"]
    assert counts(database_url)["attempts"] == 0


@pytest.mark.parametrize("scope", ["everything", "crm"])
async def test_a_pause_is_respected_and_says_who_and_why(office: Office, scope: str) -> None:
    async with office.world.sessions.begin() as session:
        await pause(
            session, scope, actor="petra", reason="Month-end.", correlation_id="c",
            at=office.world.clock(),
        )  # fmt: skip

    answer = await preview(office.api)

    assert answer.status_code == 503
    assert "petra paused" in answer.json()["detail"]
    assert "Month-end." in answer.json()["detail"]
    assert answer.headers["Retry-After"] == "60"


async def test_a_credential_that_is_not_taken_is_told(office: Office) -> None:
    office.world.crm.failures.plan_before("read_account", CredentialError(System.CRM, "401"))

    answer = await preview(office.api)

    assert answer.status_code == 503
    assert "CRM does not accept our credential" in answer.json()["detail"]


async def test_a_caller_may_have_so_many_under_way_and_no_more(idle_office: Office) -> None:
    """No worker takes them, so they stay under way."""
    asked = [asyncio.create_task(preview(idle_office.api)) for _ in range(MOST_UNDER_WAY)]
    await asyncio.sleep(1)

    refused = await preview(idle_office.api)

    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_previews")
    assert refused.headers["Retry-After"]
    async with idle_office.world.working():
        others = await preview(idle_office.api, caller="partner")
        answers = await asyncio.gather(*asked)
    assert {answer.status_code for answer in [*answers, others]} == {200}


async def test_no_worker_is_told_as_such(
    idle_office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.temporal.engine.PREVIEWED_WITHIN", timedelta(seconds=1))

    answer = await preview(idle_office.api)

    assert (answer.status_code, answer.json()["code"]) == (503, "nobody_answers")
    async with idle_office.world.sessions() as session:
        assert await session.scalar(text("SELECT count(*) FROM service_changes")) == 0
