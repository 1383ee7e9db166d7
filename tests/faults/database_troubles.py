"""Makes the database of a stack useless without stopping it, as its owner may, and mends it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
from psycopg import sql

from stack.children import database_url
from tests.faults.catalogue import DatabaseTrouble
from tests.support.live import LiveStack

HELD: Final = 210
"""More sessions than the embedded server takes."""

OWNER: Final = "-c default_transaction_read_only=off"
_OURS: Final = "throughline-%"
_CONNECT_SECONDS: Final = 3
_MEND_SECONDS: Final = 30.0
_REFUSALS: Final = 5
"""One refusal may be the moment between a session that ends and the next."""


@contextmanager
def trouble(stack: LiveStack, kind: DatabaseTrouble) -> Iterator[int]:
    """The trouble lasts as long as the block; gives how often it was seen to be there."""
    url = database_url(stack.settings)
    with (_read_only if kind is DatabaseTrouble.READ_ONLY else _sessions_held)(url) as seen:
        yield seen


@contextmanager
def _read_only(url: str) -> Iterator[int]:
    """Every new transaction may only read, and those who are connected have to come anew."""
    with psycopg.connect(url, autocommit=True, options=OWNER) as owner:
        _set_read_only(owner, on=True)
        _end_sessions(owner)
    try:
        yield int(_refuses_writes(url))
    finally:
        _patiently(url, lambda owner: _set_read_only(owner, on=False))


@contextmanager
def _sessions_held(url: str) -> Iterator[int]:
    """Every session the server has is taken by somebody else."""
    held: list[psycopg.Connection[tuple[object, ...]]] = []
    _take_every_session(url, held)
    _end_sessions(held[0])
    try:
        # Whoever was thrown out is replaced before it can come back, and so is who comes after.
        yield int(_take_every_session(url, held))
    finally:
        for connection in held:
            connection.close()


def _take_every_session(url: str, held: list[psycopg.Connection[tuple[object, ...]]]) -> bool:
    """Take sessions until the server has refused one so many times in a row."""
    refusals = 0
    while refusals < _REFUSALS and len(held) < HELD:
        try:
            held.append(psycopg.connect(url, autocommit=True, connect_timeout=_CONNECT_SECONDS))
            refusals = 0
        except psycopg.OperationalError:
            refusals += 1
    return refusals == _REFUSALS


def _set_read_only(owner: psycopg.Connection[tuple[object, ...]], *, on: bool) -> None:
    name = sql.Identifier(owner.info.dbname)
    word = sql.SQL("on" if on else "off")
    statement = sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = {}")
    owner.execute(statement.format(name, word))


def _end_sessions(owner: psycopg.Connection[tuple[object, ...]]) -> None:
    owner.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name LIKE %s AND pid <> pg_backend_pid()",
        (_OURS,),
    )


def _patiently(url: str, mend: Callable[[psycopg.Connection[tuple[object, ...]]], None]) -> None:
    """Mend it, waiting while the server itself is away."""
    until = time.monotonic() + _MEND_SECONDS
    while True:
        try:
            with psycopg.connect(url, autocommit=True, options=OWNER) as owner:
                mend(owner)
                # Sessions begun meanwhile would stay read-only for as long as they are pooled.
                _end_sessions(owner)
        except psycopg.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
        else:
            return


def _refuses_writes(url: str) -> bool:
    with psycopg.connect(url, autocommit=True) as anyone:
        try:
            anyone.execute("CREATE TABLE written (n int)")
        except psycopg.errors.ReadOnlySqlTransaction:
            return True
    return False
