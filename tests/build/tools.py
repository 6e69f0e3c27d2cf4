"""The model's other tools, in the user's words: patches, servers, questions."""

from tests.build import calls
from tests.build.calls import Files
from tests.build.commands import Commands
from tests.build.expected import FileTouch, Goal
from tests.build.line import Json, text
from tests.build.responses import Call, Spoken

PIXEL = "data:image/png;base64,iVBORw0KGgo="


class Tools(Commands):
    # ── files ───────────────────────────────────────────────────────────────────────────────────

    def patch(self, files: Files) -> None:
        """apply_patch that works: text adds a file, None deletes it, a pair changes one line."""
        given, success = calls.patch_text(files), calls.patch_success(files)
        call = self._patch_call(given, calls.patch_output(self.release, success))
        changes = calls.patch_changes(self.thread.cwd, files)
        call_id = str(call.item["call_id"])
        for path, change in changes.items():
            self.facts.files.append(FileTouch(path, change["type"], call_id))
        done: Json = {"status": "completed", "stdout": success, "stderr": ""}
        if self.release.paginated:
            of = {"id": self.item_id(call), "changes": changes}
            item = {"type": "FileChange", **of, **done}
            call.ends.append((item, 1))
        elif self.release.late_events or self.extended:
            event: Json = {"type": "patch_apply_end", "call_id": self.item_id(call)}
            event |= {"turn_id": self.turn_id}
            event |= {"stdout": success, "stderr": "", "success": True}
            call.ends.append(({**event, "changes": changes, "status": "completed"}, 1))

    def failing_patch(self, path: str = "nope.txt") -> None:
        """A patch of a missing file; no end of it is recorded."""
        self.facts.failed_patches += 1
        given = calls.patch_text({path: ("hello", "hello world")})
        problem = calls.patch_failure(self.release, f"{self.thread.cwd}/{path}")
        self._patch_call(given, problem)

    def _patch_call(self, given: str, output: str) -> Call:
        if self.release.bare:
            return self.call("shell", {"command": ["apply_patch", given]}, output)
        if self.release.code_mode:
            return self.call("apply_patch", given, "{}")
        self.facts.tools.append("apply_patch")
        return self.custom("apply_patch", given, output)

    # ── search, images, questions ─────────────────────────────────────────────────────────────────

    def mcp(
        self, server: str, tool: str, arguments: Json, result: str, *, error: bool = False
    ) -> None:
        content = [{"type": "text", "text": result}]
        newer = self.release.minor >= 140
        name, namespace = (tool, f"mcp__{server}") if newer else (f"mcp__{server}__{tool}", None)
        call = self.call(name, arguments, result if error else text(content), namespace)
        call_id = str(call.item["call_id"])
        where: Json = {"server": server, "tool": tool, "arguments": arguments}
        if self.release.paginated:
            ok = {"content": content}
            ended = {"error": {"message": result}} if error else {"result": ok}
            state = {"status": "failed" if error else "completed", **ended}
            item = {"type": "McpToolCall", "id": call_id, **where, **state}
            call.ends.append(({**item, "duration": calls.duration(250)}, 250))
        elif self.release.late_events or self.extended:
            outcome: Json = {"Err": result} if error else {"Ok": {"content": content}}
            event: Json = {"type": "mcp_tool_call_end", "call_id": call_id, "invocation": where}
            event |= {"duration": calls.duration(250), "result": outcome}
            call.ends.append((event, 250))

    def search(self, query: str) -> None:
        """The hosted web search: it has no output in the file."""
        self.facts.tools.append("web_search")
        number = f"ws_{self.ids.number()}"
        action = {"type": "search", "query": query}
        ids = {"id": number} if self.release.item_ids else {}
        item: Json = {"type": "web_search_call", **ids, "status": "completed", "action": action}
        found = {"type": "WebSearch", "id": number, "query": query, "action": action}
        event = {"type": "web_search_end", "call_id": number, "query": query, "action": action}
        entry = event if self.release.late_events or self.extended else None
        self.add(Spoken(item, entry, found))

    def image(self, path: str) -> None:
        """view_image of a file below the working directory."""
        place = f"{self.thread.cwd}/{path}"
        shown: object = [{"type": "input_image", "image_url": PIXEL}]
        if self.release.minor < 98:
            shown = "attached local image path"
        call = self.call("view_image", {"path": place}, shown)
        call_id = str(call.item["call_id"])
        if self.release.paginated:
            call.ends.append(({"type": "ImageView", "id": call_id, "path": place}, 1))
        elif self.extended:
            seen = {"type": "view_image_tool_call", "call_id": call_id, "path": place}
            call.ends.append((seen, 1))

    def ask_user(self, question: str) -> None:
        """The model asks and waits; `answer_user` continues."""
        self.facts.questions.append(question)
        asked = {"id": "q1", "header": "Question", "question": question}
        self.call("request_user_input", {"questions": [asked]})

    def answer_user(self, answer: str) -> None:
        shown = text({"answers": {"q1": {"answers": [answer]}}})
        call, code = self.waiting_call(), self.release.code_mode
        call.output = self.output_item(call, calls.script_output(shown) if code else shown)
        self.go_on()

    # ── goals ───────────────────────────────────────────────────────────────────────────────────

    def goal(self, objective: str, budget: int | None = None) -> None:
        """The model sets itself a goal."""
        self.facts.goals.append(Goal(objective, "active", budget))
        given = {"token_budget": budget} if budget is not None else {}
        self._goal_call("create_goal", {"objective": objective, **given})
        if self.release.minor >= 165:
            entry = {"name": "goal_objective", "namespace": "agent", "output": objective}
            number = f"fco_{self.ids.v7()}"
            self.reminders.append({"type": "function_call_output", "id": number, **entry})

    def goal_status(self, status: str) -> None:
        """The model reports the state of the goal, mostly `complete`."""
        self.facts.revise_goal(status)
        self._goal_call("update_goal", {"status": status})

    def _goal_call(self, tool: str, arguments: Json) -> None:
        report = {"remainingTokens": None, "completionBudgetReport": None}
        self.call(tool, arguments, text({"goal": self._goal(), **report}))

    def _goal(self) -> Json:
        goal = self.facts.goals[-1]
        budget = {"tokenBudget": goal.budget} if goal.budget is not None else {}
        return {
            "threadId": self.thread.id,
            "objective": goal.objective,
            "status": goal.status,
            **budget,
            "tokensUsed": self.recorded.total if goal.status == "complete" else 0,
            "timeUsedSeconds": 0,
            "createdAt": self.clock.seconds,
            "updatedAt": self.clock.seconds,
        }
