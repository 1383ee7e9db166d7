"""A record made many times as large: every ended change again and again, further in the past.

Copies are of ended changes alone: nothing is to be done about them, as about most of what a year
leaves behind. Nothing is invented: statuses, attempts, trails and identifiers are the originals'.
"""

from typing import Final

from sqlalchemy import BigInteger, Column, Connection, DateTime, Table, Text, text

from adapters.postgres.tables import Base

APART: Final = "interval '12 hours'"
"""Between one copy and the next."""

TABLES: Final = (
    "service_changes",
    "document_versions",
    "checks",
    "effects",
    "attempts",
    "audit_entries",
    "tickets",
    "notifications",
    "identifiers",
    "decisions",
    "dead_letters",
)
_COPY_ID: Final = "left(c.id, 4) || substr(md5(c.id || ':' || k), 1, 16)"
_OWN_NAME: Final = frozenset({("decisions", "id"), ("dead_letters", "id")})
"""Keys that do not carry the change's id, and so are made anew."""

_LEFT_OUT: Final = frozenset({("attempts", "exchanges")})
"""What was said both ways is by far the largest part and is only ever read for one attempt."""


_ENDED: Final = """
CREATE TEMP TABLE ended AS SELECT id FROM service_changes WHERE ended_at IS NOT NULL
"""


def multiply(connection: Connection, wanted: int) -> int:
    """Copy ended changes until there are at least `wanted`; how many there are then."""
    ended, every = connection.execute(
        text("SELECT count(*) FILTER (WHERE ended_at IS NOT NULL), count(*) FROM service_changes")
    ).one()
    copies = max(0, -(-(wanted - every) // ended))
    if copies:
        connection.execute(text(_ENDED))
        for name in TABLES:
            connection.execute(text(_copying(Base.metadata.tables[name])), {"copies": copies})
    return int(connection.execute(text("SELECT count(*) FROM service_changes")).scalar_one())


def _copying(table: Table) -> str:
    of_change = "id" if table.name == "service_changes" else "change_id"
    columns = {
        column.name: _copied(table.name, column)
        for column in table.columns
        if column.computed is None and not _numbered(column)
    }
    # Names come from our own tables; there is nothing of a caller's in this statement.
    return (
        f"INSERT INTO {table.name} ({', '.join(columns)}) "  # noqa: S608
        f"SELECT {', '.join(columns.values())} FROM {table.name} t "
        f"JOIN ended c ON c.id = t.{of_change} "
        "CROSS JOIN generate_series(1, :copies) k"
    )


def _numbered(column: Column[object]) -> bool:
    return column.primary_key and isinstance(column.type, BigInteger) and column.name == "id"


def _copied(table: str, column: Column[object]) -> str:
    name = f"t.{column.name}"
    if (table, column.name) in _LEFT_OUT:
        return "'[]'::jsonb"
    if (table, column.name) in _OWN_NAME:
        return f"left({name}, 4) || substr(md5({name} || ':' || k), 1, 24)"
    if isinstance(column.type, DateTime):
        return f"{name} - k * {APART}"
    if isinstance(column.type, Text):
        return f"replace({name}, c.id, {_COPY_ID})"
    return name
