"""Deterministic orchestration: of a change, a preview, a poll, a replay. Order only; no I/O."""

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
]
"""Every workflow a worker registers."""

__all__ = [
    "WORKFLOWS",
    "EventPollingWorkflow",
    "PreviewServiceChangeWorkflow",
    "ReplayWorkflow",
    "ServiceChangeWorkflow",
    "SettleEffectWorkflow",
]
