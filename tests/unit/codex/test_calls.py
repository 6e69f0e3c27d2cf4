"""Calls: their start, their end, and their state without an end."""

import json
from typing import Any

import pytest

from ingest.codex.facts import Call
from ingest.codex.turns import REMEMBERED_TURNS
from tests.unit.codex.lines import call, done, event, fold, item, line, meta, output

PAGINATED = meta(history_mode="paginated")
STARTED = event("task_started", turn_id="a")
ABORTED = event("turn_aborted", turn_id="a", reason="interrupted")
PATCH = "*** Begin Patch\n*** Add File: it's.md\n+x\n*** End Patch\n"


def calls(*lines: bytes) -> list[Call]:
    return fold(*lines).facts.calls


def only(*lines: bytes) -> Call:
    (found,) = calls(*lines)
    return found


def execution(
    call_id: str,
    status: str,
    exit_code: int | None,
    reply: str = "",
    secs: int = 5,
    command: str = "sleep 45",
    *,
    turn: str = "a",
) -> bytes:
    return done(
        turn,
        "CommandExecution",
        id=call_id,
        command=["/bin/bash", "-lc", command],
        cwd="file:///w",
        status=status,
        exit_code=exit_code,
        aggregated_output=reply,
        duration={"secs": secs, "nanos": 500_000_000},
    )


def test_item_and_output_of_a_call_complete_the_same_row() -> None:
    entry = only(
        PAGINATED,
        STARTED,
        call("exec_command", "c", cmd="sleep 45"),
        execution("c", "failed", 4, "hi\n"),
        output(
            "c", "Chunk ID: 1\nWall time: 5.4 seconds\nProcess exited with code 4\nOutput:\nhi\n"
        ),
    )
    assert (entry.status, entry.exit_code, entry.seconds) == ("failed", 4, 5.5)
    assert (entry.output_head, entry.workdir) == ("hi\n", "/w")


def test_negative_command_duration_is_stored_as_unknown() -> None:
    entry = only(PAGINATED, STARTED, execution("c", "completed", 0, secs=-5))
    assert (entry.status, entry.seconds) == ("completed", None)


def test_interrupted_command_stays_one_call_and_gets_its_exit_code_later() -> None:
    entry = only(
        PAGINATED,
        STARTED,
        call("exec_command", "c", cmd="sleep 45"),
        output("c", "Wall time: 5.4 seconds\naborted by user"),
        ABORTED,
        execution("c", "failed", 137),
    )
    assert (entry.status, entry.exit_code, entry.seconds) == ("aborted", 137, 5.5)


def test_interruption_aborts_calls_without_output() -> None:
    entry = only(PAGINATED, STARTED, call("exec_command", "c", cmd="sleep 45"), ABORTED)
    assert (entry.status, entry.exit_code) == ("aborted", None)


def test_item_of_the_next_turn_does_not_complete_the_interrupted_call() -> None:
    entry = calls(
        PAGINATED,
        STARTED,
        call("exec_command", "c", cmd="sleep 45"),
        ABORTED,
        event("task_started", turn_id="b"),
        execution("c", "completed", 0, turn="b"),
    )
    assert [(one.status, one.turn) for one in entry] == [("aborted", 1), ("completed", 2)]


def test_late_item_completes_an_interrupted_call_after_the_next_turn_began() -> None:
    entry = only(
        PAGINATED,
        STARTED,
        call("exec_command", "c", cmd="sleep 45"),
        ABORTED,
        event("task_started", turn_id="b"),
        execution("c", "failed", 137, turn="a"),
    )
    assert (entry.status, entry.exit_code, entry.turn) == ("aborted", 137, 1)


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_a_background_command_of_a_script_belongs_to_the_turn_it_names(status: str) -> None:
    entry = calls(
        PAGINATED,
        STARTED,
        event("task_complete", turn_id="a", last_agent_message="Started."),
        event("task_started", turn_id="b"),
        event("turn_aborted", turn_id="b", reason="interrupted"),
        execution("exec-1", status, 3, turn="a"),
    )
    assert [(one.turn, one.status) for one in entry] == [(1, status)]


def test_lines_after_a_late_command_belong_to_the_newest_turn() -> None:
    entry = calls(
        PAGINATED,
        STARTED,
        event("task_started", turn_id="b"),
        execution("exec-1", "completed", 0, turn="a"),
        call("exec_command", "c", cmd="ls"),
    )
    assert [one.turn for one in entry] == [1, 2]


