"""Our own record in memory, for tests of what activities do with it. Same promises as in SQL."""

import copy
import dataclasses
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from activities.records import Records, RecordTransaction
from domain.identifiers import fingerprint
from domain.messages import CheckResult, RefusedDecision, TransitionInput, TransitionResult
from domain.plan import Plan
from domain.records import Attempt, ChangeRecord, EffectIntent, EffectState, OperationsNotice
from domain.service_change import EffectStatus, require_transition
from domain.steps import Step
from domain.vendor_values import EffectEvidence


@dataclass(slots=True)
class Memory:
    """What is on record; tests read it."""

    changes: dict[str, ChangeRecord] = field(default_factory=dict)
    transitions: list[TransitionInput] = field(default_factory=list)
    refusals: list[RefusedDecision] = field(default_factory=list)
    checks: dict[tuple[str, int], dict[str, CheckResult]] = field(default_factory=dict)
    facts: dict[tuple[str, int], dict[str, Mapping[str, Any]]] = field(default_factory=dict)
    notices: dict[str, set[str]] = field(default_factory=dict)
    intents: dict[str, EffectIntent] = field(default_factory=dict)
    effects: dict[str, EffectState] = field(default_factory=dict)
    attempts: list[Attempt] = field(default_factory=list)
    tickets: dict[str, str] = field(default_factory=dict)


class MemoryRecords:
    """Satisfies `activities.records.Records`; a block that raises leaves no trace."""

    def __init__(self, *changes: ChangeRecord) -> None:
        self.memory = Memory(changes={change.id: change for change in changes})

    @asynccontextmanager
    async def begin(self) -> AsyncIterator["MemoryTransaction"]:
        """One transaction."""
        draft = copy.deepcopy(self.memory)
        yield MemoryTransaction(draft)
        self.memory = draft


class MemoryTransaction:
    """Satisfies `activities.records.RecordTransaction`."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def load(self, change_id: str) -> ChangeRecord:
        return self._memory.changes[change_id]

    async def transition(self, step: TransitionInput) -> TransitionResult:
        change = self._memory.changes[step.change_id]
        if change.status is not step.to:
            require_transition(change.status, step.to)
            self._change(step.change_id, status=step.to)
            self._memory.transitions.append(step)
        return TransitionResult()

    async def refuse(self, refused: RefusedDecision) -> None:
        self._memory.refusals.append(refused)

    async def save_check(
        self, change_id: str, round_: int, result: CheckResult, facts: Mapping[str, Any]
    ) -> None:
        self._memory.checks.setdefault((change_id, round_), {})[result.name] = result
        self._memory.facts.setdefault((change_id, round_), {})[result.name] = facts

    async def check_facts(self, change_id: str, round_: int) -> Mapping[str, Mapping[str, Any]]:
        return self._memory.facts[change_id, round_]

    async def save_plan(self, change_id: str, plan: Plan, *, approved: bool = False) -> None:
        del approved
        self._change(change_id, plan=plan)

    async def queue_notice(self, notice: OperationsNotice) -> frozenset[str]:
        return frozenset(self._memory.notices.setdefault(notice.id, set()))

    async def mark_delivered(self, notice: OperationsNotice, channel: str) -> None:
        self._memory.notices[notice.id].add(channel)

    async def intend(self, intent: EffectIntent) -> EffectState:
        before = self._memory.effects.get(intent.key)
        if before is None:
            self._memory.intents[intent.key] = intent
            sha256 = fingerprint(intent.payload)
            after = EffectState(intent.key, intent.step, EffectStatus.INTENDED, 1, None, {}, sha256)
        elif before.status is EffectStatus.APPLIED:
            after = before
        else:
            after = dataclasses.replace(
                before, status=EffectStatus.INTENDED, attempts=before.attempts + 1
            )
        self._memory.effects[intent.key] = after
        return after

    async def close_effect(
        self, key: str, status: EffectStatus, evidence: EffectEvidence | None = None
    ) -> None:
        self._effect(key, status=status)
        if evidence is None:
            return
        self._effect(key, vendor_reference=evidence.vendor_reference, facts=dict(evidence.facts))
        reverses = self._memory.intents[key].reverses
        if reverses is not None:
            self._effect(reverses, status=EffectStatus.REVERSED)

    async def effect_of(self, change_id: str, step: Step) -> EffectState | None:
        found = [
            self._memory.effects[key]
            for key, intent in self._memory.intents.items()
            if intent.change_id == change_id and intent.step is step
        ]
        return found[-1] if found else None

    async def save_attempt(self, attempt: Attempt) -> None:
        self._memory.attempts.append(attempt)

    async def save_ticket(self, change_id: str, reference: str, subject: str) -> None:
        self._memory.tickets[reference] = subject
        self._change(change_id, open_ticket=reference)

    async def close_ticket(self, change_id: str, reference: str) -> None:
        del reference
        self._change(change_id, open_ticket=None)

    def _change(self, change_id: str, **values: Any) -> None:  # noqa: ANN401 - fields of the record
        change = self._memory.changes[change_id]
        self._memory.changes[change_id] = dataclasses.replace(change, **values)

    def _effect(self, key: str, **values: Any) -> None:  # noqa: ANN401 - fields of the state
        self._memory.effects[key] = dataclasses.replace(self._memory.effects[key], **values)


def _fits(records: MemoryRecords, transaction: MemoryTransaction) -> None:
    """Never called: the type checker proves here that both Protocols are satisfied."""
    _: tuple[Records, RecordTransaction] = (records, transaction)
