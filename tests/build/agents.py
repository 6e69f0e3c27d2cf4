"""Agents: a session's model starts another session and is notified of its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.build import copies, payload
from tests.build.expected import Agent, Usage
from tests.build.forks import Forks
from tests.build.line import Json, text
from tests.build.responses import Call

if TYPE_CHECKING:
    from tests.build.rollout import Rollout

NICKNAMES = ("Singer", "Hilbert", "Gibbs", "Carver", "Banach", "Sartre", "Russell")
TOOLS_GONE = "The following tools are no longer available. Do not call them:\n- functions.ask"


class Agents(Forks):
    def spawn(
        self,
        task: str,
        name: str = "helper",
        *,
        copied: bool | None = None,
        usage: Usage | None = None,
    ) -> Rollout:
        """The model starts an agent; the child comes back with its first turn begun.

        Agents of code-mode models get a copy of the history by default, others none.
        """
        if not self.release.agents:
            raise ValueError(f"{self.release.version} has no agents")
        with_history = self.release.agents_v2 if copied is None else copied
        call = self._spawn_call(task, name, with_history)
        if usage is not None:
            self.tokens(usage.input, usage.cached, usage.output, usage.reasoning)
        self.settle()
        path = f"/root/{name}" if self.release.agents_v2 else None
        nickname = NICKNAMES[len(self.facts.agents) % len(NICKNAMES)]
        child = self.relative(parent=self, source=self.spawned_by(self, path, nickname))
        child.thread.nickname, child.thread.agent_path = nickname, path
        child.facts.task = task
        self.facts.agents.append(Agent(child.thread.id, task, path or self._nick(nickname)))
        child.begin_as_agent(self, task, copied=with_history)
        call.ends.extend(self._spawn_ends(str(call.item["call_id"]), child, task))
        named: Json = {"agent_id": child.thread.id}
        if self.release.minor >= 107:
            named["nickname"] = nickname
        call.output = self.output_item(call, text({"task_name": path} if path else named))
        self.go_on()
        if path is not None:
            self._write_agent_names()
        return child

    def _nick(self, nickname: str) -> str | None:
        return nickname if self.release.minor >= 107 else None

    def _spawn_call(self, task: str, name: str, copied: bool) -> Call:
        if self.release.agents_v2:
            turns = {"fork_turns": "all" if copied else "none"}
            given = {"task_name": name, "message": task, **turns}
            return self.call("spawn_agent", given, None, "collaboration")
        fork = {"fork_context": True} if copied else {}
        namespace = "multi_agent_v1" if self.release.minor >= 145 else None
        return self.call("spawn_agent", {"message": task, **fork}, None, namespace)

    def spawned_by(self, parent: Forks, path: str | None, nickname: str | None) -> Json:
        minor = parent.release.minor
        link: Json = {"parent_thread_id": parent.thread.id, "depth": parent.depth() + 1}
        if minor >= 140:
            link["agent_path"] = path
        if minor >= 107:
            link |= {"agent_nickname": nickname, "agent_role": None}
        return {"subagent": {"thread_spawn": link}}

    def _spawn_ends(self, call_id: str, child: Agents, task: str) -> list[tuple[Json, int]]:
        to, model = child.thread.id, self.thread.model
        if self.release.agents_v2:
            return [(self._activity("started", call_id, child, model), 0)]
        if self.release.paginated:
            link = {"sender_thread_id": self.thread.id, "receiver_thread_ids": [to]}
            item = {"type": "CollabAgentToolCall", "id": call_id, "tool": "spawn_agent"}
            tail = {"prompt": task, "model": model, "agents_states": {to: "pending_init"}}
            return [({**item, "status": "completed", **link, **tail}, 0)]
        if self.extended:
            event: Json = {"type": "collab_agent_spawn_end", "call_id": call_id}
            event |= {"sender_thread_id": self.thread.id, "new_thread_id": to}
            event |= {"new_agent_nickname": child.thread.nickname, "new_agent_role": None}
            return [({**event, "prompt": task, "status": "pending_init"}, 0)]
        return []

    def _activity(self, kind: str, number: str, child: Agents, model: str | None) -> Json:
        effort = "medium" if model is not None else None
        who = {"agent_thread_id": child.thread.id, "agent_path": child.thread.agent_path}
        named = {"model": model, "reasoning_effort": effort, "id": number, "kind": kind}
        return {"type": "SubAgentActivity", **named, **who}

    def _write_agent_names(self) -> None:
        names = "\n".join(f'<agent name="{agent.name}" />' for agent in self.facts.agents)
        self.line("world_state", {"full": False, "state": {"environments": {"subagents": names}}})

    def begin_as_agent(self, parent: Agents, task: str, *, copied: bool) -> None:
        v2 = self.release.agents_v2
        if copied and v2:
            self._inherit(parent)
        elif copied:
            self._inherit_all(parent)
        if not v2:
            self.prompt(task)
            return
        self.start_turn("exec", parent_turn=parent.turn_id, root_turn=parent.root_turn_id)
        self.line("inter_agent_communication_metadata", {"trigger_turn": True})
        to = str(self.thread.agent_path)
        head = f"Message Type: NEW_TASK\nTask name: {to}\nSender: /root\nPayload:\n"
        sealed = {"type": "encrypted_content", "encrypted_content": task}
        content = [{"type": "input_text", "text": head}, sealed]
        item: Json = {"type": "agent_message", "id": f"amsg_{self.ids.v7()}", "author": "/root"}
        self.item({**item, "recipient": to, "content": content})

    def write_openings(self) -> None:
        if self.thread.own_history_from is None or len(self.facts.turns) > 1:
            super().write_openings()
            return
        self.message("developer", TOOLS_GONE, "tools.removed_definition")
        self.message("developer", payload.MULTI_AGENT_MODE, "multi_agent.mode_instructions")
        state = {"environments": {"subagents": None}}
        self.line("world_state", {"full": False, "state": state})

    def _inherit_all(self, parent: Agents) -> None:
        """v1: a full copy, the spawning call is answered for the child, the counters continue."""
        self.thread.forked_from = parent.thread.id
        self.start_from(parent.counted, parent.recorded)
        self.open_file()
        self.copy(copies.whole(parent._lines))
        call = parent.waiting_call()
        self.item(self.output_item(call, copies.FORKED_HINT))
        for role, content, kind in payload.openings(self.release, self.thread):
            self.message(role, content, kind)
        self.facts.copied_lines += 1 + len(payload.openings(self.release, self.thread))
        self.needs_openings = False

    def _inherit(self, parent: Agents) -> None:
        """v2: the conversation only, closed by an artificial abort; counters start at zero."""
        self.thread.forked_from, self.thread.multi_agent = parent.thread.id, "v2"
        records = copies.for_agent(parent._lines)
        self.thread.own_history_from = len(records) + 4
        self.open_file()
        self.copy(records)
        ids = {"root_turn_id": parent.root_turn_id, "turn_id": parent.turn_id}
        self.event("turn_aborted", **ids, reason="interrupted", started_at=parent.began)
        self.message("developer", copies.CHILD_HINT, "multi_agent.usage_hint")
        role = payload.multi_agent_role(str(self.thread.agent_path))
        self.message("developer", role, "multi_agent.role_instructions")
        self.facts.copied_lines += 3
        self.settings()

    @property
    def began(self) -> int:
        return self._began_ms // 1000

    def agent_done(self, child: Agents) -> None:
        """The parent is notified that an agent has finished."""
        self.settle()
        if self.release.agents_v2:
            number = f"subagent-completed-{child.turn_id}"
            done = self._activity("completed", number, child, None)
            if self.release.paginated:
                self.turn_item(done)
            return
        if self.release.minor < 107:
            return
        answer = child.expected.turns[-1].answer
        notice = {"agent_id": child.thread.id, "status": {"completed": answer}}
        entry = f"<subagent_notification>\n{text(notice)}\n</subagent_notification>"
        self.message("user", entry, "multi_agent.notification")
