"""One caller's connection to the API: the request, the decoded answer, the refusal."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from domain.contracts import Problem
from http_client import Client, Response, TransportError

Answer = TypeVar("Answer")
Query = Mapping[str, str | int | list[str] | None]

LIST_LIMIT: Final = 200
"""The longest page the API gives."""

_PROBLEM = TypeAdapter(Problem)


class ApiError(Exception):
    """The API did not do what was asked; `problem` says why and what to do next.

    `status` is 0 when no answer came. `settled` tells whether the API has decided: if not, the
    same request may be sent again with the same idempotency key.
    """

    def __init__(self, problem: Problem, retry_after: str | None = None) -> None:
        self.problem = problem
        self.status = problem.status
        self.retry_after = retry_after
        super().__init__(problem.detail)

    @property
    def settled(self) -> bool:
        """Whether the API said no for good, as against not answering or not being able to."""
        return HTTPStatus.BAD_REQUEST <= self.status < HTTPStatus.INTERNAL_SERVER_ERROR


class Connection:
    """What the calls are made of. Safe to share between threads as far as `http` is."""

    def __init__(self, http: Client, token: str) -> None:
        self._http = http
        self._headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str, shape: TypeAdapter[Answer], query: Query | None = None) -> Answer:
        """What stands at a path. What the query leaves empty is left out."""
        params = {name: value for name, value in (query or {}).items() if value}
        return decode(self.send("GET", path, params=params), shape)

    def post(
        self,
        path: str,
        shape: TypeAdapter[Answer],
        body: Mapping[str, Any],
        *,
        idempotency_key: str,
    ) -> Answer:
        """What the API makes of an act; safe to repeat with the same key."""
        headers = {"Idempotency-Key": idempotency_key}
        return decode(self.send("POST", path, headers=headers, json=dict(body)), shape)

    def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        **parts: Any,  # noqa: ANN401 - handed through to the client
    ) -> Response:
        """The answer to a request the API did as asked; raises ApiError for any other."""
        try:
            response = self._http.request(
                method, path, headers={**self._headers, **(headers or {})}, **parts
            )
        except TransportError as error:
            raise ApiError(_unreachable(str(self._http.base_url), error)) from error
        if response.is_success:
            return response
        raise ApiError(_problem(response), response.headers.get("Retry-After"))


def change_path(change_id: str) -> str:
    """Where a change is."""
    return f"/v1/service-changes/{segment(change_id)}"


def segment(text: str) -> str:
    """A path segment from what somebody may have typed into the address bar."""
    return "".join(letter for letter in text if letter.isalnum() or letter in "-_") or "-"


def decode(response: Response, shape: TypeAdapter[Answer]) -> Answer:
    """The answer in its shape; raises ApiError for any other."""
    try:
        return shape.validate_json(response.content)
    except ValidationError as error:
        raise ApiError(
            _own_problem(
                response.status_code,
                "unreadable_answer",
                "The API answered in a shape this console does not know",
                f"{error.error_count()} fields of its answer did not fit, "
                f"first {'.'.join(str(part) for part in error.errors()[0]['loc'])}.",
                "Check that console and API run the same release, then reload the page.",
            )
        ) from error


def _problem(response: Response) -> Problem:
    try:
        return _PROBLEM.validate_json(response.content)
    except ValidationError:
        return _own_problem(
            response.status_code,
            "unexplained",
            "Something between the console and the API answered",
            f"HTTP {response.status_code} came without an explanation.",
            "Check the API's address and any proxy in front of it, then reload the page.",
        )


def _unreachable(address: str, error: TransportError) -> Problem:
    return _own_problem(
        0,
        "api_unreachable",
        "The API does not answer",
        f"Nothing answered at {address} ({type(error).__name__}).",
        "See what runs with ./throughline status, start it with ./throughline up, then reload.",
    )


def _own_problem(status: int, code: str, title: str, detail: str, next_action: str) -> Problem:
    return Problem(
        type="about:blank",
        title=title,
        status=status,
        detail=detail,
        code=code,
        correlation_id="",
        retryable=True,
        next_action=next_action,
    )
