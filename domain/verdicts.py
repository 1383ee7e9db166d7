"""Whether an effect took place as far as is known, and whether trying it again is safe. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain.errors import FailureCode
from domain.service_change import EffectStatus


class Repeatability(StrEnum):
    """How a vendor makes it safe to repeat an effect whose outcome is not known."""

    LOOK_UP = "look_up"
    """It can be asked by our key whether the effect stands; it may honour the key as well."""
    IDEMPOTENCY_KEY = "idempotency_key"
    """A repeat under the same key does nothing twice, but nobody can ask without repeating."""
    NEITHER = "neither"
    """Nothing but a person can find out; it is never repeated blindly."""


class Outcome(StrEnum):
    """What is known of an effect."""

    APPLIED = "applied"
    NOT_APPLIED = "not_applied"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known, whether a retry is safe, and why, in a sentence for people."""

    outcome: Outcome
    safe: bool
    sentence: str


NOTHING_DONE: Final = frozenset({FailureCode.REFUSED, FailureCode.THROTTLED})
"""Answers by which a vendor says itself that it did nothing."""

IN_DOUBT: Final = frozenset({FailureCode.OUTCOME_UNKNOWN, FailureCode.UNRECOGNISED_PAYLOAD})
"""Failures after which nobody knows whether the effect took place."""


def leaves_doubt(code: FailureCode, repeatability: Repeatability, *, partly_done: bool) -> bool:
    """Whether the next try has to find out first what became of one that failed like this.

    `partly_done`: the vendor had carried out a part of it before it failed. Where it cannot be
    asked the doubt is a person's, and their retry is the answer to it.
    """
    if repeatability is Repeatability.NEITHER:
        return False
    return partly_done or code not in NOTHING_DONE


_OF_STATUS: Final[Mapping[EffectStatus, Outcome]] = {
    EffectStatus.APPLIED: Outcome.APPLIED,
    EffectStatus.REVERSED: Outcome.APPLIED,
    EffectStatus.UNKNOWN: Outcome.UNKNOWN,
    EffectStatus.INTENDED: Outcome.NOT_APPLIED,
    EffectStatus.REFUSED: Outcome.NOT_APPLIED,
    EffectStatus.SKIPPED: Outcome.NOT_APPLIED,
}
"""What a status says of an effect none of whose tries is in doubt."""

_SENTENCES: Final[Mapping[Outcome, str]] = {
    Outcome.APPLIED: "It stands on record with the system's reference; a retry changes nothing.",
    Outcome.NOT_APPLIED: "It did not take place; a retry does it.",
}
_SAFE_ALTHOUGH_UNKNOWN: Final[Mapping[Repeatability, tuple[bool, str]]] = {
    Repeatability.LOOK_UP: (
        True,
        "Nobody knows yet whether it took place; a retry looks it up first.",
    ),
    Repeatability.IDEMPOTENCY_KEY: (
        True,
        "Nobody knows yet whether it took place; a retry under the same key does nothing twice.",
    ),
    Repeatability.NEITHER: (
        False,
        "Nobody knows whether it took place, nor can the system be asked: a person finds out.",
    ),
}


def outcome(status: EffectStatus, in_doubt: int) -> Outcome:
    """What is known. `in_doubt`: tries of which nobody knows what became."""
    known = _OF_STATUS[status]
    if known is Outcome.NOT_APPLIED and in_doubt > 0 and status is not EffectStatus.SKIPPED:
        return Outcome.UNKNOWN
    return known


def verdict(status: EffectStatus, in_doubt: int, repeatability: Repeatability) -> Verdict:
    """What is known of an effect, and whether its step may be tried again."""
    known = outcome(status, in_doubt)
    if known is Outcome.UNKNOWN:
        return Verdict(known, *_SAFE_ALTHOUGH_UNKNOWN[repeatability])
    return Verdict(known, safe=True, sentence=_SENTENCES[known])
