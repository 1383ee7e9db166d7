"""What the running stack consists of: children and their probes, as stored in `stack.json`.

Written by the start, read by `status`, `down`, the watcher and each child's output keeper, so
that they agree even when settings have changed since.
"""

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict

from stack.paths import StatePaths, write_private

STOP_SECONDS = 10


class Child(BaseModel):
    """One supervised program."""

    model_config = ConfigDict(frozen=True)

    name: str
    title: str
    stage: int
    """Children of one stage start together, after the stage before is ready."""
    command: tuple[str, ...]
    env: dict[str, str] = {}
    """Added to the launcher's environment without its `THROUGHLINE_*` part."""
    ports: tuple[tuple[str, int], ...] = ()
    """Each port the child listens on, with the setting that moves it."""
    address: str = ""
    """What a person opens or connects to."""
    ready_url: str = ""
    """Answers once the child can do its work; see `stack.probes` for the schemes."""
    alive_url: str = ""
    """Answers while the child itself is well, whatever has become of its neighbours."""
    settle_seconds: int = 5
    """One that ends sooner after a start is started again with growing pauses, then given up."""
    stop_signal: str = "TERM"
    last_signal: str = "KILL"
    """Sent by the kernel if the supervisor is killed."""
    stop_seconds: int = STOP_SECONDS
    user: str | None = None


class StackDescription(BaseModel):
    """All children in starting order. Holds secrets: stored for the owner only."""

    model_config = ConfigDict(frozen=True)

    children: tuple[Child, ...]

    def child(self, name: str) -> Child:
        """The child of that name; KeyError if there is none."""
        return {child.name: child for child in self.children}[name]

    @property
    def stages(self) -> list[list[Child]]:
        """The children grouped by stage, in order."""
        numbers = sorted({child.stage for child in self.children})
        return [[child for child in self.children if child.stage == each] for each in numbers]

    @property
    def ports(self) -> list[tuple[str, int]]:
        """Every port of the stack with the setting that moves it."""
        return [pair for child in self.children for pair in child.ports]

    def save(self, paths: StatePaths) -> None:
        """Stores it for the other commands."""
        write_private(paths.stack_description, self.model_dump_json(indent=2))

    @classmethod
    def load(cls, paths: StatePaths) -> Self:
        """The stored one; FileNotFoundError if nothing was ever started here."""
        return cls.model_validate_json(paths.stack_description.read_text(encoding="utf-8"))


def log_file(paths: StatePaths, child: str) -> Path:
    """Where a child's output goes, as JSON lines."""
    return paths.logs / f"{child}.jsonl"
