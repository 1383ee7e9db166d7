"""The steps the engine has under way, as sentences."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from domain.contracts_live_steps import LiveState, LiveStepView
from support_ui.view_models import text, words


def backing_off(steps: Iterable[LiveStepView]) -> list[LiveStepView]:
    """Those that failed and wait for their next try, the soonest first."""
    waiting = [step for step in steps if step.state is LiveState.BACKING_OFF]
    return sorted(waiting, key=lambda step: (step.next_attempt_at is None, step.next_attempt_at))


def title(step: LiveStepView) -> str:
    """Which step at which system; Markdown."""
    return f"**{text.plain(text.humanise(step.step))}** at {words.SYSTEM[step.system]}"


def standing(step: LiveStepView, now: datetime) -> str:
    """Tries so far and left, and when the next one is; for `ui.rich`."""
    failed = step.attempt - 1
    tried = f"{failed} {'try' if failed == 1 else 'tries'} failed"
    when = text.hover(text.age(step.next_attempt_at, now), step.next_attempt_at)
    return f"{tried}; next try {when}; {_limit(step, now)}"


def _limit(step: LiveStepView, now: datetime) -> str:
    if step.attempts_left is not None:
        last = "this is the last one" if step.attempts_left == 0 else None
        return last or f"{step.attempts_left} more after that"
    if step.tried_until is None:
        return "tried until it succeeds"
    until = text.hover(text.moment(step.tried_until, now), step.tried_until)
    return f"tried until {until}, then a person is asked"


def interval(step: LiveStepView) -> str:
    """How long it waits between tries; empty if the engine does not say."""
    if not step.interval_seconds:
        return ""
    waits = text.duration(timedelta(seconds=step.interval_seconds))
    longest = (
        f", growing to {text.duration(timedelta(seconds=step.longest_interval_seconds))}"
        if step.longest_interval_seconds
        else ""
    )
    return f"Waits {waits} between tries{longest}."
