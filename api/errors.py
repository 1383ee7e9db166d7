"""The only table of HTTP statuses, and how every failure becomes problem details (RFC 9457)."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from adapters.documents.store import DocumentStoreError
from adapters.keyring import KeyringError
from domain.contracts import Problem
from domain.errors import (
    DecisionRefusedError,
    EngineUnavailableError,
    FieldOwnershipError,
    FieldProblem,
    InvalidChangeError,
    NobodyAnswersError,
    ThroughlineError,
    TooManyPreviewsError,
)

_LOG = logging.getLogger(__name__)
PROBLEM_JSON: Final = "application/problem+json"
RETRY_AFTER_SECONDS: Final = 5
_COMES_BACK: Final = frozenset({HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS})


@dataclass(frozen=True, slots=True)
class Kind:
    """What a code means over HTTP, and what the caller should do next."""

    status: HTTPStatus
    title: str
    next_action: str
    retryable: bool = False


_S = HTTPStatus

KINDS: Final[Mapping[str, Kind]] = {
    "invalid_request": Kind(
        _S.UNPROCESSABLE_ENTITY, "The request is not complete", "Mend the fields named; send again."
    ),
    "idempotency_key_missing": Kind(
        _S.BAD_REQUEST,
        "Idempotency-Key is missing",
        "Send an Idempotency-Key header of your own making, and the same one if you repeat.",
    ),
    "idempotency_key_reused": Kind(
        _S.UNPROCESSABLE_ENTITY,
        "The Idempotency-Key was used for another request",
        "Use a new key for a new request.",
    ),
    "not_signed_in": Kind(
        _S.UNAUTHORIZED, "Not signed in", "Send Authorization: Bearer with a valid key."
    ),
    "sign_in_ended": Kind(
        _S.UNAUTHORIZED, "Your sign-in has ended", "Sign in again; nothing you did is lost."
    ),
    "identity_provider_unavailable": Kind(
        _S.SERVICE_UNAVAILABLE,
        "The sign-in service does not answer",
        "Try again after Retry-After; keys of machines work meanwhile.",
        retryable=True,
    ),
    "forbidden": Kind(
        _S.FORBIDDEN, "Not allowed", "Ask somebody with the role named, or a colleague."
    ),
    "not_found": Kind(_S.NOT_FOUND, "Not found", "Check the identifier, or search for it."),
    "report_not_due": Kind(
        _S.NOT_FOUND, "The report is not due yet", "Ask again after the time named."
    ),
    "payload_expired": Kind(
        _S.GONE,
        "What was said is no longer kept",
        "Use the list of attempts: times, outcomes and references stay. Hashes prove a copy of "
        "yours.",
    ),
    "method_not_allowed": Kind(
        _S.METHOD_NOT_ALLOWED, "Not possible on this address", "See the documentation at /docs."
    ),
    "not_applicable": Kind(
        _S.CONFLICT, "Not possible in this state", "Read the change again and decide anew."
    ),
    "name_taken": Kind(_S.CONFLICT, "The name is taken", "Choose another name; send it again."),
    "stale_approval": Kind(
        _S.CONFLICT, "Something changed since you looked", "Read the change again and decide anew."
    ),
    "second_person_needed": Kind(
        _S.CONFLICT,
        "This takes a second person now",
        "Read the change again and send the action anew; it then waits for a colleague.",
    ),
    "field_not_owned": Kind(
        _S.UNPROCESSABLE_ENTITY,
        "Another system owns the field",
        "Propose the change to the owner named, in that system.",
    ),
    "document_too_large": Kind(
        _S.REQUEST_ENTITY_TOO_LARGE, "The document is too large", "Send a smaller document."
    ),
    "body_too_large": Kind(
        _S.REQUEST_ENTITY_TOO_LARGE, "The body is too large", "Send less; a document as a file."
    ),
    "document_type": Kind(
        _S.UNSUPPORTED_MEDIA_TYPE,
        "The document is of another kind",
        "Send a PDF, PNG or JPEG; the bytes decide, not the name.",
    ),
    "unsupported_body": Kind(
        _S.UNSUPPORTED_MEDIA_TYPE,
        "The body is of another kind",
        "Send application/json, or multipart/form-data with a part named change.",
    ),
    "database_unavailable": Kind(
        _S.SERVICE_UNAVAILABLE,
        "The database does not answer",
        "Nothing was recorded; send the same request again after Retry-After.",
        retryable=True,
    ),
    "document_store_unavailable": Kind(
        _S.SERVICE_UNAVAILABLE,
        "The document store does not answer",
        "Nothing was recorded; send the same request again after Retry-After.",
        retryable=True,
    ),
    "keyring_unusable": Kind(
        _S.SERVICE_UNAVAILABLE,
        "Secrets cannot be sealed here",
        "Set THROUGHLINE_KEYRING as the sentence says, and start this process again.",
    ),
    "engine_unavailable": Kind(
        _S.SERVICE_UNAVAILABLE,
        "The workflow engine does not answer",
        "Nothing was decided; send the same request again after Retry-After.",
        retryable=True,
    ),
    "nobody_answers": Kind(
        _S.SERVICE_UNAVAILABLE,
        "No worker is answering",
        "Send the same request again after Retry-After; if this stays, look at the workers.",
        retryable=True,
    ),
    "vendor_unavailable": Kind(
        _S.SERVICE_UNAVAILABLE,
        "A system of record cannot be asked now",
        "Nothing was recorded. Send it again after Retry-After; or submit the change, which waits "
        "for that system by itself.",
        retryable=True,
    ),
    "too_many_previews": Kind(
        _S.TOO_MANY_REQUESTS,
        "Too many previews at a time",
        "Wait for one of yours to end, then send it again.",
        retryable=True,
    ),
    "webhook_forged": Kind(
        _S.UNAUTHORIZED, "The signature is not ours", "Check the webhook secret and the clock."
    ),
    "internal": Kind(
        _S.INTERNAL_SERVER_ERROR,
        "Something is wrong on our side",
        "Tell support the correlation id.",
        retryable=True,
    ),
}


class ApiError(ThroughlineError):
    """A refusal with its code; the table knows the rest."""

    def __init__(
        self,
        code: str,
        detail: str,
        problems: Sequence[FieldProblem] = (),
        *,
        retry_after: int | None = None,
    ) -> None:
        self.code = code
        self.problems = tuple(problems)
        self.retry_after = retry_after
        """Seconds, where more is known than what the table says."""
        super().__init__(detail)


def problem(
    request: Request,
    code: str,
    detail: str,
    problems: Sequence[FieldProblem] = (),
    retry_after: int | None = None,
) -> JSONResponse:
    """The answer for a code."""
    kind = KINDS[code]
    correlation_id = request.scope.get("correlation_id", "")
    body = Problem(
        type=f"/docs/problems#{code}",
        title=kind.title,
        status=kind.status,
        detail=_writable(detail),
        code=code,
        correlation_id=correlation_id,
        retryable=kind.retryable,
        next_action=kind.next_action,
        errors=[
            {"field": _writable(item.field), "message": _writable(item.message)}
            for item in problems
        ],
    )
    # Set here too, since an unforeseen failure is answered outside the middleware that sets it.
    headers = {"X-Correlation-ID": correlation_id}
    if kind.status in _COMES_BACK:
        headers["Retry-After"] = str(retry_after or RETRY_AFTER_SECONDS)
    if kind.status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(
        body.model_dump(mode="json"),
        status_code=kind.status,
        headers=headers,
        media_type=PROBLEM_JSON,
    )


def _writable(text: str) -> str:
    """Half a character, which JSON can name and UTF-8 cannot, becomes a question mark."""
    return text.encode("utf-8", "replace").decode()


_AWAY: Final[Mapping[type[Exception], str]] = {
    OperationalError: "database_unavailable",
    InterfaceError: "database_unavailable",
    PoolTimeoutError: "database_unavailable",
    DocumentStoreError: "document_store_unavailable",
    EngineUnavailableError: "engine_unavailable",
    NobodyAnswersError: "nobody_answers",
}

_READ_ONLY: Final = "25006"
"""PostgreSQL's `read_only_sql_transaction`: a standby, or a server somebody has set so for now."""

