"""Reset: the same facts after reading again, a backup first, and no loss of what is not in a
file."""

import stat
from pathlib import Path

import pytest

from ingest.batches.batch import Kind
from ingest.db import queue
from ingest.db.database import Database
from tests.build import Home
from tests.facts_dump import dump_file
from tests.integration.cli.cli_harness import CliHarness, Sessions


def facts(cli: CliHarness, path: Path | None = None) -> list[str]:
    return dump_file(path or cli.db)


def count(cli: CliHarness) -> int:
    return len(facts(cli))


@pytest.mark.fault("D20", "Q15")
def test_after_a_reset_of_everything_the_facts_are_the_same(
    cli: CliHarness, sessions: Sessions
) -> None:
    before = facts(cli)
    answer = cli.json("reset", "--all", "--yes")
    assert answer["facts_dropped"] > 0
    assert len(answer["sources"]) == len(cli.json("sources")["sources"])
    prompts = [fact for fact in before if fact.startswith("prompts ")]
    assert facts(cli) == prompts
    assert cli.run("ingest", "-q").code == 0
    assert facts(cli) == before
    assert cli.run("verify", "-q").code == 0


def test_the_backup_contains_the_deleted_facts_and_is_private(
    cli: CliHarness, sessions: Sessions
) -> None:
    before = facts(cli)
    first = Path(cli.json("reset", "--all", "--yes")["backup"])
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    assert first.parent == cli.db.parent
    assert facts(cli, first) == before
    second = Path(cli.json("reset", "--all", "--yes")["backup"])
    assert second != first
    assert facts(cli, first) == before


def test_only_the_named_session_is_reset(cli: CliHarness, sessions: Sessions) -> None:
    before = facts(cli)
    one = cli.json("sessions")["sessions"][0]["id"]
    answer = cli.json("reset", "--session", one, "--yes")
    assert {Path(source["path"]).name for source in answer["sources"]} == {
        path.name for path in cli.home.rglob(f"*{one}*.jsonl*")
    }
    after = facts(cli)
    assert all(one in fact for fact in set(before) - set(after))
    cli.run("ingest", "-q")
    assert facts(cli) == before


def test_a_missing_file_is_skipped_and_its_facts_are_kept(
    cli: CliHarness, sessions: Sessions
) -> None:
    before = facts(cli)
    gone = next(cli.home.rglob("rollout-*.jsonl"))
    gone.unlink()
    answer = cli.json("reset", "--all", "--yes")
    (left,) = answer["skipped"]
    assert "could not be read again" in left["why"]
    cli.run("ingest", "-q")
    assert facts(cli) == before


def test_prompts_that_codex_has_cut_off_survive_a_reset(cli: CliHarness) -> None:
    home = Home(cli.home)
    session = home.session()
    session.prompt("hello")
    session.write()
    for number in range(5):
        home.history(session, f"prompt {number}")
    assert cli.run("ingest", "-q").code == 0
    home.trim_history(2)
    assert cli.run("ingest", "-q").code == 0
    before = facts(cli)
    assert sum(fact.startswith("prompts ") for fact in before) == 5
    cli.json("reset", "--all", "--yes")
    cli.run("ingest", "-q")
    kept = sorted(fact for fact in facts(cli) if fact.startswith("prompts "))
    assert kept == sorted(fact for fact in before if fact.startswith("prompts "))


def test_a_dry_run_or_a_missing_terminal_changes_nothing(
    cli: CliHarness, sessions: Sessions
) -> None:
    before = facts(cli)
    result = cli.json("reset", "--all", "--dry-run")
    assert result["facts_dropped"] > 0
    assert result["backup"] is None
    refused = cli.run("reset", "--all")
    assert (refused.code, "--yes" in refused.err) == (2, True)
    assert facts(cli) == before
    assert cli.run("reset").code == 2
    assert cli.run("reset", "--source", "999", "--yes").code == 1


@pytest.mark.parametrize(("typed", "forgotten"), [("reset", True), ("yes", False), ("", False)])
def test_only_the_typed_word_confirms(
    cli: CliHarness,
    sessions: Sessions,
    monkeypatch: pytest.MonkeyPatch,
    typed: str,
    forgotten: bool,
) -> None:
    before = count(cli)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.prompt", lambda *_, **__: typed)
    answer = cli.run("reset", "--all")
    assert (answer.code == 0) is forgotten
    assert (count(cli) < before) is forgotten


