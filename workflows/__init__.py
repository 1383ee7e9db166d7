"""Deterministic orchestration: of changes, previews, polls, replays and trials. Order only."""

from workflows.credentials import (
    CredentialPreflightWorkflow,
    CredentialProbeWorkflow,
    CredentialTrialWorkflow,
)
from workflows.event_polling import EventPollingWorkflow
from workflows.preview import PreviewServiceChangeWorkflow
from workflows.replay import ReplayWorkflow
from workflows.service_change import ServiceChangeWorkflow
from workflows.settling import SettleEffectWorkflow

WORKFLOWS = [
    ServiceChangeWorkflow,
    EventPollingWorkflow,
    SettleEffectWorkflow,
    ReplayWorkflow,
    PreviewServiceChangeWorkflow,
    CredentialTrialWorkflow,
    CredentialPreflightWorkflow,
    CredentialProbeWorkflow,
]
"""Every workflow a worker registers."""

__all__ = [
    "WORKFLOWS",
    "CredentialPreflightWorkflow",
    "CredentialProbeWorkflow",
    "CredentialTrialWorkflow",
    "EventPollingWorkflow",
    "PreviewServiceChangeWorkflow",
    "ReplayWorkflow",
    "ServiceChangeWorkflow",
    "SettleEffectWorkflow",
]
