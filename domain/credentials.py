"""What a vendor is shown to let us in: a secret's life, which one is used when, what is due. Pure.

A new secret is staged, tried with a harmless call, promoted by a second person; the one before
stays good for the overlap and is retired after it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol, TypeVar

from domain.identifiers import System
from domain.permissions import Refusal
from domain.service_change import Role


class SecretState(StrEnum):
    """Where one version of a secret is in its life."""

    STAGED = "staged"
    TRIED = "tried"
    """The vendor accepted it in a harmless call; it may be promoted."""
    CURRENT = "current"
    PREVIOUS = "previous"
    """Replaced, and still good while the overlap lasts."""
    RETIRED = "retired"
    """Used no more; what it was is erased."""


class SecretAction(StrEnum):
    """What a person does with one version."""

    TRY = "try"
    PROMOTE = "promote"
    RETIRE = "retire"


CANDIDATES: Final = frozenset({SecretState.STAGED, SecretState.TRIED})
"""States of a version that is not in use yet. A system has one such version at a time."""

IN_USE: Final = frozenset({SecretState.CURRENT, SecretState.PREVIOUS})

MANAGES_SECRETS: Final = Role.ADMIN
MAY_PREFLIGHT: Final = frozenset({Role.OPERATOR, Role.ADMIN})

OVERLAP: Final = timedelta(hours=24)
"""How long the one before stays good after a promotion, unless told otherwise: a nightly job that
was under way is over, and the vendor's own caches are."""

LONGEST_OVERLAP: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Secret:
    """One version as it is shown to the vendor. `login`: its own client id or user name, if any."""

    version: int
    value: str = field(repr=False)
    login: str | None = None


class Dated(Protocol):
    """What decides when a version is used."""

    state: str
    not_before: datetime | None
    overlap_until: datetime | None


T = TypeVar("T", bound=Dated)


def in_use(versions: Iterable[T], now: datetime) -> list[T]:
    """The versions a vendor may be shown now, in the order in which they are tried.

    The current one first, unless it is good from a later time on; the previous one while the
    overlap lasts.
    """

    def turn(version: T) -> tuple[bool, bool]:
        early = version.not_before is not None and version.not_before > now
        return early, version.state != SecretState.CURRENT

    return sorted((each for each in versions if _may_be_shown(each, now)), key=turn)


def _may_be_shown(version: Dated, now: datetime) -> bool:
    if version.state == SecretState.CURRENT:
        return True
    over = version.overlap_until is not None and version.overlap_until <= now
    return version.state == SecretState.PREVIOUS and not over


def overlap_ends(
    promoted_at: datetime, not_before: datetime | None, overlap: timedelta
) -> datetime:
    """Until when the one before stays good: counted from when the new one can be used."""
    return max(promoted_at, not_before or promoted_at) + overlap


def retires_by_itself(
    overlap_until: datetime | None, current_worked_at: datetime | None, now: datetime
) -> bool:
    """Whether a previous version is retired now: its overlap is over and the current one works."""
    over = overlap_until is not None and overlap_until <= now
    return over and current_worked_at is not None


_LONGEST_MARGIN: Final = 60.0
_SMALLEST_PART: Final = 10
_LARGEST_PART: Final = 2


def refresh_margin(life: float) -> float:
    """Seconds before its end at which a token that lives so many seconds is renewed.

    A minute, or a tenth of its life if that is longer; but never before half of it is over, since
    tokens may live a few seconds only.
    """
    return min(max(_LONGEST_MARGIN, life / _SMALLEST_PART), life / _LARGEST_PART)


@dataclass(frozen=True, slots=True)
class SecretRule:
    """In which states an action exists. `second_person`: not for whoever staged the version."""

    states: frozenset[SecretState]
    second_person: bool = False
    otherwise: str = ""
    """What to do where the state does not allow it."""


