"""The latency of the dashboard on a real pseudo-terminal, up to the text on the screen.

Keys are pressed at fixed times whatever the program does: a slow answer makes the next key wait,
and that counts.
"""

import os
import random
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles

from msgspec import Struct

from tests.bench import corpus
from tests.bench.corpus import Rollout, Shape, Spent
from tests.bench.figures import Figure, Results, print_progress, timed
from tests.bench.subject import Subject, emptied
from tests.bench.terminal import Grid, Terminal, cpu, memory, tree

FIRST = 0.5
FIRST_OF_MANY = 0.6
SWITCH = 0.1
KEY = 0.05
APPEND = 0.5
IDLE = 0.005
MEMORY = 200e6
SESSIONS = 1000
_TURNS = 3
_QUIET_SECONDS = 5.0
_TREE = 4
"""A column of the left pane that shows the cursor by its background."""
_RUN = 20
"""This many steps down, then up again."""
_BACKLOG_VISIBLE = 10.0
"""Seconds after which a backlog is known, and its end can be recognised."""
_SAME_ROWS = 2
"""Changed rows that are not another screen: those of the cursor and the clock."""
_SWITCHES = 0.2
"""The share of keys of live work that switch the screen."""


class Plan(Struct, frozen=True):
    starts: int = 7
    switches: int = 30
    appends: int = 40
    backlog: Shape = Shape("G", 1500, 60)
    keys_a_second: float = 20.0
    idle_files: int = 100_000
    settle_seconds: float = 30.0
    idle_seconds: float = 120.0
    live_seconds: float = 180.0


FULL = Plan()
QUICK = Plan(3, 12, 10, Shape("M", 300, 60), 20.0, 5_000, 5.0, 20.0, 20.0)


class Home:
    """A thousand unread sessions of the last days."""

    def __init__(self, path: Path, sessions: int = SESSIONS) -> None:
        self.path = path
        rng = random.Random(7)
        newest = datetime.now(UTC).replace(tzinfo=None, microsecond=0) - timedelta(minutes=20)
        for number in range(sessions):
            thread = str(uuid.UUID(int=rng.getrandbits(128), version=4))
            rollout = Rollout(number, thread, random.Random(rng.getrandbits(64)), Spent())
            rollout.began = newest - timedelta(minutes=30) * (sessions - 1 - number)
            folder = path / rollout.folder
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.last = folder / rollout.name
            turns = (rollout.turn(n) for n in range(_TURNS))
            self.last.write_text(rollout.header() + "".join(turns))
            _set_age(self.last, rollout)
        self.newest = rollout
        self._turns = _TURNS

    def add_turn(self) -> str:
        """Add a turn to the newest session; returns a word that only its prompt contains."""
        text_ = self.newest.turn(self._turns)
        word = f"pin{self.newest.number}x{self._turns}"
        self._turns += 1
        with self.last.open("ab", buffering=0) as file:
            file.write(text_.encode())
        return word


def _set_age(path: Path, rollout: Rollout) -> None:
    """Set the modification time to the time of the last line, because recent files are polled
    often."""
    at = rollout.began.replace(tzinfo=UTC).timestamp()
    os.utime(path, (at, at))


def write_sessions(path: Path, count: int) -> None:
    """This many sessions of a few lines, some of them of today."""
    rng = random.Random(8)
    newest = datetime.now(UTC).replace(tzinfo=None, microsecond=0) - timedelta(hours=2)
    for number in range(count):
        thread = str(uuid.UUID(int=rng.getrandbits(128), version=4))
        rollout = Rollout(number, thread, rng, Spent())
        rollout.began = newest - timedelta(minutes=5) * number
        folder = path / rollout.folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lines = rollout.turn(0).splitlines(keepends=True)
        # The prompt, and the end of the turn.
        short = [rollout.header(), lines[0], *lines[2:4], lines[-1]]
        (folder / rollout.name).write_text("".join(short))
        _set_age(folder / rollout.name, rollout)


