"""What stands still, by cause: its clock, whose work it is, what holds it, and its changes."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from domain.contracts_desk import DeadLetterGroupView, DeadLetterView, HoldView
from domain.desk import HoldKind
from domain.service_change import Action
from domain.wording import upper_first
from support_ui.view_models import assignments, lists, pauses, text, words

SOON: Final = timedelta(hours=1)
"""What is due within this is marked before it is late."""

OVERDUE, DUE_SOON, IN_TIME = "Overdue", "Due soon", "In time"
CLOCK: Final[Mapping[str, words.Look]] = {
    OVERDUE: words.Look(OVERDUE, "red", "alarm"),
    DUE_SOON: words.Look(DUE_SOON, "orange", "hourglass_bottom"),
    IN_TIME: words.Look(IN_TIME, "gray", "schedule"),
}
FROM_A_LETTER: Final[Mapping[Action, str]] = {
    Action.RETRY: "Retry this one",
    Action.CORRECT: "Correct it, with the difference shown",
    Action.SKIP: "Skip the step, with evidence",
}
"""What somebody at the desk wants to do to one change; its page has the rest."""

WORK: Final[Mapping[str, Mapping[str, str]]] = {
    "To do": {"put_off": "false"},
    "Mine": {"put_off": "false", "assignee": "{me}"},
    "Unassigned": {"put_off": "false", "unassigned": "true"},
    "Put off": {"put_off": "true"},
    "All": {},
}
"""Parts of the desk by whose work a cause is, as the API is asked for each."""

NOTHING: Final[Mapping[str, tuple[str, str]]] = {
    "To do": (
        "Nothing stands still",
        "A change appears here once it cannot go on by itself and a person has to look.",
    ),
    "Mine": ("Nothing is yours", "Causes you take, or that are handed to you, are here."),
    "Unassigned": ("Everything has somebody", "A cause is here until somebody takes it."),
    "Put off": ("Nothing is put off", "What somebody puts off is here until its time has come."),
    "All": (
        "Nothing stands still",
        "A change appears here once it cannot go on by itself and a person has to look.",
    ),
}


def work_of(part: str, me: str) -> dict[str, str]:
    """The query of a part of the desk for somebody."""
    return {name: value.format(me=me) for name, value in WORK[part].items()}


def clock(due_at: datetime, now: datetime) -> str:
    """Which of the three: late, nearly, or in time."""
    if due_at < now:
        return OVERDUE
    return DUE_SOON if due_at - now <= SOON else IN_TIME


def due(due_at: datetime, now: datetime) -> str:
    """`overdue by 2 h` or `due in 3 h`, in the largest unit."""
    told = text.age(due_at, now)
    if told == "just now":
        return "due now"
    return f"overdue by {told.removesuffix(' ago')}" if due_at < now else f"due {told}"


def due_badge(due_at: datetime, now: datetime) -> str:
    """The same as a badge."""
    look = CLOCK[clock(due_at, now)]
    return words.Look(upper_first(due(due_at, now)), look.colour, look.icon).badge


def cause_row(group: DeadLetterGroupView, trend: Sequence[int], now: datetime) -> lists.Row:
    """One cause with how much stands still for it, and how that came."""
    return {
        "Clock": [clock(group.due_at, now)],
        "Due": due(group.due_at, now),
        "Changes": group.count,
        "Standing": list(trend),
        "Cause": group.cause,
        "State": [words.CAUSE[group.state].label],
        "Whose": assignments.cell(group.assignment, now) or "Nobody yet",
        "Team": upper_first(group.owner),
    }


def cause_standing(group: DeadLetterGroupView, now: datetime) -> str:
    """How much stands still, its clock, whose work it is and since when; for `ui.rich`."""
    late = f", **{group.overdue}** overdue" if group.overdue else ""
    return "  ·  ".join(
        [
            text.hover(due_badge(group.due_at, now), group.due_at),
            words.CAUSE[group.state].badge,
            f"{changes(group.count)} at {words.SYSTEM[group.system]}{late}",
            f"the work of **{text.plain(group.owner)}**",
            f"first error {text.hover(text.age(group.first_seen_at, now), group.first_seen_at)}",
            f"last error {text.hover(text.age(group.last_seen_at, now), group.last_seen_at)}",
            f"fingerprint `{group.fingerprint}`",
        ]
    )


def changes(count: int) -> str:
    """`**3** changes`."""
    return f"**{count:,}** change" + ("" if count == 1 else "s")


def hold(told: HoldView, now: datetime) -> str:
    """What keeps the calls back, since when and until when; for `ui.rich`."""
    if told.kind is HoldKind.PAUSE:
        return pauses.sentence(told.scope, told.by or "", told.since, told.reason, now)
    until = text.hover(text.age(told.until, now), told.until)
    return (
        f":orange-badge[:material/door_front: Gate closed] {text.plain(upper_first(told.reason))}"
        f"; it is called again {until}, by itself."
    )


def closed_gates(groups: Sequence[DeadLetterGroupView]) -> list[HoldView]:
    """The gates that hold any of these causes, each once."""
    found = {
        each.scope: each for group in groups for each in group.holds if each.kind is HoldKind.GATE
    }
    return list(found.values())


def letter_row(letter: DeadLetterView, now: datetime) -> lists.Row:
    """One change that stands still."""
    return {
        "Due": due(letter.due_at, now),
        "Account": letter.account_id,
        "Change": letter.change_id,
        "Stands still": text.duration(now - letter.opened_at),
        "It said": letter.words or letter.reason,
        "Attempts": letter.attempts,
        "Last error": text.age(letter.last_error.at, now),
    }


def cut_short(shown: int, group: DeadLetterGroupView | None) -> str:
    """What to say under a list that does not hold everything."""
    return f"The {shown:,} oldest" + (f" of {group.count:,}" if group else "") + " are shown."
