"""Carries faults out, around the vendor's application. Which call is hit stands in `faults.py`."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox._base.faults import STATUS_FIELDS, Fault, FaultBoard, FaultKind
from sandbox._base.refusals import ErrorBody, Refusal
from sandbox._base.store import LAG_SECONDS

CONTROL_PREFIX: Final = "/_control/"
CUT_CONNECTION: Final = "cut_connection"
"""Key of the request's `state` under which our server offers to cut the TCP connection."""

_PAGE: Final = "<!doctype html><title>Maintenance</title><h1>We will be back shortly.</h1>"


@dataclass(frozen=True, slots=True)
class _Call:
    """One request about to suffer a fault."""

    app: ASGIApp
    scope: Scope
    receive: Receive
    send: Send
    error_body: ErrorBody

    async def carry_out(self) -> None:
        await self.app(self.scope, self.receive, self.send)

    async def carry_out_unheard(self) -> "_Answer":
        """The vendor's answer, kept from the caller."""
        answer = _Answer()
        await self.app(self.scope, self.receive, answer.hear)
        return answer

    async def answer(self, response: Response) -> None:
        await response(self.scope, self.receive, self.send)

    async def refuse(self, refusal: Refusal) -> None:
        body = self.error_body(refusal)
        await self.answer(JSONResponse(body, refusal.status, headers=dict(refusal.headers)))

    def cut(self) -> None:
        """End the TCP connection here and now, without a byte of an answer."""
        cut = self.scope.get("state", {}).get(CUT_CONNECTION)
        if cut is None:
            raise ConnectionResetError(
                "no connection to cut: serve the app with sandbox._base.server"
            )
        cut()


