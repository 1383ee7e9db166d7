"""One way to talk HTTP to every vendor: time-outs, evidence, and what each failure means.

Retries a refused connection once, and nothing else: the engine retries. Follows no redirect.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from time import perf_counter
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlencode, urlsplit

from opentelemetry.trace import SpanKind

from adapters.vendors.answers import Answer, without
from adapters.vendors.credentials import Credential
from adapters.vendors.dialect import Dialect
from adapters.vendors.retry_after import seconds_to_wait
from adapters.vendors.watching import Knowledge, Unwatched, Watch
from domain.errors import (
    CredentialError,
    CredentialFaultError,
    OutcomeUnknownError,
    UnrecognisedPayloadError,
    VendorError,
    VendorRejectedError,
    VendorThrottledError,
    VendorUnavailableError,
)
from domain.vendor_values import Exchange, VendorCall
from http_client import (
    VENDOR_TIMEOUT,
    AsyncClient,
    ConnectError,
    ConnectTimeout,
    DecodingError,
    HTTPError,
    Limits,
    PoolTimeout,
    Request,
)
from json_logs import correlated
from tracing import CORRELATION, HEADER, METHOD, STATUS, SYSTEM, span, traceparent

MAX_ANSWER_BYTES: Final = 1024 * 1024
"""No answer we act on comes near; more is not read."""

WHOLE_EXCHANGE: Final = 15.0
"""Seconds for one exchange, however slowly its bytes drip; see VENDOR_TIMEOUT for the parts."""

_LIMITS: Final = Limits(max_connections=50, max_keepalive_connections=20, keepalive_expiry=5.0)
_READS: Final = frozenset({"GET", "HEAD"})
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_NEVER_SENT: Final = (ConnectError, ConnectTimeout, PoolTimeout)
_REASON_LENGTH: Final = 100

_UNAUTHORIZED: Final = 401
_TOO_MANY_REQUESTS: Final = 429
_UNAVAILABLE: Final = 503
_FIRST_ERROR: Final = 400
_FIRST_SERVER_ERROR: Final = 500
_MEANING: Final[Mapping[int, type[VendorError]]] = {
    _UNAUTHORIZED: CredentialFaultError,
    403: CredentialError,
    408: VendorUnavailableError,
    425: VendorUnavailableError,
    _UNAVAILABLE: VendorUnavailableError,
}
"""Statuses that say by themselves what happened. Any other error of the vendor's own (5xx) leaves
open whether it was carried out; any other 4xx is a refusal, in the vendor's own words."""

