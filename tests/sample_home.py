"""The home for snapshots: sessions of every state in three projects."""

from tests.build import Home
from tests.build import scenarios as made

HOSTILE = "\x1b]52;c;aGk=\x07\x9b2J [bold]x[/bold] [@click=app.quit]q[/] [/ \u202eevil"


def everything(home: Home) -> None:
    """One session in each state, oldest first."""
    for make, folder in (
        (made.plan, "parser"),
        (made.agents, "website"),
        (made.partial, "parser"),
        (made.chat, "notes"),
    ):
        written = make(home, cwd=f"/home/dev/{folder}")
        for session in written if isinstance(written, list) else [written]:
            session.write()
        home.clock.tick(26 * 3_600_000)
    stalled = home.session(cwd="/home/dev/website")
    stalled.prompt("Bump the dependencies")
    stalled.plan([("Look", "completed"), ("Bump", "in_progress"), ("Test", "pending")], "Bump")
    stalled.open_command("pytest -x")
    stalled.write()
    home.clock.tick(47 * 60_000)
    failed = home.session(cwd="/home/dev/website")
    failed.prompt("Write the release notes")
    failed.fail_turn()
    failed.write()
    home.clock.tick(60_000)
    hostile = home.session(cwd="/home/dev/notes")
    hostile.prompt(f"Say {HOSTILE}")
    hostile.command(f"echo '{HOSTILE}'", exit_code=1, output=HOSTILE * 3)
    hostile.end_turn(HOSTILE)
    hostile.raw(b'{"broken\x1b[31m\n')
    hostile.write()
    home.clock.tick(60_000)
    waiting = home.session(cwd="/home/dev/parser")
    waiting.prompt("Refactor the lexer")
    waiting.plan([("Read", "completed"), ("Split", "in_progress"), ("Test", "pending")], "Three")
    waiting.ask_user("Keep the old names?")
    waiting.write()
    home.clock.tick(20_000)
    running = home.session(cwd="/home/dev/parser")
    running.prompt("Fix the unicode test")
    running.plan(
        [("Read the failing test", "completed"), ("Fix the parser", "completed"),
         ("Run the test suite", "in_progress"), ("Write the changelog", "pending")],
        "Green",
    )  # fmt: skip
    running.patch({"parser/lex.py": "x = 1\n"})
    running.command("pytest -x", exit_code=1, output="1 failed")
    running.open_command("pytest")
    running.write()
