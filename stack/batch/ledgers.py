"""What the vendors say was done, from their own ledgers: once for an active change, else never."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from domain.identifiers import EffectKey, System
from domain.service_change import ChangeStatus
from http_client import CALLER_TIMEOUT, AsyncClient
from settings import Settings
from stack.api_caller import send_patiently
from stack.batch.verdict import Played

EFFECT_OF: Final[Mapping[System, str]] = {
    System.BILLING: "price_change_posted",
    System.SCHEDULING: "appointment_confirmed",
    System.CRM: "order_closed",
}
"""The ledger's word for what each vendor does once for every change, see `sandbox/README.md`."""

PAGE: Final = 10_000

Counts = Mapping[System, Counter[str]]
"""Effects of each system by change id."""


async def read_ledgers(settings: Settings, *, patience: float) -> Counts:
    """How often each vendor did its part for each change. Raises StackError if one is silent."""
    found: dict[System, Counter[str]] = {}
    async with AsyncClient(timeout=CALLER_TIMEOUT, trust_env=False) as http:
        for system, effect in EFFECT_OF.items():
            counts: Counter[str] = Counter()
            cursor: int | None = 0
            while cursor is not None:
                url = f"{getattr(settings, f'{system}_base_url')}/_control/ledger"
                query = {"cursor": cursor, "limit": PAGE}
                answer = await send_patiently(http, "GET", url, patience=patience, params=query)
                page = answer.json()
                counts.update(
                    EffectKey.parse(entry["client_reference"]).change_id
                    for entry in page["entries"]
                    if entry["what"] == effect
                )
                cursor = page["next_cursor"]
            found[system] = counts
    return found


def object_to(played: Sequence[Played], counts: Counts) -> None:
    """Note with each row where a vendor did something more or less often than it should have."""
    for each in played:
        due = 1 if each.status is ChangeStatus.ACTIVE else 0
        for system, effect in EFFECT_OF.items():
            done = counts[system][each.change_id]
            if done != due:
                each.objections.append(
                    f"{system}'s ledger holds {done} {effect.replace('_', ' ')}, not {due}"
                )
