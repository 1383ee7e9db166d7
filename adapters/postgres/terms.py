"""What somebody typed into a search box, as conditions: an identifier, or words."""

from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Text, cast, func, literal_column, or_, select, text
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.tables import IdentifierRow
from adapters.postgres.tables_views import SearchTextRow

PREFIX_AT_LEAST: Final = 4
"""Shorter searches must match exactly: two letters would find half the record."""

_SIMPLE: Final[ColumnElement[Any]] = literal_column("'simple'::regconfig")
_EXCERPT: Final = 'MaxWords=24, MinWords=12, ShortWord=0, StartSel="", StopSel=""'


def matching(term: str) -> ColumnElement[bool]:
    """Identifiers that are the term, or begin with it."""
    folded = term.strip().lower()
    exact = IdentifierRow.folded == folded
    if len(folded) < PREFIX_AT_LEAST:
        return exact
    return or_(exact, IdentifierRow.folded.startswith(folded, autoescape=True))


def named(term: str) -> Select[Any]:
    """The changes that go by the term."""
    return select(IdentifierRow.change_id).where(matching(term))


def told(term: str) -> Select[Any]:
    """The changes about which somebody wrote these words, all of them in one text."""
    return select(SearchTextRow.change_id).where(SearchTextRow.words.op("@@")(words(term)))


def words(term: str) -> ColumnElement[Any]:
    """The words as web searches take them: quotes, `or` and a minus; a last word may go on."""
    wanted = func.websearch_to_tsquery(_SIMPLE, term)
    last = term.rsplit(maxsplit=1)[-1] if term.split() else ""
    if len(last) < PREFIX_AT_LEAST or not last.isalnum():
        return wanted
    return cast(cast(wanted, Text).concat(":*"), TSQUERY)


def excerpt(term: str) -> ColumnElement[str]:
    """The stretch of a text in which the words stand."""
    return func.ts_headline(_SIMPLE, SearchTextRow.body, words(term), _EXCERPT)


async def plan_by_value(session: AsyncSession) -> None:
    """Have the statements of this transaction planned for the very values they are given.

    Whether a filter leaves three changes or all of them decides which index serves; a plan that
    was prepared once for every value is wrong for half of them.
    """
    await session.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
