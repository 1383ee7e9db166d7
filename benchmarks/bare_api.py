"""The bare counterpart of the submit route: FastAPI, one row inserted and committed, 202.

`python -m benchmarks.bare_api PORT` serves it; the database's URL comes in BARE_DATABASE_URL.
"""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI
from sqlalchemy import JSON, Column, Integer, MetaData, Table, insert

from adapters.postgres.engine import create_engine

POOL_SIZE = 10
METADATA = MetaData()
ROWS = Table("bare_rows", METADATA, Column("id", Integer, primary_key=True), Column("body", JSON))


def create_app(database_url: str) -> FastAPI:
    """The application, with the pool the real one has."""
    engine = create_engine(database_url, pool_size=POOL_SIZE, application="throughline-bare")

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        del app
        async with engine.begin() as connection:
            await connection.run_sync(METADATA.create_all)
        yield
        await engine.dispose()

    app = FastAPI(lifespan=lifespan)

    @app.post("/rows", status_code=202)
    async def add(body: dict[str, Any]) -> dict[str, Any]:
        async with engine.begin() as connection:
            row = await connection.scalar(insert(ROWS).values(body=body).returning(ROWS.c.id))
        return {"id": row, **body}

    return app


if __name__ == "__main__":
    uvicorn.run(
        create_app(os.environ["BARE_DATABASE_URL"]),
        port=int(sys.argv[1]),
        log_config=None,
        access_log=False,
    )
