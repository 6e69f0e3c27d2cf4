"""The scripted sessions every release was asked to run, as functions of a home and a release.

Each returns the session (or the session and its agents); `expected` has the facts. If a release
lacks a tool, the session contains a message instead, as the real ones did.
"""

from collections.abc import Callable
from typing import Any

from tests.build.home import Home
from tests.build.rollout import Rollout

STEPS = (
    "Read the failing test",
    "Fix the parser",
    "Run the test suite",
    "Write the changelog",
)
PLAN_PROMPT = "Fix the failing unicode test in the parser and add a changelog entry"
PLAN_ANSWER = "The parser now handles unicode; 12 tests pass and the changelog is written."
READ = "echo reading; ls; git log --oneline | head -3"
READ_OUTPUT = "reading\nREADME.md\n956a49e first\n"
FAIL = "echo 'FAILED tests/test_parser.py::test_unicode - AssertionError'; exit 1"
FAIL_OUTPUT = "FAILED tests/test_parser.py::test_unicode - AssertionError\n"
PASS = "echo '12 passed'; exit 0"
PASS_OUTPUT = "12 passed\n"
CHAT_PROMPT = "Say hello\nand then some [red]markup[/red]"
CHAT_ANSWER = (
    "Hello! \x1b[31mred\x1b[0m [bold]markup[/bold] and an emoji 🚀 and <private>secret</private>."
)
CHAT_KEPT = CHAT_ANSWER.replace("<private>secret</private>", "[private]")
"""The stored part of the answer."""
LONG = "sleep 45"


def steps(done: int) -> list[tuple[str, str]]:
    """The four steps with the first ones completed and the next in progress."""
    states = ["completed"] * done + ["in_progress"] + ["pending"] * len(STEPS)
    return list(zip(STEPS, states[: len(STEPS)], strict=True))


def show_plan(session: Rollout, done: int, explanation: str) -> None:
    """The plan as far as the release has the tool: 0.20 could only print it."""
    if session.release.bare:
        options = f"plan: {explanation}"
        session.command(f"echo '{options}'", 0, f"{options}\n", 0.4)
    else:
        session.plan(steps(done), explanation)


def note(session: Rollout, about: str) -> None:
    session.patch({f"notes/{about}.md": f"# {about}\nwritten by the agent\n"})


def look_around(session: Rollout) -> None:
    session.think("**Looking around**")
    show_plan(session, 0, "Start with the test")


def fix_unicode(session: Rollout) -> None:
    session.think("**Fixing unicode**")
    note(session, "unicode")


def work(session: Rollout, between: Callable[[int], None] = lambda answers: None) -> None:
    """The scripted work itself; `between` runs after every answer but the last."""
    script: list[Callable[[], None]] = [
        lambda: look_around(session),
        lambda: session.command(READ, 0, READ_OUTPUT, 0.4),
        lambda: show_plan(session, 1, "The test is clear"),
        lambda: note(session, "parser"),
        lambda: show_plan(session, 2, "Now verify"),
        lambda: session.command(FAIL, 1, FAIL_OUTPUT, 0.3),
        lambda: fix_unicode(session),
        lambda: session.command(PASS, 0, PASS_OUTPUT, 0.3),
        lambda: show_plan(session, 3, "Green"),
        lambda: note(session, "changelog"),
        lambda: show_plan(session, 4, "All done"),
    ]
    for number, act in enumerate(script, start=1):
        act()
        session.settle()
        between(number)


def plan(
    home: Home, generation: str = "g4", cli_version: str | None = None, **options: Any
) -> Rollout:
    session = home.session(generation, cli_version, **options)
    session.prompt(PLAN_PROMPT)
    work(session)
    session.end_turn(PLAN_ANSWER)
    return session


def partial(
    home: Home, generation: str = "g4", cli_version: str | None = None, **options: Any
) -> Rollout:
    session = home.session(generation, cli_version, **options)
    session.prompt("Start the parser refactoring")
    show_plan(session, 1, "Stopped half way")
    session.command("echo half", 0, "half\n", 0.1)
    session.end_turn("I fixed the first half; the suite still has to run.")
    return session


def chat(
    home: Home, generation: str = "g4", cli_version: str | None = None, **options: Any
) -> Rollout:
    session = home.session(generation, cli_version, **options)
    session.prompt(CHAT_PROMPT)
    session.end_turn(CHAT_ANSWER)
    return session


def considered(
    home: Home, generation: str = "g4", cli_version: str | None = None, **options: Any
) -> Rollout:
    """Every response thinks before it speaks."""
    session = home.session(generation, cli_version, **options)
    session.prompt("Think first")
    session.think("**Weighing it**")
    session.say("I will look.")
    session.command("echo looking", 0, "looking\n", 0.1)
    session.think("**Concluding**")
    session.end_turn("I thought first.")
    session.prompt("Think again")
    session.think("**Thinking again**")
    session.end_turn("I thought again.")
    return session


