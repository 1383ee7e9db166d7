"""Where the launcher keeps things below `.throughline/`, in one table. No I/O but `prepare`."""

import os
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
ENGINE_SOURCE = CHECKOUT / "stack" / "engine"

TOOLS = CHECKOUT / ".throughline" / "tools"
"""Programs fetched for this checkout, whatever the state folder: uv, a Go toolchain."""

ENGINE_BUILDS = CHECKOUT / ".throughline" / "engine"
"""One folder of built binaries per `go.sum`; shared by every state folder of this checkout."""


@dataclass(frozen=True)
class StatePaths:
    """The layout below one state directory. Everything the stack writes is in here."""

    root: Path

    @property
    def logs(self) -> Path:
        """One file of JSON lines per child."""
        return self.root / "logs"

    @property
    def postgres(self) -> Path:
        """The embedded database server."""
        return self.root / "postgres"

    @property
    def temporal(self) -> Path:
        """The embedded engine's configuration and its SQLite file."""
        return self.root / "temporal"

    @property
    def vendors(self) -> Path:
        """One folder per sandbox vendor."""
        return self.root / "vendors"

    @property
    def secrets(self) -> Path:
        """Generated secrets, `NAME=value`, readable by the owner only."""
        return self.root / "secrets.env"

    @property
    def credentials(self) -> Path:
        """One API key per role, readable by the owner only."""
        return self.root / "credentials.json"

    @property
    def supervisor_config(self) -> Path:
        """Generated on every start; holds the children's environment, so owner only."""
        return self.root / "supervisord.conf"

    @property
    def supervisor_pid(self) -> Path:
        """Process id of the running supervisor."""
        return self.root / "supervisord.pid"

    @property
    def stack_description(self) -> Path:
        """What the running stack consists of, for `status`, `down` and the watcher."""
        return self.root / "stack.json"

    @property
    def lock(self) -> Path:
        """Held while one command starts or stops the stack."""
        return self.root / "stack.lock"

    def prepare(self) -> None:
        """Makes the folders; safe to repeat.

        Others may pass through the root, as the database server's own user must, but not list it.
        """
        for folder, mode in ((self.root, 0o711), (self.logs, 0o700)):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(mode)


def write_private(path: Path, text: str) -> None:
    """Writes a file only its owner can read, in one step: readers see the old or the new text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
