"""Deterministic orchestration of a service change. Business order only; no I/O."""

from workflows.service_change import ServiceChangeWorkflow

WORKFLOWS = [ServiceChangeWorkflow]
"""Every workflow a worker registers."""

__all__ = ["WORKFLOWS", "ServiceChangeWorkflow"]
