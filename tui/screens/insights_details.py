"""The sessions and turns with the largest numbers in the charts of Insights. Pure."""

from collections.abc import Callable, Iterator, Sequence

from textual.content import Content

from ingest.db.query_reader import QueryReader, Row
from ingest.report.period import Period
from ingest.sessions.session import UNTITLED, title_of
from ingest.text.numbers import tokens
from ingest.text.sanitize import truncate
from ingest.text.times import duration
from tui import content
from tui.query_runner import Query
from tui.screens.why import MAX_SHOWN

_VALUE_WIDTH = 11
_TITLE_WIDTH = 48


def charts_details(period: Period) -> Query[list[Content]]:
    values = {"since": period.since, "until": period.until, "limit": MAX_SHOWN}

    def query(reader: QueryReader) -> list[Content]:
        spenders, longest, unsuccessful = reader.run_consistent(
            [(f"insights.{name}", values) for name in ("spenders", "longest", "ended_badly")]
        )
        return [
            content.line(f"Largest in {period.name}", "title"),
            *_part("Sessions with the most tokens", spenders, lambda row: tokens(row["total"])),
            *_part("Longest turns", longest, lambda row: duration(row["seconds"])),
            *_part("Last unsuccessful turns", unsuccessful, lambda row: row["state"]),
        ]

    return query


def _part(name: str, rows: Sequence[Row], value_of: Callable[[Row], str]) -> Iterator[Content]:
    if not rows:
        return
    yield content.line(name, "bold")
    for row in rows:
        turn = f"turn {row['n']}" if "n" in row else None
        value = value_of(row)
        yield Content(" " * max(0, _VALUE_WIDTH - len(value))) + content.row(
            content.line(value),
            content.line(row["session"][:8], "dim"),
            content.line(truncate(title_of(row["title"]) or UNTITLED, _TITLE_WIDTH)),
            content.line(row["project"], "dim"),
            content.line(turn, "dim"),
        )
        if row.get("error"):
            prompt = truncate(title_of(row["error"]) or "", _TITLE_WIDTH)
            yield Content(" " * (_VALUE_WIDTH + 2)) + content.line(prompt, "dim")
