"""One gate before each vendor, shared by every change: when it closes, who probes, how it opens.

Pure: a gate, a time and what happened give the next gate. The time is always the database's.
"""

import zlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from domain.credentials import PROBER
from domain.errors import (
    CredentialFaultError,
    FailureCode,
    OutcomeUnknownError,
    VendorError,
    VendorRejectedError,
    VendorThrottledError,
    VendorUnavailableError,
)
from domain.identifiers import System

FAILURES_IN_A_ROW: Final = 5
"""So many failures without a success between them, and the vendor counts as away."""

LONGEST_PAUSE: Final = 60.0
"""Seconds. A vendor that is back is found out within this, unless it named a longer wait."""

PATIENT_PROBES: Final = 3
"""So many closings in a row go by the vendor's word alone; then pauses double, or a vendor that
says `Retry-After: 1` for ten minutes would be asked six hundred times."""

PROBE_LEASE: Final = timedelta(seconds=50)
"""How long a probe keeps the others waiting: one try of a vendor step (45 s), and a margin."""

RAMP_SECONDS: Final = 8
"""How long after a good probe others are let through in doubling numbers: 2, 4, 8, … a second."""

CREDENTIAL_LOOK: Final = 60.0
"""Seconds a gate stays closed after the last time no secret was accepted. A probe asks far more
often and opens it; should there be no probe, whoever comes after this time is one."""

_SPREAD_SHARE: Final = 0.25
_SPREAD_SECONDS: Final = (1.0, 10.0)
_WHILE_PROBED: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Gate:
    """Open if neither `closed_until` nor `opened_at` is set."""

    system: System
    closed_until: datetime | None = None
    cause: FailureCode | None = None
    prober: str | None = None
    probing_until: datetime | None = None
    opened_at: datetime | None = None
    """When the last probe went well; others are let through gradually from then on."""
    admitted: int = 0
    failures: int = 0
    closures: int = 0
    since: datetime | None = None
    """When it closed first."""

    @property
    def stands_open(self) -> bool:
        """Whether anybody may pass without asking."""
        return self.closed_until is None and self.opened_at is None


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now: ask again at that time, and why."""

    until: datetime
    cause: FailureCode


def spread(name: str, wait: timedelta) -> timedelta:
    """A name's own share of a small time after a wait, so that not all come back at once."""
    least, most = _SPREAD_SECONDS
    width = min(max(wait.total_seconds() * _SPREAD_SHARE, least), most)
    return timedelta(seconds=width * (zlib.crc32(name.encode()) % 1000) / 1000)


def admit(gate: Gate, caller: str, now: datetime) -> tuple[Gate, Wait | None]:
    """May this caller call now? While the vendor is probed only the prober itself may."""
    if gate.closed_until is not None:
        return _admit_to_closed(gate, gate.closed_until, caller, now)
    if gate.opened_at is not None:
        return _admit_gradually(gate, gate.opened_at, now)
    return gate, None


def _admit_to_closed(
    gate: Gate, until: datetime, caller: str, now: datetime
) -> tuple[Gate, Wait | None]:
    cause = gate.cause or FailureCode.UNAVAILABLE
    if until > now:
        return gate, Wait(until, cause)
    if gate.probing_until and gate.probing_until > now and gate.prober != caller:
        return gate, Wait(min(gate.probing_until, now + _WHILE_PROBED), cause)
    return replace(gate, prober=caller, probing_until=now + PROBE_LEASE), None


def _admit_gradually(gate: Gate, opened_at: datetime, now: datetime) -> tuple[Gate, Wait | None]:
    second = int((now - opened_at).total_seconds())
    if second >= RAMP_SECONDS:
        return Gate(gate.system, failures=gate.failures), None
    if gate.admitted >= 2 ** (second + 2) - 2:
        cause = gate.cause or FailureCode.UNAVAILABLE
        return gate, Wait(opened_at + timedelta(seconds=second + 1), cause)
    return replace(gate, admitted=gate.admitted + 1), None


def after(gate: Gate, caller: str, now: datetime, error: VendorError | None) -> Gate:
    """The gate after a call that was let through."""
    if isinstance(error, CredentialFaultError):
        return _closed(gate, now, CREDENTIAL_LOOK, FailureCode.CREDENTIAL)
    if gate.cause is FailureCode.CREDENTIAL:
        return _accepted(gate, caller, error)
    if isinstance(error, VendorThrottledError):
        return _throttled(gate, now, error.retry_after)
    if isinstance(error, VendorUnavailableError | OutcomeUnknownError) and _is_away(error):
        return _unavailable(gate, now)
    return _answered(gate, caller, now)


def _accepted(gate: Gate, caller: str, error: VendorError | None) -> Gate:
    """Opens at once where a probe was let in: the vendor was there all the time."""
    let_in = error is None or isinstance(error, VendorRejectedError)
    return Gate(gate.system) if let_in and caller in {gate.prober, PROBER} else gate


def _is_away(error: VendorError) -> bool:
    """A 4xx that means "not now" is the word of a vendor that is there."""
    return error.http_status is None or error.http_status >= 500 or error.http_status == 408  # noqa: PLR2004 - HTTP's own classes


def _answered(gate: Gate, caller: str, now: datetime) -> Gate:
    if gate.closed_until is not None:
        # An answer to a call from before the closing says nothing of today.
        return Gate(gate.system, opened_at=now, cause=gate.cause) if gate.prober == caller else gate
    if gate.opened_at is None:
        return Gate(gate.system)
    return replace(gate, failures=0)


def _throttled(gate: Gate, now: datetime, seconds: float) -> Gate:
    if gate.closed_until is not None and gate.closed_until > now:
        return replace(gate, closed_until=max(gate.closed_until, now + timedelta(seconds=seconds)))
    doubled = _pause(gate.closures + 1 - PATIENT_PROBES) if gate.closures >= PATIENT_PROBES else 0
    return _closed(gate, now, max(seconds, doubled), FailureCode.THROTTLED)


def _unavailable(gate: Gate, now: datetime) -> Gate:
    counted = replace(gate, failures=gate.failures + 1)
    if gate.closed_until is not None and gate.closed_until > now:
        return counted
    if gate.stands_open and counted.failures < FAILURES_IN_A_ROW:
        return counted
    return _closed(counted, now, _pause(gate.closures), FailureCode.UNAVAILABLE)


def _pause(doublings: int) -> float:
    return min(LONGEST_PAUSE, float(2 ** min(doublings, 10)))


def _closed(gate: Gate, now: datetime, seconds: float, cause: FailureCode) -> Gate:
    return Gate(
        gate.system,
        closed_until=now + timedelta(seconds=seconds),
        cause=cause,
        failures=gate.failures,
        closures=gate.closures + 1,
        since=gate.since or now,
    )
