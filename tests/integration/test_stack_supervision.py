"""The supervisor with small children of its own: restarts, revivals, and an end without remains."""

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from stack.description import Child, StackDescription, log_file
from stack.ephemeral import temporary_folder
from stack.paths import StatePaths
from stack.ports import LOOPBACK, free_ports
from stack.probes import answers
from stack.processes import has_ended, running, tethered
from stack.supervision import ChildState, Supervisor
from stack.watcher import SILENCE_SECONDS, Watcher

DEADLINE_SECONDS = 60

STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("will not go", flush=True)
time.sleep(600)
"""


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "not within the deadline"
        time.sleep(0.05)


def small(
    name: str, script: str, *, env: dict[str, str] | None = None, stop_seconds: int = 10
) -> Child:
    """A child that is a few lines of Python."""
    return Child(
        name=name,
        title=name,
        stage=0,
        command=(sys.executable, "-c", script),
        env=env or {},
        settle_seconds=1,
        stop_seconds=stop_seconds,
    )


def sleeper(name: str, words: str = "") -> Child:
    script = f"import time; print({words!r}, flush=True); time.sleep(600)"
    return small(name, script)


def web(name: str, port: int) -> Child:
    url = f"http://{LOOPBACK}:{port}/"
    command = (sys.executable, "-m", "http.server", str(port), "--bind", LOOPBACK)
    return Child(
        name=name,
        title=name,
        stage=0,
        settle_seconds=1,
        command=command,
        alive_url=url,
        ready_url=url,
        stop_seconds=1,
    )


STARTED: "list[subprocess.Popen[bytes]]" = []


@pytest.fixture
def paths() -> Iterator[StatePaths]:
    with temporary_folder() as folder:
        places = StatePaths(folder / "state")
        places.prepare()
        yield places
        Supervisor(places).stop()
        while STARTED:
            STARTED.pop().wait()


def said(paths: StatePaths, name: str) -> str:
    """What a child has printed so far."""
    log = log_file(paths, name)
    return log.read_text() if log.exists() else ""


def launch(paths: StatePaths, *children: Child) -> Supervisor:
    supervisor = launch_nothing(paths, *children)
    for child in children:
        supervisor.start_child(child.name)
    until(lambda: all(state.state == "RUNNING" for state in supervisor.states()))
    return supervisor


def launch_nothing(paths: StatePaths, *children: Child) -> Supervisor:
    supervisor = Supervisor(paths)
    STARTED.append(supervisor.launch(StackDescription(children=children), tied=True))
    return supervisor


def state_of(supervisor: Supervisor, name: str) -> ChildState:
    return next(state for state in supervisor.states() if state.name == name)


def family(supervisor: Supervisor) -> list[psutil.Process]:
    process = supervisor.process()
    assert process is not None
    return [process, *process.children(recursive=True)]


def programs_of(supervisor: Supervisor, name: str) -> list[psutil.Process]:
    """The supervised program itself, below its output keeper; none while it is being replaced."""
    keeper = state_of(supervisor, name).pid
    if not keeper:
        return []
    try:
        return [each for each in psutil.Process(keeper).children() if not has_ended(each)]
    except psutil.NoSuchProcess:
        return []


def program_of(supervisor: Supervisor, name: str) -> psutil.Process:
    until(lambda: bool(programs_of(supervisor, name)))
    return programs_of(supervisor, name)[0]


def running_of(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [process for process in processes if not has_ended(process)]


def test_a_killed_child_runs_again_as_a_new_process(paths: StatePaths) -> None:
    supervisor = launch(paths, sleeper("quiet"))
    before = program_of(supervisor, "quiet")

    before.kill()

    until(lambda: has_ended(before) and bool(programs_of(supervisor, "quiet")))
    assert program_of(supervisor, "quiet").pid != before.pid


def test_a_killed_output_keeper_takes_its_child_along_and_both_run_again(
    paths: StatePaths,
) -> None:
    supervisor = launch(paths, sleeper("quiet"))
    keeper = state_of(supervisor, "quiet").pid
    program = program_of(supervisor, "quiet")

    os.kill(keeper, signal.SIGKILL)

    until(lambda: has_ended(program))
    until(lambda: state_of(supervisor, "quiet").pid not in {0, keeper})
    assert program_of(supervisor, "quiet").is_running()


def test_what_a_child_prints_is_in_its_own_file_as_json_lines(paths: StatePaths) -> None:
    launch(paths, sleeper("plain", "hello there"), sleeper("json", '{"level": "INFO"}'))

    until(lambda: all(said(paths, name) for name in ("plain", "json")))
    plain = json.loads(said(paths, "plain"))
    assert (plain["child"], plain["message"]) == ("plain", "hello there")
    assert json.loads(said(paths, "json")) == {"level": "INFO"}


def test_stopping_leaves_nothing_even_of_a_child_that_will_not_go(paths: StatePaths) -> None:
    stubborn = small("stubborn", STUBBORN, stop_seconds=1)
    supervisor = launch(paths, sleeper("quiet"), stubborn)
    until(lambda: "will not go" in said(paths, "stubborn"))
    members = family(supervisor)

    supervisor.stop()

    assert running_of(members) == []
    assert supervisor.process() is None


def test_stopping_what_does_not_run_is_fine(paths: StatePaths) -> None:
    Supervisor(paths).stop()

    assert Supervisor(paths).process() is None


def test_nothing_survives_a_supervisor_that_is_killed(paths: StatePaths) -> None:
    supervisor = launch(paths, sleeper("one"), sleeper("two"))
    program_of(supervisor, "one")
    program_of(supervisor, "two")
    members = family(supervisor)

    members[0].kill()

    until(lambda: running_of(members) == [])


def test_a_tied_stack_ends_with_the_command_that_started_it(paths: StatePaths) -> None:
    script = (
        "import time\n"
        "from stack.description import Child, StackDescription\n"
        "from stack.paths import StatePaths\n"
        "from stack.supervision import Supervisor\n"
        "from pathlib import Path\n"
        "child = Child(name='quiet', title='quiet', stage=0, "
        "command=('sleep', '600'), settle_seconds=1)\n"
        f"supervisor = Supervisor(StatePaths(Path({str(paths.root)!r})))\n"
        "supervisor.launch(StackDescription(children=(child,)), tied=True)\n"
        "supervisor.start_child('quiet')\n"
        "time.sleep(600)\n"
    )
    supervisor = Supervisor(paths)
    with running(tethered([sys.executable, "-c", script]), log=paths.root / "log") as command:
        until(supervisor.answers)
        until(lambda: state_of(supervisor, "quiet").state == "RUNNING")
        members = family(supervisor)

        command.kill()

        until(lambda: running_of(members) == [])


def test_the_supervisor_socket_and_files_with_secrets_are_the_owners_alone(
    paths: StatePaths,
) -> None:
    launch(paths, sleeper("quiet"))

    private = ["supervisor.sock", "supervisord.conf", "stack.json"]
    assert [(paths.root / name).stat().st_mode & 0o777 for name in private] == [0o600] * 3


def test_our_variables_reach_only_the_children_that_are_given_them(
    paths: StatePaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THROUGHLINE_BILLING_API_KEY", "not for everyone")
    script = "import os, time; print(sorted(k for k in os.environ if k.startswith('THROUGH')), flush=True); time.sleep(600)"  # noqa: E501 - one program
    given = {"THROUGHLINE_API_URL": "http://127.0.0.1"}
    launch(
        paths,
        small("bare", script),
        small("given", script, env=given),
    )

    until(lambda: all(said(paths, name) for name in ("bare", "given")))
    seen = {name: json.loads(said(paths, name))["message"] for name in ("bare", "given")}
    assert seen == {"bare": "[]", "given": "['THROUGHLINE_API_URL']"}


def test_the_watcher_replaces_a_child_that_runs_but_does_not_answer(paths: StatePaths) -> None:
    child = web("web", free_ports(1)[0])
    supervisor = launch(paths, child)
    until(lambda: answers(child.alive_url))
    frozen = program_of(supervisor, "web")
    seconds = itertools.count(step=SILENCE_SECONDS)  # every look at the clock is that much later
    watcher = Watcher(supervisor, StackDescription(children=(child,)), now=lambda: next(seconds))
    assert watcher.look() == []

    frozen.suspend()
    done = watcher.look()

    assert done == ["web ran but did not answer and was restarted"]
    assert has_ended(frozen)
    until(lambda: answers(child.alive_url))


def test_the_watcher_revives_a_child_the_supervisor_gave_up_on(paths: StatePaths) -> None:
    wanted = paths.root / "wanted"
    script = (
        f"import pathlib, sys, time; pathlib.Path({str(wanted)!r}).exists() or sys.exit(3); "
        "time.sleep(600)"
    )
    child = small("late", script)
    supervisor = launch_nothing(paths, child)
    supervisor.start_child("late")
    until(lambda: state_of(supervisor, "late").state == "FATAL")

    wanted.touch()
    done = Watcher(supervisor, StackDescription(children=(child,))).look()

    assert done == ["late had given up and was started again"]
    until(lambda: state_of(supervisor, "late").state == "RUNNING")


def test_a_state_folder_too_deep_for_a_socket_still_works() -> None:
    with temporary_folder() as folder:
        deep = StatePaths(folder / ("d" * 60) / ("e" * 60) / "state")
        deep.prepare()
        supervisor = launch(deep, sleeper("quiet"))

        assert state_of(supervisor, "quiet").state == "RUNNING"
        supervisor.stop()
        STARTED.pop().wait()
        assert not list(Path(folder).rglob("*.sock"))


def test_a_tethered_program_dies_with_the_process_that_started_it() -> None:
    with temporary_folder() as folder:
        inner = tethered(["sleep", "600"], parent=folder / "parent.pid")
        script = (
            "import os, pathlib, subprocess, sys, time\n"
            f"pathlib.Path({str(folder / 'parent.pid')!r}).write_text(str(os.getpid()))\n"
            f"child = subprocess.Popen({inner!r})\n"
            f"pathlib.Path({str(folder / 'child.pid')!r}).write_text(str(child.pid))\n"
            "time.sleep(600)\n"
        )
        with running([sys.executable, "-c", script], log=folder / "log") as parent:
            until((folder / "child.pid").exists)
            until(lambda: (folder / "child.pid").read_text().isdigit())
            child = psutil.Process(int((folder / "child.pid").read_text()))
            until(lambda: child.name() == "sleep")
            parent.kill()
            until(lambda: has_ended(child))
