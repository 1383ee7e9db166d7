"""One value as a cell of a CSV file that spreadsheets open. Pure."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

BEGINS_A_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - full-width signs count, too
"""A cell that begins so may be run as a formula; see OWASP, "CSV Injection"."""

_GUARD: Final = "'"


def cell(value: Any) -> str:  # noqa: ANN401 - whatever a column holds
    """The value as text: numbers as they are, times in UTC, and no text that runs as a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | Decimal):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return _guarded(str(value))


def _guarded(text: str) -> str:
    return _GUARD + text if text.startswith(BEGINS_A_FORMULA) else text


def dollars(minor: int | None) -> Decimal | None:
    """Minor units as an amount."""
    return None if minor is None else Decimal(minor).scaleb(-2)


def told(value: Any) -> str:  # noqa: ANN401 - JSON is any of six types
    """JSON as one line a person reads: `line1: Main Street 1, city: Springfield`."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {told(member)}" for name, member in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(told(item) for item in value)
    return "" if value is None else str(value)
