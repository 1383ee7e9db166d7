"""How the systems of record answer, how our own machinery is, and what people have paused."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from domain.contracts_health import (
    HealthBucketView,
    HealthHistoryView,
    PartHealthView,
    ProcessView,
)
from domain.contracts_operations import IntegrationHealthView
from domain.errors import FailureCode
from domain.health import SEVERITY, HealthState
from domain.identifiers import System
from support_ui.view_models import lists, places, text, words
from support_ui.view_models.places import Place


class Glance(Protocol):
    """What both the day and the page Health tell of a vendor."""

    @property
    def system(self) -> System:
        """Which it is."""

    @property
    def state(self) -> HealthState:
        """How it is."""

    @property
    def sentence(self) -> str:
        """Why."""

    @property
    def next_action(self) -> str | None:
        """What to do."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing known of a vendor; `lines` are Markdown for `ui.rich`."""

    label: str
    icon: str
    lines: tuple[str, ...]
    place: Place | None = None
    link: str = ""


def facts(health: IntegrationHealthView, now: datetime) -> list[Fact]:
    """Everything known of a vendor, in the order in which somebody rules causes out."""
    return [
        Fact("Reachability", "lan", _reachability(health, now)),
        Fact("Calls in the last hour", "swap_horiz", _calls(health),
             places.attempts(health.system), "What was sent"),
        Fact("Rate limit", "speed", (_limit(health, now),)),
        Fact("Backlog", "stacks", (_backlog(health.backlog),)),
        Fact("Credential", "key", (text.plain(health.credential) or text.DASH,)),
        Fact("Events from it", "call_received", _silence(health, now),
             places.events(health.system) if health.last_event_at else None, "What it told"),
        Fact("Answers not understood", "help", _not_understood(health),
             places.attempts(
                 health.system, outcome=text.humanise(FailureCode.UNRECOGNISED_PAYLOAD)
             ) if health.unknown_payloads else None, "Those answers"),
        Fact("Last failure", "error", _failure(health, now)),
    ]  # fmt: skip


def worst_first(found: Sequence[IntegrationHealthView]) -> IntegrationHealthView | None:
    """The vendor somebody should look at first; None where there is none."""
    return min(found, key=lambda each: SEVERITY.index(each.state), default=None)


def _when(at: datetime | None, now: datetime) -> str:
    return text.hover(text.age(at, now), at)


def _reachability(health: IntegrationHealthView, now: datetime) -> tuple[str, ...]:
    if health.reachable is None:
        return ("Nobody called it in the last hour.",)
    word = "It answers." if health.reachable else "Its last answer was a failure."
    if health.last_success_at is None:
        return word, "No success in the last hour."
    return word, f"Last success {_when(health.last_success_at, now)}."


def _calls(health: IntegrationHealthView) -> tuple[str, ...]:
    if not health.calls_last_hour:
        return ("None.",)
    calls = _counted(health.calls_last_hour, "call", "").rstrip(".")
    lines = [f"{calls}, {text.percent(health.error_rate)} failed."]
    if health.p95_seconds is not None:
        took = text.duration(timedelta(seconds=health.p95_seconds))
        lines.append(f"19 of 20 took at most {took}.")
    return tuple(lines)


def _limit(health: IntegrationHealthView, now: datetime) -> str:
    if health.rate_limited_until and health.rate_limited_until > now:
        return f"It asks us to wait; the next call is {_when(health.rate_limited_until, now)}."
    if health.closed_until and health.closed_until > now:
        why = f" ({text.humanise(health.cause).lower()})" if health.cause else ""
        return f"Left alone{why}; one call probes {_when(health.closed_until, now)}."
    if health.opening:
        return "A probe went well; calls are let through gradually."
    return "None: calls go through."


def _backlog(steps: int) -> str:
    return _counted(steps, "step", "under way, not closed") if steps else "Nothing is under way."


def _silence(health: IntegrationHealthView, now: datetime) -> tuple[str, ...]:
    if health.last_event_at is None:
        return ("It has told nothing so far.",)
    lines = [f"Last heard of {_when(health.last_event_at, now)}."]
    if (health.usual_events or 0) >= 1:
        lines.append(f"Usually {health.usual_events:,.0f} events come in a time as long.")
    return tuple(lines)


