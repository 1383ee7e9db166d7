"""Values as people read them: times, ages, money, sizes, hashes, and Markdown kept harmless."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from domain.wording import upper_first, words

_MARKDOWN: Final = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|~$:&])")
_AUTOLINK: Final = re.compile(r"(?i)(https?(?=:)|www(?=\.)|.(?=@))")
_WORD_JOINER: Final = "\u2060"  # invisible; GitHub-flavoured Markdown links bare addresses itself
_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_SECOND_MS: Final = 1000
_TENTHS_BELOW: Final = 10  # seconds
_KIB: Final = 1024
_HASH_SHOWN: Final = 12  # enough to tell versions of one change apart, short enough to read out

DASH: Final = "—"


def plain(text: str) -> str:
    """`text` so that Markdown shows it letter by letter: no link, image, colour or formula."""
    unlinked = _AUTOLINK.sub(rf"\1{_WORD_JOINER}", " ".join(text.split()))
    return _MARKDOWN.sub(r"\\\1", unlinked)


def humanise(name: str) -> str:
    """A machine name as words: `outcome_unknown` becomes `Outcome unknown`."""
    return upper_first(words(name).replace("-", " ").strip())


def moment(at: datetime | None, now: datetime) -> str:
    """A time to the second on the clock `now` is told by, the reader's own, or a dash."""
    return at.astimezone(now.tzinfo).strftime("%Y-%m-%d %H:%M:%S %Z") if at else DASH


def hover(shown: str, at: datetime | None) -> str:
    """`shown` with the UTC time behind it on hover; HTML, to be shown by `ui.rich`."""
    return f'<time title="{moment(at, at.astimezone(UTC))}">{shown}</time>' if at else shown


def duration(span: timedelta) -> str:
    """A span in its two largest units: `2 h 10 min`, `4 s`, `340 ms`. Signs are dropped."""
    seconds = abs(span.total_seconds())
    if seconds < 1:
        return f"{round(seconds * _SECOND_MS)} ms"
    if seconds < _TENTHS_BELOW:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    for size, unit, smaller, smaller_unit in (
        (_DAY, "d", _HOUR, "h"),
        (_HOUR, "h", _MINUTE, "min"),
        (_MINUTE, "min", 1, "s"),
    ):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size} {unit}" + (f" {rest} {smaller_unit}" if rest else "")
    raise AssertionError("a minute or more always has a unit")


def age(at: datetime | None, now: datetime) -> str:
    """How far a time is from now, in one unit: `3 min ago`, `in 2 d`, `just now`, or a dash."""
    if at is None:
        return DASH
    seconds = (now - at).total_seconds()
    if abs(seconds) < 10:  # noqa: PLR2004 - clocks of two machines may differ by this much
        return "just now"
    distance = abs(seconds)
    for size, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min"), (1, "s")):
        if distance >= size:
            amount = f"{int(distance // size)} {unit}"
            return f"{amount} ago" if seconds > 0 else f"in {amount}"
    raise AssertionError("ten seconds or more always have a unit")


def moment_and_age(at: datetime | None, now: datetime) -> str:
    """`2026-11-03 15:02:11 CET (3 min ago)`, or a dash."""
    return f"{moment(at, now)} ({age(at, now)})" if at else DASH


def money(minor: int, currency: str) -> str:
    """Minor units (cents) as an amount: `$80.00`, or `80.00 EUR` for other currencies."""
    sign = "-" if minor < 0 else ""
    whole, cents = divmod(abs(minor), 100)
    amount = f"{whole:,}.{cents:02d}"
    return f"{sign}${amount}" if currency.lower() == "usd" else f"{sign}{amount} {currency.upper()}"


def price_step(before: int, after: int, currency: str) -> str:
    """`$80.00 → $85.00`, or the one price when nothing changes."""
    if before == after:
        return f"{money(after, currency)} (same)"
    return f"{money(before, currency)} → {money(after, currency)}"


def price_difference(before: int, after: int, currency: str) -> str:
    """`+$5.00`, `-$5.00` or `no change`."""
    difference = after - before
    if not difference:
        return "no change"
    return ("+" if difference > 0 else "") + money(difference, currency)


def size(count: int) -> str:
    """Bytes in binary units: `412 B`, `38.2 KiB`, `1.4 MiB`."""
    if count < _KIB:
        return f"{count} B"
    if count < _KIB * _KIB:
        return f"{count / _KIB:.1f} KiB"
    return f"{count / _KIB / _KIB:.1f} MiB"


def short_hash(sha256: str | None) -> str:
    """The first letters of a hash, or a dash."""
    return sha256[:_HASH_SHOWN] if sha256 else DASH


def percent(share: float | None) -> str:
    """A share between 0 and 1 as a percentage, or a dash."""
    return DASH if share is None else f"{share * 100:.1f} %"
