"""Prints lines, aligned tables and states, as wide and as colourful as the terminal allows.

Everything printed passes `safe_text` here, so no command has to. Results go to standard output,
messages to standard error; a JSON document is printed unchanged.
"""

import os
import shutil
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, TextIO

from msgspec import Struct
from msgspec.structs import replace

from ingest.cli.document import parts
from ingest.text.columns import kept_columns, shrink
from ingest.text.sanitize import one_line, safe_text, truncate, truncate_start, width
from ingest.text.state_style import STATE_STYLES, UNKNOWN

_RESET: Final = "\x1b[0m"
_COLORS: Final = {
    "green": "\x1b[32m",
    "yellow": "\x1b[33m",
    "red": "\x1b[31m",
    "magenta": "\x1b[35m",
    "cyan": "\x1b[36m",
    "dim": "\x1b[2m",
    "bold": "\x1b[1m",
}


class StyledCell(NamedTuple):
    text: str
    color: str | None = None


Cell = str | int | StyledCell | None


class Column(Struct, frozen=True):
    title: str
    right: bool = False
    least: int | None = None
    """Can be truncated to this width; None: never truncated."""
    end: bool = False
    """Truncated at the beginning, because the end says more: a path."""
    spare: int = 0
    """Hidden if the terminal is too narrow, the highest number first; 0 is never hidden."""


class Output(Struct, frozen=True):
    out: TextIO
    err: TextIO
    color: bool = False
    ascii: bool = False
    columns: int | None = None
    """The width of the terminal; None if there is none, so that nothing is truncated."""
    quiet: bool = False

    def document(self, command: str, body: Mapping[str, object]) -> None:
        self.out.writelines(parts(command, body))
        self.out.write("\n")

    def line(self, *parts: Cell, indent: str = "") -> None:
        """Print one line of parts; empty parts are left out."""
        cells = [self._part(part) for part in parts if part not in (None, "")]
        self.out.write(f"{indent}{' '.join(cells)}".rstrip() + "\n")

    def fields(self, pairs: Sequence[tuple[str, Cell]]) -> None:
        """Print names and values, one pair per line."""
        name_width = max((width(name) for name, _ in pairs), default=0)
        for name, cell in pairs:
            self.out.write(f"{name.ljust(name_width)}  {self._part(cell)}".rstrip() + "\n")

    def text(self, text: str, indent: str = "") -> None:
        """Print a text of several lines."""
        for line in safe_text(text).splitlines():
            self.out.write(f"{indent}{self._plain(line)}\n")

    def paragraph(self, text: str, color: str | None = None) -> None:
        """Print a text of one paragraph, indented and wrapped to the width of the terminal."""
        for line in self._wrapped(text).splitlines():
            self.out.write(self._paint(line, color) + "\n")

    def note(self, text: str) -> None:
        """Print a message to standard error, unless --quiet."""
        if not self.quiet:
            self.complain(text)

    def complain(self, text: str) -> None:
        """Print a message to standard error, also with --quiet."""
        self.err.write(self._plain(safe_text(text)) + "\n")

    def state(self, word: str, count: int | None = None) -> StyledCell:
        style = STATE_STYLES.get(word, UNKNOWN)
        glyph = style.ascii if self.ascii else style.glyph
        shown = word.replace("_", " ")
        return StyledCell(f"{glyph} {shown if count is None else f'{count} {shown}'}", style.color)

    def table(
        self,
        columns: Sequence[Column],
        rows: Iterable[Sequence[Cell]],
        below: Sequence[str] = (),
    ) -> None:
        """Print titles and rows, aligned and truncated to fit. `below` is printed in full on lines
        of its own below each row.
        """
        columns = [replace(column_, title=self._cell(column_.title).text) for column_ in columns]
        cells = [[self._cell(cell) for cell in row] for row in rows]
        widths = [
            max(width(column.title), *(width(row[i].text) for row in cells), 0)
            for i, column in enumerate(columns)
        ]
        least = [
            at if column.least is None else min(at, max(1, column.least))
            for column, at in zip(columns, widths, strict=True)
        ]
        shown = kept_columns(least, [column.spare for column in columns], self.columns)
        columns, widths = [columns[i] for i in shown], [widths[i] for i in shown]
        cells = [[row[i] for i in shown] for row in cells]
        shrink(widths, [least[i] for i in shown], self.columns)
        titles = [StyledCell(column.title, "bold") for column in columns]
        for number, row in enumerate((titles, *cells)):
            parts = [
                self._aligned(cell, column, available)
                for cell, column, available in zip(row, columns, widths, strict=True)
            ]
            self.out.write("  ".join(parts).rstrip() + "\n")
            if number and below:
                self.out.write(self._wrapped(below[number - 1]))

    def _wrapped(self, text: str, indent: str = "  ") -> str:
        shown = self._cell(text).text
        available = self.columns or len(indent) + len(shown) + 1
        lines = textwrap.wrap(shown, available, initial_indent=indent, subsequent_indent=indent)
        return "".join(f"{line}\n" for line in lines)

    def _aligned(self, cell: StyledCell, column: Column, available: int) -> str:
        shorten = truncate_start if column.end else truncate
        text = shorten(cell.text, available, "..." if self.ascii else "…")
        pad = " " * (available - width(text))
        painted = self._paint(text, cell.color)
        return pad + painted if column.right else painted + pad

    def _cell(self, cell: Cell) -> StyledCell:
        text, color = cell if isinstance(cell, StyledCell) else (cell, None)
        shown = "" if text is None else f"{text:,}" if isinstance(text, int) else one_line(text)
        return StyledCell(self._plain(shown), color)

    def _part(self, part: Cell) -> str:
        cell = self._cell(part)
        return self._paint(cell.text, cell.color)

    def _paint(self, text: str, color: str | None) -> str:
        return f"{_COLORS[color]}{text}{_RESET}" if self.color and color and text else text

    def _plain(self, text: str) -> str:
        if not self.ascii or text.isascii():
            return text
        for sign, twin in _TWINS.items():
            text = text.replace(sign, twin)
        return text.encode("ascii", "backslashreplace").decode()


_TWINS: Final = {"…": "...", "·": "-", "–": "-", "→": "->", "±": "+-", "’": "'"}


def terminal(
    out: TextIO, err: TextIO, env: Mapping[str, str], color: str, *, quiet: bool
) -> Output:
    """The output for these streams, with the colours and width that they allow."""
    on_terminal = out.isatty()
    colorful = color == "always" or (
        color == "auto" and on_terminal and env.get("TERM", "") != "dumb"
    )
    encoding = (getattr(out, "encoding", None) or "ascii").lower().replace("-", "")
    return Output(
        out,
        err,
        color=colorful,
        ascii=env.get("TAILBOARD_ASCII", "") not in ("", "0") or not encoding.startswith("utf"),
        columns=_columns(env) if on_terminal else None,
        quiet=quiet,
    )


def _columns(env: Mapping[str, str]) -> int:
    named = env.get("COLUMNS", "")
    if named.isdecimal() and int(named) > 0:
        return int(named)
    try:
        return os.get_terminal_size(1).columns
    except OSError:
        return shutil.get_terminal_size().columns
