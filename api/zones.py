"""Time zones as callers name them."""

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import Query

from api.errors import ApiError
from domain.errors import FieldProblem

ZoneName = Annotated[
    str, Query(max_length=64, description="The time zone whose midnight begins the day.")
]


def zone_of(name: str) -> ZoneInfo:
    """The zone of that name. Raises ApiError for a name that is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        words = "is not the name of a time zone, such as Europe/Berlin"
        raise ApiError(
            "invalid_request", f"zone {words}.", [FieldProblem("zone", words)]
        ) from error
