"""supervisord: its configuration, starting it, talking to it. Which children: see `children`."""

import configparser
import hashlib
import io
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
import xmlrpc.client
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import psutil
from supervisor.xmlrpc import SupervisorTransport

from stack.description import Child, StackDescription, log_file
from stack.errors import StackError
from stack.paths import CHECKOUT, StatePaths, write_private
from stack.processes import POLL_SECONDS, ended, tethered, wait_until

SOCKET_PATH_LIMIT = 100  # sun_path holds 108 bytes; supervisord binds a longer name first
START_SECONDS = 20
MARGIN_SECONDS = 5
"""What an end by force, and supervisord's own end, may take."""


def socket_path(paths: StatePaths) -> Path:
    """The supervisor's socket: in the state folder, or under a short name when that is too deep."""
    usual = paths.root / "supervisor.sock"
    if len(str(usual)) <= SOCKET_PATH_LIMIT:
        return usual
    digest = hashlib.sha256(str(paths.root).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"throughline-{digest}.sock"


def render_config(description: StackDescription, paths: StatePaths) -> str:
    """The configuration of supervisord. Nothing starts by itself: the launcher keeps the order."""
    config = configparser.RawConfigParser()
    config["unix_http_server"] = {"file": literal(str(socket_path(paths))), "chmod": "0600"}
    config["supervisord"] = {
        "logfile": literal(str(paths.logs / "supervisord.log")),
        "logfile_maxbytes": "5MB",
        "logfile_backups": "1",
        "pidfile": literal(str(paths.supervisor_pid)),
        "nodaemon": "true",
        "silent": "true",
    }
    if os.geteuid() == 0:
        config["supervisord"]["user"] = "root"  # said aloud, or supervisord warns
    config["rpcinterface:supervisor"] = {
        "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
    }
    for place, child in enumerate(description.children):
        config[f"program:{child.name}"] = program_section(child, place, paths)
    text = io.StringIO()
    config.write(text)
    return text.getvalue()


def program_section(child: Child, place: int, paths: StatePaths) -> dict[str, str]:
    """One child's section. It is started through its output keeper, see `stack.output`."""
    arguments = (str(paths.stack_description), child.name, str(log_file(paths, child.name)))
    keeper = [sys.executable, "-m", "stack.output", *arguments]
    command = tethered(keeper, parent=paths.supervisor_pid)
    return {
        "command": literal(shlex.join(command)),
        "directory": literal(str(CHECKOUT)),
        "priority": str(place),
        "autostart": "false",
        "autorestart": "true",
        "startsecs": str(child.settle_seconds),
        "startretries": "2",
        "stopsignal": "TERM",
        "stopwaitsecs": str(child.stop_seconds),
        "killasgroup": "true",
        "redirect_stderr": "true",
        "stdout_logfile": literal(str(paths.logs / "output-keepers.log")),
        "stdout_logfile_maxbytes": "0",
    }


def literal(text: str) -> str:
    """A value in which supervisord expands nothing."""
    return text.replace("%", "%%")


@dataclass(frozen=True)
class ChildState:
    """What supervisord says of a child. `pid` is that of its output keeper, 0 when not running."""

    name: str
    state: str
    pid: int
    started_at: int
    """Seconds since the epoch."""

    @property
    def runs(self) -> bool:
        """Whether the child is up, if only for a moment yet."""
        return self.state in {"STARTING", "RUNNING"}


class Supervisor:
    """The running supervisord of one state folder."""

    def __init__(self, paths: StatePaths) -> None:
        self._paths = paths

    def process(self) -> psutil.Process | None:
        """Its process, or None if it does not run. A recycled process id is not mistaken for it."""
        try:
            pid = int(self._paths.supervisor_pid.read_text(encoding="ascii"))
            process = psutil.Process(pid)
            runs = process.status() != psutil.STATUS_ZOMBIE
            ours = str(self._paths.supervisor_config) in process.cmdline()
        except (OSError, ValueError, psutil.Error):
            return None
        return process if runs and ours else None

    def launch(self, description: StackDescription, *, tied: bool) -> subprocess.Popen[bytes]:
        """Starts supervisord with no child running yet.

        `tied` ends it, in order, if the calling process is killed.
        """
        description.save(self._paths)
        self._paths.supervisor_pid.unlink(missing_ok=True)
        config = self._paths.supervisor_config
        write_private(config, render_config(description, self._paths))
        command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(config)]
        said = self._paths.logs / "supervisord.out"
        # Ours reach the children that need them through the description, and no one else.
        env = {k: v for k, v in os.environ.items() if not k.startswith("THROUGHLINE_")}
        with said.open("wb") as output:
            process = subprocess.Popen(
                tethered(command, last_signal="TERM") if tied else command,
                cwd=CHECKOUT,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # the terminal's Ctrl-C is the launcher's to handle
            )
        wait_until(
            self.answers,
            seconds=START_SECONDS,
            what="The process supervisor",
            log=said,
            process=process,
        )
        return process

    def answers(self) -> bool:
        """Whether it runs and takes commands."""
        if self.process() is None:
            return False
        try:
            self._call("getState")
        except StackError:
            return False
        return True

    def states(self) -> list[ChildState]:
        """The state of every child, in starting order."""
        rows = cast("list[dict[str, Any]]", self._call("getAllProcessInfo"))
        return [ChildState(row["name"], row["statename"], row["pid"], row["start"]) for row in rows]

    def start_child(self, name: str) -> None:
        """Starts a child without waiting for it; one that runs already is left alone."""
        self._call("startProcess", name, False, accept=("ALREADY_STARTED",))

    def restart_child(self, name: str) -> None:
        """Stops a child, by force if it does not obey, and starts it again."""
        self._call("stopProcess", name, True, accept=("NOT_RUNNING",))
        self.start_child(name)

    def stop(self) -> None:
        """Ends every child, the last stage first, and the supervisor itself.

        Whatever does not obey in time is killed. Safe to repeat.
        """
        process = self.process()
        if process is None:
            return
        family = [process, *process.children(recursive=True)]
        try:
            for stage in reversed(StackDescription.load(self._paths).stages):
                self._stop_stage(stage)
            self._call("shutdown")
        except StackError:
            process.terminate()  # it does not take commands; it ends its children all the same
        if not ended(family, seconds=MARGIN_SECONDS):
            for member in family:
                with suppress(psutil.NoSuchProcess):
                    member.kill()
            ended(family, seconds=MARGIN_SECONDS)

    def _stop_stage(self, stage: list[Child]) -> None:
        """Stops children together; supervisord kills those that outstay their own time limit."""
        for child in stage:
            self._call("stopProcess", child.name, False, accept=("NOT_RUNNING",))
        names = {child.name for child in stage}
        deadline = time.monotonic() + max(child.stop_seconds for child in stage) + MARGIN_SECONDS
        while any(state.pid for state in self.states() if state.name in names):
            if time.monotonic() > deadline:
                return
            time.sleep(POLL_SECONDS)

    def _call(self, method: str, *arguments: object, accept: tuple[str, ...] = ()) -> object:
        """One call over the socket; faults named in `accept` count as done.

        Raises:
            StackError: the supervisor does not answer or refuses.
        """
        transport = SupervisorTransport(None, None, f"unix://{socket_path(self._paths)}")
        proxy = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)
        try:
            return getattr(proxy.supervisor, method)(*arguments)
        except xmlrpc.client.Fault as fault:
            if fault.faultString.split(":")[0] in accept:
                return None
            raise StackError(f"The supervisor refused {method}: {fault.faultString}") from fault
        except (OSError, xmlrpc.client.Error, json.JSONDecodeError) as error:
            raise StackError(f"The supervisor does not answer: {error}") from error
        finally:
            transport.close()
