"""Search, audit trail, field ownership and who is asking: what is read across changes."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from adapters.postgres.reading import AuditFilter, list_audit, search
from api.dependencies import Caller, System_, require_role
from api.routes.service_changes import Limit
from domain.contracts import (
    AuditEntryView,
    FieldOwnershipView,
    Me,
    Page,
    SearchHit,
)
from domain.field_ownership import FIELD_RULES
from domain.service_change import READS_EVERYTHING

router = APIRouter(prefix="/v1", tags=["records"])


@router.get("/me")
async def read_me(caller: Caller) -> Me:
    """Who the API takes the caller for."""
    return Me(principal=caller.name, role=caller.role, expires_at=caller.until)


@router.get("/search")
async def search_everywhere(
    caller: Caller,
    parts: System_,
    q: Annotated[str, Query(min_length=1, max_length=200)],
    limit: Limit = 50,
) -> Page[SearchHit]:
    """Changes by any identifier, ours or a vendor's; four letters of its beginning are enough."""
    async with parts.sessions() as session:
        return await search(session, q, submitted_by=caller.sees_only_own, limit=limit)


@router.get("/audit")
async def read_audit(
    caller: Caller,
    parts: System_,
    change_id: str | None = None,
    account_id: str | None = None,
    correlation_id: str | None = None,
    actor: str | None = None,
    action: str | None = None,
    q: Annotated[str | None, Query(max_length=200)] = None,
    since: datetime | None = None,
    until: datetime | None = None,
    cursor: str | None = None,
    limit: Limit = 50,
) -> Page[AuditEntryView]:
    """Who did what, newest first; for staff."""
    require_role(caller, *READS_EVERYTHING)
    wanted = AuditFilter(
        change_id=change_id,
        account_id=account_id,
        correlation_id=correlation_id,
        actor=actor,
        action=action,
        q=q,
        since=since,
        until=until,
    )
    async with parts.sessions() as session:
        return await list_audit(session, wanted, cursor=cursor, limit=limit)


@router.get("/field-ownership")
async def read_field_ownership(caller: Caller) -> list[FieldOwnershipView]:
    """Every field, who owns it, and who may change it how."""
    del caller  # any caller that is signed in
    return [
        FieldOwnershipView(
            field=rule.field,
            record=rule.record,
            owner=rule.owner,
            may_change=dict(rule.may_change),
        )
        for rule in FIELD_RULES
    ]
