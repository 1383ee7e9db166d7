"""How vendors answer over time, and how the machinery is."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, ClassVar

import pytest
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

from adapters.postgres.life_signs import LifeSign, show
from adapters.postgres.records import PostgresRecords
from adapters.postgres.tables import AttemptRow
from domain.credential_messages import PreflightInput, PreflightResult
from domain.errors import VendorUnavailableError
from domain.event_polling import PollInput
from domain.gates import FAILURES_IN_A_ROW
from domain.health import Part
from domain.identifiers import VENDORS, System
from tests.support.api import CALLERS, ApiUnderTest
from tests.support.clock import START
from tests.support.office import Office
from tests.support.polling import eventually
from tests.support.records import attempt_row, effect_row
from tests.support.webhooks import arrive, standing_changed
from worker.main import workflow_runner
from workflows import EventPollingWorkflow

Sessions = async_sessionmaker[AsyncSession]
MINUTE = timedelta(minutes=1)
NOW = START + 2 * MINUTE


@activity.defn(name="check_credentials")
async def accept_all(job: PreflightInput) -> PreflightResult:
    """A pre-flight that nobody fails."""
    del job
    return PreflightResult(checks=())


@pytest.fixture
def api(api: ApiUnderTest) -> ApiUnderTest:
    """Shortly after the attempts of the tests."""
    api.parts.clock = lambda: NOW
    return api


async def read(api: ApiUnderTest, path: str, **query: Any) -> Any:  # noqa: ANN401 - any JSON
    answer = await api.client("support").get(f"/v1/health/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def vendor(api: ApiUnderTest, name: str = "billing", **query: Any) -> dict[str, Any]:  # noqa: ANN401 - any value
    found: dict[str, Any] = next(
        each for each in await read(api, "integrations", **query) if each["system"] == name
    )
    return found


async def part(api: ApiUnderTest, name: Part) -> dict[str, Any]:
    found: dict[str, Any] = next(
        each for each in (await read(api, "system"))["parts"] if each["part"] == name
    )
    return found


async def tried(api: ApiUnderTest, sessions: Sessions, *attempts: AttemptRow) -> None:
    change = await api.accepted()
    async with sessions.begin() as session:
        for each in attempts:
            each.change_id = change["id"]
        session.add_all(attempts)


@pytest.mark.parametrize("path", ["integrations", "integrations/billing/history", "system"])
@pytest.mark.parametrize("caller", sorted(CALLERS))
async def test_health_is_for_staff(api: ApiUnderTest, path: str, caller: str) -> None:
    answer = await api.client(caller).get(f"/v1/health/{path}")

    assert answer.status_code == (403 if caller in {"portal", "partner"} else 200)


async def test_calls_are_counted_and_timed_in_buckets_without_a_gap(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    await tried(
        api,
        sessions,
        attempt_row("", 1, "ok", ""),
        attempt_row("", 2, "refused", "no"),
        attempt_row("", 3, "unavailable", "away"),
    )

    found = await read(api, "integrations/billing/history", hours=24)

    begins = [datetime.fromisoformat(each["begin"]) for each in found["buckets"]]
    bucket = timedelta(seconds=found["bucket_seconds"])
    assert all(later - earlier == bucket for earlier, later in pairwise(begins))
    assert begins[-1] <= NOW < begins[-1] + bucket
    assert len(begins) == 48
    last = found["buckets"][-1]
    assert (last["calls"], last["failures"]) == (3, 1)
    assert last["p50_seconds"] == last["p95_seconds"] == 0.25
    assert {each["calls"] for each in found["buckets"][:-1]} == {0}
    assert found["buckets"][0]["p95_seconds"] is None


async def test_time_a_vendor_asked_us_to_wait_counts_once(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    throttled = [attempt_row("", number, "throttled", "429") for number in (1, 2)]
    for each in throttled:
        each.retry_at = START + timedelta(seconds=31.25)
    await tried(api, sessions, *throttled)

    found = await vendor(api, hours=6)
    assert found["history"][-1]["throttled_seconds"] == 30.0
    assert (await vendor(api))["history"] == []


async def test_a_history_of_what_is_never_called_or_too_long_is_refused(api: ApiUnderTest) -> None:
    support = api.client("support")
    ours = await support.get("/v1/health/integrations/throughline/history")
    long = await support.get("/v1/health/integrations/crm/history", params={"hours": 169})

    assert (ours.status_code, long.status_code) == (404, 422)


async def test_a_vendor_says_its_state_why_and_what_to_do(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    await tried(
        api, sessions, attempt_row("", 1, "ok", ""), attempt_row("", 2, "credential", "401")
    )

    billing, crm = await vendor(api), await vendor(api, "crm")
    assert (billing["state"], billing["credential"]) == ("down", "Refused: it has to be renewed.")
    assert "Renew the credential" in billing["next_action"]
    assert billing["p95_seconds"] == 0.25
    assert (crm["state"], crm["sentence"]) == ("unknown", "Nobody called it in the last hour.")


async def test_a_vendor_that_is_away_is_down_until_its_probe_went_well(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    records = PostgresRecords(sessions, api.parts.clock)
    away = VendorUnavailableError(System.BILLING, "connection refused")
    for _ in range(FAILURES_IN_A_ROW):
        async with records.begin() as record:
            await record.report_call(System.BILLING, "chg_1", away)

    found = await vendor(api)
    assert (found["state"], found["cause"]) == ("down", "unavailable")
    assert found["closed_until"]


async def test_a_sender_is_silent_when_others_days_had_events_by_now(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    for day in range(1, 8):
        for number in range(6):
            at = NOW - timedelta(days=day) - (number + 1) * MINUTE
            event_id = f"evt_{day}_{number}"
            await arrive(sessions, System.BILLING, standing_changed(), event_id=event_id, at=at)
    await arrive(
        sessions, System.BILLING, standing_changed(), event_id="evt_last", at=NOW - 7.5 * MINUTE
    )

    found = await vendor(api)
    assert datetime.fromisoformat(found["last_event_at"]) == NOW - 7.5 * MINUTE
    assert found["usual_events"] == 6.0
    await tried(api, sessions, attempt_row("", 1, "ok", ""))
    assert "no event for longer" in (await vendor(api))["sentence"]
    assert (await vendor(api, "crm"))["last_event_at"] is None


async def test_the_machinery_without_processes_says_what_to_start(api: ApiUnderTest) -> None:
    found = await read(api, "system")

    assert list(dict.fromkeys(each["part"] for each in found["parts"])) == list(Part)
    states = {each["part"]: each["state"] for each in found["parts"]}
    assert (states["database"], states["engine"]) == ("good", "good")
    assert (states["workers"], states["sweepers"]) == ("unknown", "unknown")
    assert (states["task_queue"], states["relay"], states["effects"]) == ("down", "good", "good")
    assert found["state"] == "down"
    assert (await part(api, Part.WORKERS))["next_action"].startswith("Start a worker")
    assert found["processes"] == []


async def test_a_worker_at_work_is_seen_at_its_queue(office: Office) -> None:
    office.api.parts.clock = lambda: NOW
    parts = (await read(office.api, "system"))["parts"]
    queues = {each["system"]: each for each in parts if each["part"] == Part.TASK_QUEUE}

    assert list(queues) == ["throughline", *VENDORS]
    for found in queues.values():
        assert (found["state"], found["count"], found["pollers"]) == ("good", 0, 1)
        assert "1 worker asks for work" in found["sentence"]


async def test_what_waits_on_a_vendors_queue_is_told_apart_from_the_other_queues(
    api: ApiUnderTest, temporal_client: Client
) -> None:
    main = api.parts.engine.queues.names[System.THROUGHLINE]
    only_workflows = Worker(
        temporal_client,
        task_queue=main,
        workflows=[EventPollingWorkflow],
        activities=[accept_all],
        workflow_runner=workflow_runner(),
    )

    async def queues() -> dict[str, Any]:
        parts = (await read(api, "system"))["parts"]
        return {each["system"]: each for each in parts if each["part"] == Part.TASK_QUEUE}

    async with only_workflows:
        poll = await temporal_client.start_workflow(
            EventPollingWorkflow.run,
            PollInput(system=System.BILLING),
            id=f"{main}-poll",
            task_queue=main,
        )
        found = await eventually(queues, lambda seen: seen["billing"]["count"] == 1)
        await poll.terminate("seen")

    assert found["billing"]["state"] == "down"
    assert found["billing"]["pollers"] == found["crm"]["count"] == 0
    assert found["billing"]["sentence"].startswith(f"Nobody asks for work on {main}.billing; 1 ")
    assert found["billing"]["next_action"].startswith("Start a worker")
    assert (found["throughline"]["state"], found["throughline"]["pollers"]) == ("good", 1)


async def test_processes_are_listed_with_their_last_sign(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    async with sessions.begin() as session:
        await show(session, "worker@a:1", [LifeSign("worker", facts={"task_queues": ["main"]})])
        swept = LifeSign("sweeper", ran_ago=300, ran_ms=40, error="OperationalError")
        await show(session, "relay@a:2", [swept])

    found = await read(api, "system")
    sweeper, worker = found["processes"]
    assert (worker["state"], worker["task_queues"]) == ("good", ["main"])
    assert (sweeper["ran_ms"], sweeper["error"]) == (40, "OperationalError")
    states = {each["part"]: each for each in found["parts"]}
    assert states["workers"]["sentence"] == "1 of 1 show themselves."
    assert states["sweepers"]["state"] == "slow"
    assert "The last try failed: OperationalError." in states["sweepers"]["sentence"]


async def test_what_nobody_delivers_or_closes_makes_its_part_slow(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    change = await api.accepted()
    async with sessions.begin() as session:
        left: Any = effect_row(change["id"])
        left.closed_at, left.status = None, "intended"
        session.add(left)
    await arrive(sessions, System.BILLING, standing_changed(), event_id="evt_1")

    relay, effects = await part(api, Part.RELAY), await part(api, Part.EFFECTS)
    assert (relay["count"], effects["count"]) == (1, 1)
    assert relay["sentence"].startswith("1 messages to the engine wait")
    assert (await part(api, Part.INBOX))["count"] == 1
    assert (await vendor(api))["backlog"] == 1


async def test_the_engine_away_is_told_and_the_rest_as_well(api: ApiUnderTest) -> None:
    class Away:
        namespace = "throughline"
        names: ClassVar = {System.THROUGHLINE: "main", System.BILLING: "main.billing"}

        async def look(self) -> None:
            return None

    api.parts.engine.queues = Away()  # type: ignore[assignment] # nobody answers there
    states = {each["part"]: each["state"] for each in (await read(api, "system"))["parts"]}

    assert (states["engine"], states["task_queue"]) == ("down", "unknown")
    assert states["database"] == "good"
