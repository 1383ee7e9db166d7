"""Running the tests and the benchmarks: sets up what they need, then hands over to them."""

import os
import shutil
import subprocess
import sys

from rich.console import Console

from stack.build import ensure_binaries
from stack.errors import StackError
from stack.packages import install_debian_package
from stack.paths import CHECKOUT

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
"""Programs the browser pass can drive, in order of preference."""


def run_tests(kinds: list[str], console: Console, *, long: bool = False) -> int:
    """Runs tests/, or the named folders of it; returns pytest's exit status.

    `long` runs those marked so, and no other.

    Raises:
        StackError: no such kind of tests, or something they need could not be had.
    """
    known = sorted(each.parent.name for each in (CHECKOUT / "tests").glob("*/__init__.py"))
    unknown = [kind for kind in kinds if kind not in known]
    if unknown:
        raise StackError(f"There are no tests called {unknown[0]}; there are: {', '.join(known)}.")
    ensure_binaries(console)
    if not kinds or "ui" in kinds or "e2e" in kinds:
        ensure_browser(console)
    if not kinds or "faults" in kinds:
        ensure_faketime(console)
    folders = [f"tests/{kind}" for kind in kinds] or ["tests"]
    return run_python("pytest", *folders, *(["-m", "long"] if long else []))


def run_benchmarks(words: list[str]) -> int:
    """Runs the benchmarks that names and options ask for; returns their exit status."""
    if not (CHECKOUT / "benchmarks" / "__main__.py").exists():
        raise StackError("benchmarks/ is not in this checkout yet; this command needs it.")
    return run_python("benchmarks", *words)


def ensure_browser(console: Console) -> None:
    """Finds Chromium, or installs Debian's when that is possible.

    Raises:
        StackError: there is none and none could be had.
    """
    if not any(shutil.which(name) for name in BROWSERS):
        install_debian_package("chromium", "the browser tests", console)


def ensure_faketime(console: Console) -> None:
    """Finds the library that skews a process's clock, or installs Debian's.

    Raises:
        StackError: there is none and none could be had.
    """
    if shutil.which("faketime") is None:
        install_debian_package("faketime", "the tests of clocks that are wrong", console)


def run_python(*words: str) -> int:
    """Runs a module of this environment in the checkout; what it prints is seen as it comes."""
    completed = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=CHECKOUT,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        check=False,
    )
    return completed.returncode
