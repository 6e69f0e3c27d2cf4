"""Why the pictures of Insights look as they do: the sessions and turns that weigh most in them.
Pure.
"""

from collections.abc import Callable, Iterator, Sequence

from textual.content import Content

from ingest.db.query_reader import QueryReader, Row
from ingest.report.period import Period
from ingest.sessions.session import title_of
from ingest.text.sanitize import truncate
from ingest.text.units import duration, tokens
from tui import content
from tui.query_runner import Question
from tui.screens.why import SHOWN

_FIGURE = 11
"""Columns for what a row weighs, or how it ended."""

_TITLE = 48


def behind_the_pictures(period: Period) -> Question[list[Content]]:
    values = {"since": period.since, "until": period.until, "limit": SHOWN}

    def ask(reading: QueryReader) -> list[Content]:
        spenders, longest, badly = reading.run_consistent(
            [(f"insights.{name}", values) for name in ("spenders", "longest", "ended_badly")]
        )
        return [
            *_part("Tokens: who spent most", spenders, lambda row: tokens(row["total"])),
            *_part("Length: the longest turns", longest, lambda row: duration(row["seconds"])),
            *_part("Ends: the last that did not end well", badly, lambda row: row["state"]),
        ]

    return ask


def _part(name: str, rows: Sequence[Row], figure: Callable[[Row], str]) -> Iterator[Content]:
    if not rows:
        return
    yield content.line(name, "bold")
    for row in rows:
        turn = f"turn {row['n']}" if "n" in row else None
        told = figure(row)
        yield Content(" " * max(0, _FIGURE - len(told))) + content.row(
            content.line(told),
            content.line(row["session"][:8], "dim"),
            content.line(truncate(title_of(row["title"]) or "(no prompt)", _TITLE)),
            content.line(row["project"], "dim"),
            content.line(turn, "dim"),
        )
        if row.get("said"):
            said = truncate(title_of(row["said"]) or "", _TITLE)
            yield Content(" " * (_FIGURE + 2)) + content.line(said, "dim")
