"""Credentials as rows and sentences: what is due, the versions, what a promotion rests on."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, Final, Literal

from domain.contracts_credentials import (
    CredentialView,
    PreflightView,
    SecretActionView,
    SecretVersionView,
)
from domain.credential_messages import TrialOutcome
from domain.credentials import (
    CANDIDATES,
    CredentialKind,
    CredentialState,
    SecretAction,
    SecretState,
)
from domain.wording import upper_first
from support_ui.view_models import text, words
from support_ui.view_models.lists import Row
from support_ui.view_models.words import Look

Tone = Literal["success", "warning"]

STATE: Final[Mapping[CredentialState, Look]] = {
    CredentialState.MISSING: Look("No secret", "red", "key_off"),
    CredentialState.REFUSED: Look("Refused", "red", "block"),
    CredentialState.EXPIRED: Look("Expired", "red", "event_busy"),
    CredentialState.EXPIRES: Look("Expires soon", "orange", "hourglass_bottom"),
    CredentialState.FALLING_BACK: Look("Falling back", "orange", "undo"),
    CredentialState.ROTATION_DUE: Look("Rotation due", "orange", "event_repeat"),
    CredentialState.STAGED: Look("New secret waits", "violet", "inventory"),
    CredentialState.OVERLAP: Look("Overlap", "blue", "compare_arrows"),
    CredentialState.GOOD: Look("Good", "green", "check_circle"),
}

VERSION: Final[Mapping[SecretState, Look]] = {
    SecretState.STAGED: Look("Staged", "gray", "inventory"),
    SecretState.TRIED: Look("Tried", "violet", "task_alt"),
    SecretState.CURRENT: Look("Current", "green", "key"),
    SecretState.PREVIOUS: Look("Previous", "blue", "history"),
    SecretState.RETIRED: Look("Retired", "gray", "key_off"),
}

OUTCOME: Final[Mapping[TrialOutcome, Look]] = {
    TrialOutcome.ACCEPTED: Look("Accepted", "green", "check_circle"),
    TrialOutcome.REFUSED: Look("Refused", "red", "block"),
    TrialOutcome.NOT_ASKED: Look("Not asked", "gray", "help"),
}

KIND: Final[Mapping[CredentialKind, str]] = {
    CredentialKind.CLIENT_CREDENTIALS: "OAuth client secret",
    CredentialKind.API_KEY: "API key",
    CredentialKind.PASSWORD: "Password",
    CredentialKind.TOKEN: "Token",
}

DOES: Final[Mapping[SecretAction, str]] = {
    SecretAction.TRY: "Try it now",
    SecretAction.PROMOTE: "Promote it",
    SecretAction.RETIRE: "Retire it",
}

DONE: Final[Mapping[SecretAction, str]] = {
    SecretAction.TRY: "tried",
    SecretAction.PROMOTE: "promoted",
    SecretAction.RETIRE: "retired",
}


def board_row(credential: CredentialView, now: datetime) -> Row:
    """One system on the board."""
    look = STATE[credential.state]
    return {
        "System": words.SYSTEM[credential.system],
        "State": look.label,
        "Kind": KIND[credential.kind],
        "In use": _in_use(credential),
        "Last use": text.age(credential.last_use_at, now),
        "Last refresh": text.age(credential.last_refresh_at, now),
        "Expires": text.age(credential.expires_at, now),
        "Next rotation": text.age(credential.next_rotation_at, now),
        "Overlap ends": text.age(credential.overlap_until, now),
    }


def alerts(board: Sequence[CredentialView]) -> str | None:
    """Who needs a person, in a sentence; None where nobody does."""
    due = [words.SYSTEM[each.system] for each in board if each.alert]
    if not due:
        return None
    names = due[0] if len(due) == 1 else f"{', '.join(due[:-1])} and {due[-1]}"
    return f"{names} {'needs' if len(due) == 1 else 'need'} attention."


def _in_use(credential: CredentialView) -> str:
    shown = {each.state: f"version {each.version}" for each in credential.versions}
    current, previous = shown.get(SecretState.CURRENT), shown.get(SecretState.PREVIOUS)
    if current is None:
        return text.DASH
    return upper_first(f"{current}, then {previous}" if previous else current)


def version_rows(credential: CredentialView, now: datetime) -> list[dict[str, str]]:
    """A system's versions, the newest first, as Markdown cells."""
    return [
        {
            "Version": str(each.version),
            "State": VERSION[each.state].badge,
            "Fingerprint": f"`{each.fingerprint}`",
            "Staged": f"{text.age(each.staged_at, now)} by {text.plain(each.staged_by)}",
            "Trial": trial(each, now),
            "Promoted": _by(each.promoted_at, each.promoted_by, now),
            "Last use": text.age(each.last_use_at, now),
            "Good": _good(each, now),
        }
        for each in credential.versions
    ]


