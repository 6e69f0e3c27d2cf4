"""Reviews: a child session reviews the changes, and the parent's file repeats some of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.build import payload
from tests.build.agents import Agents
from tests.build.expected import State, Turn
from tests.build.line import Json, text

if TYPE_CHECKING:
    from tests.build.rollout import Rollout

REVIEW_PROMPT = "Review the current code changes and provide prioritized findings."


class Reviews(Agents):
    def review(self, explanation: str = "Looks right.") -> Rollout:
        """/review of uncommitted changes: by a child session; the parent repeats some of it."""
        if self.release.minor < 98:
            raise ValueError("reviews are known since 0.98 only")
        self.settle()
        outer = self.ids.v7() if self.release.turn_events else None
        child = self.relative(source={"subagent": "review"}, parent=self)
        child.facts.relation, child.facts.parent = "review", child.thread.parent
        verdict = {"overall_correctness": "patch is correct", "overall_explanation": explanation}
        output: Json = {"findings": [], **verdict, "overall_confidence_score": 0.9}
        self._enter_review(outer)
        child.start_turn(parent_turn=outer, root_turn=outer)
        child.prompt(REVIEW_PROMPT)
        if child.turn_id is not None:
            self._leak(child, outer)
        child.end_turn(text(output))
        self._leave_review(child, outer, output, explanation)
        return child

    def _enter_review(self, outer: str | None) -> None:
        self.open_file()
        self.turn_id = self.root_turn_id = outer
        self.begin_turn(Turn(outer, State.COMPLETED, marked=self.release.turn_events))
        about: Json = {"target": {"type": "uncommittedChanges"}}
        about["user_facing_hint"] = "current changes"
        if self.release.paginated:
            self.turn_item({"type": "EnteredReviewMode", "id": self.ids.v7(), **about})
        else:
            ids = {"turn_id": outer, "item_id": self.ids.v7()} if self.release.minor >= 145 else {}
            self.event("entered_review_mode", **about, **ids)

    def _leak(self, child: Agents, outer: str | None) -> None:
        """The child's turn begins in the parent's file as well, and never ends there."""
        self.facts.leaked.append(str(child.turn_id))
        self.turn_id = child.turn_id
        self.event("task_started", **self._started(None, outer))
        self.turn_id = outer

    def _leave_review(
        self, child: Agents, outer: str | None, output: Json, explanation: str
    ) -> None:
        prompt: Json = {"type": "UserMessage", "id": self.ids.v7()}
        if self.release.paginated:
            content = [{"type": "text", "text": REVIEW_PROMPT, "text_elements": []}]
            prompt["content"] = content
            self.turn_item(prompt, of=(child.thread.id, child.turn_id))
        else:
            for _ in range(2):
                extras = payload.user_message_extras(self.release)
                self.event("user_message", message=REVIEW_PROMPT, **extras)
        self.facts.reviews.append(explanation)
        action = f"<user_action>\n  <action>review</action>\n  {explanation}\n</user_action>"
        self.message("user", action, "unknown")
        if self.release.paginated:
            done = {"type": "ExitedReviewMode", "id": self.ids.v7(), "review_output": output}
            self.turn_item(done)
        else:
            ids = {"turn_id": outer, "item_id": self.ids.v7()} if self.release.minor >= 145 else {}
            self.event("exited_review_mode", **ids, review_output=output)
        number = f"msg_{self.ids.v7()}"
        shown = [{"type": "output_text", "text": explanation}]
        item: Json = {"type": "message", **({"id": number} if self.release.linked_items else {})}
        self.item({**item, "role": "assistant", "content": shown})
        if self.release.paginated:
            content = [{"type": "Text", "text": explanation}]
            self.turn_item({"type": "AgentMessage", "id": number, "content": content})
        else:
            newer = {"phase": None} if self.release.minor >= 107 else {}
            self.event("agent_message", message=explanation, **newer)
        self.facts.turns[-1].says.append(explanation)
        if self.release.turn_events:
            self.event("task_complete", **self._ids(), last_agent_message=None, **self._times())