def _not_understood(health: IntegrationHealthView) -> tuple[str, ...]:
    if not health.unknown_payloads:
        return ("None in the last hour.",)
    return (_counted(health.unknown_payloads, "answer", "in the last hour"),)


def _failure(health: IntegrationHealthView, now: datetime) -> tuple[str, ...]:
    if not health.last_failure:
        return ("None in the last hour.",)
    code, _, said = health.last_failure.partition(": ")
    if code in set(FailureCode):
        said = f"{text.humanise(code)}: {said}" if said else text.humanise(code)
    else:
        said = health.last_failure
    return f"{_when(health.last_failure_at, now)}:", text.plain(said)


def _counted(count: int, thing: str, rest: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'} {rest}".rstrip() + "."


@dataclass(frozen=True, slots=True)
class Stretch:
    """The calls in one stretch of time, ready for a chart."""

    begin: datetime
    end: datetime
    when: str
    answered: int
    failures: int
    p50_seconds: float | None
    p95_seconds: float | None
    throttled_seconds: float


def stretches(history: HealthHistoryView, now: datetime) -> list[Stretch]:
    """The history in order, told by the reader's clock."""
    length = timedelta(seconds=history.bucket_seconds)
    return [_stretch(bucket, length, now) for bucket in history.buckets]


def _stretch(bucket: HealthBucketView, length: timedelta, now: datetime) -> Stretch:
    begin = bucket.begin.astimezone(now.tzinfo)
    end = begin + length
    return Stretch(
        begin=begin,
        end=end,
        when=f"{begin:%Y-%m-%d %H:%M} to {end:%H:%M}",
        answered=bucket.calls - bucket.failures,
        failures=bucket.failures,
        p50_seconds=bucket.p50_seconds,
        p95_seconds=bucket.p95_seconds,
        throttled_seconds=bucket.throttled_seconds,
    )


def stretch_rows(told: Iterable[Stretch]) -> list[lists.Row]:
    """The same as a table, the newest first; stretches without anything are left out."""
    return [
        {
            "When": each.when,
            "Calls": each.answered + each.failures,
            "Failed": each.failures,
            "Half took at most": _seconds(each.p50_seconds),
            "19 of 20 took at most": _seconds(each.p95_seconds),
            "Left alone for": _seconds(each.throttled_seconds or None),
        }
        for each in reversed(list(told))
        if each.answered or each.failures or each.throttled_seconds
    ]


def _seconds(value: float | None) -> str:
    return text.DASH if value is None else text.duration(timedelta(seconds=value))


def part_rows(parts: Sequence[PartHealthView]) -> list[dict[str, str]]:
    """The machinery, part by part; cells are Markdown."""
    return [
        {
            "Part": f"**{_part(each)}**",
            "State": words.HEALTH[each.state].badge,
            "What is known": text.plain(each.sentence),
            "What to do": text.plain(each.next_action or "Nothing."),
        }
        for each in parts
    ]


def _part(of: PartHealthView) -> str:
    name = words.PART[of.part]
    return name if of.system in {None, System.THROUGHLINE} else f"{name}, {words.SYSTEM[of.system]}"


def process_rows(processes: Iterable[ProcessView], now: datetime) -> list[dict[str, str]]:
    """Each process and the part of the work it does; cells are Markdown."""
    return [
        {
            "Process": text.plain(each.process),
            "Does": text.plain(text.humanise(each.part)),
            "State": words.HEALTH[each.state].badge,
            "Runs since": text.age(each.since, now),
            "Last sign": text.age(each.seen_at, now),
            "Last run": _run(each, now),
            "Last error": text.plain(each.error or text.DASH),
        }
        for each in processes
    ]


def _run(process: ProcessView, now: datetime) -> str:
    if process.ran_at is None:
        return text.DASH
    took = f", took {process.ran_ms:,} ms" if process.ran_ms is not None else ""
    return f"{text.age(process.ran_at, now)}{took}"
