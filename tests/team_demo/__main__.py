"""`make team-demo`: starts a server, lets two made-up members share the demo's projects, and shows
what each sees of the other; on a terminal, then opens the dashboard of one of them with the scope
"team". Everything is in temporary folders, and gone afterwards."""

import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from ingest.cli.main import run
from ingest.demo.story import shipped
from ingest.demo.writer import DemoWriter
from tests.postgres import ADMIN, OWNER, Server, missing
from tui.ui_state import UiState, save_ui_state

_DATABASE = "team"
_MEMBERS = {"anna": ("parser", "text"), "bert": ("website", "plan")}
"""Each with the project that they share, and its level."""
_SHOWN = (
    ("sessions", "--limit", "10"), ("tasks", "--limit", "10"), ("search", "parser"),
    ("report", "--by", "project"), ("status",),
)  # fmt: skip


def main() -> int:
    if (why := missing()) is not None:
        print(f"{why}.", file=sys.stderr)
        return 1
    server = Server.create()
    try:
        with tempfile.TemporaryDirectory(prefix="tailboard-team-") as folder:
            return _play(server, Path(folder))
    finally:
        server.remove()


def _play(server: Server, folder: Path) -> int:
    server.execute(ADMIN, ADMIN, f"create role {OWNER} login createrole")
    server.execute(ADMIN, ADMIN, f"create database {_DATABASE} owner {OWNER}")
    now = datetime.fromtimestamp(shipped().now_ms / 1000, UTC)
    worst = _show({}, now, "init", server.url(OWNER, _DATABASE))
    for name, (project, level) in _MEMBERS.items():
        server.execute(ADMIN, ADMIN, f"create role {name} login in role tailboard_member")
        home = folder / name
        DemoWriter(shipped(), home, now, UTC).write_past()
        env = _environment(home)
        run(["ingest", "-q"], env, now, UTC)
        url = server.url(name, _DATABASE)
        for words in (
            ["join", url, "--name", name.title(), "--machine", "laptop"],
            ["share", project, "--level", level, "--yes"],
            ["push"],
        ):
            worst = max(worst, _show(env, now, *words))
    for shown in _SHOWN:
        worst = max(worst, _show(env, now, *shown))
    if worst == 0 and sys.stdin.isatty() and sys.stdout.isatty():
        input("\nEnter opens the dashboard with what both share; \\ changes that. ")
        save_ui_state(Path(env["TAILBOARD_DB"]), UiState(team=True))
        worst = int(run([], {**os.environ, **env}, now, UTC))
    return worst


def _environment(home: Path) -> dict[str, str]:
    return {
        "CODEX_HOME": str(home / "codex"),
        "TAILBOARD_DB": str(home / "tailboard.duckdb"),
        "TAILBOARD_CONFIG": str(home / "config.toml"),
    }


def _show(env: dict[str, str], now: datetime, *words: str) -> int:
    print(f"\n$ tailboard team {' '.join(words)}", flush=True)
    return int(run(["team", *words], env, now, UTC))


if __name__ == "__main__":
    sys.exit(main())
