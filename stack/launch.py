"""Starting the stack in order, holding it, ending it. What belongs to it: see `children`."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.console import Console

from settings import Settings
from stack import children, postgres, probes
from stack.build import ensure_binaries
from stack.description import Child, StackDescription, log_file
from stack.errors import StackError
from stack.output import JsonLines, open_log
from stack.paths import CHECKOUT, StatePaths
from stack.ports import require_free
from stack.secret_files import ensure_credentials, ensure_secrets
from stack.supervision import Supervisor

READY_SECONDS = 300
"""Generous: a child that cannot start is recognised by its end, not by its slowness."""

LOOK_EVERY_SECONDS = 0.25
STEP_SECONDS = 180
GIVEN_UP = "FATAL"


@dataclass(frozen=True)
class RunningStack:
    """A stack that is up."""

    settings: Settings
    description: StackDescription
    supervisor: Supervisor
    process: "subprocess.Popen[bytes]"


class AlreadyRunningError(StackError):
    """The stack of this checkout is up already."""


def supervisor_of_this_checkout() -> Supervisor:
    """The supervisor of the configured state folder, running or not."""
    return Supervisor(StatePaths(Settings().state_dir))


def bring_up(console: Console, *, tied: bool) -> RunningStack:
    """Starts everything in order and returns when all of it is ready.

    `tied` ends the stack with the calling process, however that ends.

    Raises:
        AlreadyRunningError: it is up.
        StackError: something could not start; whatever had started is stopped again.
    """
    settings = ensure_secrets()
    paths = StatePaths(settings.state_dir)
    paths.prepare()
    ensure_credentials(paths)
    supervisor = Supervisor(paths)
    with starting_lock(paths):
        running = supervisor.process()
        if running is not None:
            raise AlreadyRunningError(
                f"Throughline is already running (process {running.pid}); "
                "`./throughline status` shows it, `./throughline down` stops it."
            )
        binaries = None if settings.temporal_address else ensure_binaries(console)
        description = children.describe(settings, binaries)
        require_free(description.ports)
        if not settings.database_url:
            postgres.prepare(children.cluster(settings))
        process = supervisor.launch(description, tied=tied)
        stack = RunningStack(settings, description, supervisor, process)
        try:
            start_stages(stack, console)
        except BaseException:
            console.print("Stopping what had started …")
            supervisor.stop()
            raise
    return stack


@contextmanager
def starting_lock(paths: StatePaths) -> Iterator[None]:
    """Lets one command at a time start the stack; the kernel frees it when that command dies."""
    with paths.lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunningError(
                "Another ./throughline command is starting the stack; "
                "`./throughline status` shows how far it is."
            ) from error
        yield


def start_stages(stack: RunningStack, console: Console) -> None:
    """Starts stage after stage; prepares database and engine as soon as they are there."""
    preparations: dict[int, Callable[[], None]] = {
        children.SERVERS: lambda: prepare_servers(stack, console)
    }
    for stage in stack.description.stages:
        start_stage(stack, stage, console)
        preparations.get(stage[0].stage, lambda: None)()


def start_stage(stack: RunningStack, stage: list[Child], console: Console) -> None:
    """Starts children together and waits until each is ready.

    Raises:
        StackError: one was not in time or keeps ending; names its log.
    """
    begun = time.monotonic()
    for child in stage:
        stack.supervisor.start_child(child.name)
    waiting = list(stage)
    while waiting:
        names = ", ".join(child.title for child in waiting)
        with console.status(f"Starting {names}"):
            ready = await_some(stack, waiting, begun)
        for child in ready:
            took = time.monotonic() - begun
            console.print(f"[green]✓[/] {child.title:<19}{child.address:<24}[dim]{took:5.1f} s[/]")
        waiting = [child for child in waiting if child not in ready]


def await_some(stack: RunningStack, waiting: list[Child], begun: float) -> list[Child]:
    """Those of the waiting children that have got ready, at least one."""
    while True:
        states = {state.name: state for state in stack.supervisor.states()}
        ready = [
            child
            for child in waiting
            if states[child.name].runs and probes.answers(child.ready_url)
        ]
        if ready:
            return ready
        for child in waiting:
            log = log_file(StatePaths(stack.settings.state_dir), child.name)
            if states[child.name].state == GIVEN_UP:
                raise StackError(f"{child.title} ends as soon as it starts: {last_words(log)}")
            if time.monotonic() - begun > READY_SECONDS:
                raise StackError(f"{child.title} did not get ready: {last_words(log)}")
        time.sleep(LOOK_EVERY_SECONDS)


def last_words(log: os.PathLike[str]) -> str:
    """The end of a log in a form for one line, and where the rest is."""
    try:
        with open(log, encoding="utf-8") as file:  # noqa: PTH123 - takes any path-like
            line = file.readlines()[-1].strip()
    except (OSError, IndexError):
        return f"it said nothing; see {log}"
    try:
        entry = json.loads(line)
        said = str(entry.get("message") or entry.get("msg") or line)
    except ValueError:
        said = line
    return f"{said[:200]} (see {log})"


def prepare_servers(stack: RunningStack, console: Console) -> None:
    """Migrates the database, hands it the API keys, makes the engine's namespace ready."""
    settings = stack.settings
    env = children.application_env(settings)
    keys = json.dumps(ensure_credentials(StatePaths(settings.state_dir)))
    target, namespace = settings.temporal_target, settings.temporal_namespace
    steps = (
        ("Migrations", ("worker.migrate",), ""),
        ("API keys", ("worker.api_keys",), keys),
        ("Temporal namespace", ("stack.namespace", target, namespace), ""),
    )
    for title, words, given in steps:
        begun = time.monotonic()
        with console.status(title):
            run_step(stack, title, words, given, env)
        console.print(f"[green]✓[/] {title:<43}[dim]{time.monotonic() - begun:5.1f} s[/]")


