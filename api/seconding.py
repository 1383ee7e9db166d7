"""How a second person confirms or declines what somebody proposed."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.audit import audit_entry
from adapters.postgres.decisions import decided
from adapters.postgres.proposals import seen_sha256
from adapters.postgres.reading import read_change
from adapters.postgres.situations import situation_of
from adapters.postgres.tables import ServiceChangeRow
from adapters.postgres.tables_desk import DecisionRow
from api.deciding import carry_on, record_refusal
from api.dependencies import Parts, Principal, require_role
from api.errors import ApiError
from domain.decisions import DecisionState
from domain.permissions import SECOND_PERSONS, may_second, permission
from domain.service_change import Action, Role

SECOND_APPROVAL: Final = "second_approval"


class Verdict(StrEnum):
    """What a second person says."""

    CONFIRM = "confirm"
    DECLINE = "decline"


_BECOMES: Final = {
    Verdict.CONFIRM: DecisionState.GIVEN,
    Verdict.DECLINE: DecisionState.DECLINED,
}


@dataclass(frozen=True, slots=True)
class SecondOpinion:
    """A second person's verdict, and the hash of what they were shown."""

    verdict: Verdict
    reason: str
    seen_sha256: str


async def second(
    parts: Parts, change_id: str, decision_id: str, caller: Principal, says: SecondOpinion
) -> None:
    """Confirm a proposal and have it carried out, or decline it. Safe to repeat.

    Raises ApiError: nobody confirms their own proposal, what is no longer open, or what has
    changed since it was looked at; each such refusal is on record.
    """
    require_role(caller, *SECOND_PERSONS)
    refusal: ApiError | None = None
    async with parts.sessions.begin() as session:
        row = await session.get(DecisionRow, decision_id, with_for_update=True)
        if row is None or row.change_id != change_id:
            raise ApiError("not_found", "There is no such decision of this change.")
        if row.second_actor != caller.name:
            try:
                await _take(session, parts, row, caller, says)
            except ApiError as error:
                refusal = error
    if refusal is not None:
        await record_refusal(parts, change_id, caller.name, SECOND_APPROVAL, str(refusal))
        raise refusal
    await carry_on(parts, row)


async def _take(
    session: AsyncSession, parts: Parts, row: DecisionRow, caller: Principal, says: SecondOpinion
) -> None:
    now = parts.clock()
    change = await session.get_one(ServiceChangeRow, row.change_id)
    action = Action(row.action)
    mine = may_second(action, role=caller.role, principal=caller.name, proposed_by=row.actor)
    if not mine.allowed:
        raise ApiError("forbidden", mine.reason or "")
    if row.state != DecisionState.PROPOSED:
        raise ApiError("not_applicable", f"The proposal is {row.state} already.")
    if row.expires_at is not None and row.expires_at <= now:
        raise ApiError("not_applicable", "The proposal has expired; propose it again.")
    if says.verdict is Verdict.CONFIRM:
        may = permission(
            action,
            role=Role(row.role),
            principal=row.actor,
            now=await situation_of(session, change, now),
        )
        if not may.allowed:
            raise ApiError("not_applicable", may.reason or "")
        if seen_sha256(row, await read_change(session, change)) != says.seen_sha256:
            raise ApiError("stale_approval", "The change has moved on since you looked at it.")
    row.state = _BECOMES[says.verdict]
    row.second_actor, row.second_reason, row.second_at = caller.name, says.reason, now
    row.seen_sha256 = says.seen_sha256
    if says.verdict is Verdict.DECLINE:
        row.closed_at, row.why = now, says.reason
    session.add(
        audit_entry(
            at=now,
            actor=caller.name,
            actor_kind="person",
            action=f"{says.verdict}_{row.action}",
            change=change,
            reason=says.reason,
            facts=decided(row) | {"seen_sha256": says.seen_sha256},
        )
    )