def test_a_cancelled_batch_stays_cancelled_after_a_reset(
    cli: CliHarness, sessions: Sessions
) -> None:
    path = next(cli.home.rglob("rollout-*.jsonl"))
    source = next(row["id"] for row in cli.json("sources")["sources"] if row["path"] == str(path))
    # A batch waits at the offset its file was read up to: a process that stops leaves one there.
    with path.open("ab") as file:
        file.write(b'{"timestamp":"2026-11-21T08:00:00.000Z","type":"event_msg"')
    cli.run("ingest", "-q")
    waiting = next(
        row
        for row in cli.json("batches")["batches"]
        if row["source"] == source and row["state"] == "completed_empty"
    )
    with Database(cli.db) as database:
        with database.transaction():
            claim = queue.Claim(
                waiting["id"], "ingest", source, 0, waiting["start"], waiting["end"]
            )
            queue.claim(database, [claim], "2026-11-21T12:00:00")
        queue.release(database, Kind.INGEST, "2026-11-21T12:00:00")
    cli.json("batches", "cancel", "--batch", waiting["id"])
    answer = cli.json("reset", "--all", "--yes")
    (left,) = answer["skipped"]
    assert left["id"] == source
    assert f"tailboard batches retry --batch {waiting['id']}" in left["why"]
    assert cli.run("batches", "retry", "--batch", waiting["id"]).code == 0
    assert cli.json("reset", "--source", str(source), "--yes")["skipped"] == []


def test_recorded_actions_survive_a_reset(cli: CliHarness, sessions: Sessions) -> None:
    cli.run("batches", "pause", "--reason", "tea")
    cli.json("reset", "--all", "--yes", "--reason", "a new version")
    with Database(cli.db) as database:
        result = database.reader().execute("select verb, reason from commands order by rowid")
        assert result.fetchall() == [("pause", "tea"), ("reset", "a new version")]
        assert len(database.rows("queue.pauses")) == 1


# ── rejected lines ──────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def rejected(cli: CliHarness, sessions: Sessions) -> str:
    """The id of an invalid line."""
    path = sessions.stalled.path
    with path.open("ab") as file:
        file.write(b'{"broken": \x1b]52;c;eA==\x07\n')
    cli.run("ingest", "-q")
    found = [row for row in cli.json("quarantine")["rejects"] if "broken" in row["excerpt"]]
    row = max(found, key=lambda row: (row["path"] == str(path), row["offset"]))
    return str(row["id"])


def test_a_rejected_line_is_read_again_with_its_file(cli: CliHarness, rejected: str) -> None:
    before = facts(cli)
    result = cli.json("quarantine", "retry", rejected, "--dry-run")
    answer = cli.json("quarantine", "retry", rejected, "--yes")
    assert answer["sources"] == result["sources"]
    assert len(answer["sources"]) == 1
    assert rejected not in {row["id"] for row in cli.json("quarantine")["rejects"]}
    cli.run("ingest", "-q")
    assert facts(cli) == before


def test_a_rejected_line_is_exported_byte_for_byte_under_a_harmless_name(
    cli: CliHarness, rejected: str, tmp_path: Path
) -> None:
    out = tmp_path / "rejected"
    (written,) = cli.json("quarantine", "export", rejected, "--out", str(out))["written"]
    path = Path(written["path"])
    assert path.parent == out
    assert path.name.replace("-", "").replace(".", "").isalnum()
    assert path.read_bytes().rstrip(b"\n") == b'{"broken": \x1b]52;c;eA==\x07'
    assert written["whole"] is True
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    again = cli.json("quarantine", "export", rejected, "--out", str(out), code=1)
    assert (again["written"], len(again["skipped"])) == ([], 1)


def test_a_line_of_a_missing_file_is_exported_from_the_stored_part(
    cli: CliHarness, rejected: str, tmp_path: Path
) -> None:
    for path in cli.home.rglob("rollout-*.jsonl"):
        path.write_bytes(b"{}\n")
    out = tmp_path / "rejected"
    (written,) = cli.json("quarantine", "export", rejected, "--out", str(out))["written"]
    assert Path(written["path"]).read_bytes().startswith(b'{"broken": \x1b]52')
    assert cli.run("quarantine", "export", "9:9", "--out", str(out)).code == 1
