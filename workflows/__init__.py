"""Deterministic orchestration: of a change, a poll, a replay. Business order only; no I/O."""

from workflows.event_polling import EventPollingWorkflow
from workflows.replay import ReplayWorkflow
from workflows.service_change import ServiceChangeWorkflow
from workflows.settling import SettleEffectWorkflow

WORKFLOWS = [ServiceChangeWorkflow, EventPollingWorkflow, SettleEffectWorkflow, ReplayWorkflow]
"""Every workflow a worker registers."""

__all__ = [
    "WORKFLOWS",
    "EventPollingWorkflow",
    "ReplayWorkflow",
    "ServiceChangeWorkflow",
    "SettleEffectWorkflow",
]
