"""Deterministic orchestration: changes, previews, polls, replays, reconciliation. No I/O."""

from workflows.credentials import (
    CredentialPreflightWorkflow,
    CredentialProbeWorkflow,
    CredentialTrialWorkflow,
)
from workflows.event_polling import EventPollingWorkflow
from workflows.preview import PreviewServiceChangeWorkflow
from workflows.reconciliation import (
    NightlyReconciliationWorkflow,
    ReconciliationWorkflow,
    RepairDifferenceWorkflow,
)
from workflows.replay import ReplayWorkflow
from workflows.service_change import ServiceChangeWorkflow
from workflows.settling import SettleEffectWorkflow

WORKFLOWS = [
    ServiceChangeWorkflow,
    EventPollingWorkflow,
    SettleEffectWorkflow,
    ReplayWorkflow,
    PreviewServiceChangeWorkflow,
    ReconciliationWorkflow,
    NightlyReconciliationWorkflow,
    RepairDifferenceWorkflow,
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
    "NightlyReconciliationWorkflow",
    "PreviewServiceChangeWorkflow",
    "ReconciliationWorkflow",
    "RepairDifferenceWorkflow",
    "ReplayWorkflow",
    "ServiceChangeWorkflow",
    "SettleEffectWorkflow",
]
