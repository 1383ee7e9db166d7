"""The vendors' clients from the settings: where each is, and which of its words need a secret."""

from functools import partial

from adapters.vendors.billing import BillingClient
from adapters.vendors.crm import CrmClient
from adapters.vendors.entrances import Opener
from adapters.vendors.scheduling import SchedulingClient
from adapters.vendors.secrets import SecretSource
from adapters.vendors.ticketing import TicketingClient
from adapters.vendors.watching import Watch
from domain.identifiers import System
from settings import Settings


def crm(settings: Settings, secrets: SecretSource, watch: Watch | None = None) -> CrmClient:
    """The CRM's client."""
    return CrmClient(
        settings.crm_base_url, client_id=settings.crm_client_id, client_secret=secrets, watch=watch
    )


def billing(settings: Settings, secrets: SecretSource, watch: Watch | None = None) -> BillingClient:
    """Billing's client."""
    return BillingClient(settings.billing_base_url, api_key=secrets, watch=watch)


def scheduling(
    settings: Settings, secrets: SecretSource, watch: Watch | None = None
) -> SchedulingClient:
    """Scheduling's client."""
    return SchedulingClient(
        settings.scheduling_base_url,
        username=settings.scheduling_username,
        password=secrets,
        watch=watch,
    )


def ticketing(
    settings: Settings, secrets: SecretSource, watch: Watch | None = None
) -> TicketingClient:
    """Ticketing's client."""
    return TicketingClient(settings.ticketing_base_url, token=secrets, watch=watch)


def openers(settings: Settings) -> dict[System, Opener]:
    """How each vendor's client is opened with a secret to try."""
    return {
        System.CRM: partial(crm, settings),
        System.BILLING: partial(billing, settings),
        System.SCHEDULING: partial(scheduling, settings),
        System.TICKETING: partial(ticketing, settings),
    }
