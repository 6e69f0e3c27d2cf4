"""Sessions in shapes that only some releases write, each as a function of a home."""

from collections.abc import Callable

from tests.build import calls
from tests.build.expected import Command, State
from tests.build.home import Home
from tests.build.line import text
from tests.build.rollout import Rollout

REFUSALS = (
    "exec command rejected by user",
    "exec command rejected: dangerous command",
    "failed in sandbox: Operation not permitted",
    "aborted",
)
NOT_BEGUN = 'exec_command failed for `cannot begin`: CreateProcess { message: "denied" }'
STDIN_CLOSED = (
    "write_stdin failed: stdin is closed for this session; "
    "rerun exec_command with tty=true to keep stdin open"
)
SHELL = 7


def refusals(home: Home) -> Rollout:
    """The user and a sandbox refuse commands of the model (0.34 to 0.77)."""
    session = home.session("g2", "0.63.0")
    session.prompt("Do what you may not")
    for number, refusal in enumerate(REFUSALS):
        session.call("shell_command", {"command": f"rm {number}"}, refusal)
    patch = calls.patch_text({"refused.txt": "new\n"})
    session.custom("apply_patch", patch, "patch rejected by user")
    session.end_turn("Nothing was allowed.")
    return session


def late_ends(home: Home) -> Rollout:
    """Desktop and VS Code record the end of a command after its output (0.117 to 0.128)."""
    session = home.session("g3", "0.117.0", source="vscode", extended=True)
    session.ends_follow = True
    session.prompt("Run the tests")
    session.command("echo fine", 0, "fine\n", 0.1)
    session.command("echo broken; exit 1", 1, "broken\n", 0.1)
    session.patch({"late.txt": "new\n"})
    session.command("false", 1)
    failed = session.call("exec_command", {"cmd": "cannot begin"}, NOT_BEGUN)
    item = calls.command_item(
        session.release, session.thread.cwd, session.item_id(failed), "cannot begin", 1, "", 1
    )
    failed.ends.append((calls.command_event(session.thread.cwd, session.turn_id, item), 1))
    call_id = str(failed.item["call_id"])
    session.facts.commands.append(Command("cannot begin", call_id, State.FAILED, 1))
    session.end_turn("Some failed.")
    return session


def long_command(home: Home) -> Rollout:
    """A command that is waited for, whose outputs begin with it (0.115 to 0.119)."""
    session = home.session("g3", "0.118.0")
    session.prompt("Build it")
    first = f"Command: /bin/bash -lc 'cd /w\nmake'\n{_running()}"
    made = session.call("exec_command", {"cmd": "cd /w\nmake"}, first)
    session.call("write_stdin", {"session_id": SHELL, "chars": "y"}, STDIN_CLOSED)
    session.call("write_stdin", {"session_id": SHELL, "chars": ""}, _running())
    ended = calls.process_output("c1", "Process exited with code 2", "no rule\n", 3.5)
    session.call("write_stdin", {"session_id": SHELL, "chars": ""}, f"Command: make\n{ended}")
    call_id = str(made.item["call_id"])
    entry = Command("cd /w\nmake", call_id, State.FAILED, 2, "no rule\n")
    session.facts.commands.append(entry)
    session.end_turn("It does not build.")
    return session


def wordless_turns(home: Home) -> Rollout:
    """Turns that end without a message: a plan, a command of the user, a failure (0.144)."""
    session = home.session("g3", "0.144.0", source="vscode")
    session.thread.extra["history_mode"] = "legacy"
    session.prompt("Plan it")
    session.turn_item({"type": "Plan", "id": "plan", "text": "# Plan\n1. Look"})
    session.end_turn()
    session.start_turn()
    ran = "<command>\nls\n</command>\n<result>\nExit code: 0\n</result>"
    session.message("user", f"<user_shell_command>\n{ran}\n</user_shell_command>", "user.shell")
    session.end_turn()
    session.prompt("Do it")
    session.say("I will look.", "commentary")
    session.command("ls", 0, "a.txt\n", 0.1)
    session.fail_turn()
    return session


