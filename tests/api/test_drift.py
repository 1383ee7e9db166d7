"""The drift inbox over HTTP: what parks, who may say what it means, and what goes on then."""

import asyncio
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.drift import active_mappings, keep_findings, keep_shape, link_change
from adapters.postgres.tables import OutboxRow
from adapters.postgres.tables_desk import ReplayRow
from domain.drift import DriftKind, Finding, Sighting
from domain.identifiers import System
from domain.shapes import shape_of
from tests.support.api import ApiUnderTest, new_key
from tests.support.clock import START
from tests.support.drift import DriftDesk, odd
from tests.support.office import Office
from tests.support.polling import eventually

Sessions = async_sessionmaker[AsyncSession]

_HELD_UP = text(
    "SELECT true FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)
"""Whether somebody waits for another one's transaction."""


@pytest.fixture
def desk(api: ApiUnderTest) -> DriftDesk:
    """The inbox."""
    return DriftDesk(api)


@pytest_asyncio.fixture
async def item(api: ApiUnderTest, sessions: Sessions, desk: DriftDesk) -> dict[str, Any]:
    """An unknown standing that a change has met; nothing of it is parked."""
    change = await api.accepted()
    sighting = odd(standing="frozen").sighting
    assert sighting is not None
    async with sessions.begin() as session:
        await link_change(session, sighting, change["id"], START)
    (found,) = await desk.items()
    return await desk.item(found["id"])


async def test_what_is_mapped_by_two_goes_on_by_a_replay(office: Office) -> None:
    desk = DriftDesk(office.api)
    office.world.billing.failures.plan_before("read_standing", odd(standing="frozen"))
    change_id = await office.submitted()
    parked = await office.reaches(change_id, "needs_attention")
    (found,) = await desk.items(state="open")
    assert parked["failure"]["drift"] == found["id"]
    assert parked["failure"]["dead_letter"]
    assert (found["kind"], found["system"], found["came"]) == ("unknown_value", "billing", "frozen")
    assert found["parked"] == 1

    proposed = await desk.act(found["id"], "map", known="past_due")
    assert proposed.status_code == 200, proposed.text
    item = await desk.item(found["id"], "admin")
    assert item["proposal"]["refusal"] is None
    assert item["state"] == "open"
    confirmed = await desk.second(item)
    assert confirmed.status_code == 200, confirmed.text
    assert confirmed.json()["state"] == "mapped"
    (replay,) = confirmed.json()["replays"]
    assert replay["items"] == 1

    await _start_now(office)
    await office.reaches(change_id, "awaiting_approval")
    after = await eventually(
        lambda: desk.item(found["id"]), lambda seen: bool(seen["replays"][0]["finished_at"])
    )
    assert (after["replays"][0]["state"], after["parked"]) == ("done", 0)
    mappings = (await office.api.operator.get("/v1/mappings")).json()["items"]
    assert [
        (each["raw"], each["known"], each["version"], each["confirmed_by"]) for each in mappings
    ] == [("frozen", "past_due", 1, "admin")]


async def _start_now(office: Office) -> None:
    """The first turn waits until every process has the mapping; no test does."""
    async with office.world.sessions.begin() as session:
        await session.execute(text("UPDATE outbox SET available_at = now()"))
    await office.relay.dispatch()


async def test_everything_that_stands_still_for_it_is_released_at_once(office: Office) -> None:
    desk = DriftDesk(office.api)
    failures = office.world.billing.failures
    failures.plan_before("read_standing", *(odd(standing="frozen") for _ in range(3)))
    for _ in range(3):
        await office.reaches(await office.submitted(), "needs_attention")
    (found,) = await desk.items()
    assert found["parked"] == 3
    await desk.act(found["id"], "map", known="current")
    confirmed = await desk.second(await desk.item(found["id"], "admin"))
    assert [each["items"] for each in confirmed.json()["replays"]] == [3]


async def test_nothing_is_released_while_another_drift_of_the_same_answer_is_open(
    office: Office,
) -> None:
    desk = DriftDesk(office.api)
    both = odd(standing="frozen", currency="eur")
    office.world.billing.failures.plan_before("read_standing", both)
    change_id = await office.submitted()
    await office.reaches(change_id, "needs_attention")
    first, second = sorted(await desk.items(), key=lambda each: str(each["came"]))
    for each, known, replays in ((first, "usd", 0), (second, "current", 1)):
        await desk.act(each["id"], "map", known=known)
        answer = await desk.second(await desk.item(each["id"], "admin"))
        assert len(answer.json()["replays"]) == replays, each


async def test_what_was_found_is_on_record_without_what_came(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    unreadable = Finding(DriftKind.UNREADABLE, ".", expected="JSON")
    nonsense = Sighting(System.CRM, "open_order", (), "", (unreadable,))
    for sighting in (odd(standing="frozen").sighting, nonsense):
        assert sighting is not None
        async with sessions.begin() as session:
            await keep_findings(session, sighting, 1, START)
    audit = await api.operator.get("/v1/audit", params={"action": "drift_found"})
    assert [entry["reason"] for entry in audit.json()["items"]] == [
        "CRM, open_order: unreadable, the whole answer.",
        "billing, read_standing: unknown value, standing.",
    ]


async def test_what_two_find_at_the_same_time_is_found_once(
    api: ApiUnderTest, sessions: Sessions, desk: DriftDesk
) -> None:
    sighting = odd(standing="frozen").sighting
    assert sighting is not None

    async def find() -> None:
        async with sessions.begin() as session:
            await keep_findings(session, sighting, 1, START)

    async def held_up() -> bool:
        async with sessions() as session:
            return bool(await session.scalar(_HELD_UP))

    async with sessions.begin() as session:
        await keep_findings(session, sighting, 1, START)
        other = asyncio.create_task(find())
        await eventually(held_up, bool)
    await other

    (found,) = await desk.items()
    assert found["count"] == 2
    audit = await api.operator.get("/v1/audit", params={"action": "drift_found"})
    assert len(audit.json()["items"]) == 1


async def test_only_what_is_known_can_be_meant(item: dict[str, Any], desk: DriftDesk) -> None:
    assert item["choices"] == ["closed", "current", "past_due"]
    for known in ("frozen", "thawed"):
        answer = await desk.act(item["id"], "map", known=known)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "known"


@pytest.mark.parametrize("caller", ["portal", "partner"])
async def test_the_inbox_is_for_staff(api: ApiUnderTest, item: dict[str, Any], caller: str) -> None:
    for path in ("/v1/drift", f"/v1/drift/{item['id']}", "/v1/mappings"):
        assert (await api.client(caller).get(path)).status_code == 403


async def test_support_reads_and_its_attempt_to_decide_is_on_record(
    api: ApiUnderTest, item: dict[str, Any], desk: DriftDesk
) -> None:
    seen = await desk.item(item["id"], "support")
    assert not any(each["allowed"] for each in seen["may_act"])
    refused = await desk.act(item["id"], "map", caller="support", known="current")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    audit = await api.operator.get("/v1/audit", params={"action": "map_drift"})
    (entry,) = audit.json()["items"]
    assert (entry["actor"], entry["outcome"]) == ("support", "refused")


async def test_nobody_confirms_their_own_mapping(item: dict[str, Any], desk: DriftDesk) -> None:
    await desk.act(item["id"], "map", caller="admin", known="current")
    answer = await desk.second(await desk.item(item["id"], "admin"), caller="admin")
    assert answer.status_code == 403
    assert "ask a colleague" in answer.json()["detail"]


async def test_one_of_the_two_is_an_administrator(item: dict[str, Any], desk: DriftDesk) -> None:
    await desk.act(item["id"], "map", caller="operator", known="current")
    seen = await desk.item(item["id"], "second_operator")
    assert "administrator" in seen["proposal"]["refusal"]
    answer = await desk.second(seen, caller="second_operator")
    assert answer.status_code == 403


async def test_a_confirmation_counts_for_what_was_seen(
    item: dict[str, Any], desk: DriftDesk
) -> None:
    await desk.act(item["id"], "map", known="current")
    seen = await desk.item(item["id"], "admin")
    seen["proposal"]["sha256"] = "0" * 64
    answer = await desk.second(seen)
    assert (answer.status_code, answer.json()["code"]) == (409, "stale_approval")


async def test_a_declined_mapping_makes_room_for_the_next_version(
    item: dict[str, Any], desk: DriftDesk
) -> None:
    await desk.act(item["id"], "map", known="current")
    busy = await desk.act(item["id"], "map", known="closed")
    assert (busy.status_code, busy.json()["code"]) == (409, "not_applicable")
    await desk.second(await desk.item(item["id"], "admin"), verdict="decline")
    again = await desk.act(item["id"], "map", known="closed")
    assert again.json()["proposal"]["version"] == 2


async def test_a_repeated_request_is_answered_as_the_first(
    item: dict[str, Any], desk: DriftDesk
) -> None:
    first = await desk.act(item["id"], "map", key="mine", known="current")
    second = await desk.act(item["id"], "map", key="mine", known="current")
    assert first.content == second.content
    assert second.headers["Idempotent-Replayed"] == "true"


async def test_a_retired_mapping_is_read_through_no_longer(
    api: ApiUnderTest, sessions: Sessions, item: dict[str, Any], desk: DriftDesk
) -> None:
    await desk.act(item["id"], "map", known="current")
    await desk.second(await desk.item(item["id"], "admin"))
    async with sessions() as session:
        known = await active_mappings(session)
    assert known[System.BILLING].values == {("standing", '"frozen"'): "current"}
    (mapping,) = (await api.operator.get("/v1/mappings?state=active")).json()["items"]
    path = f"/v1/mappings/{mapping['id']}/actions/retire"
    body = {"reason": "It was wrong."}
    assert (await api.operator.post(path, json=body, headers=new_key())).status_code == 403
    admin, key = api.client("admin"), new_key()
    retired, again = await asyncio.gather(
        *(admin.post(path, json=body, headers=key) for _ in range(2))
    )
    assert retired.json()["state"] == "retired"
    assert again.content == retired.content
    other = await admin.post(path, json={"reason": "Another one."}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    twice = await api.client("admin").post(path, json=body, headers=new_key())
    assert (twice.status_code, twice.json()["code"]) == (409, "not_applicable")
    async with sessions() as session:
        assert not await active_mappings(session)
    assert (await desk.item(item["id"]))["state"] == "open"


async def test_a_field_under_a_new_name_is_mapped_to_the_one_that_is_gone(
    api: ApiUnderTest, sessions: Sessions, desk: DriftDesk
) -> None:
    change = await api.accepted()
    renamed = odd(standing=None, standing_v2="current").sighting
    assert renamed is not None
    async with sessions.begin() as session:
        await link_change(session, renamed, change["id"], START)
    (found,) = await desk.items()
    assert (found["kind"], found["path"], found["came"]) == ("renamed", "standing", "standing_v2")
    await desk.act(found["id"], "map", known="standing_v2")
    await desk.second(await desk.item(found["id"], "admin"))
    async with sessions() as session:
        known = await active_mappings(session)
    assert known[System.BILLING].fields == {"account.standing": ("standing_v2",)}


async def test_the_database_itself_wants_two_persons_one_of_them_an_administrator(
    sessions: Sessions, item: dict[str, Any], desk: DriftDesk
) -> None:
    await desk.act(item["id"], "map", known="current")
    by = "confirmed_by = 'operator', confirmed_role = 'admin'"
    no_admin = "confirmed_by = 'second_operator', confirmed_role = 'operator'"
    for how in ("confirmed_by = NULL", by, no_admin):
        with pytest.raises(IntegrityError):
            async with sessions.begin() as session:
                await session.execute(text(f"UPDATE mappings SET state = 'active', {how}"))  # noqa: S608 - of this test


async def test_what_is_merely_new_is_accepted_or_dismissed_and_cannot_be_mapped(
    sessions: Sessions, desk: DriftDesk
) -> None:
    shape = shape_of({"id": "a", "tier": "gold"})
    finding = Finding(DriftKind.NEW_FIELD, "tier", "read_standing tier")
    sighting = Sighting(System.BILLING, "read_standing", shape, {"tier": "[masked]"}, (finding,))
    async with sessions.begin() as session:
        await keep_shape(session, sighting, 1, START)
        await keep_findings(session, sighting, 1, START)
    (found,) = await desk.items(parks="false")
    assert not found["parks"]
    assert (await desk.act(found["id"], "map", known="x")).status_code == 409
    accepted = await desk.act(found["id"], "accept")
    assert accepted.json()["state"] == "accepted"
    async with sessions() as session:
        state = await session.scalar(text("SELECT state FROM shapes"))
    assert state == "accepted"


async def test_what_is_acted_on_cannot_be_waved_through(
    item: dict[str, Any], desk: DriftDesk
) -> None:
    answer = await desk.act(item["id"], "accept")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_applicable")
    assert (await desk.act(item["id"], "dismiss")).json()["state"] == "dismissed"


async def test_a_cause_put_away_is_open_again_when_it_comes_again(
    api: ApiUnderTest, sessions: Sessions, item: dict[str, Any], desk: DriftDesk
) -> None:
    await desk.act(item["id"], "dismiss")
    sighting = odd(standing="frozen").sighting
    assert sighting is not None
    later = api.parts.clock()
    async with sessions.begin() as session:
        await session.execute(
            text("UPDATE drift_items SET decided_at = decided_at - interval '1 hour'")
        )
        await keep_findings(session, sighting, 1, later)
    assert (await desk.item(item["id"]))["state"] == "open"


async def test_the_changes_behind_a_drift_come_page_by_page(
    api: ApiUnderTest, sessions: Sessions, item: dict[str, Any]
) -> None:
    sighting = odd(standing="frozen").sighting
    assert sighting is not None
    ids = [(await api.accepted())["id"] for _ in range(2)]
    async with sessions.begin() as session:
        for change_id in ids:
            await link_change(session, sighting, change_id, START)
    path = f"/v1/drift/{item['id']}/changes"
    first = (await api.operator.get(path, params={"limit": 2})).json()
    second = (
        await api.operator.get(path, params={"limit": 2, "cursor": first["next_cursor"]})
    ).json()
    seen = [each["change_id"] for each in (*first["items"], *second["items"])]
    assert (len(seen), len(set(seen)), second["next_cursor"]) == (3, 3, None)


async def test_an_unknown_drift_is_not_found(api: ApiUnderTest) -> None:
    assert (await api.operator.get("/v1/drift/drf_none")).status_code == 404


async def test_a_replay_for_a_drift_waits_until_every_process_has_the_mapping(
    office: Office, sessions: Sessions
) -> None:
    desk = DriftDesk(office.api)
    office.world.billing.failures.plan_before("read_standing", odd(standing="frozen"))
    await office.reaches(await office.submitted(), "needs_attention")
    (found,) = await desk.items()
    await desk.act(found["id"], "map", known="current")
    await desk.second(await desk.item(found["id"], "admin"))
    async with sessions() as session:
        late = await session.scalar(select(OutboxRow).where(OutboxRow.topic == "start_replay"))
        assert late is not None
        assert late.available_at > late.created_at
        assert (await session.scalars(select(ReplayRow.selection))).one() == {
            "filter": {"drift": found["id"]}
        }
