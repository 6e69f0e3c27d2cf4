"""Where the story is composed: a Codex home with a clock that is set back and forth."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ingest.demo.story import Chapter, Form
from tests.build import Home, Rollout
from tests.build.line import START_MS, Clock
from tests.demo.moment import ago_ms
from tests.demo.project import Project


class Stage:
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
        """A session begun so long `ago` (days=…, hours=…, minutes=…; negative: it is to come)."""
        self.clock.ms = ago_ms(**ago)
        said: dict[str, Any] = {"cwd": project.cwd, "source": source}
        said |= {"git": project.git(branch, self.clock.seconds), "code_mode": version == "code"}
        number = None if version == "code" else version
        session = self.home.session(generation, number, **said)
        self.priced(session, base)
        return session

    def priced(self, session: Rollout, base: int = 12_000) -> Rollout:
        """The model takes its time, and its context grows."""
        session.price = Thinking(self.clock, session.thread.id, base)
        session.length = lambda answers: 180 + 97 * (answers % 7)
        return session

    def agent(self, parent: Rollout, task: str, name: str) -> Rollout:
        return self.priced(parent.spawn(task, name), 9_000)

    def after(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def until(self, minutes: float) -> None:
        """Wait until so many minutes from now, if it is not later already."""
        self.clock.ms = max(self.clock.ms, ago_ms(minutes=-minutes))

    @contextmanager
    def meanwhile(self) -> Iterator[None]:
        """What happens in here happens while the others go on."""
        began = self.clock.ms
        yield
        self.clock.ms = began

    def ask(self, session: Rollout, text: str) -> None:
        """A prompt, typed by hand, so that it stands in the history too."""
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
        """A command that is seen to run before it ends."""
        session.open_command(command)
        session.finish_command(exit_code, output, seconds)

    # ── what is kept ────────────────────────────────────────────────────────────────────────────

    def keep(self, session: Rollout, form: Form = Form.PLAIN, *, live: bool = False) -> None:
        path = session.path.relative_to(self.home.path).as_posix()
        thread = session.thread.id if live else ""
        self._chapters.append(Chapter(path, session.bytes().decode(), form, thread))

    def archive(self, session: Rollout) -> None:
        path = f"archived_sessions/{session.path.name}"
        self._chapters.append(Chapter(path, session.bytes().decode()))

    def chapters(self) -> list[Chapter]:
        """In the order of their beginning, as a disk would have got them."""
        beside = []
        for name, key in (("history.jsonl", '"ts":'), ("session_index.jsonl", '"updated_at":')):
            lines = (self.home.path / name).read_text().splitlines(keepends=True)
            ordered = sorted(lines, key=lambda line: line.split(key)[1][:28])
            beside.append(Chapter(name, "".join(ordered)))
        return sorted(self._chapters, key=lambda one: Path(one.path).name) + beside


class Thinking:
    """The price of an answer; while it is made, time passes."""

    def __init__(self, clock: Clock, seed: str, base: int) -> None:
        self._clock = clock
        self._seed = seed
        self._base = base

    def __call__(self, answers: int) -> int:
        chance = hashlib.sha256(f"{self._seed}/{answers}".encode()).digest()
        self._clock.advance(2.5 + chance[0] / 64)
        return self._base + answers * 2_400 + chance[1] * 11


def steps(done: int, *texts: str) -> list[tuple[str, str]]:
    """So many are completed, the next is in progress, the others wait."""
    states = ["completed"] * done + ["in_progress"] + ["pending"] * len(texts)
    return list(zip(texts, states[: len(texts)], strict=True))
