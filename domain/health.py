"""How well a part of the system, or a vendor, is: thresholds and words as tables. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from domain.errors import FailureCode


class HealthState(StrEnum):
    """How something is, from the best to what says nothing."""

    GOOD = "good"
    SLOW = "slow"
    DOWN = "down"
    PAUSED = "paused"
    UNKNOWN = "unknown"


class Part(StrEnum):
    """What the machinery consists of."""

    DATABASE = "database"
    ENGINE = "engine"
    WORKERS = "workers"
    TASK_QUEUE = "task_queue"
    RELAY = "relay"
    INBOX = "inbox"
    SWEEPERS = "sweepers"
    EFFECTS = "effects"


@dataclass(frozen=True, slots=True)
class Limit:
    """Seconds from which a part counts as slow, and as down."""

    slow: float
    down: float


LIMITS: Final[Mapping[Part, Limit]] = {
    Part.DATABASE: Limit(0.25, 3.0),
    Part.ENGINE: Limit(0.5, 2.0),
    Part.WORKERS: Limit(30, 60),
    Part.TASK_QUEUE: Limit(10, 120),
    Part.RELAY: Limit(5, 60),
    Part.INBOX: Limit(10, 120),
    Part.SWEEPERS: Limit(120, 600),
    Part.EFFECTS: Limit(15 * 60, 2 * 60 * 60),
}
"""What is measured: how long an answer takes (database, engine), how long ago the freshest sign or
run was (workers, sweepers: one sign every 10 s, one sweep every 20 s), how long the oldest waits
(task queue, relay, inbox; usually far below a second), how old the oldest open effect is (a step
is tried for two hours before a person is asked)."""

NEXT: Final[Mapping[tuple[Part, HealthState], str]] = {
    (Part.DATABASE, HealthState.SLOW): "Look for long statements and for a full disk.",
    (Part.DATABASE, HealthState.DOWN): "Start the database; everything waits for it and goes on.",
    (Part.ENGINE, HealthState.SLOW): "Look at the load of the engine and of its database.",
    (Part.ENGINE, HealthState.DOWN): "Start the engine; changes are accepted and start after it.",
    (Part.WORKERS, HealthState.SLOW): "Wait a minute: a worker that was restarted shows again.",
    (Part.WORKERS, HealthState.DOWN): "Start a worker; what waits for one goes on by itself.",
    (Part.WORKERS, HealthState.UNKNOWN): "Start a worker; none has shown itself yet.",
    (Part.TASK_QUEUE, HealthState.SLOW): "Watch it; if it goes on growing, start another worker.",
    (Part.TASK_QUEUE, HealthState.DOWN): "Start a worker, or another one.",
    (Part.TASK_QUEUE, HealthState.UNKNOWN): "See whether the engine answers.",
    (Part.RELAY, HealthState.SLOW): "Watch it; the relay delivers what waits within seconds.",
    (Part.RELAY, HealthState.DOWN): "See that the relay runs and that the engine answers.",
    (Part.INBOX, HealthState.SLOW): "Watch it; events are worked off one after the other.",
    (Part.INBOX, HealthState.DOWN): "See that the relay runs: it works the inbox off.",
    (Part.SWEEPERS, HealthState.SLOW): "Watch it; a sweep takes long when the engine is slow.",
    (Part.SWEEPERS, HealthState.DOWN): "Start the relay: the sweepers run inside it.",
    (Part.SWEEPERS, HealthState.UNKNOWN): "Start the relay: the sweepers run inside it.",
    (Part.EFFECTS, HealthState.SLOW): "See which vendor is slow or away; effects are retried.",
    (Part.EFFECTS, HealthState.DOWN): "Look at the change of the oldest one; a person is needed.",
}
"""What to do; nothing where all is well."""


def judge(part: Part, seconds: float | None) -> HealthState:
    """How a part is by what was measured of it; None: nothing could be measured."""
    if seconds is None:
        return HealthState.UNKNOWN
    limit = LIMITS[part]
    if seconds >= limit.down:
        return HealthState.DOWN
    return HealthState.SLOW if seconds >= limit.slow else HealthState.GOOD


SEVERITY: Final = (
    HealthState.DOWN,
    HealthState.SLOW,
    HealthState.PAUSED,
    HealthState.UNKNOWN,
    HealthState.GOOD,
)
"""What says most comes first."""


def worst(states: Mapping[object, HealthState]) -> HealthState:
    """The state that says most about the whole; good when there is nothing."""
    return min(states.values(), key=SEVERITY.index, default=HealthState.GOOD)


SLOW_ANSWER: Final = 5.0
"""Seconds. A vendor whose twentieth call takes longer than this is slow."""

MANY_FAILURES: Final = 0.05
MOST_FAIL: Final = 0.5
"""Shares of the calls of an hour that failed. A refusal is an answer and does not count."""

EXPECTED_BEFORE_SILENCE: Final = 5.0
"""So many events came on average in the same hours of the days before: that none comes now by
chance happens less than once in a hundred times."""


@dataclass(frozen=True, slots=True)
class VendorFacts:
    """What the last hour says about a vendor.

    `usual_events`: what came on average in a stretch as long as the one without an event, at the
    same time of the days before; None where it sends none.
    """

    calls: int
    error_rate: float | None
    p95_seconds: float | None
    reachable: bool | None
    last_success_at: datetime | None
    last_refused_credential_at: datetime | None
    closed_for: FailureCode | None
    """Why its gate is closed; None while it is open."""
    paused: bool
    usual_events: float | None = None
    last_accepted_credential_at: datetime | None = None
    """When a secret was last accepted in any call, those that are on no record included."""
    credential_expires: bool = False
    """Whether the secret in use ends within days, by the date that was told for it."""

    @property
    def credential_refused(self) -> bool:
        """Whether the last word on our credential was no."""
        no, yes = self.last_refused_credential_at, self.last_success_at
        accepted = max(filter(None, (yes, self.last_accepted_credential_at)), default=None)
        return no is not None and (accepted is None or no > accepted)

    @property
    def silent(self) -> bool:
        """Whether it tells less than it usually would have by now."""
        return (self.usual_events or 0) >= EXPECTED_BEFORE_SILENCE


@dataclass(frozen=True, slots=True)
class Judgement:
    """A state, why in a sentence, and what to do."""

    state: HealthState
    sentence: str
    next_action: str | None = None


_VENDOR: Final[tuple[tuple[Callable[[VendorFacts], bool], Judgement], ...]] = (
    (
        lambda now: now.paused,
        Judgement(
            HealthState.PAUSED,
            "A person has paused it: nobody calls it.",
            "Resume it once the reason is over.",
        ),
    ),
    (
        lambda now: now.closed_for is FailureCode.CREDENTIAL,
        Judgement(
            HealthState.DOWN,
            "It accepts none of our secrets: nobody calls it.",
            "Stage a new secret under Credentials; what waits goes on by itself.",
        ),
    ),
    (
        lambda now: now.credential_refused,
        Judgement(
            HealthState.DOWN,
            "It does not accept our credential.",
            "Renew the credential, then retry what stands still for it.",
        ),
    ),
    (
        lambda now: now.closed_for is FailureCode.THROTTLED,
        Judgement(
            HealthState.SLOW,
            "It asks us to wait: nobody calls it before the time it named.",
            "Nothing; calls go on by themselves, gradually.",
        ),
    ),
    (
        lambda now: now.closed_for is not None,
        Judgement(
            HealthState.DOWN,
            "It does not answer: one call probes, the others wait.",
            "Ask the vendor; what waits goes on by itself once it answers.",
        ),
    ),
    (
        lambda now: now.reachable is False,
        Judgement(
            HealthState.DOWN,
            "Its last answer was a failure.",
            "Watch it; failed calls are tried again by themselves.",
        ),
    ),
    (
        lambda now: (now.error_rate or 0) >= MOST_FAIL,
        Judgement(
            HealthState.DOWN,
            "Most calls of the last hour failed.",
            "Ask the vendor; failed calls are tried again by themselves.",
        ),
    ),
    (
        lambda now: (now.error_rate or 0) >= MANY_FAILURES,
        Judgement(
            HealthState.SLOW,
            "More calls fail than usual.",
            "Watch it; failed calls are tried again by themselves.",
        ),
    ),
    (
        lambda now: (now.p95_seconds or 0) >= SLOW_ANSWER,
        Judgement(HealthState.SLOW, "It answers slowly.", "Watch it; ask the vendor if it stays."),
    ),
    (
        lambda now: now.silent,
        Judgement(
            HealthState.SLOW,
            "It has sent no event for longer than it usually does.",
            "See that its webhooks still point here; missed events are fetched by polling.",
        ),
    ),
    (
        lambda now: now.credential_expires,
        Judgement(
            HealthState.SLOW,
            "Its secret expires within days.",
            "Stage a new secret under Credentials before it does.",
        ),
    ),
    (
        lambda now: not now.calls,
        Judgement(HealthState.UNKNOWN, "Nobody called it in the last hour."),
    ),
)


def judge_vendor(now: VendorFacts) -> Judgement:
    """The first row that applies; if none does, all is well."""
    return next(
        (judgement for applies, judgement in _VENDOR if applies(now)),
        Judgement(HealthState.GOOD, "It answers."),
    )


BUCKETS: Final = (
    (timedelta(hours=6), timedelta(minutes=10)),
    (timedelta(hours=48), timedelta(minutes=30)),
    (timedelta(hours=168), timedelta(hours=3)),
)
"""How finely a stretch of time is told: some fifty points are what a small chart can show."""


def bucket_of(stretch: timedelta) -> timedelta:
    """How long each bucket of a stretch is. Raises ValueError for one that is too long."""
    for longest, bucket in BUCKETS:
        if stretch <= longest:
            return bucket
    raise ValueError(f"{stretch} is longer than {BUCKETS[-1][0]}")


def seconds_per_bucket(
    spans: list[tuple[datetime, datetime]], begins: list[datetime], bucket: timedelta
) -> list[float]:
    """How much of each bucket any of the spans covers; spans may overlap."""
    merged: list[tuple[datetime, datetime]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return [
        sum(
            max(timedelta(), min(end, begin + bucket) - max(start, begin)).total_seconds()
            for start, end in merged
        )
        for begin in begins
    ]


_MINUTE: Final = 60
_HOUR: Final = 3600


def spoken(seconds: float) -> str:
    """A span in one unit, as a sentence says it: `240 ms`, `4 s`, `12 min`, `3 h`."""
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    if seconds < 2 * _MINUTE:
        return f"{round(seconds)} s"
    if seconds < 2 * _HOUR:
        return f"{round(seconds / _MINUTE)} min"
    return f"{round(seconds / _HOUR)} h"
