"""The log: actions of people, failures and recoveries of batches, and entries of the log file.

Newest first.
"""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from ingest import log
from ingest.db.query_reader import QueryReader, Row
from ingest.log import LogEntry
from ingest.report.batch import Policy
from ingest.text.sanitize import truncate_start
from tui.widgets.column import Column, ListRow, Styled
from tui.widgets.listing import InMemoryListing

MAX_ENTRIES: Final = 2000
_FILE_WIDTH: Final = 19
_EVENT_NAMES: Final = {"fail": "failed", "bury": "given up", "rescue": "rescued"}


class Log(InMemoryListing):
    columns = (
        Column("time", "When", 19),
        Column("who", "Who", 8, drop_order=1),
        Column("what", "What", 12),
        Column("which", "Which", 18, drop_order=2),
        Column("result", "Result", 20, grow=1),
    )

    def __init__(self, policy: Callable[[], Policy]) -> None:
        super().__init__()
        self._policy = policy

    def load(self, reader: QueryReader) -> Sequence[ListRow]:
        rows = reader.rows("pipeline.log", words=[], without=[], limit=MAX_ENTRIES)
        timed = [(row["time"], self._list_row(row)) for row in rows]
        timed += [(entry.time, self._log_file_row(entry)) for entry in log.entries(reader.path)]
        newest_first = sorted(timed, key=lambda each: each[0], reverse=True)
        return [row for _, row in newest_first[:MAX_ENTRIES]]

    def _log_file_row(self, entry: LogEntry) -> ListRow:
        return ListRow(
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

    def _list_row(self, row: Row) -> ListRow:
        automatic = row["batch"] is not None
        verb = str(row["did"])
        what = _EVENT_NAMES.get(verb, verb) if automatic else verb.replace("-", " ")
        result = _failure_text(row) if automatic else _action_text(row)
        return ListRow(
            key=row["id"],
            cells=(
                Styled(self._policy().clock(row["time"]), "dim"),
                Styled(row["actor"], "" if automatic else "bold"),
                Styled(what, "red" if automatic and verb != "rescue" else ""),
                row["batch"] or _selection_text(row["selection"]),
                result,
            ),
            text=f"{row['time']:%Y-%m-%d %H:%M:%S} {row['actor']} {what} {result}",
            id=row["batch"] or row["id"],
        )


def _failure_text(row: Row) -> str:
    """The error or reason, and the end of the file name, which differs between files."""
    file = (row["path"] or "").replace("\\", "/").rpartition("/")[2]
    parts = (row["error_code"] or row["reason"], truncate_start(file, _FILE_WIDTH))
    return ": ".join(part for part in parts if part)


def _action_text(row: Row) -> str:
    """How many batches an action changed, how many it skipped, and its reason."""
    if row["state"] == "replayed":
        text = "imported from edits.jsonl"
    elif row["matched"]:
        skipped = row["matched"] - row["done"]
        text = f"{row['done']:,} done" + (f", {skipped:,} skipped" if skipped else "")
    else:
        text = "done"
    return f"{text}: {row['reason']}" if row["reason"] else text


def _selection_text(selection: str | None) -> str:
    try:
        fields = msgspec.json.decode(selection or "{}", type=dict[str, object])
    except msgspec.MsgspecError:
        return ""
    parts = [
        f"{name} {len(value)}" if isinstance(value, list) else f"{name} {value}"
        for name, value in fields.items()
    ]
    return ", ".join(parts)
