"""Single lines of a thread: an item, a turn item, a message, the turn's context.

Each carries the ids and links its release adds. The subclasses decide when they are written.
"""

from pathlib import Path

from tests.build import payload
from tests.build.expected import Expected
from tests.build.line import Clock, Ids, Json
from tests.build.release import Release
from tests.build.writer import Writer

UNLINKED = {"ghost_snapshot", "additional_tools"}


class Items(Writer):
    def __init__(
        self, path: Path, clock: Clock, ids: Ids, release: Release, thread: payload.Thread
    ) -> None:
        super().__init__(path, clock, ids, release)
        self.thread = thread
        self.facts = Expected(thread.id, release.version, thread.cwd, thread.model)
        self.turn_id: str | None = None
        self.root_turn_id: str | None = None
        self.sequence = 0
        """how many items the model's history has"""
        self.sampled = 0
        """how many of them the last answer had seen"""

    def context(self) -> None:
        context = payload.turn_context(self.release, self.thread, self.turn_id, self.root_turn_id)
        self.line("turn_context", context)

    def item(self, item: Json, kind: str | None = None) -> None:
        """A response item, with the links to its turn that the release adds."""
        self.sequence += 1
        metadata = None
        if self.release.metadata:
            metadata = {
                "history_sequence": self.sequence,
                "sampled_through_sequence": self.sampled,
                "client_authored": False,
            }
        self.line("response_item", self._linked(item, kind), metadata)

    def _linked(self, item: Json, kind: str | None) -> Json:
        if not self.release.linked_items or item["type"] in UNLINKED:
            return item
        link: Json = {"turn_id": self.turn_id} if self.turn_id else {}
        if kind is not None and self.release.item_ids:
            link |= {"create_time": self.clock.ms / 1000, "content_item_kinds": [kind]}
        return {**item, "internal_chat_message_metadata_passthrough": link}

    def turn_item(
        self, item: Json, took_ms: int = 0, of: tuple[str, str | None] | None = None
    ) -> None:
        """`of` names another thread and turn, for lines that repeat those of another session."""
        thread_id, turn_id = of or (self.thread.id, self.turn_id)
        self.event(
            "item_completed",
            thread_id=thread_id,
            turn_id=turn_id,
            item=item,
            started_at_ms=self.clock.ms - took_ms,
            completed_at_ms=self.clock.ms,
        )

    def message(self, role: str, text: str, kind: str) -> None:
        """A message to the model; `kind` is its origin, which newer releases record."""
        content = [{"type": "input_text", "text": text}]
        ids: Json = {}
        if self.release.item_ids:
            ids = {"id": f"msg_{self.ids.v7()}"}
        elif self.release.bare:
            ids = {"id": None}
        self.item({"type": "message", **ids, "role": role, "content": content}, kind)

    def from_model(self, text: str, number: str) -> Json:
        """A message as the model's server sends it."""
        newest = self.release.minor >= 165
        content: Json = {"type": "output_text", "text": text}
        if newest:
            content["annotations"] = []
        item: Json = {"type": "message"}
        if newest:
            item["status"] = "completed"
        if self.release.bare:
            item["id"] = None
        elif self.release.linked_items:
            item["id"] = number
        return item | {"role": "assistant", "content": [content]}
