"""Routes about places and days: areas, an account's area, what is left on a date."""

from datetime import date
from typing import Any

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from sandbox._base.accounts import bundled_accounts
from sandbox._base.refusals import Refusal
from sandbox._base.vendor import SandboxDep
from sandbox.scheduling.areas import AREAS, ServiceArea, area_of
from sandbox.scheduling.availability import availability
from sandbox.scheduling.calendar import Slot, Visit
from sandbox.scheduling.credentials import CredentialsRequired

router = APIRouter(tags=["calendar"], dependencies=[CredentialsRequired])

_ACCOUNT_IDS = frozenset(account.account_id for account in bundled_accounts())


def area_serving(account_id: str) -> ServiceArea:
    """The account's area. Raises the 404 every route gives for an account nobody knows."""
    if account_id not in _ACCOUNT_IDS:
        raise Refusal(
            404, "unknown_account", f"There is no account {account_id}. Check the number."
        )
    return area_of(account_id)


@router.get("/areas")
async def list_areas() -> Response:
    """Every service area."""
    return JSONResponse({"areas": [_area(area) for area in AREAS]})


@router.get("/accounts/{account_id}/area")
async def read_area(account_id: str) -> Response:
    """The area that serves an account."""
    return JSONResponse({"account_id": account_id, **_area(area_serving(account_id))})


@router.get("/availability")
async def read_availability(
    account_id: str,
    date: date,
    visit: Visit,
    sandbox: SandboxDep,
) -> Response:
    """What the account's area has left on a date; with the reason when it has nothing."""
    area = area_serving(account_id)
    with sandbox.store.read() as db:
        found = availability(db, area, visit, date, sandbox.clock())
    return JSONResponse(
        {
            "account_id": account_id,
            "area_id": area.area_id,
            "visit": visit,
            "date": date.isoformat(),
            "time_zone": area.time_zone.key,
            "open": found.reason is None,
            "reason": found.reason,
            "holiday_name": found.holiday,
            "next_open_date": found.next_open_date.isoformat() if found.next_open_date else None,
            "slots": [_slot(slot, left) for slot, left in found.remaining],
        }
    )


def _area(area: ServiceArea) -> dict[str, Any]:
    return {
        "area_id": area.area_id,
        "name": area.name,
        "state": area.state,
        "time_zone": area.time_zone.key,
    }


def _slot(slot: Slot, left: int) -> dict[str, Any]:
    return {
        "slot_id": slot.slot_id,
        "starts_at": slot.starts_at.isoformat(),
        "ends_at": slot.ends_at.isoformat(),
        "remaining": left,
    }