def test_a_late_command_event_belongs_to_the_turn_it_names() -> None:
    entry = only(
        meta(),
        STARTED,
        event("task_started", turn_id="b"),
        event("exec_command_end", call_id="exec-1", turn_id="a", command=["ls"], exit_code=0),
    )
    assert entry.turn == 1


def test_late_command_of_a_forgotten_turn_is_stored_in_the_newest_turn() -> None:
    later = [event("task_started", turn_id=f"t{n}") for n in range(REMEMBERED_TURNS)]
    entry = only(PAGINATED, STARTED, *later, execution("exec-1", "completed", 0, turn="a"))
    assert entry.turn == REMEMBERED_TURNS + 1


def test_interrupting_a_script_aborts_its_command() -> None:
    entry = calls(
        PAGINATED,
        STARTED,
        item("custom_tool_call", name="exec", input="await tools.exec_command({})", call_id="c"),
        item("custom_tool_call_output", call_id="c", output="aborted by user after 5.4s"),
        ABORTED,
        execution("exec-1", "failed", -1),
    )
    assert [(one.kind, one.status, one.exit_code) for one in entry] == [
        ("script", "aborted", None),
        ("command", "aborted", -1),
    ]


def test_calls_open_at_the_end_of_their_turn_are_lost() -> None:
    end = event("task_complete", turn_id="a", last_agent_message="x")
    assert only(meta(), STARTED, call("shell", "c", command=["ls"]), end).status == "lost"


def test_running_shell_ends_with_the_answer_to_its_input() -> None:
    going = "Wall time: 1.0 seconds\nProcess running with session ID 7\nOutput:\npassword: "
    entry = only(
        meta(),
        STARTED,
        call("exec_command", "c", cmd="ssh host"),
        output("c", going),
        call("write_stdin", "d", session_id=7, chars="secret\n"),
        output("d", "Wall time: 0.1 seconds\nProcess exited with code 255\nOutput:\ndenied\n"),
    )
    assert (entry.command, entry.status, entry.exit_code) == ("ssh host", "failed", 255)
    assert entry.output_head == "denied\n"


EXITED = "Chunk ID: 1\nWall time: 0.5 seconds\nProcess exited with code 1\nOutput:\nboom"


def command_ended(call_id: str, **entry: Any) -> bytes:
    words = ["/bin/bash", "-lc", "false"]
    return event(
        "exec_command_end", call_id=call_id, command=words, status="failed", exit_code=1, **entry
    )


def test_end_event_after_the_output_adds_no_second_command() -> None:
    folded = fold(
        meta(),
        STARTED,
        call("exec_command", "c", cmd="false"),
        output("c", EXITED),
        command_ended("c", aggregated_output="boom"),
    )
    (entry,) = folded.facts.calls
    assert (entry.call_id, entry.status, entry.exit_code) == ("c", "failed", 1)
    assert (folded.facts.segments[0].commands, folded.facts.segments[0].failed_commands) == (1, 1)


def test_the_end_of_a_command_may_follow_the_answer_to_its_last_input() -> None:
    entry = only(
        meta(),
        STARTED,
        call("exec_command", "c", cmd="false"),
        output("c", GOING),
        call("write_stdin", "d", session_id=7, chars=""),
        output("d", EXITED),
        command_ended("c"),
        command_ended("d"),
    )
    assert (entry.call_id, entry.status, entry.exit_code) == ("c", "failed", 1)


def test_exit_code_missing_from_the_output_may_follow() -> None:
    entry = only(
        meta(),
        STARTED,
        call("exec_command", "c", cmd="false"),
        output("c", 'exec_command failed for `false`: CreateProcess { message: "denied" }'),
        command_ended("c"),
    )
    assert (entry.call_id, entry.status, entry.exit_code) == ("c", "failed", 1)


def test_command_run_by_the_user_is_known_from_its_end_event() -> None:
    entry = only(meta(), STARTED, command_ended("x", source="user_shell"))
    assert (entry.command, entry.status, entry.exit_code) == ("false", "failed", 1)


@pytest.mark.parametrize(
    "ended",
    [
        event(
            "patch_apply_end",
            call_id="c",
            success=True,
            changes={"/w/it's.md": {"type": "add", "content": "x"}},
        ),
        event(
            "mcp_tool_call_end",
            call_id="c",
            invocation={"server": "s", "tool": "t"},
            result={"Ok": {"content": []}},
        ),
    ],
    ids=["patch", "mcp"],
)
def test_each_call_is_stored_once_whatever_ends_it(ended: bytes) -> None:
    asked = item("custom_tool_call", name="apply_patch", input=PATCH, call_id="c")
    answered = item("custom_tool_call_output", call_id="c", output="Success.")
    entry = fold(meta(), STARTED, asked, answered, ended).facts
    assert ([one.kind for one in entry.calls], len(entry.files)) == (["patch"], 1)


