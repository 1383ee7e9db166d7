"""What the API answers about health over time and about the machinery. Shapes only, no rules."""

from datetime import datetime

from domain.contracts_failures import View
from domain.health import HealthState, Part
from domain.identifiers import System


class HealthBucketView(View):
    """The calls to one vendor in the stretch of time that began at `begin`.

    Latencies are of whole tries, in seconds; None where there was none. `throttled_seconds`: how
    long of it the vendor did not want to be called.
    """

    begin: datetime
    calls: int
    failures: int
    p50_seconds: float | None
    p95_seconds: float | None
    throttled_seconds: float


class HealthHistoryView(View):
    """A vendor's calls over time, the oldest stretch first; each lasts `bucket_seconds`."""

    system: System
    bucket_seconds: int
    buckets: list[HealthBucketView]


class PartHealthView(View):
    """How one part of the machinery is, in a word and a sentence, and what to do.

    `seconds` is what the state was judged by, see `domain.health.LIMITS`; `count` how many wait.
    A task queue is told once for each system whose steps wait there (`system`), with how many ask
    for work on it (`pollers`).
    """

    part: Part
    state: HealthState
    sentence: str
    next_action: str | None
    seconds: float | None = None
    count: int | None = None
    system: System | None = None
    pollers: int | None = None


class ProcessView(View):
    """A process of ours and one part of its work: since when it runs, when it last showed.

    `state` is by the age of the last sign; `error` says why its work could not be done last time.
    """

    process: str
    part: str
    state: HealthState
    since: datetime
    seen_at: datetime
    ran_at: datetime | None
    ran_ms: int | None
    error: str | None
    task_queues: list[str]


class SystemHealthView(View):
    """The machinery: its parts, and the processes that do its work."""

    as_of: datetime
    state: HealthState
    parts: list[PartHealthView]
    processes: list[ProcessView]
