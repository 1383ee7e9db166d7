"""Building the Temporal server, its schema tool and Web UI from the pinned Go modules."""

import fcntl
import hashlib
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Column

from stack.errors import StackError
from stack.go_toolchain import ensure_go, go_environment
from stack.paths import ENGINE_BUILDS, ENGINE_SOURCE

PROGRAMS = {
    "temporal-server": "go.temporal.io/server/cmd/server",
    "temporal-sql-tool": "go.temporal.io/server/cmd/tools/sql",
    "temporal-ui-server": "github.com/temporalio/ui-server/v2/cmd/server",
}
"""Program -> the Go package it is built from. The largest first: the others share its packages."""

# Without the cloud storage client's xDS modules and without symbol tables: a far smaller program.
BUILD_FLAGS = ("-trimpath", "-buildvcs=false", "-tags", "disable_grpc_modules", "-ldflags", "-s -w")

Report = Callable[[str], None]


@dataclass(frozen=True)
class Binaries:
    """Where the built programs are."""

    folder: Path

    @property
    def server(self) -> Path:
        """The Temporal server."""
        return self.folder / "temporal-server"

    @property
    def ui_server(self) -> Path:
        """Temporal Web."""
        return self.folder / "temporal-ui-server"

    def missing(self) -> list[str]:
        """Programs not built yet."""
        return [name for name in PROGRAMS if not (self.folder / name).exists()]


def binaries_for(sums: bytes | None = None, *, builds: Path = ENGINE_BUILDS) -> Binaries:
    """The place of the binaries that belong to these module checksums (`go.sum` by default)."""
    digest = hashlib.sha256(sums or (ENGINE_SOURCE / "go.sum").read_bytes()).hexdigest()
    return Binaries(builds / digest[:16] / "bin")


def ensure_binaries(console: Console | None = None) -> Binaries:
    """The built programs; builds those that are missing, once even if two commands ask at a time.

    Raises:
        StackError: no compiler, no module registry, or the build failed; says which.
    """
    binaries = binaries_for()
    if not binaries.missing():
        return binaries
    with build_lock(ENGINE_BUILDS):
        missing = binaries.missing()  # another command may have built them meanwhile
        if missing:
            build(missing, binaries.folder, console or Console(stderr=True))
    return binaries


@contextmanager
def build_lock(folder: Path) -> Iterator[None]:
    """Held by the one command that builds; the kernel frees it when that command dies."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def build(programs: list[str], folder: Path, console: Console) -> None:
    """Compiles the programs one by one, telling which, how far and how long."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = (
        TextColumn("{task.description}", table_column=Column(no_wrap=True)),
        BarColumn(bar_width=12),
        MofNCompleteColumn(table_column=Column(no_wrap=True)),
        TimeElapsedColumn(table_column=Column(no_wrap=True)),
        TextColumn("[dim]{task.fields[now]}", table_column=Column(no_wrap=True, ratio=1)),
    )
    console.print(
        "Building the Temporal engine from its pinned Go modules, once; about four minutes on two "
        "cores when nothing is cached. Counted are compiled packages.",
        soft_wrap=True,
    )
    with Progress(*columns, console=console, expand=True) as progress:
        go = ensure_go()
        for program in programs:
            task = progress.add_task(program, total=count_packages(go, program), now="")

            def report(line: str, task: TaskID = task) -> None:
                compiled = not line.startswith("go: ")
                progress.update(task, advance=int(compiled), now=line.removeprefix("go: ")[-60:])

            compile_program(go, program, folder, report)
            progress.update(task, total=1, completed=1, now="built")
            if not console.is_terminal:
                console.print(f"  built {program}")


def count_packages(go: Path, program: str) -> int | None:
    """How many packages the program consists of, or None while the modules are not here yet."""
    answer = subprocess.run(
        [go, "list", "-mod=readonly", "-deps", PROGRAMS[program]],
        cwd=ENGINE_SOURCE,
        env=go_environment() | {"GOPROXY": "off"},
        capture_output=True,
        text=True,
        check=False,
    )
    return len(answer.stdout.splitlines()) if answer.returncode == 0 else None


def compile_program(go: Path, program: str, folder: Path, report: Report) -> None:
    """Runs the compiler, reporting each package it compiles and each module it fetches.

    The program appears under its name only when it is whole.
    """
    draft = folder / f".{program}.draft"
    process = subprocess.Popen(
        [go, "build", "-v", "-mod=readonly", *BUILD_FLAGS, "-o", draft, PROGRAMS[program]],
        cwd=ENGINE_SOURCE,
        env=go_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    said: list[str] = []
    with process:
        try:
            for line in process.stderr or ():
                said.append(line.strip())
                report(line.strip())
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        raise StackError(explain_failure(program, said))
    draft.replace(folder / program)


NO_REGISTRY = re.compile(
    r"dial tcp|no such host|connection refused|timeout|TLS|proxyconnect|module lookup disabled"
    r"|unexpected status|\b(?:403|404|410|50\d)\b",
    re.IGNORECASE,
)
NO_SPACE = re.compile(r"no space left", re.IGNORECASE)


def explain_failure(program: str, said: list[str]) -> str:
    """One line from the compiler's words: what could not be had, and what to do about it."""
    last = next((line for line in reversed(said) if line), "the compiler said nothing")
    if any(NO_SPACE.search(line) for line in said):
        return f"{program} could not be built: the disk is full; the build needs about 5 GB."
    blamed = next((line for line in said if NO_REGISTRY.search(line)), None)
    if blamed is not None:
        return (
            f"{program} could not be built: its Go modules could not be had ({blamed[:160]}). "
            "Set GOPROXY to a module proxy this machine can reach, or set "
            "THROUGHLINE_TEMPORAL_ADDRESS to a Temporal server that runs already."
        )
    return f"{program} could not be built: {last[:300]}"
