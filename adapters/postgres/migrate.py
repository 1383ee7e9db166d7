"""Brings a database to today's schema. Safe to repeat and to run twice at once."""

from pathlib import Path

from alembic import command
from alembic.config import Config

from adapters.postgres.engine import driver_url

_MIGRATIONS = Path(__file__).parent / "migrations"


def alembic_config(database_url: str) -> Config:
    """Alembic's configuration for one database, without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["url"] = driver_url(database_url)
    return config


def upgrade(database_url: str) -> None:
    """Apply every missing migration. Raises what the database raised if it cannot."""
    command.upgrade(alembic_config(database_url), "head")
