"""Prometheus's own tool, which says whether it would take what is given to it."""

import shutil
import subprocess

from rich.console import Console

from stack.packages import install_debian_package


def promtool() -> str:
    """Where it is; installed where it is not."""
    if shutil.which("promtool") is None:
        install_debian_package("prometheus", "the tests of alert rules", Console())
    found = shutil.which("promtool")
    assert found
    return found


def run(promtool: str, *words: str) -> str:
    """What it says; fails where it refuses."""
    done = subprocess.run(  # noqa: S603 - Prometheus's own tool, on files of ours
        [promtool, *words], capture_output=True, text=True, timeout=60, check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said
