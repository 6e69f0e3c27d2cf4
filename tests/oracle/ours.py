"""The same facts as Tailboard stores them, read from the views of a temporary database."""

import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from tests.oracle.facts import Facts, below, text_key, title_key

TURNS = """
select t.session, t.state from v_turns t join v_sources s on s.id = t.source
order by t.session, parse_filename(s.path), t.byte
"""
CALLS = "select session, call_id, command, kind, status, exit_code, tool, output_head from v_calls"
FILES = "select session, path, change from v_files where status = 'completed'"


def ingest(homes: Sequence[Path], database: Path) -> None:
    command = [sys.executable, "-m", "ingest", "--db", str(database), "ingest", "-q"]
    for home in homes:
        command += ["--codex-home", str(home)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def facts(database: Path) -> dict[str, Facts]:
    """The facts of every session."""
    found: dict[str, Facts] = defaultdict(lambda: defaultdict(Counter))
    with duckdb.connect(str(database), read_only=True) as connection:

        def rows(query: str) -> list[tuple[Any, ...]]:
            return connection.execute(query).fetchall()

        folders = {}
        for session, cwd, tokens, title in rows("select id, cwd, total, title from v_sessions"):
            folders[session] = cwd or ""
            found[session]["tokens"][tokens] += 1
            found[session]["title"][title_key(title or "")] += 1
        numbers: Counter[str] = Counter()
        for session, state in rows(TURNS):
            found[session]["turns"][numbers[session], state] += 1
            numbers[session] += 1
        for session, text in rows("select session, text from v_messages where role = 'user'"):
            found[session]["prompts"][text_key(text)] += 1
        for session, call, command, kind, status, code, tool, reply in rows(CALLS):
            if kind == "command":
                key = call or text_key(command or "")
                found[session]["commands"][key] += 1
                found[session]["exit codes"][key, code] += 1
            if kind in ("command", "patch") and code is None and tool != "exec":
                stopped = status == "aborted" and (reply or "").startswith("aborted")
                found[session]["refused"][call] += stopped or status in ("failed", "declined")
        for session, path, change in rows(FILES):
            found[session]["files"][below(path, folders[session]), change] += 1
    return found
