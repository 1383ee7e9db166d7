"""A vendor's answer: strict where we act on it, tolerant elsewhere, nothing personal kept."""

import pytest

from adapters.vendors.answers import Answer
from adapters.vendors.dialect import Dialect
from adapters.vendors.reading import Payload, Reading
from domain.errors import UnrecognisedPayloadError
from domain.identifiers import System
from domain.vendor_values import Standing

DIALECT = Dialect(System.BILLING, lambda _: None, personal=frozenset({"address"}))


class Account(Payload):
    standing: Standing
    amount_minor: int


ACCOUNT = Reading("read", Account)


def answer(text: str) -> Answer:
    return Answer(DIALECT, 200, {}, text)


def test_the_fields_we_act_on_are_read() -> None:
    read = answer('{"standing": "past_due", "amount_minor": 5}').read(ACCOUNT)
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
        answer(text).read(ACCOUNT)
    assert error.value.words.startswith(f"{place}: ")
    assert error.value.words.endswith(text)


def test_personal_members_are_not_kept() -> None:
    told = answer('{"lines": [{"address": {"city": "Springfield"}}], "address": null}')
    assert told.evidence == {"lines": [{"address": "[personal]"}], "address": None}
    assert "Springfield" not in told.words
    assert "Springfield" not in told.unrecognised("why").words


def test_a_long_text_is_cut() -> None:
    assert len(answer("x" * 10_000).evidence) == 4000
