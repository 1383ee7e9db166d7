"""Service areas and the written rule that puts an account into one. No calendar, no bookings."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sandbox._base.accounts import share


@dataclass(frozen=True, slots=True)
class ServiceArea:
    """A dispatch region: its US state decides the holidays, its zone the clock."""

    area_id: str
    name: str
    state: str
    time_zone: ZoneInfo


AREAS = tuple(
    ServiceArea(area_id, name, state, ZoneInfo(zone))
    for area_id, name, state, zone in (
        ("los-angeles", "Los Angeles", "CA", "America/Los_Angeles"),
        ("seattle", "Seattle", "WA", "America/Los_Angeles"),
        ("phoenix", "Phoenix", "AZ", "America/Phoenix"),
        ("denver", "Denver", "CO", "America/Denver"),
        ("chicago", "Chicago", "IL", "America/Chicago"),
        ("dallas", "Dallas", "TX", "America/Chicago"),
        ("atlanta", "Atlanta", "GA", "America/New_York"),
        ("new-york", "New York", "NY", "America/New_York"),
    )
)
"""Order is part of the rule below. Zones cover both halves of the country and one place without
daylight saving time (Phoenix), so that a caller who forgets the zone is found out."""

AREA_BY_ID = {area.area_id: area for area in AREAS}


def area_of(account_id: str) -> ServiceArea:
    """The area that serves an account; the same answer on every machine, for ever.

    Rule: the account's share under `service-area:v1` (see `accounts.share`) times the number of
    areas, rounded down. The data file knows no addresses, hence a rule.
    """
    return AREAS[int(share(account_id, "service-area:v1") * len(AREAS))]
