"""The query of each list: its filters, and the stretch of it that is asked for."""

from typing import Annotated, Final

from fastapi import Query
from pydantic import BaseModel, Field

from domain.contracts import MatchCount
from domain.filters import AuditFilters, ChangeFilters, Name

COUNTED_TO: Final = 1_000
"""Whoever looks at a list wants to know whether it is three, three hundred or too many."""


class Stretch(BaseModel):
    """Where a list goes on, and how far."""

    cursor: str | None = None
    limit: int = Field(50, ge=1, le=200)


class ChangeList(ChangeFilters, Stretch):
    """Service changes that fit."""


class ChangeSearch(ChangeFilters, Stretch):
    """Service changes that are found and fit."""

    q: Name


class AuditList(AuditFilters, Stretch):
    """Audit entries that fit."""


ChangeListQuery = Annotated[ChangeList, Query()]
ChangeSearchQuery = Annotated[ChangeSearch, Query()]
ChangeFilterQuery = Annotated[ChangeFilters, Query()]
AuditListQuery = Annotated[AuditList, Query()]
AuditFilterQuery = Annotated[AuditFilters, Query()]


def match_count(found: int) -> MatchCount:
    """A count that was made up to one above COUNTED_TO."""
    return MatchCount(count=min(found, COUNTED_TO), more=found > COUNTED_TO)
