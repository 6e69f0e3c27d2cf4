"""Forgetting and reading again: the same facts, a copy first, and nothing that cannot come back."""

import stat
from pathlib import Path

import pytest

from ingest.batches.batch import Kind
from ingest.db import queue
from ingest.db.database import Database
from tests.build import Home
from tests.facts_dump import dump
from tests.integration.cli.cli_harness import Desk, Sessions


def facts(desk: Desk, path: Path | None = None) -> list[str]:
    with Database(path or desk.db) as database:
        return list(dump(database))


def count(desk: Desk) -> int:
    return len(facts(desk))


@pytest.mark.fault("D20", "Q15")
def test_everything_forgotten_and_read_again_is_the_same(desk: Desk, sessions: Sessions) -> None:
    before = facts(desk)
    answer = desk.json("reset", "--all", "--yes")
    assert answer["facts_dropped"] > 0
    assert len(answer["sources"]) == len(desk.json("sources")["sources"])
    prompts = [fact for fact in before if fact.startswith("prompts ")]
    assert facts(desk) == prompts
    assert desk.run("ingest", "-q").code == 0
    assert facts(desk) == before
    assert desk.run("verify", "-q").code == 0


def test_the_copy_holds_what_was_forgotten_and_is_private(desk: Desk, sessions: Sessions) -> None:
    before = facts(desk)
    first = Path(desk.json("reset", "--all", "--yes")["backup"])
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    assert first.parent == desk.db.parent
    assert facts(desk, first) == before
    second = Path(desk.json("reset", "--all", "--yes")["backup"])
    assert second != first
    assert facts(desk, first) == before


def test_only_the_session_that_was_named_is_forgotten(desk: Desk, sessions: Sessions) -> None:
    before = facts(desk)
    one = desk.json("sessions")["sessions"][0]["id"]
    answer = desk.json("reset", "--session", one, "--yes")
    assert {Path(source["path"]).name for source in answer["sources"]} == {
        path.name for path in desk.home.rglob(f"*{one}*.jsonl*")
    }
    after = facts(desk)
    assert all(one in fact for fact in set(before) - set(after))
    desk.run("ingest", "-q")
    assert facts(desk) == before


def test_a_file_that_is_gone_is_left_alone_and_its_facts_stay(
    desk: Desk, sessions: Sessions
) -> None:
    before = facts(desk)
    gone = next(desk.home.rglob("rollout-*.jsonl"))
    gone.unlink()
    answer = desk.json("reset", "--all", "--yes")
    (left,) = answer["skipped"]
    assert "could not be read again" in left["why"]
    desk.run("ingest", "-q")
    assert facts(desk) == before


def test_prompts_that_codex_has_cut_off_survive_a_reset(desk: Desk) -> None:
    home = Home(desk.home)
    session = home.session()
    session.prompt("hello")
    session.write()
    for number in range(5):
        home.history(session, f"prompt {number}")
    assert desk.run("ingest", "-q").code == 0
    home.trim_history(2)
    assert desk.run("ingest", "-q").code == 0
    before = facts(desk)
    assert sum(fact.startswith("prompts ") for fact in before) == 5
    desk.json("reset", "--all", "--yes")
    desk.run("ingest", "-q")
    kept = sorted(fact for fact in facts(desk) if fact.startswith("prompts "))
    assert kept == sorted(fact for fact in before if fact.startswith("prompts "))


def test_a_dry_run_and_nobody_there_change_nothing(desk: Desk, sessions: Sessions) -> None:
    before = facts(desk)
    told = desk.json("reset", "--all", "--dry-run")
    assert told["facts_dropped"] > 0
    assert told["backup"] is None
    refused = desk.run("reset", "--all")
    assert (refused.code, "--yes" in refused.err) == (2, True)
    assert facts(desk) == before
    assert desk.run("reset").code == 2
    assert desk.run("reset", "--source", "999", "--yes").code == 1


@pytest.mark.parametrize(("typed", "forgotten"), [("reset", True), ("yes", False), ("", False)])
def test_only_the_typed_word_is_a_yes(
    desk: Desk,
    sessions: Sessions,
    monkeypatch: pytest.MonkeyPatch,
    typed: str,
    forgotten: bool,
) -> None:
    before = count(desk)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.prompt", lambda *_, **__: typed)
    answer = desk.run("reset", "--all")
    assert (answer.code == 0) is forgotten
    assert (count(desk) < before) is forgotten


