"""The morning report: active strictly, incomplete by name, the same however often it is told."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.job_runs import ran
from adapters.postgres.tables import AuditEntryRow, EffectRow
from adapters.postgres.tables_reconciliation import ReconciliationRunRow
from domain.morning_report import INPUTS, NIGHTLY, ReportTime
from domain.personal_data import masked
from tests.support.api import PNG, ApiUnderTest
from tests.support.clock import START, Clock
from tests.support.office import Office

Sessions = async_sessionmaker[AsyncSession]
ROUTE = "/v1/reports/morning"
DAY = "2026-11-25"
CUT = START.replace(hour=6) + timedelta(days=1)
OVERNIGHT = timedelta(hours=21, minutes=5)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def api(api: ApiUnderTest, clock: Clock) -> ApiUnderTest:
    """On a clock of the test's own: nine in the morning, UTC."""
    api.parts.clock = clock
    return api


async def report(
    api: ApiUnderTest, day: str | None = DAY, *, caller: str = "support", **query: str
) -> dict[str, Any]:
    answer = await api.client(caller).get(ROUTE, params={"day": day, **query} if day else query)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def all_jobs_ran(sessions: Sessions, *, but: str = "") -> None:
    """Every job up to the cut, and one comparison of all systems in the night."""
    since = CUT - timedelta(days=1)
    async with sessions.begin() as session:
        for job in INPUTS:
            for number in range(96 if job.job != but else 60):
                await ran(session, job.job, since + number * 15 * MINUTE + MINUTE)
                await ran(session, job.job, since + number * 15 * MINUTE + 14 * MINUTE)
        session.add(night("rec_whole", CUT - 4 * HOUR, CUT - 3 * HOUR))


def night(id_: str, started: datetime, finished: datetime | None) -> ReconciliationRunRow:
    return ReconciliationRunRow(
        id=id_, account_id=None, state="done" if finished else "running", started_by="schedule",
        started_by_kind="schedule", correlation_id=id_, started_at=started, finished_at=finished,
        failed={}, rates={}, counts={},
    )  # fmt: skip


def counts(told: dict[str, Any]) -> dict[tuple[str, str | None], int]:
    return {(each["status"], each["proof"]): each["count"] for each in told["report"]["counts"]}


def kinds(told: dict[str, Any]) -> list[tuple[str, str, int]]:
    return [
        (each["severity"], each["kind"], each["count"]) for each in told["report"]["exceptions"]
    ]


async def submitted(office: Office, service: str) -> str:
    """A change that waits for its approval."""
    wish = {"kind": "add_service", "details": {"service": service}}
    change = await office.api.accepted(wish, document=PNG)
    await office.reaches(change["id"], "awaiting_approval")
    return str(change["id"])


async def active(office: Office, service: str = "online_security") -> str:
    """A change that somebody approved and that was applied everywhere."""
    change_id = await submitted(office, service)
    await office.act(change_id, "approve")
    await office.reaches(change_id, "active")
    return change_id


async def test_active_is_what_was_approved_and_applied_and_nothing_else(
    office: Office, sessions: Sessions, clock: Clock
) -> None:
    proven = await active(office)
    unapproved = await active(office, "online_backup")
    unapplied = await active(office, "tech_support")
    async with sessions.begin() as session:
        await session.execute(
            update(EffectRow)
            .where(EffectRow.change_id == unapplied, EffectRow.step == "update_services")
            .values(status="unknown")
        )
        # The trail takes no deletion: this one goes back to its checks and is active without more.
        for before, after in (("active", "checking"), ("checking", "active")):
            session.add(
                AuditEntryRow(
                    at=clock(), actor="somebody", actor_kind="service", action="transition",
                    outcome="done", change_id=unapproved, account_id=None, correlation_id="c",
                    from_status=before, to_status=after, reason="", facts={},
                )
            )  # fmt: skip
    clock.advance(OVERNIGHT)

    told = await report(office.api)

    assert told["report"]["active"] == {
        "proven": 1,
        "by_hand": 0,
        "without_approval": 1,
        "not_applied": 1,
    }
    assert counts(told)["active", "proven"] == 1
    assert {kind[:2] for kind in kinds(told)[:2]} == {
        ("alarm", "without_approval"),
        ("alarm", "not_applied"),
    }
    assert told["report"]["exceptions"][0]["change_ids"] in ([unapproved], [unapplied])
    assert told["report"]["became_active_count"] == 3
    row = next(e for e in told["report"]["became_active"] if e["change_id"] == proven)
    assert row["approved_by"] == "operator"
    assert row["approved_at"] < row["applied_at"] < row["active_at"]


async def test_a_past_day_is_told_the_same_whatever_happens_after_its_cut(
    office: Office, sessions: Sessions, clock: Clock
) -> None:
    await active(office)
    parked = await office.parked_at_the_crm()
    waiting = await submitted(office, "online_backup")
    clock.advance(OVERNIGHT)
    await all_jobs_ran(sessions)
    before = await report(office.api)
    built = await office.api.client("operator").post(ROUTE, params={"day": DAY})

    await office.act(parked, "retry")
    await office.reaches(parked, "active")
    await office.act(waiting, "approve")
    await office.reaches(waiting, "active")
    await active(office, "tech_support")
    async with sessions.begin() as session:
        session.add(night("rec_late", CUT + HOUR, CUT + 2 * HOUR))
        await ran(session, "relay", clock())
    clock.advance(timedelta(days=3))
    again = await office.api.client("operator").post(ROUTE, params={"day": DAY})

    assert built.status_code == 201
    assert built.json()["report"] == before["report"]
    assert again.status_code == 200
    assert again.json()["equal"] is True
    assert again.json()["sha256"] == before["sha256"] == built.json()["sha256"]
    assert (await report(office.api, compare="true"))["equal"] is True
    assert before["report"]["complete"] is True
    assert counts(before) == {
        ("active", "proven"): 1,
        ("awaiting_approval", None): 1,
        ("needs_attention", None): 1,
    }
    assert ("act", "stands_still", 1) in kinds(before)
    assert before["report"]["unrecognised"][0]["kind"] == "unknown_payload"
    assert (await report(office.api, "2026-11-28"))["report"]["active"]["proven"] == 4


