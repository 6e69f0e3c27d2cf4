"""Plans, goals and agents are stored once, as Codex accepted them."""

import json
from typing import Any

import pytest

from ingest.codex.facts import AgentLink, PlanStep
from tests.unit.codex.lines import call, done, event, fold, item, meta, output

STARTED = event("task_started", turn_id="a")
PLAN = [{"step": "One", "status": "completed"}, {"step": "Two", "status": "pending"}]
MORE = [{"step": "One", "status": "completed"}, {"step": "Two", "status": "completed"}]


def goal(status: str, tokens: int = 0) -> dict[str, Any]:
    return {"objective": "Ship it", "status": status, "tokensUsed": tokens}


def links(*lines: bytes) -> list[tuple[str, str | None, str | None, str | None]]:
    def records(link: AgentLink) -> tuple[str, str | None, str | None, str | None]:
        return link.event, link.child, link.path, link.task

    return [records(link) for link in fold(meta(), STARTED, *lines).facts.agents]


def test_refused_plan_leaves_the_previous_one_current() -> None:
    folded = fold(
        meta(),
        STARTED,
        call("update_plan", "c", plan=PLAN),
        output("c", "Plan updated"),
        call("update_plan", "d", plan=MORE),
        output("d", "unsupported call: update_plan"),
    )
    assert [plan.accepted for plan in folded.facts.plans] == [True, False]
    segment = folded.facts.segments[0]
    assert (segment.plan_done, segment.plan_total, segment.plan_revision) == (1, 2, 2)


NO_TOOL = "TypeError: tools.update_plan is not a function"
FAILED = f"Script failed\nWall time 0.1 seconds\nOutput:\n\nScript error:\n{NO_TOOL}\n    at x:1:13"
CAUGHT = f"Script completed\nWall time 0.1 seconds\nOutput:\n\n{NO_TOOL}"
BROKEN = "Script failed\nWall time 0.0 seconds\nOutput:\n\nScript error:\nSyntaxError: Unexpected"
ELSEWHERE = "Script failed\nWall time 0.1 seconds\nOutput:\n\nScript error:\nError: no such file"


def script(call_id: str, *plans: list[dict[str, str]]) -> bytes:
    calls = [f"await tools.update_plan({json.dumps({'plan': plan})});" for plan in plans]
    return item("custom_tool_call", name="exec", input="\n".join(calls), call_id=call_id)


def answer(call_id: str, reply: str) -> bytes:
    return item("custom_tool_call_output", call_id=call_id, output=reply)


def accepted(*lines: bytes) -> list[bool]:
    return [plan.accepted for plan in fold(meta(), STARTED, *lines).facts.plans]


@pytest.mark.parametrize("reply", [FAILED, CAUGHT, BROKEN])
def test_script_plans_are_refused_without_a_plan_tool(reply: str) -> None:
    records = (script("c", PLAN), answer("c", "Script completed\nOutput:\n{}"))
    folded = fold(meta(), STARTED, *records, script("d", MORE, PLAN), answer("d", reply))
    assert [plan.accepted for plan in folded.facts.plans] == [True, False, False]
    segment = folded.facts.segments[0]
    assert (segment.plan_accepted, segment.plan_done, segment.plan_total) == (1, 1, 2)


def test_the_plan_of_a_script_that_failed_elsewhere_is_kept() -> None:
    assert accepted(script("c", PLAN), answer("c", ELSEWHERE)) == [True]


def test_a_plan_counts_while_its_script_runs() -> None:
    segment = fold(meta(), STARTED, script("c", PLAN)).facts.segments[0]
    assert (segment.plan_accepted, segment.plan_total) == (1, 2)


def test_a_refusal_that_is_read_later_replaces_the_plans_of_the_script() -> None:
    before = fold(meta(), STARTED, script("c", MORE, PLAN))
    after = fold(answer("c", FAILED), state=before.state)
    assert after.stale.count(("plans", before.facts.plans[0].byte)) == 1
    assert [plan.accepted for plan in after.facts.plans] == [False, False]
    assert after.facts.segments[0].plan_accepted == 0


def test_background_script_settles_its_plans_when_it_ends() -> None:
    running = "Script running with cell ID 1\nWall time 10.0 seconds\nOutput:\n"
    records = (script("c", PLAN), answer("c", running), call("wait", "d", cell_id="1"))
    assert accepted(*records, output("d", FAILED)) == [False]


