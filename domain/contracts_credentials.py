"""What the API answers about credentials. Shapes only; no secret is in any of them."""

from datetime import datetime

from domain.contracts_failures import View
from domain.credential_messages import TrialOutcome
from domain.credentials import CredentialKind, CredentialState, SecretAction, SecretState
from domain.identifiers import System


class SecretActionView(View):
    """Whether the caller may do it with this version now, and if not, why."""

    action: SecretAction
    allowed: bool
    reason: str | None = None


class SecretVersionView(View):
    """One version of a system's secret, by its fingerprint alone.

    `seen_sha256` is what a promotion has to name: this version, with this trial.
    """

    version: int
    state: SecretState
    fingerprint: str
    login: str | None
    reason: str
    staged_by: str
    staged_at: datetime
    not_before: datetime | None
    expires_at: datetime | None
    tried_by: str | None
    tried_at: datetime | None
    accepted: bool | None
    trial: str | None
    promoted_by: str | None
    promoted_at: datetime | None
    overlap_until: datetime | None
    retired_by: str | None
    retired_at: datetime | None
    last_use_at: datetime | None
    last_refresh_at: datetime | None
    token_expires_at: datetime | None
    last_refused_at: datetime | None
    last_refusal: str | None
    seen_sha256: str
    actions: list[SecretActionView]


class CredentialView(View):
    """How one system's credential is, what is due, and its versions, the newest first."""

    system: System
    kind: CredentialKind
    state: CredentialState
    alert: bool
    """Whether a person has to do something."""
    sentence: str
    next_action: str | None
    refused_since: datetime | None
    expires_at: datetime | None
    next_rotation_at: datetime | None
    overlap_until: datetime | None
    last_use_at: datetime | None
    last_refresh_at: datetime | None
    may_stage: bool
    why_not_stage: str | None
    versions: list[SecretVersionView]


class CredentialCheckView(View):
    """What one system said before a job."""

    system: System
    outcome: TrialOutcome
    sentence: str
    version: int | None


class PreflightView(View):
    """Whether a job would be let in everywhere; `refusing` names the systems that say no."""

    checks: list[CredentialCheckView]
    refusing: list[System]
