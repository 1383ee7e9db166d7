"""The signature of events, against the library that vendors sign with."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from adapters.webhooks import WebhookVerifier, is_event_id
from tests.support import webhooks
from tests.support.api import BILLING_SECRET, TICKETING_SECRET
from tests.support.webhooks import standing_changed

BODY = json.dumps(standing_changed()).encode()


def signed(
    body: bytes = BODY, *, secret: str = BILLING_SECRET, age: timedelta = timedelta()
) -> dict[str, str]:
    return webhooks.signed(body, secret=secret, age=age)


@pytest.fixture
def verifier() -> WebhookVerifier:
    return WebhookVerifier([BILLING_SECRET])


def test_a_good_event_is_genuine(verifier: WebhookVerifier) -> None:
    assert verifier.genuine(BODY, signed())


def test_while_a_secret_is_renewed_both_are_good() -> None:
    renewing = WebhookVerifier([TICKETING_SECRET, BILLING_SECRET])

    assert renewing.genuine(BODY, signed(secret=BILLING_SECRET))
    assert renewing.genuine(BODY, signed(secret=TICKETING_SECRET))


def test_one_good_signature_among_several_is_enough(verifier: WebhookVerifier) -> None:
    headers = signed()
    headers["webhook-signature"] = f"v1,Zm9yZ2Vk {headers['webhook-signature']} v2,bmV3"

    assert verifier.genuine(BODY, headers)


def test_without_any_secret_nothing_is_good() -> None:
    assert not WebhookVerifier([]).genuine(BODY, signed())


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
    assert not verifier.genuine(BODY, make())


@pytest.mark.parametrize("body", [b"", b"not json", b"[" * 200_000, b"{}"])
def test_what_the_bytes_say_is_not_looked_at(verifier: WebhookVerifier, body: bytes) -> None:
    assert verifier.genuine(body, signed(body))


def test_bytes_that_are_no_text_are_not_genuine(verifier: WebhookVerifier) -> None:
    assert not verifier.genuine(b"\xff\xfe\xfd", signed(b"\xff\xfe\xfd"))


@pytest.mark.parametrize(
    ("text", "fits"),
    [("evt_1", True), ("msg/1:2~", True), ("e" * 255, True), ("e" * 256, False), ("", False)]
    + [(text, False) for text in ("a b", "a\x00", "\u00fc", "a\n")],
)
def test_an_id_is_printable_and_of_sane_length(text: str, fits: bool) -> None:
    assert is_event_id(text) is fits