class Screens:
    def __init__(self, plan: Plan, cache: Path, results: Results) -> None:
        self.plan = plan
        self.cache = cache
        self.results = results
        self._scratch = emptied(cache / "screens")
        self.subject = Subject(self._scratch)
        del self.subject.env["NO_COLOR"]
        self.home = Home(self._scratch / "home")
        self.db = self._scratch / "db" / "tailboard.duckdb"

    def run(self) -> None:
        self.subject.ingest(self.home.path, self.db)
        self._first()
        with self._dashboard() as terminal:
            self._switches(terminal)
            self._appends(terminal)
        self._keys()
        self._live(self.plan.live_seconds)
        self._idle()

    def live(self, seconds: float) -> None:
        """Measure only memory, during this many seconds of work."""
        self.subject.ingest(self.home.path, self.db)
        self._live(seconds)

    def close(self) -> None:
        shutil.rmtree(self._scratch, ignore_errors=True)

    @contextmanager
    def _dashboard(self, home: Path | None = None, db: Path | None = None) -> Iterator[Terminal]:
        """The dashboard, with its first screen drawn."""
        terminal = self._start(home or self.home.path, db or self.db)
        try:
            terminal.until(is_full)
            terminal.rest(1.0)
            yield terminal
        finally:
            terminal.close()

    def _start(self, home: Path, db: Path) -> Terminal:
        where = ["--codex-home", str(home), "--db", str(db)]
        return Terminal([*self.subject.program, *where], self.subject.env)

    # ── measurements ──────────────────────────────────────────────────────────────────────────────

    def _first(self) -> None:
        print_progress("the first frame")
        anything, full = self._first_frames(self.home.path, self.db)
        detail = (
            f"{SESSIONS} sessions, nobody has the database; frame alone {median(anything):.2f} s"
        )
        self._report(timed("`tailboard`: first full frame", "", full, FIRST, detail))

    def _first_frames(self, home: Path, db: Path) -> tuple[list[float], list[float]]:
        """How long until the frame is drawn, and until the first screen is."""
        anything, full = [], []
        for _ in range(self.plan.starts):
            terminal = self._start(home, db)
            try:
                anything.append(terminal.until(has_frame) - terminal.began)
                full.append(terminal.until(is_full) - terminal.began)
            finally:
                terminal.close()
        return anything, full

    def _switches(self, terminal: Terminal) -> None:
        print_progress("switching screens")
        keys = "34621"  # Not the search, which takes digits as input.
        for key in keys:
            terminal.press(key)  # Each screen is created when it is first shown.
            terminal.rest(1.5)
        first, settled = [], []
        for n in range(self.plan.switches):
            before = [row[:] for row in terminal.grid.cells]
            at = terminal.press(keys[n % len(keys)])
            moments = _changes(terminal, before, 0.7)
            if moments:
                first.append(moments[0] - at)
                settled.append(moments[-1] - at)
        detail = f"until the last of its rows changed: median {median(settled) * 1000:.0f} ms"
        self._report(_percentile_99("another screen: until it is drawn", first, SWITCH, detail))

    def _appends(self, terminal: Terminal) -> None:
        print_progress("appended lines")
        terminal.press("1")
        terminal.rest(1.0)
        rng, took = random.Random(5), []
        for _ in range(self.plan.appends):
            terminal.rest(0.4 + rng.random())
            at = time.perf_counter()
            word = self.home.add_turn()
            took.append(terminal.until(_holds(word)) - at)
        self._report(timed("13 lines appended: until on the screen", "", took, APPEND))

    def _keys(self) -> None:
        print_progress("keys while a backlog drains")
        more = corpus.prepare(self.plan.backlog, self.cache)
        backlog = sum(size for name, size in more.truth.files.items() if "rollout" in name)
        with self._dashboard() as terminal:
            quiet = self._type(terminal, lambda gone: gone > _QUIET_SECONDS)
            links = self.home.path / "sessions" / "2025"
            _link(more.home / "sessions", links)
            began = time.perf_counter()
            busy = self._type(
                terminal, lambda gone: gone > _BACKLOG_VISIBLE and caught_up(terminal.grid)
            )
            took = time.perf_counter() - began
            shutil.rmtree(links)
        drained = f"{backlog / 1e6:,.0f} MB drained in {took:.0f} s; {len(busy)} keys"
        self._report(
            _percentile_99("a key, while nothing is read", quiet, KEY, f"{len(quiet)} keys")
        )
        self._report(_percentile_99("a key, while a backlog drains", busy, KEY, drained))

    def _type(self, terminal: Terminal, is_over: Callable[[float], bool]) -> list[float]:
        """Move up and down at a fixed rate; the latency of each step."""
        terminal.press("gj")
        terminal.rest(1.0)
        keys = steps(cursor(terminal.grid))
        typed: list[tuple[float, int]] = []
        began = time.perf_counter()
        drawn: list[tuple[float, int]] = []
        due = began
        while not is_over(time.perf_counter() - began):
            key, place = next(keys)
            typed.append((terminal.press(key), place))
            due += 1 / self.plan.keys_a_second
            drawn += [
                (at, cursor(terminal.grid)) for at in terminal.frames(due - time.perf_counter())
            ]
        drawn += [(at, cursor(terminal.grid)) for at in terminal.frames(2.0)]
        return latencies(typed, drawn)

    def _live(self, seconds: float) -> None:
        print_progress("memory of live work")
        rng, began = random.Random(9), time.perf_counter()
        with self._dashboard() as terminal:
            first = {pid: memory(pid) for pid in tree(terminal.pid)}
            keys, moves = iter(list("123461") * 100_000), steps(0)
            busy = cpu(list(first))
            while (gone := time.perf_counter() - began) < seconds:
                self.home.add_turn()
                terminal.press(next(keys) if rng.random() < _SWITCHES else next(moves)[0])
                terminal.rest(rng.random())
            pids = tree(terminal.pid)
            sizes = [memory(pid) for pid in pids]
            share = (cpu(pids) - busy) / gone
        text_ = f"{gone / 60:.0f} min of work, {share:.0%} of a processor; "
        text_ += " + ".join(f"{size / 1e6:.0f}" for size in sizes)
        text_ += f" MB of {len(sizes)} processes, {sum(first.values()) / 1e6:.0f} MB at first"
        self._report(Figure("memory after live work", sum(sizes), "B", MEMORY, detail=text_))

    def _idle(self) -> None:
        print_progress(f"idle with {self.plan.idle_files:,} source files")
        home, db = self._scratch / "many", self._scratch / "many-db" / "tailboard.duckdb"
        write_sessions(home, self.plan.idle_files)
        self.subject.ingest(home, db)
        many = f"with {self.plan.idle_files:,} sessions"
        full = self._first_frames(home, db)[1]
        self._report(timed(f"`tailboard`: first full frame, {many}", "", full, FIRST_OF_MANY))
        with self._dashboard(home, db) as terminal:
            terminal.rest(self.plan.settle_seconds)
            pids = tree(terminal.pid)
            began, before = time.perf_counter(), {pid: cpu([pid]) for pid in pids}
            terminal.rest(self.plan.idle_seconds)
            gone = time.perf_counter() - began
            each = [cpu([pid]) - before[pid] for pid in pids]
            sizes = [memory(pid) for pid in pids]
            keys = self._type(terminal, lambda gone: gone > _QUIET_SECONDS)
        self._report(_percentile_99(f"a key, {many}", keys, KEY, f"{len(keys)} keys"))
        text_ = ", ".join(f"{one / gone:.2%}" for one in each) + " of its processes; "
        text_ += " + ".join(f"{size / 1e6:.0f}" for size in sizes) + " MB"
        name = f"idle, {self.plan.idle_files:,} files: share of a processor"
        self._report(Figure(name, sum(each) / gone, "×", IDLE, detail=text_))
        shutil.rmtree(home)

    def _report(self, figure: Figure) -> None:
        self.results.figures.append(figure)


