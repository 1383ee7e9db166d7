"""The drift inbox: what vendors' payloads differ in, and what people say it means."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, StringConstraints
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.desk_reading import Reader
from adapters.postgres.drift_deciding import (
    By,
    confirm_mapping,
    decline_mapping,
    has_proposal,
    lapse_expired,
    propose_mapping,
    put_away,
)
from adapters.postgres.drift_reading import (
    DriftFilter,
    choices_of,
    drift_changes,
    drift_item,
    list_drift,
    seen_sha256,
)
from adapters.postgres.tables_drift import DriftItemRow, MappingRow
from api.dependencies import Caller, CorrelationId, Parts, Principal, System_, require_role
from api.errors import ApiError
from api.idempotency import Repeatable, repeatable
from api.refusals import note_refusal
from api.routes.actions import Reason, SecondApprovalRequest
from api.routes.service_changes import IdempotencyKey, Limit
from api.seconding import Verdict
from domain.contracts import Page
from domain.contracts_drift import DriftChangeView, DriftItemSummary, DriftItemView
from domain.drift import DriftAction, DriftKind, DriftState
from domain.drift_rights import DriftSituation, drift_permission, objection_to_second
from domain.errors import FieldProblem, InvalidChangeError
from domain.identifiers import System, new_mapping_id, new_replay_id
from domain.mappings import MappingState
from domain.service_change import READS_EVERYTHING, Role
from domain.submission import STORABLE

router = APIRouter(prefix="/v1/drift", tags=["drift"], max_body_size=16 * 1024)
Known = Annotated[str, StringConstraints(min_length=1, max_length=200), STORABLE]
Write = Callable[[AsyncSession, DriftItemRow], Awaitable[None]]


class DriftActionRequest(BaseModel):
    """Why; for `map` also which of the `choices` it is, as `known`."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason
    known: Known | None = None


@router.get("")
async def read_drift(
    caller: Caller,
    parts: System_,
    *,
    state: Annotated[list[DriftState] | None, Query()] = None,
    system: System | None = None,
    kind: Annotated[list[DriftKind] | None, Query()] = None,
    parks: bool | None = None,
    cursor: str | None = None,
    limit: Limit = 50,
) -> Page[DriftItemSummary]:
    """What differs, each cause once, the newest first. For staff.

    `parks` true: what holds up changes or events; false: what is merely noted.
    """
    require_role(caller, *READS_EVERYTHING)
    wanted = DriftFilter(state=state or (), system=system, kind=kind or (), parks=parks)
    async with parts.sessions() as session:
        return await list_drift(session, wanted, parts.clock(), cursor=cursor, limit=limit)


@router.get("/{item_id}")
async def read_drift_item(item_id: str, caller: Caller, parts: System_) -> DriftItemView:
    """One drift with its diff, a redacted sample, and what it can be mapped to. For staff."""
    require_role(caller, *READS_EVERYTHING)
    async with parts.sessions() as session:
        row = await _item(session, item_id)
        return await drift_item(session, row, parts.clock(), Reader(caller.name, caller.role))


@router.get("/{item_id}/changes")
async def read_drift_changes(
    item_id: str, caller: Caller, parts: System_, cursor: str | None = None, limit: Limit = 50
) -> Page[DriftChangeView]:
    """The changes that met it, the latest first, and whether they stand still now. For staff."""
    require_role(caller, *READS_EVERYTHING)
    async with parts.sessions() as session:
        await _item(session, item_id)
        return await drift_changes(session, item_id, cursor=cursor, limit=limit)


@router.post("/{item_id}/actions/{action}", response_model=DriftItemView)
async def act_on_drift(
    item_id: str,
    action: DriftAction,
    body: DriftActionRequest,
    request: Request,
    caller: Caller,
    parts: System_,
    correlation_id: CorrelationId,
    key: IdempotencyKey,
) -> Response:
    """Propose what it means, accept it as known, or dismiss it. Operators and admins.

    A mapping comes back under `proposal` and is read through once a second person has confirmed
    it. Repeating under the same key gives the same answer.
    """
    same = repeatable(request, caller, key, body.model_dump())
    by = _by(parts, caller, body.reason, correlation_id)

    async def write(session: AsyncSession, row: DriftItemRow) -> None:
        await lapse_expired(session, row.id, by.at)
        choices = choices_of(row)
        now = DriftSituation(
            DriftKind(row.kind),
            DriftState(row.state),
            bool(choices),
            await has_proposal(session, row.id),
        )
        may = drift_permission(action, role=caller.role, now=now)
        if not may.allowed:
            raise ApiError(str(may.refusal), may.reason or "")
        if action is DriftAction.MAP:
            mapping_id = new_mapping_id(parts.random_bytes)
            known = _chosen(body.known, choices)
            await propose_mapping(session, row, mapping_id, known, by)
        else:
            await put_away(session, row, action, by)

    return await _written(parts, caller, same, item_id, f"{action}_drift", by, write)


