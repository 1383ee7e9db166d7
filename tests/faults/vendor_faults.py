"""Sets faults at the vendors and counts how often they struck, across restarts of a vendor."""

import contextlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Final

from http_client import AsyncClient, HTTPError
from tests.faults.catalogue import DATE_IN, RENAMED, VENDOR_FAULTS, VENDORS, WRITES, Fault
from tests.faults.evidence import FaultHit
from tests.support.live import LiveStack

PAGE: Final = 5000


@dataclass(slots=True)
class Armed:
    """A fault that was set. `earlier` are hits before the vendor was last restarted."""

    fault: Fault
    fault_id: int
    earlier: int = 0
    hits: int = 0

    @property
    def total(self) -> int:
        """Every hit so far."""
        return self.earlier + self.hits

    @property
    def remaining(self) -> int:
        """Calls it is still meant for."""
        return int(self.fault.value("calls", 1)) - self.total


@dataclass(slots=True)
class VendorLog:
    """One vendor: what is set there, and the calls it logged."""

    http: AsyncClient
    armed: list[Armed] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    cursor: int = 0
    log_id: str = ""


class VendorFaults:
    """The controls of all vendors. What a vendor forgets by being killed, it is told anew."""

    def __init__(self, stack: LiveStack) -> None:
        self._logs = {
            name: VendorLog(
                AsyncClient(
                    base_url=f"http://127.0.0.1:{stack.ports[name]}", trust_env=False, timeout=10
                )
            )
            for name in VENDORS
        }

    async def close(self) -> None:
        """Close connections."""
        for log in self._logs.values():
            await log.http.aclose()

    async def skip_earlier_calls(self) -> None:
        """Forget what was logged before this run, and every fault still set."""
        for log in self._logs.values():
            (await log.http.delete("/_control/faults")).raise_for_status()
            await self._read_calls(log)
            log.calls.clear()

    async def set(self, fault: Fault) -> bool:
        """Set a fault; False when the vendor is away just now."""
        log = self._logs[fault.target]
        try:
            log.armed.append(Armed(fault, await self._post(log, fault, fault.value("calls", 1))))
        except HTTPError:
            return False
        return True

    async def poll(self) -> None:
        """Read counters and calls of every vendor; tell a restarted one what it forgot."""
        for vendor in VENDORS:
            with contextlib.suppress(HTTPError):
                await self._poll(vendor)

    async def clear(self) -> None:
        """Count for the last time, then let no fault be set any more."""
        for vendor, log in self._logs.items():
            await self._poll(vendor)
            (await log.http.delete("/_control/faults")).raise_for_status()
            for armed in log.armed:
                armed.earlier, armed.hits, armed.fault_id = armed.total, 0, 0

    def hits(self, fault: Fault) -> int:
        """How often a fault has struck."""
        return sum(each.total for each in self._logs[fault.target].armed if each.fault == fault)

    def struck(self) -> list[FaultHit]:
        """Every call of a change that was struck, as the vendors logged it."""
        return [
            FaultHit(
                datetime.fromisoformat(call["at"]), vendor, call["correlation_id"], call["fault"]
            )
            for vendor, log in self._logs.items()
            for call in log.calls
            if call["fault"] and call["correlation_id"]
        ]

    def calls(self, vendor: str) -> list[dict[str, Any]]:
        """The calls a vendor has logged in this run."""
        return self._logs[vendor].calls

    async def _poll(self, vendor: str) -> None:
        log = self._logs[vendor]
        await self._read_calls(log)
        told = (await log.http.get("/_control/faults")).raise_for_status().json()["faults"]
        counted = {each["fault_id"]: each["hits"] for each in told}
        for each in log.armed:
            each.hits = counted.get(each.fault_id, each.hits)

    async def _tell_anew(self, log: VendorLog) -> None:
        """The vendor was restarted: its counters begin at nothing, and nothing is set."""
        for each in log.armed:
            standing, each.earlier, each.hits = each.fault_id, each.total, 0
            each.fault_id = 0
            if standing and each.remaining > 0:
                each.fault_id = await self._post(log, each.fault, each.remaining)

    async def _read_calls(self, log: VendorLog) -> None:
        while True:
            query = {"cursor": str(log.cursor), "limit": str(PAGE)}
            page = (await log.http.get("/_control/calls", params=query)).raise_for_status().json()
            if page["log_id"] != log.log_id:
                first, log.log_id, log.cursor = not log.log_id, page["log_id"], 0
                if not first:
                    await self._tell_anew(log)
                continue
            log.calls += page["calls"]
            if page["calls"]:
                log.cursor = page["calls"][-1]["call_id"]
            if page["next_cursor"] is None:
                return

    async def _post(self, log: VendorLog, fault: Fault, calls: int) -> int:
        body = {**body_of(fault), "calls": calls}
        answer = (await log.http.post("/_control/faults", json=body)).raise_for_status()
        return int(answer.json()["fault_id"])


def body_of(fault: Fault) -> dict[str, Any]:
    """What the vendor's control is sent for a fault of the catalogue."""
    body = {**VENDOR_FAULTS[fault.name], "every": fault.value("every", 1)}
    if body.pop("write", False):
        body["method"], body["path_prefix"] = WRITES[fault.target]
    if body["kind"] == "rename_field":
        body["field"] = RENAMED[fault.target]
    wait = body.get("retry_after")
    if isinstance(wait, str) and wait.startswith(DATE_IN):
        ahead = fault.value("seconds", float(wait.removeprefix(DATE_IN)))
        at = datetime.now(UTC) + timedelta(seconds=ahead)
        body["retry_after"] = format_datetime(at, usegmt=True)
    if fault.name == "delay":
        body["delay_seconds"] = fault.value("seconds", body["delay_seconds"])
    if fault.name == "rate_limit_seconds":
        body["retry_after"] = fault.value("seconds", body["retry_after"])
    return body