LEGACY = meta(history_mode="legacy", cli_version="0.145.0")
LISTS = "const r = await tools.shell_command({command: 'ls x', workdir: '/w'}); text(r)"


def script(text: str, *reply: str, state: str = "completed") -> tuple[bytes, bytes]:
    """A script of code mode, and its answer."""
    head = f"Script {state}\nWall time 0.3 seconds\nOutput:\n"
    parts = [{"type": "input_text", "text": part} for part in (head, *reply)]
    return (
        item("custom_tool_call", name="exec", input=text, call_id="c"),
        item("custom_tool_call_output", call_id="c", output=parts),
    )


NO_X = "Exit code: 2\nWall time: 0.2 seconds\nOutput:\nno x"
CUT = "Warning: truncated output (original token count: 9)\nTotal output lines: 9\n\n"
NULL = "Script error:\nTypeError: r is null"
REFUSED = "exec command rejected by user"


@pytest.mark.parametrize(
    ("reply", "state", "status", "code", "output_head"),
    [
        (["Exit code: 0\nWall time: 0.2 seconds\nOutput:\na"], "completed", "completed", 0, "a"),
        ([NO_X], "completed", "failed", 2, "no x"),
        (["Script error:\n" + NO_X], "failed", "failed", 2, "no x"),
        ([CUT + NO_X], "completed", "failed", 2, "no x"),
        (["a.txt"], "completed", "completed", None, "a.txt"),
        ([NULL], "failed", "failed", None, NULL),
        (["Script error:\n" + REFUSED], "failed", "declined", None, REFUSED),
        (['{"exit_code":2,"output":"no x"}'], "completed", "failed", 2, "no x"),
        ([json.dumps(NO_X)], "completed", "failed", 2, "no x"),
        (['"Exit code: 2\nno end'], "completed", "completed", None, '"Exit code: 2\nno end'),
        ([], "completed", "completed", None, ""),
    ],
)
def test_script_that_calls_a_shell_is_a_command_when_it_has_no_item(
    reply: list[str], state: str, status: str, code: int | None, output_head: str
) -> None:
    folded = fold(LEGACY, STARTED, *script(LISTS, *reply, state=state))
    (entry,) = folded.facts.calls
    assert (entry.kind, entry.tool, entry.command) == ("command", "exec", "ls x")
    assert (entry.status, entry.exit_code, entry.output_head) == (status, code, output_head)
    assert (entry.workdir, entry.seconds) == ("/w", 0.3)
    assert folded.facts.segments[0].commands == 1


def test_a_script_of_several_commands_failed_where_one_of_them_did() -> None:
    both = "tools.shell_command({command: 'ls x'}); tools.shell_command({command: 'make'})"
    reply = ("---1---", "Exit code: 0\nWall time: 1 seconds\nOutput:\na")
    failed = ("---2---\nExit code: 2\nWall time: 1 seconds\nOutput:\nb",)
    entry = only(LEGACY, STARTED, *script(both, *reply, *failed))
    assert (entry.kind, entry.command, entry.exit_code) == ("command", "ls x\nmake", 2)
    assert entry.output_head is not None
    assert entry.output_head.startswith("---1---\nExit code: 0")
    assert only(LEGACY, STARTED, *script(both, *reply)).exit_code == 0


def test_script_with_computed_commands_is_shown_as_its_source() -> None:
    computed = "const r = await Promise.all(all.map(command => tools.shell_command({command})))"
    entry = only(LEGACY, STARTED, *script(computed))
    assert (entry.kind, entry.command) == ("command", computed)


def test_a_script_that_calls_no_shell_stays_a_script() -> None:
    assert only(LEGACY, STARTED, *script("text(ALL_TOOLS)")).kind == "script"


def test_script_stays_a_script_when_its_commands_have_items() -> None:
    entry = calls(PAGINATED, STARTED, *script(LISTS), execution("exec-1", "completed", 0))
    assert [one.kind for one in entry] == ["script", "command"]