async def test_a_report_is_not_complete_while_an_input_is_missing_and_names_it(
    api: ApiUnderTest, sessions: Sessions, clock: Clock
) -> None:
    clock.advance(OVERNIGHT)
    nothing = (await report(api))["report"]
    assert nothing["complete"] is False
    assert {each["input"] for each in nothing["missing"]} == {
        *(each.what for each in INPUTS),
        NIGHTLY.what,
    }

    await all_jobs_ran(sessions, but="relay")
    found = (await report(api))["report"]
    (absent,) = found["missing"]
    assert (found["complete"], absent["input"]) == (False, "The relay to the engine")
    assert absent["owner"] == "integration engineers"
    state = {each["job"]: each["state"] for each in found["jobs"]}
    assert state["The relay to the engine"] == "stopped"
    assert state[NIGHTLY.what] == "ran"

    async with sessions.begin() as session:
        await ran(session, "relay", CUT - MINUTE)
        await session.execute(delete(ReconciliationRunRow))
        session.add(night("rec_late", CUT - HOUR, CUT + HOUR))
    (absent,) = (await report(api))["report"]["missing"]
    assert absent["input"] == NIGHTLY.what
    assert "not ended by the cut" in absent["why"]


async def test_what_waits_too_long_is_told_with_whose_work_it_is(
    api: ApiUnderTest, clock: Clock
) -> None:
    change = await api.accepted()
    clock.advance(OVERNIGHT)

    (late,) = (await report(api))["report"]["exceptions"]

    assert (late["kind"], late["status"], late["count"]) == ("overdue", "pending", 1)
    assert late["change_ids"] == [change["id"]]
    assert late["next_action"]


async def test_a_day_whose_cut_is_to_come_is_refused_with_the_time_it_is_due(
    api: ApiUnderTest,
) -> None:
    answer = await api.client("support").get(ROUTE, params={"day": DAY})

    assert answer.status_code == 404
    assert answer.json()["code"] == "report_not_due"
    assert "06:00 in UTC" in answer.json()["detail"]
    assert answer.json()["next_action"]
    assert (await report(api, None))["day"] == "2026-11-24"


async def test_the_cut_is_at_the_hour_of_the_zone_of_the_business(
    api: ApiUnderTest, clock: Clock
) -> None:
    api.parts.report_when = ReportTime(CUT.time(), "Europe/Berlin")
    clock.advance(OVERNIGHT)

    assert (await report(api))["report"]["cut"] == "2026-11-25T05:00:00Z"


async def test_the_report_is_a_file_for_a_spreadsheet(api: ApiUnderTest, clock: Clock) -> None:
    await api.accepted()
    clock.advance(OVERNIGHT)
    support = api.client("support")

    asked = await support.get(ROUTE, params={"day": DAY}, headers={"Accept": "text/csv"})
    exported = await support.get(f"{ROUTE}/export", params={"day": DAY})

    assert asked.text == exported.text
    assert exported.headers["content-type"].startswith("text/csv")
    assert f"morning-report-{DAY}.csv" in exported.headers["content-disposition"]
    lines = exported.text.removeprefix("\ufeff").splitlines()
    assert lines[0].startswith("section,what,state,kind,count")
    assert any(line.startswith("missing,The relay to the engine") for line in lines)
    assert any(line.startswith("count,pending,") for line in lines)


async def test_kept_reports_are_listed_with_what_was_missing(
    api: ApiUnderTest, clock: Clock
) -> None:
    clock.advance(OVERNIGHT)
    support = api.client("support")
    for day in ("2026-11-24", DAY):
        assert (await support.post(ROUTE, params={"day": day})).status_code == 201

    first = (await support.get(f"{ROUTE}/days", params={"limit": 1})).json()
    after = {"limit": 1, "cursor": first["next_cursor"]}
    second = (await support.get(f"{ROUTE}/days", params=after)).json()

    assert [page["items"][0]["day"] for page in (first, second)] == [DAY, "2026-11-24"]
    assert second["next_cursor"] is None
    assert "The relay to the engine" in first["items"][0]["missing"]
    assert (await report(api))["built_by"] == "support"


async def test_portals_neither_read_nor_build_it_and_the_attempt_is_on_record(
    api: ApiUnderTest, sessions: Sessions, clock: Clock
) -> None:
    clock.advance(OVERNIGHT)
    for path in (ROUTE, f"{ROUTE}/export", f"{ROUTE}/days"):
        assert (await api.portal.get(path)).status_code == 403
    assert (await api.portal.post(ROUTE)).status_code == 403

    async with sessions() as session:
        (entry,) = await session.scalars(
            select(AuditEntryRow).where(AuditEntryRow.action == "build_morning_report")
        )
    assert (entry.actor, entry.outcome) == ("portal", "refused")


async def test_nothing_personal_is_in_the_report(office: Office, clock: Clock) -> None:
    await active(office)
    clock.advance(OVERNIGHT)

    body = (await report(office.api))["report"]

    assert masked(body) == body
