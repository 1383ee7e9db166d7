"""Throwing away a test's database."""

from typing import Any

from psycopg import Connection, sql


def drop(connection: Connection[Any], name: str) -> None:
    """End our own sessions there and drop it.

    Not `WITH (FORCE)`, which fails when autovacuum, not ours to end, happens to be at work there.
    """
    connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = %s AND usename = current_user",
        [name],
    )
    connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))