def test_background_command_of_a_script_ends_with_the_wait_call() -> None:
    going = "Script running with cell ID 9\nWall time 10.0 seconds\nOutput:\n"
    asked, answered = script(LISTS, "Exit code: 2\nWall time: 12 seconds\nOutput:\nno x")
    reply = json.loads(answered)["payload"]["output"]
    entry = only(
        LEGACY,
        STARTED,
        asked,
        item("custom_tool_call_output", call_id="c", output=going),
        call("wait", "d", cell_id="9", yield_time_ms=1000),
        output("d", reply),
    )
    assert (entry.kind, entry.status, entry.exit_code, entry.seconds) == (
        "command",
        "failed",
        2,
        10.3,
    )


GOING = "Chunk ID: 1\nWall time: 1.5 seconds\nProcess running with session ID 7\nOutput:\n"
CLOSED = "write_stdin failed: stdin is closed for this session; rerun exec_command with tty=true"


def test_input_that_a_shell_refuses_does_not_end_its_command() -> None:
    entry = only(
        meta(),
        STARTED,
        call("exec_command", "c", cmd="make"),
        output("c", GOING + "building"),
        call("write_stdin", "d", session_id=7, chars="y"),
        output("d", CLOSED),
        call("write_stdin", "e", session_id=7, chars=""),
        output("e", "Wall time: 3.25 seconds\nProcess exited with code 2\nOutput:\nno rule"),
    )
    assert (entry.status, entry.exit_code, entry.output_head) == ("failed", 2, "no rule")


def test_the_time_of_a_command_covers_every_wait_for_it() -> None:
    entry = only(
        meta(),
        STARTED,
        call("exec_command", "c", cmd="make"),
        output("c", GOING),
        call("write_stdin", "d", session_id=7, chars=""),
        output("d", GOING),
        call("write_stdin", "e", session_id=7, chars=""),
        output("e", "Wall time: 3.25 seconds\nProcess exited with code 0\nOutput:\n"),
    )
    assert (entry.status, entry.seconds) == ("completed", 6.25)


def test_command_whose_shell_no_longer_exists_is_lost() -> None:
    folded = fold(
        meta(),
        STARTED,
        call("exec_command", "c", cmd="make"),
        output("c", GOING),
        call("write_stdin", "d", session_id=7, chars="y"),
        output("d", "write_stdin failed: Unknown process id 7"),
    )
    assert [one.status for one in folded.facts.calls] == ["lost"]
    assert folded.state.shells == {}


def test_declined_patch_adds_no_file_edit() -> None:
    asked = item("custom_tool_call", name="apply_patch", input=PATCH, call_id="c")
    refused = item("custom_tool_call_output", call_id="c", output="patch rejected by user")
    entry = fold(meta(), STARTED, asked, refused).facts
    assert ([one.status for one in entry.calls], entry.files) == (["declined"], [])


@pytest.mark.parametrize("status", ["declined", "failed"])
def test_unapplied_patch_adds_no_file_edit(status: str) -> None:
    changes = {"/w/it's.md": {"type": "add", "content": "x"}}
    asked = item("custom_tool_call", name="apply_patch", input=PATCH, call_id="c")
    ended = event(
        "patch_apply_end",
        call_id="c",
        success=False,
        status=status,
        changes=changes,
        stdout="",
        stderr="no",
    )
    answered = item("custom_tool_call_output", call_id="c", output="no")
    entry = fold(meta(), STARTED, asked, ended, answered).facts
    assert ([one.status for one in entry.calls], entry.files) == ([status], [])


def test_a_shell_outlives_its_turn() -> None:
    folded = fold(
        meta(),
        STARTED,
        call("exec_command", "c", cmd="serve"),
        output("c", "Wall time: 1.0 seconds\nProcess running with session ID 7\nOutput:\n"),
        event("task_complete", turn_id="a", last_agent_message="It runs."),
    )
    (entry,) = folded.facts.calls
    assert (entry.status, folded.facts.segments[0].open_calls) == ("running", 1)


def test_input_to_an_unknown_shell_is_a_call_of_its_own() -> None:
    entry = only(meta(), STARTED, call("write_stdin", "d", session_id=9, chars="x"))
    assert (entry.kind, entry.tool) == ("other", "write_stdin")


def test_background_script_ends_with_the_wait_call() -> None:
    entry = only(
        PAGINATED,
        STARTED,
        item("custom_tool_call", name="exec", input="await slow()", call_id="c"),
        item(
            "custom_tool_call_output",
            call_id="c",
            output="Script running with cell ID 14\nWall time 10.0 seconds\nOutput:\n",
        ),
        call("wait", "d", cell_id="14", yield_time_ms=1000),
        output("d", "Script completed\nWall time 12.5 seconds\nOutput:\n\nat last\n"),
    )
    assert (entry.kind, entry.status, entry.output_head) == ("script", "completed", "at last\n")


