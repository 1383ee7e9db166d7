"""The CRM vendor as an application: camelCase, OAuth 2.0, problem details, conditional writes."""

from collections.abc import Mapping
from http.client import responses
from os import environ as process_environ
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from sandbox._base.app import build
from sandbox._base.refusals import Refusal
from sandbox._base.store import Clock, utc_now
from sandbox._base.vendor import Vendor, required
from sandbox.crm import account_routes, accounts, order_routes, orders, tokens

_TOKEN_LIFETIME = "300"  # noqa: S105 - seconds; five minutes make renewal an everyday matter


def _problem(refusal: Refusal) -> Mapping[str, Any]:
    """RFC 9457, with `errorCode` for machines."""
    return {
        "type": "about:blank",
        "title": responses.get(refusal.status, "Error"),
        "status": refusal.status,
        "detail": refusal.message,
        "errorCode": refusal.code,
        **refusal.details,
    }


VENDOR = Vendor(
    name="crm",
    schema=accounts.SCHEMA + orders.SCHEMA + tokens.SCHEMA,
    load=accounts.load,
    error_body=_problem,
    credential_path=tokens.TOKEN_PATH,
    invalid_request_status=400,
)


def create_app(
    *,
    state_dir: Path,
    webhook_url: str | None = None,
    environ: Mapping[str, str] = process_environ,
    clock: Clock = utc_now,
) -> ASGIApp:
    """The CRM with its state under `state_dir`. It sends no webhooks, so the URL is not used."""
    del webhook_url
    return build(
        VENDOR,
        (tokens.router, account_routes.router, order_routes.router),
        state_dir=state_dir,
        environ=environ,
        clock=clock,
        settings={
            "client_id": required(environ, "SANDBOX_CRM_CLIENT_ID"),
            "client_secret": required(environ, "SANDBOX_CRM_CLIENT_SECRET"),
            "token_lifetime": environ.get("SANDBOX_CRM_TOKEN_LIFETIME") or _TOKEN_LIFETIME,
        },
    )