_BY_STATUS: Final[Mapping[int, str]] = {
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "body_too_large",
}


async def _refused(request: Request, error: ApiError) -> JSONResponse:
    return problem(request, error.code, str(error), error.problems, error.retry_after)


async def _invalid(request: Request, error: InvalidChangeError) -> JSONResponse:
    return problem(request, "invalid_request", str(error), error.problems)


async def _not_owned(request: Request, error: FieldOwnershipError) -> JSONResponse:
    problems = [FieldProblem(f"changes.{error.field}", f"is owned by {error.owner.spoken}")]
    return problem(request, "field_not_owned", str(error), problems)


async def _unparsed(request: Request, error: RequestValidationError) -> JSONResponse:
    problems = [
        FieldProblem(".".join(str(part) for part in item["loc"][1:]) or "body", item["msg"])
        for item in error.errors()
    ]
    detail = "; ".join(f"{item.field}: {item.message}" for item in problems)
    return problem(request, "invalid_request", detail, problems)


async def _undecided(request: Request, error: DecisionRefusedError) -> JSONResponse:
    return problem(request, error.code if error.code in KINDS else "internal", str(error))


async def _unsealed(request: Request, error: KeyringError) -> JSONResponse:
    return problem(request, "keyring_unusable", str(error))


async def _too_many(request: Request, error: TooManyPreviewsError) -> JSONResponse:
    return problem(request, "too_many_previews", str(error))


