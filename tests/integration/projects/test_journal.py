"""`tailboard journal`: what is printed, what is exported, and what is kept in an existing file."""

import json
import os
import re
import subprocess
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from ingest.cli.main import run
from ingest.db.database import Database
from ingest.projects.journal.build import list_days
from ingest.projects.journal.marked_block import BEGIN, END
from tests.build import Home, Rollout, scenarios
from tests.corpus import corpus
from tests.integration.cli.cli_harness import CliHarness

EXPECTED = Path(__file__).parent / "expected"
SHOWN: dict[str, Callable[..., Rollout | list[Rollout]]] = {
    "plan": scenarios.plan,
    "agents": scenarios.agents,
    "tour": scenarios.tour,
    "goal": scenarios.goal,
    "killed": scenarios.killed,
}


def write(cli: CliHarness, *made: Callable[..., Rollout | list[Rollout]]) -> list[Rollout]:
    """Write these scenarios, ten minutes apart, and read them."""
    home = Home(cli.home)
    written: list[Rollout] = []
    for scenario in made:
        done = scenario(home)
        written += done if isinstance(done, list) else [done]
        home.clock.tick(600_000)
    for one in written:
        one.write()
    cli.now = datetime.fromtimestamp(home.clock.seconds, UTC) + timedelta(minutes=1)
    assert cli.run("ingest", "-q").code == 0
    return written