def test_unreadable_plan_is_stored_as_a_call() -> None:
    broken = item("function_call", name="update_plan", arguments='{"plan": [', call_id="c")
    folded = fold(meta(), STARTED, broken, output("c", "failed to parse function arguments: EOF"))
    assert folded.facts.plans == []
    (records,) = folded.facts.calls
    assert (records.kind, records.status, records.command) == ("plan", "failed", '{"plan": [')


def test_malformed_steps_are_skipped() -> None:
    odd = [{"step": "One"}, "Two", {"status": "completed"}, 3]
    (plan,) = fold(meta(), STARTED, call("update_plan", "c", plan=odd)).facts.plans
    assert plan.steps == [PlanStep("One", "pending"), PlanStep("", "completed")]


def test_goal_reported_by_call_and_event_is_stored_once() -> None:
    answer = json.dumps({"goal": goal("active"), "remainingTokens": None}, separators=(",", ":"))
    folded = fold(
        meta(),
        STARTED,
        call("create_goal", "c", objective="Ship it"),
        event("thread_goal_updated", goal=goal("active")),
        output("c", answer),
        event("thread_goal_updated", goal=goal("complete", 900)),
    )
    assert [(one.status, one.tokens_used) for one in folded.facts.goals] == [
        ("active", 0),
        ("complete", 900),
    ]


def test_a_script_shows_the_goal_it_set() -> None:
    answer = json.dumps({"goal": goal("active")}, separators=(",", ":"))
    script = "text(JSON.stringify(await tools.create_goal({objective: 'Ship it'})))"
    head = {"type": "input_text", "text": "Script completed\nWall time 0.0 seconds\nOutput:\n"}
    folded = fold(
        meta(history_mode="paginated"),
        STARTED,
        item("custom_tool_call", name="exec", input=script, call_id="c"),
        item("custom_tool_call_output", call_id="c", output=[head, {"text": answer}]),
    )
    assert [(one.objective, one.status) for one in folded.facts.goals] == [("Ship it", "active")]


def test_a_failed_goal_call_sets_no_goal() -> None:
    folded = fold(meta(), STARTED, call("create_goal", "c"), output("c", '{"goal":null}'))
    assert folded.facts.goals == []
    folded = fold(meta(), STARTED, call("create_goal", "c"), output("c", "there is a goal already"))
    assert folded.facts.goals == []


def test_agent_start_reported_three_times_is_stored_once() -> None:
    asked = call("spawn_agent", "c", message="Look")
    ended = event("collab_agent_spawn_end", call_id="c", new_thread_id="child", prompt="Look")
    answer = output("c", '{"agent_id":"child","nickname":"Sartre"}')
    assert links(asked, ended, answer) == [("spawned", "child", None, "Look")]
    assert links(asked, answer, ended) == [("spawned", "child", None, "Look")]


def test_an_agent_known_by_its_path_alone_is_linked_by_its_path() -> None:
    asked = call("spawn_agent", "c", message="Look", task_name="x")
    answer = output("c", '{"task_name":"/root/x"}')
    assert links(asked, answer) == [("spawned", None, "/root/x", "Look")]


def test_an_agent_whose_start_was_an_item_is_not_linked_again_by_the_answer() -> None:
    asked = call("spawn_agent", "c", message="Look")
    who = {"agent_thread_id": "child", "agent_path": "/root/x"}
    began = done("a", "SubAgentActivity", id="c", kind="started", **who)
    answer = output("c", '{"task_name":"/root/x"}')
    assert links(asked, began, answer) == [("started", "child", "/root/x", "Look")]


def test_a_failed_spawn_adds_no_link() -> None:
    asked = call("spawn_agent", "c", message="Look")
    assert links(asked, output("c", "collab spawn failed: agent limit reached")) == []


def test_notification_to_the_model_completes_an_agent() -> None:
    notice = '{"agent_id":"child","status":{"completed":"All </fine>."}}'
    text = f"<subagent_notification>\n{notice}\n</subagent_notification>"
    records = item("message", role="user", content=[{"type": "input_text", "text": text}])
    assert links(records) == [("completed", "child", None, None)]


def test_actions_on_agents_are_stored_and_queries_are_not() -> None:
    def collab(tool: str) -> bytes:
        receivers = ["one", "two"]
        return done("a", "CollabAgentToolCall", id="c", tool=tool, receiver_thread_ids=receivers)

    found = links(collab("send_input"), collab("wait"), collab("close_agent"))
    assert [(event_, child) for event_, child, _, _ in found] == [
        ("interacted", "one"),
        ("interacted", "two"),
        ("closed", "one"),
        ("closed", "two"),
    ]
