"""What people did, what failed or was repaired, and the log file; the newest first."""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from ingest import log
from ingest.db.query_reader import QueryReader, Row
from ingest.log import LogEntry
from ingest.report.batch import Policy
from ingest.text.sanitize import truncate_start
from tui.widgets.column import Column, Line, Styled
from tui.widgets.listing import InMemoryListing

MOST: Final = 2000
_FILE: Final = 19
"""Columns of the name of a file."""
_MOVES: Final = {"fail": "failed", "bury": "given up", "rescue": "rescued"}


class Log(InMemoryListing):
    columns = (
        Column("time", "WHEN", 19),
        Column("who", "WHO", 8, spare=1),
        Column("what", "WHAT", 12),
        Column("which", "WHICH", 18, spare=2),
        Column("became", "WHAT CAME OF IT", 20, grow=1),
    )

    def __init__(self, policy: Callable[[], Policy]) -> None:
        super().__init__()
        self._policy = policy

    def all(self, reading: QueryReader) -> Sequence[Line]:
        rows = reading.rows("pipeline.log", words=[], without=[], limit=MOST)
        lines = [(row["time"], self._line(row)) for row in rows]
        lines += [(one.time, self._logged(one)) for one in log.entries(reading.path)]
        return [line for _, line in sorted(lines, key=lambda one: one[0], reverse=True)][:MOST]

    def _logged(self, entry: LogEntry) -> Line:
        """An entry of the log file."""
        return Line(
            key=("log", entry.time, entry.process, entry.message),
            cells=(
                Styled(self._policy().clock(entry.time), "dim"),
                "tailboard",
                Styled(entry.level, "red" if entry.level == "error" else "yellow"),
                f"process {entry.process}",
                entry.message.partition("\n")[0],
            ),
            text=f"{entry.time:%Y-%m-%d %H:%M:%S} {entry.level} {entry.message}",
        )

    def _line(self, row: Row) -> Line:
        by_itself = row["batch"] is not None
        did = (
            _MOVES.get(row["did"], str(row["did"]))
            if by_itself
            else str(row["did"]).replace("-", " ")
        )
        became = _failed(row) if by_itself else _became(row)
        return Line(
            key=row["id"],
            cells=(
                Styled(self._policy().clock(row["time"]), "dim"),
                Styled(row["actor"], "" if by_itself else "bold"),
                Styled(did, "red" if by_itself and row["did"] != "rescue" else ""),
                row["batch"] or _meant(row["selection"]),
                became,
            ),
            text=f"{row['time']:%Y-%m-%d %H:%M:%S} {row['actor']} {did} {became}",
            id=row["batch"] or row["id"],
        )


def _failed(row: Row) -> str:
    """Of what went by itself: what it was, and of which file, whose end tells it from others."""
    file = (row["path"] or "").replace("\\", "/").rpartition("/")[2]
    said = (row["error_code"] or row["reason"], truncate_start(file, _FILE))
    return ": ".join(part for part in said if part)


def _became(row: Row) -> str:
    """Of an order: what was done, what was left alone, and why it was given."""
    if row["state"] == "replayed":
        said = "taken over from edits.jsonl"
    elif row["matched"]:
        left = row["matched"] - row["done"]
        said = f"{row['done']:,} done" + (f", {left:,} left alone" if left else "")
    else:
        said = "done"
    return f"{said}: {row['reason']}" if row["reason"] else said


def _meant(selection: str | None) -> str:
    try:
        said = msgspec.json.decode(selection or "{}", type=dict[str, object])
    except msgspec.MsgspecError:
        return ""
    parts = [
        f"{name} {len(value)}" if isinstance(value, list) else f"{name} {value}"
        for name, value in said.items()
    ]
    return ", ".join(parts)
