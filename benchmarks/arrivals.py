"""Service changes that come at a fixed pace through the API, and the people who deal with them.

The pace does not wait for answers: what a slow system would keep from coming is what is measured.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

from benchmarks.accounts import Request
from http_client import CALLER_TIMEOUT, AsyncClient, TransportError
from tests.support.live import LiveStack
from tests.support.polling import eventually

LACKS_ONE_IN: Final = 3
"""Of the changes, how many come without their document, so that a ticket has to be opened."""

LOOKS_EVERY: Final = 1.0
"""Seconds between two looks of the operator at what awaits approval."""

AT_ONCE: Final = 4
_PATIENCE: Final = 900.0


@dataclass
class Arrivals:
    """The load of one run. `whole` and `lacking` are ids of changes, in order of arrival."""

    portal: AsyncClient
    operator: AsyncClient
    requests: Sequence[Request]
    per_second: float
    whole: list[str] = field(default_factory=list)
    lacking: dict[str, Request] = field(default_factory=dict)
    most_late: float = 0.0
    """Seconds the worst submission went out after its time: the load itself must not give in."""
    not_taken: Counter[str] = field(default_factory=Counter)
    """What approvals were answered with instead of success; the next look repeats them."""
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """Once set, nothing more comes."""

    async def keep_coming(self) -> None:
        """Submit at the pace until it is over; raises HTTPStatusError for one that is refused."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        async with asyncio.TaskGroup() as under_way:
            for number, request in enumerate(self.requests):
                due = begun + number / self.per_second
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.over.wait(), max(0.0, due - loop.time()))
                if self.over.is_set():
                    return
                self.most_late = max(self.most_late, loop.time() - due)
                under_way.create_task(self._submit(number, request))
        raise AssertionError("more time than there are accounts for: fewer minutes, or more of it")

    async def keep_approving(self) -> None:
        """Approve what awaits it, looking once a second, until cancelled."""
        turn = asyncio.Semaphore(AT_ONCE)
        while True:
            query = {"status": "awaiting_approval", "limit": "200"}
            answer = await self.operator.get("/v1/service-changes", params=query)
            waiting = [each["id"] for each in answer.raise_for_status().json()["items"]]
            await asyncio.gather(*(self._approve(turn, each) for each in waiting))
            await asyncio.sleep(LOOKS_EVERY)

    async def bring_what_is_missing(self) -> None:
        """Hand in each document that a ticket asks for."""
        turn = asyncio.Semaphore(AT_ONCE)

        async def bring(change_id: str, request: Request) -> None:
            async with turn:
                path = f"/v1/service-changes/{change_id}/documents"
                files: dict[str, Any] = {"document": request.document.part}
                (await self.portal.post(path, files=files)).raise_for_status()

        await asyncio.gather(*(bring(*each) for each in self.lacking.items()))

    async def reach(self, *statuses: str) -> dict[str, int]:
        """Wait until every change is in one of the statuses; how many are in each."""

        async def counts() -> dict[str, int]:
            answer = await self.operator.get("/v1/service-changes/counts")
            told: dict[str, int] = answer.raise_for_status().json()
            return {status: count for status, count in told.items() if count}

        async def look() -> dict[str, int]:
            await asyncio.sleep(LOOKS_EVERY)
            return await counts()

        return await eventually(look, lambda seen: set(seen) <= set(statuses), within=_PATIENCE)

    async def _submit(self, number: int, request: Request) -> None:
        lacks = number % LACKS_ONE_IN == LACKS_ONE_IN - 1
        files: dict[str, Any] = {"change": (None, json.dumps(request.change), "application/json")}
        if not lacks:
            files["document"] = request.document.part
        answer = await self.portal.post(
            "/v1/service-changes", files=files, headers={"Idempotency-Key": request.key}
        )
        change_id = str(answer.raise_for_status().json()["id"])
        if lacks:
            self.lacking[change_id] = request
        else:
            self.whole.append(change_id)

    async def _approve(self, turn: asyncio.Semaphore, change_id: str) -> None:
        async with turn:
            try:
                answer = await self.operator.post(
                    f"/v1/service-changes/{change_id}/actions/approve",
                    json={"reason": "As agreed."},
                    headers={"Idempotency-Key": uuid4().hex},
                )
            except TransportError:
                self.not_taken["nothing"] += 1
            else:
                if not answer.is_success:
                    self.not_taken[str(answer.status_code)] += 1


@asynccontextmanager
async def arriving(
    stack: LiveStack, requests: Sequence[Request], per_second: float
) -> AsyncIterator[Arrivals]:
    """A portal and an operator, signed in."""

    def caller(name: str) -> AsyncClient:
        headers = {"Authorization": f"Bearer {stack.credentials[name]}"}
        return AsyncClient(
            base_url=stack.api_url, headers=headers, timeout=CALLER_TIMEOUT, trust_env=False
        )

    async with caller("portal") as portal, caller("operator") as operator:
        yield Arrivals(portal, operator, requests, per_second)
