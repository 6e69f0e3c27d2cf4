"""Sessions cut from sessions by the user: forks, and the segment after a revert."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.build import copies
from tests.build.context import Context
from tests.build.expected import Usage
from tests.build.line import Json, compact
from tests.build.turns import Mark

if TYPE_CHECKING:
    from tests.build.rollout import Rollout


class Forks(Context):
    def relative(
        self,
        *,
        source: str | Json | None = None,
        parent: Forks | None = None,
        thread_id: str | None = None,
        segment_id: str | None = None,
    ) -> Rollout:
        raise NotImplementedError

    def depth(self) -> int:
        source = self.thread.source
        spawned = source.get("subagent") if isinstance(source, dict) else None
        return int(spawned["thread_spawn"]["depth"]) if isinstance(spawned, dict) else 0

    def start_from(self, counted: Usage | None, recorded: Usage) -> None:
        """Counters continue from those of another file."""
        self.counted, self.recorded = counted, recorded
        self.facts.inherited = counted or Usage()

    def fork(self) -> Rollout:
        """The user forks: legacy files repeat everything, paginated ones point into the parent."""
        if self.release.bare:
            raise ValueError("0.20 cannot fork")
        self.settle()
        child = self.relative()
        child.thread.forked_from = self.thread.id
        child.facts.parent, child.facts.relation = self.thread.id, "fork"
        child.start_from(self.counted, self.recorded)
        if self.release.paginated:
            child.base_on(self, Mark(len(self._lines), self.ordinal, None, Usage()))
            child.open_file()
        else:
            child.open_file()
            child.copy(copies.whole(self._lines))
        child.opened_by(self)
        return child

    def copy(self, records: list[Json]) -> None:
        """Append another file's lines, written now."""
        self.facts.copied_lines += len(records)
        for record in copies.restamped(records, self.clock.tick(1)):
            if "ordinal" in record:
                record["ordinal"] = self.ordinal
                self.ordinal += 1
            self.raw(compact(record) + b"\n")

    def base_on(self, other: Forks, mark: Mark) -> None:
        """This file continues at the cut of the other."""
        self.ordinal = mark.ordinal
        self.thread.history_base = {
            "thread_id": other.thread.id,
            "end_ordinal_exclusive": mark.ordinal,
            "end_byte_offset": sum(map(len, other._lines[: mark.line])),
        }

    def opened_by(self, other: Forks) -> None:
        """The surroundings are in the inherited history; old releases repeat them anyway."""
        self.needs_openings = other.needs_openings or self.release.minor < 107
        self._answers = other._answers

    def revert(self, before_turn: int) -> Rollout:
        """Paginated threads are reverted with a further segment; what follows the cut here is
        dropped."""
        if not self.release.paginated:
            raise ValueError("only paginated threads are reverted")
        self.settle()
        mark = self.marks[before_turn]
        for turn in self.facts.turns[before_turn:]:
            turn.dropped = True
        segment = self.relative(thread_id=self.thread.id, segment_id=self.ids.v7())
        segment.thread.session_id = self.thread.session_id
        segment.thread.window_id = self.thread.window_id
        segment.thread.multi_agent = "v1"
        segment.facts.relation = "revert"
        segment.base_on(self, mark)
        segment.start_from(mark.counted, mark.recorded)
        segment.opened_by(self)
        segment.open_file()
        segment.settings()
        return segment
