"""Alerts over HTTP: who reads them, what people say of them, and thresholds."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.tables_alerts import AlertRow
from domain.alerts import RULE, RULES, AlertState, RuleName, rank
from tests.support.api import CALLERS, ApiUnderTest
from tests.support.clock import START, Clock

Sessions = async_sessionmaker[AsyncSession]
WHY = {"reason": "We know; they move house."}
MINUTE = timedelta(minutes=1)


@pytest.fixture
def api(api: ApiUnderTest, clock: Clock) -> ApiUnderTest:
    api.parts.clock = clock
    return api


async def fires(
    sessions: Sessions,
    rule: RuleName = RuleName.BREAKER_OPEN,
    *,
    alert_id: str = "alert_1",
    system: str = "billing",
    state: AlertState = AlertState.FIRING,
    ago: timedelta = MINUTE,
) -> None:
    at = START - ago
    async with sessions.begin() as session:
        session.add(
            AlertRow(
                id=alert_id, rule=rule, system=system, subject="", state=state,
                rank=rank(rule, state), value=420, threshold=RULE[rule].threshold, opened_at=at,
                fired_at=None if state is AlertState.PENDING else at, last_seen_at=at, told_at=at,
                resolved_at=at if state is AlertState.RESOLVED else None,
            )
        )  # fmt: skip


async def act(
    api: ApiUnderTest, action: str, caller: str = "operator", **body: object
) -> dict[str, Any]:
    answer = await api.client(caller).post(f"/v1/alerts/alert_1/actions/{action}", json=WHY | body)
    return {"status": answer.status_code, **answer.json()}


async def trail(api: ApiUnderTest, action: str) -> list[tuple[str, str, str]]:
    answer = await api.client("support").get("/v1/audit", params={"action": action})
    items = answer.json()["items"]
    return [(entry["actor"], entry["outcome"], entry["reason"]) for entry in items]


@pytest.mark.parametrize("caller", sorted(CALLERS))
@pytest.mark.parametrize(
    "path", ["alerts", "alerts/summary", "alert-rules", "alert-rules/relay_lag/runbook"]
)
async def test_alerts_are_for_staff(api: ApiUnderTest, caller: str, path: str) -> None:
    answer = await api.client(caller).get(f"/v1/{path}")
    assert answer.status_code == (403 if caller in {"portal", "partner"} else 200)


async def test_what_fires_comes_first_by_severity_and_what_is_over_last(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    over, pending = AlertState.RESOLVED, AlertState.PENDING
    await fires(sessions, RuleName.WORKERS, alert_id="over", system="throughline", state=over)
    await fires(sessions, RuleName.THROTTLED, alert_id="info")
    await fires(sessions, RuleName.DRIFT, alert_id="warning")
    await fires(sessions, RuleName.BREAKER_OPEN, alert_id="older", ago=2 * MINUTE)
    await fires(sessions, RuleName.BREAKER_OPEN, alert_id="newer", system="crm")
    await fires(sessions, RuleName.RELAY_LAG, alert_id="waits", state=pending)

    found: list[str] = []
    cursor = None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await api.client("support").get("/v1/alerts", params=query)).json()
        found += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == ["newer", "older", "warning", "info", "over"]
    summary = (await api.client("support").get("/v1/alerts/summary")).json()
    assert summary == {"firing": 4, "critical": 2}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"state": "firing"}, {"one", "two"}),
        ({"state": "resolved"}, {"three"}),
        ({"rule": "drift"}, {"two"}),
        ({"system": "crm"}, {"two", "three"}),
        ({"severity": "critical"}, {"one", "three"}),
    ],
)
async def test_the_list_is_narrowed(
    api: ApiUnderTest, sessions: Sessions, query: dict[str, str], expected: set[str]
) -> None:
    await fires(sessions, alert_id="one")
    await fires(sessions, RuleName.DRIFT, alert_id="two", system="crm")
    await fires(sessions, alert_id="three", system="crm", state=AlertState.RESOLVED)
    answer = await api.client("support").get("/v1/alerts", params=query)
    assert {item["id"] for item in answer.json()["items"]} == expected


async def test_an_alert_says_what_a_person_needs(api: ApiUnderTest, sessions: Sessions) -> None:
    await fires(sessions)
    told = (await api.operator.get("/v1/alerts/alert_1")).json()
    assert told["sentence"] == "7 min, told of at more than 5 min."
    assert (told["owner"], told["runbook"]) == ("billing operations", "vendor-down.md")
    assert [each["action"] for each in told["may_act"] if each["allowed"]] == [
        "acknowledge",
        "silence",
    ]
    missing = await api.operator.get("/v1/alerts/alert_2")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")


async def test_a_silence_has_a_reason_and_an_end_and_can_be_ended(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    await fires(sessions)
    until = (START + timedelta(hours=2)).isoformat()
    told = await act(api, "silence", until=until)
    assert told["silence"]["by"] == "operator"
    assert told["silence"]["reason"] == WHY["reason"]
    assert (await api.operator.get("/v1/alerts/summary")).json()["firing"] == 0

    told = await act(api, "unsilence")
    assert told["silence"] is None
    assert (await act(api, "unsilence"))["code"] == "not_applicable"
    assert await trail(api, "silence_alert") == [("operator", "done", WHY["reason"])]


@pytest.mark.parametrize(
    "until", [None, START - MINUTE, START + timedelta(days=31)], ids=["none", "past", "too far"]
)
async def test_a_silence_without_a_sensible_end_is_refused(
    api: ApiUnderTest, sessions: Sessions, until: datetime | None
) -> None:
    await fires(sessions)
    told = await act(api, "silence", until=until and until.isoformat())
    assert (told["status"], told["errors"][0]["field"]) == (422, "until")


async def test_an_alert_is_taken_once(api: ApiUnderTest, sessions: Sessions) -> None:
    await fires(sessions)
    assert (await act(api, "acknowledge"))["acknowledgement"]["by"] == "operator"
    again = await act(api, "acknowledge", "admin")
    assert (again["status"], again["detail"]) == (409, "operator has taken it already.")


@pytest.mark.parametrize("action", ["acknowledge", "silence", "unsilence"])
async def test_support_may_look_and_not_act_and_the_attempt_is_on_record(
    api: ApiUnderTest, sessions: Sessions, action: str
) -> None:
    await fires(sessions)
    assert (await act(api, action, "support"))["status"] == 403
    ((actor, outcome, _),) = await trail(api, f"{action}_alert")
    assert (actor, outcome) == ("support", "refused")


async def test_an_admin_sets_a_threshold_and_it_is_on_record(api: ApiUnderTest) -> None:
    admin = api.client("admin")
    body = {"threshold": 40, "reason": "A known backlog."}
    told = (await admin.put("/v1/alert-rules/dead_letter_depth", json=body)).json()
    assert (told["threshold"], told["default_threshold"]) == (40, 10)
    assert told["override"]["set_by"] == "admin"
    await admin.put("/v1/alert-rules/dead_letter_depth", json=body)
    rules = (await api.operator.get("/v1/alert-rules")).json()
    assert [rule["name"] for rule in rules] == [rule.name for rule in RULES]
    assert rules[0]["threshold"] == 40
    assert not any(rule["may_change"] for rule in rules)
    assert await trail(api, "set_alert_threshold") == [("admin", "done", "A known backlog.")]


async def test_an_operator_sets_no_threshold_and_the_attempt_is_on_record(
    api: ApiUnderTest,
) -> None:
    body = {"threshold": 1, "reason": "Quieter."}
    answer = await api.operator.put("/v1/alert-rules/drift", json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    ((actor, outcome, _),) = await trail(api, "set_alert_threshold")
    assert (actor, outcome) == ("operator", "refused")


@pytest.mark.parametrize("threshold", [-1, "many", None])
async def test_a_threshold_that_makes_no_sense_is_refused(
    api: ApiUnderTest, threshold: object
) -> None:
    body = {"threshold": threshold, "reason": "r"}
    answer = await api.client("admin").put("/v1/alert-rules/drift", json=body)
    assert answer.status_code == 422


@pytest.mark.parametrize("rule", [rule.name for rule in RULES])
async def test_every_rule_has_a_runbook_to_read(api: ApiUnderTest, rule: str) -> None:
    told = (await api.operator.get(f"/v1/alert-rules/{rule}/runbook")).json()
    assert told["markdown"].startswith("# ")
