"""Deterministic orchestration of a service change. Business order only; no I/O."""

from workflows.service_change import ServiceChangeWorkflow
from workflows.settling import SettleEffectWorkflow

WORKFLOWS = [ServiceChangeWorkflow, SettleEffectWorkflow]
"""Every workflow a worker registers."""

__all__ = ["WORKFLOWS", "ServiceChangeWorkflow", "SettleEffectWorkflow"]
