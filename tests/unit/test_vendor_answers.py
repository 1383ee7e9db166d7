"""A vendor's answer: strict where we act on it, tolerant elsewhere, nothing personal kept."""

import logging

import pytest

from adapters.vendors.answers import Answer, Payload
from adapters.vendors.dialect import Dialect
from domain.errors import UnrecognisedPayloadError
from domain.identifiers import System
from domain.vendor_values import Standing

DIALECT = Dialect(System.BILLING, lambda _: None, personal=frozenset({"address"}))


class Account(Payload):
    standing: Standing
    amount_minor: int


def answer(text: str) -> Answer:
    return Answer(DIALECT, 200, {}, text)


def test_the_fields_we_act_on_are_read() -> None:
    read = answer('{"standing": "past_due", "amount_minor": 5}').read(Account)
    assert (read.standing, read.amount_minor) == (Standing.PAST_DUE, 5)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"standing": "frozen", "amount_minor": 5}', "standing"),
        ('{"amount_minor": 5}', "standing"),
        ('{"standing": "current", "amount_minor": "5"}', "amount_minor"),
        ('{"standing": "current", "amount_minor": 5.5}', "amount_minor"),
        ('{"standing": "current", "amount_minor": null}', "amount_minor"),
        ('{"standing": "curr', "the body"),
        ("<h1>We will be back shortly.</h1>", "the body"),
        ("[]", "the body"),
        ("", "the body"),
    ],
)
def test_anything_else_is_unrecognised_with_the_raw_text(text: str, place: str) -> None:
    with pytest.raises(UnrecognisedPayloadError) as error:
        answer(text).read(Account)
    assert error.value.words.startswith(f"{place}: ")
    assert error.value.words.endswith(text)


def test_a_field_we_do_not_act_on_is_let_through_and_noted_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    text = '{"standing": "current", "amount_minor": 5, "never_seen_before": 1}'
    with caplog.at_level(logging.INFO):
        answer(text).read(Account)
        answer(text).read(Account)
    noted = [record for record in caplog.records if "not acted on" in record.message]
    assert len(noted) == 1


def test_personal_members_are_not_kept() -> None:
    told = answer('{"lines": [{"address": {"city": "Springfield"}}], "address": null}')
    assert told.evidence == {"lines": [{"address": "[personal]"}], "address": None}
    assert "Springfield" not in told.words
    assert "Springfield" not in told.unrecognised("why").words


def test_a_long_text_is_cut() -> None:
    assert len(answer("x" * 10_000).evidence) == 4000
