"""What routes are given: the parts of the system, and who is calling."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.documents.store import DocumentStore
from adapters.postgres.tables import ApiKeyRow, ServiceChangeRow
from adapters.temporal.engine import TemporalEngine
from adapters.webhooks import WebhookVerifier
from api.errors import ApiError
from domain.identifiers import System
from domain.service_change import READS_EVERYTHING, Role

_KEY_REMEMBERED_SECONDS: Final = 5.0
"""A disabled key stops working within this time."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling."""

    name: str
    role: Role

    @property
    def sees_only_own(self) -> str | None:
        """The name lists are narrowed to; None for those who read everything."""
        return None if self.role in READS_EVERYTHING else self.name


@dataclass(slots=True)
class Parts:
    """The system, as routes need it. Built once where the application is wired."""

    sessions: async_sessionmaker[AsyncSession]
    engine: TemporalEngine
    documents: DocumentStore
    verifiers: dict[System, WebhookVerifier]
    clock: Callable[[], datetime]
    random_bytes: Callable[[int], bytes]
    document_max_bytes: int
    keys: dict[str, tuple[float, Principal]] = field(default_factory=dict)


def parts_of(request: Request) -> Parts:
    """The parts the application was wired with."""
    parts: Parts = request.app.state.parts
    return parts


def correlation_of(request: Request) -> str:
    """This request's correlation id."""
    found: str = request.scope["correlation_id"]
    return found


_DESCRIBED = HTTPBearer(auto_error=False, description="One of the API keys.")
"""Puts the header into the OpenAPI document; it is read below, for answers of our own."""


async def principal_of(
    request: Request, _: Annotated[object, Depends(_DESCRIBED)] = None
) -> Principal:
    """The caller, by bearer key. Raises not_signed_in."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key:
        raise ApiError("not_signed_in", "There is no bearer key in the Authorization header.")
    parts = parts_of(request)
    digest = hashlib.sha256(key.strip().encode()).hexdigest()
    remembered = parts.keys.get(digest)
    if remembered is not None and remembered[0] > time.monotonic():
        return remembered[1]
    async with parts.sessions() as session:
        row = await session.scalar(
            select(ApiKeyRow).where(ApiKeyRow.key_sha256 == digest, ApiKeyRow.disabled_at.is_(None))
        )
    if row is None:
        raise ApiError("not_signed_in", "The bearer key is not known, or no longer valid.")
    principal = Principal(row.principal, Role(row.role))
    parts.keys[digest] = (time.monotonic() + _KEY_REMEMBERED_SECONDS, principal)
    return principal


Caller = Annotated[Principal, Depends(principal_of)]
System_ = Annotated[Parts, Depends(parts_of)]
CorrelationId = Annotated[str, Depends(correlation_of)]


def require_role(caller: Principal, *roles: Role) -> None:
    """Pass if the caller has one of the roles, else raise forbidden."""
    if caller.role not in roles:
        raise ApiError("forbidden", f"This needs one of the roles: {', '.join(sorted(roles))}.")


async def visible_change(
    session: AsyncSession, change_id: str, caller: Principal
) -> ServiceChangeRow:
    """The change if the caller may read it; not_found otherwise, so that ids cannot be probed."""
    row = await session.get(ServiceChangeRow, change_id)
    own = caller.sees_only_own
    if row is None or (own is not None and row.submitted_by != own):
        raise ApiError("not_found", f"There is no service change {change_id} that you may read.")
    return row