# ── reading the screen ────────────────────────────────────────────────────────────────────────────


def is_full(grid: Grid) -> bool:
    """Both panes show what the database contains."""
    text = grid.text
    return "please " in text and "codex resume " in text


def has_frame(grid: Grid) -> bool:
    return "Board" in grid.text


def _holds(word: str) -> Callable[[Grid], bool]:
    return lambda grid: word in grid.text


def caught_up(grid: Grid) -> bool:
    return "behind 0 B" in grid.text


def cursor(grid: Grid) -> int:
    """The highlighted row of the left pane; -1 if there is none."""
    rows = range(2, grid.rows - 2)
    grounds = [grid.background(row, _TREE) for row in rows]
    usual = max(set(grounds), key=grounds.count)
    return next((row for row, one in zip(rows, grounds, strict=True) if one != usual), -1)


def steps(first: int) -> Iterator[tuple[str, int]]:
    """Keys, each with the row of the cursor after it."""
    row = first
    while True:
        for key, by in (("j", 1), ("k", -1)):
            for _ in range(_RUN):
                row += by
                yield key, row


def latencies(typed: list[tuple[float, int]], drawn: list[tuple[float, int]]) -> list[float]:
    """How long each key took until the cursor was drawn at its row, or further on."""
    took: list[float] = []
    for at, row in drawn:
        sent = [n for n, (when, _) in enumerate(typed) if when <= at]
        reached = [n for n in sent if n >= len(took) and typed[n][1] == row]
        if reached:
            took += [at - typed[n][0] for n in range(len(took), reached[-1] + 1)]
    # A key without an answer counts as waiting until the end.
    last = drawn[-1][0] if drawn else 0.0
    return took + [last - at for at, _ in typed[len(took) :]]


def _changes(terminal: Terminal, before: list[list[str]], seconds: float) -> list[float]:
    """The times within this period at which rows below the header changed."""
    moments = []
    for at in terminal.frames(seconds):
        now = [row[:] for row in terminal.grid.cells]
        changed = sum(row != other for row, other in zip(now[1:], before[1:], strict=True))
        if changed > _SAME_ROWS:
            moments.append(at)
        before = now
    return moments


def _link(home: Path, to: Path) -> None:
    """Link all rollouts of a home into another one."""
    for path in home.rglob("*.jsonl"):
        place = to / path.parent.name
        place.mkdir(parents=True, exist_ok=True)
        os.link(path, place / path.name)


def _percentile_99(name: str, samples: list[float], limit: float, detail: str) -> Figure:
    """The 99th percentile of some durations."""
    value = quantiles(samples, n=100, method="inclusive")[98]
    text_ = f"99th percentile; median {median(samples) * 1000:.1f} ms; {detail}"
    return Figure(name, value, "s", limit, "", text_, samples)