def test_what_a_person_cancelled_stays_cancelled_through_a_reset(
    desk: Desk, sessions: Sessions
) -> None:
    path = next(desk.home.rglob("rollout-*.jsonl"))
    source = next(row["id"] for row in desk.json("sources")["sources"] if row["path"] == str(path))
    # A batch waits where its file was read up to: a process that stops leaves one there.
    with path.open("ab") as file:
        file.write(b'{"timestamp":"2026-11-21T08:00:00.000Z","type":"event_msg"')
    desk.run("ingest", "-q")
    waiting = next(
        row
        for row in desk.json("batches")["batches"]
        if row["source"] == source and row["state"] == "completed_empty"
    )
    with Database(desk.db) as database:
        with database.transaction():
            claim = queue.Claim(
                waiting["id"], "ingest", source, 0, waiting["start"], waiting["end"]
            )
            queue.claim(database, [claim], "2026-11-21T12:00:00")
        queue.release(database, Kind.INGEST, "2026-11-21T12:00:00")
    desk.json("batches", "cancel", "--batch", waiting["id"])
    answer = desk.json("reset", "--all", "--yes")
    (left,) = answer["skipped"]
    assert left["id"] == source
    assert f"tailboard batches retry --batch {waiting['id']}" in left["why"]
    assert desk.run("batches", "retry", "--batch", waiting["id"]).code == 0
    assert desk.json("reset", "--source", str(source), "--yes")["skipped"] == []


def test_orders_stay_through_a_reset(desk: Desk, sessions: Sessions) -> None:
    desk.run("batches", "pause", "--reason", "tea")
    desk.json("reset", "--all", "--yes", "--reason", "a new version")
    with Database(desk.db) as database:
        told = database.reader().execute("select verb, reason from commands order by rowid")
        assert told.fetchall() == [("pause", "tea"), ("reset", "a new version")]
        assert len(database.rows("queue.pauses")) == 1


# ── rejected lines ──────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def rejected(desk: Desk, sessions: Sessions) -> str:
    """The id of a line that could not be read."""
    path = sessions.stalled.path
    with path.open("ab") as file:
        file.write(b'{"broken": \x1b]52;c;eA==\x07\n')
    desk.run("ingest", "-q")
    found = [row for row in desk.json("quarantine")["rejects"] if "broken" in row["excerpt"]]
    row = max(found, key=lambda row: (row["path"] == str(path), row["offset"]))
    return str(row["id"])


def test_a_rejected_line_is_read_again_with_its_file(desk: Desk, rejected: str) -> None:
    before = facts(desk)
    told = desk.json("quarantine", "retry", rejected, "--dry-run")
    answer = desk.json("quarantine", "retry", rejected, "--yes")
    assert answer["sources"] == told["sources"]
    assert len(answer["sources"]) == 1
    assert rejected not in {row["id"] for row in desk.json("quarantine")["rejects"]}
    desk.run("ingest", "-q")
    assert facts(desk) == before


def test_a_rejected_line_is_exported_byte_for_byte_under_a_harmless_name(
    desk: Desk, rejected: str, tmp_path: Path
) -> None:
    out = tmp_path / "rejected"
    (written,) = desk.json("quarantine", "export", rejected, "--out", str(out))["written"]
    path = Path(written["path"])
    assert path.parent == out
    assert path.name.replace("-", "").replace(".", "").isalnum()
    assert path.read_bytes().rstrip(b"\n") == b'{"broken": \x1b]52;c;eA==\x07'
    assert written["whole"] is True
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    again = desk.json("quarantine", "export", rejected, "--out", str(out), code=1)
    assert (again["written"], len(again["skipped"])) == ([], 1)


def test_a_line_whose_file_is_gone_is_exported_from_what_was_kept(
    desk: Desk, rejected: str, tmp_path: Path
) -> None:
    for path in desk.home.rglob("rollout-*.jsonl"):
        path.write_bytes(b"{}\n")
    out = tmp_path / "rejected"
    (written,) = desk.json("quarantine", "export", rejected, "--out", str(out))["written"]
    assert Path(written["path"]).read_bytes().startswith(b'{"broken": \x1b]52')
    assert desk.run("quarantine", "export", "9:9", "--out", str(out)).code == 1