_KEPT_HEADERS: Final = (
    "accept", "content-type", "date", "etag", "idempotency-key", "if-match", "location",
    "retry-after", "traceparent", "x-correlation-id", "x-request-id",
)  # fmt: skip
"""Headers kept with an exchange. A list of what is harmless: a secret needs no name to stay out."""

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The clock of a client that runs for real."""
    return datetime.now(UTC)


def http_options(base_url: str) -> dict[str, Any]:
    """Options of every HTTP client that talks to a vendor."""
    return {
        "base_url": base_url,
        "timeout": VENDOR_TIMEOUT,
        "limits": _LIMITS,
        "follow_redirects": False,
        # A proxy of the environment is for vendors out there, not for this machine.
        "trust_env": urlsplit(base_url).hostname not in _LOOPBACK,
    }


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: headers[name] for name in _KEPT_HEADERS if name in headers}


class _TooLargeError(Exception):
    """An answer beyond MAX_ANSWER_BYTES."""


class VendorTransport:
    """A vendor at a base URL. An asynchronous context manager; safe for concurrent callers."""

    def __init__(
        self,
        dialect: Dialect,
        base_url: str,
        credential: Credential,
        *,
        clock: Clock = utc_now,
        watch: Watch | None = None,
    ) -> None:
        self._dialect = dialect
        self._system = dialect.system
        self._credential = credential
        self._clock = clock
        self._watch = watch or Unwatched()
        self._http = AsyncClient(**http_options(base_url))

    async def __aenter__(self) -> Self:
        """Nothing is opened before the first request."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close connections."""
        await self._http.aclose()
        await self._credential.aclose()

    async def send(
        self,
        call: VendorCall,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Make one request and return the vendor's answer if it is a success.

        Every exchange, failed ones too, is appended to `call.exchanges`. Raises the VendorError
        that the answer, or its absence, stands for; anything but a GET that may have been carried
        out without our hearing of it is an OutcomeUnknownError.
        """
        given = (method, f"{path}?{urlencode(query)}" if query else path, body, headers or {})
        known = await self._watch.knowledge(self._system)
        shown = await self._credential.header()
        refused = []
        answer = await self._exchange(call, self._request(*given, shown.header), body, known)
        while answer.status == _UNAUTHORIZED:
            refused.append(shown)
            other = await self._credential.renewed(refused)
            if other is None:
                break
            shown = other
            answer = await self._exchange(call, self._request(*given, shown.header), body, known)
        else:
            await self._credential.worked(shown)
        failure = self._failure(method, answer)
        if failure is not None:
            raise failure
        return answer

    def _request(
        self,
        method: str,
        target: str,
        body: Mapping[str, Any] | None,
        headers: Mapping[str, str],
        authorization: str,
    ) -> Request:
        content = {"Content-Type": "application/json"} if body is not None else {}
        return self._http.build_request(
            method,
            target,
            content=json.dumps(body).encode() if body is not None else None,
            headers={
                "Accept": "application/json",
                "Accept-Encoding": "identity",  # a compressed bomb cannot pass the size limit
                "Authorization": authorization,
                **content,
                **headers,
            },
        )

    async def _exchange(
        self,
        call: VendorCall,
        request: Request,
        body: Mapping[str, Any] | None,
        known: Knowledge,
    ) -> Answer:
        """One request and its answer, on record whatever becomes of it."""
        request.headers["X-Correlation-ID"] = call.correlation_id
        started_at, started = self._clock(), perf_counter()
        answer: Answer | None = None
        try:
            with correlated(call.correlation_id):
                answer = await self._traced(request, known, call.correlation_id)
        except _TooLargeError:
            words = f"More than {MAX_ANSWER_BYTES} bytes were sent; the rest was not read."
            raise UnrecognisedPayloadError(self._system, words) from None
        except (HTTPError, TimeoutError) as error:
            raise self._unanswered(request.method, error) from error
        finally:
            call.exchanges.append(
                Exchange(
                    method=request.method,
                    path=request.url.raw_path.decode(),
                    request=without(body, self._dialect.personal),
                    http_status=answer.status if answer is not None else None,
                    response=answer.evidence if answer is not None else None,
                    vendor_request_id=answer.headers.get("x-request-id")
                    if answer is not None
                    else None,
                    started_at=started_at,
                    duration_ms=round((perf_counter() - started) * 1000),
                    request_headers=_kept(request.headers),
                    response_headers=_kept(answer.headers) if answer is not None else {},
                )
            )
        return answer

    async def _traced(self, request: Request, known: Knowledge, correlation_id: str) -> Answer:
        """The answer, in a span whose trace the vendor is told."""
        about = {SYSTEM: str(self._system), METHOD: request.method, CORRELATION: correlation_id}
        with span(f"{request.method} {self._system}", SpanKind.CLIENT, about) as begun:
            if (name := traceparent()) is not None:
                request.headers[HEADER] = name
            answer = await self._answer(request, known)
            begun.set_attribute(STATUS, answer.status)
        return answer

    async def _answer(self, request: Request, known: Knowledge) -> Answer:
        """The complete answer within the limits of size and time; one further try to connect."""
        async with asyncio.timeout(WHOLE_EXCHANGE):
            try:
                response = await self._http.send(request, stream=True)
            except (ConnectError, ConnectTimeout):
                response = await self._http.send(request, stream=True)
            try:
                body = bytearray()
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > MAX_ANSWER_BYTES:
                        raise _TooLargeError
            finally:
                await response.aclose()
        return Answer(
            self._dialect,
            response.status_code,
            response.headers,
            body.decode(errors="replace"),
            known,
            self._watch,
        )

    def _unanswered(self, method: str, error: HTTPError | TimeoutError) -> VendorError:
        """What it means that no answer came."""
        words = f"{type(error).__name__}: {error}".rstrip(": ")
        if isinstance(error, DecodingError):
            return UnrecognisedPayloadError(self._system, words)
        if method in _READS or isinstance(error, _NEVER_SENT):
            return VendorUnavailableError(self._system, words)
        return OutcomeUnknownError(self._system, words)

    def _failure(self, method: str, answer: Answer) -> VendorError | None:
        """What an answer stands for if it is not a success."""
        status, told = answer.status, answer.headers.get("retry-after")
        if 200 <= status < 300:  # noqa: PLR2004 - HTTP's own class of success
            return None
        if status == _TOO_MANY_REQUESTS or (status == _UNAVAILABLE and told is not None):
            return VendorThrottledError(
                self._system,
                f"Retry-After: {told}. {answer.words}",
                retry_after=seconds_to_wait(told, self._clock()),
                http_status=status,
            )
        kind = _MEANING.get(status)
        if kind is None and status >= _FIRST_SERVER_ERROR:
            kind = VendorUnavailableError if method in _READS else OutcomeUnknownError
        if kind is not None:
            return kind(self._system, answer.words, http_status=status)
        if status >= _FIRST_ERROR:
            return self._refusal(answer)
        return answer.unrecognised(f"HTTP {status} is not followed or acted on")

    def _refusal(self, answer: Answer) -> VendorError:
        refusal = self._dialect.read_refusal(answer.json)
        if refusal is None:
            return answer.unrecognised(f"HTTP {answer.status} without a refusal we can read")
        if refusal.reason in self._dialect.not_now:
            return VendorUnavailableError(
                self._system, refusal.words, http_status=answer.status, reason=refusal.reason
            )
        return VendorRejectedError(
            self._system,
            refusal.words,
            http_status=answer.status,
            reason=refusal.reason[:_REASON_LENGTH],
        )
