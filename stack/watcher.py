"""Restarts children that run but no longer answer, and revives those supervisord gave up on.

supervisord restarts what dies; what hangs, it cannot see. Supervised like every other child.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from settings import Settings
from stack import probes
from stack.description import StackDescription
from stack.errors import StackError
from stack.paths import StatePaths
from stack.supervision import ChildState, Supervisor

EVERY_SECONDS = 3.0
SILENCE_SECONDS = 45.0
"""So long a child that has answered before may stay silent; an overloaded machine is no reason."""

START_SECONDS = 300.0
"""So long a child may take to its first answer: restarting slow starters only makes them slower."""

GIVEN_UP = frozenset({"FATAL", "EXITED"})


@dataclass
class Memory:
    """What the watcher knows of one run of a child."""

    started_at: int
    has_answered: bool = False
    silent_since: float | None = None


class Watcher:
    """One round of questions at a time, with what it has to remember between them."""

    def __init__(
        self,
        supervisor: Supervisor,
        description: StackDescription,
        *,
        probe: Callable[[str], bool] = probes.answers,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._supervisor = supervisor
        self._urls = {child.name: child.alive_url for child in description.children}
        self._probe = probe
        self._now = now
        self._memories: dict[str, Memory] = {}

    def look(self) -> list[str]:
        """Asks every child once and acts; returns what was done, in sentences."""
        states = self._supervisor.states()
        given_up = [state.name for state in states if state.state in GIVEN_UP]
        for name in given_up:
            self._supervisor.start_child(name)
        hung = self._hung([state for state in states if state.state == "RUNNING"])
        for name in hung:
            self._supervisor.restart_child(name)
        return [
            *(f"{name} had given up and was started again" for name in given_up),
            *(f"{name} ran but did not answer and was restarted" for name in hung),
        ]

    def _hung(self, running: list[ChildState]) -> list[str]:
        """Those that have by now been silent for too long."""
        with ThreadPoolExecutor(len(self._urls)) as threads:
            answers = threads.map(self._probe, [self._urls[state.name] for state in running])
            return [
                state.name
                for state, answered in zip(running, answers, strict=True)
                if self._too_silent(state, answered=answered)
            ]

    def _too_silent(self, state: ChildState, *, answered: bool) -> bool:
        """Notes an answer or its absence, and judges."""
        memory = self._memories.get(state.name)
        if memory is None or memory.started_at != state.started_at:
            memory = self._memories[state.name] = Memory(state.started_at)
        if answered:
            memory.has_answered = True
            memory.silent_since = None
            return False
        if memory.silent_since is None:
            memory.silent_since = self._now()
        patience = SILENCE_SECONDS if memory.has_answered else START_SECONDS
        return self._now() - memory.silent_since >= patience


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
