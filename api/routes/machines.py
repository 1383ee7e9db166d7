"""For machines: is the process alive, and can it do its work."""

import asyncio

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from sqlalchemy import text

from api.dependencies import System_

router = APIRouter(prefix="/health", tags=["machines"])


@router.get("/live")
async def live() -> dict[str, str]:
    """The process answers; nothing more is promised."""
    return {"status": "alive"}


@router.get("/ready")
async def ready(parts: System_) -> JSONResponse:
    """200 when a change can be accepted and decided; 503 naming the part that is away."""
    database, engine = await asyncio.gather(_database(parts), parts.engine.answers())
    found = {"database": database, "engine": engine}
    return JSONResponse(
        {name: "ok" if fine else "away" for name, fine in found.items()},
        status_code=200 if all(found.values()) else 503,
    )


async def _database(parts: System_) -> bool:
    try:
        async with parts.sessions() as session:
            await session.execute(text("SELECT 1"))
    except Exception:  # noqa: BLE001 - whatever it is, the database cannot be used
        return False
    return True