def trial(version: SecretVersionView, now: datetime) -> str:
    """What the system said to a version, and when."""
    if version.tried_at is None:
        return "Not tried" if version.state in CANDIDATES else text.DASH
    said = text.plain((version.trial or "").rstrip("."))
    return f"{said}, {text.age(version.tried_at, now)} by {text.plain(version.tried_by or '')}"


def _by(at: datetime | None, actor: str | None, now: datetime) -> str:
    return f"{text.age(at, now)} by {text.plain(actor or '')}" if at else text.DASH


def _good(version: SecretVersionView, now: datetime) -> str:
    if version.retired_at is not None:
        return f"ended {text.age(version.retired_at, now)}"
    parts = []
    if version.not_before is not None and version.not_before > now:
        parts.append(f"from {text.moment(version.not_before, now)}")
    ends = version.overlap_until or version.expires_at
    if ends is not None:
        parts.append(f"until {text.moment(ends, now)}")
    return " ".join(parts) or "no end told"


def candidate(credential: CredentialView) -> SecretVersionView | None:
    """The version that is to follow, if there is one."""
    return next((each for each in credential.versions if each.state in CANDIDATES), None)


def can_be_retired(credential: CredentialView) -> list[SecretVersionView]:
    """Versions in use that an action of their own can end."""
    return [each for each in credential.versions if each.state is SecretState.PREVIOUS]


def right(version: SecretVersionView, action: SecretAction) -> SecretActionView:
    """Whether the reader may do it, as the API told."""
    return next(each for each in version.actions if each.action is action)


def seen(version: SecretVersionView, now: datetime) -> list[str]:
    """What a second person looks at before promoting, line by line."""
    staged = f"{text.age(version.staged_at, now)} by {text.plain(version.staged_by)}"
    lines = [
        f"**Fingerprint:** `{version.fingerprint}`",
        f"**Trial:** {trial(version, now)}",
        f"**Staged:** {staged}: “{text.plain(version.reason)}”",
    ]
    if version.login:
        lines.append(f"**Its own login:** {text.plain(version.login)}")
    if version.not_before:
        lines.append(f"**Good from:** {text.moment(version.not_before, now)}")
    if version.expires_at:
        lines.append(f"**Expires:** {text.moment(version.expires_at, now)}")
    return lines


def stage_body(
    *, secret: str, login: str, not_before: date | None, expires: date | None, reason: str,
    now: datetime,
) -> dict[str, Any]:  # fmt: skip
    """What is sent for a new secret; days begin at midnight where the reader is."""

    def begin(day: date | None) -> str | None:
        return datetime.combine(day, time(), now.tzinfo).isoformat() if day else None

    body = {
        "secret": secret,
        "login": login,
        "not_before": begin(not_before),
        "expires_at": begin(expires),
        "reason": reason,
    }
    return {name: value for name, value in body.items() if value}


def missing_of_stage(secret: str, reason: str) -> str | None:
    """What has to be typed before a secret can be staged."""
    if not secret:
        return "Paste the secret that the system gave out."
    return None if reason else "Say in a sentence why the secret is replaced."


def after(action: SecretAction, version: int, credential: CredentialView) -> tuple[Tone, str]:
    """How an action ended: the tone it is told in, and the sentence."""
    mine = next((each for each in credential.versions if each.version == version), None)
    name = f"Version {version} of {words.SYSTEM[credential.system]}"
    if action is SecretAction.TRY and mine is not None:
        return "success" if mine.accepted else "warning", f"{name}: {mine.trial or 'not tried.'}"
    return "success", f"{name} is {DONE[action]}."


def preflight_rows(told: PreflightView) -> list[dict[str, str]]:
    """What each system said before a job."""
    return [
        {
            "System": words.SYSTEM[each.system],
            "Would it let a job in?": OUTCOME[each.outcome].badge,
            "It said": text.plain(each.sentence),
        }
        for each in told.checks
    ]
