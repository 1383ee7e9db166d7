"""Credentials through the API: staged, tried, promoted by a second admin; never answered."""

from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.tables import AuditEntryRow, OutboxRow
from adapters.postgres.tables_operations import VendorGateRow
from adapters.postgres.vendor_secrets import seed
from domain.errors import FailureCode
from domain.identifiers import System
from http_client import Response
from tests.support.api import ApiUnderTest, new_key
from tests.support.clock import START
from tests.support.office import Office
from tests.support.polling import eventually
from tests.support.secrets import RING

ROUTE = "/v1/credentials"
SECRET = "a-new-secret-of-billing"
Sessions = async_sessionmaker[AsyncSession]


async def stage(
    api: ApiUnderTest,
    *,
    caller: str = "admin",
    headers: dict[str, str] | None = None,
    **body: Any,  # noqa: ANN401 - right or wrong
) -> Response:
    return await api.client(caller).post(
        f"{ROUTE}/billing/stage",
        json={"secret": SECRET, "reason": "Yearly rotation."} | body,
        headers=headers or new_key(),
    )


async def act(
    api: ApiUnderTest,
    version: int,
    action: str,
    *,
    caller: str = "admin",
    headers: dict[str, str] | None = None,
    **body: Any,  # noqa: ANN401 - right or wrong
) -> Response:
    return await api.client(caller).post(
        f"{ROUTE}/billing/versions/{version}/actions/{action}",
        json={"reason": "As agreed."} | body,
        headers=headers or new_key(),
    )


async def board(api: ApiUnderTest, caller: str = "support") -> dict[str, dict[str, Any]]:
    answer = await api.client(caller).get(ROUTE)
    assert answer.status_code == 200, answer.text
    return {each["system"]: each for each in answer.json()}


def version_of(credential: dict[str, Any], number: int) -> dict[str, Any]:
    return next(each for each in credential["versions"] if each["version"] == number)


