"""Replaces itself by a program that cannot outlive its parent; optionally as another user.

Run as a script with `python -I -S`, so that it costs milliseconds: standard library only.
"""

import ctypes
import os
import pwd
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1  # linux/prctl.h; see prctl(2)


def main(parent: str, last_signal: str, user: str, program: list[str]) -> None:
    """Becomes `program`, to which the kernel sends `last_signal` when the parent dies.

    Args:
        parent: the parent's process id, or a file that holds it.
        last_signal: a signal's name, such as `KILL`.
        user: a system user to run as, or `-` for the present one.
        program: the command line.
    """
    parent_pid = int(parent if parent.isdigit() else Path(parent).read_text(encoding="ascii"))
    if user != "-":
        entry = pwd.getpwnam(user)
        os.setgroups([])
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
        os.environ["HOME"] = "/"
    # After the change of user, which clears it.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.Signals[f"SIG{last_signal}"])
    if os.getppid() == parent_pid:  # else the parent died before the kernel was told
        os.execvp(program[0], program)  # noqa: S606 - becoming another program is the purpose


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])
