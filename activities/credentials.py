"""Tries credentials with a harmless call: a new version, before a job, and until one works."""

import asyncio
from typing import Protocol

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.records import Records
from domain.credential_messages import (
    CredentialCheck,
    PreflightInput,
    PreflightResult,
    ProbeInput,
    TrialInput,
    TrialOutcome,
)
from domain.credentials import PROBER
from domain.errors import CredentialError, CredentialFaultError, FailureCode, VendorError
from domain.identifiers import System
from domain.vendor_values import VendorCall

PREFLIGHT = "credential-preflight"
PROBE = "credential-probe"
NOT_YET = "CredentialNotAccepted"


class Entrances(Protocol):
    """How a system is entered with what is kept for it, and nothing done inside."""

    async def enter(self, call: VendorCall, system: System, version: int | None) -> int:
        """Make a harmless call with one version, or with those in use; the version that worked.

        Nothing that other callers hold is used or changed. Raises VendorErrors.
        """
        ...


class Trials(Protocol):
    """Where trials are put on record."""

    async def record(self, trial: TrialInput, check: CredentialCheck) -> None:
        """Keep what came of a trial; nothing where the version is retired by now."""
        ...


class CredentialActivities:
    """Each makes one harmless call for each system, and is safe to repeat."""

    def __init__(self, records: Records, entrances: Entrances, trials: Trials) -> None:
        self._records = records
        self._entrances = entrances
        self._trials = trials

    @activity.defn(name="try_credential")
    async def try_credential(self, trial: TrialInput) -> CredentialCheck:
        """Try one version, in use or not, and put on record what came of it."""
        call = VendorCall(trial.correlation_id)
        check, _ = await self._check(call, trial.system, trial.version)
        await self._trials.record(trial, check)
        return check

    @activity.defn(name="check_credentials")
    async def check_credentials(self, job: PreflightInput) -> PreflightResult:
        """Whether each system would let a job in. One that refuses is called by nobody from now on.

        A system that is paused, or wants to be left alone, is not asked.
        """
        checks = await asyncio.gather(*(self._preflight(system) for system in job.systems))
        return PreflightResult(checks=tuple(checks))

    @activity.defn(name="probe_credential")
    async def probe_credential(self, what: ProbeInput) -> CredentialCheck:
        """Let the changes of a system go on once it accepts a secret; raises until it does.

        Ends also when somebody else has been let in meanwhile.
        """
        async with self._records.begin() as record:
            gate = (await record.traffic(PROBE)).gates.get(what.system)
        if gate is None or gate.cause is not FailureCode.CREDENTIAL:
            return CredentialCheck(
                system=what.system, outcome=TrialOutcome.ACCEPTED, sentence="Nobody waits for it."
            )
        check = await self._preflight(what.system)
        if check.outcome is not TrialOutcome.ACCEPTED:
            raise ApplicationError(f"{what.system}: {check.outcome}", type=NOT_YET)
        return check

    async def _preflight(self, system: System) -> CredentialCheck:
        async with self._records.begin() as record:
            traffic = await record.traffic(PREFLIGHT)
        pause = traffic.pause_of(system)
        if pause is not None:
            return _not_asked(system, f"Not asked: {pause.actor} has paused it.")
        gate = traffic.gates.get(system)
        if gate and gate.closed_until and gate.cause is not FailureCode.CREDENTIAL:
            return _not_asked(
                system, f"Not asked: nobody calls {system.spoken} just now ({gate.cause})."
            )
        check, error = await self._check(VendorCall(PREFLIGHT), system, None)
        fault = isinstance(error, CredentialFaultError)
        if fault or (gate and check.outcome is TrialOutcome.ACCEPTED):
            async with self._records.begin() as record:
                await record.report_call(system, PROBER, error)
        return check

    async def _check(
        self, call: VendorCall, system: System, version: int | None
    ) -> tuple[CredentialCheck, VendorError | None]:
        try:
            worked = await self._entrances.enter(call, system, version)
        except CredentialError as error:
            # Never its words: some vendors repeat what they were shown.
            sentence = f"Refused ({error.reason or f'HTTP {error.http_status}'})."
            refused = CredentialCheck(
                system=system, outcome=TrialOutcome.REFUSED, sentence=sentence, version=version
            )
            return refused, error
        except VendorError as error:
            return _not_asked(system, f"Could not be asked: {error.words}", version), error
        accepted = CredentialCheck(
            system=system,
            outcome=TrialOutcome.ACCEPTED,
            sentence=f"Accepted version {worked}.",
            version=worked,
        )
        return accepted, None


def _not_asked(system: System, sentence: str, version: int | None = None) -> CredentialCheck:
    return CredentialCheck(
        system=system, outcome=TrialOutcome.NOT_ASKED, sentence=sentence, version=version
    )
