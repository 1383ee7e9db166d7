"""What was said to vendors about a change: attempts, payloads, holdings, lineage."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from adapters.postgres.attempts import ExpiredPayloads, list_attempts, read_attempt
from adapters.postgres.lineage import read_lineage
from adapters.postgres.payloads import read_sendings
from adapters.postgres.reading import synchronised_fields
from api.dependencies import Caller, System_, require_role, visible_change
from api.errors import ApiError
from api.personal import PersonalQuery, sight
from api.routes.service_changes import Limit
from api.stretches import stretch
from domain.contracts import Page
from domain.contracts_evidence import (
    AttemptDetailView,
    AttemptView,
    FieldComparisonView,
    HoldingView,
    LineageEntryView,
    PayloadComparisonView,
    PayloadView,
    Personal,
    SyncedFieldView,
)
from domain.differences import FieldChange, compare
from domain.service_change import READS_EVERYTHING

router = APIRouter(prefix="/v1/service-changes/{change_id}", tags=["evidence"])
Step = Annotated[str | None, Query(max_length=100)]
PayloadId = Annotated[str, Query(max_length=200, description="The `id` of one of the payloads.")]


@router.get("/attempts")
async def read_attempts(
    change_id: str,
    caller: Caller,
    parts: System_,
    step: Step = None,
    cursor: str | None = None,
    limit: Limit = 50,
) -> Page[AttemptView]:
    """Every try of every step, the oldest first."""
    async with parts.sessions() as session:
        row = await visible_change(session, change_id, caller)
        return await list_attempts(session, row.id, step=step, cursor=cursor, limit=limit)


@router.get("/attempts/{attempt_id}")
async def read_one_attempt(
    change_id: str,
    attempt_id: Annotated[int, Path(ge=1, le=10**18)],
    caller: Caller,
    parts: System_,
    personal: PersonalQuery = Personal.MASK,
) -> AttemptDetailView:
    """One try with its requests and answers. For staff.

    Headers that could hold a secret are not kept, nor are personal members of bodies. 410 once the
    time of raw payloads is over.
    """
    require_role(caller, *READS_EVERYTHING)
    async with parts.sessions.begin() as session:
        row = await visible_change(session, change_id, caller)
        seen = sight(parts, caller, row, personal)
        found = await read_attempt(session, row.id, attempt_id)
        if found is None:
            raise ApiError("not_found", f"There is no attempt {attempt_id} of {change_id}.")
        if isinstance(found, ExpiredPayloads):
            raise ApiError("payload_expired", found.sentence)
        told = f"attempt {attempt_id}"
        exchanges = [
            each.model_copy(
                update={
                    "request": await seen.of(session, each.request, told),
                    "response": await seen.of(session, each.response, told),
                }
            )
            for each in found.exchanges
        ]
    return found.model_copy(update={"exchanges": exchanges})


@router.get("/payloads")
async def read_payloads(
    change_id: str,
    caller: Caller,
    parts: System_,
    personal: PersonalQuery = Personal.MASK,
    cursor: str | None = None,
    limit: Limit = 50,
) -> Page[PayloadView]:
    """Every version of what was asked of each system, then what the plan asks besides. For staff.

    The hash is over the payload as it is, masked or not.
    """
    require_role(caller, *READS_EVERYTHING)
    async with parts.sessions.begin() as session:
        row = await visible_change(session, change_id, caller)
        seen = sight(parts, caller, row, personal)
        page = stretch((await read_sendings(session, row)).payloads, cursor, limit)
        items = [
            each.model_copy(update={"payload": await seen.of(session, each.payload, each.id)})
            for each in page.items
        ]
    return Page(items=items, next_cursor=page.next_cursor)


@router.get("/payloads/compare")
async def compare_payloads(
    change_id: str,
    left: PayloadId,
    right: PayloadId,
    caller: Caller,
    parts: System_,
    personal: PersonalQuery = Personal.MASK,
) -> PayloadComparisonView:
    """Any two payloads of the change, field by field. For staff.

    A masked field is compared by what it really holds.
    """
    require_role(caller, *READS_EVERYTHING)
    async with parts.sessions.begin() as session:
        row = await visible_change(session, change_id, caller)
        seen = sight(parts, caller, row, personal)
        known = {each.id: each for each in (await read_sendings(session, row)).payloads}
        before, after = _known(known, left), _known(known, right)
        fields = compare(before.payload or {}, after.payload or {})
        shown = {
            side.id: side.model_copy(
                update={"payload": await seen.of(session, side.payload, side.id)}
            )
            for side in (before, after)
        }
    told = {
        side: {each.path: each for each in compare(shown[side].payload or {}, {})}
        for side in (left, right)
    }
    return PayloadComparisonView(
        left=shown[left],
        right=shown[right],
        fields=[
            FieldComparisonView(
                path=each.path,
                change=each.change,
                left=told[left][each.path].left if each.path in told[left] else None,
                right=told[right][each.path].left if each.path in told[right] else None,
            )
            for each in fields
        ],
        differing=sum(each.change is not FieldChange.SAME for each in fields),
    )


def _known(payloads: dict[str, PayloadView], wanted: str) -> PayloadView:
    """A payload whose contents are kept. Raises not_found."""
    found = payloads.get(wanted)
    if found is None:
        raise ApiError("not_found", f"There is no payload {wanted} of this change.")
    if found.payload is None:
        raise ApiError("not_found", f"Of payload {wanted} only the hash is kept.")
    return found


@router.get("/holdings")
async def read_holdings(change_id: str, caller: Caller, parts: System_) -> list[HoldingView]:
    """Which version each system holds, and which is on its way there or waits for a decision."""
    async with parts.sessions() as session:
        row = await visible_change(session, change_id, caller)
        return (await read_sendings(session, row)).holdings


@router.get("/fields")
async def read_fields(change_id: str, caller: Caller, parts: System_) -> list[SyncedFieldView]:
    """Each field of another system that is held for the change: source, version, time. For staff.

    As the last round of checks read it, and as effects that stand left it. Nothing personal.
    """
    require_role(caller, *READS_EVERYTHING)
    async with parts.sessions() as session:
        row = await visible_change(session, change_id, caller)
        return await synchronised_fields(session, row)


@router.get("/lineage")
async def read_lineage_of(
    change_id: str,
    caller: Caller,
    parts: System_,
    cursor: str | None = None,
    limit: Limit = 50,
) -> Page[LineageEntryView]:
    """Duplicates, retries, corrections, revisions, replays and events, in order. For staff.

    A retry is one of three: a new attempt of a step, the change going on, a new run of it.
    """
    require_role(caller, *READS_EVERYTHING)
    async with parts.sessions() as session:
        row = await visible_change(session, change_id, caller)
        return stretch(await read_lineage(session, row), cursor, limit)
