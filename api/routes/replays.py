"""Replays of dead letters: many retried at once, first one, then ten, then the rest."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.desk_reading import DeadLetterFilter
from adapters.postgres.replay_reading import (
    ReplayReader,
    Stretch,
    list_replays,
    objection,
    read_replay,
)
from adapters.postgres.replays import (
    NewReplay,
    Selected,
    create_replay,
    locked_replay,
    one_at_a_time,
    select_dead_letters,
    steer,
)
from adapters.postgres.tables_desk import ReplayRow
from api.dependencies import Caller, CorrelationId, Parts, Principal, System_, require_role
from api.errors import ApiError
from api.idempotency import Repeatable, repeatable
from api.refusals import note_refusal, require_role_on_record
from api.routes.actions import Reason
from api.routes.service_changes import IdempotencyKey, Limit
from domain.contracts import Page
from domain.contracts_desk import ReplaySummaryView, ReplayView
from domain.errors import FailureCode, FieldProblem, InvalidChangeError
from domain.identifiers import System, new_replay_id
from domain.permissions import ACTION_RULES
from domain.replays import UNSAFE, ItemState, Steering
from domain.service_change import READS_EVERYTHING, Action, Role
from domain.submission import STORABLE

router = APIRouter(
    prefix="/v1/dead-letters/replays",
    tags=["replays"],
    max_body_size=16 * 1024,  # a filter and a reason
)
Name = Annotated[str, StringConstraints(min_length=1, max_length=200), STORABLE]
_MAY_REPLAY = ACTION_RULES[Action.RETRY].roles


class ReplaySelection(BaseModel):
    """Which dead letters; what is not given does not narrow it."""

    model_config = ConfigDict(extra="forbid")

    system: System | None = None
    code: FailureCode | None = None
    step: Name | None = None
    owner: Name | None = None
    account_id: Name | None = None
    opened_before: AwareDatetime | None = None
    drift: Name | None = None


class ReplayRequest(BaseModel):
    """What to retry: a cause by its `fingerprint`, a `filter`, or both.

    A `dry_run` starts nothing and says of each dead letter whether it may be retried, and why.
    """

    model_config = ConfigDict(extra="forbid")

    fingerprint: Name | None = None
    filter: ReplaySelection = Field(default_factory=ReplaySelection)
    reason: Reason
    dry_run: bool = False


class SteeringRequest(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


@router.post(
    "",
    status_code=HTTPStatus.ACCEPTED,
    response_model=ReplayView,
    responses={HTTPStatus.ACCEPTED: {"headers": {"Location": {"schema": {"type": "string"}}}}},
)
async def replay_dead_letters(
    body: ReplayRequest,
    request: Request,
    caller: Caller,
    parts: System_,
    correlation_id: CorrelationId,
    key: IdempotencyKey,
) -> Response:
    """Retry what is open now, the oldest first: one, then ten, then the rest.

    It goes on by itself, at the pace its vendors take, and stops itself when too much fails.
    Operators and admins; support where everything selected is safe to retry. Repeating under the
    same key gives the same answer.
    """
    await require_role_on_record(parts, caller, _MAY_REPLAY, "replay", correlation_id)
    same = repeatable(request, caller, key, body.model_dump(mode="json"))
    chosen = _selection(body)
    new = NewReplay(
        id=new_replay_id(parts.random_bytes),
        wanted=DeadLetterFilter(fingerprint=body.fingerprint, **body.filter.model_dump()),
        selection=chosen,
        dry_run=body.dry_run,
        actor=caller.name,
        role=caller.role,
        reason=body.reason,
        correlation_id=correlation_id,
        at=parts.clock(),
    )
    async with parts.sessions.begin() as session:
        await one_at_a_time(session)
        replay = await same.replay(session)
        if replay is None:
            selected = await select_dead_letters(session, new)
            unsafe = _unsafe(caller, selected) if not body.dry_run else None
            if unsafe is None:
                row = await create_replay(session, new, selected)
                answer = await _answer(session, parts, row, caller, same, HTTPStatus.ACCEPTED)
                return _located(answer)
    if replay is not None:
        return _located(replay)
    await note_refusal(parts, caller, "replay", correlation_id, unsafe or "")
    raise ApiError("forbidden", unsafe or "")


@router.get("")
async def read_replays(
    caller: Caller,
    parts: System_,
    *,
    fingerprint: Annotated[str | None, Query(max_length=64)] = None,
    dry_run: bool | None = None,
    cursor: str | None = None,
    limit: Limit = 50,
) -> Page[ReplaySummaryView]:
    """Every replay, newest first; of one cause by its `fingerprint`. For staff."""
    require_role(caller, *READS_EVERYTHING)
    async with parts.sessions() as session:
        return await list_replays(
            session, fingerprint=fingerprint, dry_run=dry_run, cursor=cursor, limit=limit
        )


@router.get("/{replay_id}")
async def read_one_replay(
    replay_id: str,
    caller: Caller,
    parts: System_,
    state: Annotated[list[ItemState] | None, Query()] = None,
    cursor: str | None = None,
    limit: Limit = 50,
) -> ReplayView:
    """One replay with its items, in the order they have their turn; by `state`. For staff."""
    require_role(caller, *READS_EVERYTHING)
    async with parts.sessions() as session:
        row = await session.get(ReplayRow, replay_id)
        if row is None:
            raise _unknown(replay_id)
        stretch = Stretch(tuple(state or ()), cursor, limit)
        return await read_replay(session, row, _reader(caller), stretch)


@router.post("/{replay_id}/actions/{action}", response_model=ReplayView)
async def steer_replay(
    replay_id: str,
    action: Steering,
    body: SteeringRequest,
    request: Request,
    caller: Caller,
    parts: System_,
    correlation_id: CorrelationId,
    key: IdempotencyKey,
) -> Response:
    """Suspend a replay, resume it, or cancel what has not had its turn.

    What is being retried comes to its verdict in any case. Support steers its own replays.
    Repeating under the same key gives the same answer.
    """
    await require_role_on_record(parts, caller, _MAY_REPLAY, f"{action}_replay", correlation_id)
    same = repeatable(request, caller, key, body.model_dump())
    async with parts.sessions.begin() as session:
        row = await locked_replay(session, replay_id)
        if row is None:
            raise _unknown(replay_id)
        kept = await same.replay(session)
        if kept is not None:
            return kept
        refusal = _objection(caller, row, action)
        if refusal is None:
            await steer(
                session, row, action, actor=caller.name, reason=body.reason, at=parts.clock()
            )
            await session.flush()
            return await _answer(session, parts, row, caller, same, HTTPStatus.OK)
    facts = {"replay": replay_id}
    await note_refusal(
        parts, caller, f"{action}_replay", row.correlation_id, str(refusal), facts=facts
    )
    raise refusal


def _selection(body: ReplayRequest) -> dict[str, Any]:
    """The selection as it was asked for; everything there is has to be asked for by some field."""
    given = body.model_dump(mode="json", include={"fingerprint", "filter"}, exclude_none=True)
    if not given.get("fingerprint") and not given["filter"]:
        problem = FieldProblem("fingerprint", "is required, unless the filter says what to retry")
        raise InvalidChangeError([problem])
    return given


def _unsafe(caller: Principal, selected: list[Selected]) -> str | None:
    """Why support may not replay this selection; None if it may, or the caller may in any case."""
    if caller.role is not Role.SUPPORT:
        return None
    for each in selected:
        if each.verdict.rule in UNSAFE:
            return f"{each.letter.change_id} is not safe to retry: {each.verdict.sentence}"
    return None


def _objection(caller: Principal, row: ReplayRow, action: Steering) -> ApiError | None:
    why = objection(row, _reader(caller), action)
    return ApiError(why.refusal, why.sentence) if why else None


def _reader(caller: Principal) -> ReplayReader:
    return ReplayReader(caller.name, caller.role)


def _unknown(replay_id: str) -> ApiError:
    return ApiError("not_found", f"There is no replay {replay_id}.")


async def _answer(
    session: AsyncSession,
    parts: Parts,
    row: ReplayRow,
    caller: Principal,
    same: Repeatable,
    status: HTTPStatus,
) -> Response:
    """The replay as it is now, kept as the answer under the caller's key."""
    view = await read_replay(session, row, _reader(caller))
    return await same.keep(session, view, parts.clock(), status)


def _located(answer: Response) -> Response:
    replay = ReplayView.model_validate_json(bytes(answer.body))
    answer.headers["Location"] = f"{router.prefix}/{replay.id}"
    return answer
