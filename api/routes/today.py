"""The day as somebody sees it who keeps the page open: one read for the whole page."""

from fastapi import APIRouter

from adapters.postgres.health import integration_health
from adapters.postgres.today import (
    Day,
    Looker,
    assigned_to,
    broken_since,
    ended_by_status,
    late_open,
    oldest_open,
    open_by_status,
    overdue,
    throughput,
    waits_for,
)
from api.dependencies import Caller, System_
from api.zones import ZoneName, zone_of
from domain.contracts_today import TodayView, VendorGlanceView

router = APIRouter(prefix="/v1", tags=["today"])


@router.get("/today")
async def read_today(
    caller: Caller,
    parts: System_,
    zone: ZoneName = "UTC",
) -> TodayView:
    """What waits, what is late, what broke, and how much was done, as the caller may see it."""
    day = Day(parts.clock(), zone_of(zone))
    looker = Looker(caller.name, caller.role, caller.sees_only_own)
    yesterday = day.midnight(1)
    staff = looker.sees_only is None
    async with parts.sessions() as session:
        hours, days = await throughput(session, looker, day)
        return TodayView(
            as_of=day.now,
            zone=zone,
            day=day.date,
            waits_for_me=await waits_for(session, looker, day.now),
            overdue=await overdue(session, looker, day.now),
            open=await open_by_status(session, looker),
            ended_today=await ended_by_status(session, looker, day.midnight()),
            late=await late_open(session, looker, day.now),
            oldest=await oldest_open(session, looker),
            assigned=await assigned_to(session, looker, day.now) if staff else [],
            broken_since=yesterday,
            broken=await broken_since(session, yesterday) if staff else [],
            vendors=[
                VendorGlanceView(
                    system=each.system,
                    state=each.state,
                    sentence=each.sentence,
                    next_action=each.next_action,
                )
                for each in (await integration_health(session, day.now) if staff else [])
            ],
            hours=hours,
            usual_days=days,
        )