@pytest.mark.parametrize(
    ("name", "namespace"),
    [
        ("mcp__github__get_issue", None),
        ("get_issue", "mcp__github"),
        ("get_issue", "mcp__github__"),
    ],
)
def test_mcp_call_has_the_same_name_in_all_releases(name: str, namespace: str | None) -> None:
    named = {"namespace": namespace} if namespace else {}
    asked = item("function_call", name=name, arguments='{"n": 1}', call_id="c", **named)
    entry = only(meta(), STARTED, asked, output("c", "An issue"))
    assert (entry.kind, entry.tool, entry.command) == ("mcp", "github.get_issue", '{"n": 1}')
    assert (entry.status, entry.output_head) == ("completed", "An issue")


@pytest.mark.parametrize(
    ("result", "status", "reply"),
    [
        ({"Ok": {"content": [{"type": "text", "text": "yes"}]}}, "completed", "yes"),
        ({"Ok": {"content": [{"text": "no"}], "isError": True}}, "failed", "no"),
        ({"Err": "no such server"}, "failed", '{"Err":"no such server"}'),
    ],
)
def test_mcp_result_sets_the_status_of_its_call(
    result: dict[str, Any], status: str, reply: str
) -> None:
    invocation = {"server": "gh", "tool": "get", "arguments": {}}
    ended = event("mcp_tool_call_end", call_id="c", invocation=invocation, result=result)
    entry = only(meta(), STARTED, call("mcp__gh__get", "c"), ended, output("c", "text"))
    assert (entry.tool, entry.status, entry.output_head) == ("gh.get", status, reply)


@pytest.mark.parametrize(
    "command",
    [["apply_patch", PATCH], ["bash", "-lc", f"apply_patch <<'EOF'\n{PATCH}EOF"]],
)
def test_a_patch_through_a_shell_is_a_patch(command: list[str]) -> None:
    reply = json.dumps({"output": "Success.", "metadata": {"exit_code": 0}})
    folded = fold(meta(), STARTED, call("shell", "c", command=command), output("c", reply))
    assert folded.facts.calls[0].kind == "patch"
    assert [(edit.path, edit.change) for edit in folded.facts.files] == [("it's.md", "add")]


def test_failed_patch_adds_no_file_edit() -> None:
    asked = item("custom_tool_call", name="apply_patch", input=PATCH, call_id="c")
    failed = item(
        "custom_tool_call_output", call_id="c", output="apply_patch verification failed: no file"
    )
    folded = fold(meta(), STARTED, asked, failed)
    assert folded.facts.calls[0].status == "failed"
    assert folded.facts.files == []


def test_open_question_waits_for_the_user() -> None:
    asked = call("request_user_input", "c", questions=[{"question": "Deploy?"}])
    assert fold(meta(), STARTED, asked).facts.segments[0].waits_for_user
    answered = fold(meta(), STARTED, asked, output("c", "{}")).facts.segments[0]
    assert not answered.waits_for_user


def test_escalated_command_waits_for_approval() -> None:
    asked = call("exec_command", "c", cmd="rm", sandbox_permissions="require_escalated")
    assert fold(meta(), STARTED, asked).facts.segments[0].waits_for_user


def context(**more: Any) -> bytes:
    reply = {"turn_id": "a", "approval_policy": "on-request", "approvals_reviewer": "user"}
    return line("turn_context", reply | more)


READ_ONLY = context(sandbox_policy={"type": "read-only"})
WRITABLE = context(sandbox_policy={"type": "workspace-write"})
ESCALATED = "const r = await tools.exec_command({cmd: 'make', sandbox_permissions: %s}); text(r)"
ASKED = ESCALATED % "'require_escalated'"
PATCHED = f"text(await tools.apply_patch({json.dumps(PATCH)}))"


def running(text: str) -> bytes:
    return item("custom_tool_call", name="exec", input=text, call_id="c")


def waits(*lines: bytes) -> bool:
    return fold(PAGINATED, STARTED, *lines).facts.segments[0].waits_for_user


def test_script_with_an_escalated_command_waits_for_approval() -> None:
    assert waits(WRITABLE, running(ASKED))
    assert not waits(WRITABLE, running(ESCALATED % "'use_default'"))


