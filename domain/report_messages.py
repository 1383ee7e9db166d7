"""What crosses the engine for the morning report: a day.

As in `messages.py`, a model may gain fields with defaults; none may lose or rename one.
"""

from datetime import date
from typing import Final

from domain.messages import Message


class ReportName:
    """The engine's names, written out."""

    WORKFLOW: Final = "MorningReportWorkflow"
    SCHEDULE: Final = "morning-report"


class ReportDay(Message):
    """The day a report is of."""

    day: date
