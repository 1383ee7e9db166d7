"""Retrying by cause: what it would do, how far it is, and what became of each."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from domain.contracts_desk import ReplayItemView, ReplayStageView, ReplaySummaryView, ReplayView
from domain.replays import EligibilityRule, ItemState, ReplayState, Steering
from support_ui.view_models import lists, text, words

DRY_RUN_REASON: Final = "Looked at before retrying by cause."
_STAGES: Final = {1: "the first one", 2: "the next ten", 3: "the rest"}
_ENDED: Final = (
    ItemState.SUCCEEDED,
    ItemState.FAILED,
    ItemState.PASSED_OVER,
    ItemState.NOT_REACHED,
)
_RESULT: Final = (*_ENDED[:3], ItemState.RETRYING, ItemState.WAITING, ItemState.NOT_REACHED)
_IS_WHAT: Final = {
    ItemState.SUCCEEDED: "succeeded",
    ItemState.FAILED: "failed",
    ItemState.PASSED_OVER: "passed over",
    ItemState.RETRYING: "being retried",
    ItemState.WAITING: "waiting",
    ItemState.NOT_REACHED: "not reached",
}

STEERING: Final[dict[Steering, tuple[str, str, str]]] = {
    Steering.SUSPEND: ("Suspend", "pause", "Suspended"),
    Steering.RESUME: ("Resume", "play_arrow", "Resumed"),
    Steering.CANCEL: ("Cancel the rest", "cancel", "Cancelled"),
}
"""The button of each, its icon, and what is told afterwards."""


def eligible(replay: ReplaySummaryView) -> int:
    """How many a dry run says may be retried."""
    return replay.counts[ItemState.ELIGIBLE]


def would_do(replay: ReplayView) -> str:
    """What starting it would do; Markdown."""
    count = eligible(replay)
    if not count:
        return "**None of them may be retried now.**"
    each = "change" if count == 1 else "changes"
    order = "" if count == 1 else ": one first, then ten, then the rest"
    two = (
        "Each retry waits for a second person."
        if replay.needs_second_person
        else "No second person is needed."
    )
    return f"**{count:,} {each} would be retried{order}.** {two}"


def start_label(replay: ReplayView) -> str:
    """What the button that starts it says."""
    count = eligible(replay)
    return f"Retry {count:,} change" + ("" if count == 1 else "s")


def rule_rows(replay: ReplayView) -> list[dict[str, str]]:
    """By which rule how many may be retried, or may not."""
    return [
        {
            "": words.REPLAY_ITEM[_side(rule)].badge,
            "Changes": f"{replay.rules[rule]:,}",
            "By the rule": f"{words.ELIGIBILITY[rule]} (`{rule}`)",
        }
        for rule in EligibilityRule
        if rule in replay.rules
    ]


def _side(rule: EligibilityRule) -> ItemState:
    may = rule is EligibilityRule.MAY_BE_RETRIED
    return ItemState.ELIGIBLE if may else ItemState.NOT_ELIGIBLE


def standing(replay: ReplayView, now: datetime) -> str:
    """State, who, why and when; for `ui.rich`."""
    since = text.hover(text.age(replay.created_at, now), replay.created_at)
    ended = (
        f", ended {text.hover(text.age(replay.finished_at, now), replay.finished_at)}"
        if replay.finished_at
        else ""
    )
    return (
        f"{words.REPLAY[replay.state].badge} started by **{text.plain(replay.actor)}** "
        f"{since}{ended}: “{text.plain(replay.reason)}”"
    )


def share_done(replay: ReplaySummaryView) -> float:
    """How much of what was to be retried has an end, between 0 and 1."""
    ended = sum(replay.counts[state] for state in _ENDED)
    all_of_it = ended + replay.counts[ItemState.WAITING] + replay.counts[ItemState.RETRYING]
    return ended / all_of_it if all_of_it else 1.0


def result(replay: ReplaySummaryView) -> str:
    """`38 succeeded, 2 failed`; what nothing is in is left out."""
    told = [
        f"{replay.counts[state]:,} {_IS_WHAT[state]}" for state in _RESULT if replay.counts[state]
    ]
    return ", ".join(told) or "nothing to retry"


def stage_rows(replay: ReplayView) -> list[dict[str, str]]:
    """How each stage of the canary went; a stage that has nothing to do is left out."""
    return [
        {
            "Stage": f"Stage {stage.stage}: {_STAGES[stage.stage]}",
            "Being retried": f"{stage.retrying:,}",
            "Succeeded": f"{stage.succeeded:,}",
            "Failed": f"{stage.failed:,}",
            "Standing": _stage(stage, replay),
        }
        for stage in replay.stages
        if _begun(stage) or _may_begin(stage, replay)
    ]


def _begun(stage: ReplayStageView) -> int:
    return stage.retrying + stage.succeeded + stage.failed


def _may_begin(stage: ReplayStageView, replay: ReplayView) -> bool:
    """Whether there is something left for it, after what the stages before it take."""
    before = sum(
        (each.size or 0) - _begun(each) for each in replay.stages if each.stage < stage.stage
    )
    return replay.counts[ItemState.WAITING] > max(0, before)


def _stage(stage: ReplayStageView, replay: ReplayView) -> str:
    if not _begun(stage):
        return words.REPLAY_ITEM[ItemState.WAITING].badge
    if stage.failed:
        return words.REPLAY_ITEM[ItemState.FAILED].badge
    if stage.retrying or (stage.size is None and replay.counts[ItemState.WAITING]):
        return words.REPLAY[ReplayState.RUNNING].badge
    return words.REPLAY_ITEM[ItemState.SUCCEEDED].badge


def item_row(item: ReplayItemView, now: datetime) -> lists.Row:
    """One change of a replay and what became of it."""
    return {
        "Open": item.change_id,
        "Became": [words.REPLAY_ITEM[item.state].label],
        "Stage": str(item.stage) if item.stage else "",
        "Told": item.detail,
        "Ended": text.age(item.finished_at, now) if item.finished_at else "",
    }


def in_order(items: Iterable[ReplayItemView]) -> list[ReplayItemView]:
    """What needs somebody to look first; else in the order of their turn."""
    order = list(words.REPLAY_ITEM)
    return sorted(items, key=lambda item: (order.index(item.state), item.position))


def states(replay: ReplaySummaryView) -> list[ItemState]:
    """The states its items are in, those that need somebody first."""
    return [state for state in words.REPLAY_ITEM if replay.counts[state]]


def counted(state: ItemState, replay: ReplaySummaryView) -> str:
    """A state with how many are in it."""
    return f"{words.REPLAY_ITEM[state].label} ({replay.counts[state]:,})"


def past_row(replay: ReplaySummaryView, now: datetime) -> lists.Row:
    """One replay of a cause as a row."""
    return {
        "Open": replay.id,
        "When": text.age(replay.created_at, now),
        "Who": replay.actor,
        "Why": replay.reason,
        "State": [words.REPLAY[replay.state].label],
        "Result": result(replay),
    }


def cut_short(shown: Sequence[object], replay: ReplayView) -> str:
    """What to say under a list of items that does not hold everything; empty if it does."""
    if replay.next_cursor is None:
        return ""
    return f"The first {len(shown):,} are shown. Choose a state above to see those in it."
