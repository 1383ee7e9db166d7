"""How Alembic reaches the database: one connection, one lock, short waits."""

from alembic import context
from sqlalchemy import create_engine, text

from adapters.postgres import (
    tables_alerts,
    tables_credentials,
    tables_desk,
    tables_drift,
    tables_inbox,
    tables_operations,
    tables_people,
    tables_reconciliation,
    tables_reports,
    tables_views,
)
from adapters.postgres.tables import Base

# Importing a module is what makes its tables known.
_ALL = (
    tables_alerts,
    tables_credentials,
    tables_desk,
    tables_drift,
    tables_inbox,
    tables_operations,
    tables_people,
    tables_reconciliation,
    tables_reports,
    tables_views,
)

_ONE_MIGRATION_AT_A_TIME = 7_305_117_442_001  # any constant of ours; two runners must share it


def _run() -> None:
    engine = create_engine(context.config.attributes["url"])
    with engine.connect() as connection:
        # A migration that waits for a lock blocks everybody behind it: fail instead, run again.
        connection.execute(text("SET lock_timeout = '5s'"))
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _ONE_MIGRATION_AT_A_TIME})
        connection.commit()
        context.configure(
            connection=connection, target_metadata=Base.metadata, compare_server_default=True
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
    engine.dispose()


_run()
