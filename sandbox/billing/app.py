"""The billing vendor as an application: snake_case, API key, idempotency keys, signed webhooks."""

from collections.abc import Mapping
from os import environ as process_environ
from pathlib import Path
from typing import Any, Final

from starlette.middleware import Middleware
from starlette.types import ASGIApp

from sandbox._base.app import build
from sandbox._base.refusals import Refusal
from sandbox._base.store import Clock, utc_now
from sandbox._base.vendor import Vendor, receiver_of, required
from sandbox.billing import (
    account_routes,
    accounts,
    idempotency,
    invoice_lines,
    price_change_routes,
)

_ERROR_TYPES: Final[Mapping[int, str]] = {
    401: "authentication_error",
    409: "conflict_error",
    429: "rate_limit_error",
}
_FIRST_SERVER_ERROR: Final = 500


def _error(refusal: Refusal) -> Mapping[str, Any]:
    """Stripe's shape: everything under `error`."""
    usual = "invalid_request_error" if refusal.status < _FIRST_SERVER_ERROR else "api_error"
    kind = _ERROR_TYPES.get(refusal.status, usual)
    return {
        "error": {
            "type": kind,
            "code": refusal.code,
            "message": refusal.message,
            **refusal.details,
        }
    }


VENDOR = Vendor(
    name="billing",
    schema=accounts.SCHEMA + invoice_lines.SCHEMA + idempotency.SCHEMA,
    load=accounts.load,
    error_body=_error,
    invalid_request_status=400,
)


def create_app(
    *,
    state_dir: Path,
    webhook_url: str | None = None,
    environ: Mapping[str, str] = process_environ,
    clock: Clock = utc_now,
) -> ASGIApp:
    """Billing with its state under `state_dir`; events go to `webhook_url` if there is one."""
    return build(
        VENDOR,
        (account_routes.router, price_change_routes.router),
        state_dir=state_dir,
        environ=environ,
        receiver=receiver_of(webhook_url, environ, "SANDBOX_BILLING_WEBHOOK_SECRET"),
        clock=clock,
        middleware=(Middleware(idempotency.InFlight, error_body=_error),),
        settings={"api_key": required(environ, "SANDBOX_BILLING_API_KEY")},
    )
