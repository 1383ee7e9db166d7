"""Starting programs that end with their starter, and ending them. No knowledge of which ones."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from stack.errors import StackError

TETHER = Path(__file__).resolve().parent / "tether.py"
POLL_SECONDS = 0.05


def tethered(
    program: Sequence[str | Path],
    *,
    parent: int | Path | None = None,
    last_signal: str = "KILL",
    user: str | None = None,
) -> list[str]:
    """The command line that runs `program` so that it dies with its parent.

    `parent` is the process that will start it (this one by default) or a file with its id;
    `last_signal` is what the kernel sends on the parent's death; `user` runs it as someone else.
    """
    starter = [sys.executable, "-I", "-S", TETHER, parent or os.getpid(), last_signal, user or "-"]
    return [str(word) for word in (*starter, *program)]


@contextmanager
def running(
    command: Sequence[str],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    stop_seconds: float = 10,
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a tethered command for the length of a `with` block; its output goes to `log`.

    On leaving it gets SIGINT (a prompt, clean end for a database as for a server), then SIGKILL.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=env
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(stop_seconds)
        process.kill()
        process.wait()


def wait_until(
    ready: Callable[[], bool],
    *,
    seconds: float,
    what: str,
    log: Path,
    process: subprocess.Popen[bytes] | None = None,
) -> None:
    """Polls `ready` until it holds.

    Raises:
        StackError: it did not within `seconds`, or the process ended first; names the log.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        if process is not None and process.poll() is not None:
            raise StackError(
                f"{what} ended with status {process.returncode} before it was ready; see {log}"
            )
        if time.monotonic() > deadline:
            raise StackError(f"{what} was not ready within {seconds:.0f} seconds; see {log}")
        time.sleep(POLL_SECONDS)


def ended(processes: Iterable[psutil.Process], *, seconds: float) -> bool:
    """Waits until all have ended; False if one has not within `seconds`."""
    deadline = time.monotonic() + seconds
    return all(_ends_before(process, deadline) for process in processes)


def _ends_before(process: psutil.Process, deadline: float) -> bool:
    while not has_ended(process):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def has_ended(process: psutil.Process) -> bool:
    """Whether the process is gone, or a zombie that no parent may ever collect."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
