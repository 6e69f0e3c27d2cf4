"""Changes of the context: compaction and rollback."""

from tests.build import payload
from tests.build.line import Json
from tests.build.tools import Tools


class Context(Tools):
    def compact(self, summary: str = "Summary so far.") -> None:
        """The context is full: within a turn, or as a turn of its own between turns."""
        self.settle()
        if self.release.bare:
            raise ValueError("0.20 writes nothing when it compacts")
        alone = not self._turn_open
        if alone:
            self.start_turn(silent=True)
            self.ask()
        self.facts.compactions += 1
        self._compact(payload.SUMMARY_PREFIX + summary, summary)
        self.needs_openings = alone and self.release.rich_compaction and not self.release.paginated
        if alone:
            self.end_turn()
        else:
            self.ask()

    def _compact(self, entry: str, summary: str) -> None:
        new = self.release.rich_compaction
        if new:
            self._asked = False
            if self.counted is not None:
                self.count()
            self.item(self.from_model(summary, f"msg_{self.ids.number()}"))
        else:
            self.begin_answer()
        self._spend(self.next_usage())
        self._answers += 1
        self.count_late()
        if not new:
            self.count(estimate=3004)
        self.line("compacted", {"message": entry, **(self._replacement(entry) if new else {})})
        if self.release.paginated:
            self.line("world_state", payload.world_state(self.thread))
            self.context()
            if self.release.settings_first_turn:
                self.settings()
        if new:
            self.count(estimate=6870)
        if self.release.paginated:
            self.turn_item({"type": "ContextCompaction", "id": self.ids.v7()}, 30)
        elif self.release.minor < 98:
            self.event("agent_message", message="Compact task completed")
        else:
            self.event("context_compacted")

    def _replacement(self, entry: str) -> Json:
        def user(text: str) -> Json:
            content = [{"type": "input_text", "text": text}]
            return {"type": "message", "role": "user", "content": content}

        history = [user(prompt) for prompt in self.facts.prompts]
        kept = [{"order": order, "text": text} for order, text in enumerate(self.facts.prompts)]
        newest: Json = {}
        if self.last_record is not None:
            newest = {
                "compaction_response_id": self.last_record["response_id"],
                "latest_token_usage_record": self.last_record,
            }
        return {
            "replacement_history": [*history, user(entry)],
            **({"retained_context": {"user_messages": kept}} if newest else {}),
            "window_number": self.facts.compactions,
            "first_window_id": self.thread.window_id,
            "previous_window_id": self.thread.window_id,
            "window_id": self.ids.v7(),
            **newest,
        }

    def rollback(self, turns: int) -> None:
        """The user rolls back the last turns; before 0.160, in legacy files."""
        self.settle()
        self.facts.drop(turns)
        self.count(estimate=3081)
        self.event("thread_rolled_back", num_turns=turns)
