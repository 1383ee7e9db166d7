"""What routes are given: the parts of the system, and who is calling."""

import hashlib
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.documents.store import DocumentStore
from adapters.identity import (
    IdentityError,
    IdentityProvider,
    NoRoleError,
    ProviderAwayError,
    TokenExpiredError,
    TokenRefusedError,
)
from adapters.keyring import Keyring
from adapters.postgres.assignments import see_person
from adapters.postgres.tables import ApiKeyRow, ServiceChangeRow
from adapters.temporal.engine import TemporalEngine
from adapters.webhooks import WebhookVerifier
from api.errors import ApiError
from domain.identifiers import System
from domain.service_change import READS_EVERYTHING, Role

_KEY_REMEMBERED_SECONDS: Final = 5.0
"""A disabled key, or a sign-in whose time is over, stops working within this time."""

_ID_TOKEN: Final = re.compile(r"[\w-]+\.[\w-]+\.[\w-]*")
"""Three parts of base64url (RFC 7515); no key of ours holds a full stop."""

_IDENTITY_CODES: Final[Mapping[type[IdentityError], str]] = {
    TokenRefusedError: "not_signed_in",
    TokenExpiredError: "sign_in_ended",
    NoRoleError: "forbidden",
    ProviderAwayError: "identity_provider_unavailable",
}


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling. `until`: when a person has to sign in again; None for a key."""

    name: str
    role: Role
    until: datetime | None = None

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
    keyring: Keyring
    clock: Callable[[], datetime]
    random_bytes: Callable[[int], bytes]
    document_max_bytes: int
    identities: IdentityProvider
    keys: dict[str, tuple[float, Principal]] = field(default_factory=dict)


def parts_of(request: Request) -> Parts:
    """The parts the application was wired with."""
    parts: Parts = request.app.state.parts
    return parts


def correlation_of(request: Request) -> str:
    """This request's correlation id."""
    found: str = request.scope["correlation_id"]
    return found


_DESCRIBED = HTTPBearer(
    auto_error=False, description="An API key of a machine, or a person's OpenID Connect ID token."
)
"""Puts the header into the OpenAPI document; it is read below, for answers of our own."""


async def principal_of(
    request: Request, _: Annotated[object, Depends(_DESCRIBED)] = None
) -> Principal:
    """The caller, by a machine's key or a person's ID token. Raises not_signed_in and its kin."""
    scheme, _, word = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not word:
        raise ApiError("not_signed_in", "There is no bearer key in the Authorization header.")
    parts, word = parts_of(request), word.strip()
    digest = hashlib.sha256(word.encode()).hexdigest()
    remembered = parts.keys.get(digest)
    if remembered is not None and remembered[0] > time.monotonic():
        return remembered[1]
    found = _person if _ID_TOKEN.fullmatch(word) else _key_holder
    principal = await found(parts, word, digest)
    parts.keys[digest] = (time.monotonic() + _KEY_REMEMBERED_SECONDS, principal)
    return principal


async def _key_holder(parts: Parts, word: str, digest: str) -> Principal:
    del word  # known by its hash alone
    async with parts.sessions() as session:
        row = await session.scalar(
            select(ApiKeyRow).where(ApiKeyRow.key_sha256 == digest, ApiKeyRow.disabled_at.is_(None))
        )
    if row is None:
        raise ApiError("not_signed_in", "The bearer key is not known, or no longer valid.")
    return Principal(row.principal, Role(row.role))


async def _person(parts: Parts, word: str, digest: str) -> Principal:
    """A person by name. Somebody's own key has their name, so four eyes never see one as two."""
    del digest
    try:
        person = await parts.identities.person(word)
    except IdentityError as error:
        raise ApiError(_IDENTITY_CODES[type(error)], str(error)) from error
    async with parts.sessions.begin() as session:
        named = await session.scalar(select(ApiKeyRow).where(ApiKeyRow.principal == person.name))
        await see_person(session, person.name, person.role, parts.clock())
    if named is not None and Role(named.role) not in READS_EVERYTHING:
        raise ApiError(
            "forbidden", f"The name {person.name} belongs to a machine; a person needs another."
        )
    return Principal(person.name, person.role, person.until)


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
