"""Callers of the API: patient, always under one key until they are answered. Decides nothing."""

import asyncio
import contextlib
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

from http_client import AsyncClient, Response, TransportError
from tests.faults.evidence import Contest, Forbidden
from tests.faults.wishes import Wish, multipart, paper
from tests.support.live import LiveStack

NAMES: Final = ("portal", "operator", "second_operator", "support", "admin")
PATIENCE: Final = 180.0
_PAUSE: Final = 0.3
_LATER: Final = frozenset({429, 500, 502, 503, 504})


class UnansweredError(Exception):
    """Nobody answered for PATIENCE seconds."""


@dataclass(slots=True)
class CallersLog:
    """What callers were told, to be held against what is there."""

    accepted: dict[str, str] = field(default_factory=dict)
    """Idempotency key -> change."""
    answers: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Idempotency key -> every change it was answered with."""
    unanswered: set[str] = field(default_factory=set)
    """Keys that were sent and have had no answer so far."""
    statuses: Counter[int] = field(default_factory=Counter)
    unasked: list[str] = field(default_factory=list)
    """Answers nobody should ever get: 500s, and 503s without Retry-After."""
    answered_at: list[datetime] = field(default_factory=list)
    """When the API said anything but that something is away."""
    forbidden: list[Forbidden] = field(default_factory=list)
    contests: list[Contest] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def answered(self, answer: Response) -> None:
        """Note an answer of whatever kind."""
        self.statuses[answer.status_code] += 1
        if answer.status_code < 500:
            self.answered_at.append(datetime.now(UTC))
        told = f"{answer.request.method} {answer.request.url.path}: {answer.status_code}"
        if answer.status_code == 500:
            self.unasked.append(told)
        if answer.status_code == 503 and "Retry-After" not in answer.headers:
            self.unasked.append(f"{told} without Retry-After")


@dataclass(slots=True)
class People:
    """Everybody who calls, each signed in."""

    clients: dict[str, AsyncClient]
    log: CallersLog
    run: str

    async def ask(self, send: Callable[[], Awaitable[Response]]) -> Response:
        """Ask until there is an answer that is not 'come back later'."""
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE
        while loop.time() < until:
            pause = _PAUSE
            with contextlib.suppress(TransportError):
                answer = await send()
                self.log.answered(answer)
                if answer.status_code not in _LATER:
                    return answer
                pause = float(answer.headers.get("Retry-After", _PAUSE))
            await asyncio.sleep(pause)
        raise UnansweredError

    async def get(
        self, path: str, who: str = "operator", query: Mapping[str, str] | None = None
    ) -> Response:
        """Read something."""
        return await self.ask(lambda: self.clients[who].get(path, params=query))

    async def read(self, change_id: str) -> dict[str, Any]:
        """A change, whole."""
        body: dict[str, Any] = (await self.get(f"/v1/service-changes/{change_id}")).json()
        return body

    async def submit(self, who: str, wish: Wish, text: str | None, number: int) -> str | None:
        """Submit until it is answered; None if it never was. The log knows which key it had."""
        key = f"{self.run}-{number}"
        self.log.unanswered.add(key)
        try:
            answer = await self.ask(
                lambda: self.clients[who].post(
                    "/v1/service-changes",
                    files=multipart(wish, text),
                    headers={"Idempotency-Key": key},
                )
            )
        except UnansweredError:
            return None
        self.log.unanswered.discard(key)
        if answer.status_code != 202:
            self.log.remarks.append(f"submission {key}: {answer.status_code} {answer.text[:200]}")
            return None
        change_id = str(answer.json()["id"])
        self.log.accepted[key] = change_id
        self.log.answers[key].add(change_id)
        return change_id

    async def act(
        self,
        who: str,
        change_id: str,
        action: str,
        *,
        reason: str = "As agreed.",
        key: str | None = None,
        extra: Mapping[str, object] | None = None,
    ) -> Response:
        """Decide until it is answered, always under one key."""
        headers = {"Idempotency-Key": key or uuid4().hex}
        return await self.ask(
            lambda: self.clients[who].post(
                f"/v1/service-changes/{change_id}/actions/{action}",
                json={"reason": reason, **(extra or {})},
                headers=headers,
            )
        )

    async def post(self, who: str, path: str, body: dict[str, Any]) -> Response:
        """Any other request that may be repeated under its key."""
        headers = {"Idempotency-Key": uuid4().hex}
        return await self.ask(lambda: self.clients[who].post(path, json=body, headers=headers))

    async def upload(self, who: str, change_id: str, text: str) -> Response:
        """Hand in a further document version; the same bytes again change nothing."""
        return await self.ask(
            lambda: self.clients[who].post(
                f"/v1/service-changes/{change_id}/documents", files={"document": paper(text)}
            )
        )

    async def forbidden(
        self,
        who: str,
        change_id: str,
        action: str,
        kind: str,
        extra: Mapping[str, object] | None = None,
    ) -> None:
        """Try what nobody may do, and note the last word on it."""
        answer = await self.act(who, change_id, action, extra=extra)
        name = (await self.get("/v1/me", who)).json()["principal"]
        self.log.forbidden.append(Forbidden(change_id, name, action, kind, answer.status_code))


@asynccontextmanager
async def people(stack: LiveStack) -> AsyncIterator[People]:
    """Everybody, signed in at the stack's API, for one run."""
    async with contextlib.AsyncExitStack() as exits:
        clients = {
            name: await exits.enter_async_context(
                AsyncClient(
                    base_url=stack.api_url,
                    headers={"Authorization": f"Bearer {stack.credentials[name]}"},
                    trust_env=False,
                    timeout=30,
                )
            )
            for name in NAMES
        }
        yield People(clients, CallersLog(), uuid4().hex[:12])
