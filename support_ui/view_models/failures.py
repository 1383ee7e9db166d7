"""Why a change does not go on: cause, owner, next action, and the first and the last error."""

from dataclasses import dataclass
from datetime import datetime

from domain.contracts_failures import ErrorView, FailureView
from domain.wording import upper_first
from support_ui.view_models import text


@dataclass(frozen=True, slots=True)
class Fact:
    """One labelled fact; `lines` are Markdown."""

    label: str
    icon: str
    lines: tuple[str, ...]


def headline(failure: FailureView) -> str:
    """The cause, our sentence and what the vendor said last, as Markdown."""
    reason = "" if failure.drift else failure.reason  # its id, which a link stands for
    lines = [f"**{text.plain(failure.cause)}.** {text.plain(reason)}".strip()]
    if failure.words:
        lines.append(f"It said: {_quoted(failure.words, failure.http_status)}")
    return "\n\n".join(lines)


def facts(failure: FailureView, now: datetime) -> tuple[Fact, ...]:
    """Whose work it is, what to do, and the errors at both ends of the story."""
    attempts = f"{failure.attempts} attempt" + ("" if failure.attempts == 1 else "s")
    goes_on = "" if failure.dead_letter else "It is tried again by itself."
    return (
        Fact("What to do", "arrow_forward", (text.plain(failure.next_action),)),
        Fact("Whose work it is", "group", (text.plain(upper_first(failure.owner)),)),
        Fact("Tried", "refresh", (attempts, goes_on)),
        *_errors(failure, now),
        Fact("Fingerprint of the cause", "fingerprint", (f"`{failure.fingerprint}`",)),
    )


def _errors(failure: FailureView, now: datetime) -> tuple[Fact, ...]:
    """Both ends, or the one error there was; what it said last stands in the headline."""
    first, last = failure.first_error, failure.last_error
    if first == last:
        return (Fact("First and last error", "error", _error(last, now)),)
    said = first.words or first.reason
    differs = said != (last.words or last.reason)
    first_lines = _error(first, now) + ((_quoted(said, first.http_status),) if differs else ())
    return (
        Fact("First error", "first_page", first_lines),
        Fact("Last error", "last_page", _error(last, now)),
    )


def _error(error: ErrorView, now: datetime) -> tuple[str, ...]:
    code = text.plain(text.humanise(error.code))
    return (f"{code}, {text.age(error.at, now)}", f":gray[{text.moment(error.at, now)}]")


def _quoted(said: str, http_status: int | None) -> str:
    status = f", HTTP {http_status}" if http_status else ""
    return f"“{text.plain(said)}”{status}"
