"""The rows of the fault matrix as runs: what is made to go wrong while which changes are under way.

The numbers are those of the matrix in the reliability notes. Rows 3, 8, 10 and 14 promise more than
the invariants and have tests of their own beside this; row 16 is tested where its subject lives.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tests.faults.catalogue import (
    CRASH_POINTS,
    RATE_LIMITS,
    VENDORS,
    DatabaseTrouble,
    Fault,
    WebhookTrick,
    crash,
    database,
    kill,
    stop,
    vendor,
    webhook,
)
from tests.faults.schedule import Planned, Play, Schedule, scenario

FOUR_EYES: Final = (
    Play.DOUBLE_CLICK,
    Play.TWO_OPERATORS,
    Play.STALE_APPROVAL,
    Play.SELF_APPROVAL,
    Play.WRONG_ROLE,
    Play.WRONG_STATUS,
)
REVISIONS: Final = (
    Play.REVISE_BEFORE,
    Play.REVISE_DURING,
    Play.REVISE_AFTER,
    Play.CANCEL_EARLY,
    Play.CANCEL_LATE,
    Play.LATE_DOCUMENT,
)


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One row: its faults, the changes that come in so many seconds, what is done with them."""

    faults: Sequence[Planned] = ()
    changes: int = 6
    seconds: float = 6.0
    plays: Sequence[Play] = (Play.APPROVE,)

    def schedule(self, seed: int) -> Schedule:
        """The row as a schedule."""
        return scenario(
            seed, self.faults, changes=self.changes, seconds=self.seconds, plays=self.plays
        )


def _at(first: float, *faults: Fault, apart: float = 0.0) -> list[Planned]:
    return [Planned(first + number * apart, each) for number, each in enumerate(faults)]


ROWS: Final[Mapping[str, MatrixRow]] = {
    # Spread out: what a dying worker held is tried again only once its time is over.
    "1 crash points": MatrixRow(
        _at(0.2, *map(crash, CRASH_POINTS), apart=4), changes=14, seconds=22
    ),
    "1 kills": MatrixRow(_at(1.5, *map(kill, ("worker", "api", "relay")), apart=1.5)),
    "2 database killed": MatrixRow([Planned(2, kill("postgres"))]),
    "2 engine killed": MatrixRow([Planned(2, kill("temporal"))]),
    "2 database away": MatrixRow([Planned(1.5, stop("postgres", 4))]),
    "3 rate limits": MatrixRow(
        [
            *_at(0, *(vendor("billing", name) for name in RATE_LIMITS)),
            *_at(0, *(vendor("crm", name) for name in RATE_LIMITS)),
        ]
    ),
    "4 server errors": MatrixRow(
        [
            *_at(0, *(vendor(each, "status_500") for each in VENDORS[:3])),
            *_at(0, *(vendor(each, "status_502") for each in VENDORS[:3])),
            *_at(0, *(vendor(each, "drop_before_effect") for each in VENDORS[:3])),
            Planned(2, stop("scheduling", 3)),
        ]
    ),
    "5 answers lost": MatrixRow(
        _at(0, *(vendor(each, "drop_after_effect", calls=3) for each in VENDORS[:3]))
    ),
    "6 slow answers": MatrixRow(_at(0, vendor("billing", "delay", calls=6))),
    "7 answers not understood": MatrixRow(
        [
            *_at(0, *(vendor(each, "truncate") for each in VENDORS[:3])),
            *_at(0, vendor("crm", "html"), vendor("billing", "redirect")),
            *_at(3, vendor("scheduling", "new_status"), vendor("crm", "rename_field")),
        ]
    ),
    "9 webhooks": MatrixRow(_at(3, *map(webhook, WebhookTrick))),
    "10 reads lag": MatrixRow(
        _at(0, *(vendor(each, "lagging_reads", calls=12) for each in VENDORS[:3]))
    ),
    "12 database read-only": MatrixRow([Planned(2, database(DatabaseTrouble.READ_ONLY, 4))]),
    "13 sessions exhausted": MatrixRow([Planned(2, database(DatabaseTrouble.SESSIONS_HELD, 4))]),
    "15 revisions and cancellations": MatrixRow(changes=12, plays=REVISIONS),
    "17 people racing": MatrixRow(changes=12, plays=FOUR_EYES),
}
"""Rows 11 and 18 are made of their own: a skewed clock, and drawn pairs."""
