"""Our own record in memory, for tests of what activities do with it. Same promises as in SQL."""

import copy
import dataclasses
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from activities.records import Records, RecordTransaction
from domain.errors import VendorError
from domain.gates import Gate, admit, after
from domain.identifiers import System
from domain.messages import CheckResult, RefusedDecision, TransitionInput, TransitionResult
from domain.pauses import EVERYTHING, Pause, Traffic
from domain.plan import Plan
from domain.records import (
    Attempt,
    ChangeRecord,
    EffectIntent,
    EffectState,
    Finding,
    OperationsNotice,
    Waited,
)
from domain.service_change import EffectStatus, require_transition
from domain.steps import Step
from domain.vendor_values import EffectEvidence
from domain.verdicts import Repeatability
from tests.support.clock import START


@dataclass(slots=True)
class Memory:
    """What is on record; tests read it."""

    changes: dict[str, ChangeRecord] = field(default_factory=dict)
    transitions: list[TransitionInput] = field(default_factory=list)
    refusals: list[RefusedDecision] = field(default_factory=list)
    checks: dict[tuple[str, int], dict[str, CheckResult]] = field(default_factory=dict)
    facts: dict[tuple[str, int], dict[str, Mapping[str, Any]]] = field(default_factory=dict)
    notices: dict[str, set[str]] = field(default_factory=dict)
    undelivered: dict[tuple[str, str], str] = field(default_factory=dict)
    intents: dict[str, EffectIntent] = field(default_factory=dict)
    effects: dict[str, EffectState] = field(default_factory=dict)
    attempts: list[Attempt] = field(default_factory=list)
    tickets: dict[str, str] = field(default_factory=dict)
    gates: dict[System, Gate] = field(default_factory=dict)
    pauses: list[Pause] = field(default_factory=list)
    waits: dict[tuple[str, str], str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    given_up: set[str] = field(default_factory=set)
    now: datetime = START
    """The time of this record, by which gates go."""


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
        memory = self._memory
        open_ = {EffectStatus.INTENDED, EffectStatus.UNKNOWN}
        return dataclasses.replace(
            memory.changes[change_id],
            traffic=Traffic(dict(memory.gates), tuple(memory.pauses)),
            unsettled=tuple(
                key
                for key, state in memory.effects.items()
                if state.status in open_
                and state.repeatability is Repeatability.LOOK_UP
                and memory.intents[key].change_id == change_id
            ),
            waits_on=frozenset(scope for change, scope in memory.waits if change == change_id),
        )

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
        self._memory.undelivered.pop((notice.id, channel), None)

    async def mark_undelivered(self, notice: OperationsNotice, channel: str, why: str) -> None:
        self._memory.undelivered[notice.id, channel] = why

    async def intend(self, intent: EffectIntent, repeatability: Repeatability) -> EffectState:
        before = self._memory.effects.get(intent.key)
        if before is None:
            self._memory.intents[intent.key] = intent
            after_ = EffectState(
                intent.key, intent.step, EffectStatus.INTENDED, 1, None, {}, 1, repeatability
            )
        elif before.status is EffectStatus.APPLIED:
            after_ = before
        else:
            after_ = dataclasses.replace(
                before,
                status=EffectStatus.INTENDED,
                attempts=before.attempts + 1,
                in_doubt=before.in_doubt + 1,
            )
        self._memory.effects[intent.key] = after_
        return after_

    async def close_effect(
        self,
        key: str,
        status: EffectStatus,
        evidence: EffectEvidence | None = None,
        *,
        in_doubt: bool = False,
    ) -> None:
        doubts = self._memory.effects[key].in_doubt
        if status in {EffectStatus.APPLIED, EffectStatus.SKIPPED, EffectStatus.REFUSED}:
            doubts = 0
        elif not in_doubt:
            doubts = max(doubts - 1, 0)
        self._effect(key, status=status, in_doubt=doubts)
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

    async def effect(self, key: str) -> EffectState | None:
        state = self._memory.effects.get(key)
        if state is None:
            return None
        reverses = self._memory.intents[key].reverses
        about = self._memory.effects.get(reverses) if reverses else None
        return dataclasses.replace(state, subject=about.vendor_reference or "") if about else state

    async def leave_effect_open_no_longer(self, key: str) -> None:
        self._memory.given_up.add(key)
        self._effect(key, status=EffectStatus.UNKNOWN)

    async def note(self, change_id: str, finding: Finding) -> None:
        del change_id
        self._memory.findings.append(finding)

    async def pass_gate(self, system: System, caller: str) -> Waited | None:
        now = self._memory.now
        gate, wait = admit(self._gate(system), caller, now)
        self._memory.gates[system] = gate
        return Waited(wait.until, wait.until - now, wait.cause) if wait else None

    async def traffic(self, scope: str) -> Traffic:
        del scope
        return Traffic(dict(self._memory.gates), tuple(self._memory.pauses))

    async def report_call(
        self, system: System, caller: str, error: VendorError | None
    ) -> Waited | None:
        now = self._memory.now
        gate = after(self._gate(system), caller, now, error)
        self._memory.gates[system] = gate
        if gate.closed_until is None or gate.closed_until <= now or gate.cause is None:
            return None
        return Waited(gate.closed_until, gate.closed_until - now, gate.cause)

    async def show_waiting(
        self, change_id: str, party: str, what: str, next_action: str, pause: str | None = None
    ) -> None:
        del next_action
        self._memory.waits[change_id, pause or party] = what

    async def show_no_waiting(self, change_id: str, system: System) -> None:
        kind = self._memory.changes[change_id].wish.kind
        for scope in (system, EVERYTHING, change_id, kind):
            self._memory.waits.pop((change_id, scope), None)

    async def save_attempt(self, attempt: Attempt) -> None:
        self._memory.attempts.append(attempt)

    async def save_ticket(self, change_id: str, reference: str, subject: str) -> None:
        self._memory.tickets[reference] = subject
        self._change(change_id, open_ticket=reference)

    async def close_ticket(self, change_id: str, reference: str) -> None:
        del reference
        self._change(change_id, open_ticket=None)

    def _gate(self, system: System) -> Gate:
        return self._memory.gates.get(system) or Gate(system)

    def _change(self, change_id: str, **values: Any) -> None:  # noqa: ANN401 - fields of the record
        change = self._memory.changes[change_id]
        self._memory.changes[change_id] = dataclasses.replace(change, **values)

    def _effect(self, key: str, **values: Any) -> None:  # noqa: ANN401 - fields of the state
        self._memory.effects[key] = dataclasses.replace(self._memory.effects[key], **values)


def _fits(records: MemoryRecords, transaction: MemoryTransaction) -> None:
    """Never called: the type checker proves here that both Protocols are satisfied."""
    _: tuple[Records, RecordTransaction] = (records, transaction)