def rolled_back(home: Home) -> Rollout:
    """A turn that is interrupted before its prompt is written is rolled back (0.146)."""
    session = home.session("g3", "0.146.0", source="vscode")
    session.prompt("Keep this")
    session.end_turn("Kept.")
    session.start_turn()
    session.abort_turn(1.0)
    session.event("thread_rolled_back", num_turns=1)
    session.facts.drop(1)
    return session


def scripts(home: Home) -> Rollout:
    """Code mode in a legacy file: only scripts record commands (0.140 to 0.149)."""
    session = home.session("g3", "0.145.0", code_mode=True)
    session.prompt("Look at both")
    each = (f"tools.shell_command({{command: 'ls {name}'}})" for name in "ab")
    both = f"(await Promise.all([{', '.join(each)}])).forEach(text)"
    results = [
        {"type": "input_text", "text": f"---{name}---\n{_shell_answer(code, name)}"}
        for name, code in (("a", 0), ("b", 2))
    ]
    head = calls.script_output("", 0.5)[:1]
    session.custom("exec", both, [*head, *results])
    slow = "const r = await tools.exec_command({cmd: 'make'}); text(r)"
    going = "Script running with cell ID 3\nWall time 10.0 seconds\nOutput:\n"
    session.custom("exec", slow, going)
    waited = calls.script_output(text({"exit_code": 2, "output": "no rule\n"}), 2.5)
    session.call("wait", {"cell_id": "3"}, waited, "functions")
    session.end_turn("Neither worked.")
    return session


def live(home: Home) -> Rollout:
    """An interactive session of 0.171: approvals, steering, and records that are written late."""
    session = home.session("g4", "0.171.0", source="cli", code_mode=True)
    session.prompt("Start it")
    no_tool = "TypeError: tools.update_plan is not a function"
    planned = "await tools.update_plan({plan: [{step: 'Read', status: 'pending'}]})"
    failed = f"Script failed\nWall time 0.1 seconds\nOutput:\n\nScript error:\n{no_tool}\n"
    session.custom("exec", planned, failed)
    asked = "await tools.exec_command({cmd: 'make', sandbox_permissions: 'require_escalated'})"
    session.custom("exec", asked, calls.script_output("{}", 1.0))
    session.prompt("And leave the rest alone")
    session.settle()
    content = [{"type": "Text", "text": "Which colour?"}]
    question = {"type": "AgentMessage", "id": "call_q", "content": content}
    question |= {"phase": "final_answer", "delivery": "async", "questions": [{"title": "Which?"}]}
    session.turn_item(question)
    session.end_turn("Started.")
    first = session.turn_id
    session.compact()
    session.prompt("Go on")
    session.settle()
    item = calls.command_item(
        session.release, session.thread.cwd, "exec-1", "make", 2, "no rule\n", 20
    )
    session.turn_item(item, 20_000, of=(session.thread.id, first))
    window = {"total_tokens": 258_400}
    full = {"total_token_usage": window, "last_token_usage": {"total_tokens": 250_000}}
    session.event("token_count", info=full)
    session.fail_turn("Codex ran out of room.", "context_window_exceeded")
    return session


def _shell_answer(code: int, reply: str) -> str:
    return f"Exit code: {code}\nWall time: 0.2 seconds\nOutput:\n{reply}\n"


def _running() -> str:
    return calls.process_output("c0", f"Process running with session ID {SHELL}", "", 1.5)


ALL: dict[str, Callable[[Home], Rollout]] = {
    "refusals": refusals,
    "late_ends": late_ends,
    "long_command": long_command,
    "wordless_turns": wordless_turns,
    "rolled_back": rolled_back,
    "scripts": scripts,
    "live": live,
}
