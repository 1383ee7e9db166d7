"""Comparisons as a query writes them, such as `gte:2026-11-01` or `lt:now-2d`. Pure.

An operator, a colon and a value. A time is ISO 8601 or counted from now; a date without a time of
day begins at midnight UTC, and a time without a zone is UTC. What is counted from now moves with
it, so that a kept link means the same tomorrow.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field

_NOW: Final = re.compile(r"now(?:([+ -])([0-9]{1,4})([mhdw]))?")
_NUMBER: Final = re.compile(r"-?[0-9]{1,12}")
_UNIT: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Operator(StrEnum):
    """How a field is compared with a value."""

    GREATER_OR_EQUAL = "gte"
    GREATER = "gt"
    LESS_OR_EQUAL = "lte"
    LESS = "lt"


@dataclass(frozen=True, slots=True)
class Comparison:
    """An operator with the value on its right."""

    operator: Operator
    value: Any


def moment(text: str, now: datetime) -> datetime:
    """A time, absolute or counted from now. Raises ValueError with what was expected."""
    if found := _NOW.fullmatch(text):
        sign, amount, unit = found.groups()
        if unit is None:
            return now
        span = timedelta(**{_UNIT[unit]: int(amount)})
        return now - span if sign == "-" else now + span  # a plus in a URL may arrive as a space
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is not a time; write 2026-11-01, 2026-11-01T08:00:00Z or now-2d"
        ) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def day(text: str, now: datetime) -> date:
    """A day, absolute or counted from now. Raises ValueError with what was expected."""
    at = moment(text, now)
    if at.timetz().replace(tzinfo=None) != time() and not text.startswith("now"):
        raise ValueError(f"{text!r} is not a day; write 2026-11-01 or now+7d")
    return at.date()


def number(text: str, now: datetime) -> int:
    """A whole number; `now` has no part in it. Raises ValueError with what was expected."""
    del now
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text!r} is not a whole number")
    return int(text)


Reading = Callable[[str, datetime], Any]


def comparison(text: str, read: Reading, now: datetime) -> Comparison:
    """What `text` asks for. Raises ValueError with what was expected."""
    name, colon, value = text.partition(":")
    if not colon or name not in set(Operator):
        names = ", ".join(Operator)
        raise ValueError(f"{text!r} is no comparison; begin with one of {names} and a colon")
    return Comparison(Operator(name), read(value, now))


def _checked(read: Reading) -> AfterValidator:
    def check(text: str) -> str:
        comparison(text, read, datetime.now(UTC))  # only whether it can be read counts
        return text

    return AfterValidator(check)


_OPERATORS: Final = "|".join(Operator)
Moments = Annotated[
    str,
    Field(max_length=60, examples=["gte:2026-11-01", "lt:now-2d"], pattern=f"^({_OPERATORS}):"),
    _checked(moment),
]
"""A comparison with a time."""

Days = Annotated[
    str,
    Field(max_length=60, examples=["lte:2026-12-24", "gte:now+7d"], pattern=f"^({_OPERATORS}):"),
    _checked(day),
]
"""A comparison with a calendar day."""

Numbers = Annotated[
    str,
    Field(max_length=30, examples=["gte:3"], pattern=f"^({_OPERATORS}):"),
    _checked(number),
]
"""A comparison with a whole number."""
