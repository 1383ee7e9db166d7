"""How a script talks to the API: patient while it says later, plain about a refusal."""

from collections.abc import Callable, Iterable

import pytest

from http_client import AsyncClient, ConnectError, MockTransport, Request, Response
from stack.api_caller import ApiCaller, ApiRefusedError
from stack.errors import StackError

PROBLEM = {
    "type": "about:blank",
    "title": "Not possible in this state",
    "status": 409,
    "detail": "The change is active.",
    "code": "not_applicable",
    "correlation_id": "c-1",
    "retryable": False,
    "next_action": "Read the change again.",
}


def answers(*given: Response | Exception) -> Callable[[Request], Response]:
    left = iter(given)

    def answer(request: Request) -> Response:
        del request
        each = next(left)
        if isinstance(each, Exception):
            raise each
        return each

    return answer


def client(*given: Response | Exception) -> AsyncClient:
    return AsyncClient(base_url="http://api.test", transport=MockTransport(answers(*given)))


def later(status: int) -> Response:
    return Response(status, headers={"Retry-After": "0"})


@pytest.mark.parametrize("first", [later(503), later(429)])
async def test_a_request_is_sent_again_when_the_api_says_later(first: Response) -> None:
    async with client(first, Response(200, json={"active": 3})) as http:
        assert await ApiCaller(http, "key", patience=5).counts() == {"active": 3}


async def test_patience_ends_in_a_sentence_with_the_next_step() -> None:
    async with client(ConnectError("refused")) as http:
        with pytest.raises(StackError, match=r"refuses connections.*throughline up"):
            await ApiCaller(http, "key", patience=0).counts()


async def test_an_api_that_stays_busy_is_told_with_its_status() -> None:
    busy: Iterable[Response] = (later(503) for _ in range(10_000))
    async with client(*busy) as http:
        with pytest.raises(StackError, match="answers 503"):
            await ApiCaller(http, "key", patience=0.01).counts()


async def test_a_refusal_carries_the_problem_and_reads_as_sentences() -> None:
    async with client(Response(409, json=PROBLEM)) as http:
        with pytest.raises(ApiRefusedError) as refused:
            await ApiCaller(http, "key", patience=0).counts()
    assert refused.value.problem.code == "not_applicable"
    assert str(refused.value) == "The change is active. Read the change again."


async def test_an_answer_of_something_else_than_the_api_points_at_the_address() -> None:
    async with client(Response(404, text="<html>")) as http:
        with pytest.raises(ApiRefusedError, match="THROUGHLINE_API_URL"):
            await ApiCaller(http, "key", patience=0).counts()


async def test_a_list_is_read_page_after_page_to_its_end() -> None:
    pages = (
        Response(200, json={"items": [], "next_cursor": "second"}),
        Response(200, json={"items": [], "next_cursor": None}),
    )
    async with client(*pages) as http:
        assert await ApiCaller(http, "key", patience=0).changes() == []
