"""Brings the database to today's schema and keeps first secrets: `python -m worker.migrate`."""

import asyncio

from adapters.postgres.migrate import upgrade
from json_logs import configure
from settings import Settings
from worker.bootstrap import now
from worker.secrets import keep_first_secrets


def main() -> None:
    """Apply every missing migration, and keep the first secrets. Safe to repeat."""
    settings = Settings()
    configure(settings.log_level)
    upgrade(settings.database_url)
    asyncio.run(keep_first_secrets(settings, now))


if __name__ == "__main__":
    main()
