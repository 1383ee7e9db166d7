"""Places where a process may be made to die on purpose, so that tests can prove nothing is lost.

Off unless a folder is named: without one, nothing is wrapped and no code of this module runs.
Which places there are stands here; the wrappers live where things are wired.
"""

import os
import signal
import time
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Final

HIT: Final = "hit"


class CrashPoint(StrEnum):
    """Moments between which the outcome of a crash differs."""

    BEFORE_CALL = "before_call"
    """The intent is on record, the vendor has not been asked."""
    AFTER_CALL_BEFORE_RECORD = "after_call_before_record"
    """The vendor has done it, our record does not know."""
    AFTER_RECORD_BEFORE_ACKNOWLEDGEMENT = "after_record_before_acknowledgement"
    """The effect is on record, the engine does not know."""
    API_AFTER_COMMIT_BEFORE_ANSWER = "api_after_commit_before_answer"
    """The request is on record, the caller does not know."""
    RELAY_AFTER_START_BEFORE_COMMIT = "relay_after_start_before_commit"
    """The engine has the workflow, the outbox does not know."""


class CrashPoints:
    """The armed points of one folder, shared by all processes that were given it.

    A file named like the point arms it for one hit. The process that reaches it renames the file
    to `hit.<point>.<pid>.<n>`, which only one can, and ends itself as `kill -9` would.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def reach(self, point: CrashPoint) -> None:
        """Die here if the point is armed; else nothing."""
        hit = self._folder / f"{HIT}.{point}.{os.getpid()}.{time.time_ns()}"
        try:
            (self._folder / point).rename(hit)
        except FileNotFoundError:
            return
        os.kill(os.getpid(), signal.SIGKILL)

    def arm(self, point: CrashPoint) -> None:
        """Have the next process that reaches the point die there. Arming twice is arming once."""
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / point).touch()

    def disarm(self) -> None:
        """Let everybody live who has not been hit."""
        for point in CrashPoint:
            with suppress(FileNotFoundError):
                (self._folder / point).unlink()

    def hits(self, point: CrashPoint) -> list[int]:
        """When the point was hit (nanoseconds since the epoch), in order."""
        return sorted(
            int(file.name.split(".")[3]) for file in self._folder.glob(f"{HIT}.{point}.*")
        )
