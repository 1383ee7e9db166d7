"""Filters of a page: from what is entered to the API's query, and from a saved view back. Pure.

Each field of the page is a row of a table. What a saved view asks for and no field holds stands in
one more field, as the API's own query, so that nothing of a view is lost or hidden.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote, unquote, urlencode

from domain.filters import FILTERS_OF, ListPage

Query = dict[str, list[str]]
Entered = Mapping[str, Any]
ALSO: Final = "also"
"""The field that holds what no other field does."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field: the parameter it asks by, how it is written, and how it is read back.

    `write` turns what is entered into values of the parameter. `read` turns one value back, and
    raises ValueError for a value that the field cannot show.
    """

    parameter: str
    write: Callable[[Any, datetime], list[str]]
    read: Callable[[str, datetime], Any]
    empty: Any = None
    """What the field holds when nothing is asked for."""

    @property
    def several(self) -> bool:
        """Whether it takes more than one value, each a choice of its own."""
        return isinstance(self.empty, list)


def _same(value: Any, now: datetime) -> list[str]:  # noqa: ANN401 - text or a list of it
    del now
    if isinstance(value, str):
        return [value.strip()] if value.strip() else []
    return [str(item) for item in value]


def _text(value: str, now: datetime) -> str:
    del now
    return value


def _listed(value: str, now: datetime) -> list[str]:
    """`olga, portal`: any of them."""
    del now
    return [name.strip() for name in value.split(",") if name.strip()]


def _midnight(day: date, now: datetime) -> datetime:
    return datetime.combine(day, time(), now.tzinfo)


def _from_day(value: date, now: datetime) -> list[str]:
    return [_midnight(value, now).isoformat()]


def _day(value: str, now: datetime) -> date:
    at = datetime.fromisoformat(value).astimezone(now.tzinfo)
    if at.time() != time():
        raise ValueError("no field shows a time of day")
    return at.date()


def _to_day(value: date, now: datetime) -> list[str]:
    """The whole of that day."""
    return [_midnight(value + timedelta(days=1), now).isoformat()]


def _last_day(value: str, now: datetime) -> date:
    return _day(value, now) - timedelta(days=1)


def _calendar_day(value: date, now: datetime) -> list[str]:
    del now
    return [value.isoformat()]


def _read_calendar_day(value: str, now: datetime) -> date:
    del now
    return date.fromisoformat(value)


def _begins(value: str, prefix: str) -> str:
    if not value.startswith(prefix):
        raise ValueError("another comparison")
    return value.removeprefix(prefix)


def _count(value: int, now: datetime) -> list[str]:
    del now
    return [f"gte:{value}"]


def _read_count(value: str, now: datetime) -> int:
    del now
    return int(_begins(value, "gte:"))


def _dollars(operator: str) -> Field:
    def write(value: float, now: datetime) -> list[str]:
        del now
        return [f"{operator}:{int(Decimal(str(value)).scaleb(2))}"]

    def read(value: str, now: datetime) -> float:
        del now
        return float(Decimal(int(_begins(value, f"{operator}:"))).scaleb(-2))

    return Field("price_difference", write, read)


DUE: Final[Mapping[str, str]] = {
    "Overdue": "lt:now",
    "Within 8 hours": "lt:now+8h",
    "Within a day": "lt:now+1d",
    "Within 3 days": "lt:now+3d",
}


def _due(value: str, now: datetime) -> list[str]:
    del now
    return [DUE[value]]


def _read_due(value: str, now: datetime) -> str:
    del now
    return next((label for label, asked in DUE.items() if asked == value), "") or _begins(
        value, "?"
    )


def _choices(parameter: str) -> Field:
    return Field(parameter, _same, _text, [])


def _typed(parameter: str) -> Field:
    return Field(parameter, _same, _text, "")


def _names(parameter: str) -> Field:
    return Field(parameter, _listed, _text, "")


CHANGES: Final[Mapping[str, Field]] = {
    "q": _typed("q"),
    "status": _choices("status"),
    "kind": _choices("kind"),
    "system": _choices("system"),
    "waiting_on": _choices("waiting_on"),
    "assigned_to": _choices("assigned_to"),
    "submitted_from": Field("submitted_from", _from_day, _day),
    "submitted_to": Field("submitted_to", _to_day, _last_day),
    "updated_from": Field("updated_from", _from_day, _day),
    "requested_from": Field("requested_from", _calendar_day, _read_calendar_day),
    "requested_to": Field("requested_to", _calendar_day, _read_calendar_day),
    "due": Field("due_at", _due, _read_due),
    "tried": Field("attempts", _count, _read_count),
    "price_from": _dollars("gte"),
    "price_to": _dollars("lte"),
}

AUDIT: Final[Mapping[str, Field]] = {
    "q": _typed("q"),
    "account_id": _typed("account_id"),
    "actor": _names("actor"),
    "action": _names("action"),
    "outcome": _choices("outcome"),
    "since": Field("since", _from_day, _day),
    "until": Field("until", _to_day, _last_day),
    "invoice": _typed("invoice"),
    "order": _typed("order"),
    "appointment": _typed("appointment"),
    "ticket": _typed("ticket"),
    "document": _typed("document"),
    "change_id": _typed("change_id"),
    "correlation_id": _typed("correlation_id"),
}

FIELDS: Final[Mapping[ListPage, Mapping[str, Field]]] = {
    ListPage.CHANGES: CHANGES,
    ListPage.AUDIT: AUDIT,
}


def query_of(fields: Mapping[str, Field], entered: Entered, now: datetime) -> Query:
    """What is asked of the API. `now` is told on the reader's clock: their days are meant."""
    query: Query = {}
    for name, field in fields.items():
        if (value := entered.get(name)) not in (None, "", []):
            query.setdefault(field.parameter, []).extend(field.write(value, now))
    for part in str(entered.get(ALSO) or "").split("&"):
        name, _, value = part.strip().partition("=")  # a plus stays one: `due_at=gte:now+2d`
        if name and value:
            query.setdefault(name, []).append(unquote(value))
    return {name: values for name, values in query.items() if values}


def entered_of(fields: Mapping[str, Field], filters: Mapping[str, Any], now: datetime) -> Entered:
    """What stands in each field for these filters; what none can hold stands in `also`."""
    entered: dict[str, Any] = {}
    pairs = [
        (parameter, str(value))
        for parameter, given in filters.items()
        for value in (given if isinstance(given, list) else [given])
    ]
    also = [pair for pair in pairs if not _placed(fields, entered, pair, now)]
    if also:
        entered[ALSO] = urlencode(also, safe=":+@,", quote_via=quote)
    return entered


def _placed(
    fields: Mapping[str, Field],
    entered: dict[str, Any],
    asked: tuple[str, str],
    now: datetime,
) -> bool:
    """Put one value into the first field that can show it."""
    parameter, value = asked
    for name, field in fields.items():
        if field.parameter != parameter:
            continue
        try:
            shown = field.read(value, now)
        except ValueError:
            continue
        if field.several:
            entered.setdefault(name, []).append(shown)
            return True
        if field.write is _listed and name in entered:
            entered[name] = f"{entered[name]}, {shown}"
            return True
        if name not in entered:
            entered[name] = shown
            return True
    return False


def kept(query: Query, page: ListPage) -> dict[str, Any]:
    """The query as a saved view keeps it: a list where several may be meant."""
    model = FILTERS_OF[page].model_fields
    return {
        name: values
        if name not in model or model[name].default_factory is list or len(values) > 1
        else values[0]
        for name, values in query.items()
    }
