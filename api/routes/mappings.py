"""Mappings: what vendors' new words and fields mean in known ones, every version on record."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from adapters.postgres.drift_deciding import By, retire_mapping
from adapters.postgres.drift_reading import list_mappings, mapping_view
from adapters.postgres.tables_drift import DriftItemRow, MappingRow
from api.dependencies import Caller, CorrelationId, System_, require_role
from api.errors import ApiError
from api.idempotency import repeatable
from api.refusals import note_refusal, require_role_on_record
from api.routes.actions import Reason
from api.routes.service_changes import IdempotencyKey, Limit
from domain.contracts import Page
from domain.contracts_drift import MappingView
from domain.drift_rights import MAY_RETIRE
from domain.identifiers import System
from domain.mappings import MappingState
from domain.service_change import READS_EVERYTHING

router = APIRouter(prefix="/v1/mappings", tags=["drift"], max_body_size=16 * 1024)
_RETIRE = "retire_mapping"


class RetireRequest(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


@router.get("")
async def read_mappings(
    caller: Caller,
    parts: System_,
    *,
    state: Annotated[list[MappingState] | None, Query()] = None,
    system: System | None = None,
    cursor: str | None = None,
    limit: Limit = 50,
) -> Page[MappingView]:
    """Every mapping ever proposed, the newest first, with who said what when. For staff."""
    require_role(caller, *READS_EVERYTHING)
    async with parts.sessions() as session:
        return await list_mappings(
            session, state=state or (), system=system, cursor=cursor, limit=limit
        )


@router.post("/{mapping_id}/actions/retire", response_model=MappingView)
async def retire(
    mapping_id: str,
    body: RetireRequest,
    request: Request,
    caller: Caller,
    parts: System_,
    correlation_id: CorrelationId,
    key: IdempotencyKey,
) -> Response:
    """Read through an active mapping no longer; what comes unmapped parks again. Admins alone.

    Repeating under the same key gives the same answer.
    """
    await require_role_on_record(parts, caller, MAY_RETIRE, _RETIRE, correlation_id)
    same = repeatable(request, caller, key, body.model_dump())
    by = By(caller.name, caller.role, body.reason, correlation_id, parts.clock())
    async with parts.sessions.begin() as session:
        row = await session.get(MappingRow, mapping_id, with_for_update=True)
        if row is None:
            raise ApiError("not_found", f"There is no mapping {mapping_id}.")
        kept = await same.replay(session)  # behind the lock, where the same request may have been
        if kept is not None:
            return kept
        state = row.state
        if state == MappingState.ACTIVE:
            item = await session.get_one(DriftItemRow, row.item_id, with_for_update=True)
            await retire_mapping(session, item, row, by)
            await session.flush()
            return await same.keep(session, mapping_view(row), by.at)
    why = f"The mapping is {state}; only an active one is retired."
    await note_refusal(parts, caller, _RETIRE, correlation_id, why, facts={"mapping": mapping_id})
    raise ApiError("not_applicable", why)
