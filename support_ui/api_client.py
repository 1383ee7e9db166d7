"""The HTTP API as typed calls. Holds no rule: what the API refuses is raised with its sentence."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from domain.contracts import (
    AnswersView,
    AuditEntryView,
    DocumentAccepted,
    FieldOwnershipView,
    Me,
    Page,
    Problem,
    SearchHit,
    ServiceChangeSummary,
    ServiceChangeView,
    TimelineEntry,
)
from domain.contracts_desk import (
    DeadLetterGroupView,
    DeadLetterView,
    OutlookView,
    SecondApprovalView,
)
from domain.contracts_operations import IntegrationHealthView
from domain.service_change import Action, ChangeStatus
from http_client import Client, Response, TransportError

Answer = TypeVar("Answer")
Query = Mapping[str, str | int | list[str] | None]

LIST_LIMIT: Final = 200
"""The longest page the API gives."""

_ME = TypeAdapter(Me)
_CHANGES = TypeAdapter(Page[ServiceChangeSummary])
_CHANGE = TypeAdapter(ServiceChangeView)
_ANSWERS = TypeAdapter(AnswersView)
_TIMELINE = TypeAdapter(Page[TimelineEntry])
_ACCEPTED = TypeAdapter(DocumentAccepted)
_HITS = TypeAdapter(Page[SearchHit])
_AUDIT = TypeAdapter(Page[AuditEntryView])
_OUTLOOK = TypeAdapter(OutlookView)
_CAUSES = TypeAdapter(Page[DeadLetterGroupView])
_DEAD_LETTERS = TypeAdapter(Page[DeadLetterView])
_SECOND_APPROVALS = TypeAdapter(Page[SecondApprovalView])
_COUNTS = TypeAdapter(dict[ChangeStatus, int])
_HEALTH = TypeAdapter(list[IntegrationHealthView])
_OWNERSHIP = TypeAdapter(list[FieldOwnershipView])
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


class ApiClient:
    """One caller's view of the API. Safe to share between threads as far as `http` is.

    Every method raises ApiError for anything but the answer it promises. Reads may be repeated
    freely; `act` and `second` are safe to repeat with the same idempotency key.
    """

    def __init__(self, http: Client, api_key: str) -> None:
        self._http = http
        self._headers = {"Authorization": f"Bearer {api_key}"}

    def me(self) -> Me:
        """Who the API takes this caller for."""
        return self._get("/v1/me", _ME)

    def changes(
        self,
        *,
        statuses: Iterable[str] = (),
        kind: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[ServiceChangeSummary]:
        """A stretch of the changes this caller may see."""
        query: Query = {
            "status": [str(status) for status in statuses],
            "kind": kind,
            "cursor": cursor,
            "limit": limit,
        }
        return self._get("/v1/service-changes", _CHANGES, query)

    def every_change(self, statuses: Iterable[str], most: int) -> list[ServiceChangeSummary]:
        """All changes in these statuses, page after page, up to `most`."""
        wanted = list(statuses)
        found: list[ServiceChangeSummary] = []
        cursor: str | None = None
        while len(found) < most:
            page = self.changes(statuses=wanted, cursor=cursor, limit=LIST_LIMIT)
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                break
        return found[:most]

    def counts(self) -> dict[ChangeStatus, int]:
        """How many changes are in each status."""
        return self._get("/v1/service-changes/counts", _COUNTS)

    def change(self, change_id: str) -> ServiceChangeView:
        """One change, whole."""
        return self._get(_path(change_id), _CHANGE)

    def answers(self, change_id: str) -> AnswersView:
        """The support questions of one change."""
        return self._get(f"{_path(change_id)}/answers", _ANSWERS)

    def timeline(self, change_id: str) -> list[TimelineEntry]:
        """Everything that happened to a change, in order."""
        found: list[TimelineEntry] = []
        cursor: str | None = None
        while True:
            page = self._get(f"{_path(change_id)}/timeline", _TIMELINE, {"cursor": cursor})
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return found

    def document(self, change_id: str, version: int) -> bytes:
        """The bytes of one document version."""
        return self._send("GET", f"{_path(change_id)}/documents/{version}").content

    def upload_document(
        self, change_id: str, *, filename: str, content: bytes, media_type: str
    ) -> DocumentAccepted:
        """Hand in a further version. The API decides whether it counts or waits for review."""
        response = self._send(
            "POST",
            f"{_path(change_id)}/documents",
            files={"document": (filename, content, media_type)},
        )
        return _decode(response, _ACCEPTED)

    def act(
        self, change_id: str, action: Action, *, idempotency_key: str, body: Mapping[str, Any]
    ) -> ServiceChangeView:
        """Take an action, or propose it where a second person has to agree. The change after it."""
        return self._decide(f"{_path(change_id)}/actions/{action}", idempotency_key, body)

    def second(
        self, change_id: str, decision_id: str, *, idempotency_key: str, body: Mapping[str, Any]
    ) -> ServiceChangeView:
        """Confirm or decline what a colleague proposed. The change as it is afterwards."""
        path = f"{_path(change_id)}/second-approvals/{_segment(decision_id)}"
        return self._decide(path, idempotency_key, body)

    def outlook(self, change_id: str, action: Action) -> OutlookView:
        """What an action would mean now, step by step."""
        return self._get(f"{_path(change_id)}/outlook", _OUTLOOK, {"action": str(action)})

    def causes(self, *, cursor: str | None = None, limit: int = 50) -> Page[DeadLetterGroupView]:
        """What stands still, grouped by cause; the oldest cause first."""
        return self._get("/v1/dead-letters", _CAUSES, {"cursor": cursor, "limit": limit})

    def dead_letters(self, fingerprint: str) -> Page[DeadLetterView]:
        """The oldest dead letters of one cause that are open."""
        path = f"/v1/dead-letters/{_segment(fingerprint)}"
        return self._get(path, _DEAD_LETTERS, {"limit": LIST_LIMIT})

    def second_approvals(self, change_id: str | None = None) -> Page[SecondApprovalView]:
        """The oldest decisions that wait for a second person, of all changes or of one."""
        query: Query = {"change_id": change_id, "limit": LIST_LIMIT}
        return self._get("/v1/second-approvals", _SECOND_APPROVALS, query)

    def search(self, q: str) -> list[SearchHit]:
        """The changes an identifier belongs to."""
        return self._get("/v1/search", _HITS, {"q": q}).items

    def audit(
        self, *, filters: Mapping[str, str], cursor: str | None = None, limit: int = 50
    ) -> Page[AuditEntryView]:
        """A stretch of the audit list; `filters` are by `change_id`, `actor`, and so on."""
        query: Query = {**filters, "cursor": cursor, "limit": limit}
        return self._get("/v1/audit", _AUDIT, query)

    def integrations(self) -> list[IntegrationHealthView]:
        """How each system of record has been answering."""
        return self._get("/v1/health/integrations", _HEALTH)

    def field_ownership(self) -> list[FieldOwnershipView]:
        """Each field, its owner, and who may change it."""
        return self._get("/v1/field-ownership", _OWNERSHIP)

    def _decide(
        self, path: str, idempotency_key: str, body: Mapping[str, Any]
    ) -> ServiceChangeView:
        headers = {"Idempotency-Key": idempotency_key}
        return _decode(self._send("POST", path, headers=headers, json=dict(body)), _CHANGE)

    def _get(self, path: str, shape: TypeAdapter[Answer], query: Query | None = None) -> Answer:
        params = {name: value for name, value in (query or {}).items() if value}
        return _decode(self._send("GET", path, params=params), shape)

    def _send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        **parts: Any,  # noqa: ANN401 - handed through to the client
    ) -> Response:
        try:
            response = self._http.request(
                method, path, headers={**self._headers, **(headers or {})}, **parts
            )
        except TransportError as error:
            raise ApiError(_unreachable(str(self._http.base_url), error)) from error
        if response.is_success:
            return response
        raise ApiError(_problem(response), response.headers.get("Retry-After"))


def _path(change_id: str) -> str:
    return f"/v1/service-changes/{_segment(change_id)}"


def _segment(text: str) -> str:
    """A path segment from what somebody may have typed into the address bar."""
    return "".join(letter for letter in text if letter.isalnum() or letter in "-_") or "-"


def _decode(response: Response, shape: TypeAdapter[Answer]) -> Answer:
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
