"""What stands still, by cause: rows of the list."""

from datetime import datetime

from domain.contracts_desk import DeadLetterGroupView, DeadLetterView
from support_ui.view_models import lists, text, words


def cause_row(group: DeadLetterGroupView, now: datetime) -> lists.Row:
    """One cause with how much stands still for it."""
    return {
        "Changes": group.count,
        "Oldest": text.age(group.first_seen_at, now),
        "Cause": group.cause,
        "Whose work": text.sentence(group.owner),
        "System": words.SYSTEM[group.system],
        "What to do": group.next_action,
    }


def cause_standing(group: DeadLetterGroupView, now: datetime) -> str:
    """How much stands still, whose work it is and since when; Markdown."""
    changes = f"**{group.count}** change" + ("" if group.count == 1 else "s")
    return "  ·  ".join(
        [
            f"{changes} at {words.SYSTEM[group.system]}",
            f"the work of **{text.plain(group.owner)}**",
            f"first error {text.age(group.first_seen_at, now)}",
            f"last error {text.age(group.last_seen_at, now)}",
            f"fingerprint `{group.fingerprint}`",
        ]
    )


def letter_row(letter: DeadLetterView, now: datetime) -> lists.Row:
    """One change that stands still."""
    return {
        "Open": letter.change_id,
        "Account": letter.account_id,
        "Stands still": text.duration(now - letter.opened_at),
        "It said": letter.words or letter.reason,
        "Attempts": letter.attempts,
        "First error": text.age(letter.first_error.at, now),
        "Last error": text.age(letter.last_error.at, now),
    }


def cut_short(shown: int, group: DeadLetterGroupView | None) -> str:
    """What to say under a list that does not hold everything."""
    return f"The {shown:,} oldest" + (f" of {group.count:,}" if group else "") + " are shown."
