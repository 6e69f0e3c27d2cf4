"""Records sessions in a temporary Codex home whose clock can be set back and forth."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ingest.demo.story import Chapter, Form
from tests.build import Home, Rollout
from tests.build.line import START_MS, Clock
from tests.demo.project import NOW_MS, Project, ago_ms


class DemoRecorder:
    def __init__(self, folder: Path) -> None:
        self.home = Home(folder, start_ms=START_MS)
        self._chapters: list[Chapter] = []

    @property
    def clock(self) -> Clock:
        return self.home.clock

    def session(
        self,
        project: Project,
        *,
        branch: str = "main",
        generation: str = "g4",
        version: str | None = None,
        source: str = "cli",
        base: int = 12_000,
        **ago: float,
    ) -> Rollout:
        """A session that starts this long `ago` (days=…, hours=…, minutes=…), see `ago_ms`."""
        self.clock.ms = ago_ms(**ago)
        fields: dict[str, Any] = {"cwd": project.cwd, "source": source}
        fields |= {"git": project.git(branch, self.clock.seconds), "code_mode": version == "code"}
        number = None if version == "code" else version
        session = self.home.session(generation, number, **fields)
        self.with_usage(session, base)
        return session

    def with_usage(self, session: Rollout, base: int = 12_000) -> Rollout:
        """Give the answers of the model a duration and token counts."""
        session.price = Usage(self.clock, session, base)
        session.length = lambda answers: 180 + 97 * (answers % 7)
        return session

    def agent(self, parent: Rollout, task: str, name: str) -> Rollout:
        return self.with_usage(parent.spawn(task, name), 9_000)

    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def wait_until(self, minutes: float) -> None:
        """Set the clock to this many minutes from now, if that is later."""
        self.clock.ms = max(self.clock.ms, ago_ms(minutes=-minutes))

    @contextmanager
    def in_parallel(self) -> Iterator[None]:
        """Set the clock back at the end: what is recorded here runs in parallel."""
        start = self.clock.ms
        yield
        self.clock.ms = start

    def prompt(self, session: Rollout, text: str) -> None:
        """A prompt typed by the person, which is also written to the history."""
        session.settle()
        self.home.history(session, text)
        session.prompt(text)

    def run(
        self,
        session: Rollout,
        command: str,
        exit_code: int = 0,
        output: str = "",
        seconds: float = 0.4,
    ) -> None:
        """A command that is written when it starts and when it ends."""
        session.open_command(command)
        session.finish_command(exit_code, output, seconds)

    # ── the result ────────────────────────────────────────────────────────────────────────────────

    def save(self, session: Rollout, form: Form = Form.PLAIN, *, live: bool = False) -> None:
        path = session.path.relative_to(self.home.path).as_posix()
        thread = session.thread.id if live else ""
        self._chapters.append(Chapter(path, session.bytes().decode(), form, thread))

    def archive(self, session: Rollout) -> None:
        path = f"archived_sessions/{session.path.name}"
        self._chapters.append(Chapter(path, session.bytes().decode()))

    def chapters(self) -> list[Chapter]:
        """All files, in the order in which they were created."""
        other_files = []
        for name, key in (("history.jsonl", '"ts":'), ("session_index.jsonl", '"updated_at":')):
            lines = (self.home.path / name).read_text().splitlines(keepends=True)
            ordered = sorted(lines, key=lambda line: line.split(key)[1][:28])
            other_files.append(Chapter(name, "".join(ordered)))
        return sorted(self._chapters, key=lambda chapter: Path(chapter.path).name) + other_files


class Usage:
    """The token count of each answer. Advances the clock by the time the answer takes."""

    def __init__(self, clock: Clock, session: Rollout, base: int) -> None:
        self._clock = clock
        self._session = session
        self._base = base

    def __call__(self, answers: int) -> int:
        digest = hashlib.sha256(f"{self._session.thread.id}/{answers}".encode()).digest()
        self._clock.advance(2.5 + digest[0] / 64)
        self._session.limits = limits(self._clock.seconds)
        return self._base + answers * 2_400 + digest[1] * 11


def limits(at: float) -> dict[str, Any]:
    """The account's windows. Depends only on the time, because sessions are recorded one by one."""
    return {"primary": _window(at, 300, 0.72, 82.0), "secondary": _window(at, 10_080, 0.6, 54.0)}


def _window(at: float, minutes: int, now_at: float, used_now: float) -> dict[str, Any]:
    """A window that is used evenly; now, `now_at` of it has passed."""
    length = 60 * minutes
    passed = ((at - NOW_MS / 1000) / length + now_at) % 1
    return {
        "used_percent": round(min(100.0, passed / now_at * used_now), 1),
        "window_minutes": minutes,
        "resets_at": round(at + (1 - passed) * length),
    }


def steps(done: int, *texts: str) -> list[tuple[str, str]]:
    """Steps of which this many are completed and the next one is in progress."""
    states = ["completed"] * done + ["in_progress"] + ["pending"] * len(texts)
    return list(zip(texts, states[: len(texts)], strict=True))
