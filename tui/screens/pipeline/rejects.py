"""The list of rejected lines, and a hex dump of one of them."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ingest.db.query_reader import QueryReader, Row
from ingest.text.numbers import size
from tui.filters import parse
from tui.screens.batch_actions import source_name
from tui.widgets.column import Column, ListRow, Styled
from tui.widgets.listing import ViewState

_BYTES_PER_ROW: Final = 8
"""More would not fit beside the list."""
_MAX_BYTES: Final = 4096


class Rejects:
    columns = (
        Column("reason", "Reason", 16),
        Column("source", "File", 16, grow=1, sorts=False),
        Column("byte", "Byte", 12, right=True, sorts=False),
        Column("length", "Length", 9, right=True, drop_order=2),
        Column("message", "Why", 20, grow=2, drop_order=1, sorts=False),
    )

    def keys(self, reader: QueryReader, view: ViewState) -> Sequence[str]:
        filter_ = parse(view.filter)
        rows = reader.rows(
            "pipeline.rejects",
            words=list(filter_.words),
            without=list(filter_.without),
            sort=view.sort,
        )
        ids: list[str] = [row["id"] for row in rows]
        return ids[::-1] if view.reverse else ids

    def rows(
        self, reader: QueryReader, view: ViewState, keys: Sequence[Any]
    ) -> Mapping[Any, ListRow]:
        rows = reader.rows("pipeline.these_rejects", ids=list(keys))
        return {row["id"]: _list_row(row) for row in rows}


def _list_row(row: Row) -> ListRow:
    return ListRow(
        key=row["id"],
        cells=(
            Styled(row["reason"].replace("_", " "), "red"),
            source_name(row["thread"], row["path"]),
            row["byte"],
            size(row["extent"]),
            Styled(_message(row), "dim"),
        ),
        text=f"{row['path']} byte {row['byte']}: {row['message']}",
        id=row["id"],
    )


def _message(row: Row) -> str:
    prefix = f"{row['lines']:,} lines, the first: " if row["lines"] > 1 else ""
    return f"{prefix}{row['message']}"


def hex_dump(row: Row) -> list[str]:
    """A hex dump of the stored bytes of a rejected line, with printable ASCII beside it."""
    head, tail = base64.b64decode(row["head"]), base64.b64decode(row["tail"])
    start, length = row["byte"], row["length"]
    if len(head) >= length or not tail:
        return _rows(head[:_MAX_BYTES], start)
    left_out = length - len(head) - len(tail)
    middle = [f"… {left_out:,} bytes are not stored"] if left_out > 0 else []
    end = _rows(tail[-_MAX_BYTES:], start + length - len(tail))
    return [*_rows(head[:_MAX_BYTES], start), *middle, *end]


def _rows(data: bytes, start: int) -> list[str]:
    chunks = [(at, data[at : at + _BYTES_PER_ROW]) for at in range(0, len(data), _BYTES_PER_ROW)]
    return [f"{start + at:>8} {chunk.hex(' '):<24} {_text(chunk)}" for at, chunk in chunks]


def _text(data: bytes) -> str:
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else "·" for byte in data)
