"""The turns of a thread: the beginning, the prompt, and the four ways it can end."""

from dataclasses import dataclass
from functools import cached_property

from tests.build import payload
from tests.build.expected import Command, State, Turn, Usage
from tests.build.line import Json
from tests.build.release import Release
from tests.build.responses import Call, Responses, Spoken

FAILURE = "We’re currently experiencing high demand, which may cause temporary errors."
TURN_ABORTED = (
    "<turn_aborted>\nThe user interrupted the previous turn on purpose. Any running unified exec "
    "processes may still be running in the background. If any tools/commands were aborted, they "
    "may have partially executed.\n</turn_aborted>"
)


@dataclass(frozen=True)
class Mark:
    """The beginning of a turn, as a place to cut."""

    line: int
    ordinal: int
    counted: Usage | None
    recorded: Usage


class Turns(Responses):
    @cached_property
    def marks(self) -> list[Mark]:
        """The beginning of each turn of this file."""
        return []

    _opened = False
    needs_openings = True
    """the model does not know its surroundings: at first, and after a requested compaction"""
    _answered = False
    _turn_open = False
    _began_ms = 0

    # ── beginning ───────────────────────────────────────────────────────────────────────────────

    def open_file(self) -> None:
        """Write line 0, unless it is there already."""
        if self._opened:
            return
        self._opened = True
        self.line("session_meta", payload.session_meta(self.release, self.thread))
        if self.release.bare:
            self.line("", {"record_type": "state"})

    def start_turn(
        self,
        trigger: str | None = None,
        *,
        parent_turn: str | None = None,
        root_turn: str | None = None,
        silent: bool = False,
    ) -> None:
        """Begin a turn; `prompt` does this by itself if needed.

        `silent` turns do not describe the surroundings to the model: a requested compaction.
        """
        self.settle()
        first = not self._opened
        self.open_file()
        release = self.release
        has_id = release.turn_events or release.paginated
        self.turn_id = self.ids.v7() if has_id else None
        self.root_turn_id = root_turn or self.turn_id
        self.marks.append(Mark(len(self._lines), self.ordinal, self.counted, self.recorded))
        self.begin_turn(Turn(self.turn_id))
        self._turn_open, self._answered, self._began_ms = True, False, self.clock.ms
        needs_openings = self.needs_openings and not silent
        self.needs_openings = self.needs_openings and silent
        if needs_openings and release.minor < 107:
            self.write_openings()
        if release.turn_events:
            self.event("task_started", **self._started(trigger, parent_turn))
        if release.minor >= 107 and not silent:
            if needs_openings:
                self.write_openings()
            if not release.context_each_request:
                self.context()
            if first and release.settings_first_turn:
                self.settings()

    def write_openings(self) -> None:
        """The automatic messages, and the state of the world if the release writes it."""
        if self.release.code_mode:
            tools = [{"type": "namespace", "name": "functions", "tools": []}]
            ids = {"id": f"at_{self.ids.v7()}"}
            self.item({"type": "additional_tools", **ids, "role": "developer", "tools": tools})
        for role, text, kind in payload.openings(self.release, self.thread):
            self.message(role, text, kind)
        if self.release.linked_items:
            self.line("world_state", payload.world_state(self.thread))

    def settings(self) -> None:
        self.event("thread_settings_applied", **payload.thread_settings(self.release, self.thread))

    def _started(self, trigger: str | None, parent_turn: str | None) -> Json:
        release = self.release
        fields: Json = {}
        if release.minor >= 169:
            origin = "exec" if self.thread.source == "exec" else "user"
            fields["turn_attribution"] = {
                "turn_id": self.turn_id,
                "turn_trigger": trigger or origin,
                "parent_turn_id": parent_turn,
                "initiating_agent_path": "/root" if parent_turn else None,
                "root_turn_id": self.root_turn_id,
            }
        fields["turn_id"] = self.turn_id
        if release.minor >= 169:
            fields["root_turn_id"] = self.root_turn_id
        if release.turn_times:
            fields["started_at"] = self.clock.seconds
        return fields | {
            "model_context_window": release.window,
            "collaboration_mode_kind": "default",
        }

    def prompt(self, text: str) -> None:
        """A prompt of the user; during a turn it steers, in releases that mark turns."""
        asked_before = self._turn_open and self.facts.turns[-1].prompts
        if asked_before and not self.release.turn_events:
            self.settle()
            self._close_turn(State.COMPLETED, marked=False)
        if not self._turn_open:
            self.start_turn()
        self.settle()
        self.facts.turns[-1].prompts.append(text)
        self.message("user", text, "user.text")
        if self.release.paginated:
            content = [{"type": "text", "text": text, "text_elements": []}]
            self.turn_item({"type": "UserMessage", "id": self.ids.v7(), "content": content})
        elif not self.release.bare:
            self.event("user_message", message=text, **payload.user_message_extras(self.release))
        self.ask()

    # ── ending ──────────────────────────────────────────────────────────────────────────────────

    def say(self, text: str, phase: str | None = None) -> None:
        """The model sends a message to the user."""
        self._answered = True
        turn = self.facts.turns[-1]
        turn.says.append(text)
        turn.answer = text
        named = {"phase": phase} if phase is not None else {}
        number = f"msg_{self.ids.number()}"
        item = self.from_model(text, number) | named
        event: Json = {"type": "agent_message", "message": text}
        if self.release.minor >= 107:
            event["phase"] = phase
        if self.release.minor >= 120:
            event["memory_citation"] = None
        turn_item: Json = {"type": "AgentMessage", "id": number}
        turn_item |= {"content": [{"type": "Text", "text": text}], **named}
        self.add(Spoken(item, event, turn_item))

    def end_turn(self, answer: str | None = None, phase: str | None = None) -> None:
        """The turn is complete; `answer` is sent first if given."""
        if answer is not None:
            self.say(answer, phase)
        self.settle()
        last = self.facts.turns[-1].answer
        self._complete(State.COMPLETED, last_agent_message=last)

    def fail_turn(self, error: str = FAILURE, kind: str = "internal_server_error") -> None:
        """The model could not be reached: the newest releases record the reason."""
        self.settle()
        self.ask()
        fields: Json = {"last_agent_message": None}
        if self.release.failure_text:
            fields["error"] = {"message": error, "codex_error_info": kind}
            self.facts.turns[-1].error = error
        self._complete(State.FAILED, **fields)

    def _complete(self, state: State, **fields: object) -> None:
        if self.release.turn_events:
            timed = self._answered and self.release.turn_times
            took: Json = {"time_to_first_token_ms": 97} if timed else {}
            self.event("task_complete", **self._ids(), **fields, **self._times(), **took)
        self._close_turn(state, marked=self.release.turn_events)

    def abort_turn(self, seconds: float = 5.4) -> None:
        """The user pressed Escape."""
        self.settle()
        self.clock.advance(seconds)
        killed = self._interrupt_calls(seconds)
        if self.release.minor >= 98:
            role = "developer" if self.release.code_mode else "user"
            self.message(role, TURN_ABORTED, "generic.turn_aborted")
        if not self.release.bare:
            ids = self._ids()
            self.event("turn_aborted", **ids, reason="interrupted", **self._times())
        for item in killed:
            self.turn_item(item, round(seconds * 1000))
        self._close_turn(State.INTERRUPTED, marked=not self.release.bare)

    def _interrupt_calls(self, seconds: float) -> list[Json]:
        """Give every running call the output of an interruption; returns late turn items."""
        waiting, self.waiting = self.waiting, []
        killed = []
        for call in waiting:
            if not isinstance(call, Call) or call.output is not None:
                continue
            command = self.command_of(call)
            if command is not None and self.release.paginated:
                killed.append(self.killed_item(call, command))
            if command is not None:
                command.state = State.INTERRUPTED
            if self.release.streams_items:
                call.output = self.output_item(call, self._aborted_text(seconds))
        if waiting:
            self.finish(waiting)
        elif self.release.repeats_counts:
            self.begin_answer()
        elif self.release.minor >= 134 and self.counted is not None:
            self.count()
        return killed

    def _aborted_text(self, seconds: float) -> str:
        if self.release.minor >= 150 and not self.release.code_mode:
            return f"Wall time: {seconds:.1f} seconds\naborted by user"
        return f"aborted by user after {seconds:.1f}s"

    def die(self, *, flushed: bool = False) -> None:
        """The process is killed: nothing more is written, the turn stays open in the file.

        `flushed`: before 0.98 a SIGINT still wrote the calls that ran, without an output.
        """
        self.settle()
        waiting, self.waiting = self.waiting, []
        if flushed and not self.release.streams_items:
            for part in waiting:
                self.item(part.item)
        self._uncounted = None
        self._turn_open = False

    def resume(self, version: str | None = None, *, after: float = 60) -> None:
        """Another process, perhaps a newer Codex, continues the thread."""
        self.settle()
        self.clock.advance(after)
        if version is not None:
            self.release = Release(version, self.release.paginated, self.release.code_mode)
        for _ in range(self.release.settings_on_resume):
            self.settings()

    def end(self) -> None:
        """Codex is closed: an open turn has ended, but no line is written for it."""
        self.settle()
        if self._turn_open and not self.release.turn_events:
            self._close_turn(State.COMPLETED, marked=False)

    def _close_turn(self, state: State, *, marked: bool) -> None:
        turn = self.facts.turns[-1]
        turn.state, turn.marked = state, marked
        self._turn_open = False

    def _ids(self) -> Json:
        ids = {"root_turn_id": self.root_turn_id} if self.release.minor >= 169 else {}
        return ids | ({"turn_id": self.turn_id} if self.turn_id else {})

    def _times(self) -> Json:
        if not self.release.turn_times:
            return {}
        started = {"started_at": self._began_ms // 1000} if self.release.minor >= 134 else {}
        took = {"completed_at": self.clock.seconds, "duration_ms": self.clock.ms - self._began_ms}
        return started | took

    # ── overridden by the tools ───────────────────────────────────────────────────────────────────

    def command_of(self, call: Call) -> Command | None:
        raise NotImplementedError

    def killed_item(self, call: Call, command: Command) -> Json:
        raise NotImplementedError

    def output_item(self, call: Call, output: object) -> Json:
        raise NotImplementedError
