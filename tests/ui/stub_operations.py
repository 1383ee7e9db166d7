"""The day, health and pauses of the stub API; all but the day is for staff."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request

from domain.contracts_health import HealthHistoryView, SystemHealthView
from domain.contracts_operations import IntegrationHealthView
from domain.contracts_today import TodayView
from domain.identifiers import System
from tests.ui import samples_operations as samples


def add_routes(
    app: FastAPI, world: Callable[[Request], Any], staff: Callable[[Request], Any]
) -> None:
    """`world` is any caller's, `staff` that of one who reads everything."""

    @app.get("/v1/today")
    def today(request: Request, zone: str = "UTC") -> TodayView:
        found = world(request)
        return samples.today(found.changes.values(), found.me, zone)

    @app.get("/v1/health/integrations")
    def integrations(request: Request) -> list[IntegrationHealthView]:
        return samples.HEALTH if staff(request).changes else []

    @app.get("/v1/health/integrations/{system}/history")
    def history(request: Request, system: System, hours: int = 24) -> HealthHistoryView:
        staff(request)
        told = samples.history(system, hours)
        # Nobody ever called ticketing.
        return told.model_copy(update={"buckets": []}) if system is System.TICKETING else told

    @app.get("/v1/health/system")
    def machinery(request: Request) -> SystemHealthView:
        staff(request)
        return samples.MACHINERY
