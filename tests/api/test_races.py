"""Who comes at the same moment: exactly one wins, and the other is told what forbids it."""

import asyncio
from typing import Any

import pytest

from domain.messages import Patience
from domain.service_change import Action, ChangeStatus
from http_client import Response
from tests.support.office import Office
from tests.support.world import World

S = ChangeStatus


async def turns(number: int) -> None:
    """Let others run so often before the next move, to meet them at another place each time."""
    for _ in range(number):
        await asyncio.sleep(0)


def refused(answer: Response, *statuses: str) -> bool:
    """Whether it was refused, naming the status that forbids it."""
    body: dict[str, Any] = answer.json()
    if answer.status_code != 409:
        return False
    assert body["code"] == "not_applicable"
    assert any(status in body["detail"] for status in statuses), body["detail"]
    return True


@pytest.mark.parametrize("head_start", [0, 200, 500, 1000, 2000, 4000])
async def test_a_cancellation_and_the_completion_at_once_have_one_winner(
    office: Office, head_start: int
) -> None:
    change_id = await office.submitted()
    await office.reaches(change_id, "awaiting_approval")

    async def cancel() -> Response:
        await turns(head_start)
        return await office.act(change_id, "cancel", caller="second_operator")

    approval, cancellation = await asyncio.gather(office.act(change_id, "approve"), cancel())
    end = (await office.reaches(change_id, "active", "cancelled"))["status"]

    if refused(cancellation, "active", "has just decided"):
        assert end == "active"
    else:
        assert cancellation.status_code == 200
        assert end == "cancelled"
        refused(approval, "cancelled", "has just decided")
    lines = [line.amount_minor for line in office.world.billing.lines.values()]
    assert sum(lines) == (2500 if end == "active" else 0)


async def test_ten_operators_at_once_decide_once(office: Office) -> None:
    change_id = await office.submitted()
    await office.reaches(change_id, "awaiting_approval")

    answers = await asyncio.gather(
        *(
            office.act(change_id, "approve", caller=caller)
            for caller in ("operator", "second_operator", "admin") * 3
        )
    )

    taken = [answer for answer in answers if answer.status_code == 200]
    assert len(taken) == 1
    rest = [answer for answer in answers if answer.status_code != 200]
    assert all(refused(answer, "applying", "active", "has just decided") for answer in rest)
    await office.reaches(change_id, "active")
    assert len(office.world.billing.lines) == 1
    assert len(await office.refusals(change_id)) == len(rest)


@pytest.mark.parametrize("late", [0.15, 0.25, 0.3, 0.35, 0.5])
async def test_an_approval_that_arrives_as_the_time_runs_out_wins_or_is_told(
    office: Office, late: float
) -> None:
    """Real seconds: the change's own clock and the approver's are not the same one."""
    world: World = office.world
    change = await world.submit(patience=Patience(approval=0.3))
    await change.reaches(S.AWAITING_APPROVAL, S.EXPIRED)

    await asyncio.sleep(late)
    answer = await office.act(change.id, Action.APPROVE)
    end = (await office.reaches(change.id, "active", "expired"))["status"]

    if refused(answer, "expired"):
        assert end == "expired"
        assert world.billing.lines == {}
    else:
        assert answer.status_code == 200
        assert end == "active"


@pytest.mark.parametrize("action", ["retry", "cancel"])
async def test_a_stale_page_is_told_what_became_of_the_change(office: Office, action: str) -> None:
    change_id = await office.parked_at_the_crm()
    await office.act(change_id, "retry")
    await office.reaches(change_id, "active")

    answer = await office.act(change_id, action, caller="second_operator")

    assert refused(answer, "active")
    assert ("second_operator", action) in await office.refusals(change_id)
