"""What stands before each vendor call: pauses by people, and the gate that every change shares."""

from datetime import timedelta

from temporalio.exceptions import ApplicationError

from activities.failures import no_credential, not_called, paused
from activities.records import Records
from domain.credentials import fault_scope
from domain.errors import CredentialFaultError, FailureCode, VendorError
from domain.gates import spread
from domain.identifiers import System
from domain.pauses import EVERYTHING, Pause
from domain.records import ChangeRecord, Waited

_WHY = {
    FailureCode.THROTTLED: "asked to be left alone",
    FailureCode.UNAVAILABLE: "does not answer",
}


class Passage:
    """Lets calls through to vendors. Costs no statement while the way is free.

    Who passes is the change: whatever of it has to be looked up first is part of its own probe,
    and a try that is repeated after a crash finds its own probe again.
    """

    def __init__(self, records: Records) -> None:
        self._records = records

    async def enter(self, change: ChangeRecord, system: System, step: str) -> None:
        """Pass, or raise the engine failure of a step that has to wait; the change shows it."""
        pause = change.traffic.pause_of(system)
        if pause is not None:
            await self._show_pause(change, pause)
            raise paused(system, step)
        gate = change.traffic.gates.get(system)
        if gate is None or gate.stands_open:
            return
        async with self._records.begin() as record:
            wait = await record.pass_gate(system, change.id)
        if wait is not None:
            raise await self._at_the_gate(change, system, step, wait)

    async def answered(self, change: ChangeRecord, system: System) -> None:
        """The vendor answered: note what that changes, if it changes anything."""
        if system in change.traffic.gates:
            async with self._records.begin() as record:
                await record.report_call(system, change.id, None)
        if change.waits_on & {system, fault_scope(system), EVERYTHING, change.id, change.wish.kind}:
            async with self._records.begin() as record:
                await record.show_no_waiting(change.id, system)

    async def failed(
        self, change: ChangeRecord, system: System, error: VendorError
    ) -> timedelta | None:
        """Tell the gate; how long this change waits, if the gate is closed now."""
        async with self._records.begin() as record:
            wait = await record.report_call(system, change.id, error)
        if isinstance(error, CredentialFaultError):
            await self._show_fault(change, system)
        return _with_spread(change, wait) if wait else None

    async def _at_the_gate(
        self, change: ChangeRecord, system: System, step: str, wait: Waited
    ) -> ApplicationError:
        if wait.cause is FailureCode.CREDENTIAL:
            await self._show_fault(change, system)
            return no_credential(system, step)
        delay = _with_spread(change, wait)
        why = _WHY.get(wait.cause, "does not answer")
        async with self._records.begin() as record:
            await record.show_waiting(
                change.id,
                system,
                f"An answer; {system.spoken} {why}, and nobody calls it before "
                f"{wait.until:%Y-%m-%d %H:%M:%S} UTC.",
                f"Nothing to do: {system.spoken} is tried again by itself not before "
                f"{wait.until:%H:%M:%S} UTC.",
            )
        return not_called(wait.cause, system, step, delay)

    async def _show_fault(self, change: ChangeRecord, system: System) -> None:
        async with self._records.begin() as record:
            await record.show_waiting(
                change.id,
                system,
                f"A secret that {system.spoken} accepts; it accepts none of ours, "
                "and nobody calls it.",
                "Nothing to do for this change: it goes on by itself once "
                f"{system.spoken} accepts a secret. An admin sees to that under Credentials.",
                fault_scope(system),
            )

    async def _show_pause(self, change: ChangeRecord, pause: Pause) -> None:
        async with self._records.begin() as record:
            await record.show_waiting(
                change.id,
                pause.actor,
                f"To resume {pause.scope}, which {pause.actor} paused: {pause.reason}",
                f"Paused by {pause.actor} ({pause.scope}): {pause.reason} "
                "It goes on by itself once it is resumed.",
                pause.scope,
            )


def _with_spread(change: ChangeRecord, wait: Waited) -> timedelta:
    return wait.left + spread(change.id, wait.left)
