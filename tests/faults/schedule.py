"""What goes wrong when, and what is done with which change: made from a seed, and only from it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from random import Random
from typing import Any, Final

from tests.faults.catalogue import (
    COMPONENTS,
    CRASH_POINTS,
    PARKING,
    VENDOR_FAULTS,
    VENDORS,
    Fault,
    WebhookTrick,
    crash,
    kill,
    vendor,
    webhook,
)


class Play(StrEnum):
    """What people do with one change."""

    APPROVE = "approve"
    REJECT = "reject"
    CANCEL_EARLY = "cancel_early"
    CANCEL_LATE = "cancel_late"
    """Cancelled by staff once it is applied, racing its completion."""
    LATE_DOCUMENT = "late_document"
    REVISE_BEFORE = "revise_before"
    REVISE_DURING = "revise_during"
    REVISE_AFTER = "revise_after"
    DOUBLE_CLICK = "double_click"
    TWO_OPERATORS = "two_operators"
    STALE_APPROVAL = "stale_approval"
    SELF_APPROVAL = "self_approval"
    WRONG_ROLE = "wrong_role"
    WRONG_STATUS = "wrong_status"


_WEIGHTS: Final = {play: 10 if play is Play.APPROVE else 1 for play in Play}
"""Most changes simply go through; every other play has its share."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A fault and its time, in seconds from the beginning of the load."""

    at: float
    fault: Fault


@dataclass(frozen=True, slots=True)
class Submission:
    """When a change comes and what is done with it. `wish` chooses among the fitting ones."""

    at: float
    play: Play
    wish: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """A run before it is run."""

    seed: int
    seconds: float
    submissions: tuple[Submission, ...]
    faults: tuple[Planned, ...]

    def as_json(self) -> dict[str, Any]:
        """Everything, for a report and for comparing."""
        return asdict(self)


def submissions(
    random: Random, count: int, seconds: float, plays: Sequence[Play] = ()
) -> tuple[Submission, ...]:
    """Spread over the time; the plays in turn where given, else drawn by weight."""
    names, weights = list(_WEIGHTS), list(_WEIGHTS.values())
    drawn = random.choices(names, weights, k=count)
    chosen = [plays[n % len(plays)] for n in range(count)] if plays else drawn
    times = sorted(round(random.uniform(0, seconds), 2) for _ in range(count))
    return tuple(
        Submission(at, play, random.randrange(1_000_000))
        for at, play in zip(times, chosen, strict=True)
    )


def scenario(
    seed: int,
    faults: Sequence[Planned],
    *,
    changes: int,
    seconds: float,
    plays: Sequence[Play] = (),
) -> Schedule:
    """A schedule with given faults; the seed decides the load alone."""
    load = submissions(Random(seed), changes, seconds, plays)
    return Schedule(seed, seconds, load, tuple(faults))


KILL_EVERY: Final = (5.0, 40.0)
"""Seconds between two kills, as DBOS does it with its database."""

LOST_ONE_IN: Final = 10
"""Of the answers to effects, how many get lost."""

_UNLIMITED: Final = 1_000_000


def chaos(seed: int, *, changes: int, seconds: float) -> Schedule:
    """Kills of anything, one answer in ten lost, and now and then each other fault there is."""
    random = Random(seed)
    load = submissions(random, changes, seconds)
    faults = [Planned(0.0, lost_answers(system)) for system in VENDORS[:3]]
    at = random.uniform(*KILL_EVERY)
    while at < seconds:
        faults.append(Planned(round(at, 2), kill(random.choice(COMPONENTS))))
        at += random.uniform(*KILL_EVERY)
    others = [*map(crash, CRASH_POINTS), *map(webhook, WebhookTrick)]
    others += [
        vendor(random.choice(VENDORS[:3]), name, calls=1 if name in PARKING else 3)
        for name in VENDOR_FAULTS
    ]
    random.shuffle(others)
    # Early enough that calls are still to come which they can strike.
    faults += [Planned(round(random.uniform(0.05, 0.6) * seconds, 2), each) for each in others]
    return Schedule(seed, seconds, load, tuple(sorted(faults, key=lambda each: each.at)))


def lost_answers(system: str) -> Fault:
    """Of this vendor's answers to effects, one in LOST_ONE_IN never arrives."""
    return vendor(system, "drop_after_effect", calls=_UNLIMITED, every=LOST_ONE_IN)


def any_fault(random: Random) -> Fault:
    """One of all that fit into a short run."""
    choices = [
        *map(kill, COMPONENTS[:-1]),
        *map(crash, CRASH_POINTS),
        *(vendor(each, name) for each in VENDORS[:3] for name in VENDOR_FAULTS),
        *map(webhook, WebhookTrick),
    ]
    return random.choice(choices)


def pairwise(seed: int, *, changes: int, seconds: float) -> Schedule:
    """Any two faults, moments apart."""
    random = Random(seed)
    at = round(random.uniform(1.0, seconds / 3), 2)
    first, second = any_fault(random), any_fault(random)
    both = (Planned(at, first), Planned(round(at + random.uniform(0, 3), 2), second))
    return Schedule(seed, seconds, submissions(random, changes, seconds), both)
