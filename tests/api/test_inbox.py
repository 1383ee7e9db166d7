"""The inbox as staff read it: lists, one event, the summary; and releasing what waits."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.audit import audit_entry
from adapters.postgres.tables import AuditEntryRow, ServiceChangeRow
from adapters.postgres.tables_inbox import InboxRow
from domain.identifiers import System
from domain.service_change import ChangeStatus
from domain.vendor_events import EVENT_TYPES, EventType
from http_client import Response
from tests.support.api import ACCOUNT, BILLING_SECRET, ApiUnderTest
from tests.support.clock import START
from tests.support.webhooks import arrive, signed, standing_changed, ticket_event
from worker.inbox import work_off

Sessions = async_sessionmaker[AsyncSession]
EVENTS = "/v1/webhooks/events"
UNKNOWN = {"type": "customer.moved", "data": {"account": ACCOUNT, "line1": "1 Main St"}}


async def listed(api: ApiUnderTest, **query: Any) -> dict[str, Any]:  # noqa: ANN401 - query values
    answer = await api.client("support").get(EVENTS, params=query)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def ids(api: ApiUnderTest, **query: Any) -> list[str]:  # noqa: ANN401 - query values
    return [item["event_id"] for item in (await listed(api, **query))["items"]]


async def read(api: ApiUnderTest, event_id: str, system: str = "billing") -> dict[str, Any]:
    answer = await api.client("support").get(f"{EVENTS}/{system}/{event_id}")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def release(
    api: ApiUnderTest, event_id: str, *, caller: str = "operator", reason: str = "Known by now."
) -> Response:
    return await api.client(caller).post(
        f"{EVENTS}/billing/{event_id}/actions/release", json={"reason": reason}
    )


async def summary(api: ApiUnderTest, system: str = "billing") -> dict[str, Any]:
    answer = await api.client("support").get("/v1/webhooks/summary")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = next(
        item for item in answer.json()["systems"] if item["system"] == system
    )
    return found


async def test_events_are_listed_newest_first_in_pages(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    for number in range(5):
        at = START + timedelta(minutes=number)
        await arrive(sessions, System.BILLING, standing_changed(), event_id=f"evt_{number}", at=at)

    first = await listed(api, limit=2)
    second = await listed(api, limit=2, cursor=first["next_cursor"])
    third = await listed(api, limit=2, cursor=second["next_cursor"])

    found = [item["event_id"] for page in (first, second, third) for item in page["items"]]
    assert found == ["evt_4", "evt_3", "evt_2", "evt_1", "evt_0"]
    assert third["next_cursor"] is None


@pytest.mark.parametrize("cursor", ["nonsense", "YQ==", "eR94H3o="])
async def test_a_cursor_that_is_not_ours_is_refused(api: ApiUnderTest, cursor: str) -> None:
    answer = await api.client("support").get(EVENTS, params={"cursor": cursor})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_events_are_found_by_what_is_known_of_them(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    change = await api.accepted()
    async with sessions.begin() as session:
        (await session.get_one(ServiceChangeRow, change["id"])).status = "incomplete"
    paid = await arrive(sessions, System.BILLING, standing_changed())
    other = await arrive(sessions, System.BILLING, standing_changed("0000-OTHER"))
    moved = await arrive(sessions, System.BILLING, UNKNOWN)
    answered = await arrive(sessions, System.TICKETING, ticket_event("ticket.answered"))
    await work_off(sessions, api.parts.clock)
    queued = await arrive(sessions, System.BILLING, standing_changed("0001-QUEUED"))

    assert set(await ids(api, system="ticketing")) == {answered}
    assert set(await ids(api, state="quarantined")) == {moved}
    assert set(await ids(api, state=["queued", "quarantined"])) == {moved, queued}
    assert set(await ids(api, type="customer.moved")) == {moved}
    assert set(await ids(api, reference="T-100001")) == {answered}
    assert set(await ids(api, account_id="0000-OTHER")) == {other}
    assert await ids(api, change_id=change["id"]) == [paid]


async def test_an_event_is_shown_with_what_came_of_it_and_every_further_arrival(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    change = await api.accepted()
    async with sessions.begin() as session:
        (await session.get_one(ServiceChangeRow, change["id"])).status = "incomplete"
    for minute in range(3):
        await arrive(
            sessions,
            System.BILLING,
            standing_changed(),
            event_id="evt_1",
            at=START + timedelta(minutes=minute),
        )
    await work_off(sessions, api.parts.clock)

    shown = await read(api, "evt_1")

    again = ["2026-11-24T09:01:00Z", "2026-11-24T09:02:00Z"]
    assert (shown["state"], shown["duplicates"]) == ("processed", 2)
    assert shown["outcome"] == f"{change['id']} looks again."
    assert shown["change_ids"] == [change["id"]]
    assert shown["means"] == EVENT_TYPES[System.BILLING]["account.standing_changed"].means
    assert [item["received_at"] for item in shown["arrivals"]] == again
    (item,) = (await listed(api))["items"]
    assert item["duplicates_at"] == again


async def test_a_body_is_shown_without_what_may_be_personal(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    await arrive(sessions, System.BILLING, UNKNOWN, event_id="evt_1")
    await arrive(sessions, System.BILLING, b"\xff{", event_id="evt_2")

    shown, broken = await read(api, "evt_1"), await read(api, "evt_2")

    assert shown["body"] == {
        "type": "customer.moved",
        "data": {"account": ACCOUNT, "line1": "[masked]"},
    }
    assert shown["body_bytes"] == len(json.dumps(UNKNOWN))
    assert (broken["body"], broken["body_bytes"]) == (None, 2)
    assert len(broken["body_sha256"]) == 64


async def test_an_event_nobody_sent_is_not_found(api: ApiUnderTest) -> None:
    answers = [
        await api.client("support").get(f"{EVENTS}/billing/evt_none"),
        await release(api, "evt_none"),
    ]

    assert [answer.status_code for answer in answers] == [404, 404]


async def test_an_id_with_a_slash_is_found(api: ApiUnderTest, sessions: Sessions) -> None:
    await arrive(sessions, System.BILLING, UNKNOWN, event_id="msg/1")
    await work_off(sessions, api.parts.clock)

    assert (await read(api, "msg/1"))["event_id"] == "msg/1"
    assert (await release(api, "msg/1")).status_code == 200


async def test_a_quarantined_event_is_released_once_its_type_is_known(
    api: ApiUnderTest, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    await arrive(sessions, System.BILLING, UNKNOWN, event_id="evt_1")
    await work_off(sessions, api.parts.clock)
    quarantined = await read(api, "evt_1")
    assert (quarantined["state"], bool(quarantined["next_action"])) == ("quarantined", True)
    account = ("data", "account")
    known = {**EVENT_TYPES[System.BILLING], "customer.moved": EventType("Moved.", account, account)}
    monkeypatch.setitem(EVENT_TYPES, System.BILLING, known)

    answer = await release(api, "evt_1")
    queued = answer.json()
    await work_off(sessions, api.parts.clock)

    assert answer.status_code == 200
    assert (queued["state"], queued["attempts"]) == ("queued", 0)
    assert (await read(api, "evt_1"))["state"] == "processed"
    async with sessions() as session:
        (entry,) = await session.scalars(
            select(AuditEntryRow).where(AuditEntryRow.action == "release_event")
        )
    assert (entry.actor, entry.reason) == ("operator", "Known by now.")
    assert entry.facts == {
        "system": "billing",
        "event_id": "evt_1",
        "type": "customer.moved",
        "was": "quarantined",
        "since": quarantined["processed_at"].replace("Z", "+00:00"),
    }


async def test_an_event_says_who_may_release_it_and_why_not(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    await arrive(sessions, System.BILLING, UNKNOWN, event_id="evt_1")
    queued = await read(api, "evt_1")
    await work_off(sessions, api.parts.clock)
    for_support = await read(api, "evt_1")
    for_operator = (await api.operator.get(f"{EVENTS}/billing/evt_1")).json()

    assert (queued["may_release"], for_support["may_release"]) == (False, False)
    assert "queued" in queued["release_refused"]
    assert "admin, operator" in for_support["release_refused"]
    assert (for_operator["may_release"], for_operator["release_refused"]) == (True, None)


async def test_what_is_still_unknown_goes_back_into_quarantine(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    await arrive(sessions, System.BILLING, UNKNOWN, event_id="evt_1")
    await work_off(sessions, api.parts.clock)

    await release(api, "evt_1")
    await work_off(sessions, api.parts.clock)

    assert (await read(api, "evt_1"))["state"] == "quarantined"


async def test_a_failed_event_is_released_and_tried_anew(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    await arrive(sessions, System.BILLING, standing_changed(), event_id="evt_1")
    async with sessions.begin() as session:
        await session.execute(
            update(InboxRow).values(state="failed", attempts=10, last_error="BrokenError: why")
        )
    failed = await read(api, "evt_1")
    assert (failed["last_error"], failed["attempts"]) == ("BrokenError: why", 10)

    assert (await release(api, "evt_1")).json()["attempts"] == 0
    await work_off(sessions, api.parts.clock)

    assert (await read(api, "evt_1"))["state"] == "processed"


async def test_an_event_that_waits_for_nobody_cannot_be_released(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    await arrive(sessions, System.BILLING, standing_changed(), event_id="evt_1")
    queued = await release(api, "evt_1")
    await work_off(sessions, api.parts.clock)
    processed = await release(api, "evt_1")

    assert [each.status_code for each in (queued, processed)] == [409, 409]
    assert [each.json()["code"] for each in (queued, processed)] == ["not_applicable"] * 2
    assert "processed" in processed.json()["detail"]


@pytest.mark.parametrize("reason", ["", "   ", "x" * 1001, "a\x00b"])
async def test_a_release_needs_a_reason(api: ApiUnderTest, sessions: Sessions, reason: str) -> None:
    await arrive(sessions, System.BILLING, UNKNOWN, event_id="evt_1")
    await work_off(sessions, api.parts.clock)

    assert (await release(api, "evt_1", reason=reason)).status_code == 422
    assert (await read(api, "evt_1"))["state"] == "quarantined"


@pytest.mark.parametrize(
    ("caller", "reads", "releases"),
    [
        ("anonymous", 401, 401),
        ("portal", 403, 403),
        ("partner", 403, 403),
        ("support", 200, 403),
        ("operator", 200, 200),
        ("admin", 200, 200),
    ],
)
async def test_staff_read_and_operators_release(
    api: ApiUnderTest, sessions: Sessions, caller: str, reads: int, releases: int
) -> None:
    await arrive(sessions, System.BILLING, UNKNOWN, event_id="evt_1")
    await work_off(sessions, api.parts.clock)
    client = api.client(caller)

    seen = [
        (await client.get(path)).status_code
        for path in (EVENTS, f"{EVENTS}/billing/evt_1", "/v1/webhooks/summary")
    ]

    assert seen == [reads] * 3
    assert (await release(api, "evt_1", caller=caller)).status_code == releases


async def test_the_summary_counts_what_came_what_is_stuck_and_what_was_forged(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    for _ in range(3):
        await arrive(sessions, System.BILLING, UNKNOWN, event_id="evt_1")
    await work_off(sessions, api.parts.clock)
    await arrive(sessions, System.BILLING, standing_changed(), event_id="evt_2")
    body = json.dumps(UNKNOWN).encode()
    forged = signed(body, secret=BILLING_SECRET) | {"webhook-signature": "v1,Zm9yZ2Vk"}
    for _ in range(2):
        await api.client("anonymous").post("/v1/webhooks/billing", content=body, headers=forged)

    found = await summary(api)

    assert (found["received"], found["duplicates"], found["forgotten"]) == (2, 2, 0)
    assert (found["by_state"]["quarantined"], found["by_state"]["queued"]) == (1, 1)
    assert sum(hour["count"] for hour in found["forged"]) == 2
    assert found["last_event_at"] is not None
    assert found["oldest_queued_at"] is not None
    assert found["feed"]["polled_at"] is None
    silent = await summary(api, "ticketing")
    assert (silent["received"], silent["last_event_at"]) == (0, None)


async def test_the_summary_names_what_was_forgotten(api: ApiUnderTest, sessions: Sessions) -> None:
    await arrive(sessions, System.BILLING, standing_changed())
    async with sessions.begin() as session:
        await session.execute(update(InboxRow).values(queued_at=START.replace(year=2020)))

    assert (await summary(api))["forgotten"] == 1


async def test_a_message_after_the_end_is_in_the_timeline_and_not_the_reason_of_the_end(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    change = await api.accepted()
    async with sessions.begin() as session:
        row = await session.get_one(ServiceChangeRow, change["id"])
        row.status = "rejected"
        row.ended_at = row.submitted_at + timedelta(days=1)
        session.add(
            audit_entry(
                at=row.ended_at,
                actor="operator",
                actor_kind="person",
                action="reject",
                change=row,
                from_status=ChangeStatus.AWAITING_APPROVAL,
                to_status=ChangeStatus.REJECTED,
                reason="Not wanted any more.",
            )
        )
        happened = row.submitted_at + timedelta(hours=1)
    late = await arrive(sessions, System.BILLING, standing_changed(at=happened))
    await work_off(sessions, api.parts.clock)

    path = f"/v1/service-changes/{change['id']}"
    answers = (await api.client("support").get(f"{path}/answers")).json()
    timeline = (await api.client("support").get(f"{path}/timeline")).json()["items"]

    assert answers["rejected_by"]["words"] == "operator: Not wanted any more."
    assert answers["succeeded"]["evidence"] == answers["rejected_by"]["evidence"]
    (message,) = (entry for entry in timeline if entry["kind"] == "message")
    assert message["detail"].startswith(f"Event {late}. It came after the change had ended")
    assert (await api.portal.get(path)).json()["status"] == "rejected"
