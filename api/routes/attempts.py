"""What was said to vendors, across changes: every try, the newest first."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from adapters.postgres.outgoing import OutgoingFilter, list_outgoing
from api.dependencies import Caller, System_, require_role
from api.routes.service_changes import Limit
from domain.contracts import Page
from domain.contracts_messages import OutgoingAttemptView
from domain.errors import FailureCode
from domain.identifiers import System
from domain.service_change import READS_EVERYTHING

router = APIRouter(prefix="/v1", tags=["messages"])

AttemptOutcome = Literal["ok"] | FailureCode
Text = Annotated[str | None, Query(max_length=200)]


@router.get("/attempts")
async def read_outgoing_attempts(
    caller: Caller,
    parts: System_,
    system: System | None = None,
    step: Text = None,
    outcome: Annotated[list[AttemptOutcome] | None, Query()] = None,
    change_id: Text = None,
    finished_from: datetime | None = None,
    finished_to: datetime | None = None,
    cursor: str | None = None,
    limit: Limit = 50,
) -> Page[OutgoingAttemptView]:
    """Every try at every system, the newest first; several outcomes are alternatives. For staff."""
    require_role(caller, *READS_EVERYTHING)
    wanted = OutgoingFilter(
        system=system,
        step=step,
        outcome=[str(each) for each in outcome or ()],
        change_id=change_id,
        finished_from=finished_from,
        finished_to=finished_to,
    )
    async with parts.sessions() as session:
        return await list_outgoing(session, wanted, cursor=cursor, limit=limit)
