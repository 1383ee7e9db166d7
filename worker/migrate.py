"""Brings the database of the settings to today's schema: `python -m worker.migrate`."""

from adapters.postgres.migrate import upgrade
from json_logs import configure
from settings import Settings


def main() -> None:
    """Apply every missing migration. Safe to repeat."""
    settings = Settings()
    configure(settings.log_level)
    upgrade(settings.database_url)


if __name__ == "__main__":
    main()
