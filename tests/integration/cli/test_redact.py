"""`tailboard redact`: secrets stored by older versions are counted by kind and place, and
removed."""

import base64
from pathlib import Path

import pytest

from ingest.db.database import Database
from ingest.db.edit_log import EditLog
from tests.app_harness import AppHarness
from tests.integration.cli.cli_harness import CliHarness, Sessions, write_sessions

SECRET = "ghp_" + "a1B2" * 9
PRIVATE = "the colour of my first bicycle"
TEXT = f"use {SECRET} and <private>{PRIVATE}</private> please"


@pytest.fixture
def unmasked(cli: CliHarness, sessions: Sessions) -> CliHarness:
    """A database as an older version left it, with secrets, some of them wrapped."""
    with Database(cli.db) as database, database.transaction():
        database.execute("update messages set text = $t where role = 'user'", {"t": TEXT})
        database.execute(
            "update plans set steps = $t", {"t": f'[["{TEXT}", "pending"], ["Read on", "pending"]]'}
        )
        wrapped = base64.b64encode(TEXT.encode()).decode()
        database.execute("update rejects set head = $t", {"t": wrapped})
    line = '{"id":"c9","db":"tailboard.duckdb","at":"2026-11-21T08:00:00","actor":"me",'
    line += f'"verb":"task","reason":"{TEXT}","selection":{{}},"arguments":{{}},"batches":[],'
    line += '"matched":1,"skipped":{}}\n'
    EditLog(cli.db).path.write_text(line, encoding="utf-8")
    return cli


def files_with_secrets(folder: Path) -> list[str]:
    """The files in a folder that contain a secret, plain or wrapped."""
    wanted = [SECRET.encode(), PRIVATE.encode(), base64.b64encode(TEXT.encode())[:40]]
    return [
        path.name
        for path in folder.rglob("*")
        if path.is_file() and any(one in path.read_bytes() for one in wanted)
    ]


def test_a_scan_counts_by_kind_and_place_and_shows_no_secret(unmasked: CliHarness) -> None:
    answer = unmasked.run("redact", "scan")
    assert answer.code == 1
    assert "messages.text" in answer.out
    assert "github-token" in answer.out
    assert SECRET not in answer.out + answer.err
    assert PRIVATE not in answer.out + answer.err
    found = unmasked.json("redact", code=1)
    assert found["schema"] == "tailboard.redact/1"
    where = {(one["table"], one["column"]) for one in found["places"]}
    assert {("messages", "text"), ("plans", "steps"), ("rejects", "head")} <= where
    assert {one["table"] for one in found["places"]} >= {"edits.jsonl"}


@pytest.mark.fault("S01")
def test_after_apply_no_byte_of_the_secret_is_left(unmasked: CliHarness) -> None:
    assert files_with_secrets(unmasked.db.parent) != []
    answer = unmasked.run("redact", "apply", "--yes")
    assert answer.code == 0, answer.err
    assert files_with_secrets(unmasked.db.parent) == []
    assert unmasked.json("redact")["total"] == 0
    # The plan is still a single item, and the edit still counts.
    steps = unmasked.json(
        "sql", "select text from v_plan_steps where text like '%Read on%' limit 1"
    )
    assert steps["rows"] == [["Read on"]]
    assert [edit.id for edit in EditLog(unmasked.db).read()] == ["c9"]
    assert unmasked.run("verify").code == 0


def test_a_dry_run_or_a_declined_confirmation_changes_nothing(unmasked: CliHarness) -> None:
    before = unmasked.json("redact", code=1)["total"]
    assert unmasked.run("redact", "apply", "--dry-run").code == 0
    assert unmasked.run("redact", "apply").code == 2
    assert unmasked.json("redact", code=1)["total"] == before


def test_a_database_open_elsewhere_is_scanned_but_not_rewritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cli = CliHarness(tmp_path, capsys)
    _, cli.now = write_sessions(cli.home)
    assert cli.run("ingest", "-q").code == 0
    with Database(cli.db) as database, database.transaction():
        database.execute("update messages set text = $t where role = 'user'", {"t": TEXT})
    harness = AppHarness(tmp_path)
    harness.start_owner()
    try:
        found = cli.json("redact", "scan", code=1)
        assert found["total"] > 0
        answer = cli.run("redact", "apply", "--yes")
        assert answer.code == 2
        assert "has the database open" in answer.err
    finally:
        harness.stop_owner()
