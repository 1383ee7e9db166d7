"""What the API refused or could not do, as one paragraph a person can act on."""

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
