"""Answers a repeated request with its first answer, byte for byte."""

import re
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import Header, Request
from fastapi.responses import Response
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.acceptance import KeptAnswer, keep_answer, kept_answer
from api.dependencies import Principal
from api.errors import ApiError
from domain.identifiers import fingerprint

_KEY: Final = re.compile(r"[!-~](?:[ -~]{0,253}[!-~])?")
"""Printable ASCII, as the IETF draft on the Idempotency-Key header has it."""

REPLAYED: Final = "Idempotent-Replayed"


def required_key(
    idempotency_key: Annotated[str | None, Header(alias="Idempotency-Key")] = None,
) -> str:
    """The caller's key. Raises idempotency_key_missing."""
    key = (idempotency_key or "").strip()
    if not _KEY.fullmatch(key):
        raise ApiError(
            "idempotency_key_missing",
            "The Idempotency-Key header is required, with 1 to 255 printable ASCII characters.",
        )
    return key


@dataclass(frozen=True, slots=True)
class Repeatable:
    """One request under its key: the same caller, route, body and document, or another request."""

    caller: str
    key: str
    fingerprint: str

    async def replay(self, session: AsyncSession) -> Response | None:
        """The first answer, if there was one. Raises idempotency_key_reused."""
        kept = await kept_answer(session, self.caller, self.key)
        return self.answer_of(kept) if kept else None

    async def keep(
        self,
        session: AsyncSession,
        view: BaseModel,
        at: datetime,
        status: int = HTTPStatus.OK,
        *,
        change_id: str | None = None,
    ) -> Response:
        """The answer, kept in the transaction of what it tells; the last thing done in it.

        Where the same request came first meanwhile, this one is rolled back and has its answer.
        Raises idempotency_key_reused where another request did.
        """
        body = as_bytes(view)
        first = await keep_answer(
            session,
            caller=self.caller,
            key=self.key,
            fingerprint_=self.fingerprint,
            change_id=change_id,
            answer=(status, body),
            at=at,
        )
        if first:
            return Response(body, status, media_type="application/json")
        await session.rollback()
        async with AsyncSession(session.bind) as fresh:
            kept = await self.replay(fresh)
        if kept is None:
            raise ApiError("internal", "The first answer under this key cannot be found.")
        return kept

    def answer_of(self, kept: KeptAnswer) -> Response:
        """A kept answer again. Raises idempotency_key_reused for another request."""
        if kept.fingerprint != self.fingerprint:
            raise ApiError(
                "idempotency_key_reused", "This key already belongs to a different request."
            )
        return Response(
            kept.body,
            status_code=kept.status_code,
            headers={REPLAYED: "true"},
            media_type="application/json",
        )


def repeatable(
    request: Request, caller: Principal, key: str, body: object, document_sha256: str | None = None
) -> Repeatable:
    """Fingerprint over method, path, caller, body and document."""
    return Repeatable(
        caller.name,
        key,
        fingerprint(
            {
                "method": request.method,
                "path": request.url.path,
                "caller": caller.name,
                "body": body,
                "document": document_sha256,
            }
        ),
    )


def as_bytes(view: BaseModel) -> bytes:
    """The one form an answer is sent and kept in."""
    return view.model_dump_json().encode()