@router.post("/{item_id}/second-approvals/{mapping_id}", response_model=DriftItemView)
async def second_mapping(
    item_id: str,
    mapping_id: str,
    body: SecondApprovalRequest,
    request: Request,
    caller: Caller,
    parts: System_,
    correlation_id: CorrelationId,
    key: IdempotencyKey,
) -> Response:
    """Confirm or decline a colleague's mapping; one of the two is an admin.

    Once confirmed, everything that stands still for it is retried by a replay, and events held
    for it are read again, without a deploy. Repeating under the same key gives the same answer.
    """
    same = repeatable(request, caller, key, body.model_dump())
    by = _by(parts, caller, body.reason, correlation_id)

    async def write(session: AsyncSession, row: DriftItemRow) -> None:
        mapping = await session.get(MappingRow, mapping_id, with_for_update=True)
        if mapping is None or mapping.item_id != item_id:
            raise ApiError("not_found", "There is no such mapping of this drift.")
        why = objection_to_second(
            role=caller.role,
            principal=caller.name,
            proposed_by=mapping.proposed_by,
            proposer=Role(mapping.proposed_role),
        )
        if why:
            raise ApiError("forbidden", why)
        if mapping.state != MappingState.PROPOSED:
            raise ApiError("not_applicable", f"The mapping is {mapping.state} already.")
        if mapping.expires_at <= by.at:
            raise ApiError("not_applicable", "The proposal has expired; propose it again.")
        if body.verdict is Verdict.DECLINE:
            await decline_mapping(session, row, mapping, by, body.seen_sha256)
            return
        if seen_sha256(mapping, row) != body.seen_sha256:
            raise ApiError("stale_approval", "The drift has changed since you looked at it.")
        replay_id = new_replay_id(parts.random_bytes)
        await confirm_mapping(
            session, row, mapping, by, seen_sha256=body.seen_sha256, replay_id=replay_id
        )

    return await _written(parts, caller, same, item_id, f"{body.verdict}_mapping", by, write)


async def _written(
    parts: Parts,
    caller: Principal,
    same: Repeatable,
    item_id: str,
    action: str,
    by: By,
    write: Write,
) -> Response:
    """Do it and answer the drift as it is then, or put the refusal on record and raise it."""
    refusal: ApiError | None = None
    async with parts.sessions.begin() as session:
        kept = await same.replay(session)
        if kept is not None:
            return kept
        row = await _item(session, item_id, lock=True)
        try:
            await write(session, row)
        except ApiError as error:
            refusal = error
        else:
            await session.flush()
            reader = Reader(caller.name, caller.role)
            view = await drift_item(session, row, by.at, reader)
            return await same.keep(session, view, by.at)
    await note_refusal(
        parts, caller, action, by.correlation_id, str(refusal), facts={"drift": item_id}
    )
    raise refusal


async def _item(session: AsyncSession, item_id: str, *, lock: bool = False) -> DriftItemRow:
    row = await session.get(DriftItemRow, item_id, with_for_update=lock or None)
    if row is None:
        raise ApiError("not_found", f"There is no drift {item_id}.")
    return row


def _chosen(known: str | None, choices: list[str]) -> str:
    """One of the choices; anything else would be a guess."""
    if known is None:
        raise InvalidChangeError([FieldProblem("known", "is required to map it")])
    if known not in choices:
        told = ", ".join(choices)
        raise InvalidChangeError([FieldProblem("known", f"is none of: {told}")])
    return known


def _by(parts: Parts, caller: Principal, reason: str, correlation_id: str) -> By:
    return By(caller.name, caller.role, reason, correlation_id, parts.clock())
