"""Wrappers that let worker and relay die at named points. Used only when a folder is set."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from activities.records import Records, RecordTransaction
from adapters.temporal.engine import TemporalEngine
from crash_points import CrashPoint, CrashPoints
from domain.messages import ServiceChangeInput
from domain.service_change import EffectStatus
from domain.vendor_values import EffectEvidence

_READS: Final = ("read_", "find_", "list_")
"""How the ports name what changes nothing, see `activities.ports`; all else is an effect."""


class MortalPort:
    """A vendor port whose effects may be the last thing the process does."""

    def __init__(self, port: object, points: CrashPoints) -> None:
        self._port = port
        self._points = points

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the port has
        method = getattr(self._port, name)
        if name.startswith(_READS) or not callable(method):
            return method

        async def effect(*given: object, **named: object) -> object:
            self._points.reach(CrashPoint.BEFORE_CALL)
            answer: object = await method(*given, **named)
            self._points.reach(CrashPoint.AFTER_CALL_BEFORE_RECORD)
            return answer

        return effect


class MortalRecords:
    """Our record, after whose commit of a closed effect the process may end."""

    def __init__(self, records: Records, points: CrashPoints) -> None:
        self._records = records
        self._points = points

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[RecordTransaction]:
        """One transaction of the real record."""
        async with self._records.begin() as transaction:
            watched = _Watched(transaction)
            yield watched
        if watched.closed_an_effect:
            self._points.reach(CrashPoint.AFTER_RECORD_BEFORE_ACKNOWLEDGEMENT)


class _Watched:
    """A transaction that remembers whether an effect was closed in it."""

    def __init__(self, transaction: RecordTransaction) -> None:
        self._transaction = transaction
        self.closed_an_effect = False

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the transaction has
        return getattr(self._transaction, name)

    async def close_effect(
        self,
        key: str,
        status: EffectStatus,
        evidence: EffectEvidence | None = None,
        *,
        in_doubt: bool = False,
    ) -> None:
        """See the transaction."""
        await self._transaction.close_effect(key, status, evidence, in_doubt=in_doubt)
        self.closed_an_effect = True


class MortalEngine(TemporalEngine):
    """The engine, after whose start of a workflow the process may end."""

    def __init__(self, engine: TemporalEngine, points: CrashPoints) -> None:
        vars(self).update(vars(engine))
        self._points = points

    async def start(self, change: ServiceChangeInput) -> None:
        """See the engine."""
        await super().start(change)
        self._points.reach(CrashPoint.RELAY_AFTER_START_BEFORE_COMMIT)
