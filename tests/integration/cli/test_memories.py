"""What Codex keeps beside its sessions: its memories, queued messages and pins."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.build import Home, Rollout
from tests.codex_databases import codex_database, queue_message
from tests.integration.cli.cli_harness import CliHarness


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CliHarness:
    return CliHarness(tmp_path, capsys)


@pytest.fixture
def sessions(cli: CliHarness) -> list[Rollout]:
    home = Home(cli.home)
    found = [home.session("g4") for _ in range(3)]
    for session in found:
        session.prompt("Work")
        session.end_turn("Done.")
        session.write()
    cli.now = datetime.fromtimestamp(home.clock.ms / 1000, UTC)
    cli.run("ingest", "-q")
    return found


def test_memories_show_coverage_failures_and_what_was_remembered(
    cli: CliHarness, sessions: list[Rollout]
) -> None:
    first, second, third = (session.thread.id for session in sessions)
    seconds, secret = int(cli.now.timestamp()), "ghp_" + "a1B2" * 9
    with codex_database(cli.home, "memories_1.sqlite") as codex:
        codex.execute(
            "insert into stage1_outputs values (?, 1, 'x', 'y', null, ?, 0, null)", (first, seconds)
        )
        codex.executemany(
            "insert into jobs (kind, job_key, status, lease_until, retry_at, retry_remaining, "
            "last_error) values (?, ?, ?, ?, ?, ?, ?)",
            [
                ("memory_stage1", first, "done", None, None, 3, None),
                ("memory_stage1", second, "error", None, seconds + 60, 2, f"401 for {secret}\n"),
                ("consolidate", "global", "running", seconds - 60, None, 3, None),
            ],
        )
        folder = cli.home / "memories" / "rollout_summaries"
        folder.mkdir(parents=True)
        (folder.parent / "MEMORY.md").write_text("# Parser\napplies_to: cwd=/w/parser; x\n")
        (folder / "one.md").write_text(f"\nUse {secret}\n")
        (folder / "two.md").symlink_to("/etc/passwd")
        found = cli.json("memories")
        shown = cli.run("memories").out
    assert found["coverage"] == {"sessions": 3, "covered": 1, "failed": 1}
    failed, stuck = found["jobs"]
    assert (failed["session"], failed["status"], failed["retries_left"]) == (second, "error", 2)
    assert failed["error"] == "401 for [secret: github-token]"
    assert failed["retry_at"] is not None
    assert (stuck["kind"], stuck["status"]) == ("consolidate", "stuck")
    assert [(entry["title"], entry["applies_to"]) for entry in found["entries"]] == [
        ("Parser", ["/w/parser"]),
        ("Use [secret: github-token]", []),
    ]
    assert "1 of 3 sessions remembered, 1 failed." in shown
    assert secret not in shown
    assert third not in shown


def test_memories_without_codex_memories_are_empty_and_an_unknown_form_is_reported(
    cli: CliHarness, sessions: list[Rollout]
) -> None:
    assert cli.json("memories")["coverage"] == {"sessions": 3, "covered": 0, "failed": 0}
    (cli.home / "memories_1.sqlite").write_text("nothing that SQLite knows" * 99)
    answer = cli.run("memories")
    assert (answer.code, "memories_1.sqlite of Codex is not read" in answer.err) == (3, True)
    checks = {check["name"]: check for check in cli.run("doctor", "--json").json["checks"]}
    assert checks["codex databases"]["detail"] == (
        "Not read: memories_1.sqlite: It is not a database of Codex."
    )


def test_sessions_show_queued_messages_pins_and_titles_of_codex(
    cli: CliHarness, sessions: list[Rollout]
) -> None:
    """A name in Codex's own list counts where the files have only the first request."""
    ids = [session.thread.id for session in sessions]
    with (
        codex_database(cli.home, "queue_1.sqlite") as queue,
        codex_database(cli.home, "state_5.sqlite") as state,
    ):
        queue_message(queue, ids[0], '{"text": "and then the docs"}')
        queue_message(queue, ids[0])
        state.execute("insert into threads values (?, 'x', 'y', 0, 1, null)", (ids[1],))
        secret = "ghp_" + "a1B2" * 9
        state.execute(
            "insert into threads values (?, 'x', 'Work', 0, 0, ?)", (ids[2], f"Parser {secret}")
        )
        found = {one["id"]: one for one in cli.json("sessions")["sessions"]}
    assert [found[id_]["title_from"] for id_ in ids] == ["files", "files", "codex"]
    assert found[ids[2]]["title"] == "Parser [secret: github-token]"
    assert [found[id_]["queued"] for id_ in ids] == [2, 0, 0]
    assert [found[id_]["pinned"] for id_ in ids] == [False, True, False]
