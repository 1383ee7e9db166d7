"""Restarts children that run but no longer answer, and revives those supervisord gave up on.

supervisord restarts what dies; what hangs, it cannot see. Supervised like every other child.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from settings import Settings
from stack import probes
from stack.description import Child, StackDescription
from stack.errors import StackError
from stack.paths import StatePaths
from stack.supervision import ChildState, Supervisor

EVERY_SECONDS = 3.0
TOLERATED_FAILURES = 5
"""Probes in a row: with the interval, a hung child is replaced within about half a minute."""

GRACE_SECONDS = 45
"""A child this young may still be starting; on a busy machine that takes its time."""

GIVEN_UP = frozenset({"FATAL", "EXITED"})


class Watcher:
    """One round of questions at a time, with the count of silences it has to remember."""

    def __init__(
        self,
        supervisor: Supervisor,
        description: StackDescription,
        *,
        probe: Callable[[str], bool] = probes.answers,
        now: Callable[[], float] = time.time,
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        self._supervisor = supervisor
        self._children = {child.name: child for child in description.children}
        self._probe = probe
        self._now = now
        self._grace_seconds = grace_seconds
        self._silences: dict[str, int] = dict.fromkeys(self._children, 0)

    def look(self) -> list[str]:
        """Asks every child once and acts; returns what was done, in sentences."""
        states = self._supervisor.states()
        revived = [state.name for state in states if state.state in GIVEN_UP]
        for name in revived:
            self._supervisor.start_child(name)
        silent = [child.name for child in self._silent(states)]
        for name in silent:
            self._supervisor.restart_child(name)
            self._silences[name] = 0
        return [
            *(f"{name} had given up and was started again" for name in revived),
            *(f"{name} ran but did not answer and was restarted" for name in silent),
        ]

    def _silent(self, states: list[ChildState]) -> list[Child]:
        """Children past their grace that have now been silent once too often."""
        oldest_start = self._now() - self._grace_seconds
        grown = [
            self._children[state.name]
            for state in states
            if state.state == "RUNNING" and state.started_at < oldest_start
        ]
        with ThreadPoolExecutor(len(self._children)) as threads:
            answers = threads.map(self._probe, [child.alive_url for child in grown])
            for child, answered in zip(grown, answers, strict=True):
                self._silences[child.name] = 0 if answered else self._silences[child.name] + 1
        return [child for child in grown if self._silences[child.name] >= TOLERATED_FAILURES]


def main() -> None:
    """Watches until it is stopped."""
    paths = StatePaths(Settings().state_dir)
    watcher = Watcher(Supervisor(paths), StackDescription.load(paths))
    while True:
        try:
            for sentence in watcher.look():
                print(sentence, flush=True)
        except StackError as error:  # the supervisor is ending, or busy: look again
            print(error, flush=True)
        time.sleep(EVERY_SECONDS)


if __name__ == "__main__":
    main()
