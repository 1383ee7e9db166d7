"""Debian packages the checks and the browser tests need, installed when we may."""

import os
import shutil
import subprocess

from rich.console import Console

from stack.errors import StackError

APT_SECONDS = 900


def install_debian_package(package: str, purpose: str, console: Console) -> None:
    """Installs a package by apt, silently but for one line.

    Raises:
        StackError: not root, no apt, or no package registry; says what to do.
    """
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise StackError(
            f"{package} is missing, which {purpose} need; install it with this machine's package "
            f"manager (on Debian: apt-get install {package})."
        )
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    with console.status(f"Installing {package} for {purpose}"):
        for words in (
            ["apt-get", "update", "--quiet"],
            ["apt-get", "install", "--quiet", "--yes", "--no-install-recommends", package],
        ):
            answer = subprocess.run(
                words,
                env=env,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=APT_SECONDS,
                check=False,
            )
    if answer.returncode != 0:
        said = answer.stderr.strip().splitlines() or ["apt said nothing"]
        raise StackError(
            f"{package} could not be had ({said[-1][:160]}), which {purpose} need; "
            f"install it by hand, or point apt at a reachable package registry."
        )
    console.print(f"Installed {package} for {purpose}.")
