"""Many real changes that stand still at one vendor for one cause, on the live stack."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final, TypeVar

from benchmarks.accounts import Request, requests
from domain.service_change import ChangeStatus
from http_client import AsyncClient, TransportError
from tests.support.live import LiveStack
from tests.support.polling import eventually

In = TypeVar("In")
Out = TypeVar("Out")

AT_ONCE: Final = 8
PATIENCE: Final = 240.0
"""Seconds for all of them, on a machine that does other things as well."""

ROUTE: Final = "/v1/service-changes"


def api(stack: LiveStack, role: str) -> AsyncClient:
    """The API as that role has it."""
    return AsyncClient(
        base_url=stack.api_url,
        headers={"Authorization": f"Bearer {stack.credentials[role]}"},
        trust_env=False,
        timeout=60,
    )


def from_the_end(count: int) -> list[Request]:
    """Changes of real accounts with nothing in their way; other tests begin at the beginning."""
    return list(requests(datetime.now(UTC)))[-count:]


@contextmanager
def web_pages_at_the_crm(stack: LiveStack) -> Iterator[None]:
    """The CRM answers whoever orders something with a web page, for the length of the block."""
    with stack.vendor("crm") as crm:
        fault = {"kind": "html", "method": "POST", "path_prefix": "/orders", "calls": 10_000}
        crm.post("/_control/faults", json=fault).raise_for_status()
        try:
            yield
        finally:
            crm.delete("/_control/faults").raise_for_status()


async def parked_at_the_crm(stack: LiveStack, wanted: list[Request]) -> list[str]:
    """Handed in, checked, approved, billed, and stopped at the CRM's web page; their ids."""
    async with api(stack, "portal") as portal, api(stack, "admin") as admin:

        async def submit(request: Request) -> str:
            answer = await portal.post(
                ROUTE,
                headers={"Idempotency-Key": request.key},
                files={
                    "change": (None, json.dumps(request.change), "application/json"),
                    "document": (
                        request.document.filename,
                        request.document.content,
                        request.document.media_type,
                    ),
                },
            )
            assert answer.status_code == 202, answer.text
            return str(answer.json()["id"])

        async def approve(change_id: str) -> None:
            answer = await admin.post(
                f"{ROUTE}/{change_id}/actions/approve",
                json={"reason": "As agreed."},
                headers={"Idempotency-Key": f"parked-{change_id}"},
            )
            assert answer.status_code == 200, answer.text

        ids = await _gently(submit, wanted)
        await all_reach(stack, ids, ChangeStatus.AWAITING_APPROVAL)
        with web_pages_at_the_crm(stack):
            await _gently(approve, ids)
            await all_reach(stack, ids, ChangeStatus.NEEDS_ATTENTION)
    return ids


async def all_reach(stack: LiveStack, ids: list[str], status: ChangeStatus) -> None:
    """Wait until every one of them has that status."""
    async with api(stack, "support") as support:

        async def there() -> set[str]:
            try:
                return await look()
            except TransportError:  # a busy machine; it is asked again
                return set()

        async def look() -> set[str]:
            found: set[str] = set()
            cursor: str | None = None
            while True:
                query = {"status": str(status), "limit": "200"} | (
                    {"cursor": cursor} if cursor else {}
                )
                page = (await support.get(ROUTE, params=query)).raise_for_status().json()
                found |= {item["id"] for item in page["items"]}
                cursor = page["next_cursor"]
                if cursor is None:
                    return found

        await eventually(there, lambda found: found >= set(ids), within=PATIENCE)


async def _gently(do: Callable[[In], Awaitable[Out]], each: Sequence[In]) -> list[Out]:
    """Do it with each, so many at once; what came of each in their order."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(item: In) -> Out:
        async with room:
            return await do(item)

    return list(await asyncio.gather(*map(one, each)))
