"""Messages: of the user, of the agent, of other agents.

A message can be in a file up to three times. Bare files have only an item; later ones also an event
or a turn item. Only the record that every file of a generation has is stored.
"""

from typing import Any

from ingest.codex import records as r
from ingest.codex.events import Events
from ingest.codex.facts import Facts, Message
from ingest.codex.fields import TITLE_CHARS, content_text, optional_text, stored_text
from ingest.codex.line_context import LineContext
from ingest.codex.outputs import answer_fields
from ingest.codex.request_text import request_in, written_by_codex
from ingest.codex.state import FoldState, HeldPrompt
from ingest.codex.tasks import Tasks
from ingest.codex.turns import Turns

USER_COMMAND = "<user_shell_command>"
INJECTED = (
    "<environment_context>",
    "<user_instructions>",
    "# AGENTS.md instructions",
    "<permissions instructions>",
    "<turn_aborted>",
    "<subagent_notification>",
    "<user_action>",
    USER_COMMAND,
    "<goal_context>",
    "<codex_internal_context",
    "Warning: apply_patch was requested",
)
"""How text begins that Codex writes in the user's name."""
NOTIFICATION = "<subagent_notification>"
NOTIFICATION_END = "</subagent_notification>"
_NOTIFICATION_BYTES = NOTIFICATION.encode()
_USER_COMMAND_BYTES = USER_COMMAND.encode()
MAX_HELD = 4
"""Maximal number of held prompts; a file begins with one prompt and the text put before it."""
COMPACTED_NOTICE = "Compact task completed"


class Messages:
    """The messages of a thread, each once."""

    def __init__(
        self,
        current: LineContext,
        state: FoldState,
        facts: Facts,
        turns: Turns,
        tasks: Tasks,
        events: Events,
    ) -> None:
        self.current = current
        self.state = state
        self.segment = state.segment
        self.facts = facts
        self.turns = turns
        self.tasks = tasks
        self.events = events
        turns.before_work = self._use_held_prompts

    def user_event(self, event: r.UserMessageEvent) -> None:
        from_items = self.state.items_only
        self.turns.use_events()
        injected = event.kind not in (None, "plain")
        if event.message and not injected and not from_items:
            self._add_prompt(event.message)

    def user_item(self, item: r.UserMessage) -> None:
        self.turns.use_events()
        if text := content_text(item.content):
            self._add_prompt(text)

    def _add_prompt(self, text: str) -> None:
        if self.segment.reviewing:
            # The prompt of the reviewer is repeated in the file that requested the review.
            return
        self.turns.user_prompted()
        if self.segment.first_prompt is None:
            # The whole text is masked, because a private part can begin before the request.
            masked = stored_text(text)
            title = written_by_codex(masked) or request_in(masked)
            self.segment.first_prompt = title[:TITLE_CHARS] or None
        self._add("user", None, text)

    def agent_event(self, event: r.AgentMessageEvent) -> None:
        self.turns.use_events()
        if event.message and not (self.state.compacting and event.message == COMPACTED_NOTICE):
            self._add_answer(event.message, _phase(event), event.memory_citation)

    def agent_item(self, item: r.AgentMessage) -> None:
        if text := content_text(item.content):
            self._add_answer(text, _phase(item), item.memory_citation)

    def _add_answer(self, text: str, phase: str | None, citation: Any = None) -> None:
        self.turns.agent_answered()
        self._add("assistant", phase, text)
        self.events.memory_cited(citation)

    def item(self, item: r.Message) -> None:
        """A message as an item: in bare files the message itself, elsewhere a duplicate."""
        if item.role == "assistant":
            self._use_held_prompts()
        if self.segment.generation in ("G0", "G1") or self.state.items_only:
            text = content_text(item.content)
            if item.role == "assistant" and text:
                self._add_answer(text, None)
            elif item.role == "user" and text and not text.startswith(INJECTED):
                self._add_prompt(text)
        elif item.role == "user":
            self._user_item(item)
            if not (self.state.has_events or self.segment.turns):
                self._hold_prompt(item)

    def _hold_prompt(self, item: r.Message) -> None:
        """Hold a prompt that Codex usually repeats as an event; if no event comes before the
        answer, none will.
        """
        text = content_text(item.content)
        if text and not text.startswith(INJECTED):
            held, current = self.state.held_prompts, self.current
            held.append(HeldPrompt(current.offset, current.length, current.at, stored_text(text)))
            del held[:-MAX_HELD]

    def _use_held_prompts(self) -> None:
        """The model answered and there was no event for the prompt: from now on, items are the
        messages.
        """
        state, current = self.state, self.current
        if state.has_events or not state.held_prompts:
            return
        state.items_only, held, state.held_prompts = True, state.held_prompts, []
        position = current.offset, current.length, current.at
        for prompt in held:
            current.offset, current.length, current.at = prompt.offset, prompt.length, prompt.at
            self._add_prompt(prompt.text)
        current.offset, current.length, current.at = position

    def _user_item(self, item: r.Message) -> None:
        """Messages that exist only as items: that an agent is done, or that a review ended long
        ago.
        """
        content = bytes(item.content)
        if _NOTIFICATION_BYTES in content:
            text = content_text(item.content).strip()
            if text.startswith(NOTIFICATION):
                notice = text.removeprefix(NOTIFICATION).removesuffix(NOTIFICATION_END)
                self.tasks.agent_notified(answer_fields(notice.strip()))
        elif _USER_COMMAND_BYTES in content:
            if content_text(item.content).startswith(USER_COMMAND):
                self.turns.user_ran_command()
        elif self.segment.reviewing and not content_text(item.content).startswith(INJECTED):
            # The reviewer's prompt is repeated only as an event; a further item is a prompt of the
            # user.
            self.segment.reviewing = False

    def agent_task_item(self, item: r.AgentTask) -> None:
        if text := content_text(item.content):
            self._add("agent", None, text)

    def agent_letter(self, letter: r.AgentLetter) -> None:
        if letter.content:
            self._add("agent", None, letter.content)

    def plan_item(self, item: r.Plan) -> None:
        """A proposed plan: a document for the user to approve, not a list of tasks."""
        if item.text:
            self.turns.agent_answered()
            self._add("assistant", "plan", item.text)

    def reasoned(self, _: r.Reasoning) -> None:
        """Reasoning never opens a turn: older files write it after the answer that it led to."""
        self.segment.reasonings += 1
        self.state.responded = True

    def _add(self, role: str, phase: str | None, text: str) -> None:
        current = self.current
        self.facts.messages.append(
            Message(
                current.source,
                current.offset,
                current.length,
                current.turn,
                current.at,
                role,
                optional_text(phase, 32),
                stored_text(text),
                len(text),
            )
        )


def _phase(title: r.AgentMessageEvent | r.AgentMessage) -> str | None:
    """The phase of a message of the agent.

    A question that the agent asks while it continues working has the phase of an answer, but is
    none.
    """
    return "question" if title.questions else title.phase
