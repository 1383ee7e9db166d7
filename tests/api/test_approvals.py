"""The approval queue: most urgent first, with everything a decision rests on, in one read."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text, update

from adapters.postgres.tables import ServiceChangeRow
from tests.support.api import PNG
from tests.support.office import FIBER, Office
from tests.support.world import PAST_DUE_ACCOUNT

ROUTE = "/v1/approvals"


async def waiting(office: Office, *, caller: str = "portal", **change: Any) -> str:  # noqa: ANN401 - any field
    """A change that waits for an approval."""
    accepted = await office.api.accepted(FIBER | change, caller=caller, document=PNG)
    await office.reaches(accepted["id"], "awaiting_approval")
    return str(accepted["id"])


async def queue(office: Office, caller: str = "operator", **query: Any) -> dict[str, Any]:  # noqa: ANN401 - any parameter
    """The queue as a caller reads it."""
    answer = await office.api.client(caller).get(ROUTE, params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def due_in(office: Office, change_id: str, hours: int) -> None:
    """Move when a decision is due."""
    at = office.world.clock() + timedelta(hours=hours)
    async with office.world.sessions.begin() as session:
        await session.execute(
            update(ServiceChangeRow).where(ServiceChangeRow.id == change_id).values(due_at=at)
        )


async def test_an_item_holds_plan_price_evidence_and_what_the_caller_may_do(
    office: Office,
) -> None:
    change_id = await waiting(office)

    (item,) = (await queue(office))["items"]

    change = await office.read(change_id)
    assert item["change"]["id"] == change_id
    assert item["plan"] == change["plan"]
    assert item["difference_minor"] == 2500
    standing = next(each for each in item["checks"] if each["name"] == "standing")
    assert (standing["system"], standing["outcome"]) == ("billing", "passed")
    assert standing["facts"]["recurring_minor"] == 4520
    assert [(each["action"], each["caller"]["allowed"]) for each in item["may_act"]] == [
        ("approve", True), ("reject", True),
    ]  # fmt: skip
    single = await office.api.operator.get(f"{ROUTE}/{change_id}")
    assert single.json() == item


async def test_the_facts_behind_a_check_are_for_staff(office: Office) -> None:
    change_id = await waiting(office)

    seen = (await office.api.portal.get(f"/v1/service-changes/{change_id}")).json()

    assert [each["facts"] for each in seen["checks"]] == [{}] * 4


async def test_who_may_not_decide_reads_why(office: Office) -> None:
    await waiting(office, caller="operator")

    own = (await queue(office))["items"][0]["may_act"]
    support = (await queue(office, "support"))["items"][0]["may_act"]

    assert [each["caller"]["allowed"] for each in own] == [False, True]
    assert "Nobody approves what they submitted" in own[0]["caller"]["reason"]
    assert [each["caller"]["allowed"] for each in support] == [False, False]


async def test_the_soonest_due_comes_first_page_by_page(office: Office) -> None:
    ids = [
        await waiting(office, details={"service": name}, kind="add_service")
        for name in ("online_security", "online_backup", "tech_support")
    ]
    for change_id, hours in zip(ids, (30, 10, 20), strict=True):
        await due_in(office, change_id, hours)

    seen, cursor = [], None
    while True:
        page = await queue(office, limit=1, **({"cursor": cursor} if cursor else {}))
        seen += [item["change"]["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert seen == [ids[1], ids[2], ids[0]]


async def test_only_what_waits_is_in_it(office: Office) -> None:
    decided = await waiting(office)
    await office.act(decided, "approve")
    await office.reaches(decided, "active")
    incomplete = await office.api.accepted(FIBER | {"account_id": PAST_DUE_ACCOUNT}, document=PNG)
    await office.reaches(incomplete["id"], "incomplete")

    assert await queue(office) == {"items": [], "next_cursor": None}
    gone = await office.api.operator.get(f"{ROUTE}/{decided}")
    assert (gone.status_code, gone.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("caller", ["portal", "partner"])
async def test_the_queue_is_for_staff(office: Office, caller: str) -> None:
    for path in (ROUTE, f"{ROUTE}/chg_any"):
        answer = await office.api.client(caller).get(path)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_a_cursor_of_another_list_is_named(office: Office) -> None:
    for cursor in ("nonsense", "YR9iH2M="):
        answer = await office.api.operator.get(ROUTE, params={"cursor": cursor})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "cursor"


async def test_the_queue_is_read_by_its_index(office: Office) -> None:
    """However many changes there are, a page reads as many rows as it shows."""
    async with office.world.sessions() as session:
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        rows = await session.scalars(
            text(
                "EXPLAIN SELECT * FROM service_changes WHERE status = 'awaiting_approval' "
                "AND (due_at, submitted_at, id) > (now(), now(), 'chg_a') "
                "ORDER BY due_at, submitted_at, id LIMIT 26"
            )
        )
    plan = "\n".join(rows)
    assert "ix_service_changes_approvals" in plan
    assert "Sort" not in plan


async def test_many_are_decided_each_for_itself(office: Office) -> None:
    """What a script does: one action per item, its own key and its own plan."""
    first = await waiting(office, kind="add_service", details={"service": "tech_support"})
    second = await waiting(office, kind="add_service", details={"service": "online_backup"})
    items = {each["change"]["id"]: each["plan"] for each in (await queue(office))["items"]}

    stale = await office.act(first, "approve", plan_sha256="0" * 64)
    good = await office.act(second, "approve", plan_sha256=items[second]["sha256"])

    assert (stale.status_code, stale.json()["code"]) == (409, "stale_approval")
    assert good.status_code == 200
    assert [each["change"]["id"] for each in (await queue(office))["items"]] == [first]


async def test_what_is_somebodys_and_what_is_put_off_can_be_asked_for(office: Office) -> None:
    taken = await waiting(office, kind="add_service", details={"service": "tech_support"})
    later = await waiting(office, kind="add_service", details={"service": "online_backup"})
    until = (office.world.clock() + timedelta(hours=5)).isoformat()
    for change_id, body in (
        (taken, {"assignee": "operator", "reason": "Mine."}),
        (later, {"follow_up_at": until, "reason": "The customer rings back."}),
    ):
        answer = await office.api.operator.put(f"/v1/assignments/change:{change_id}", json=body)
        assert answer.status_code == 200, answer.text

    (now,) = (await queue(office))["items"]
    (put_off,) = (await queue(office, put_off=True))["items"]

    assert (now["change"]["id"], now["assignment"]["assignee"]) == (taken, "operator")
    assert (put_off["change"]["id"], put_off["assignment"]["put_off"]) == (later, True)
    assert [
        each["change"]["id"] for each in (await queue(office, assignee="operator"))["items"]
    ] == [taken]
    assert (await queue(office, assignee="admin"))["items"] == []
    office.world.clock.advance(timedelta(hours=6))
    assert len((await queue(office))["items"]) == 2
