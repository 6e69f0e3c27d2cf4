"""The rejected lines as a list, and one of them as hexadecimal numbers beside harmless text."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ingest.db.query_reader import QueryReader, Row
from ingest.text.units import size
from tui.filters import parse
from tui.screens.pipeline.batches import called
from tui.widgets.column import Column, Line, Styled
from tui.widgets.listing import View

_WIDTH: Final = 8
"""Bytes a row; more would not fit beside the list."""
_MOST: Final = 4096


class Rejects:
    columns = (
        Column("reason", "REASON", 16),
        Column("source", "FILE", 16, grow=1, sorts=False),
        Column("byte", "BYTE", 12, right=True, sorts=False),
        Column("length", "LENGTH", 9, right=True, spare=2),
        Column("message", "WHY", 20, grow=2, spare=1, sorts=False),
    )

    def keys(self, reading: QueryReader, view: View) -> Sequence[str]:
        asked = parse(view.filter, ())
        rows = reading.rows(
            "pipeline.rejects",
            words=list(asked.words),
            without=list(asked.without),
            sort=view.sort,
        )
        found: list[str] = [row["id"] for row in rows]
        return found[::-1] if view.reverse else found

    def lines(self, reading: QueryReader, view: View, keys: Sequence[Any]) -> Mapping[Any, Line]:
        rows = reading.rows("pipeline.these_rejects", ids=list(keys))
        return {row["id"]: _line(row) for row in rows}


def _line(row: Row) -> Line:
    return Line(
        key=row["id"],
        cells=(
            Styled(row["reason"].replace("_", " "), "red"),
            called(row["thread"], row["path"]),
            row["byte"],
            size(row["extent"]),
            Styled(_said(row), "dim"),
        ),
        text=f"{row['path']} byte {row['byte']}: {row['message']}",
        id=row["id"],
    )


def _said(row: Row) -> str:
    more = f"{row['lines']:,} lines, the first: " if row["lines"] > 1 else ""
    return f"{more}{row['message']}"


def hexadecimal(row: Row) -> list[str]:
    """What is kept of a rejected line, eight bytes a row, with what they say beside them."""
    head, tail = base64.b64decode(row["head"]), base64.b64decode(row["tail"])
    start, length = row["byte"], row["length"]
    if len(head) >= length or not tail:
        return _rows(head[:_MOST], start)
    left_out = length - len(head) - len(tail)
    middle = [f"… {left_out:,} bytes are not kept"] if left_out > 0 else []
    return [*_rows(head[:_MOST], start), *middle, *_rows(tail[-_MOST:], start + length - len(tail))]


def _rows(data: bytes, start: int) -> list[str]:
    return [
        f"{start + at:>8} {data[at : at + _WIDTH].hex(' '):<24} {_text(data[at : at + _WIDTH])}"
        for at in range(0, len(data), _WIDTH)
    ]


def _text(data: bytes) -> str:
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else "·" for byte in data)
