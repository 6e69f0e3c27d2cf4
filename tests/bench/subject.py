"""The measured program, started as a user starts it, in a clean environment.

If a version lacks a command, a driver replaces it, and every figure says so.
"""

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from tests.bench.process import Ended, run
from tests.bench.served import Listed, until_listed

_ROOT = Path(__file__).parents[2]
_LIST = """
import os, sys
before = set(sys.modules)
out = os.open({out!r}, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
try:
    {call}
finally:
    names = [name for name in sys.modules if name not in before and not name.startswith("tests")]
    os.write(out, " ".join(names).encode())
"""
_CLI = (
    "from datetime import UTC, datetime; from ingest.cli.main import run;"
    " run({args!r}, os.environ, datetime.now(UTC))"
)
_DRIVER = "from tests.bench.drive import main; main({args!r})"


def emptied(folder: Path) -> Path:
    """A folder of the benchmark, emptied."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    return folder


class Subject:
    """`scratch` replaces the user's home folder: none of their settings and data are used."""

    def __init__(self, scratch: Path) -> None:
        self.env = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(scratch),
            "LANG": os.environ.get("LANG", "C.UTF-8"),
            "PYTHONPATH": str(_ROOT),
            "NO_COLOR": "1",
        }
        self.program = [str(Path(sys.executable).with_name("tailboard"))]
        self.missing: list[str] = []
        self.has_program = Path(self.program[0]).exists()
        if not self.has_program:
            self.missing.append("the console script `tailboard`")
        self.has_ingest = self._knows("ingest")
        self.has_status = self._knows("status")

    def _knows(self, command: str) -> bool:
        known = self.has_program and not self._code([*self.program, command, "--help"])
        if not known:
            self.missing.append(f"the command `{command}`")
        return known

    def _code(self, argv: list[str]) -> int:
        import subprocess

        quiet = subprocess.DEVNULL
        return subprocess.run(
            argv, env=self.env, stdout=quiet, stderr=quiet, check=False
        ).returncode

    @property
    def ingest_name(self) -> str:
        return "tailboard ingest --json" if self.has_ingest else "driver (no command `ingest` yet)"

    def ingest(self, home: Path, db: Path, *, watch: bool = False) -> tuple[Ended, dict[str, Any]]:
        """One pass over a home, as a process; returns what it reported."""
        ended = run(self._ingest(home, db), self.env, watch=watch)
        return ended, json.loads(ended.out)

    def until_listed(self, home: Path, db: Path) -> Listed:
        return until_listed(self.program, self.env, home, db)

    def _ingest(self, home: Path, db: Path) -> list[str]:
        where = ["--codex-home", str(home), "--db", str(db)]
        if self.has_ingest:
            return [*self.program, "ingest", "--json", *where]
        return [sys.executable, "-m", "tests.bench.drive", *where]

    def verify(self, home: Path, db: Path) -> Ended:
        where = ["--codex-home", str(home), "--db", str(db)]
        return run([*self.program, "verify", "--deep", "--json", *where], self.env)

    def status(self, home: Path, db: Path) -> Ended:
        where = ["--codex-home", str(home), "--db", str(db)]
        return run([*self.program, "status", "--json", *where], self.env)

    def help(self) -> Ended:
        return run([*self.program, "--help"], self.env)

    def modules(self, home: Path, db: Path, scratch: Path) -> list[str]:
        """All modules that a pass over a home imports."""
        where = ["--codex-home", str(home), "--db", str(db)]
        args = ["ingest", "--json", *where] if self.has_ingest else where
        call = (_CLI if self.has_ingest else _DRIVER).format(args=args)
        out = scratch / "modules"
        run([sys.executable, "-c", _LIST.format(out=str(out), call=call)], self.env)
        return out.read_text().split()

    def imports(self, modules: list[str]) -> Ended:
        """A process that imports these and ends: a lower bound for any pass."""
        return run([sys.executable, "-c", "import " + ", ".join(modules)], self.env)

    def helper(self, module: str, *arguments: str) -> Any:
        """The output of another module of this benchmark. It runs as a process, so that this one
        stays small."""
        ended = run([sys.executable, "-m", f"tests.bench.{module}", *arguments], self.env)
        return json.loads(ended.out)
