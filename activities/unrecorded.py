"""Calls that are about no change on record: through the same gates and pauses; none is kept."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from activities.failures import no_credential, not_called, paused, vendor_failure
from activities.records import Records
from domain.errors import FailureCode, VendorError
from domain.identifiers import System
from domain.records import Waited
from domain.vendor_values import VendorCall

Answer = TypeVar("Answer")


class UnrecordedCalls:
    """Reads at vendors for whoever asks before there is a change.

    A vendor's gate hears of every call, since it stands before the vendor and not before a change.
    """

    def __init__(self, records: Records) -> None:
        self._records = records

    async def ask(
        self,
        call: VendorCall,
        system: System,
        step: str,
        question: Callable[[VendorCall], Awaitable[Answer]],
        *,
        caller: str,
        scope: str,
    ) -> Answer:
        """Read something; raises the engine failure for whatever the vendor did instead.

        `caller` is who passes the gate; `scope` names pauses that concern it beside the wide ones.
        """
        watched = await self._enter(system, step, caller, scope)
        try:
            answer = await question(call)
        except VendorError as error:
            closed = await self._tell(system, caller, error)
            closed_for = closed.left if closed else None
            raise vendor_failure(error, step, closed_for=closed_for) from None
        if watched:
            await self._tell(system, caller, None)
        return answer

    async def _enter(self, system: System, step: str, caller: str, scope: str) -> bool:
        """Pass, or raise the engine failure; True if the gate has to hear how it went."""
        async with self._records.begin() as record:
            traffic = await record.traffic(scope)
            if traffic.pause_of(system) is not None:
                raise paused(system, step)
            gate = traffic.gates.get(system)
            if gate is None or gate.stands_open:
                return gate is not None
            wait = await record.pass_gate(system, caller)
        if wait is not None:
            if wait.cause is FailureCode.CREDENTIAL:
                raise no_credential(system, step)
            raise not_called(wait.cause, system, step, wait.left)
        return True

    async def _tell(self, system: System, caller: str, error: VendorError | None) -> Waited | None:
        async with self._records.begin() as record:
            return await record.report_call(system, caller, error)
