"""The signature of events, against the library that vendors sign with."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook

from adapters.webhooks import WebhookVerifier, read_event
from domain.identifiers import System
from tests.support.api import BILLING_SECRET, TICKETING_SECRET

EVENT = {"type": "invoice.paid", "data": {"account": "7590-VHVEG", "invoice": "in_7"}}
BODY = json.dumps(EVENT).encode()


def signed(
    body: bytes = BODY, *, secret: str = BILLING_SECRET, age: timedelta = timedelta()
) -> dict[str, str]:
    at = datetime.now(UTC) - age
    return {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign("evt_1", at, body.decode("latin-1")),
    }


@pytest.fixture
def verifier() -> WebhookVerifier:
    return WebhookVerifier([BILLING_SECRET])


def test_a_good_event_is_read(verifier: WebhookVerifier) -> None:
    assert verifier.verify(BODY, signed()) == EVENT


def test_while_a_secret_is_renewed_both_are_good() -> None:
    renewing = WebhookVerifier([TICKETING_SECRET, BILLING_SECRET])

    assert renewing.verify(BODY, signed(secret=BILLING_SECRET)) == EVENT
    assert renewing.verify(BODY, signed(secret=TICKETING_SECRET)) == EVENT


def test_one_good_signature_among_several_is_enough(verifier: WebhookVerifier) -> None:
    headers = signed()
    headers["webhook-signature"] = f"v1,Zm9yZ2Vk {headers['webhook-signature']} v2,bmV3"

    assert verifier.verify(BODY, headers) == EVENT


def test_without_any_secret_nothing_is_good() -> None:
    assert WebhookVerifier([]).verify(BODY, signed()) is None


@pytest.mark.parametrize(
    "make",
    [
        lambda: signed(secret=TICKETING_SECRET),
        lambda: signed(b"{}"),
        lambda: signed(age=timedelta(minutes=6)),
        lambda: signed(age=-timedelta(minutes=6)),
        dict,
        lambda: signed() | {"webhook-id": "evt_2"},
        lambda: signed() | {"webhook-timestamp": "now"},
        lambda: signed() | {"webhook-timestamp": "inf"},
        lambda: signed() | {"webhook-timestamp": "9" * 400},
        lambda: signed() | {"webhook-signature": "no comma"},
        lambda: signed() | {"webhook-signature": "v1,a,b"},
        lambda: signed() | {"webhook-signature": "v1,\u00fc"},
        lambda: signed() | {"webhook-signature": ","},
    ],
    ids=[
        "another secret",
        "another body",
        "too old",
        "too new",
        "no headers",
        "another id",
        "no time",
        "endless time",
        "huge time",
        "no version",
        "two commas",
        "no base64",
        "empty",
    ],
)
def test_what_does_not_fit_is_no_event(
    verifier: WebhookVerifier, make: Callable[[], dict[str, str]]
) -> None:
    # Made now: headers made while tests are collected would age with the tests before this one.
    assert verifier.verify(BODY, make()) is None


@pytest.mark.parametrize("body", [b"\xff\xfe\xfd", b"", b"not json", b"[" * 200_000])
def test_a_body_that_cannot_be_read_is_no_event(verifier: WebhookVerifier, body: bytes) -> None:
    assert verifier.verify(body, signed(body)) is None


@pytest.mark.parametrize(
    ("payload", "read"),
    [
        (EVENT, ("invoice.paid", "7590-VHVEG", "in_7")),
        ({"type": "invoice.paid"}, ("invoice.paid", None, None)),
        ({"type": "x", "data": {"account": 7, "invoice": ["in"]}}, ("x", None, None)),
        ({"type": None, "data": None}, ("unknown", None, None)),
        ("text", ("unknown", None, None)),
    ],
)
def test_an_event_of_any_shape_is_read_as_far_as_it_goes(
    payload: object, read: tuple[str, str | None, str | None]
) -> None:
    found = read_event(System.BILLING, payload)

    assert (found.type, found.account_id, found.reference) == read
