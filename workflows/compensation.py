"""What is undone when a change is withdrawn half-way, and in which order."""

from collections.abc import Sequence

from domain.steps import REVERSAL_OF, Step


def reversals(applied: Sequence[Step]) -> list[Step]:
    """The reversing steps, last effect first, so that no system is left ahead of the others."""
    return [REVERSAL_OF[step] for step in reversed(applied) if step in REVERSAL_OF]
