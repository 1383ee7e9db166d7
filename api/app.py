"""The application: its parts wired from settings, its routes, its answers to failures."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from adapters.documents.store import DocumentStore, open_store
from adapters.identity import IdentityProvider
from adapters.keyring import Keyring
from adapters.postgres.engine import create_engine, sessions
from adapters.temporal.client import connect
from adapters.temporal.engine import TemporalEngine
from adapters.webhooks import WebhookVerifier
from api import errors
from api.correlation import CorrelationMiddleware
from api.crash_points import MortalMiddleware
from api.dependencies import Parts
from api.errors import PROBLEM_JSON
from api.routes import (
    actions,
    alerts,
    approvals,
    assignments,
    attempts,
    credentials,
    desk,
    differences,
    documents,
    drift,
    evidence,
    exports,
    health,
    live_steps,
    machines,
    mappings,
    notes,
    pauses,
    permissions,
    previews,
    reconciliation,
    records,
    replays,
    reports,
    service_changes,
    today,
    views,
    webhooks,
)
from crash_points import CrashPoints
from domain.contracts import Problem
from domain.submission import Submission
from domain.vendor_events import SENDERS
from settings import Settings

ROUTERS = (
    exports.router,  # before the changes', of which one may have any name in the same place
    service_changes.router,
    previews.router,
    actions.router,
    approvals.router,
    evidence.router,
    notes.router,
    live_steps.router,
    assignments.router,
    replays.router,  # before the desk's, whose causes take any name in the same place
    desk.router,
    documents.router,
    records.router,
    permissions.router,
    views.router,
    today.router,
    alerts.router,
    health.router,
    attempts.router,
    reports.router,
    reconciliation.router,
    differences.router,
    pauses.router,
    credentials.router,
    drift.router,
    mappings.router,
    webhooks.router,
    machines.router,
)

BY_HAND = (Submission, Problem)
"""What is read off the wire, or put on it, without FastAPI's help."""


def now() -> datetime:
    """UTC."""
    return datetime.now(UTC)


@asynccontextmanager
async def wire(settings: Settings) -> AsyncIterator[Parts]:
    """The parts of the system, open while the block runs.

    Neither the database nor the engine has to be there yet: requests answer 503 until they are.
    """
    engine = create_engine(
        settings.database_url,
        pool_size=settings.database_pool_size,
        application="throughline-api",
        ping=True,
    )
    client = await connect(settings.temporal_target, settings.temporal_namespace, lazy=True)
    secrets = {system: settings.webhook_secrets(system) for system in SENDERS}
    try:
        yield Parts(
            sessions=sessions(engine),
            engine=TemporalEngine(client, settings.temporal_task_queue),
            documents=DocumentStore(open_store(settings.document_store_url)),
            verifiers={system: WebhookVerifier(keys) for system, keys in secrets.items() if keys},
            keyring=Keyring(settings.keyring.get_secret_value()),
            clock=now,
            random_bytes=os.urandom,
            document_max_bytes=settings.document_max_bytes,
            identities=IdentityProvider(
                settings.oidc_issuer_url,
                settings.oidc_client_id,
                name_claim=settings.oidc_name_claim,
                role_claim=settings.oidc_role_claim,
                roles=settings.oidc_roles,
                clock=now,
            ),
            report_when=settings.report_when,
        )
    finally:
        await engine.dispose()


def create_app(settings: Settings | None = None) -> FastAPI:
    """The API of one system, described by `settings` (the environment's by default)."""
    chosen = settings or Settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with wire(chosen) as parts:
            app.state.parts = parts
            yield

    app = FastAPI(
        title="Throughline",
        version="1",
        summary="Service changes across CRM, billing, scheduling and ticketing",
        lifespan=lifespan,
        responses={
            "default": {
                "description": "Problem details (RFC 9457)",
                "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }
        },
    )
    for router in ROUTERS:
        app.include_router(router)
    errors.install(app)
    app.add_middleware(CorrelationMiddleware)
    if chosen.crash_points is not None:
        app.add_middleware(MortalMiddleware, points=CrashPoints(chosen.crash_points))
    _describe(app)
    return app


def _describe(app: FastAPI) -> None:
    """Add to the OpenAPI document what routes read and answer by hand."""

    def described() -> dict[str, object]:
        if app.openapi_schema is None:
            document = get_openapi(
                title=app.title, version=app.version, summary=app.summary, routes=app.routes
            )
            schemas = document["components"]["schemas"]
            for model in BY_HAND:
                schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
                schemas |= {**schema.pop("$defs", {}), **schemas, model.__name__: schema}
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign] # FastAPI's documented way to extend it
