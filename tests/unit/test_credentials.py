"""Secrets shown to vendors: which one when, who may do what with them, and what is due."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from domain.credentials import (
    CredentialFacts,
    CredentialState,
    SecretAction,
    SecretState,
    in_use,
    judge,
    may,
    next_rotation,
    overlap_ends,
    refresh_margin,
    retires_by_itself,
)
from domain.permissions import Refusal
from domain.service_change import Role
from tests.support.clock import START

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass
class Version:
    """What decides about one version."""

    state: str
    not_before: datetime | None = None
    overlap_until: datetime | None = None


def states(*versions: Version) -> list[str]:
    return [each.state for each in in_use(versions, START)]


def test_the_current_secret_is_shown_first_and_the_previous_one_after_it() -> None:
    previous = Version(SecretState.PREVIOUS, overlap_until=START + HOUR)
    assert states(previous, Version(SecretState.CURRENT)) == ["current", "previous"]


def test_the_previous_secret_is_shown_no_more_once_its_overlap_is_over() -> None:
    previous = Version(SecretState.PREVIOUS, overlap_until=START)
    assert states(previous, Version(SecretState.CURRENT)) == ["current"]


def test_a_secret_that_is_good_later_waits_behind_the_previous_one() -> None:
    previous = Version(SecretState.PREVIOUS, overlap_until=START + DAY)
    current = Version(SecretState.CURRENT, not_before=START + HOUR)
    assert states(current, previous) == ["previous", "current"]
    assert states(current) == ["current"]  # better than nothing


@pytest.mark.parametrize("state", [SecretState.STAGED, SecretState.TRIED, SecretState.RETIRED])
def test_what_is_not_promoted_or_is_retired_is_never_shown(state: SecretState) -> None:
    assert states(Version(state)) == []


def test_the_overlap_counts_from_when_the_new_secret_can_be_used() -> None:
    assert overlap_ends(START, None, HOUR) == START + HOUR
    assert overlap_ends(START, START - DAY, HOUR) == START + HOUR
    assert overlap_ends(START, START + DAY, HOUR) == START + DAY + HOUR


def test_a_previous_secret_stays_as_long_as_the_current_one_never_worked() -> None:
    assert not retires_by_itself(START - HOUR, None, START)
    assert not retires_by_itself(START + HOUR, START, START)
    assert retires_by_itself(START, START - HOUR, START)


@pytest.mark.parametrize(
    ("life", "margin"), [(5, 2.5), (60, 30), (300, 60), (600, 60), (3600, 360), (86400, 8640)]
)
def test_a_token_is_renewed_a_minute_or_a_tenth_before_its_end_and_never_before_half(
    life: float, margin: float
) -> None:
    assert refresh_margin(life) == margin


@pytest.mark.parametrize(
    ("action", "state", "allowed"),
    [
        (SecretAction.TRY, SecretState.STAGED, True),
        (SecretAction.TRY, SecretState.CURRENT, True),
        (SecretAction.TRY, SecretState.RETIRED, False),
        (SecretAction.PROMOTE, SecretState.STAGED, False),
        (SecretAction.PROMOTE, SecretState.TRIED, True),
        (SecretAction.PROMOTE, SecretState.CURRENT, False),
        (SecretAction.RETIRE, SecretState.STAGED, True),
        (SecretAction.RETIRE, SecretState.PREVIOUS, True),
        (SecretAction.RETIRE, SecretState.CURRENT, False),
    ],
)
def test_the_state_of_a_version_decides_what_may_be_done(
    action: SecretAction, state: SecretState, *, allowed: bool
) -> None:
    told = may(action, state, role=Role.ADMIN, principal="second", staged_by="first")
    assert told.allowed is allowed
    assert (told.refusal is Refusal.NOT_APPLICABLE) is not allowed


def test_nobody_promotes_what_they_staged_and_nobody_but_an_admin_does_anything() -> None:
    own = may(
        SecretAction.PROMOTE, SecretState.TRIED, role=Role.ADMIN, principal="a", staged_by="a"
    )
    assert (own.allowed, own.refusal) == (False, Refusal.FORBIDDEN)
    for action in SecretAction:
        for role in set(Role) - {Role.ADMIN}:
            told = may(action, SecretState.TRIED, role=role, principal="b", staged_by="a")
            assert told.refusal is Refusal.FORBIDDEN


def test_a_rotation_is_due_by_age_or_a_fortnight_before_the_secret_expires() -> None:
    assert next_rotation(START, None) == START + 90 * DAY
    assert next_rotation(START, START + 365 * DAY) == START + 90 * DAY
    assert next_rotation(START, START + 30 * DAY) == START + 16 * DAY


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({}, CredentialState.GOOD),
        ({"kept": False}, CredentialState.MISSING),
        ({"refused_since": START, "kept": True}, CredentialState.REFUSED),
        ({"expires_at": START}, CredentialState.EXPIRED),
        ({"expires_at": START + 3 * DAY}, CredentialState.EXPIRES),
        ({"expires_at": START + 4 * DAY}, CredentialState.GOOD),
        ({"candidate": SecretState.STAGED}, CredentialState.STAGED),
        ({"candidate": SecretState.TRIED}, CredentialState.STAGED),
        ({"rotation_at": START}, CredentialState.ROTATION_DUE),
        ({"rotation_at": START + 14 * DAY}, CredentialState.ROTATION_DUE),
        ({"rotation_at": START + 15 * DAY}, CredentialState.GOOD),
        ({"overlap_until": START + HOUR}, CredentialState.OVERLAP),
        (
            {"effective_at": START - HOUR, "previous_worked_at": START},
            CredentialState.FALLING_BACK,
        ),
        (
            {"effective_at": START - HOUR, "previous_worked_at": START - HOUR / 2,
             "worked_at": START, "overlap_until": START + HOUR},
            CredentialState.OVERLAP,
        ),
        ({"effective_at": START, "previous_worked_at": START - HOUR}, CredentialState.GOOD),
    ],
)  # fmt: skip
def test_the_board_says_what_matters_most(
    values: dict[str, object], state: CredentialState
) -> None:
    told = judge(CredentialFacts(START, **values))  # type: ignore[arg-type] # fields by name
    assert told.state is state
    assert told.sentence.endswith(".")
