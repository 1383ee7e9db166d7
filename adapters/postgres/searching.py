"""Search: changes by what they go by, then by what was written about them. Nothing here writes."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres import mapping
from adapters.postgres.change_filters import narrowed
from adapters.postgres.reading import bad_cursor, decode_cursor, encode_cursor
from adapters.postgres.tables import IdentifierRow, ServiceChangeRow
from adapters.postgres.tables_views import SearchTextRow
from adapters.postgres.terms import excerpt, matching, named, plan_by_value, told, words
from domain.contracts import Page, SearchHit, ServiceChangeSummary
from domain.filters import ChangeFilters

_C = ServiceChangeRow


def _by_name(term: str) -> ColumnElement[bool]:
    return _C.id.in_(named(term))


def _by_words_alone(term: str) -> ColumnElement[bool]:
    by_name = select(IdentifierRow.change_id).where(
        IdentifierRow.change_id == _C.id, matching(term)
    )
    return _C.id.in_(told(term)) & ~by_name.exists()


_STAGES: Final[Sequence[Callable[[str], ColumnElement[bool]]]] = (_by_name, _by_words_alone)
"""In this order; within each the newest change comes first."""


async def search(
    session: AsyncSession,
    term: str,
    wanted: ChangeFilters,
    *,
    now: datetime,
    submitted_by: str | None,
    cursor: str | None,
    limit: int,
) -> Page[SearchHit]:
    """Each change once, with the identifier or the text it was found by."""
    await plan_by_value(session)
    first, place = _place(cursor) if cursor else (0, None)
    rest = wanted.model_copy(update={"q": None})
    found: list[tuple[int, ServiceChangeRow]] = []
    for stage in range(first, len(_STAGES)):
        statement = (
            narrowed(select(_C), rest, now, submitted_by)
            .where(_STAGES[stage](term))
            .order_by(_C.submitted_at.desc(), _C.id.desc())
            .limit(limit + 1 - len(found))
        )
        if place is not None and stage == first:
            statement = statement.where(tuple_(_C.submitted_at, _C.id) < place)
        found += [(stage, row) for row in await session.scalars(statement)]
        if len(found) > limit:
            break
    more, found = len(found) > limit, found[:limit]
    by = [
        await _names(session, term, [row.id for stage, row in found if stage == 0]),
        await _texts(session, term, [row.id for stage, row in found if stage == 1]),
    ]
    return Page(
        items=[
            SearchHit(
                change=ServiceChangeSummary(**mapping.summary_fields(row)),
                matched_kind=by[stage][row.id][0],
                matched_value=by[stage][row.id][1],
            )
            for stage, row in found
        ],
        next_cursor=_cursor(*found[-1]) if more else None,
    )


def _cursor(stage: int, row: ServiceChangeRow) -> str:
    return encode_cursor(str(stage), row.submitted_at.isoformat(), row.id)


def _place(cursor: str) -> tuple[int, tuple[datetime, str]]:
    stage, at, last = decode_cursor(cursor, 3)
    try:
        return list(map(str, range(len(_STAGES)))).index(stage), (datetime.fromisoformat(at), last)
    except ValueError as error:
        raise bad_cursor() from error


async def _names(
    session: AsyncSession, term: str, ids: Sequence[str]
) -> Mapping[str, tuple[str, str]]:
    """The best identifier of each change: its kind and itself."""
    if not ids:
        return {}
    exact_first = IdentifierRow.folded != term.strip().lower()
    rows = await session.scalars(
        select(IdentifierRow)
        .where(IdentifierRow.change_id.in_(ids), matching(term))
        .ext(distinct_on(IdentifierRow.change_id))
        .order_by(IdentifierRow.change_id, exact_first, IdentifierRow.kind)
    )
    return {row.change_id: (row.kind, row.value) for row in rows}


async def _texts(
    session: AsyncSession, term: str, ids: Sequence[str]
) -> Mapping[str, tuple[str, str]]:
    """One text of each change: where it stands, and the stretch with the words."""
    if not ids:
        return {}
    rows = await session.execute(
        select(SearchTextRow.change_id, SearchTextRow.source, excerpt(term))
        .where(SearchTextRow.change_id.in_(ids), SearchTextRow.words.op("@@")(words(term)))
        .ext(distinct_on(SearchTextRow.change_id))
        .order_by(SearchTextRow.change_id, SearchTextRow.source, SearchTextRow.place)
    )
    return {change_id: (source, body) for change_id, source, body in rows}
