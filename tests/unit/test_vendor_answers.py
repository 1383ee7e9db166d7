"""A vendor's answer: strict where we act on it, tolerant elsewhere, nothing personal kept."""

import pytest

from adapters.vendors.acted_on import ACTED_ON, VOCABULARIES
from adapters.vendors.answers import Answer
from adapters.vendors.dialect import Dialect
from adapters.vendors.reading import Payload, Reading
from adapters.vendors.watching import Knowledge, Unwatched
from domain.drift import DriftKind, Sighting, drift_id
from domain.errors import UnrecognisedPayloadError
from domain.identifiers import System
from domain.mappings import Mappings
from domain.shapes import shape_fingerprint
from domain.vendor_values import Standing, TicketStatus

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


class Watching(Unwatched):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.known: set[str] = set()
        self.told: list[Sighting] = []

    def counted(self, system: System, operation: str, shape: str) -> bool:
        """By the shape alone."""
        del system, operation
        return shape in self.known

    def saw(self, sighting: Sighting) -> None:
        """Keep it."""
        self.told.append(sighting)
        self.known.add(shape_fingerprint(sighting.shape))


def watched(text: str, watch: Watching, mappings: Mappings | None = None) -> Answer:
    shape = {"read": frozenset({". object", "standing string", "amount_minor number"})}
    return Answer(DIALECT, 200, {}, text, Knowledge(mappings or Mappings(), shape), watch)


def test_what_people_mapped_is_read_as_what_it_means() -> None:
    mappings = Mappings(
        {("standing", '"frozen"'): "past_due"}, {"account.amount_minor": ("amount",)}
    )
    read = watched('{"standing": "frozen", "amount": 5}', Watching(), mappings).read(ACCOUNT)
    assert (read.standing, read.amount_minor) == (Standing.PAST_DUE, 5)


def test_a_payload_that_is_not_understood_is_told_with_its_drift_and_names_it() -> None:
    watch = Watching()
    with pytest.raises(UnrecognisedPayloadError) as error:
        watched('{"standing": "frozen", "address": "x"}', watch).read(ACCOUNT)
    (sighting,) = watch.told
    assert [each.kind for each in sighting.findings] == [
        DriftKind.UNKNOWN_VALUE,
        DriftKind.MISSING,
    ]
    assert error.value.reason == drift_id(System.BILLING, sighting.findings[0])
    assert sighting.sample == {"standing": "frozen", "address": "[masked]"}


def test_a_field_we_do_not_act_on_is_let_through_and_told_once() -> None:
    text, watch = '{"standing": "current", "amount_minor": 5, "never_seen_before": 1}', Watching()
    for _ in range(2):
        watched(text, watch).read(ACCOUNT)
    (sighting,) = watch.told
    assert [(each.kind, each.path) for each in sighting.findings] == [
        (DriftKind.NEW_FIELD, "never_seen_before")
    ]


def test_an_answer_nested_without_end_is_unreadable_and_no_crash() -> None:
    for text in ("[" * 100_000, '{"a":' * 50_000, "[" * 60 + "]" * 60):
        with pytest.raises(UnrecognisedPayloadError):
            answer(text).read(ACCOUNT)


def test_everything_that_is_acted_on_is_in_one_table_with_its_words() -> None:
    assert VOCABULARIES[System.TICKETING]["ticket_status"] == frozenset(map(str, TicketStatus))
    assert {"service", "term", "order_status", "lifecycle"} <= VOCABULARIES[System.CRM].keys()
    for system, operations in ACTED_ON.items():
        for operation, expected in operations.items():
            assert expected.members, (system, operation)
