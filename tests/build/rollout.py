"""One session file of one release: the methods of `Rollout` describe in the user's words
what happened in it.

session = home.session("g3", cli_version="0.101.0")
session.prompt("Fix the test")
session.command("pytest", exit_code=1, output="1 failed")
session.end_turn("It fails.")
session.write()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from tests.build import payload
from tests.build.forks import Forks
from tests.build.line import Json, iso
from tests.build.release import release
from tests.build.reviews import Reviews

if TYPE_CHECKING:
    from tests.build.home import Home

ORIGINATORS = {"exec": "codex_exec", "cli": "codex-tui", "vscode": "codex_vscode"}


class Rollout(Reviews):
    """A session's file; with `parent` it is a fresh sub-agent of that session."""

    def __init__(
        self,
        home: Home,
        generation: str = "g4",
        cli_version: str | None = None,
        *,
        cwd: str = "/home/dev/sample",
        git: Json | Literal["of cwd"] | None = "of cwd",
        source: str | Json = "exec",
        originator: str | None = None,
        model: str | None = None,
        parent: Forks | None = None,
        code_mode: bool = False,
        extended: bool = False,
        thread_id: str | None = None,
        segment_id: str | None = None,
    ) -> None:
        which = release(generation, cli_version, code_mode=code_mode)
        clock, ids = home.clock, home.ids
        own = thread_id or (ids.v4() if which.short_ids else ids.v7())
        named = ORIGINATORS.get(source) if isinstance(source, str) else None
        thread = payload.Thread(
            id=own,
            session_id=parent.thread.session_id if parent is not None else own,
            created=iso(clock.ms),
            cwd=cwd,
            git=payload.git_of(cwd) if git == "of cwd" else git,
            source=source,
            originator=originator or named or "codex_exec",
            model=model or which.model,
            window_id=ids.v7(),
            parent=parent.thread.id if parent is not None else None,
        )
        path = home.rollout_path(own, segment_id)
        super().__init__(path, clock, ids, which, thread)
        self.home = home
        self.generation = generation
        self.extended = extended
        self.facts.parent = thread.parent
        if parent is not None:
            self.facts.relation = "agent"
            if not isinstance(source, dict):
                thread.source = self.spawned_by(parent, None, None)

    def relative(
        self,
        *,
        source: str | Json | None = None,
        parent: Forks | None = None,
        thread_id: str | None = None,
        segment_id: str | None = None,
    ) -> Rollout:
        """Another file of the same home, release and folder."""
        return Rollout(
            self.home,
            self.generation,
            self.release.version,
            cwd=self.thread.cwd,
            git=self.thread.git,
            source=self.thread.source if source is None else source,
            originator=self.thread.originator,
            model=self.thread.model,
            parent=parent,
            code_mode=self.release.code_mode,
            extended=self.extended,
            thread_id=thread_id,
            segment_id=segment_id,
        )
