"""One engine per process, and the transaction every request and activity runs in."""

from contextvars import ContextVar
from dataclasses import dataclass

from sqlalchemy import URL, event, make_url
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

POOL_TIMEOUT_SECONDS = 5
STATEMENT_TIMEOUT_MS = 15_000


def driver_url(database_url: str) -> URL:
    """The URL with our driver named. Raises ValueError for anything but PostgreSQL."""
    url = make_url(database_url)
    if url.get_backend_name() not in {"postgresql", "postgres"}:
        raise ValueError(
            "THROUGHLINE_DATABASE_URL must begin with postgresql://, "
            f"not {url.get_backend_name()}://"
        )
    return url.set(drivername="postgresql+psycopg")


def create_engine(
    database_url: str, *, pool_size: int, application: str, ping: bool = False
) -> AsyncEngine:
    """A pool that gives up after seconds, so that a full or dead database becomes a 503.

    `ping` asks every connection before its use whether it still lives. It costs a round trip, so
    only those who cannot simply try again afterwards want it.
    """
    engine = create_async_engine(
        driver_url(database_url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_SECONDS,
        pool_pre_ping=ping,
        hide_parameters=True,  # a failed statement is logged; addresses and notes must not be
        connect_args={
            "application_name": application,
            "connect_timeout": 3,
            "options": f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c timezone=UTC",
        },
    )
    event.listen(engine.sync_engine, "before_cursor_execute", _count)
    return engine


@dataclass(slots=True)
class Statements:
    """How many statements were sent since the count began."""

    count: int = 0


_STATEMENTS: ContextVar[Statements | None] = ContextVar("statements", default=None)


def count_statements() -> Statements:
    """Begin to count what this task, and whatever it starts, sends to the database."""
    counted = Statements()
    _STATEMENTS.set(counted)
    return counted


def _count(*_: object) -> None:
    counted = _STATEMENTS.get()
    if counted is not None:
        counted.count += 1


def sessions(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    """Sessions of the engine; objects stay readable after commit."""
    return async_sessionmaker(engine, expire_on_commit=False)
