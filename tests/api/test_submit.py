"""Submitting: what is accepted, what is refused, and how the refusal helps."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.api import ACCOUNT, CHANGE, ApiUnderTest, new_key

ROUTE = "/v1/service-changes"

DETAILS: dict[str, dict[str, Any]] = {
    "change_internet_service": {"internet_service": "Fiber optic"},
    "add_service": {"service": "streaming_tv"},
    "remove_service": {"service": "multiple_lines"},
    "change_contract": {"contract": "Two year"},
    "change_payment_method": {"payment_method": "Mailed check"},
    "change_billing_address": {
        "billing_address": {
            "line1": "1 Main St",
            "city": "Springfield",
            "postal_code": "62701",
            "country": "US",
        }
    },
}


@pytest.fixture
def api(shared_api: ApiUnderTest) -> ApiUnderTest:
    return shared_api


def fields_of(body: dict[str, Any]) -> set[str]:
    return {problem["field"] for problem in body["errors"]}


async def test_a_change_is_accepted_with_its_address_and_everything_known_about_it(
    api: ApiUnderTest,
) -> None:
    answer = await api.submit({"note": "Ring twice."})

    body = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"{ROUTE}/{body['id']}"
    assert body["status"] == "pending"
    assert body["account_id"] == ACCOUNT
    assert body["submitted_by"] == "portal"
    assert body["note"] == "Ring twice."
    assert body["workflow_id"] == f"service-change/{body['id']}"
    assert (await api.portal.get(answer.headers["location"])).json() == body


@pytest.mark.parametrize("kind", DETAILS)
async def test_every_kind_is_accepted_with_its_one_field(api: ApiUnderTest, kind: str) -> None:
    body = await api.accepted({"kind": kind, "details": DETAILS[kind]})

    stored = body["details"]
    wanted = DETAILS[kind]
    assert stored.keys() == wanted.keys()
    if kind == "change_billing_address":
        assert stored["billing_address"] == {"line2": ""} | wanted["billing_address"]
    else:
        assert stored == wanted


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"account_id": ""}, "account_id"),
        ({"account_id": "7590 VHVEG"}, "account_id"),
        ({"account_id": "a" * 65}, "account_id"),
        ({"account_id": 7590}, "account_id"),
        ({"kind": "change_everything"}, "kind"),
        ({"kind": None}, "kind"),
        ({"requested_date": "tomorrow"}, "requested_date"),
        ({"requested_date": "2026-02-30"}, "requested_date"),
        ({"requested_date": 1764547200}, "requested_date"),
        ({"requested_date": "1764547200"}, "requested_date"),
        ({"requested_date": "2026-12-01T10:00:00Z"}, "requested_date"),
        ({"details": {}}, "details.service"),
        ({"details": []}, "details"),
        ({"details": {"service": "fiber"}}, "details.service"),
        ({"details": {"service": "online_security", "colour": "red"}}, "details.colour"),
        ({"note": "x" * 2001}, "note"),
        ({"note": "a\x00b"}, "note"),
        ({"note": {"text": "hello"}}, "note"),
        ({"priority": "high"}, "priority"),
    ],
)
async def test_a_wrong_field_is_named(api: ApiUnderTest, wrong: dict[str, Any], field: str) -> None:
    answer = await api.submit(wrong)

    body = answer.json()
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert body["code"] == "invalid_request"
    assert fields_of(body) == {field}
    assert body["next_action"]


async def test_every_wrong_field_is_named_at_once(api: ApiUnderTest) -> None:
    answer = await api.submit({"account_id": "?", "kind": "?", "requested_date": "?", "more": 1})

    assert fields_of(answer.json()) == {"account_id", "kind", "requested_date", "more"}


async def test_a_missing_field_is_named(api: ApiUnderTest) -> None:
    answer = await api.portal.post(ROUTE, json={}, headers=new_key())

    body = answer.json()
    assert fields_of(body) == {"account_id", "kind", "requested_date", "details"}
    assert {problem["message"] for problem in body["errors"]} == {"is required"}


@pytest.mark.parametrize(
    "address",
    [
        {"country": "usa"},
        {"postal_code": "1"},
        {"line1": " "},
        {"city": "a\x00b"},
        {"line1": "x" * 201},
    ],
)
async def test_a_wrong_line_of_an_address_is_named(
    api: ApiUnderTest, address: dict[str, str]
) -> None:
    good = DETAILS["change_billing_address"]["billing_address"]
    answer = await api.submit(
        {"kind": "change_billing_address", "details": {"billing_address": good | address}}
    )

    assert answer.status_code == 422
    assert fields_of(answer.json()) == {f"details.billing_address.{next(iter(address))}"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"not json",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe\xfa",
        b"[" * 100_000,
        b'{"account_id": ' + b"9" * 5000 + b"}",
    ],
    ids=["empty", "cut", "words", "list", "null", "text", "binary", "deep", "huge number"],
)
async def test_a_body_that_is_no_change_is_refused_in_words(api: ApiUnderTest, body: bytes) -> None:
    headers = new_key() | {"Content-Type": "application/json"}
    answer = await api.portal.post(ROUTE, content=body, headers=headers)

    assert answer.status_code == 422
    assert answer.json()["errors"]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(CHANGE | {"note": "\ud800"}),
        json.dumps(CHANGE | {"\ud800": "x"}),
        json.dumps(CHANGE | {"details": {"service": "\udfff"}}),
        json.dumps(CHANGE | {"details": {"\udfff": 1}}),
        json.dumps(CHANGE | {"account_id": "\x00"}),
        json.dumps(CHANGE | {"note": float("nan")}),
        json.dumps(CHANGE | {"requested_date": float("inf")}),
    ],
    ids=["lone half", "half as name", "half in details", "half within", "nul", "nan", "infinity"],
)
async def test_letters_and_numbers_no_database_can_hold_are_refused(
    api: ApiUnderTest, text: str
) -> None:
    headers = new_key() | {"Content-Type": "application/json"}
    answer = await api.portal.post(ROUTE, content=text, headers=headers)

    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] == "invalid_request"


async def test_letters_of_any_script_come_back_as_they_were(api: ApiUnderTest) -> None:
    note = "Grüße, 你好, \U0001f600, e\u0301, \u202e"

    body = await api.accepted({"note": note})

    assert body["note"] == note


async def test_another_content_type_is_refused(api: ApiUnderTest) -> None:
    for content_type in ("text/plain", "application/x-www-form-urlencoded", ""):
        headers = new_key() | {"Content-Type": content_type}
        answer = await api.portal.post(ROUTE, content=json.dumps(CHANGE), headers=headers)
        assert answer.status_code == 415
        assert answer.json()["code"] == "unsupported_body"


async def test_json_with_a_character_set_is_json(api: ApiUnderTest) -> None:
    headers = new_key() | {"Content-Type": "Application/JSON; charset=utf-8"}
    answer = await api.portal.post(ROUTE, content=json.dumps(CHANGE), headers=headers)

    assert answer.status_code == 202


async def test_a_json_body_has_a_limit_of_its_own(api: ApiUnderTest) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b'{"note": "'
        for _ in range(1024):
            yield b"x" * 1024

    headers = new_key() | {"Content-Type": "application/json"}
    answer = await api.portal.post(ROUTE, content=endless(), headers=headers)

    assert answer.status_code == 413
    assert "512 KiB" in answer.json()["detail"]


@pytest.mark.parametrize("key", [None, "", "   ", "k" * 256])
async def test_a_key_is_required(api: ApiUnderTest, key: str | None) -> None:
    headers = {} if key is None else {"Idempotency-Key": key}
    answer = await api.portal.post(ROUTE, json=CHANGE, headers=headers)

    assert answer.status_code == 400
    assert answer.json()["code"] == "idempotency_key_missing"


async def test_a_key_has_printable_ascii_letters_only(api: ApiUnderTest) -> None:
    headers: Any = {b"Idempotency-Key": "schlüssel".encode("latin-1")}
    answer = await api.portal.post(ROUTE, json=CHANGE, headers=headers)

    assert answer.status_code == 400
    assert answer.json()["code"] == "idempotency_key_missing"
