"""Events from vendors: the signature is checked once, at the door, on the raw bytes."""

import logging
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Request, Response

from adapters.postgres.acceptance import VendorEvent, take_event
from adapters.webhooks import read_event
from api.dependencies import System_
from api.errors import ApiError
from domain.identifiers import System

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])
_LOG = logging.getLogger(__name__)
_LARGEST_EVENT: Final = 256 * 1024
_KEPT_HEADERS: Final = ("webhook-id", "webhook-timestamp", "content-type", "x-correlation-id")


@router.post("/{system}", status_code=HTTPStatus.NO_CONTENT, response_class=Response)
async def receive(system: System, request: Request, parts: System_) -> Response:
    """Take an event. Repeating one is harmless: it is counted and changes nothing."""
    verifier = parts.verifiers.get(system)
    if verifier is None:
        raise ApiError("not_found", f"{system} sends no events here.")
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _LARGEST_EVENT:
            raise ApiError("body_too_large", "The event is larger than any vendor's.")
    payload = verifier.verify(body, request.headers)
    if payload is None:
        _LOG.warning("webhook refused", extra={"system": system})
        raise ApiError("webhook_forged", "The signature or its time does not fit.")
    read = read_event(system, payload)
    event = VendorEvent(
        system=system,
        id=request.headers["webhook-id"],
        type=read.type,
        account_id=read.account_id,
        reference=read.reference,
        body=body,
        headers={name: value for name, value in request.headers.items() if name in _KEPT_HEADERS},
        at=parts.clock(),
    )
    async with parts.sessions.begin() as session:
        await take_event(session, event)
    return Response(status_code=HTTPStatus.NO_CONTENT)
