"""Writes the figures into the README, between its two markers.

First the few main figures in everyday words, then all of them in a folded section.
"""

from pathlib import Path
from typing import Final

from tests.bench.figures import Results, limit_of, shown, table

BEGIN = "<!-- bench:start -->"
END = "<!-- bench:end -->"

ASKED: Final = {
    "M: `wc -l` over the same files": "`wc -l` over 200 MB of logs, to compare with",
    "M cold": "reading these 200 MB for the first time",
    "M cold: facts stored, sessions listed": "the same, until all sessions are listed",
    "B cold": "reading 475 MB for the first time",
    "M: database to bytes read": "size of the database, to what was read",
    "10 lines appended to B: until visible": "ten new lines after 475 MB, until they are stored",
    "`tailboard status --json` on M": "`tailboard status`, as a whole process",
    "`tailboard`: first full frame": "`tailboard`, until everything is shown, with 1,000 sessions",
    "13 lines appended: until on the screen": "new lines, until they are on the screen",
    "another screen: until it is drawn": "another screen, 99 times in 100",
    "a key, while a backlog drains": "a key, while 1 GB is read, 99 times in 100",
    "search on M, one word": "a search through 200 MB",
    "search on 10M, one word": "a search through 2 GB",
    "100,000 batches, every tenth failed: retry all that failed": "retrying 10,000 batches at once",
    "memory after live work": "memory of all processes, after minutes of live work",
    "M cold, to `fast-resume --rebuild`": "reading 200 MB, to `fast-resume`, which indexes text",
    "M cold: sessions listed, to `fast-resume --rebuild`": "until all are listed",
    "M cold, to `agentsview sync`": "the same, to `agentsview`, which stores messages and calls",
    "`ingest` and `usage` on M, to `ccusage codex daily`": "tokens of each day, to `ccusage`, "
    "which stores nothing",
    "L cold": "reading 4.2 GB for the first time",
    "search, one word, on L": "a search through 4.2 GB",
    "tasks of a project, on L": "tasks of a project with 445 sessions",
    "search, one word, on ten times L": "a search through 42 GB",
}
"""The main figures by name, with questions in everyday words. The last ones are measured with
`--peers` and `--large`."""


class MissingMarkers(Exception):
    pass


def text(results: Results) -> str:
    by_name = {one.name: one for one in results.figures}
    found = [(words, by_name[name]) for name, words in ASKED.items() if name in by_name]
    rows = [f"| {words} | {shown(one.value, one.unit)} | {limit_of(one)} |" for words, one in found]
    short = "\n".join(["| what | measured | limit |", "|---|---:|---:|", *rows])
    title = "<summary>Every figure, and the machine</summary>"
    return f"{short}\n\n<details>\n{title}\n\n{table(results)}\n</details>"


def write(path: Path, results: Results) -> None:
    """Write the figures between the markers."""
    old = path.read_text(encoding="utf-8")
    before, begin, rest = old.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise MissingMarkers(f"{path.name} has no lines {BEGIN} and {END}")
    path.write_text(f"{before}{BEGIN}\n{text(results)}\n{END}{after}", encoding="utf-8")
