"""A whole stack for tests and benchmarks: temporary state, free ports, gone afterwards."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from settings import CHECKOUT, Settings
from stack.children import database_url
from stack.ephemeral import temporary_folder
from stack.errors import StackError
from stack.paths import StatePaths
from stack.ports import free_ports, is_free
from stack.secret_files import variable
from stack.supervision import Supervisor
from stack.temporal import EnginePorts


@dataclass(frozen=True, slots=True)
class OwnStack:
    """A running stack: its settings with every secret, its database, its processes."""

    settings: Settings
    database_url: str
    supervisor: Supervisor

    def cpu_seconds(self) -> dict[str, float]:
        """CPU time used so far by each child with all it started, user and system."""
        return {state.name: cpu_seconds_of(state.pid) for state in self.supervisor.states()}


def cpu_seconds_of(pid: int) -> float:
    """CPU time of a process and everything it started, living or ended; 0 if it is gone."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    total = 0.0
    for member in family:
        try:
            total += sum(member.cpu_times()[:4])  # own user and system, ended children's
        except psutil.NoSuchProcess:
            continue
    return total


@contextmanager
def own_stack() -> Iterator[OwnStack]:
    """Started by the command people use, `throughline up --detach`, and stopped by `down`."""
    with temporary_folder() as folder:
        values = _places(folder / "state")
        env = os.environ | {variable(name): value for name, value in values.items()}
        _throughline("up", "--detach", env=env)
        try:
            yield _describe(dict(values))
        finally:
            _throughline("down", env=env)


def _places(state: Path) -> dict[str, str]:
    fields = [name for name in Settings.model_fields if name.endswith("_port")]
    ports = dict(zip(fields, map(str, free_ports(len(fields))), strict=True))
    return ports | {"temporal_internal_port": str(_free_row()), "state_dir": str(state)}


def _free_row() -> int:
    """The first of a row of free ports, below those the system hands out by itself."""
    length = EnginePorts.INTERNAL
    starts = range(20_000, 30_000, length)
    return next(each for each in starts if all(map(is_free, range(each, each + length))))


def _describe(values: dict[str, Any]) -> OwnStack:
    paths = StatePaths(Path(values["state_dir"]))
    settings = Settings(_env_file=(paths.secrets, CHECKOUT / ".env"), **values)
    return OwnStack(settings, database_url(settings), Supervisor(paths))


def _throughline(*words: str, env: dict[str, str]) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "stack", *words],
        cwd=CHECKOUT,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        raise StackError(f"`throughline {' '.join(words)}` failed: {answer.stderr.strip()}")
