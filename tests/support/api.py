"""The API wired as in production, on the test's own database; one signed-in client per caller."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.tables import ApiKeyRow
from api.app import create_app
from api.dependencies import Parts
from domain.service_change import Role
from http_client import ASGITransport, AsyncBaseTransport, AsyncClient, Response
from settings import Settings
from stack.ports import LOOPBACK
from tests.support.polling import eventually

CALLERS = {
    "portal": Role.PORTAL,
    "partner": Role.PARTNER,
    "support": Role.SUPPORT,
    "operator": Role.OPERATOR,
    "second_operator": Role.OPERATOR,
    "admin": Role.ADMIN,
    "second_admin": Role.ADMIN,
}
KEYRING = "dGhlLWtleXJpbmctb2YtdGhlLXRlc3RzLTAxMjM0NTY="
BILLING_SECRET = "whsec_YmlsbGluZy1vZi10aGUtdGVzdHMtMDEyMzQ1Njc4OQ=="
TICKETING_SECRET = "whsec_dGlja2V0aW5nLW9mLXRoZS10ZXN0cy0wMTIzNDU2Nzg5"

ACCOUNT = "7590-VHVEG"
CHANGE: dict[str, Any] = {
    "account_id": ACCOUNT,
    "kind": "add_service",
    "requested_date": "2026-12-01",
    "details": {"service": "online_security"},
}
PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xd9"


def new_key() -> dict[str, str]:
    """Headers with an idempotency key nobody has used."""
    return {"Idempotency-Key": uuid.uuid4().hex}


@dataclass
class ApiUnderTest:
    """A running application. Clients are signed in; `anonymous` is not."""

    app: FastAPI
    transport: AsyncBaseTransport
    base_url: str = "http://api.test"
    clients: dict[str, AsyncClient] = field(default_factory=dict)

    @property
    def parts(self) -> Parts:
        """What the routes are given; a test may replace one."""
        parts: Parts = self.app.state.parts
        return parts

    def client(self, caller: str) -> AsyncClient:
        """The client of one of CALLERS, or of nobody."""
        if caller not in self.clients:
            headers = {} if caller == "anonymous" else {"Authorization": f"Bearer key-of-{caller}"}
            self.clients[caller] = AsyncClient(
                transport=self.transport, base_url=self.base_url, headers=headers
            )
        return self.clients[caller]

    @property
    def portal(self) -> AsyncClient:
        """The portal, which submits."""
        return self.client("portal")

    @property
    def operator(self) -> AsyncClient:
        """An operator, who decides."""
        return self.client("operator")

    async def submit(
        self,
        change: dict[str, Any] | None = None,
        *,
        caller: str = "portal",
        document: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Response:
        """POST a change, with a document or without."""
        client = self.client(caller)
        body = CHANGE | (change or {})
        headers = new_key() | (headers or {})
        if document is None:
            return await client.post("/v1/service-changes", json=body, headers=headers)
        return await client.post(
            "/v1/service-changes", files=as_parts(body, document), headers=headers
        )

    async def accepted(self, change: dict[str, Any] | None = None, **how: Any) -> dict[str, Any]:  # noqa: ANN401 - as for submit
        """Submit and expect acceptance; the change as answered."""
        answer = await self.submit(change, **how)
        assert answer.status_code == 202, answer.text
        body: dict[str, Any] = answer.json()
        return body


def as_parts(change: Any, document: bytes, filename: str = "order.pdf") -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """Multipart parts as the contract names them."""
    return {
        "change": (None, json.dumps(change), "application/json"),
        "document": (filename, document, "application/octet-stream"),
    }


async def sign_in_everybody(sessions: async_sessionmaker[AsyncSession]) -> None:
    """Give every caller a key. Safe to repeat."""
    rows = [
        {
            "key_sha256": sha256(f"key-of-{name}".encode()).hexdigest(),
            "principal": name,
            "role": role,
        }
        for name, role in CALLERS.items()
    ]
    async with sessions.begin() as session:
        await session.execute(insert(ApiKeyRow).values(rows).on_conflict_do_nothing())


def settings_for(
    database_url: str,
    temporal_address: str,
    folder: Path,
    **others: Any,  # noqa: ANN401 - any setting
) -> Settings:
    """Settings of a system of the test's own."""
    values: dict[str, Any] = {
        "database_url": database_url,
        "temporal_address": temporal_address,
        "temporal_task_queue": f"test-{uuid.uuid4().hex}",
        "document_store": (folder / "documents").as_uri(),
        "keyring": SecretStr(KEYRING),
        "billing_webhook_secret": SecretStr(BILLING_SECRET),
        "ticketing_webhook_secret": SecretStr(TICKETING_SECRET),
    }
    return Settings(**values | others)


@asynccontextmanager
async def running_api(settings: Settings) -> AsyncIterator[ApiUnderTest]:
    """The application with its lifespan, called in this process without a socket."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        # A failure of the application is an answer here, as it is to a caller over a socket.
        under_test = ApiUnderTest(app, ASGITransport(app, raise_app_exceptions=False))
        try:
            yield under_test
        finally:
            for client in under_test.clients.values():
                await client.aclose()


@asynccontextmanager
async def served(api: ApiUnderTest) -> AsyncIterator[str]:
    """The running application behind a real server for the length of the block; its URL."""
    config = uvicorn.Config(
        api.app, host=LOOPBACK, port=0, lifespan="off", log_config=None, access_log=False
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    await eventually(started, bool)
    yield f"http://{LOOPBACK}:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await task