@pytest.mark.parametrize("name", SHOWN)
def test_the_journal_of_a_scenario_is_the_expected_one(cli: CliHarness, name: str) -> None:
    write(cli, SHOWN[name])
    shown = cli.run("journal", "show", "--everywhere")
    assert shown.code == 0, shown.err
    assert shown.out == (EXPECTED / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("release", ["codex-0.63.0", "codex-0.169.0"])
def test_the_journal_of_real_sessions_is_the_expected_one(cli: CliHarness, release: str) -> None:
    cli.env["CODEX_HOME"] = str(corpus() / release)
    assert cli.run("ingest", "-q").code == 0
    shown = cli.run("journal", "show", "--day", "2026-11-21")
    assert shown.out == (EXPECTED / f"{release}.md").read_text(encoding="utf-8")


def test_a_session_is_shown_by_the_beginning_of_its_id(cli: CliHarness) -> None:
    one, other = write(cli, scenarios.plan, scenarios.chat)
    shown = cli.run("journal", "show", "--session", other.thread.id[:12]).out
    assert shown.startswith("# Say hello\n")
    assert one.thread.id not in shown


def test_a_day_is_in_the_local_time_zone(
    cli: CliHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    write(cli, scenarios.plan)
    env = {"CODEX_HOME": str(cli.home), "TAILBOARD_DB": str(cli.db), "PATH": ""}
    far = timezone(timedelta(hours=-9))
    assert run(["journal", "show", "--day", "2026-11-20"], env, cli.now, far) == 0
    shown = capsys.readouterr().out
    assert "Times in UTC-09:00." in shown
    assert "sample on `main` · 23:00 ·" in shown


def test_sessions_without_turn_times_are_in_the_journal_of_their_first_day(cli: CliHarness) -> None:
    def old(home: Home) -> Rollout:
        session = home.session("g1")
        session.prompt("Do it")
        session.end_turn("Done.")
        return session

    (session,) = write(cli, old)
    (entry,) = cli.json("journal", "show", "--everywhere")["journal"]["entries"]
    assert (entry["session"], entry["turn_count"]) == (session.thread.id, 1)
    assert entry["started_at"].startswith("2026-11-21T08:00")
    day = cli.run("journal", "show", "--day", "2026-11-21")
    assert day.out == cli.run("journal", "show", "--everywhere").out
    assert cli.run("journal", "show", "--day", "2026-11-20").code == 1
    with Database(cli.db) as database:
        days = list_days(database, UTC)
        assert [(day, len(active.sources)) for day, active in days.items()] == [
            (date(2026, 11, 21), 1)
        ]


def test_turns_after_midnight_are_in_the_journal_of_the_day_they_began(cli: CliHarness) -> None:
    def late(home: Home) -> Rollout:
        home.clock.advance(15.9 * 3_600)
        session = home.session()
        session.prompt("Do it")
        home.clock.advance(1_800)
        session.end_turn("Done.")
        return session

    write(cli, late)
    journal = cli.json("journal", "show", "--everywhere")["journal"]
    assert journal["name"] == "2026-11-21"
    assert len(journal["entries"]) == 1


def test_a_day_without_activity_is_reported(cli: CliHarness) -> None:
    write(cli, scenarios.plan)
    answer = cli.run("journal", "show", "--day", "2026-11-01")
    assert (answer.code, answer.out) == (1, "")
    assert "No session on 2026-11-01" in answer.err
    assert "No session yesterday." in cli.run("journal", "show", "--day", "yesterday").err


def test_older_turns_of_a_long_session_are_counted(cli: CliHarness) -> None:
    home = Home(cli.home)
    session = home.session()
    for n in range(1, 31):
        session.prompt(f"Do thing {n}")
        session.command(f"make thing{n}", exit_code=int(n % 5 == 0), output="said\n")
        session.patch({f"thing{n}.py": "x\n"})
        session.end_turn(f"Did {n}.")
    session.write()
    cli.run("ingest", "-q")
    shown = cli.run("journal", "show", "--session", session.thread.id).out
    assert "10 commands, 2 failed, files thing1.py, thing2.py" in shown
    assert "#### Turn 10" not in shown
    assert "#### Turn 11" in shown
    cli.env["TAILBOARD_JOURNAL_TURNS"] = "2"
    shown = cli.run("journal", "show", "--session", session.thread.id).out
    assert "28 commands, 5 failed" in shown


def test_a_failure_is_repaired_if_the_same_command_succeeds_later(cli: CliHarness) -> None:
    home = Home(cli.home)
    session = home.session()
    session.prompt("Test it")
    session.command("pytest", exit_code=1, output="1 failed\n")
    session.command("ruff check", exit_code=1, output="E501\n")
    session.command("pytest", exit_code=0, output="1 passed\n")
    session.command("git commit -am Fix", 0, "[main 1a2b3c4] Fix the lexer\n 1 file changed\n")
    session.end_turn("Tested.")
    session.write()
    cli.run("ingest", "-q")
    (entry,) = cli.json("journal", "show", "--everywhere")["journal"]["entries"]
    assert [(one["what"], one["repaired"]) for one in entry["failures"]] == [
        ("pytest", True),
        ("ruff check", False),
    ]
    assert [(one["sha"], one["subject"]) for one in entry["commits"]] == [
        ("1a2b3c4", "Fix the lexer")
    ]
    shown = cli.run("journal", "show", "--everywhere").out
    assert "`pytest` failed (exit 1) and succeeded at 08:00." in shown
    assert "`ruff check` failed (exit 1) and was not repaired." in shown
    assert "**Commits**\n\n- `1a2b3c4` Fix the lexer\n" in shown


def test_a_patch_or_a_turn_that_succeeds_later_is_a_repair(cli: CliHarness) -> None:
    home = Home(cli.home)
    session = home.session()
    session.prompt("Fix it")
    session.failing_patch("lex.py")
    session.failing_patch("other.py")
    session.patch({"lex.py": "x\n"})
    session.fail_turn()
    session.prompt("Go on")
    session.end_turn("Fixed.")
    session.write()
    cli.run("ingest", "-q")
    (entry,) = cli.json("journal", "show", "--everywhere")["journal"]["entries"]
    assert [(one["what"], one["repaired"]) for one in entry["failures"]] == [
        ("patch of lex.py", True),
        ("patch of other.py", False),
        ("turn 1", True),
    ]
    assert "turn 1 failed" in (shown := cli.run("journal", "show", "--everywhere").out)
    assert "and a later turn succeeded." in shown


def test_edits_of_users_are_in_the_journal_of_their_day_in_words(cli: CliHarness) -> None:
    write(cli, scenarios.partial)
    cli.env["USER"] = cli.env["LOGNAME"] = "root"
    (task,) = [
        one["id"]
        for one in cli.json("tasks", "--all", "--everywhere")["tasks"]
        if one["text"] == "Fix the parser"
    ]

    def add(text: str) -> str:
        cli.run("tasks", "add", text, "--project", "sample")
        tasks = cli.json("tasks", "--all", "--everywhere")["tasks"]
        return next(each["id"] for each in tasks if each["text"] == text)

    release, document = add("Release 0.2"), add("Document the import")
    for words in (
        ("link", release, document),
        ("complete", task, "--reason", "by hand"),
        ("owner", document, "Ada"),
        ("undo",),
    ):
        assert cli.run("tasks", *words).code == 0, words
    shown = cli.run("journal", "show", "--everywhere").out
    actor = cli.json("journal", "show", "--everywhere")["journal"]["decisions"][0]["answer"].split(
        ":"
    )[0]
    edits = shown.partition("## Decisions by people\n\n")[2].split("\n\n")[0].splitlines()
    assert [edit.partition(f" {actor}: ")[2] for edit in edits] == [
        "added “Release 0.2”",
        "added “Document the import”",
        "Release 0.2 waits for “Document the import”",
        "completed “Fix the parser” (by hand)",
        "“Document the import” belongs to Ada",
        "undid: “Document the import” belongs to Ada",
    ]
    assert release not in shown
    done = next(line for line in shown.splitlines() if line.startswith("- **Done**"))
    assert "Fix the parser" in done
    cli.now += timedelta(days=1)
    cli.run("tasks", "set", task, "cancelled")
    assert "cancelled" not in cli.run("journal", "show", "--day", "2026-11-21").out


def test_three_lines_on_top_count_sessions_what_is_done_open_and_failed(cli: CliHarness) -> None:
    write(cli, scenarios.plan, scenarios.partial)
    top = cli.run("journal", "show", "--everywhere").out.split("\n\n")[1].splitlines()
    assert [re.match(r"- \*\*(\w+)\*\* ", line)[1] for line in top] == ["Sessions", "Done", "Open"]  # type: ignore[index]
    assert top[0].startswith("- **Sessions** 2 in sample, 08:00 to ")
    assert "**Failed**" in top[2]


def test_a_step_that_a_later_session_does_is_not_open(cli: CliHarness) -> None:
    home = Home(cli.home)
    for state in ("in_progress", "completed"):
        session = home.session()
        session.prompt("Add the import")
        session.plan([("Add the import command", state)])
        session.command("pytest", exit_code=int(state != "completed"), output="said\n")
        session.end_turn("That is it.")
        session.write()
        home.clock.tick(600_000)
    cli.run("ingest", "-q")
    shown = cli.run("journal", "show", "--everywhere").out
    assert "- **Done** 1: Add the import command." in shown
    assert "- **Open** nothing. **Failed** nothing.\n" in shown


def test_positions_in_codex_files_are_only_in_the_json_and_in_a_comment(cli: CliHarness) -> None:
    (session,) = write(cli, scenarios.tour)
    (entry,) = cli.json("journal", "show", "--everywhere")["journal"]["entries"]
    shown = cli.run("journal", "show", "--everywhere").out
    visible, _, comment = shown.partition("<!--")
    assert "@" not in visible
    assert session.path.name not in visible
    assert comment.rstrip().endswith("-->")
    for place in [each["place"] for name in ("turns", "failures") for each in entry[name]]:
        assert place["file"] in comment
        assert f"@{place['byte']}" in comment


def test_an_answer_and_an_output_keep_their_form_and_have_no_effect(cli: CliHarness) -> None:
    home = Home(cli.home)
    session = home.session()
    session.prompt("Compare [these](http://evil.example)")
    session.command("pytest", exit_code=1, output="    def f():\n>       raise X\nE   X\n")
    session.end_turn(
        "# Done\n\n1. **Read** `a_b`:\n   - one\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n"
        "````md\n```\n<b>\n```\n````\n<img src=x> ![p](http://evil.example/p.png) a_b! #3"
    )
    session.write()
    cli.run("ingest", "-q")
    shown = cli.run("journal", "show", "--everywhere").out
    assert "> ```\n>     def f():\n> >       raise X\n> E   X\n> ```\n" in shown
    assert "> **Done**\n>\n> 1. **Read** `a_b`:\n>    - one\n>\n> | a | b |\n> |---|---|\n" in shown
    assert "> ````md\n> ```\n> <b>\n> ```\n> ````\n" in shown
    assert r"> \<img src=x> p (`http://evil.example/p.png`) a_b! #3" in shown
    assert "# Journal" in shown
    assert "these (`http://evil.example`)" in shown


def test_export_writes_beside_the_database_and_lists_the_files(cli: CliHarness) -> None:
    write(cli, scenarios.plan, scenarios.chat)
    answer = cli.json("journal", "export", "--day", "2026-11-21")
    (written,) = answer["written"]
    path = Path(written["path"])
    assert path == cli.db.parent / "journals" / "sample" / "2026-11-21.md"
    assert (written["sessions"], written["redacted"]) == (2, 1)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    before = path.read_bytes()
    cli.json("journal", "export", "--day", "2026-11-21")
    assert path.read_bytes() == before


@pytest.mark.parametrize("form", ["md", "json", "html"])
def test_the_same_sessions_give_the_same_bytes_in_another_database(
    cli: CliHarness, form: str
) -> None:
    write(cli, scenarios.plan, scenarios.agents)
    texts = []
    for name in ("one", "two"):
        cli.env["TAILBOARD_DB"] = str(cli.tmp / name / "t.duckdb")
        cli.run("ingest", "-q")
        out = cli.tmp / name / f"out.{form}"
        answer = cli.run("journal", "export", "--everywhere", "--format", form, "--out", str(out))
        assert answer.code == 0, answer.err
        texts.append(out.read_bytes())
        cli.now += timedelta(days=40)
        cli.env["TAILBOARD_CONFIG"] = "/nowhere"
    assert texts[0] == texts[1]


def test_an_html_page_is_self_contained_and_json_is_valid(cli: CliHarness) -> None:
    write(cli, scenarios.chat)
    page, data = cli.tmp / "j.html", cli.tmp / "j.json"
    cli.run("journal", "export", "--everywhere", "--format", "html", "--out", str(page))
    cli.run("journal", "export", "--everywhere", "--format", "json", "--out", str(data))
    text = page.read_text()
    assert "Content-Security-Policy" in text
    assert "src=" not in text
    assert "href=" not in text
    written = json.loads(data.read_text())
    assert written["schema"] == "tailboard.journal/1"
    assert written["journal"]["entries"][0]["objective"].startswith("Say hello")


def test_notes_of_the_user_survive_and_broken_markers_are_refused(cli: CliHarness) -> None:
    write(cli, scenarios.plan)
    path = cli.tmp / "mine.md"
    path.write_text("my notes\n")
    assert cli.run("journal", "export", "--everywhere", "--out", str(path)).code == 0
    path.write_text(path.read_text() + "more notes\n")
    assert cli.run("journal", "export", "--everywhere", "--out", str(path)).code == 0
    text = path.read_text()
    assert text.startswith("my notes\n")
    assert text.endswith(f"{END}\nmore notes\n")
    path.write_text(f"{text}{BEGIN}\n")
    refused = cli.run("journal", "export", "--everywhere", "--out", str(path))
    assert refused.code == 1
    assert "not one pair" in refused.err
    assert path.read_text() == f"{text}{BEGIN}\n"


def test_a_file_that_is_not_a_journal_is_not_overwritten(cli: CliHarness) -> None:
    write(cli, scenarios.plan)
    for name, form in (("a.html", "html"), ("a.json", "json")):
        path = cli.tmp / name
        path.write_text("mine")
        refused = cli.run("journal", "export", "--everywhere", "--format", form, "--out", str(path))
        assert refused.code == 1
        assert "was not written by Tailboard" in refused.err
        assert path.read_text() == "mine"
    path = cli.tmp / "latin.md"
    path.write_bytes(b"caf\xe9\n")
    assert (
        "not UTF-8 text (byte 3)"
        in cli.run("journal", "export", "--everywhere", "--out", str(path)).err
    )
    assert path.read_bytes() == b"caf\xe9\n"


def test_writing_into_a_repository_needs_the_option_into(cli: CliHarness) -> None:
    write(cli, scenarios.plan)
    cli.env["PATH"] = os.environ["PATH"]
    repository = cli.tmp / "repo"
    repository.mkdir()
    subprocess.run(["git", "init", "-q", str(repository)], check=True)
    path = repository / "journal.md"
    refused = cli.run("journal", "export", "--everywhere", "--out", str(path))
    assert refused.code == 1
    assert "--into" in refused.err
    assert not path.exists()
    written = cli.run("journal", "export", "--everywhere", "--out", str(path), "--into")
    assert written.code == 0
    assert "is not ignored by git" in written.err
    (repository / ".gitignore").write_text("journal.md\n")
    assert (
        "ignored"
        not in cli.run("journal", "export", "--everywhere", "--out", str(path), "--into").err
    )


def test_exported_files_are_known_after_the_loss_of_the_database(cli: CliHarness) -> None:
    from ingest.db.database import Database
    from ingest.projects.exports import exported_files

    write(cli, scenarios.plan)
    path = cli.tmp / "mine.md"
    for _ in range(2):
        cli.run("journal", "export", "--everywhere", "--out", str(path))
    cli.db.unlink()
    cli.run("ingest", "-q")
    with Database(cli.db) as database:
        assert exported_files(database) == [path]


def test_automatic_export_is_switched_on_and_off_for_a_project(cli: CliHarness) -> None:
    home = Home(cli.home)
    folder = cli.tmp / "parser"
    folder.mkdir()
    session = home.session(cwd=str(folder))
    session.prompt("Fix it")
    session.end_turn("Fixed.")
    session.write()
    cli.run("ingest", "-q")
    on = cli.json("journal", "auto", "on", "--project", "parser")
    assert [one["folder"] for one in on["auto"]] == [str(folder)]
    assert str(folder) in cli.run("journal", "auto").out
    off = cli.json("journal", "auto", "off", "--project", "parser")
    assert off["auto"] == []
    unknown = cli.run("journal", "auto", "on", "--project", "nothing")
    assert (unknown.code, "No session" in unknown.err) == (1, True)


@pytest.mark.fault("S01")
def test_no_secret_is_exported_even_if_an_older_version_stored_it(cli: CliHarness) -> None:
    from ingest.db.database import Database

    secret, private = "ghp_" + "a1B2" * 10, "<private>my diary</private>"
    write(cli, scenarios.plan, scenarios.tour)
    with Database(cli.db) as database:
        for table, column in (
            ("messages", "text"),
            ("calls", "command"),
            ("calls", "output_head"),
            ("files", "path"),
        ):
            database.execute(f"update {table} set {column} = {column} || ' {secret} {private}'")
        database.execute(f"update turns set error = 'token {secret}' where error is not null")
    for form in ("md", "json", "html"):
        out = cli.tmp / f"out.{form}"
        answer = cli.json(
            "journal", "export", "--project", "sample", "--format", form, "--out", str(out)
        )
        assert answer["written"][0]["redacted"] > 0
    assert cli.run("state", "export", "--project", "sample", "--out", str(cli.tmp / "s")).code == 0
    shown = cli.run("journal", "show", "--everywhere").out
    left = [path.read_text() for path in (*cli.tmp.glob("out.*"), *cli.tmp.glob("s/**/*.json"))]
    assert len(left) == 6
    for text in (*left, shown, cli.run("journal", "show", "--everywhere", "--json").out):
        assert "a1B2" not in text
        assert "diary" not in text


RELEASES = sorted(path.name for path in corpus().glob("codex-*"))


@pytest.mark.parametrize("release", RELEASES)
def test_sessions_of_every_release_are_in_the_journal_with_offsets(
    cli: CliHarness, release: str
) -> None:
    cli.env["CODEX_HOME"] = str(corpus() / release)
    cli.run("ingest", "-q")
    sessions = cli.json("sessions")["sessions"]
    entries = [
        entry
        for project in sorted({one["project"] for one in sessions})
        for entry in cli.json("journal", "show", "--project", project)["journal"]["entries"]
    ]
    assert {one["session"] for one in entries} == {one["id"] for one in sessions}
    for entry in entries:
        files = {one["file"] for one in entry["sources"]}
        assert all((corpus() / release / file).exists() for file in files)
        groups = ("turns", "decisions", "failures", "commits")
        places = [each["place"] for group in groups for each in entry[group]]
        assert {place["file"] for place in places if place} <= files
        counted = entry["earlier"]["last"] if entry["earlier"] else 0
        assert entry["turn_count"] == len(entry["turns"]) + counted
        if entry["title"].startswith("Fix the failing"):
            assert [one["how"] for one in entry["failures"]] == ["exit 1"]
            assert {one["path"] for one in entry["files"]} >= {"notes/parser.md"}


ANSWER = "Done. The lexer reads `BOM` now:\n\n```python\nif text.startswith(BOM):\n    skip()\n```"


def test_the_journal_of_a_busy_day_is_limited_to_what_is_important(cli: CliHarness) -> None:
    home = Home(cli.home)
    for number in range(20):
        session = home.session(cwd=f"/home/dev/{('parser', 'web')[number % 2]}")
        for turn in range(6):
            session.prompt(f"Work package {number}.{turn}\nwith some words on it")
            for look in range(12):
                session.command(f"sed -n '{look},40p' src/lex.py", 0, "x = 1\n" * 20)
                session.command(f"rg -n needle{look} src", 1, "")
            session.command("pytest -q", 1, "E   assert 1 == 2\n" * 30)
            session.patch({f"src/part{turn}.py": "x = 1\n"})
            session.command("pytest -q", 0, "12 passed")
            session.command(f"git commit -qm 'Package {number}.{turn}'", 0, "")
            session.end_turn(ANSWER)
        session.write()
    cli.now = datetime.fromtimestamp(home.clock.seconds, UTC)
    assert cli.run("ingest", "-q").code == 0
    shown = cli.run("journal", "show", "--day", "2026-11-21").out
    visible = shown.partition("<!--")[0]
    assert len(visible.split()) < 900
    assert visible.count("\n## Work package") == 6
    assert visible.split("## Other sessions", 1)[1].count("Work package") == 14
    assert "sed -n" not in visible
    assert "rg -n" not in visible
    assert visible.count("`pytest -q` failed 6 times (exit 1) and succeeded at") == 6
    assert "> ```python\n> if text.startswith(BOM):\n>     skip()\n> ```" in visible


def test_decisions_that_answers_state_are_in_the_journal(cli: CliHarness) -> None:
    home = Home(cli.home)
    session = home.session()
    session.prompt("Import amounts")
    session.ask_user("Which rounding?")
    session.answer_user("half even")
    session.end_turn("Done.\n\n**Decision:** amounts are integer cents.")
    session.write()
    cli.run("ingest", "-q")
    (entry,) = cli.json("journal", "show", "--everywhere")["journal"]["entries"]
    found = [(one["question"], one["answer"]) for one in entry["decisions"]]
    assert found == [("Which rounding?", "half even"), ("", "amounts are integer cents.")]
    assert (
        b"amounts are integer cents"
        in session.path.read_bytes()[entry["decisions"][1]["place"]["byte"] :].split(b"\n")[0]
    )
    shown = cli.run("journal", "show", "--everywhere").out
    assert "**amounts are integer cents.**\n" in shown.partition("**Decisions**")[2]