def run_step(
    stack: RunningStack, title: str, words: tuple[str, ...], given: str, env: Mapping[str, str]
) -> None:
    """Runs one preparing program to its end; its output goes to a log like a child's.

    Raises:
        StackError: it failed or took too long; says its last line.
    """
    log = log_file(StatePaths(stack.settings.state_dir), "preparation")
    try:
        answer = subprocess.run(
            [sys.executable, "-m", *words],
            cwd=CHECKOUT,
            env=os.environ | env,
            input=given.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=STEP_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise StackError(f"{title}: not done within {STEP_SECONDS} seconds; see {log}") from error
    lines = JsonLines("preparation", open_log(log))
    lines.feed(f"{title} at {datetime.now(UTC).isoformat()}\n".encode() + answer.stdout)
    lines.close()
    if answer.returncode != 0:
        raise StackError(f"{title} failed: {last_words(log)}")


@contextmanager
def interruptible() -> Iterator[None]:
    """Makes the end of a terminal or a polite kill behave like Ctrl-C inside the block.

    SIGINT is set too: a shell without job control starts background commands with it ignored.
    """
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, signal.default_int_handler) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def hold(stack: RunningStack) -> None:
    """Waits until the stack is stopped from elsewhere; KeyboardInterrupt passes through.

    Raises:
        StackError: the supervisor was killed, and everything with it.
    """
    status = stack.process.wait()
    if status != 0:
        raise StackError(
            f"The process supervisor ended unexpectedly (status {status}) and everything with it; "
            "nothing accepted is lost. Run ./throughline up again."
        )


def bring_down(stack: RunningStack, console: Console) -> None:
    """Stops the stack; a further Ctrl-C meanwhile is ignored, so that nothing is left behind."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, signal.SIG_IGN) for number in numbers]
    begun = time.monotonic()
    with console.status("Stopping, newest first"):
        stack.supervisor.stop()
        stack.process.wait()
    console.print(f"Stopped in {time.monotonic() - begun:.1f} s.")
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)