SECRET_RULES: Final[Mapping[SecretAction, SecretRule]] = {
    SecretAction.TRY: SecretRule(CANDIDATES | IN_USE, otherwise="Stage it anew to try it."),
    SecretAction.PROMOTE: SecretRule(
        frozenset({SecretState.TRIED}),
        second_person=True,
        otherwise="Only a version that the system has accepted in a trial is promoted: try it.",
    ),
    SecretAction.RETIRE: SecretRule(
        CANDIDATES | {SecretState.PREVIOUS},
        otherwise="The current version is retired by promoting another one.",
    ),
}


@dataclass(frozen=True, slots=True)
class SecretPermission:
    """Whether one caller may do one thing with a version, and if not, why."""

    action: SecretAction
    allowed: bool
    reason: str | None = None
    refusal: Refusal | None = None


def may(
    action: SecretAction, state: SecretState, *, role: Role, principal: str, staged_by: str
) -> SecretPermission:
    """May this caller do this to a version in that state? Rights are judged before state."""
    rule = SECRET_RULES[action]
    if role is not MANAGES_SECRETS:
        why = f"To {action} a secret needs the role {MANAGES_SECRETS}."
        return SecretPermission(action, allowed=False, reason=why, refusal=Refusal.FORBIDDEN)
    if rule.second_person and principal == staged_by:
        why = "Nobody promotes what they staged; ask another admin."
        return SecretPermission(action, allowed=False, reason=why, refusal=Refusal.FORBIDDEN)
    if state not in rule.states:
        why = f"The version is {state}. {rule.otherwise}"
        return SecretPermission(action, allowed=False, reason=why, refusal=Refusal.NOT_APPLICABLE)
    return SecretPermission(action, allowed=True)


ROTATE_EVERY: Final = timedelta(days=90)
AHEAD_OF_EXPIRY: Final = timedelta(days=14)
"""A rotation is due so long before the vendor stops accepting the secret."""

SOON: Final = timedelta(days=14)
PRESSING: Final = timedelta(days=3)


def next_rotation(promoted_at: datetime, expires_at: datetime | None) -> datetime:
    """When the current version has to be replaced: by its age, or sooner by its expiry."""
    by_age = promoted_at + ROTATE_EVERY
    return by_age if expires_at is None else min(by_age, expires_at - AHEAD_OF_EXPIRY)


class CredentialState(StrEnum):
    """How a system's credential is, from what matters most."""

    MISSING = "missing"
    REFUSED = "refused"
    EXPIRED = "expired"
    EXPIRES = "expires"
    FALLING_BACK = "falling_back"
    ROTATION_DUE = "rotation_due"
    STAGED = "staged"
    OVERLAP = "overlap"
    GOOD = "good"


ALERTS: Final = frozenset(
    {
        CredentialState.MISSING,
        CredentialState.REFUSED,
        CredentialState.EXPIRED,
        CredentialState.EXPIRES,
        CredentialState.FALLING_BACK,
        CredentialState.ROTATION_DUE,
    }
)
"""States in which a person has to do something."""


@dataclass(frozen=True, slots=True)
class CredentialFacts:
    """What the board is judged by. Times are of the current version unless they say otherwise."""

    now: datetime
    kept: bool = True
    """Whether there is a current version at all."""
    refused_since: datetime | None = None
    """Since when the vendor refuses every version there is."""
    expires_at: datetime | None = None
    rotation_at: datetime | None = None
    candidate: SecretState | None = None
    """The state of a version that is to follow."""
    overlap_until: datetime | None = None
    worked_at: datetime | None = None
    """When the current version was last accepted."""
    previous_worked_at: datetime | None = None
    """When the one before was, which is used only where the current one is refused."""
    effective_at: datetime | None = None
    """From when on the current version is used: its promotion, or its not-before if later."""

    def within(self, at: datetime | None, ahead: timedelta) -> bool:
        """Whether a time is over or so near."""
        return at is not None and at - ahead <= self.now

    @property
    def falls_back(self) -> bool:
        """Whether only the previous version gets us in, though the current one is to be used."""
        since, used = self.effective_at, self.previous_worked_at
        if since is None or used is None or used <= since or since > self.now:
            return False
        return self.worked_at is None or self.worked_at < used


