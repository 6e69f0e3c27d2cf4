"""The model thinks, plans and runs commands; and the lines of any tool call."""

from collections.abc import Sequence

from tests.build import calls
from tests.build.expected import Command, PlanRevision, State
from tests.build.line import Json, text
from tests.build.responses import Call, Spoken
from tests.build.turns import Turns

SEALED = "gAAAA" + "b2s" * 8


class Commands(Turns):
    extended = False
    """legacy files of clients that asked for more events (Desktop and VS Code, 0.107 to 0.133)"""

    # ── calls in general ────────────────────────────────────────────────────────────────────────

    def call(
        self, name: str, arguments: object, output: object = None, namespace: str | None = None
    ) -> Call:
        """Any function call; without an output it stays open."""
        self.facts.tools.append(name)
        if self.release.code_mode and namespace is None:
            return self._script(name, arguments, output)
        number = self.ids.number()
        item: Json = {"type": "function_call"}
        if self.release.minor >= 169:
            item["status"] = "completed"
        if self.release.item_ids or self.release.bare:
            item["id"] = f"fc_{number}"
        item["name"] = name
        if namespace is not None:
            item["namespace"] = namespace
        item["arguments"] = arguments if isinstance(arguments, str) else text(arguments)
        item["call_id"] = f"call_{number}"
        return self._called(item, output)

    def custom(self, name: str, given: str, output: object = None) -> Call:
        """A call whose input is free text."""
        number = self.ids.number()
        item: Json = {"type": "custom_tool_call"}
        if self.release.item_ids:
            item["id"] = f"ctc_{number}"
        item |= {"status": "completed", "call_id": f"call_{number}", "name": name, "input": given}
        return self._called(item, output)

    def _script(self, name: str, arguments: object, output: object) -> Call:
        shown = None
        if output is not None:
            shown = calls.script_output(output if isinstance(output, str) else "{}")
        return self.custom("exec", calls.script(name, arguments), shown)

    def _called(self, item: Json, output: object) -> Call:
        call = Call(item)
        if output is not None:
            call.output = self.output_item(call, output)
        self.add(call)
        return call

    def output_item(self, call: Call, output: object) -> Json:
        custom = call.item["type"] == "custom_tool_call"
        item: Json = {"type": f"{call.item['type']}_output"}
        if self.release.item_ids:
            item["id"] = f"{'ctco' if custom else 'fco'}_{self.ids.v7()}"
        return item | {"call_id": call.item["call_id"], "output": output}

    def item_id(self, call: Call) -> str:
        """Turn items name the call, except that scripts call their tools under other ids."""
        return f"exec-{self.ids.v4()}" if self.release.code_mode else str(call.item["call_id"])

    def waiting_call(self) -> Call:
        """The first call that still runs."""
        self.settle()
        for part in self.waiting:
            if isinstance(part, Call) and part.output is None:
                return part
        raise ValueError("no call is open")

    def go_on(self) -> None:
        """Write the outputs of the answer as soon as every call has one."""
        if all(part.output for part in self.waiting if isinstance(part, Call)):
            parts, self.waiting = self.waiting, []
            self.finish(parts)

    # ── thoughts and plans ──────────────────────────────────────────────────────────────────────

    def think(self, summary: str) -> None:
        self.facts.thoughts.append(summary)
        number = f"rs_{self.ids.number()}"
        item: Json = {"type": "reasoning"}
        if self.release.item_ids or self.release.bare:
            item["id"] = number
        item["summary"] = [{"type": "summary_text", "text": summary}]
        if not self.release.bare:
            item["content"] = None
        item["encrypted_content"] = SEALED
        thought = {"type": "Reasoning", "id": number, "summary_text": [summary], "raw_content": []}
        self.add(Spoken(item, {"type": "agent_reasoning", "text": summary}, thought))

    def plan(self, steps: Sequence[tuple[str, str]], explanation: str | None = None) -> None:
        """update_plan with each step's text and status."""
        self.facts.plan.append(PlanRevision(tuple(steps), explanation))
        listed = [{"step": step, "status": status} for step, status in steps]
        given = {"explanation": explanation} if explanation is not None else {}
        shown = "{}" if self.release.code_mode else "Plan updated"
        self.call("update_plan", {**given, "plan": listed}, shown)

    # ── commands ────────────────────────────────────────────────────────────────────────────────

    def command(
        self,
        command: str,
        exit_code: int = 0,
        output: str = "",
        seconds: float = 0.1,
        workdir: str | None = None,
    ) -> None:
        call, entry = self._run(command, workdir)
        self._end_command(call, entry, exit_code, output, seconds)

    def open_command(self, command: str, workdir: str | None = None) -> None:
        """A command that still runs; before 0.98 it is not in the file yet."""
        self._run(command, workdir)

    def finish_command(self, exit_code: int = 0, output: str = "", seconds: float = 0.1) -> None:
        call = self.waiting_call()
        entry = self.command_of(call)
        if entry is None:
            raise ValueError("the open call is no command")
        self._end_command(call, entry, exit_code, output, seconds)
        self.go_on()

    def _run(self, command: str, workdir: str | None) -> tuple[Call, Command]:
        name, arguments = calls.command_call(self.release, command, workdir)
        call = self.call(name, arguments)
        entry = Command(command, str(call.item["call_id"]), State.OPEN)
        self.facts.commands.append(entry)
        return call, entry

    def _end_command(
        self, call: Call, entry: Command, exit_code: int, output: str, seconds: float
    ) -> None:
        self.clock.advance(seconds)
        ms = round(seconds * 1000)
        entry.state = State.COMPLETED if exit_code == 0 else State.FAILED
        entry.exit_code, entry.output = exit_code, output
        shown: object = calls.script_output(output, seconds)
        if not self.release.code_mode or self.release.scripts_alone:
            chunk = self.ids.hex(6)
            answer = calls.command_output(self.release, chunk, exit_code, output, seconds)
            alone = self.release.scripts_alone
            shown = calls.script_output(answer, seconds) if alone else answer
        item = calls.command_item(
            self.release, self.thread.cwd, self.item_id(call), entry.command, exit_code, output, ms
        )
        if self.release.paginated:
            call.ends.append((item, ms))
        elif self.extended:
            call.ends.append((calls.command_event(self.thread.cwd, self.turn_id, item), ms))
        call.output = self.output_item(call, shown)

    def command_of(self, call: Call) -> Command | None:
        found = [c for c in self.facts.commands if c.call_id == call.item["call_id"]]
        return found[0] if found else None

    def killed_item(self, call: Call, command: Command) -> Json:
        code = -1 if self.release.code_mode else 137
        return calls.command_item(
            self.release, self.thread.cwd, self.item_id(call), command.command, code, "", 5400
        )
