"""The dead-letter desk: what stands still and why, what waits for a second person, the policy."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from adapters.postgres.desk_causes import WorkFilter, dead_letter_groups
from adapters.postgres.desk_reading import (
    DeadLetterFilter,
    Reader,
    list_dead_letters,
    read_account,
    second_approvals,
)
from adapters.postgres.desk_trend import desk_trend, overdue_now
from api.dependencies import Caller, System_, require_role
from api.routes.service_changes import Limit
from api.zones import ZoneName, zone_of
from domain.contracts import Page
from domain.contracts_desk import (
    AccountView,
    DeadLetterGroupView,
    DeadLetterView,
    FailureRuleView,
    SecondApprovalView,
)
from domain.contracts_trend import TrendView
from domain.errors import FailureCode, FieldProblem, InvalidChangeError
from domain.failure_policy import RULES
from domain.identifiers import System
from domain.service_change import READS_EVERYTHING
from domain.trend import MOST, USUAL, TrendUnit, starts

router = APIRouter(prefix="/v1", tags=["dead letters"])
Text = Annotated[str | None, Query(max_length=200)]
Fingerprint = Annotated[str, Query(max_length=64)]
_MOST_CAUSES = 200


@router.get("/dead-letters")
async def read_dead_letters(
    caller: Caller,
    parts: System_,
    *,
    fingerprint: Text = None,
    system: System | None = None,
    code: FailureCode | None = None,
    step: Text = None,
    owner: Text = None,
    account_id: Text = None,
    assignee: Text = None,
    unassigned: bool = False,
    put_off: bool | None = None,
    cursor: str | None = None,
    limit: Limit = 50,
) -> Page[DeadLetterGroupView]:
    """What stands still, grouped by cause; the longest overdue first, then the soonest due.

    `assignee`, `unassigned` and `put_off` narrow it by whose work the cause is; `owner` is the
    team that looks after it. A cause that was put off and stops a further change is no longer put
    off. For staff.
    """
    require_role(caller, *READS_EVERYTHING)
    wanted = DeadLetterFilter(
        fingerprint=fingerprint,
        system=system,
        code=code,
        step=step,
        owner=owner,
        account_id=account_id,
    )
    work = WorkFilter(assignee=assignee, unassigned=unassigned, put_off=put_off)
    async with parts.sessions() as session:
        return await dead_letter_groups(
            session, wanted, parts.clock(), work=work, cursor=cursor, limit=limit
        )


@router.get("/dead-letters/trend")
async def read_trend(
    caller: Caller,
    parts: System_,
    unit: TrendUnit = TrendUnit.HOUR,
    zone: ZoneName = "UTC",
    fingerprint: Annotated[list[Fingerprint] | None, Query(max_length=_MOST_CAUSES)] = None,
    stretches: Annotated[
        int | None,
        Query(ge=1, description="How many hours or days; at most a week, or a quarter."),
    ] = None,
) -> TrendView:
    """How the desk filled and emptied by hour or by day, the stretch under way last.

    `total` is the whole desk; each `fingerprint` adds the same for that cause. For staff.
    """
    require_role(caller, *READS_EVERYTHING)
    count = stretches or USUAL[unit]
    if count > MOST[unit]:
        words = f"is at most {MOST[unit]} by the {unit}"
        raise InvalidChangeError([FieldProblem("stretches", words)])
    now = parts.clock()
    begins = starts(unit, count, now, zone_of(zone))
    async with parts.sessions() as session:
        total, causes = await desk_trend(session, begins, fingerprint or ())
        late = await overdue_now(session, now)
    return TrendView(unit=unit, zone=zone, starts=begins, overdue=late, total=total, causes=causes)


@router.get("/dead-letters/{fingerprint}")
async def read_one_cause(
    fingerprint: Annotated[str, Path(max_length=64)],
    caller: Caller,
    parts: System_,
    *,
    closed: bool = False,
    cursor: str | None = None,
    limit: Limit = 50,
) -> Page[DeadLetterView]:
    """Every dead letter of one cause, the oldest first; `closed` adds those that were ended."""
    require_role(caller, *READS_EVERYTHING)
    wanted = DeadLetterFilter(fingerprint=fingerprint, closed=closed)
    async with parts.sessions() as session:
        return await list_dead_letters(session, wanted, parts.clock(), cursor=cursor, limit=limit)


@router.get("/service-changes/{change_id}/dead-letters")
async def read_dead_letters_of_change(
    change_id: str, caller: Caller, parts: System_
) -> Page[DeadLetterView]:
    """Every time the change stood still, and what ended it. For staff."""
    require_role(caller, *READS_EVERYTHING)
    wanted = DeadLetterFilter(change_id=change_id, closed=True)
    async with parts.sessions() as session:
        return await list_dead_letters(session, wanted, parts.clock(), cursor=None, limit=200)


@router.get("/second-approvals")
async def read_second_approvals(
    caller: Caller,
    parts: System_,
    account_id: Text = None,
    change_id: Text = None,
    cursor: str | None = None,
    limit: Limit = 50,
) -> Page[SecondApprovalView]:
    """Decisions that wait for a second person, the oldest first. For staff."""
    require_role(caller, *READS_EVERYTHING)
    async with parts.sessions() as session:
        return await second_approvals(
            session,
            parts.clock(),
            Reader(caller.name, caller.role),
            account_id=account_id,
            change_id=change_id,
            cursor=cursor,
            limit=limit,
        )


@router.get("/accounts/{account_id}")
async def read_one_account(account_id: str, caller: Caller, parts: System_) -> AccountView:
    """What is under way for an account: changes, second approvals, dead letters. For staff."""
    require_role(caller, *READS_EVERYTHING)
    async with parts.sessions() as session:
        reader = Reader(caller.name, caller.role)
        return await read_account(session, account_id, parts.clock(), reader)


@router.get("/failure-policy")
async def read_failure_policy(caller: Caller) -> list[FailureRuleView]:
    """What happens on which failure; the first row that matches counts. For staff."""
    require_role(caller, *READS_EVERYTHING)
    return [
        FailureRuleView(
            code=rule.code,
            phase=rule.phase,
            step=rule.step,
            system=rule.system,
            retried=rule.retried,
            consequence=rule.consequence,
            owner=rule.owner,
            next_action=rule.next_action,
        )
        for rule in RULES
    ]
