"""The commands that read: their JSON documents and their printed output."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.build import Home
from tests.integration.cli.cli_harness import CliHarness, Sessions, write_sessions

SESSION_KEYS = [
    "id", "parent_id", "root_id", "forked_from", "title", "project", "cwd", "branch", "commit",
    "state", "state_reason", "started_at", "last_at", "turns", "commands", "failed_commands",
    "plan_total", "plan_done", "tokens", "model", "cli_version", "source", "archived",
]  # fmt: skip
TURN_KEYS = {
    "id", "n", "state", "started_at", "ended_at", "prompt", "answer", "error", "rolled_back",
    "commands", "files",
}  # fmt: skip
TOKENS = {"input", "cached", "output", "reasoning", "total"}


def test_status_json_has_the_promised_keys(cli: CliHarness, sessions: Sessions) -> None:
    status = cli.json("status")
    assert status["schema"] == "tailboard.status/1"
    assert status["behind_bytes"] == 0
    assert status["oldest_unread_seconds"] == 0
    assert status["fresh_at"].endswith("Z")
    assert {"following", "archived", "missing", "damaged", "rewritten"} <= set(status["sources"])
    assert status["sources"]["following"] == 5
    assert set(status["batches"]) >= {
        "pending", "claimed", "stuck", "backed_off", "failed", "dead", "completed",
        "completed_empty", "superseded",
    }  # fmt: skip
    assert status["sessions"] == {"running": 1, "waiting": 1, "stalled": 1, "failed": 1}
    assert status["rejected_lines"] == 1
    assert set(status["owner"]) == {"pid", "since", "role"}


def test_old_open_sessions_are_idle_and_not_in_the_status(
    cli: CliHarness, sessions: Sessions
) -> None:
    assert cli.now is not None
    cli.now += timedelta(days=60)
    assert set(cli.json("status")["sessions"].values()) == {0}
    assert "Run something long" not in cli.run("status").out
    states = [one["state"] for one in cli.json("sessions")["sessions"]]
    assert sorted(states) == ["done", "failed", "idle", "idle", "idle"]


def test_unreadable_files_are_shown_as_such_and_not_as_backlog(
    cli: CliHarness, sessions: Sessions
) -> None:
    home = Home(cli.home)
    broken = home.session()
    broken.prompt("Begin")
    broken.write()
    packed = home.compress(broken)
    packed.write_bytes(packed.read_bytes()[:-20])
    assert cli.run("ingest").code == 1
    status = cli.json("status")
    assert (status["behind_bytes"], status["sources"]["damaged"]) == (0, 1)


def test_status_shows_the_backlog(cli: CliHarness, sessions: Sessions) -> None:
    with sessions.running.path.open("ab") as file:
        file.write(b'{"half a line')
    status = cli.json("status")
    assert status["behind_bytes"] == len(b'{"half a line')
    assert status["oldest_unread_seconds"] >= 0
    assert "`tailboard ingest`" in cli.run("status").out


def test_status_shows_live_sessions_with_the_reason(cli: CliHarness, sessions: Sessions) -> None:
    out = cli.run("status").out
    assert "● 1 running ◐ 1 waiting ◆ 1 stalled ✗ 1 failed" in out
    assert "`pytest -x` running 3 h" in out
    assert "1 line: `tailboard quarantine list`" in out


def test_sessions_json_has_the_promised_keys(cli: CliHarness, sessions: Sessions) -> None:
    document = cli.json("sessions")
    assert document["schema"] == "tailboard.sessions/1"
    rows = {row["id"]: row for row in document["sessions"]}
    assert len(rows) == 5
    for row in rows.values():
        assert list(row)[: len(SESSION_KEYS)] == SESSION_KEYS
        assert set(row["tokens"]) == TOKENS
    done = rows[sessions.done.thread.id]
    assert done["title"] == "Fix the parser"
    assert (done["state"], done["project"], done["branch"]) == ("done", "sample", "main")
    assert (done["turns"], done["commands"], done["failed_commands"]) == (2, 1, 1)
    assert (done["plan_total"], done["plan_done"]) == (2, 2)
    assert done["tokens"]["total"] == sessions.done.expected.tokens.total
    assert done["source"] == "exec"
    states = {name: rows[getattr(sessions, name).thread.id]["state"] for name in vars(sessions)}
    assert states == {name: name for name in vars(sessions)}


def test_sessions_can_be_filtered_and_paged(cli: CliHarness, sessions: Sessions) -> None:
    def ids(*arguments: str) -> list[str]:
        return [row["id"] for row in cli.json("sessions", *arguments)["sessions"]]

    every = ids()
    stalled = sessions.stalled.thread.id
    assert every[-1] == stalled
    assert ids("--project", "site") == [stalled]
    assert ids("--project", "/home/dev/site/") == [stalled]
    assert ids("--branch", "nowhere") == []
    assert ids("--session", stalled) == [stalled]
    assert ids("--until", "2h") == [stalled]
    assert ids("--since", "2h") == every[:-1]
    assert ids("--limit", "2", "--offset", "1") == every[1:3]


def test_a_printed_list_shows_a_state_as_glyph_and_word(
    cli: CliHarness, sessions: Sessions
) -> None:
    out = cli.run("sessions").out
    assert "◆ stalled" in out
    assert "1, 1 failed" in out
    cli.env["TAILBOARD_ASCII"] = "1"
    assert cli.run("sessions").out.isascii()


def test_show_prints_a_session_turn_by_turn(cli: CliHarness, sessions: Sessions) -> None:
    document = cli.json("show", sessions.done.thread.id)
    assert document["schema"] == "tailboard.show/1"
    assert document["session"]["id"] == sessions.done.thread.id
    first, second = document["turns"]
    assert set(first) >= TURN_KEYS
    assert (first["n"], first["state"], first["rolled_back"]) == (1, "completed", False)
    assert first["prompt"] == "Fix the parser\nand the changelog"
    assert first["answer"] == "It works now."
    assert [(run["command"], run["exit_code"], run["status"]) for run in first["commands"]] == [
        ("pytest", 1, "failed")
    ]
    assert {"command", "exit_code", "status", "seconds"} <= set(first["commands"][0])
    assert [(file["path"].rpartition("/")[2], file["change"]) for file in first["files"]] == [
        ("parser.md", "add")
    ]
    assert second["commands"] == []
    assert [plan["explanation"] for plan in document["plans"]] == ["Two steps", "All done"]
    assert document["plans"][0]["steps"] == [
        {"text": "Read", "status": "completed"},
        {"text": "Fix", "status": "in_progress"},
    ]
    assert {"revision", "at"} <= set(document["plans"][0])
    assert document["goals"] == []


def test_show_prints_the_current_plan_and_the_goal(
    cli: CliHarness,
) -> None:
    session = Home(cli.home).session("g4", "0.155.0")
    session.prompt("Begin")
    session.event("thread_goal_updated", goal={"objective": "Ship it"})
    session.plan([("Read", "completed")])
    session.plan([])
    refused = {"plan": [{"step": "Dream", "status": "pending"}]}
    session.call("update_plan", refused, "unsupported call: update_plan")
    session.end_turn("Done.")
    session.write()
    assert cli.run("ingest", "-q").code == 0
    out = cli.run("show", session.thread.id).out
    assert "Plan as of its 2 revisions\n  no steps\n" in out
    assert "Goal: Ship it (active)" in out
    assert "Dream" not in out
    plans = cli.json("show", session.thread.id)["plans"]
    assert [(one["revision"], one["accepted"]) for one in plans] == [
        (1, True),
        (2, True),
        (3, False),
    ]


def test_show_prints_prompts_sent_during_a_turn(cli: CliHarness) -> None:
    session = Home(cli.home).session("g4", "0.169.0")
    session.prompt("Fix the parser")
    session.command("pytest", exit_code=0, output="ok")
    session.prompt("And leave the lexer alone")
    session.end_turn("Done.")
    session.write()
    assert cli.run("ingest", "-q").code == 0
    out = cli.run("show", session.thread.id).out
    assert "  > Fix the parser\n  > And leave the lexer alone\n" in out
    (turn,) = cli.json("show", session.thread.id)["turns"]
    assert (turn["prompt"], turn["steered"]) == ("Fix the parser", ["And leave the lexer alone"])
    day = cli.run("journal", "show", "--session", session.thread.id).out
    assert "Fix the parser" in day
    assert "And leave the lexer alone" in day


def test_show_labels_a_turn_that_only_compacts(cli: CliHarness) -> None:
    session = Home(cli.home).session("g4", "0.169.0")
    session.prompt("Fix the parser")
    session.end_turn("Done.")
    session.compact()
    session.write()
    assert cli.run("ingest", "-q").code == 0
    out = cli.run("show", session.thread.id).out
    assert out.count("The context was compacted (/compact).") == 1
    assert "context was compacted" in out.partition("Turn 2")[2]


def test_an_answer_is_what_codex_calls_the_last_agent_message(cli: CliHarness) -> None:
    session = Home(cli.home).session("g4", "0.169.0")
    session.prompt("Paint it")
    session.settle()
    text = {"content": [{"type": "Text", "text": "Which colour?"}], "phase": "final_answer"}
    asked = {"type": "AgentMessage", "id": "call_1", **text, "delivery": "async"}
    session.turn_item(asked | {"questions": [{"title": "Which colour?"}]})
    session.end_turn("It is blue now.")
    session.write()
    assert cli.run("ingest", "-q").code == 0
    (turn,) = cli.json("show", session.thread.id)["turns"]
    assert turn["answer"] == "It is blue now."
    assert "Which colour?" not in cli.run("journal", "show", "--session", session.thread.id).out


def test_show_can_print_one_turn(cli: CliHarness, sessions: Sessions) -> None:
    document = cli.json("show", sessions.done.thread.id, "--turn", "2")
    assert [turn["n"] for turn in document["turns"]] == [2]
    assert document["plans"] == []
    answer = cli.run("show", sessions.done.thread.id, "--turn", "3")
    assert (answer.code, answer.out) == (1, "")
    assert "there is no turn 3" in answer.err


def test_text_of_a_log_cannot_control_the_terminal(cli: CliHarness, sessions: Sessions) -> None:
    out = cli.run("show", sessions.done.thread.id).out
    assert "Thanks ␛[31mred␛[0m <U+202E>" in out
    assert "\x1b" not in out
    raw = cli.json("show", sessions.done.thread.id)["turns"][1]["prompt"]
    assert raw == "Thanks \x1b[31mred\x1b[0m \u202e"


def test_raw_lines_are_those_of_the_file(cli: CliHarness, sessions: Sessions) -> None:
    lines = sessions.done.path.read_text().splitlines()
    thread = sessions.done.thread.id
    assert cli.json("show", thread, "--raw")["lines"] == lines
    turn = cli.json("show", thread, "--raw", "--turn", "2")["lines"]
    assert turn == lines[-len(turn) :]
    assert '"task_started"' in turn[0]


def test_raw_lines_of_a_missing_file_are_refused(cli: CliHarness, sessions: Sessions) -> None:
    sessions.done.path.unlink()
    answer = cli.run("show", sessions.done.thread.id, "--raw")
    assert (answer.code, answer.out) == (1, "")
    assert "The file no longer exists" in answer.err


def test_raw_lines_of_a_truncated_file_are_refused(cli: CliHarness, sessions: Sessions) -> None:
    sessions.done.path.write_bytes(b"{}\n")
    answer = cli.run("show", sessions.done.thread.id, "--raw", "--json")
    assert (answer.code, answer.json["schema"]) == (1, "tailboard.error/1")
    assert "`tailboard ingest`" in answer.err


def test_a_printed_id_prefix_is_unique_among_all_sessions(
    cli: CliHarness,
) -> None:
    home = Home(cli.home)
    for ended in (True, False):  # Begun within a second, and only one of them is live.
        session = home.session()
        session.prompt("Mend the lexer")
        if ended:
            session.end_turn("It is mended.")
        session.write()
    cli.now = datetime.fromtimestamp(home.clock.seconds, UTC)
    cli.run("ingest")
    live = session.thread.id
    words = cli.run("status").out.split()
    shown = next(word for word in words if len(word) >= 8 and live.startswith(word))
    assert cli.run("show", shown).code == 0
    hits = cli.run("search", "lexer", "--limit", "1").out.split()
    assert cli.run("show", hits[hits.index("·", 2) + 1]).code == 0


def test_an_ambiguous_prefix_is_refused_with_all_matches(
    cli: CliHarness, sessions: Sessions
) -> None:
    answer = cli.run("show", "0", "--json")
    assert (answer.code, answer.json["schema"]) == (2, "tailboard.error/1")
    assert sessions.done.thread.id in answer.err
    assert sessions.failed.thread.id in answer.err


@pytest.mark.parametrize("command", [["show", "zzzz"], ["sessions", "--session", "zzzz"]])
def test_an_unknown_id_is_not_found(
    cli: CliHarness, sessions: Sessions, command: list[str]
) -> None:
    answer = cli.run(*command)
    assert (answer.code, answer.out) == (1, "")
    assert "'zzzz'" in answer.err


@pytest.mark.parametrize("by", ["day", "model", "project", "session"])
def test_usage_has_the_same_total_for_every_grouping(
    cli: CliHarness, sessions: Sessions, by: str
) -> None:
    document = cli.json("usage", "--by", by)
    assert document["schema"] == "tailboard.usage/1"
    expected = sum(session.expected.tokens.total for session in vars(sessions).values())
    assert set(document["total"]) == TOKENS
    assert document["total"]["total"] == expected
    assert all(set(row) == TOKENS | {"key"} for row in document["rows"])
    assert sum(row["total"] for row in document["rows"]) == expected


def test_usage_can_be_filtered(cli: CliHarness, sessions: Sessions) -> None:
    rows = cli.json("usage", "--by", "session", "--session", sessions.done.thread.id)["rows"]
    assert [row["key"] for row in rows] == [sessions.done.thread.id]
    assert cli.json("usage", "--since", "2026-11-22")["rows"] == []
    assert [row["key"] for row in cli.json("usage")["rows"]] == ["2026-11-21"]
    assert cli.run("usage").out.startswith("DAY")


def test_sources_shows_how_far_each_file_is_read(cli: CliHarness, sessions: Sessions) -> None:
    document = cli.json("sources", "--session", sessions.done.thread.id)
    (source,) = document["sources"]
    assert set(source) >= {
        "id", "kind", "path", "size", "offset", "behind", "generation", "state", "lines",
        "rejected",
    }  # fmt: skip
    assert source["path"] == str(sessions.done.path)
    assert source["size"] == source["offset"] == sessions.done.path.stat().st_size
    assert (source["behind"], source["rejected"], source["state"]) == (0, 1, "following")
    assert len(cli.json("sources")["sources"]) == 5
    assert str(sessions.done.path) in cli.run("sources").out


def test_quarantine_keeps_the_line_and_the_reason(cli: CliHarness, sessions: Sessions) -> None:
    (reject,) = cli.json("quarantine")["rejects"]
    assert set(reject) >= {"id", "source", "offset", "length", "reason", "excerpt"}
    assert reject["excerpt"] == "{not json"
    assert cli.json("quarantine", "list")["rejects"] == [reject]
    (whole,) = cli.json("quarantine", "show", reject["id"])["rejects"]
    assert whole["head"] == "{not json"
    assert "{not json" in cli.run("quarantine", "show", reject["id"]).out
    assert cli.run("quarantine", "show", "9:9").code == 1


def test_sql_queries_the_views(cli: CliHarness, sessions: Sessions) -> None:
    question = "SELECT project, count(*) AS n FROM v_sessions GROUP BY ALL ORDER BY ALL"
    document = cli.json("sql", question)
    assert document["columns"] == ["project", "n"]
    assert document["rows"] == [["sample", 4], ["site", 1]]
    assert cli.run("sql", question).out.splitlines()[1] == "sample   4"
    assert len(cli.json("sql", "FROM v_turns", "--limit", "2")["rows"]) == 2
    started = cli.json("sql", "SELECT min(started_at) FROM v_sessions")["rows"][0][0]
    assert started.startswith("2026-11-21T08:00:")


def test_every_view_is_documented(cli: CliHarness, sessions: Sessions) -> None:
    document = cli.json("sql", "--views")
    views = {view["name"]: view for view in document["views"]}
    stored = cli.json("sql", "SELECT view_name FROM duckdb_views() WHERE NOT internal")["rows"]
    assert set(views) == {name for (name,) in stored if name.startswith("v_")}
    manual = (Path(__file__).parents[3] / "MANUAL.md").read_text()
    for name, view in views.items():
        assert view["about"].endswith(".")
        assert view["columns"]
        assert f"`{name}`" in manual
    assert "What people said about tasks" in cli.run("sql", "--views").out
    assert cli.run("sql").code == 2
    assert cli.run("sql", "SELECT 1", "--views").code == 2


def test_edits_of_tasks_can_be_queried(cli: CliHarness, sessions: Sessions) -> None:
    (task,) = cli.json("tasks", "add", "Write the manual", "--project", "sample")["tasks"]
    cli.run("tasks", "complete", task["id"], "--reason", "by hand")
    cli.run("tasks", "undo")
    rows = cli.json("sql", "SELECT task, edit, reason, undone FROM v_edits ORDER BY time")["rows"]
    assert rows == [
        [task["id"], "add", None, False],
        [task["id"], "set", "by hand", True],
        [task["id"], "undo", None, False],
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM turns",
        "DROP VIEW v_turns",
        "SELECT 1; SELECT 2",
        "",
        "SELECT",
        "SELECT $a",
        "SET threads = 1",
        "COPY (SELECT 1) TO '/tmp/x'",
        "ATTACH '/tmp/x.duckdb'",
        "EXPLAIN ANALYZE DELETE FROM turns",
        "WITH x AS (DELETE FROM turns RETURNING *) SELECT 1",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM glob('/*')",
        "CHECKPOINT",
    ],
)
def test_sql_that_does_not_only_read_is_refused_and_changes_nothing(
    cli: CliHarness, sessions: Sessions, statement: str
) -> None:
    answer = cli.run("sql", statement, "--json")
    assert (answer.code, answer.json["schema"]) == (2, "tailboard.error/1")
    assert "tailboard sql" in answer.err
    assert cli.json("sql", "SELECT count(*) FROM v_turns")["rows"] == [[6]]


def test_an_error_of_sql_suggests_the_list_of_views(cli: CliHarness, sessions: Sessions) -> None:
    assert "`tailboard sql --views` lists them" in cli.run("sql", "DROP TABLE turns").err


def test_the_document_is_pure_ascii_and_one_line(cli: CliHarness, sessions: Sessions) -> None:
    out = cli.run("show", sessions.done.thread.id, "--json").out
    assert out.isascii()
    assert out.count("\n") == 1
    json.loads(out)


def test_a_new_user_sees_three_hints(cli: CliHarness) -> None:
    result = cli.run("status").out
    assert result.startswith("Nothing has been read yet.\n\nThree things to know:\n")
    assert [line.split()[0] for line in result.splitlines()[3:]] == [
        "dashboard",
        "data",
        "problems",
        "file",
    ]
    assert str(cli.db) in result
    write_sessions(cli.home)
    assert "KiB unread: `tailboard ingest`." in cli.run("status").out
    assert cli.run("ingest").code == 0
    assert "Three things" not in cli.run("status").out


@pytest.mark.parametrize("command", [["sessions"], ["usage"]])
def test_an_unknown_project_is_reported_with_a_similar_name(
    cli: CliHarness, sessions: Sessions, command: list[str]
) -> None:
    answer = cli.run(*command, "--project", "sit")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err == "There is no project 'sit'.\nDid you mean 'site'?\n"
    assert "There are " in cli.run(*command, "--project", "nothing like it").err
    assert cli.run(*command, "--project", "/home/dev/site", "--since", "1m").code == 0


def test_usage_by_session_shows_titles(cli: CliHarness, sessions: Sessions) -> None:
    row = cli.run("usage", "--by", "session", "--session", sessions.done.thread.id).out
    assert "Fix the parser" in row