def test_script_with_a_computed_escalated_command_waits_for_approval() -> None:
    computed = (
        "await tools.exec_command({cmd: build(), 'sandbox_permissions': 'require_escalated'})"
    )
    assert waits(WRITABLE, running(computed))


def test_script_stops_waiting_once_its_command_is_done() -> None:
    entry = (
        WRITABLE,
        running(ASKED + "; await tools.exec_command({cmd: 'make test'})"),
        done(
            "a", "CommandExecution", id="exec-1", command=["bash", "-lc", "ls"], status="completed"
        ),
    )
    assert waits(*entry)
    command = ["bash", "-lc", "make"]
    ran = done("a", "CommandExecution", id="exec-2", command=command, status="completed")
    assert not waits(*entry, ran)


def test_waiting_script_shows_the_command_to_approve() -> None:
    segment = fold(PAGINATED, STARTED, WRITABLE, running(ASKED)).facts.segments[0]
    assert segment.open_command == "make"


def test_finished_command_does_not_release_a_script_of_an_earlier_turn() -> None:
    """The earlier script was refused, so its command never completed."""
    refused = item("custom_tool_call_output", call_id="c", output="Script failed\nOutput:\n")
    again = item("custom_tool_call", name="exec", input=ASKED, call_id="d")
    make = ["bash", "-lc", "make"]
    ran = done("a", "CommandExecution", id="exec-2", command=make, status="completed")
    entry = (WRITABLE, running(ASKED), refused, again)
    assert waits(*entry)
    assert not waits(*entry, ran)


def test_answered_script_stops_waiting() -> None:
    reply = "Script completed\nWall time 0.1 seconds\nOutput:\n"
    ended = item("custom_tool_call_output", call_id="c", output=reply)
    assert not waits(WRITABLE, running(ASKED), ended)


@pytest.mark.parametrize(
    "patched",
    [
        running(PATCHED),
        item("custom_tool_call", name="apply_patch", input=PATCH, call_id="c"),
        call("exec_command", "c", cmd=f"apply_patch <<'EOF'\n{PATCH}EOF"),
    ],
    ids=["script", "tool", "shell"],
)
def test_patch_waits_for_approval_in_a_read_only_sandbox(patched: bytes) -> None:
    assert waits(READ_ONLY, patched)
    assert waits(context(sandbox_policy={"mode": "read-only"}), patched)
    assert not waits(WRITABLE, patched)


def test_script_stops_waiting_once_its_patch_is_done() -> None:
    changed = done("a", "FileChange", id="exec-1", changes={}, status="completed")
    assert not waits(READ_ONLY, running(PATCHED), changed)


@pytest.mark.parametrize(
    "policy", [{"approval_policy": "never"}, {"approvals_reviewer": "auto_review"}]
)
def test_no_call_waits_when_approvals_are_not_asked_of_the_user(policy: dict[str, str]) -> None:
    assert not waits(context(sandbox_policy={"type": "read-only"}, **policy), running(PATCHED))
    assert not waits(context(**policy), running(ASKED))


def test_waiting_call_is_shown_before_a_newer_running_one() -> None:
    asked = call("exec_command", "c", cmd="rm", sandbox_permissions="require_escalated")
    segment = fold(meta(), STARTED, asked, call("exec_command", "d", cmd="ls")).facts.segments[0]
    assert (segment.waits_for_user, segment.open_command) == (True, "rm")


def test_oldest_open_calls_above_the_limit_are_lost() -> None:
    many = [call("shell", f"c{n}", command=["ls"]) for n in range(100)]
    folded = fold(meta(), STARTED, *many)
    assert len(folded.state.calls) == 64
    assert sum(one.status == "lost" for one in folded.facts.calls) == 36


@pytest.mark.parametrize(
    "lines",
    [
        (
            call("exec_command", "c", cmd="rg needle"),
            output("c", "Chunk ID: 1\nProcess exited with code 1\nOutput:\n"),
        ),
        (execution("c", "failed", 1, command="rg needle"),),
        (
            call("shell", "c", command=["bash", "-lc", "cd web && rg needle"]),
            output("c", '{"output":"","metadata":{"exit_code":1}}'),
        ),
    ],
)
def test_a_search_that_finds_nothing_has_not_failed(lines: tuple[bytes, ...]) -> None:
    folded = fold(PAGINATED, STARTED, *lines)
    (entry,) = folded.facts.calls
    assert (entry.status, entry.exit_code) == ("completed", 1)
    assert (folded.state.segment.commands, folded.state.segment.failed_commands) == (1, 0)