@dataclass(slots=True)
class _Answer:
    """An answer that was caught on its way."""

    start: dict[str, Any] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)

    async def hear(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.start = dict(message)
        else:
            self.body += message.get("body", b"")

    async def send_with(self, body: bytes, send: Send) -> None:
        headers = [pair for pair in self.start["headers"] if pair[0] != b"content-length"]
        length = (b"content-length", str(len(body)).encode())
        await send({**self.start, "headers": [*headers, length]})
        await send({"type": "http.response.body", "body": body})


async def _status(fault: Fault, call: _Call) -> None:
    if fault.after_effect:
        await call.carry_out_unheard()
    message = f"The service answered {fault.status} on purpose."
    await call.refuse(Refusal(fault.status, "injected_fault", message, headers=fault.headers))


async def _rate_limit(fault: Fault, call: _Call) -> None:
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    message = "Too many requests. Wait as long as Retry-After says."
    await call.refuse(Refusal(429, "rate_limited", message, headers=headers))


async def _drop_before_effect(fault: Fault, call: _Call) -> None:
    del fault
    call.cut()


async def _drop_after_effect(fault: Fault, call: _Call) -> None:
    del fault
    await call.carry_out_unheard()
    call.cut()


async def _delay(fault: Fault, call: _Call) -> None:
    if fault.after_effect:
        answer = await call.carry_out_unheard()
        await asyncio.sleep(fault.delay_seconds)
        await answer.send_with(bytes(answer.body), call.send)
        return
    await asyncio.sleep(fault.delay_seconds)
    await call.carry_out()


async def _html(fault: Fault, call: _Call) -> None:
    del fault
    await call.answer(HTMLResponse(_PAGE))


async def _token_expired(fault: Fault, call: _Call) -> None:
    del fault
    challenge = 'Bearer error="invalid_token", error_description="The access token expired"'
    headers = {"WWW-Authenticate": challenge}
    message = "The access token expired. Get a new one and repeat the request."
    await call.refuse(Refusal(401, "token_expired", message, headers=headers))


async def _lagging_reads(fault: Fault, call: _Call) -> None:
    token = LAG_SECONDS.set(fault.delay_seconds)
    try:
        await call.carry_out()
    finally:
        LAG_SECONDS.reset(token)


async def _rewritten(rewrite: Callable[[Fault, bytes], bytes], fault: Fault, call: _Call) -> None:
    answer = await call.carry_out_unheard()
    await answer.send_with(rewrite(fault, bytes(answer.body)), call.send)


def _truncated(fault: Fault, body: bytes) -> bytes:
    del fault
    return body[: len(body) // 2]


def _renamed(fault: Fault, body: bytes) -> bytes:
    old, new = fault.field, fault.new_name or f"{fault.field}V2"
    return _each_member(body, lambda name, value: (new if name == old else name, value))


def _with_new_status(fault: Fault, body: bytes) -> bytes:
    fields = {fault.field} if fault.field else STATUS_FIELDS
    return _each_member(body, lambda name, value: (name, fault.value if name in fields else value))


def _without(fault: Fault, body: bytes) -> bytes:
    return _each_member(body, lambda name, value: None if name == fault.field else (name, value))


def _retyped(fault: Fault, body: bytes) -> bytes:
    return _each_member(body, lambda name, value: (name, [value] if name == fault.field else value))


def _with_new_field(fault: Fault, body: bytes) -> bytes:
    def changed(told: Any) -> Any:  # noqa: ANN401 - JSON is any of six types
        return told | {fault.field: fault.value} if isinstance(told, dict) else told

    return _as_json(body, changed)


def _each_member(body: bytes, change: Callable[[str, Any], tuple[str, Any] | None]) -> bytes:
    """Apply a change to every member of every object, at any depth.

    A change that gives None takes the member away.
    """

    def changed(value: Any) -> Any:  # noqa: ANN401 - JSON is any of six types
        if isinstance(value, dict):
            members = (change(name, changed(member)) for name, member in value.items())
            return dict(member for member in members if member is not None)
        return [changed(item) for item in value] if isinstance(value, list) else value

    return _as_json(body, changed)


def _as_json(body: bytes, change: Callable[[Any], Any]) -> bytes:
    """Apply a change to what a body says in JSON; other bodies stay."""
    try:
        return json.dumps(change(json.loads(body))).encode()
    except ValueError:
        return body


_ACTS: Final[Mapping[FaultKind, Callable[[Fault, _Call], Awaitable[None]]]] = {
    FaultKind.STATUS: _status,
    FaultKind.RATE_LIMIT: _rate_limit,
    FaultKind.DROP_AFTER_EFFECT: _drop_after_effect,
    FaultKind.DROP_BEFORE_EFFECT: _drop_before_effect,
    FaultKind.DELAY: _delay,
    FaultKind.TRUNCATE: partial(_rewritten, _truncated),
    FaultKind.RENAME_FIELD: partial(_rewritten, _renamed),
    FaultKind.REMOVE_FIELD: partial(_rewritten, _without),
    FaultKind.RETYPE_FIELD: partial(_rewritten, _retyped),
    FaultKind.NEW_FIELD: partial(_rewritten, _with_new_field),
    FaultKind.NEW_STATUS: partial(_rewritten, _with_new_status),
    FaultKind.HTML: _html,
    FaultKind.TOKEN_EXPIRED: _token_expired,
    FaultKind.LAGGING_READS: _lagging_reads,
}


class FaultInjection:
    """ASGI middleware: lets each call through, or makes it suffer the fault that is due."""

    def __init__(self, app: ASGIApp, *, board: FaultBoard, error_body: ErrorBody) -> None:
        self._app = app
        self._board = board
        self._error_body = error_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the class."""
        if scope["type"] != "http" or scope["path"].startswith(CONTROL_PREFIX):
            await self._app(scope, receive, send)
            return
        fault = self._board.strike(scope["method"], scope["path"])
        if fault is None:
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})["fault"] = fault.kind
        call = _Call(self._app, scope, receive, send, self._error_body)
        await _ACTS[fault.kind](fault, call)
