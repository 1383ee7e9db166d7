"""The HTTP API as a script uses it: one caller, patient with 429 and 503. No rule lives here."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from domain.contracts import (
    DocumentAccepted,
    Page,
    Problem,
    ServiceChangeSummary,
    ServiceChangeView,
)
from domain.service_change import Action, ChangeStatus
from http_client import AsyncClient, ConnectError, ConnectTimeout, Response, TransportError
from stack.errors import StackError

PAGE_LENGTH: Final = 200
"""The longest page the API gives."""

_LATER: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_DEFAULT_PAUSE: Final = 1.0
_COUNTS: Final = TypeAdapter(dict[ChangeStatus, int])
_PAGE: Final = TypeAdapter(Page[ServiceChangeSummary])


class ApiRefusedError(StackError):
    """The API understood and said no; `problem` is its answer."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(f"{problem.detail} {problem.next_action}".strip())


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to hand in."""

    filename: str
    content: bytes
    media_type: str = "application/octet-stream"

    @property
    def part(self) -> tuple[str, bytes, str]:
        """As a multipart part."""
        return self.filename, self.content, self.media_type


@dataclass(frozen=True, slots=True)
class Accepted:
    """The API's answer to a submission; `replayed`: it was the answer to an earlier one."""

    change: ServiceChangeView
    replayed: bool


class ApiCaller:
    """One caller's view of the API. Repeating a call with the same arguments is harmless.

    Every method raises ApiRefusedError when the API says no, and StackError when it does not
    answer within `patience` seconds, during which the request is repeated.
    """

    def __init__(self, http: AsyncClient, api_key: str, *, patience: float) -> None:
        self._http = http
        self._patience = patience
        self._headers = {"Authorization": f"Bearer {api_key}"}

    async def submit(
        self, change: Mapping[str, Any], *, idempotency_key: str, document: Upload | None = None
    ) -> Accepted:
        """Submit one service change."""
        body: dict[str, Any] = {"json": dict(change)}
        if document is not None:
            part = (None, json.dumps(dict(change)), "application/json")
            body = {"files": {"change": part, "document": document.part}}
        answer = await self._send(
            "POST", "/v1/service-changes", headers={"Idempotency-Key": idempotency_key}, **body
        )
        replayed = answer.headers.get("Idempotent-Replayed") == "true"
        return Accepted(ServiceChangeView.model_validate_json(answer.content), replayed)

    async def change(self, change_id: str) -> ServiceChangeView:
        """One change, whole."""
        answer = await self._send("GET", f"/v1/service-changes/{change_id}")
        return ServiceChangeView.model_validate_json(answer.content)

    async def changes(
        self,
        *,
        statuses: Iterable[ChangeStatus] = (),
        submitted_from: datetime | None = None,
    ) -> list[ServiceChangeSummary]:
        """Every change this caller may see, page after page."""
        query: dict[str, Any] = {
            "status": [str(status) for status in statuses],
            "limit": PAGE_LENGTH,
        }
        if submitted_from is not None:
            query["submitted_from"] = submitted_from.isoformat()
        found: list[ServiceChangeSummary] = []
        while True:
            answer = await self._send("GET", "/v1/service-changes", params=query)
            page = _PAGE.validate_json(answer.content)
            found += page.items
            if page.next_cursor is None:
                return found
            query["cursor"] = page.next_cursor

    async def counts(self) -> dict[ChangeStatus, int]:
        """How many changes this caller may see stand in each status."""
        answer = await self._send("GET", "/v1/service-changes/counts")
        return _COUNTS.validate_json(answer.content)

    async def act(
        self, change_id: str, action: Action, *, idempotency_key: str, body: Mapping[str, Any]
    ) -> ServiceChangeView:
        """Approve, reject, cancel or retry; gives the change as it is afterwards."""
        answer = await self._send(
            "POST",
            f"/v1/service-changes/{change_id}/actions/{action}",
            headers={"Idempotency-Key": idempotency_key},
            json=dict(body),
        )
        return ServiceChangeView.model_validate_json(answer.content)

    async def upload(self, change_id: str, document: Upload) -> DocumentAccepted:
        """Hand in a further document version."""
        answer = await self._send(
            "POST", f"/v1/service-changes/{change_id}/documents", files={"document": document.part}
        )
        return DocumentAccepted.model_validate_json(answer.content)

    async def _send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        **parts: Any,  # noqa: ANN401 - handed through to the client
    ) -> Response:
        headers = {**self._headers, **(headers or {})}
        answer = await send_patiently(
            self._http, method, path, patience=self._patience, headers=headers, **parts
        )
        if answer.is_success:
            return answer
        raise ApiRefusedError(_problem(answer))


async def send_patiently(
    http: AsyncClient,
    method: str,
    path: str,
    *,
    patience: float,
    **parts: Any,  # noqa: ANN401 - handed through to the client
) -> Response:
    """Send a repeatable request; wait as asked on 429 and 503, and for a program restarting.

    Raises:
        StackError: no answer, or still "later", after `patience` seconds.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + patience
    while True:
        pause = _DEFAULT_PAUSE
        try:
            answer = await http.request(method, path, **parts)
        except TransportError as error:
            refused = isinstance(error, ConnectError | ConnectTimeout)
            why = "refuses connections" if refused else f"broke off ({type(error).__name__})"
        else:
            if answer.status_code not in _LATER:
                return answer
            why = f"answers {answer.status_code}"
            pause = _seconds(answer.headers.get("Retry-After"))
        if loop.time() + pause > until:
            raise StackError(
                f"{http.base_url} {why} for {patience:.0f} seconds; "
                "`./throughline status` says what runs, `./throughline up` starts it."
            )
        await asyncio.sleep(pause)


def _seconds(retry_after: str | None) -> float:
    try:
        return float(retry_after or _DEFAULT_PAUSE)
    except ValueError:  # the other form the header may have is a date; nobody of ours sends it
        return _DEFAULT_PAUSE


def _problem(answer: Response) -> Problem:
    try:
        return Problem.model_validate_json(answer.content)
    except ValidationError:
        return Problem(
            type="about:blank",
            title="Something else than the API answered",
            status=answer.status_code,
            detail=f"{answer.url} answered {answer.status_code} without an explanation.",
            code="unexplained",
            correlation_id="",
            retryable=False,
            next_action="Check the address in THROUGHLINE_API_URL.",
        )
