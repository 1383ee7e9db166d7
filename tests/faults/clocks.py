"""A process of the stack whose clock is wrong, in place of the one that runs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from stack.children import application_env, python
from stack.errors import StackError
from stack.ports import LOOPBACK
from stack.probes import answers
from stack.processes import running, tethered, wait_until
from tests.support.live import WAITS, LiveStack

MODULES: Final = {"worker": "worker.main", "relay": "worker.relay"}
_READY_SECONDS: Final = 60
_STOP_SECONDS: Final = 30


def library() -> Path:
    """Debian's libfaketime, in the form for programs with threads."""
    found = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
    if found is None:
        raise StackError("libfaketime is missing; `./throughline test faults` installs it")
    return found


@contextmanager
def skewed(stack: LiveStack, child: str, seconds: int, log: Path) -> Iterator[None]:
    """The child runs with a clock that is so many seconds off, while the block lasts."""
    inherited = {name: v for name, v in os.environ.items() if not name.startswith("THROUGHLINE_")}
    ports = {f"THROUGHLINE_{name.upper()}_PORT": str(port) for name, port in stack.ports.items()}
    env = inherited | application_env(stack.settings) | ports | WAITS
    env |= {
        "LD_PRELOAD": str(library()),
        "FAKETIME": f"{seconds:+d}s",
        # Only what a wall clock says is wrong; timers run as ever.
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    health = f"http://{LOOPBACK}:{stack.ports[f'{child}_metrics']}/health"
    stack.stop(child)
    try:
        command = tethered(python(MODULES[child]))
        with running(command, log=log, env=env, stop_seconds=_STOP_SECONDS) as process:
            wait_until(
                lambda: answers(health),
                seconds=_READY_SECONDS,
                what=f"The {child} with a wrong clock",
                log=log,
                process=process,
            )
            yield
    finally:
        stack.start(child)
