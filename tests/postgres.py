"""A real PostgreSQL server in a folder of its own, on a free port, as an unprivileged user.

On its socket everybody is let in as whom they say they are; over TCP only with a password.
"""

import contextlib
import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

ADMIN = "postgres"
OWNER = "owner"
"""The role that sets the store up; no superuser, as in a real team."""
_USER, _GROUP = "nobody", "nogroup"
_PATIENCE = "120"
"""Seconds."""
_CONFIGURED = (
    "fsync=off", "full_page_writes=off", "shared_buffers=32MB", "max_connections=80",
    "listen_addresses=127.0.0.1", "logging_collector=off", "autovacuum=off",
)  # fmt: skip


def programs() -> Path | None:
    """The folder of PostgreSQL's programs, if it is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: one.parts)
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


def missing() -> str | None:
    """Why there can be no server here; None if there can."""
    return None if programs() else "PostgreSQL is not installed (postgresql-15)"


class Server:
    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port

    @classmethod
    def create(cls, copy_of: "Server | None" = None) -> "Server":
        """A new server, started. With `copy_of`: as empty as that one was, without the time it
        takes to create one."""
        folder = Path(tempfile.mkdtemp(prefix="tailboard-pg-"))
        server = cls(folder, free_port())
        if os.geteuid() == 0:
            shutil.chown(folder, _USER, _GROUP)
        if copy_of is None:
            server._run("initdb", "--no-sync", "--auth=trust", f"--username={ADMIN}",
                        "--encoding=UTF8", "--locale=C", "--pgdata", str(server.data))  # fmt: skip
            hba = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
            (server.data / "pg_hba.conf").write_text(hba)
            server._run("cp", "-a", str(server.data), str(server.folder / "empty"))
        else:
            # Only who owns the files can copy them.
            shutil.copytree(copy_of.folder / "empty", server.data, copy_function=shutil.copyfile)
            if os.geteuid() == 0:
                for path in (server.data, *server.data.rglob("*")):
                    shutil.chown(path, _USER, _GROUP)
            server.data.chmod(0o700)
        server.start()
        return server

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def start(self) -> None:
        options = " ".join(f"-c {each}" for each in _CONFIGURED)
        where = f"-p {self.port} -c unix_socket_directories={self.folder}"
        self._run("pg_ctl", "start", "-w", "-t", _PATIENCE, "-D", str(self.data),
                  "-l", str(self.folder / "log"), "-o", f"{where} {options}")  # fmt: skip

    def kill(self) -> None:
        """As a power loss of the server's machine: all its processes end at once."""
        self._stop("immediate")

    def stop(self) -> None:
        self._stop("fast")

    def _stop(self, mode: str) -> None:
        self._run("pg_ctl", "stop", "-w", "-t", _PATIENCE, "-m", mode, "-D", str(self.data))

    def remove(self) -> None:
        with contextlib.suppress(RuntimeError):  # It was stopped already.
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    # ── using it ──────────────────────────────────────────────────────────────────────────────────

    def url(self, user: str, database: str = ADMIN) -> str:
        return f"postgresql://{user}@/{database}?host={self.folder}&port={self.port}"

    def tcp_url(self, user: str, database: str, password: str | None = None) -> str:
        secret = f":{password}" if password else ""
        return f"postgresql://{user}{secret}@127.0.0.1:{self.port}/{database}"

    def connect(self, user: str, database: str = ADMIN) -> "psycopg.Connection[Any]":
        return psycopg.connect(self.url(user, database), autocommit=True)

    def execute(self, user: str, database: str, sql: str, values: object = None) -> list[Any]:
        with self.connect(user, database) as con:
            done = con.execute(sql, values)  # type: ignore[call-overload]
            return done.fetchall() if done.description else []

    def dump(self, database: str) -> str:
        """All that the server has of a database."""
        return self._run(
            "pg_dump", "-h", str(self.folder), "-p", str(self.port), "-U", ADMIN, database
        )

    def restore(self, dump: str, database: str) -> None:
        self._run("psql", "-h", str(self.folder), "-p", str(self.port), "-U", ADMIN, "-q",
                  "-v", "ON_ERROR_STOP=1", "-d", database, given=dump)  # fmt: skip

    def _command(self, name: str) -> str:
        found = programs()
        assert found is not None
        return str(found / name) if (found / name).exists() else name

    def as_nobody(self) -> dict[str, Any]:
        """How to start a program that must not run as root."""
        if os.geteuid() != 0:
            return {}
        return {"user": _USER, "group": _GROUP, "extra_groups": []}

    def _run(self, name: str, *arguments: str, given: str = "") -> str:
        done = subprocess.run(
            [self._command(name), *arguments], cwd=self.folder, capture_output=True, check=False,
            input=given.encode(),
            **self.as_nobody(),
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{name}: {done.stderr.decode(errors='replace')}")
        return done.stdout.decode()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextlib.contextmanager
def shared_server(meeting_place: Path) -> Iterator[Server]:
    """One server for all processes that meet in this folder; the last one ends it."""
    place, users = meeting_place / "postgres", meeting_place / "postgres.users"
    with _locked(meeting_place):
        if place.exists():
            folder, port = place.read_text().split("\n")
            server = Server(Path(folder), int(port))
        else:
            server = Server.create()
            place.write_text(f"{server.folder}\n{server.port}")
        users.write_text(str(_count(users) + 1))
    try:
        yield server
    finally:
        with _locked(meeting_place):
            users.write_text(str(_count(users) - 1))
            if _count(users) == 0:
                server.remove()
                place.unlink()


def _count(file: Path) -> int:
    return int(file.read_text()) if file.exists() else 0


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / "postgres.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
