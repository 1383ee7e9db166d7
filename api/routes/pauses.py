"""What people stop and let go on: one change, one system, reconciliation, or everything."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from adapters.postgres import pauses
from adapters.postgres.reading import change_row
from api.dependencies import Caller, CorrelationId, Parts, System_, require_role
from api.errors import ApiError
from api.refusals import require_role_on_record
from domain.contracts_operations import PauseView
from domain.identifiers import VENDORS
from domain.pauses import EVERYTHING, MAY_PAUSE
from domain.reconciling import PAUSE_SCOPE
from domain.service_change import READS_EVERYTHING, ChangeKind
from domain.submission import STORABLE

router = APIRouter(prefix="/v1/pauses", tags=["pauses"])
_WIDE = frozenset({EVERYTHING, PAUSE_SCOPE, *map(str, VENDORS), *map(str, ChangeKind)})


class PauseRequest(BaseModel):
    """Why; whoever meets the pause reads it."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000), STORABLE
    ]


@router.get("")
async def read_pauses(caller: Caller, parts: System_) -> list[PauseView]:
    """Everything that is paused now, by whom and why; for staff."""
    require_role(caller, *READS_EVERYTHING)
    async with parts.sessions() as session:
        found = await pauses.list_pauses(session)
    may = caller.role in MAY_PAUSE
    return [each.model_copy(update={"may_resume": may}) for each in found]


@router.put("/{scope}")
async def pause(
    scope: str, body: PauseRequest, caller: Caller, parts: System_, correlation_id: CorrelationId
) -> PauseView:
    """Call no vendor any more for `everything`, a system, a kind, a change. Safe to repeat.

    `reconciliation` stops the comparison of systems and repairs of what it found, nothing else.
    """
    await require_role_on_record(parts, caller, MAY_PAUSE, "pause", correlation_id)
    await _require_scope(parts, scope)
    async with parts.sessions.begin() as session:
        made = await pauses.pause(
            session,
            scope,
            actor=caller.name,
            reason=body.reason,
            correlation_id=correlation_id,
            at=parts.clock(),
        )
    return made.model_copy(update={"may_resume": True})


@router.delete("/{scope}", status_code=HTTPStatus.NO_CONTENT)
async def resume(
    scope: str, caller: Caller, parts: System_, correlation_id: CorrelationId
) -> Response:
    """Let it go on: what waits on the pause is woken. Repeating is harmless."""
    await require_role_on_record(parts, caller, MAY_PAUSE, "resume", correlation_id)
    await _require_scope(parts, scope)
    async with parts.sessions.begin() as session:
        await pauses.resume(
            session,
            scope,
            actor=caller.name,
            correlation_id=correlation_id,
            at=parts.clock(),
        )
    return Response(status_code=HTTPStatus.NO_CONTENT)


async def _require_scope(parts: Parts, scope: str) -> None:
    if scope in _WIDE:
        return
    async with parts.sessions() as session:
        if await change_row(session, scope) is None:
            raise ApiError(
                "not_found",
                f"{scope} is neither a system, a kind of change, nor a change, nor {PAUSE_SCOPE}, "
                f"nor {EVERYTHING}.",
            )
