"""Search, audit trail, field ownership and who is asking: what is read across changes."""

from fastapi import APIRouter

from adapters.postgres.audit_reading import count_audit, list_audit
from adapters.postgres.searching import search
from api.dependencies import Caller, System_, require_role
from api.lists import (
    COUNTED_TO,
    AuditFilterQuery,
    AuditListQuery,
    ChangeSearchQuery,
    match_count,
)
from domain.contracts import (
    AuditEntryView,
    FieldOwnershipView,
    MatchCount,
    Me,
    Page,
    SearchHit,
)
from domain.field_ownership import FIELD_RULES
from domain.rights import rights_of
from domain.service_change import READS_EVERYTHING

router = APIRouter(prefix="/v1", tags=["records"])


@router.get("/me")
async def read_me(caller: Caller) -> Me:
    """Who the API takes the caller for."""
    return Me(
        principal=caller.name,
        role=caller.role,
        rights=rights_of(caller.role),
        expires_at=caller.until,
    )


@router.get("/search")
async def search_everywhere(
    caller: Caller, parts: System_, wanted: ChangeSearchQuery
) -> Page[SearchHit]:
    """Changes by any identifier, ours or a vendor's, and then by words; newest first in each.

    Four letters of an identifier's beginning are enough. Words are looked for in notes, failures,
    names of documents, subjects of tickets and reasons given, all of them in one text; quotes keep
    words together, `or` takes either, a minus leaves out, and the last word may be a beginning.
    Takes every filter of the list of changes, too.
    """
    async with parts.sessions() as session:
        return await search(
            session,
            wanted.q,
            wanted,
            now=parts.clock(),
            submitted_by=caller.sees_only_own,
            cursor=wanted.cursor,
            limit=wanted.limit,
        )


@router.get("/audit")
async def read_audit(
    caller: Caller, parts: System_, wanted: AuditListQuery
) -> Page[AuditEntryView]:
    """Who did what, newest first; for staff. Reading and exporting what is personal is in it.

    Several values of one filter are alternatives; different filters all have to hold. `invoice`,
    `order`, `appointment`, `ticket` and `document` find the entries of the changes that go by
    them. `at` is compared as times of the list of changes are.
    """
    require_role(caller, *READS_EVERYTHING)
    async with parts.sessions() as session:
        return await list_audit(
            session, wanted, now=parts.clock(), cursor=wanted.cursor, limit=wanted.limit
        )


@router.get("/audit/total")
async def count_matching_audit_entries(
    caller: Caller, parts: System_, wanted: AuditFilterQuery
) -> MatchCount:
    """How many audit entries fit the filters, counted up to a thousand; for staff."""
    require_role(caller, *READS_EVERYTHING)
    async with parts.sessions() as session:
        found = await count_audit(session, wanted, now=parts.clock(), most=COUNTED_TO)
    return match_count(found)


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
            version_source=rule.version_source,
        )
        for rule in FIELD_RULES
    ]
