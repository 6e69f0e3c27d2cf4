"""Runs a program on a pseudo-terminal of its own, and keeps what is on its screen.

All output is kept with the time it arrived; a small grid replays it, to find the time at which a
text was first visible. Supports only the control sequences that the program uses.
"""

import codecs
import contextlib
import fcntl
import os
import pty
import re
import signal
import struct
import termios
import threading
import time
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

_PART = re.compile(
    r"\x1b\[([0-9;?>=<]*)[ -/]*([@-~])"  # a control sequence
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"
    r"|\x1b[P_^X][^\x1b]*\x1b\\"
    r"|\x1b(?![\[\]P_^X])[ -/]*[0-~]"
    r"|([\r\n\b])"
    r"|([^\x1b\r\n\b]+)"
)
_BACKGROUND = re.compile(r"(?:^|;)(4[0-7]|48;5;\d+|48;2;\d+;\d+;\d+|7)(?=;|$)")
PATIENCE = 60.0


class Grid:
    """The content of the screen."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self._decode = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._x = self._y = 0
        self._style = ""
        self.cells = [[" "] * columns for _ in range(rows)]
        self.styles = [[""] * columns for _ in range(rows)]

    def feed(self, data: bytes) -> None:
        text = self._rest + self._decode.decode(data)
        at = 0
        while at < len(text):
            part = _PART.match(text, at)
            if part is None:
                break  # A sequence that continues in the next block.
            self._act(part)
            at = part.end()
        self._rest = text[at:]

    def _act(self, part: re.Match[str]) -> None:
        values, kind, move, reply = part.groups()
        if reply is not None:
            self._write(reply)
        elif move == "\n":
            self._y = min(self.rows - 1, self._y + 1)
        elif move == "\r":
            self._x = 0
        elif move == "\b":
            self._x = max(0, self._x - 1)
        elif kind == "m":
            self._style = "" if values in ("", "0") else f"{self._style};{values}".strip(";")
        elif kind in ("H", "f"):
            row, _, column = values.partition(";")
            self._y = min(self.rows, int(row or 1)) - 1
            self._x = min(self.columns, int(column or 1)) - 1
        elif kind == "J":
            self.cells = [[" "] * self.columns for _ in range(self.rows)]

    def _write(self, text: str) -> None:
        cells, styles = self.cells[self._y], self.styles[self._y]
        for char in text:
            if char < " " or unicodedata.combining(char):
                continue
            if self._x < self.columns:
                cells[self._x], styles[self._x] = char, self._style
            self._x += 2 if unicodedata.east_asian_width(char) in "WF" else 1

    @property
    def text(self) -> str:
        return "\n".join("".join(row) for row in self.cells)

    def background(self, row: int, column: int) -> str:
        found = _BACKGROUND.findall(self.styles[row][column])
        return found[-1] if found else ""


class Terminal:
    """A program on a terminal of this size; `close` ends it."""

    def __init__(
        self, argv: Sequence[str], env: Mapping[str, str], columns: int = 120, rows: int = 40
    ) -> None:
        self.drawn: list[tuple[float, bytes]] = []
        self.grid = Grid(columns, rows)
        self._replayed = 0
        self._more = threading.Condition()
        self._ended = False
        self.began = time.perf_counter()
        self.pid, self._master = pty.fork()
        if not self.pid:
            os.execvpe(argv[0], list(argv), {**env, "TERM": "xterm-256color"})
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._master, 1 << 16)
            except OSError:
                data = b""
            with self._more:
                if data:
                    self.drawn.append((time.perf_counter(), data))
                else:
                    self._ended = True
                self._more.notify_all()
            if not data:
                return

    def press(self, keys: str) -> float:
        """Type keys; returns the time."""
        at = time.perf_counter()
        os.write(self._master, keys.encode())
        return at

    def until(self, seen: Callable[[Grid], bool], patience: float = PATIENCE) -> float:
        """The time of the first output since the last call for which `seen` holds."""
        deadline = time.perf_counter() + patience
        while True:
            at = self._next(deadline)
            if at is None:
                text_ = self.grid.text.strip()[-3000:]
                raise TimeoutError(f"not to be seen within {patience:g} s; the screen is\n{text_}")
            if seen(self.grid):
                return at

    def _next(self, deadline: float) -> float | None:
        with self._more:
            while self._replayed == len(self.drawn):
                left = deadline - time.perf_counter()
                if left <= 0 or self._ended:
                    return None
                self._more.wait(left)
            at, data = self.drawn[self._replayed]
        self._replayed += 1
        self.grid.feed(data)
        return at

    def rest(self, seconds: float) -> None:
        """Process the output of this many seconds."""
        deadline = time.perf_counter() + seconds
        while self._next(deadline) is not None:
            pass

    def frames(self, seconds: float) -> Iterator[float]:
        """The times of output during this many seconds; the grid is then as it was."""
        deadline = time.perf_counter() + seconds
        while (at := self._next(deadline)) is not None:
            yield at

    def left(self) -> Iterator[float]:
        """The times of output that was not processed yet."""
        yield from self.frames(0)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.press("q")
        self._thread.join(5)
        if self._thread.is_alive():
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._master)


def tree(root: int) -> list[int]:
    """The process and all its descendants."""
    found = [root]
    for pid in found:
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{pid}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found


def cpu(pids: Sequence[int]) -> float:
    """Processor time in seconds, with ended children."""
    ticks = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> int:
    """The memory of a process in bytes, with its part of shared pages."""
    with contextlib.suppress(OSError):
        text_ = Path(f"/proc/{pid}/smaps_rollup").read_text()
        found = re.search(r"^Pss:\s+(\d+) kB", text_, re.MULTILINE)
        if found:
            return int(found[1]) * 1024
    return 0
