"""Service areas and the written rule that puts an account into one. No calendar, no bookings."""

from dataclasses import dataclass
from hashlib import sha256
from zoneinfo import ZoneInfo


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

_SEED = "service-area:v1"


def area_of(account_id: str) -> ServiceArea:
    """The area that serves an account; the same answer on every machine, for ever.

    Rule: SHA-256 over `service-area:v1:<account id>`, its first eight bytes as a big-endian number,
    modulo the number of areas. The data file knows no addresses, hence a rule.
    """
    digest = sha256(f"{_SEED}:{account_id}".encode()).digest()
    return AREAS[int.from_bytes(digest[:8]) % len(AREAS)]
