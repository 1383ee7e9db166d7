"""How the systems of record answer, over time as well, and how our own machinery is."""

import asyncio
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from adapters.postgres.health import integration_health
from adapters.postgres.health_history import calls_over_time
from adapters.postgres.life_signs import read_processes
from adapters.postgres.machinery import (
    away,
    database_health,
    effects_health,
    inbox_health,
    relay_health,
    sweepers_health,
    told,
    workers_health,
)
from adapters.temporal.queues import EngineLook, QueueLook
from api.dependencies import Caller, Parts, System_, require_role
from api.errors import ApiError
from domain.contracts_health import (
    HealthHistoryView,
    PartHealthView,
    ProcessView,
    SystemHealthView,
)
from domain.contracts_operations import IntegrationHealthView
from domain.health import BUCKETS, Part, spoken, worst
from domain.identifiers import VENDORS, System
from domain.service_change import READS_EVERYTHING

router = APIRouter(prefix="/v1/health", tags=["health"])

_MOST_HOURS = int(BUCKETS[-1][0] / timedelta(hours=1))
Hours = Annotated[int, Query(ge=1, le=_MOST_HOURS)]


@router.get("/integrations")
async def read_integration_health(
    caller: Caller,
    parts: System_,
    hours: Annotated[
        int, Query(ge=0, le=_MOST_HOURS, description="So far back `history` reaches; 0: none.")
    ] = 0,
) -> list[IntegrationHealthView]:
    """How each system of record has been answering; for staff."""
    require_role(caller, *READS_EVERYTHING)
    now = parts.clock()
    async with parts.sessions() as session:
        vendors = await integration_health(session, now)
        if not hours:
            return vendors
        found = await calls_over_time(session, VENDORS, now, timedelta(hours=hours))
    return [each.model_copy(update={"history": found[each.system].buckets}) for each in vendors]


@router.get("/integrations/{system}/history")
async def read_history_of_integration(
    system: System, caller: Caller, parts: System_, hours: Hours = 24
) -> HealthHistoryView:
    """The calls to one system over time: how many, failed, how fast, held back. For staff."""
    require_role(caller, *READS_EVERYTHING)
    if system not in VENDORS:
        raise ApiError("not_found", f"{system} is not a system that is called.")
    async with parts.sessions() as session:
        stretch = timedelta(hours=hours)
        return (await calls_over_time(session, [system], parts.clock(), stretch))[system]


@router.get("/system")
async def read_system_health(caller: Caller, parts: System_) -> SystemHealthView:
    """Database, engine, workers, queues and what waits in them; for staff.

    Answers also while the database or the engine is away, for somebody who is signed in already.
    """
    require_role(caller, *READS_EVERYTHING)
    recorded, look = await asyncio.gather(_recorded(parts), parts.engine.queues.look())
    found, processes = recorded
    every = [*found, *_engine(parts, look)]
    order = list(Part)
    return SystemHealthView(
        as_of=parts.clock(),
        state=worst({(each.part, each.system): each.state for each in every}),
        parts=sorted(every, key=lambda each: order.index(each.part)),
        processes=processes,
    )


async def _recorded(parts: Parts) -> tuple[list[PartHealthView], list[ProcessView]]:
    try:
        async with parts.sessions() as session:
            now = (await session.scalars(select(func.now()))).one()
            processes = await read_processes(session, now)
            return [
                await database_health(session),
                await relay_health(session),
                await inbox_health(session),
                await effects_health(session),
                workers_health(processes, now),
                sweepers_health(processes, now),
            ], processes
    except (SQLAlchemyError, OSError):
        return [away(Part.DATABASE, "Does not answer.")], []


def _engine(parts: Parts, look: EngineLook | None) -> list[PartHealthView]:
    queues = parts.engine.queues
    if look is None:
        return [
            away(Part.ENGINE, f"Namespace {queues.namespace} does not answer."),
            *(_unseen(system, name) for system, name in queues.names.items()),
        ]
    answers = f"Answers in {spoken(look.answered_in)}; namespace {queues.namespace}."
    return [
        told(Part.ENGINE, look.answered_in, answers),
        *(_queue(system, name, look.queues[system]) for system, name in queues.names.items()),
    ]


def _unseen(system: System, name: str) -> PartHealthView:
    view = told(Part.TASK_QUEUE, None, f"Nobody can say what waits on {name}.")
    return view.model_copy(update={"system": system})


def _count(number: int, none: str, one: str, many: str) -> str:
    return {0: none, 1: one}.get(number, f"{number:,} {many}")


def _queue(system: System, name: str, look: QueueLook) -> PartHealthView:
    waits = _count(look.backlog, "no task waits", "1 task waits", "tasks wait")
    oldest = f", the oldest {spoken(look.oldest_seconds)}" if look.backlog else ""
    ask = _count(len(look.pollers), "Nobody asks", "1 worker asks", "workers ask")
    sentence = f"{ask} for work on {name}; {waits}{oldest}."
    view = (
        told(Part.TASK_QUEUE, look.oldest_seconds, sentence)
        if look.pollers
        else away(Part.TASK_QUEUE, sentence)
    )
    facts = {
        "system": system,
        "seconds": round(look.oldest_seconds, 3),
        "count": look.backlog,
        "pollers": len(look.pollers),
    }
    return view.model_copy(update=facts)