async def _away(request: Request, error: Exception) -> JSONResponse:
    code = next(code for type_, code in _AWAY.items() if isinstance(error, type_))
    _LOG.warning("a part is away", extra={"code": code, "error": type(error).__name__})
    return problem(request, code, KINDS[code].title + ".")


async def _database(request: Request, error: DBAPIError) -> JSONResponse:
    state = getattr(error.orig, "sqlstate", None)
    away = error.connection_invalidated or state == _READ_ONLY
    code = "database_unavailable" if away else "internal"
    _LOG.error("database error", extra={"error": type(error.orig).__name__})
    return problem(request, code, KINDS[code].title + ".")


async def _unstorable(request: Request, _: DataError) -> JSONResponse:
    sentence = "A value holds a NUL character or is larger than anything we number."
    return problem(request, "invalid_request", sentence)


async def _http(request: Request, error: HTTPException) -> JSONResponse:
    answer = problem(request, _BY_STATUS.get(error.status_code, "invalid_request"), error.detail)
    answer.headers.update(error.headers or {})
    return answer


async def _gone(request: Request, _: ClientDisconnect) -> JSONResponse:
    """Nobody reads this answer; it keeps an aborted upload from looking like a fault of ours."""
    return problem(request, "invalid_request", "The connection ended before the body did.")


async def _unforeseen(request: Request, error: Exception) -> JSONResponse:
    about = {"correlation_id": request.scope.get("correlation_id")}  # its block is left by now
    _LOG.error("unforeseen failure", exc_info=error, extra=about)
    return problem(request, "internal", KINDS["internal"].title + ".")


_HANDLERS: Final[Mapping[type[Exception], Callable[..., Awaitable[JSONResponse]]]] = {
    ApiError: _refused,
    InvalidChangeError: _invalid,
    FieldOwnershipError: _not_owned,
    RequestValidationError: _unparsed,
    DecisionRefusedError: _undecided,
    TooManyPreviewsError: _too_many,
    KeyringError: _unsealed,
    **dict.fromkeys(_AWAY, _away),
    DBAPIError: _database,
    DataError: _unstorable,
    ClientDisconnect: _gone,
    HTTPException: _http,
    Exception: _unforeseen,
}


def install(app: FastAPI) -> None:
    """Give the application an answer for every failure."""
    for type_, handler in _HANDLERS.items():
        app.add_exception_handler(type_, handler)
