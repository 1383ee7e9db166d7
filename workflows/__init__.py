"""Deterministic orchestration: of a service change, of a poll. Business order only; no I/O."""

from workflows.event_polling import EventPollingWorkflow
from workflows.service_change import ServiceChangeWorkflow
from workflows.settling import SettleEffectWorkflow

WORKFLOWS = [ServiceChangeWorkflow, EventPollingWorkflow, SettleEffectWorkflow]
"""Every workflow a worker registers."""

__all__ = ["WORKFLOWS", "EventPollingWorkflow", "ServiceChangeWorkflow", "SettleEffectWorkflow"]