def agents(
    home: Home, generation: str = "g4", cli_version: str | None = None, **options: Any
) -> list[Rollout]:
    """The session first, then its two agents."""
    session = home.session(generation, cli_version, **options)
    session.prompt("Survey tests and docs with two helpers")
    if not session.release.agents:
        session.end_turn("no agents in this version")
        return [session]
    show_plan(session, 0, "Split the work")
    children = []
    for about in ("tests", "docs"):
        child = session.spawn(f"Survey the {about} and report", about)
        child.command("echo child at work", 0, "child at work\n", 0.1)
        child.end_turn(f"The {about} are surveyed.")
        children.append(child)
    session.command("sleep 2; echo waited", 0, "waited\n", 2.0)
    for child in children:
        session.agent_done(child)
    show_plan(session, 4, "Merged")
    session.end_turn("Both helpers reported.")
    return [session, *children]


def goal(
    home: Home, generation: str = "g4", cli_version: str | None = None, **options: Any
) -> Rollout:
    session = home.session(generation, cli_version, **options)
    session.prompt("Work toward a goal")
    if not session.release.goals:
        session.end_turn("no goals in this version")
        return session
    session.goal("Ship the parser fix")
    session.command("echo working on the goal", 0, "working on the goal\n", 0.2)
    session.goal_status("complete")
    session.end_turn("Goal reached.")
    return session


def abort(
    home: Home, generation: str = "g4", cli_version: str | None = None, **options: Any
) -> Rollout:
    """Interrupted in a long command; before 0.98 that looks the same as a kill."""
    session = home.session(generation, cli_version, **options)
    session.prompt("Run something long")
    show_plan(session, 0, "Long command")
    session.open_command(LONG)
    if session.release.streams_items:
        session.abort_turn()
    else:
        session.die(flushed=not session.release.bare)
    return session


def killed(
    home: Home, generation: str = "g4", cli_version: str | None = None, **options: Any
) -> Rollout:
    session = home.session(generation, cli_version, **options)
    session.prompt("Run something long and die")
    show_plan(session, 0, "Long command")
    session.open_command(LONG)
    session.die()
    return session


def error(
    home: Home, generation: str = "g4", cli_version: str | None = None, **options: Any
) -> Rollout:
    """The model answers 500."""
    session = home.session(generation, cli_version, **options)
    session.prompt("Meet a server error")
    session.fail_turn()
    return session


def compact(
    home: Home, generation: str = "g4", cli_version: str | None = None, **options: Any
) -> Rollout:
    """The scripted work in a small context: full after three answers, then after every second."""
    session = home.session(generation, cli_version, **options)
    session.prompt("Fill the context and compact")
    session.price = lambda answers: 9000 * (1 + answers % 3)

    def compact_when_full(answers: int) -> None:
        if answers >= 3 and answers % 2 and not session.release.bare:
            session.compact("parser fixed, tests to run.")

    work(session, compact_when_full)
    session.end_turn(PLAN_ANSWER)
    return session


def tour(
    home: Home, generation: str = "g4", cli_version: str | None = None, **options: Any
) -> Rollout:
    """One session that visits most record types: several turns, one resumed, one failed."""
    session = home.session(generation, cli_version, **options)
    session.prompt("Please do the thing")
    session.think("**Planning** look at files")
    session.plan([("Look", "in_progress"), ("Edit", "pending")], "start")
    session.say("Running a command.", phase="commentary" if session.release.minor >= 107 else None)
    with session.together():
        session.command("ls -la; exit 3", 3, "a.txt\n", 0.1)
        session.command("ls", 0, "a.txt\n", 0.1)
    session.patch({"b.txt": "new\n", "a.txt": ("hello", "hello world"), "old.txt": None})
    session.failing_patch()
    session.call("no_such_tool", {}, "unsupported call: no_such_tool")
    session.mcp("github", "get_issue", {"n": 1}, "An issue")
    session.search("rust zstd")
    session.image("shot.png")
    session.ask_user("Deploy?")
    session.answer_user("yes")
    session.end_turn("All done.")
    session.end()
    session.resume()
    session.prompt("Second turn via resume")
    session.end_turn("Resumed reply.")
    if not session.release.bare:
        session.compact()
    session.prompt("Third turn fails")
    session.fail_turn()
    return session


ALL: dict[str, Callable[..., Rollout | list[Rollout]]] = {
    "plan": plan,
    "partial": partial,
    "chat": chat,
    "considered": considered,
    "agents": agents,
    "goal": goal,
    "abort": abort,
    "killed": killed,
    "error": error,
    "compact": compact,
    "tour": tour,
}
