"""Puts a vendor's application together: routes, control, faults, rate limit, webhooks."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.types import ASGIApp

from sandbox._base.call_log import CallLog
from sandbox._base.control import router as control
from sandbox._base.deliveries import DeliveryBoard
from sandbox._base.edge import Edge, RateLimit
from sandbox._base.fault_injection import FaultInjection
from sandbox._base.faults import FaultBoard
from sandbox._base.refusals import Refusal
from sandbox._base.store import Clock, Store, utc_now
from sandbox._base.vendor import Sandbox, Vendor
from sandbox._base.webhooks import Receiver, WebhookSender


def build(
    vendor: Vendor,
    routers: Sequence[APIRouter],
    *,
    state_dir: Path,
    environ: Mapping[str, str],
    receiver: Receiver | None = None,
    clock: Clock = utc_now,
    middleware: Sequence[Middleware] = (),
    settings: Mapping[str, str] | None = None,
) -> ASGIApp:
    """The vendor's application, with its state opened (and loaded when new).

    Routes must be `async def`: a threaded route would leave the event loop that owns the store.
    `middleware` lies outside the faults, `settings` is what the environment
    told the vendor, secrets included; routes find it on the `Sandbox`.
    """
    store = Store(
        state_dir / f"{vendor.name}.sqlite3", schema=vendor.schema, load=vendor.load, clock=clock
    )
    deliveries = DeliveryBoard()
    sender = WebhookSender(store, receiver, clock, deliveries) if receiver else None
    faults = FaultBoard(vendor.credential_path)
    calls = CallLog(clock)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        del app
        async with AsyncExitStack() as running:
            running.callback(store.close)
            if sender is not None:
                await running.enter_async_context(sender.running())
            yield

    app = FastAPI(title=f"{vendor.name} sandbox", lifespan=lifespan)
    app.state.sandbox = Sandbox(
        vendor, store, clock, faults, deliveries, calls, sender, settings or {}
    )
    for router in (control, *routers):
        app.include_router(router)
    _say_no_in_style(app, vendor)

    layered: ASGIApp = FaultInjection(app, board=faults, error_body=vendor.error_body)
    for layer in reversed(middleware):
        layered = layer.cls(layered, *layer.args, **layer.kwargs)
    if per_second := float(environ.get("SANDBOX_RATE_LIMIT_PER_SECOND") or 0):
        layered = RateLimit(layered, per_second=per_second, error_body=vendor.error_body)
    return Edge(layered, calls)


def _say_no_in_style(app: FastAPI, vendor: Vendor) -> None:
    def answer(refusal: Refusal) -> JSONResponse:
        body = vendor.error_body(refusal)
        return JSONResponse(body, refusal.status, headers=dict(refusal.headers))

    @app.exception_handler(Refusal)
    async def refused(request: Request, refusal: Refusal) -> JSONResponse:
        del request
        return answer(refusal)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        del request
        words = "; ".join(_told(problem) for problem in error.errors())
        return answer(Refusal(vendor.invalid_request_status, "invalid_request", words))

    @app.exception_handler(HTTPException)
    async def other(request: Request, error: HTTPException) -> JSONResponse:
        message = f"{request.method} {request.url.path}: {error.detail}"
        return answer(Refusal(error.status_code, "invalid_request", message, headers=error.headers))


def _told(problem: Mapping[str, Any]) -> str:
    """One validation problem as `field: what is wrong`."""
    place = ".".join(str(part) for part in problem["loc"][1:]) or "body"
    return f"{place}: {str(problem['msg']).removeprefix('Value error, ')}"
