"""Vendors' secrets at start and by the clock: kept at first, sealed anew, retired when over."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.keyring import Keyring
from adapters.postgres.engine import create_engine, sessions
from adapters.postgres.vendor_secrets import reseal, retire_what_is_over, seed
from domain.identifiers import System
from settings import Settings

_LOG = logging.getLogger(__name__)

SETTING_OF: Final[Mapping[System, str]] = {
    System.CRM: "crm_client_secret",
    System.BILLING: "billing_api_key",
    System.SCHEDULING: "scheduling_password",
    System.TICKETING: "ticketing_token",
}
"""The setting a system's first secret comes from; afterwards the store alone is asked."""


async def keep_first_secrets(settings: Settings, clock: Callable[[], datetime]) -> None:
    """Keep what the settings hold for systems that have no secret yet, and seal old seals anew.

    Safe to repeat. Raises KeyringError.
    """
    keyring = Keyring(settings.keyring.get_secret_value())
    given = {s: getattr(settings, name).get_secret_value() for s, name in SETTING_OF.items()}
    engine = create_engine(settings.database_url, pool_size=1, application="throughline-migrate")
    try:
        async with sessions(engine).begin() as session:
            begun = await seed(session, keyring, given, clock())
            anew = await reseal(session, keyring)
        _LOG.info("secrets kept", extra={"systems": begun, "sealed_anew": anew})
    finally:
        await engine.dispose()


async def sweep_secrets(
    opened: async_sessionmaker[AsyncSession], clock: Callable[[], datetime]
) -> list[System]:
    """Retire the previous secrets whose overlap is over. Safe to repeat."""
    async with opened.begin() as session:
        return await retire_what_is_over(session, clock())
