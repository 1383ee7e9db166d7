"""The API as typed calls: what is sent, and what becomes of answers nobody expected."""

from collections import Counter

import pytest

from domain.identifiers import System
from domain.service_change import Action
from http_client import Client, ConnectError, MockTransport, Request, Response
from support_ui.api_client import ApiClient
from support_ui.calls.transport import ApiError
from tests.ui.samples import CHANGES


def client(answer: Response | Exception, seen: list[Request] | None = None) -> ApiClient:
    """A client whose every request gets this answer."""

    def handle(request: Request) -> Response:
        if seen is not None:
            seen.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return ApiClient(Client(base_url="http://api.test", transport=MockTransport(handle)), "k-1")


def test_no_call_hides_another_of_the_same_name() -> None:
    names = Counter(
        name for each in ApiClient.__bases__ for name in vars(each) if not name.startswith("__")
    )
    assert [name for name, count in names.items() if count > 1] == []


def test_the_key_travels_with_each_request() -> None:
    seen: list[Request] = []
    client(Response(200, json={"principal": "operator", "role": "operator"}), seen).me()
    assert seen[0].headers["Authorization"] == "Bearer k-1"


def test_a_decision_carries_its_idempotency_key() -> None:
    seen: list[Request] = []
    answer = Response(200, content=CHANGES[0].model_dump_json())
    after = client(answer, seen).act(
        CHANGES[0].id, Action.CANCEL, idempotency_key="one", body={"reason": "Not wanted."}
    )
    assert after == CHANGES[0]
    assert seen[0].url.path == f"/v1/service-changes/{CHANGES[0].id}/actions/cancel"
    assert seen[0].headers["Idempotency-Key"] == "one"


def test_an_api_that_does_not_answer_has_not_decided() -> None:
    with pytest.raises(ApiError) as raised:
        client(ConnectError("refused")).me()
    assert raised.value.problem.code == "api_unreachable"
    assert not raised.value.settled
    assert "http://api.test" in raised.value.problem.detail


def test_a_proxys_page_is_not_taken_for_the_apis_word() -> None:
    with pytest.raises(ApiError) as raised:
        client(Response(502, html="<h1>Bad gateway</h1>")).me()
    assert raised.value.problem.code == "unexplained"
    assert not raised.value.settled


def test_an_answer_of_another_shape_names_the_field() -> None:
    with pytest.raises(ApiError) as raised:
        client(Response(200, json={"principal": "operator", "role": "emperor"})).me()
    assert raised.value.problem.code == "unreadable_answer"
    assert "role" in raised.value.problem.detail


@pytest.mark.parametrize(("status", "settled"), [(409, True), (422, True), (503, False)])
def test_only_a_refusal_settles_a_request(status: int, settled: bool) -> None:
    told = {
        "type": "about:blank", "title": "No", "status": status, "detail": "No.", "code": "x",
        "correlation_id": "c", "retryable": False, "next_action": "",
    }  # fmt: skip
    with pytest.raises(ApiError) as raised:
        client(Response(status, json=told, headers={"Retry-After": "5"})).me()
    assert raised.value.settled is settled
    assert raised.value.retry_after == "5"


@pytest.mark.parametrize("typed", ["../me", "a/b?x=1", "..", "%2e%2e/me"])
def test_an_id_from_the_address_bar_stays_one_segment(typed: str) -> None:
    seen: list[Request] = []
    with pytest.raises(ApiError):
        client(Response(404), seen).change(typed)
    assert seen[0].url.path.startswith("/v1/service-changes/")
    assert seen[0].url.path.count("/") == 3


@pytest.mark.parametrize("theirs", ["msg/1", "../../me", "a?b#c", "evt.1"])
def test_an_event_is_asked_for_by_the_vendors_own_id(theirs: str) -> None:
    seen: list[Request] = []
    with pytest.raises(ApiError):
        client(Response(404), seen).event(System.BILLING, theirs)
    raw = seen[0].url.raw_path.decode()
    assert raw.count("/") == 5
    assert seen[0].url.path == f"/v1/webhooks/events/billing/{theirs}"