async def first_secret(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await seed(session, RING, {System.BILLING: "the-first-secret"}, START)


async def test_the_board_names_each_system_and_what_is_missing(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    await first_secret(sessions)
    told = await board(api)
    assert set(told) == {"crm", "billing", "scheduling", "ticketing"}
    assert told["crm"]["state"] == "missing"
    assert told["crm"]["alert"]
    assert told["billing"]["versions"][0]["state"] == "current"
    assert told["billing"]["may_stage"] is False  # support reads


async def test_a_secret_is_staged_tried_promoted_by_a_second_admin_and_the_old_one_retired(
    office: Office, sessions: Sessions
) -> None:
    api = office.api
    await first_secret(sessions)
    staged = await stage(api, not_before="2026-01-01T00:00:00Z")
    assert staged.status_code == 201, staged.text
    assert version_of(staged.json(), 2)["state"] == "staged"

    tried = await act(api, 2, "try")
    assert tried.status_code == 200, tried.text
    version = version_of(tried.json(), 2)
    assert (version["state"], version["accepted"]) == ("tried", True)
    assert version["trial"] == "Accepted version 2."

    seen = version["seen_sha256"]
    own = await act(api, 2, "promote", seen_sha256=seen)
    assert own.status_code == 403
    assert own.json()["detail"] == "Nobody promotes what they staged; ask another admin."

    stale = await act(api, 2, "promote", caller="second_admin", seen_sha256="0" * 64)
    assert (stale.status_code, stale.json()["code"]) == (409, "stale_approval")

    done = await act(api, 2, "promote", caller="second_admin", seen_sha256=seen, overlap_hours=1)
    assert done.status_code == 200, done.text
    states = {each["version"]: each["state"] for each in done.json()["versions"]}
    assert states == {2: "current", 1: "previous"}
    assert done.json()["state"] == "overlap"

    retired = await act(api, 1, "retire")
    assert version_of(retired.json(), 1)["state"] == "retired"
    again = await act(api, 1, "retire")
    assert (again.status_code, again.json()["code"]) == (409, "not_applicable")

    async with sessions() as session:
        rows = await session.scalars(select(AuditEntryRow).order_by(AuditEntryRow.id))
        trail = [(row.action, row.actor, row.outcome) for row in rows]
    assert [each for each in trail if each[0].endswith("_secret")] == [
        ("seed_secret", "settings", "done"),
        ("stage_secret", "admin", "done"),
        ("try_secret", "admin", "done"),
        ("promote_secret", "admin", "refused"),
        ("promote_secret", "second_admin", "refused"),
        ("promote_secret", "second_admin", "done"),
        ("retire_secret", "admin", "done"),
        ("retire_secret", "admin", "refused"),
    ]


async def test_a_secret_the_vendor_refuses_cannot_be_promoted(
    office: Office, sessions: Sessions
) -> None:
    await first_secret(sessions)
    await stage(office.api)
    office.world.entrances.refuses.add((System.BILLING, 2))
    tried = version_of((await act(office.api, 2, "try")).json(), 2)
    assert (tried["state"], tried["accepted"]) == ("staged", False)
    refused = await act(
        office.api, 2, "promote", caller="second_admin", seen_sha256=tried["seen_sha256"]
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "not_applicable")
    assert "try it" in refused.json()["detail"]


async def test_one_secret_at_a_time_is_staged(api: ApiUnderTest, sessions: Sessions) -> None:
    await first_secret(sessions)
    await stage(api)
    second = await stage(api)
    assert (second.status_code, second.json()["code"]) == (409, "not_applicable")
    await act(api, 2, "retire")
    assert (await stage(api)).status_code == 201


async def test_the_same_key_stages_once_and_another_secret_under_it_is_refused(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    await first_secret(sessions)
    key = new_key()
    first = await stage(api, headers=key)
    again = await stage(api, headers=key)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.content == first.content
    other = await stage(api, headers=key, secret="another-secret-of-billing")
    assert other.json()["code"] == "idempotency_key_reused"


@pytest.mark.parametrize("caller", ["portal", "partner", "support", "operator"])
async def test_nobody_but_an_admin_stages_and_a_refusal_is_on_record(
    api: ApiUnderTest, sessions: Sessions, caller: str
) -> None:
    assert (await stage(api, caller=caller)).status_code == 403
    assert (await act(api, 1, "retire", caller=caller)).status_code == 403
    async with sessions() as session:
        rows = await session.scalars(select(AuditEntryRow.action).order_by(AuditEntryRow.id))
        assert list(rows) == ["stage_secret", "retire_secret"]


async def test_a_portal_does_not_see_the_board(api: ApiUnderTest) -> None:
    assert (await api.portal.get(ROUTE)).status_code == 403


@pytest.mark.parametrize("secret", ["short", " padded-secret", "tab\tin-secret", "ümlaut-secret"])
async def test_a_secret_that_cannot_be_sent_is_refused_without_being_repeated(
    api: ApiUnderTest, secret: str
) -> None:
    answer = await stage(api, secret=secret)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert answer.json()["errors"][0]["field"] == "secret"
    assert secret not in answer.text


async def test_a_secret_that_expires_before_it_is_good_is_refused(api: ApiUnderTest) -> None:
    answer = await stage(api, not_before="2030-01-02T00:00:00Z", expires_at="2030-01-01T00:00:00Z")
    assert answer.json()["errors"][0]["field"] == "expires_at"


async def test_the_preflight_names_who_would_refuse_and_nobody_calls_it_until_it_does_not(
    office: Office, sessions: Sessions
) -> None:
    await first_secret(sessions)
    office.world.entrances.refuses.add((System.BILLING, 1))
    answer = await office.api.operator.post(f"{ROUTE}/preflight")
    assert answer.status_code == 200, answer.text
    assert answer.json()["refusing"] == ["billing"]
    assert {each["outcome"] for each in answer.json()["checks"]} == {"accepted", "refused"}
    assert (await board(office.api))["billing"]["state"] == "refused"

    async with sessions() as session:
        gate = await session.get_one(VendorGateRow, "billing")
        assert gate.cause == FailureCode.CREDENTIAL
        topics = list(await session.scalars(select(OutboxRow.topic)))
    assert topics == ["probe_credential"]

    office.world.entrances.refuses.clear()
    await office.relay.dispatch()

    async def state() -> str:
        return str((await board(office.api))["billing"]["state"])

    await eventually(state, lambda seen: seen != "refused")


async def test_a_change_waits_for_a_secret_without_attempts_and_goes_on_by_itself(
    office: Office, sessions: Sessions
) -> None:
    office.world.entrances.refuses.add((System.BILLING, 1))
    await office.api.operator.post(f"{ROUTE}/preflight")
    change_id = await office.submitted()

    async def waits() -> dict[str, Any]:
        return await office.read(change_id)

    seen = await eventually(waits, lambda change: bool(change["waiting_on"]))
    assert seen["status"] == "checking"
    assert "accepts" in seen["waiting_on"][0]["what"]
    assert "goes on by itself" in seen["next_action"]
    async with sessions() as session:
        tries = await session.scalar(text("SELECT count(*) FROM attempts WHERE system = 'billing'"))
    assert tries == 0

    office.world.entrances.refuses.clear()
    await office.reaches(change_id, "awaiting_approval")


async def test_no_answer_and_no_row_holds_the_secret(office: Office, sessions: Sessions) -> None:
    await first_secret(sessions)
    answers = [await stage(office.api), await act(office.api, 2, "try")]
    answers.append(await office.api.client("admin").get(ROUTE))
    answers.append(await office.api.client("admin").get("/v1/audit"))
    async with sessions() as session:
        kept = [
            str(row)
            for table in ("vendor_secrets", "audit_entries", "outbox", "idempotency_keys")
            for row in await session.execute(text(f"SELECT t::text FROM {table} t"))  # noqa: S608 - names above
        ]
    told = "\n".join([*(answer.text for answer in answers), *kept])
    for secret in (SECRET, "the-first-secret"):
        assert secret not in told
        assert secret.encode().hex() not in told
