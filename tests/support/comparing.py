"""Having systems compared, as somebody asks for it through the API."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

from http_client import AsyncClient
from tests.support.polling import eventually


async def compare(
    api: AsyncClient, *, within: float, account_id: str | None = None
) -> dict[str, Any]:
    """Ask for a run over all accounts, or one; the run once it has ended, or AssertionError."""
    answer = await api.post(
        "/v1/reconciliation/runs",
        json={"account_id": account_id} if account_id else {},
        headers={"Idempotency-Key": uuid4().hex},
    )
    place = answer.raise_for_status().headers["location"]

    async def look() -> dict[str, Any]:
        body: dict[str, Any] = (await api.get(place)).raise_for_status().json()
        return body

    return await eventually(look, lambda seen: seen["finished_at"] is not None, within=within)


async def differences(api: AsyncClient, run_id: str) -> AsyncIterator[dict[str, Any]]:
    """Every difference a run found."""
    query: dict[str, str] = {"run": run_id, "limit": "200"}
    while True:
        answer = await api.get("/v1/reconciliation/differences", params=query)
        page = answer.raise_for_status().json()
        for each in page["items"]:
            yield each
        if page["next_cursor"] is None:
            return
        query["cursor"] = page["next_cursor"]
