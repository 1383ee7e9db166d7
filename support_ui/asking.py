"""How the API is asked to do something, and how the person is told what became of it.

A form carries one idempotency key until the API has decided, so a double click is harmless. What
was answered is told whatever was clicked meanwhile, and the next page is drawn once it is known.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Final, Literal, TypeVar

import streamlit as st

from support_ui.calls.transport import ApiError
from support_ui.view_models import problems

_HELD: Final = "asking.held"

Answer = TypeVar("Answer")
Tone = Literal["success", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Flash:
    """A sentence to show once, above the next page."""

    tone: Tone
    sentence: str


@dataclass(slots=True)
class _Held:
    """What a session keeps of its requests, in one object that a request holds on to.

    Once somebody has clicked elsewhere, Streamlit ends a run at its next look into the session's
    state. Whoever has just had an answer could not keep it there any more.
    """

    under_way: Lock = field(default_factory=Lock)
    keys: dict[str, str] = field(default_factory=dict)
    flash: Flash | None = None
    shown: Flash | None = None


def _held() -> _Held:
    held: _Held = st.session_state.setdefault(_HELD, _Held())
    return held


def entered(widget: str) -> str:
    """What somebody wrote into a field, without what surrounds it."""
    return str(st.session_state.get(widget) or "").strip()


def ask(
    send: Callable[[], Answer],
    tells: Callable[[Answer], Flash | str | None],
    *,
    form: str = "",
) -> Answer | None:
    """What the API answers, told above the next page; None where it refused or did not answer.

    `tells` gives the sentence, Markdown, in green unless it says otherwise, or None if the page
    itself tells; a refusal is told in the API's words. `form`: whose idempotency key, if it has
    one, has done its work once the API has decided. Neither `send` nor `tells` may look into the
    session's state, and nothing that matters may come after the call: see `_Held`.
    """
    held = _held()
    with held.under_way:
        try:
            answer = send()
        except ApiError as error:
            if error.settled:
                held.keys.pop(form, None)
            held.flash = Flash("error", problems.told_after(error.problem, error.retry_after))
            return None
        held.keys.pop(form, None)
        told = tells(answer)
        held.flash = Flash("success", told) if isinstance(told, str) else told
        return answer


def answered() -> None:
    """Wait until what this session has asked for is answered, or has taken too long.

    A page drawn earlier would show how things were before.
    """
    with _held().under_way:
        pass


def flash(tone: Tone, sentence: str) -> None:
    """Say this above the next page that is shown."""
    _held().flash = Flash(tone, sentence)


def flashed() -> Flash | None:
    """What is to be said now; it is said again until a page was drawn to its end with it."""
    held = _held()
    held.shown = held.flash
    return held.shown


def drawn() -> None:
    """The page was drawn to its end: what was said above it has been said."""
    held = _held()
    if held.flash is held.shown:
        held.flash = None


def keep_flash() -> None:
    """Say what is being said once more: the page is drawn anew, and nobody has asked for that."""
    held = _held()
    held.flash = held.flash or held.shown


def request_key(form: str) -> str:
    """The idempotency key of a shown form: the same until `retire_request_key` is called.

    A double click or a repeated click after a lost answer therefore stays one request.
    """
    return _held().keys.setdefault(form, str(uuid.uuid4()))


def retire_request_key(form: str) -> None:
    """The API has decided: the next click on this form is a new request."""
    _held().keys.pop(form, None)


def forget() -> None:
    """Whoever signs in next is told nothing of it, and has keys of their own."""
    st.session_state.pop(_HELD, None)
