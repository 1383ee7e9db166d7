"""Reads `Retry-After` (RFC 9110, 10.2.3) as any vendor may write it. Waits for nothing."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

LONGEST: Final = 3600.0
"""Seconds. A vendor that names more is asked again after an hour; its own words are kept."""

UNTOLD: Final = 5.0
"""Seconds to wait when the header is missing or cannot be read."""

_SHORTEST: Final = 1.0


def seconds_to_wait(header: str | None, now: datetime) -> float:
    """Seconds from now, within [1, LONGEST]; both forms are read, seconds and an HTTP date."""
    if header is None:
        return UNTOLD
    text = header.strip()
    if text.isdecimal():
        wait = float(text)
    else:
        try:
            until = parsedate_to_datetime(text)
        except ValueError:
            return UNTOLD
        wait = (until if until.tzinfo else until.replace(tzinfo=UTC)).timestamp() - now.timestamp()
    return min(max(wait, _SHORTEST), LONGEST)
