"""The day, how vendors and the machinery are, and what is paused."""

from pydantic import TypeAdapter

from domain.contracts_health import HealthHistoryView, SystemHealthView
from domain.contracts_operations import IntegrationHealthView
from domain.contracts_today import TodayView
from domain.identifiers import System
from support_ui.calls.transport import Connection

_TODAY = TypeAdapter(TodayView)
_HEALTH = TypeAdapter(list[IntegrationHealthView])
_HISTORY = TypeAdapter(HealthHistoryView)
_MACHINERY = TypeAdapter(SystemHealthView)


class OperationCalls(Connection):
    """What somebody reads who watches over the whole."""

    def today(self, zone: str) -> TodayView:
        """The day that began at midnight in this time zone."""
        return self.get("/v1/today", _TODAY, {"zone": zone})

    def integrations(self) -> list[IntegrationHealthView]:
        """How each system of record has been answering."""
        return self.get("/v1/health/integrations", _HEALTH)

    def health_history(self, system: System, hours: int) -> HealthHistoryView:
        """The calls to one system over the last hours."""
        return self.get(f"/v1/health/integrations/{system}/history", _HISTORY, {"hours": hours})

    def machinery(self) -> SystemHealthView:
        """Database, engine, workers, queues and what waits in them."""
        return self.get("/v1/health/system", _MACHINERY)
