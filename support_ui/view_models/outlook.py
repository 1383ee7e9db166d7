"""What an action would mean for each step, told before it is taken."""

from domain.contracts_desk import OutlookView, StepOutlookView
from domain.undoing import Reversibility
from support_ui.view_models import text, words


def sentence(outlook: OutlookView) -> str:
    """The outlook in one line, where there is nothing to list or no way back."""
    if outlook.becomes_new_change:
        return "It is too late for this: what is wanted has to be submitted as a new change."
    if not _standing(outlook):
        return "Nothing stands at any system, so nothing has to be undone."
    return ""


def rows(outlook: OutlookView) -> list[dict[str, str]]:
    """Every step that stands or may stand, in order of application; the cells are Markdown."""
    return [
        {
            "Step": f"{text.plain(text.humanise(step.step))} ({words.SYSTEM[step.system]})",
            "Now": _badge(step.state),
            "What happens to it": text.plain(step.sentence),
        }
        for step in _standing(outlook)
    ]


def _standing(outlook: OutlookView) -> list[StepOutlookView]:
    return [step for step in outlook.steps if step.state != Reversibility.NOT_BEGUN]


def _badge(state: str) -> str:
    known = state in set(Reversibility)
    return words.OUTLOOK[Reversibility(state)].badge if known else text.plain(text.humanise(state))