@dataclass(frozen=True, slots=True)
class CredentialJudgement:
    """A state, why in a sentence, and what to do; None where nothing is."""

    state: CredentialState
    sentence: str
    next_action: str | None = None


_S = CredentialState

_JUDGEMENTS: Final[tuple[tuple[Callable[[CredentialFacts], bool], CredentialJudgement], ...]] = (
    (
        lambda now: not now.kept,
        CredentialJudgement(
            _S.MISSING, "No secret is kept for it.", "Stage the secret it gave out, then try it."
        ),
    ),
    (
        lambda now: now.refused_since is not None,
        CredentialJudgement(
            _S.REFUSED,
            "It accepts none of our secrets: nobody calls it, and changes wait.",
            "Stage a new secret, try it and have it promoted; what waits goes on by itself.",
        ),
    ),
    (
        lambda now: now.within(now.expires_at, timedelta()),
        CredentialJudgement(
            _S.EXPIRED,
            "The secret has expired by the date that was told for it.",
            "Stage a new secret today.",
        ),
    ),
    (
        lambda now: now.within(now.expires_at, PRESSING),
        CredentialJudgement(
            _S.EXPIRES, "The secret expires within three days.", "Stage a new secret today."
        ),
    ),
    (
        lambda now: now.falls_back,
        CredentialJudgement(
            _S.FALLING_BACK,
            "It refuses the current secret and still accepts the previous one.",
            "Try the current version; ask the system's owner whether it is active there.",
        ),
    ),
    (
        lambda now: now.candidate is SecretState.TRIED,
        CredentialJudgement(
            _S.STAGED, "A new secret was accepted in a trial.", "A second admin promotes it."
        ),
    ),
    (
        lambda now: now.candidate is SecretState.STAGED,
        CredentialJudgement(_S.STAGED, "A new secret waits to be tried.", "Try it."),
    ),
    (
        lambda now: now.within(now.rotation_at, timedelta()),
        CredentialJudgement(
            _S.ROTATION_DUE, "The secret is due to be replaced.", "Stage a new secret."
        ),
    ),
    (
        lambda now: now.overlap_until is not None,
        CredentialJudgement(
            _S.OVERLAP,
            "Replaced; the previous secret is good until the overlap is over.",
        ),
    ),
    (
        lambda now: now.within(now.rotation_at, SOON),
        CredentialJudgement(
            _S.ROTATION_DUE,
            "The secret is to be replaced within two weeks.",
            "Ask the system's owner for a new secret.",
        ),
    ),
    (lambda _: True, CredentialJudgement(_S.GOOD, "In use; nothing is due.")),
)
"""The first row that holds counts."""


def judge(facts: CredentialFacts) -> CredentialJudgement:
    """How a system's credential is."""
    return next(told for holds, told in _JUDGEMENTS if holds(facts))


class CredentialKind(StrEnum):
    """How a system is shown who we are."""

    CLIENT_CREDENTIALS = "oauth_client_credentials"
    API_KEY = "api_key"
    PASSWORD = "password"  # noqa: S105 - a kind, not a secret
    TOKEN = "token"  # noqa: S105 - a kind, not a secret


KIND_OF: Final[Mapping[System, CredentialKind]] = {
    System.CRM: CredentialKind.CLIENT_CREDENTIALS,
    System.BILLING: CredentialKind.API_KEY,
    System.SCHEDULING: CredentialKind.PASSWORD,
    System.TICKETING: CredentialKind.TOKEN,
}

PROBER: Final = "credential probe"
"""Who tries a vendor whose gate is closed because it refuses our credential."""


def fault_scope(system: System) -> str:
    """What a change waits on while the system accepts no secret of ours."""
    return f"credential:{system}"
