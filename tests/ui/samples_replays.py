"""Replays of dead letters in every state, and a trend, as the API would answer them."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, timedelta

from domain.contracts_desk import (
    DeadLetterView,
    ReplayItemView,
    ReplayStageView,
    ReplayView,
    SteeringView,
)
from domain.contracts_trend import CauseTrendView, TrendSeries, TrendView
from domain.replays import (
    STAGES,
    STEERING,
    UNDER_WAY,
    EligibilityRule,
    ItemState,
    ReplayState,
    Steering,
    steering_refusal,
)
from domain.service_change import Role
from domain.trend import USUAL, TrendUnit, starts
from tests.ui.samples import NOW

ENDS = {
    ReplayState.DRY_RUN: ItemState.ELIGIBLE,
    ReplayState.RUNNING: ItemState.WAITING,
    ReplayState.SUSPENDED: ItemState.WAITING,
    ReplayState.STOPPED: ItemState.NOT_REACHED,
    ReplayState.CANCELLED: ItemState.NOT_REACHED,
    ReplayState.DONE: ItemState.SUCCEEDED,
}
"""What became of all but the first in a replay of that state."""


def replay(
    letters: Sequence[DeadLetterView],
    state: ReplayState,
    *,
    name: str = "rpl_sample",
    by: str = "operator",
    role: Role = Role.OPERATOR,
    refused: Sequence[EligibilityRule] = (),
) -> ReplayView:
    """Of these dead letters; the last ones may not be retried, by the rules named."""
    first = {
        ReplayState.DRY_RUN: ItemState.ELIGIBLE,
        ReplayState.STOPPED: ItemState.FAILED,
    }.get(state, ItemState.SUCCEEDED)
    may = len(letters) - len(refused)
    rules = [EligibilityRule.MAY_BE_RETRIED] * may + list(refused)
    items = [
        _item(number, letter, rule, first if number == 1 else ENDS[state])
        for number, (letter, rule) in enumerate(zip(letters, rules, strict=True), start=1)
    ]
    counts = Counter(item.state for item in items)
    over = state not in UNDER_WAY
    return ReplayView(
        id=name,
        state=state,
        sentence=f"{may} of {len(letters)} selected may be retried.",
        selection={"fingerprint": letters[0].fingerprint, "filter": {}},
        actor=by,
        reason="The credential was renewed.",
        correlation_id="corr-1",
        workflow_id=None,
        counts={each: counts[each] for each in ItemState},
        created_at=NOW - timedelta(minutes=3),
        finished_at=NOW if over else None,
        rules=dict(Counter(rules)),
        start_refused=None if may else "Nothing of it may be retried.",
        needs_second_person=False,
        caller=_may(state, role),
        stages=[
            ReplayStageView(
                stage=each.number,
                size=each.size,
                retrying=0,
                succeeded=counts[ItemState.SUCCEEDED] if each.number == 1 else 0,
                failed=counts[ItemState.FAILED] if each.number == 1 else 0,
            )
            for each in STAGES
        ],
        items=items,
        next_cursor=None,
    )


def _item(
    number: int, letter: DeadLetterView, rule: EligibilityRule, state: ItemState
) -> ReplayItemView:
    may = rule is EligibilityRule.MAY_BE_RETRIED
    return ReplayItemView(
        position=number,
        dead_letter=letter.id,
        change_id=letter.change_id,
        system=letter.system,
        eligible=may,
        rule=rule,
        stage=1 if number == 1 and state is not ItemState.ELIGIBLE else None,
        state=state if may else ItemState.NOT_ELIGIBLE,
        detail="" if may else "Version 2 waits for a decision.",
        started_at=None,
        finished_at=None,
    )


def _may(state: ReplayState, role: Role) -> list[SteeringView]:
    found = []
    for action in Steering:
        why = steering_refusal(action, state, role=role, is_own=role is not Role.SUPPORT)
        found.append(
            SteeringView(action=action, allowed=why is None, reason=why.sentence if why else None)
        )
    return found


def steered(found: ReplayView, action: Steering, role: Role) -> ReplayView:
    """What it is once somebody has steered it."""
    becomes = STEERING[action][1]
    over = None if becomes in UNDER_WAY else NOW
    return found.model_copy(
        update={"state": becomes, "finished_at": over, "caller": _may(becomes, role)}
    )


def trend(
    letters: Sequence[DeadLetterView], unit: TrendUnit, zone: str, causes: Sequence[str]
) -> TrendView:
    """Everything came in the stretch under way."""
    count = USUAL[unit]
    return TrendView(
        unit=unit,
        zone=zone,
        starts=starts(unit, count, NOW, UTC),
        overdue=sum(each.overdue for each in letters),
        total=_series(len(letters), count),
        causes=[
            CauseTrendView(
                fingerprint=cause,
                **_series(sum(each.fingerprint == cause for each in letters), count).model_dump(),
            )
            for cause in causes
        ],
    )


def _series(came: int, count: int) -> TrendSeries:
    last = [0] * (count - 1) + [came]
    return TrendSeries(opened=last, closed=[0] * count, standing=last)
