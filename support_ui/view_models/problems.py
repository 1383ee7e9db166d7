"""What the API refused or could not do, as one paragraph a person can act on."""

from http import HTTPStatus

from domain.contracts import Problem
from support_ui.view_models import text


def told(problem: Problem, retry_after: str | None = None) -> str:
    """Markdown: what it is, what exactly, each field at fault, and what to do next."""
    sentences = [f"**{text.plain(problem.title)}.**"]
    if problem.detail.rstrip(".") != problem.title:
        sentences.append(text.plain(problem.detail))
    sentences += [
        f"{text.plain(text.humanise(error['field']))}: {text.plain(error['message'])}."
        for error in problem.errors
    ]
    if problem.next_action:
        sentences.append(text.plain(problem.next_action))
    if retry_after:
        sentences.append(f"Try again in {text.plain(retry_after)} s.")
    return " ".join(sentences)


def told_after(problem: Problem, retry_after: str | None = None) -> str:
    """The same for a decision that was refused; the page below it has been read anew since."""
    stale = problem.status == HTTPStatus.CONFLICT
    return told(problem, retry_after) + (
        " **This page was read again just now; it shows how things stand.**" if stale else ""
    )
