"""Runs one child and keeps its output as JSON lines in a file of bounded size.

Starts with every child, so it imports little. Supervised by supervisord, one per child.
"""

import json
import logging
import os
import selectors
import signal
import subprocess
import sys
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import FrameType
from typing import Any

from stack.processes import tethered

FILE_BYTES = 10 * 1024 * 1024
KEPT_FILES = 3
LINE_BYTES = 64 * 1024
"""A longer line is cut into several: nothing may fill the memory by never ending its line."""

POLL_SECONDS = 0.2


class JsonLines:
    """Turns a stream of bytes into JSON lines: lines that are JSON objects pass unchanged."""

    def __init__(self, child: str, file: RotatingFileHandler) -> None:
        self._child = child
        self._file = file
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Takes the next bytes; writes the lines they complete."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        while len(self._rest) > LINE_BYTES:
            lines.append(self._rest[:LINE_BYTES])
            self._rest = self._rest[LINE_BYTES:]
        for line in lines:
            self._write(line)

    def close(self) -> None:
        """Writes what is left, and closes the file."""
        self._write(self._rest)
        self._file.close()

    def _write(self, line: bytes) -> None:
        text = line.decode("utf-8", errors="replace").rstrip()
        if text:
            message = text if is_json_object(text) else wrap(self._child, text, datetime.now(UTC))
            self._file.emit(logging.makeLogRecord({"msg": "%s", "args": (message,)}))


def is_json_object(text: str) -> bool:
    """Whether a line is a JSON object as it stands."""
    if not text.startswith("{"):
        return False
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def wrap(child: str, text: str, at: datetime) -> str:
    """A plain line as a JSON object."""
    entry = {"time": at.isoformat(), "child": child, "message": text}
    return json.dumps(entry, ensure_ascii=False)


def open_log(log: Path) -> RotatingFileHandler:
    """The file of a child; the oldest part is dropped when the newest is full."""
    return RotatingFileHandler(log, maxBytes=FILE_BYTES, backupCount=KEPT_FILES, encoding="utf-8")


def run(spec: dict[str, Any], log: Path) -> int:
    """Runs the child to its end; returns its exit status, 128 + n if signal n ended it.

    SIGTERM and SIGINT are passed on as the child's own stop signal.
    """
    process = subprocess.Popen(
        tethered(spec["command"], last_signal=spec["last_signal"], user=spec["user"]),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | spec["env"],
    )

    def pass_on(_number: int, _frame: FrameType | None) -> None:
        process.send_signal(signal.Signals[f"SIG{spec['stop_signal']}"])

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, pass_on)
    lines = JsonLines(spec["name"], open_log(log))
    copy_until_end(process, lines)
    lines.close()
    return process.returncode if process.returncode >= 0 else 128 - process.returncode


def copy_until_end(process: subprocess.Popen[bytes], lines: JsonLines) -> None:
    """Copies the output until the child has ended and nothing is left to read.

    Grandchildren that keep the pipe open do not prolong it.
    """
    if process.stdout is None:
        raise ValueError("The child was started without a pipe")
    descriptor = process.stdout.fileno()
    os.set_blocking(descriptor, False)
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while True:
            ended = process.poll() is not None
            readable = selector.select(0 if ended else POLL_SECONDS)
            data = os.read(descriptor, LINE_BYTES) if readable else b""
            lines.feed(data)
            if readable and not data:  # every writer has closed it
                process.wait()
                return
            if ended and not readable:
                return


def main(description: Path, name: str, log: Path) -> int:
    """Runs the child `name` of a stored stack description."""
    children = json.loads(description.read_text(encoding="utf-8"))["children"]
    return run(next(child for child in children if child["name"] == name), log)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])))
